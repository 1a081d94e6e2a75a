"""Unit states: where each unit is, which follows from the ledger and may be made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from db.pool import Connection
from db.sql import queries
from domain.custody import CustodyEvent, Doubt, Head, Link, link
from domain.custody_states import Happened, UnitState, advance, doubts, fold
from domain.custody_words import Stage
from domain.manifest_words import UnitKind

UNITS_AT_ONCE = 2000
Planned = Mapping[tuple[str, str], tuple[UnitKind, Sequence[str]]]


class Movement:
    """Events on their way into the ledger, and the units that they move."""

    def __init__(
        self,
        connection: Connection,
        events: Mapping[str, Sequence[CustodyEvent]],
        actor: str,
        now: datetime,
    ) -> None:
        flat = [event for some in events.values() for event in some]
        units = {unit for event in flat for unit in event.units}
        corrects = [event.corrects for event in flat if event.corrects]
        self._corrected = _corrected_units(connection, corrects)
        self._connection, self._actor, self._now = connection, actor, now
        self._planned = planned(connection, list(events), units)
        self._states: dict[str, UnitState | None] = dict(states(connection, units))
        self._histories: dict[str, list[Happened]] = {}
        self._taken: list[Happened] = []
        self._touched: set[str] = set()

    def take(self, chain: str, event: CustodyEvent, heads: dict[str, Head]) -> Link:
        """The row of `event`, with its doubts; the head of its chain moves on."""
        again = self._told_late(event)
        before = self._before(event, again)
        judged = event.model_copy(
            update={"doubts": (*event.doubts, *self._doubts(chain, event, before))}
        )
        row = link(judged, chain, heads[chain], self._actor, text_of(self._now))
        heads[chain] = Head(row.seq, row.hash)
        happened = Happened(event.event_time, self._now, chain, row.seq, judged)
        self._taken.append(happened)
        self._move(happened, before, again)
        return row

    def _told_late(self, event: CustodyEvent) -> set[str]:
        """The units of which more must be known than their last state."""
        if event.corrects:
            again = {*event.units, *self._corrected.get(event.corrects, ())}
        else:
            again = {
                u for u in event.units if (s := self._states.get(u)) and s.since > event.event_time
            }
        missing = sorted(again - self._histories.keys())
        if missing:
            self._histories |= histories(self._connection, missing)
            for one in self._taken:
                for unit in set(one.event.units) & set(missing):
                    self._histories[unit].append(one)
        return again

    def _before(self, event: CustodyEvent, again: set[str]) -> dict[str, UnitState | None]:
        before: dict[str, UnitState | None] = {}
        for unit in event.units:
            if unit in again:
                told = [h for h in self._histories[unit] if h.event.event_uuid != event.corrects]
                before[unit] = fold(unit, told, event.event_time)
            else:
                before[unit] = self._states.get(unit)
        return before

    def _doubts(
        self, chain: str, event: CustodyEvent, before: Mapping[str, UnitState | None]
    ) -> list[Doubt]:
        found: list[Doubt] = []
        for unit in event.units:
            kind, seals = self._planned.get((chain, unit), (None, ()))
            found += doubts(before[unit], event, unit, kind=kind, planned_seals=seals)
        return found

    def _move(
        self, happened: Happened, before: Mapping[str, UnitState | None], again: set[str]
    ) -> None:
        for unit in {*happened.event.units, *again}:
            if unit in self._histories:
                self._histories[unit].append(happened)
            if unit in again:
                self._states[unit] = fold(unit, self._histories[unit])
            else:
                self._states[unit] = advance(before[unit], happened.chain, happened.event, unit)
            self._touched.add(unit)

    def changed(self) -> dict[str, UnitState | None]:
        """The states of all units that were moved; None: nothing is known of it any longer."""
        return {unit: self._states[unit] for unit in sorted(self._touched)}


def text_of(time: datetime) -> str:
    """RFC 3339 in UTC, as bodies have it."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _corrected_units(connection: Connection, uuids: Sequence[UUID]) -> dict[UUID, list[str]]:
    if not uuids:
        return {}
    rows = connection.execute(queries("unit_states")["corrected_units"], {"uuids": list(uuids)})
    return dict(rows.fetchall())


def planned(connection: Connection, chains: Sequence[str], units: Iterable[str]) -> Planned:
    """Kind and seals of units by the newest revision of their manifests."""
    rows = connection.execute(
        queries("unit_states")["planned"], {"chains": list(chains), "units": list(units)}
    ).fetchall()
    return {(manifest, unit): (UnitKind(kind), seals) for manifest, unit, kind, seals in rows}


def states(connection: Connection, units: Iterable[str]) -> dict[str, UnitState]:
    """Where units are, those of which the ledger tells."""
    rows = connection.execute(queries("unit_states")["states"], {"units": list(units)}).fetchall()
    return {
        row[0]: UnitState(row[0], row[1], Stage(row[2]), row[3], row[4], tuple(row[5]), *row[6:])
        for row in rows
    }


def histories(connection: Connection, units: Sequence[str]) -> dict[str, list[Happened]]:
    """All that happened to each of `units`, by all chains, in no order."""
    found: dict[str, list[Happened]] = {unit: [] for unit in units}
    rows = connection.execute(queries("unit_states")["history"], {"units": list(units)}).fetchall()
    for event_time, recorded_at, chain, seq, body in rows:
        event = Link(chain, seq, body, "", "").event
        for unit in found.keys() & set(event.units):
            found[unit].append(Happened(event_time, recorded_at, chain, seq, event))
    return found


def write(connection: Connection, changed: Mapping[str, UnitState | None]) -> None:
    """Keep the states of units; those of which nothing is known are dropped."""
    gone = [unit for unit, state in changed.items() if state is None]
    if gone:
        connection.execute(queries("unit_states")["drop_states"], {"units": gone})
    rows = [_state_row(state) for state in changed.values() if state]
    if rows:
        connection.execute(queries("unit_states")["put_states"], {"rows": Jsonb(rows)})


def _state_row(state: UnitState) -> dict[str, Any]:
    return {
        "unit_id": state.unit_id,
        "manifest_id": state.manifest_id,
        "stage": state.stage,
        "place": state.place,
        "region_code": state.region_code,
        "seals": list(state.seals),
        "since": text_of(state.since),
        "event_uuid": str(state.event_uuid),
    }


def rebuild(connection: Connection) -> int:
    """Make `unit_state` again from the ledger, in the caller's transaction; how many units."""
    connection.execute(queries("unit_states")["drop_all_states"])
    count = 0
    with connection.cursor("units") as cursor:
        cursor.execute(queries("unit_states")["all_units"])
        while rows := cursor.fetchmany(UNITS_AT_ONCE):
            found = histories(connection, [row[0] for row in rows])
            write(connection, {unit: fold(unit, told) for unit, told in found.items()})
            count += len(rows)
    return count
