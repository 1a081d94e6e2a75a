"""Presence: what is said to be received, against what the trackers and the platform saw."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from domain.custody_words import Step
from domain.discrepancies import Discrepancy, Evidence
from domain.events import Numbers
from domain.manifest_words import DocumentKind, Leg
from domain.plan_words import ShipmentStatus
from domain.presence_proof import (
    Proof,
    Sight,
    Verdict,
    Visit,
    arrival,
    prove,
    visits,
    was_heard_after,
)
from domain.reconciliation_case import Case, PlatformStatus, Receipt
from domain.reconciliation_custody import has_two_signers
from domain.reconciliation_found import found_in
from domain.reconciliation_words import DiscrepancyKind, Reason
from domain.settings import Reconciliation

_OFF_THE_WAY = frozenset({ShipmentStatus.REJECTED, ShipmentStatus.LOST})
_THERE = frozenset(
    {ShipmentStatus.ARRIVED, ShipmentStatus.RECEIVED, ShipmentStatus.PARTIALLY_RECEIVED}
)
_TAKEN = frozenset({ShipmentStatus.RECEIVED, ShipmentStatus.PARTIALLY_RECEIVED})


def receipts(case: Case, settings: Reconciliation, now: datetime) -> Iterator[Discrepancy]:
    """Receipts that no tracker proves: it was elsewhere, or nobody knows where."""
    slack = timedelta(seconds=settings.presence_slack_s)
    for receipt in case.counted:
        place = _received_at(case, receipt)
        if place is None or now < receipt.received_at + slack:
            continue
        proof = prove(case.tracking, place, receipt.received_at, slack)
        if proof is not None and proof.verdict is not Verdict.PROVEN:
            yield _unproven(case, receipt, place, proof, settings)


def _received_at(case: Case, receipt: Receipt) -> str | None:
    """The facility at which a receipt was made: the station's own, or where the manifest goes.
    None for a station without one, which may be anywhere in its village."""
    station = case.stations.get(receipt.station_id or "")
    if station is not None and station.facility_id:
        return station.facility_id
    if receipt.station_id not in (None, case.head.to_place) and case.head.leg is Leg.STATION:
        return None
    return case.facility_of(case.head.to_place)


def _unproven(
    case: Case, receipt: Receipt, place: str, proof: Proof, settings: Reconciliation
) -> Discrepancy:
    lies = proof.verdict is Verdict.CONTRADICTED
    held = proof.silence is not None and proof.silence.expected
    sight = proof.sight
    numbers: Numbers = {
        "received": receipt.received_at.isoformat(timespec="seconds"),
        "received_by": receipt.received_by,
        "at_place": place,
        "device": sight.fix.device_id if sight else _device(case),
        "fix_at": sight.fix.at.isoformat(timespec="seconds") if sight else None,
        "outside_m": sight.outside_m if sight else None,
        "accuracy_m": sight.fix.accuracy_m if sight else None,
        "gap_s": proof.gap_s(receipt.received_at),
        "slack_s": settings.presence_slack_s,
        "reason": None if lies else (Reason.BLANKSPOT if held else Reason.SILENT),
    }
    evidence = [{"kind": "receipt", "id": receipt.receipt_id}, *_seen(sight, proof.visit)]
    kind = DiscrepancyKind.RECEIPT_WITHOUT_PRESENCE if lies else DiscrepancyKind.UNPROVEN_RECEIPT
    return found_in(
        case,
        kind,
        receipt.received_at,
        station_id=receipt.station_id,
        ref=receipt.receipt_id,
        numbers=numbers,
        evidence=tuple(evidence),
    )


def _seen(sight: Sight | None, visit: Visit | None) -> Iterator[Evidence]:
    if sight is not None:
        fix = sight.fix
        yield {
            "kind": "fix",
            "device": fix.device_id,
            "at": fix.at.isoformat(),
            "lat_deg": fix.lat_deg,
            "lon_deg": fix.lon_deg,
            "outside_m": sight.outside_m,
        }
    if visit is not None:
        yield _stay(visit)


def _stay(visit: Visit) -> Evidence:
    return {
        "kind": "presence",
        "device": visit.device_id,
        "place": visit.facility_id,
        "from": visit.entered_at.isoformat(),
        "until": visit.left_at.isoformat() if visit.left_at else None,
    }


def _device(case: Case) -> str | None:
    return min((carried.device_id for carried in case.tracking.devices), default=None)


def no_receipt(case: Case, settings: Reconciliation, now: datetime) -> Iterator[Discrepancy]:
    """There for long, and nobody says that it was received."""
    due_at, visit = _receipt_due(case, settings)
    if due_at is None or now < due_at or _is_received(case):
        return
    there = visit.entered_at if visit else min(_arrivals(case))
    yield found_in(
        case,
        DiscrepancyKind.PRESENCE_WITHOUT_RECEIPT,
        due_at,
        numbers={
            "arrived": there.isoformat(timespec="seconds"),
            "at_place": case.facility_of(case.head.to_place),
            "device": visit.device_id if visit else None,
            "limit_s": settings.receipt_after_s,
        },
        evidence=(_stay(visit),) if visit else ({"kind": "custody", "step": Step.ARRIVE},),
    )


def _receipt_due(case: Case, settings: Reconciliation) -> tuple[datetime | None, Visit | None]:
    """When a receipt is overdue, as tracker or ledger saw it arrive."""
    visit = arrival(case.tracking, case.facility_of(case.head.to_place))
    times = [*_arrivals(case), *([visit.entered_at] if visit else [])]
    if not times or case.head.status in _OFF_THE_WAY:
        return None, None
    if visit is not None and visit.entered_at > min(times):
        visit = None
    return min(times) + timedelta(seconds=settings.receipt_after_s), visit


def _arrivals(case: Case) -> list[datetime]:
    return [event.at for event in case.custody if event.step is Step.ARRIVE]


def _is_received(case: Case) -> bool:
    """By a receipt, or by a handover record of two at the place that it goes to."""
    signed = any(
        paper.kind is DocumentKind.BAST and has_two_signers(paper.signers) for paper in case.papers
    )
    return (
        bool(case.receipts)
        or signed
        or any(event.step in (Step.RECEIVE, Step.RETURN) for event in case.custody)
    )


# --- the shipping platform ---


def platform(case: Case, settings: Reconciliation, now: datetime) -> Iterator[Discrepancy]:
    """The platform calls delivered what the tracker has not seen there; or has not heard for
    long that it is there."""
    place, slack = (
        case.facility_of(case.head.to_place),
        timedelta(seconds=settings.platform_slack_s),
    )
    if place not in case.tracking.fences or not case.tracking.devices:
        return
    newest = _newest(case, now)
    stays = visits(case.tracking, place)
    if newest is None or newest.status is None:
        return
    if newest.status in _TAKEN:
        was_there = any(visit.entered_at <= newest.at + slack for visit in stays)
        elsewhere = was_heard_after(case.tracking, newest.at) and now >= newest.at + slack
        if elsewhere and not was_there:
            yield _platform(case, newest, Reason.PLATFORM_AHEAD, newest.at, None)
    elif newest.status not in _THERE | _OFF_THE_WAY:
        came = arrival(case.tracking, place)
        if came is not None and now >= came.entered_at + slack:
            yield _platform(case, newest, Reason.PLATFORM_BEHIND, came.entered_at + slack, came)


def _newest(case: Case, now: datetime) -> PlatformStatus | None:
    said = (status for status in set(case.platform) if status.at <= now)
    return max(said, key=lambda status: (status.at, status.word), default=None)


def _platform(
    case: Case, said: PlatformStatus, reason: Reason, at: datetime, visit: Visit | None
) -> Discrepancy:
    word: Evidence = {"kind": "platform", "at": said.at.isoformat(), "word": said.word}
    return found_in(
        case,
        DiscrepancyKind.PLATFORM_DIFFERS,
        at,
        numbers={
            "reason": reason,
            "word": said.word,
            "said": said.at.isoformat(timespec="seconds"),
            "arrived": visit.entered_at.isoformat(timespec="seconds") if visit else None,
            "at_place": case.facility_of(case.head.to_place),
            "device": visit.device_id if visit else _device(case),
        },
        evidence=(word, _stay(visit)) if visit else (word,),
    )


def due_times(case: Case, settings: Reconciliation) -> Iterator[datetime]:
    """When time alone may change what is said here."""
    slack = timedelta(seconds=settings.presence_slack_s)
    behind = timedelta(seconds=settings.platform_slack_s)
    yield from (receipt.received_at + slack for receipt in case.receipts)
    due_at, _ = _receipt_due(case, settings)
    if due_at is not None and not _is_received(case):
        yield due_at
    if case.platform:
        yield from (status.at + behind for status in case.platform)
        came = arrival(case.tracking, case.facility_of(case.head.to_place))
        if came is not None:
            yield came.entered_at + behind
