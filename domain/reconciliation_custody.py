"""Custody: seals that differ, handovers off the plan, and departures that were not ready."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from domain.custody_states import seal_faults
from domain.custody_words import DoubtCode, Step
from domain.discrepancies import Discrepancy, Evidence
from domain.manifest_words import DocumentKind, UnitKind
from domain.presence_proof import departure
from domain.reconciliation_case import Case, Handled, Person
from domain.reconciliation_units import seen_units
from domain.reconciliation_words import DiscrepancyKind, Reason

_SEALING = frozenset({Step.SEAL, Step.RESEAL})
# Before it departs, a number may still be corrected.
_READING = frozenset(
    {Step.ARRIVE, Step.HANDOVER, Step.RECEIVE, Step.RETURN, Step.INSPECT, Step.HOLD, Step.RELEASE}
)
_TAKING_IN = frozenset({Step.RECEIVE, Step.RETURN})
_SIGNERS = 2


class _Reading(NamedTuple):
    """The seals found on a unit, and where that is written. `opened`: they were not intact."""

    at: datetime
    unit_id: str
    seals: tuple[str, ...]
    opened: bool
    evidence: tuple[tuple[str, str], ...]
    station_id: str | None = None


def seals(case: Case) -> Iterator[Discrepancy]:
    """Units on which, under way or at the receipt, other seals were found than they should
    travel under, or some were missing or open."""
    units = {unit.unit_id: unit for unit in case.units}
    found: dict[str, Discrepancy] = {}
    for reading in sorted(_readings(case)):
        if reading.unit_id not in units or reading.unit_id in found:
            continue
        unit = units[reading.unit_id]
        expected = _resealed(case, unit.unit_id, reading.at) or unit.seals
        faults = seal_faults(unit.unit_id, expected, reading.seals) if reading.seals else []
        if not faults and not reading.opened:
            continue
        missing = [f.detail or "" for f in faults if f.code is DoubtCode.SEAL_MISSING]
        foreign = [f.detail or "" for f in faults if f.code is DoubtCode.SEAL_UNEXPECTED]
        found[unit.unit_id] = _of(
            case, DiscrepancyKind.SEAL_MISMATCH, reading.at,
            station_id=unit.station_id, unit_id=unit.unit_id, election=unit.election,
            expected=len(expected),
            found=0 if reading.opened else len(expected) - len(missing),
            numbers={
                "missing": ", ".join(missing) or None,
                "unexpected": ", ".join(foreign) or None,
                "opened": unit.unit_id if reading.opened else None,
            },
            evidence=(dict(reading.evidence),),
        )  # fmt: skip
    yield from found.values()


def _readings(case: Case) -> Iterator[_Reading]:
    for receipt, unit in seen_units(case):
        yield _Reading(
            receipt.received_at, unit.unit_id, tuple(sorted(unit.seals)),
            unit.seals_intact is False, (("kind", "receipt"), ("id", receipt.receipt_id)),
        )  # fmt: skip
    for event in set(case.custody):
        if event.step not in _READING:
            continue
        read = dict(event.seals)
        for unit_id in {*read, *event.broken}:
            yield _Reading(
                event.at, unit_id, tuple(sorted(read.get(unit_id, ()))),
                unit_id in event.broken, (("kind", "custody"), ("id", event.event_id)),
            )  # fmt: skip


def _resealed(case: Case, unit_id: str, before: datetime) -> tuple[str, ...]:
    """The seals put on under way, the newest."""
    events = (e for e in case.custody if e.step is Step.RESEAL and e.at <= before)
    for event in sorted(events, key=lambda e: (e.at, e.event_id), reverse=True):
        if unit_id in dict(event.seals):
            return dict(event.seals)[unit_id]
    return ()


# --- handovers ---


def handovers(case: Case) -> Iterator[Discrepancy]:
    """Handed over at a place that is not on the way, or by somebody who did not have it."""
    places, known = _places(case) | case.planned_places, _known(case)
    before: Person | None = None
    events = (event for event in set(case.custody) if event.step is Step.HANDOVER)
    for event in sorted(events, key=lambda event: (event.at, event.event_id)):
        if event.place is not None and case.facility_of(event.place) not in places:
            yield _handover(case, event, Reason.PLACE)
        elif before and event.giver and not _is_of(event.giver, {*known, *_names(before)}):
            yield _handover(case, event, Reason.PERSON)
        before = event.taker or before


def _places(case: Case) -> set[str]:
    """The ends of the manifest, and its stations."""
    ends = {case.head.from_place, case.head.to_place, *case.own_stations}
    return {case.facility_of(place) for place in ends} | ends


def _known(case: Case) -> set[str]:
    """Who is on the papers of the manifest: persons, and those that they are of."""
    signers = {name for paper in case.papers for who in paper.signers for name in _names(who)}
    receivers = {_plain(receipt.received_by) for receipt in case.counted if receipt.received_by}
    carriers = {_plain(name) for name in (case.head.carrier, case.head.escort) if name}
    return signers | receivers | carriers


def _names(person: Person) -> set[str]:
    return {_plain(name) for name in person if name}


def _is_of(person: Person, known: set[str]) -> bool:
    return bool(_names(person) & known)


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _handover(case: Case, event: Handled, reason: Reason) -> Discrepancy:
    return _of(
        case, DiscrepancyKind.UNPLANNED_HANDOVER, event.at, ref=event.event_id,
        numbers={
            "reason": reason,
            "at": event.at.isoformat(timespec="seconds"),
            "handed_at": event.place,
            "giver": event.giver.name if event.giver else None,
            "taker": event.taker.name if event.taker else None,
        },
        evidence=({"kind": "custody", "id": event.event_id},),
    )  # fmt: skip


def elsewhere(case: Case) -> Iterator[Discrepancy]:
    """Received by a station that the manifest is not for, or at another place than it goes to."""
    places, own = _places(case), case.own_stations
    for receipt in case.counted:
        station = receipt.station_id
        if station is None or station in own or not own:
            continue
        yield _of(
            case, DiscrepancyKind.RECEIVED_ELSEWHERE, receipt.received_at,
            station_id=station, ref=receipt.receipt_id,
            numbers={"reason": Reason.STATION, "at_place": station, "to_place": case.head.to_place},
            evidence=({"kind": "receipt", "id": receipt.receipt_id},),
        )  # fmt: skip
    foreign = {receipt.station_id for receipt in case.counted} - own
    for event in sorted(set(case.custody), key=lambda event: (event.at, event.event_id)):
        place = event.place if event.step in _TAKING_IN else None
        if place is None or place in foreign or case.facility_of(place) in places:
            continue
        yield _of(
            case, DiscrepancyKind.RECEIVED_ELSEWHERE, event.at, ref=event.event_id,
            numbers={"reason": Reason.PLACE, "at_place": place, "to_place": case.head.to_place},
            evidence=({"kind": "custody", "id": event.event_id},),
        )  # fmt: skip


# --- departures and papers ---


def departed(case: Case) -> Iterator[Discrepancy]:
    """Gone, as tracker or ledger say, before it was sealed, without papers or escort."""
    ledger = [event.at for event in case.custody if event.step is Step.DEPART]
    tracked = departure(case.tracking)
    at = min([*ledger, *([tracked] if tracked else [])], default=None)
    if at is None:
        return
    numbers = {"departed": at.isoformat(timespec="seconds")}
    evidence: tuple[Evidence, ...] = (
        {"kind": "departure", "by": "tracker" if at == tracked else "ledger"},
    )
    for unit in sorted(set(case.units), key=lambda unit: unit.unit_id):
        if unit.kind is UnitKind.BOX and not unit.seals and not _sealed(case, unit.unit_id, at):
            yield _of(
                case, DiscrepancyKind.DEPARTED_UNSEALED, at, from_side=True,
                station_id=unit.station_id, unit_id=unit.unit_id, election=unit.election,
                numbers=numbers, evidence=evidence,
            )  # fmt: skip
    papers = {paper.kind for paper in case.papers}
    if not case.head.surat_jalan_no and DocumentKind.SURAT_JALAN not in papers:
        yield _of(
            case, DiscrepancyKind.DEPARTED_WITHOUT_SURAT_JALAN, at, from_side=True,
            numbers=numbers, evidence=evidence,
        )  # fmt: skip
    if not case.head.escort:
        yield _of(
            case, DiscrepancyKind.DEPARTED_WITHOUT_ESCORT, at, from_side=True,
            numbers=numbers, evidence=evidence,
        )  # fmt: skip


def _sealed(case: Case, unit_id: str, by: datetime) -> bool:
    return any(
        event.step in _SEALING and event.at <= by and dict(event.seals).get(unit_id)
        for event in case.custody
    )


def one_signer(case: Case, now: datetime) -> Iterator[Discrepancy]:
    """A handover record (BAST) that two different persons did not sign. One that nobody has
    signed is judged when it is due: issued, or its goods received."""
    for paper in sorted(set(case.papers), key=lambda paper: paper.number):
        if paper.kind is not DocumentKind.BAST or has_two_signers(paper.signers):
            continue
        signed = len({_plain(who.name) for who in paper.signers})
        is_due = bool(case.receipts) or (paper.issued_at is not None and paper.issued_at <= now)
        if signed or is_due:
            yield _of(
                case, DiscrepancyKind.ONE_SIGNER, paper.issued_at or case.head.known_at,
                ref=paper.number, expected=_SIGNERS, found=signed,
                numbers={"document": paper.number},
                evidence=({"kind": "document", "type": paper.kind, "number": paper.number},),
            )  # fmt: skip


def has_two_signers(signers: tuple[Person, ...]) -> bool:
    """Two different persons."""
    return len({_plain(who.name) for who in signers}) >= _SIGNERS


def _of(
    case: Case,
    kind: DiscrepancyKind,
    at: datetime,
    *,
    from_side: bool = False,
    station_id: str | None = None,
    unit_id: str | None = None,
    election: str | None = None,
    ref: str | None = None,
    expected: int | None = None,
    found: int | None = None,
    numbers: Mapping[str, float | str | None] = {},
    evidence: tuple[Evidence, ...] = (),
) -> Discrepancy:
    region = case.head.from_region if from_side else case.region_of(station_id)
    return Discrepancy(
        kind=kind,
        manifest_id=case.head.manifest_id,
        shipment_id=case.head.shipment_id,
        region_code=region,
        opened_at=at,
        station_id=station_id,
        unit_id=unit_id,
        election=election,
        ref=ref,
        expected=expected,
        found=found,
        numbers=numbers,
        evidence=evidence,
    )
