"""Units: boxes that did not come, that came and are on no manifest, or that did not come back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from domain.discrepancies import Discrepancy
from domain.manifest_words import Leg
from domain.plan_words import Direction
from domain.reconciliation_case import Boxes, Case, Receipt, SeenUnit, SentUnit
from domain.reconciliation_found import found_in
from domain.reconciliation_words import DiscrepancyKind

_NO_BOXES = Boxes(frozenset(), 0)


def astray(case: Case) -> Iterator[Discrepancy]:
    """Units of the manifest that a receipt of their station, or of the whole, does not list;
    and those that it lists and the manifest does not. A receipt that lists none counts none."""
    units = {unit.unit_id: unit for unit in case.units}
    listing = [receipt for receipt in case.counted if receipt.units]
    seen: dict[str, Receipt] = {}
    for receipt, each in seen_units(case):
        seen.setdefault(each.unit_id, receipt)
    inside: dict[str, set[str]] = {}
    for unit in units.values():
        inside.setdefault(unit.parent_id or "", set()).add(unit.unit_id)
    for unit_id in sorted(units):
        judging = [r for r in listing if r.station_id in (None, units[unit_id].station_id)]
        if judging and not _is_here(unit_id, units, inside.get(unit_id, set()), seen.keys()):
            yield _missing(case, units[unit_id], judging)
    for unit_id in sorted(set(seen) - set(units)) if units else ():
        yield _unexpected(case, unit_id, seen[unit_id])


def _is_here(
    unit_id: str, units: Mapping[str, SentUnit], inside: AbstractSet[str], seen: AbstractSet[str]
) -> bool:
    """It was seen, or what it is packed in, or all that is packed in it."""
    above: str | None = unit_id
    passed: set[str] = set()
    while above is not None and above not in passed:
        if above in seen:
            return True
        passed.add(above)
        above = units[above].parent_id if above in units else None
    return bool(inside) and inside <= seen


def _missing(case: Case, unit: SentUnit, judging: list[Receipt]) -> Discrepancy:
    last = max(judging, key=lambda receipt: (receipt.received_at, receipt.receipt_id))
    names = sorted({receipt.receipt_id for receipt in judging})
    return found_in(
        case, DiscrepancyKind.UNIT_MISSING, last.received_at,
        station_id=unit.station_id, unit_id=unit.unit_id, election=unit.election,
        expected=1, found=0,
        evidence=tuple({"kind": "receipt", "id": name} for name in names[:50]),
    )  # fmt: skip


def _unexpected(case: Case, unit_id: str, receipt: Receipt) -> Discrepancy:
    return found_in(
        case, DiscrepancyKind.UNIT_UNEXPECTED, receipt.received_at,
        station_id=receipt.station_id, unit_id=unit_id, expected=0, found=1,
        evidence=({"kind": "receipt", "id": receipt.receipt_id},),
    )  # fmt: skip


def boxes_back(case: Case, now: datetime) -> Iterator[Discrepancy]:
    """Boxes that went to a station and are not those that came back."""
    if case.head.direction is Direction.RETURN:
        yield from _differ(case)
    elif case.head.leg is Leg.STATION:
        yield from _none_back(case, now)


def _differ(case: Case) -> Iterator[Discrepancy]:
    """Of a return that was received: at each of its stations."""
    received = {receipt.station_id: receipt.received_at for receipt in case.counted}
    for station in sorted(case.own_stations):
        out, back = case.boxes_out.get(station), case.boxes_back.get(station, _NO_BOXES)
        if not (station in received or None in received) or out is None or back.pending:
            continue
        known = bool(out.unit_ids and back.unit_ids)
        if (out.unit_ids != back.unit_ids) if known else (out.number != back.number):
            at = back.at or max(received.values())
            yield _back(case, station, at, out, back)


def _none_back(case: Case, now: datetime) -> Iterator[Discrepancy]:
    """Of a distribution, after the deadline: nothing of a station is at the warehouse."""
    deadline = case.return_deadline
    if deadline is None or now < deadline:
        return
    for station in sorted(case.own_stations):
        out, back = case.boxes_out.get(station), case.boxes_back.get(station)
        if out is not None and out.number and (back is None or back.at is None):
            yield _back(case, station, deadline, out, _NO_BOXES)


def _back(case: Case, station: str, at: datetime, out: Boxes, back: Boxes) -> Discrepancy:
    missing = sorted(out.unit_ids - back.unit_ids)
    foreign = sorted(back.unit_ids - out.unit_ids)
    return found_in(
        case, DiscrepancyKind.BOXES_BACK_DIFFER, at,
        station_id=station, expected=out.number, found=back.number,
        numbers={
            "missing": ", ".join(missing[:20]) or None,
            "unexpected": ", ".join(foreign[:20]) or None,
        },
        evidence=tuple({"kind": "unit", "id": unit} for unit in (*missing, *foreign)[:50]),
    )  # fmt: skip


def seen_units(case: Case) -> Iterator[tuple[Receipt, SeenUnit]]:
    """Every unit that a receipt lists, by the time of the receipt."""
    for receipt in case.counted:
        for unit in sorted(set(receipt.units), key=lambda unit: unit.unit_id):
            yield receipt, unit
