"""Reconciliation: what was sent, received, sealed, signed and seen to travel, held together.

`reconcile` says what does not agree as far as it is known at a time, `wakes_at` when time
alone may change that. In whatever order the facts came, the same facts end in the same
discrepancies. Each kind: docs/reference/reconciliation.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain import (
    reconciliation_counts,
    reconciliation_custody,
    reconciliation_presence,
    reconciliation_units,
)
from domain.discrepancies import Discrepancy
from domain.plan_words import ShipmentStatus
from domain.reconciliation_case import Case
from domain.reconciliation_words import DiscrepancyKind
from domain.regions import zone
from domain.settings import Reconciliation

# An unproven receipt is looked at again after a quarter of its age, for as long as a tracker
# may still bring what it recorded.
_LOOKED_AT_FOR = timedelta(days=14)


def reconcile(case: Case, settings: Reconciliation, now: datetime) -> list[Discrepancy]:
    """All that does not agree in one manifest, by key."""
    if case.head.status is ShipmentStatus.CANCELLED:
        return []
    found: dict[str, Discrepancy] = {}
    for one in _all(case, settings, now):
        found[one.key] = one
    return [found[key] for key in sorted(found)]


def _all(case: Case, settings: Reconciliation, now: datetime) -> Iterator[Discrepancy]:
    yield from reconciliation_counts.short_and_surplus(case)
    yield from reconciliation_counts.damaged(case)
    yield from reconciliation_counts.not_due(case)
    yield from reconciliation_units.astray(case)
    yield from reconciliation_units.boxes_back(case, now)
    yield from reconciliation_custody.seals(case)
    yield from reconciliation_custody.handovers(case)
    yield from reconciliation_custody.elsewhere(case)
    yield from reconciliation_custody.departed(case)
    yield from reconciliation_custody.one_signer(case, now)
    yield from reconciliation_presence.receipts(case, settings, now)
    yield from reconciliation_presence.no_receipt(case, settings, now)
    yield from reconciliation_presence.platform(case, settings, now)


def wakes_at(
    case: Case, found: Iterable[Discrepancy], settings: Reconciliation, now: datetime
) -> datetime | None:
    """When to look again though nothing came; None where time changes nothing."""
    if case.head.status is ShipmentStatus.CANCELLED:
        return None
    due = [*reconciliation_presence.due_times(case, settings)]
    due += [paper.issued_at for paper in case.papers if paper.issued_at]
    due += [case.return_deadline] if case.return_deadline else []
    due += [_again(one, now) for one in found if one.kind is DiscrepancyKind.UNPROVEN_RECEIPT]
    return min((at for at in due if at > now), default=None)


def _again(unproven: Discrepancy, now: datetime) -> datetime:
    age = now - unproven.opened_at
    return now if age > _LOOKED_AT_FOR else now + max(age / 4, timedelta(minutes=5))


def return_deadline(
    voting_day: date | None, region_code: str, settings: Reconciliation
) -> datetime | None:
    """The end of the day, local time, by which boxes are back at the warehouse."""
    if voting_day is None:
        return None
    midnight = datetime.combine(voting_day, time(0), ZoneInfo(zone(region_code)))
    return (midnight + timedelta(days=settings.return_days + 1)).astimezone(UTC)
