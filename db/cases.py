"""Cases: manifests as they are reconciled, read whole, many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar

from db.case_tracking import read as read_tracking
from db.pool import Connection
from db.sql import queries
from domain.custody_words import Step
from domain.manifest_words import DocumentKind, Election, Item, Leg, UnitKind
from domain.plan_words import Direction, ShipmentStatus
from domain.reconciliation import return_deadline
from domain.reconciliation_case import (
    Boxes,
    Case,
    Counted,
    Due,
    Handled,
    Head,
    Paper,
    Person,
    PlatformStatus,
    Receipt,
    SeenUnit,
    SentLine,
    SentUnit,
    StationPlace,
    Tracking,
)
from domain.settings import Reconciliation

Rows = list[tuple[Any, ...]]
PartT = TypeVar("PartT")


def read(
    connection: Connection, manifest_ids: Sequence[str], settings: Reconciliation
) -> list[Case]:
    """The cases of those manifests that there are, by id."""
    parts = _Parts(connection, manifest_ids)
    tracking = read_tracking(connection, parts.heads, parts.stations, parts.times)
    return [
        _case(parts, tracking.get(manifest_id), manifest_id, settings)
        for manifest_id in sorted(parts.heads)
    ]


class _Parts:
    """The rows of all the cases, by manifest or station."""

    def __init__(self, connection: Connection, manifest_ids: Sequence[str]) -> None:
        self._connection, self._these = connection, {"manifest_ids": list(manifest_ids)}
        self.heads = {row[0]: _head(row) for row in self._rows("heads", self._these)}
        self.lines = _by_first(self._rows("lines", self._these), _line)
        self.units = _by_first(self._rows("units", self._these), _unit)
        self.papers = _by_first(self._rows("papers", self._these), _paper)
        self.custody = _by_first(self._rows("custody", self._these), _handled)
        self.platform = _by_first(self._rows("platform", self._these), _platform)
        self.receipts = self._receipts()
        self._stations()

    def _rows(self, name: str, parameters: Mapping[str, Any]) -> Rows:
        return self._connection.execute(queries("cases")[name], parameters).fetchall()

    def _receipts(self) -> dict[str, list[Receipt]]:
        lines = _by_first(self._rows("receipt_lines", self._these), _counted)
        units = _by_first(self._rows("receipt_units", self._these), _seen_unit)
        found: dict[str, list[Receipt]] = defaultdict(list)
        for manifest_id, *fields in self._rows("receipts", self._these):
            receipt = Receipt(*fields)
            of_it = lines.get(receipt.receipt_id, ()), units.get(receipt.receipt_id, ())
            found[manifest_id].append(
                receipt._replace(lines=tuple(of_it[0]), units=tuple(of_it[1]))
            )
        return found

    def _stations(self) -> None:
        named = {"stations": sorted(self._station_ids())}
        self.stations = {
            station: StationPlace(*rest) for station, *rest in self._rows("stations", named)
        }
        self.dues = _by_first(self._rows("dues", named), _due)
        self.ballots: dict[tuple[str, Election], list[tuple[str, Leg, int]]] = defaultdict(list)
        for manifest_id, leg, station, election, qty in self._rows("ballots_of_stations", named):
            self.ballots[station, Election(election)].append((manifest_id, Leg(leg), int(qty)))
        self.boxes_out = {
            station: _boxes(unit_ids, qty)
            for station, unit_ids, qty in self._rows("boxes_out", named)
        }
        self.boxes_back = self._rows("boxes_back", named)
        self.coming = {(row[0], Leg(row[1])) for row in self._rows("boxes_coming", named)}
        days = self._rows("voting_day", {})
        self.voting_day: date | None = days[0][0] if days else None

    def _station_ids(self) -> set[str]:
        lines = (line.station_id for some in self.lines.values() for line in some)
        units = (unit.station_id for some in self.units.values() for unit in some)
        receipts = (receipt.station_id for some in self.receipts.values() for receipt in some)
        ends = (end for head in self.heads.values() for end in (head.from_place, head.to_place))
        return {station for some in (lines, units, receipts, ends) for station in some if station}

    @property
    def times(self) -> dict[str, set[datetime]]:
        """When it matters where the trackers of each manifest were."""
        found: dict[str, set[datetime]] = {}
        for manifest_id in self.heads:
            found[manifest_id] = {r.received_at for r in self.receipts.get(manifest_id, ())}
            found[manifest_id] |= {p.at for p in self.platform.get(manifest_id, ())}
        return found

    def sent_elsewhere(
        self, head: Head, stations: Iterable[str]
    ) -> dict[tuple[str, Election], int]:
        """Ballots for stations on other manifests of the leg."""
        return {
            (station, election): sum(
                qty
                for manifest_id, leg, qty in self.ballots.get((station, election), ())
                if leg is head.leg and manifest_id != head.manifest_id
            )
            for station in stations
            for election in Election
        }

    def back(self, head: Head, stations: frozenset[str]) -> dict[str, Boxes]:
        """Boxes received back: on the leg of a return; at the warehouse for a distribution."""
        legs = {head.leg} if head.direction is Direction.RETURN else set(Leg)
        found: dict[str, Boxes] = {}
        for station, leg, to_warehouse, unit_ids, qty, at in self.boxes_back:
            counts = head.direction is Direction.RETURN or to_warehouse
            if station in stations and Leg(leg) in legs and counts:
                pending = any((station, each) in self.coming for each in legs)
                found[station] = _both(found.get(station), _boxes(unit_ids, qty, at, pending))
        return found


def _case(
    parts: _Parts, tracking: tuple[Tracking, frozenset[str]] | None, manifest_id: str,
    settings: Reconciliation,
) -> Case:  # fmt: skip
    head = parts.heads[manifest_id]
    seen, planned = tracking or (Tracking(), frozenset[str]())
    case = Case(
        head=head,
        lines=tuple(parts.lines.get(manifest_id, ())),
        units=tuple(parts.units.get(manifest_id, ())),
        papers=tuple(parts.papers.get(manifest_id, ())),
        receipts=tuple(parts.receipts.get(manifest_id, ())),
        custody=tuple(parts.custody.get(manifest_id, ())),
        tracking=seen,
        platform=tuple(parts.platform.get(manifest_id, ())),
        stations=parts.stations,
        planned_places=planned,
        return_deadline=return_deadline(parts.voting_day, head.to_region, settings),
    )
    return _with_stations(case, parts)


def _with_stations(case: Case, parts: _Parts) -> Case:
    own = case.own_stations
    named = own | {receipt.station_id or "" for receipt in case.receipts}
    ends = {case.head.from_place, case.head.to_place}
    return replace(
        case,
        stations={s: parts.stations[s] for s in named | ends if s in parts.stations},
        dues=tuple(due for station in sorted(own) for due in parts.dues.get(station, ())),
        sent_elsewhere=parts.sent_elsewhere(case.head, own),
        boxes_out={
            station: parts.boxes_out[station] for station in own if station in parts.boxes_out
        },
        boxes_back=parts.back(case.head, own),
    )


# --- rows ---


def _by_first(rows: Rows, make: Callable[[tuple[Any, ...]], PartT]) -> dict[str, list[PartT]]:
    """What rows make, by their first column, which is not part of it."""
    found: dict[str, list[PartT]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(make(row))
    return dict(found)


def _head(row: tuple[Any, ...]) -> Head:
    head = Head(*row)
    return head._replace(
        direction=Direction(head.direction), leg=Leg(head.leg), status=ShipmentStatus(head.status)
    )


def _election(word: str | None) -> Election | None:
    return Election(word) if word else None


def _line(row: tuple[Any, ...]) -> SentLine:
    _, line_no, item, election, station, qty = row
    return SentLine(line_no, Item(item), _election(election), station, qty)


def _unit(row: tuple[Any, ...]) -> SentUnit:
    _, unit_id, kind, station, election, parent, seals = row
    return SentUnit(unit_id, UnitKind(kind), station, _election(election), parent, tuple(seals))


def _person(signer: Mapping[str, Any] | None) -> Person | None:
    return Person(signer["name"], signer.get("organisation")) if signer else None


def _paper(row: tuple[Any, ...]) -> Paper:
    _, kind, number, issued_at, signers = row
    people = tuple(person for person in map(_person, signers) if person)
    return Paper(DocumentKind(kind), number, issued_at, people)


def _counted(row: tuple[Any, ...]) -> Counted:
    _, item, election, *numbers = row
    return Counted(Item(item), _election(election), *numbers)


def _seen_unit(row: tuple[Any, ...]) -> SeenUnit:
    _, unit_id, seals, intact = row
    return SeenUnit(unit_id, tuple(seals), intact)


def _handled(row: tuple[Any, ...]) -> Handled:
    _, event_id, step, at, place, units, seals, broken, giver, taker = row
    read = tuple((unit, tuple(numbers)) for unit, numbers in sorted((seals or {}).items()))
    return Handled(
        event_id, Step(step), at, place, tuple(units), read, tuple(broken or ()),
        _person(giver), _person(taker),
    )  # fmt: skip


def _platform(row: tuple[Any, ...]) -> PlatformStatus:
    _, at, word, status = row
    return PlatformStatus(at, word, ShipmentStatus(status) if status else None)


def _due(row: tuple[Any, ...]) -> Due:
    station, election, voters, ballots = row
    return Due(station, Election(election), voters, ballots)


def _boxes(
    unit_ids: Iterable[str] | None, qty: int, at: datetime | None = None, pending: bool = False
) -> Boxes:
    known = frozenset(unit_ids or ())
    return Boxes(known, max(len(known), int(qty)), at, pending)


def _both(one: Boxes | None, other: Boxes) -> Boxes:
    if one is None:
        return other
    known = one.unit_ids | other.unit_ids
    at = max(filter(None, (one.at, other.at)), default=None)
    number = max(len(known), one.number, other.number)
    return Boxes(known, number, at, one.pending or other.pending)
