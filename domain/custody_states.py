"""States: where each unit is after the events of its ledger, and what is doubtful at each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.custody import CustodyEvent, Doubt
from domain.custody_words import DoubtCode, Stage, Step, stage_after
from domain.manifest_words import UnitKind

_SEALING = frozenset({Step.SEAL, Step.RESEAL})
_LEAVING = frozenset({Step.LOAD, Step.DEPART})


@dataclass(frozen=True, slots=True)
class UnitState:
    """Where a unit is, as the ledger says. `seals`: under which it should travel."""

    unit_id: str
    manifest_id: str
    stage: Stage
    place: str | None
    region_code: str | None
    seals: tuple[str, ...]
    since: datetime
    event_uuid: UUID


class Happened(NamedTuple):
    """An event of one of the chains of a unit, in the order in which all are told."""

    event_time: datetime
    recorded_at: datetime
    chain: str
    seq: int
    event: CustodyEvent


def advance(state: UnitState | None, chain: str, event: CustodyEvent, unit: str) -> UnitState:
    """The state of `unit` after `event`."""
    stage, _ = stage_after(state.stage if state else None, event.step)
    seals = state.seals if state else ()
    if event.step in _SEALING:
        seals = event.seals.get(unit, seals)
    if state and event.step is Step.ATTACH:
        return state
    return UnitState(
        unit_id=unit,
        manifest_id=chain,
        stage=stage,
        place=event.place or (state.place if state else None),
        region_code=event.region_code or (state.region_code if state else None),
        seals=tuple(seals),
        since=event.event_time,
        event_uuid=event.event_uuid,
    )


def fold(unit: str, events: Iterable[Happened], until: datetime | None = None) -> UnitState | None:
    """The state of a unit by all its events, without those that were corrected since.

    `until`: by those up to that time alone.
    """
    known = sorted(events, key=lambda one: one[:4])
    corrected = {one.event.corrects for one in known}
    state: UnitState | None = None
    for one in known:
        if one.event.event_uuid in corrected or unit not in one.event.units:
            continue
        if until is None or one.event_time <= until:
            state = advance(state, one.chain, one.event, unit)
    return state


def doubts(
    state: UnitState | None,
    event: CustodyEvent,
    unit: str,
    *,
    kind: UnitKind | None,
    planned_seals: Sequence[str] = (),
) -> list[Doubt]:
    """What is doubtful of `event` for `unit`, which was in `state`.

    `kind` and `planned_seals` are those of its manifest; no kind: it is on none.
    """
    found = []
    before = state.stage if state else None
    if kind is None:
        found.append(Doubt(code=DoubtCode.NOT_ON_MANIFEST, unit=unit))
    if not stage_after(before, event.step)[1]:
        order = f"{before or 'nothing'} -> {event.step}"
        found.append(Doubt(code=DoubtCode.OUT_OF_ORDER, unit=unit, detail=order))
    seals = (state.seals if state else ()) or tuple(planned_seals)
    if kind is UnitKind.BOX and event.step in _LEAVING and not (state and state.seals):
        found.append(Doubt(code=DoubtCode.UNSEALED, unit=unit))
    if event.step in _SEALING:
        seals = tuple(planned_seals) if event.step is Step.SEAL else ()
    if unit in event.seals and seals:
        found += seal_faults(unit, seals, event.seals[unit])
    if unit in event.broken:
        found.append(Doubt(code=DoubtCode.SEAL_OPENED, unit=unit))
    return found


def seal_faults(unit: str, expected: Sequence[str], found: Sequence[str]) -> list[Doubt]:
    """Seals that should be on a unit and are not, and those that should not and are."""
    due, there = Counter(map(_plain, expected)), Counter(map(_plain, found))
    return [
        Doubt(code=code, unit=unit, detail=seal)
        for code, seals in (
            (DoubtCode.SEAL_MISSING, [s for s in expected if _plain(s) not in there]),
            (DoubtCode.SEAL_UNEXPECTED, [s for s in found if _plain(s) not in due]),
        )
        for seal in seals
    ]


def _plain(seal: str) -> str:
    """As it is compared: people write a number with or without blanks, in capitals or not."""
    return "".join(seal.split()).casefold()


def readings_differ(
    given: Mapping[str, Sequence[str]], taken: Mapping[str, Sequence[str]]
) -> list[Doubt]:
    """Units on which giver and receiver read other numbers."""
    return [
        Doubt(code=DoubtCode.READINGS_DIFFER, unit=unit)
        for unit in sorted(set(given) & set(taken))
        if sorted(map(_plain, given[unit])) != sorted(map(_plain, taken[unit]))
    ]
