"""What is told of a regency's milestones: once when it is in danger, once when it is missed,
and when neither holds any more."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.events import Event, Numbers, Origin
from domain.milestones import Goal, Milestone, Status
from domain.regions import find, zone

AT_RISK, MISSED = "milestone_at_risk", "milestone_missed"
ON_TRACK, REACHED = "milestone_on_track", "milestone_reached"
KINDS = (AT_RISK, MISSED, ON_TRACK, REACHED)
NO_DEVICE = "-"

_OPENS = {Status.AT_RISK: AT_RISK, Status.MISSED: MISSED}
# Boxes that do not come back are told box by box, by reconciliation.
SILENT = frozenset({Goal.RETURN})


def group_id(region_code: str, milestone: Milestone) -> str:
    """What names the alert: one for each regency and milestone."""
    return f"{region_code}/{milestone.name}"


def tell(
    region_code: str,
    milestone: Milestone,
    last: str | None,
    last_at: datetime | None,
    now: datetime,
) -> Event | None:
    """What is news. `last`: the kind that was told last of it, and `last_at` its time."""
    kind = _kind(milestone, last)
    if milestone.goal in SILENT or kind is None or kind == last:
        return None
    since = now
    if kind == MISSED and (last_at is None or last_at < milestone.deadline):
        since = milestone.deadline
    name = group_id(region_code, milestone)
    return Event(
        kind=kind,
        origin=Origin.WATCH,
        device_id=NO_DEVICE,
        event_time=since,
        decided_at=now,
        numbers=_numbers(region_code, milestone),
        ordinal=name,
        group_id=name,
    )


def _kind(milestone: Milestone, last: str | None) -> str | None:
    opens = _OPENS.get(milestone.status)
    if opens is not None:
        return opens
    if last not in _OPENS.values():
        return None
    return REACHED if milestone.status is Status.DONE else ON_TRACK


def _numbers(region_code: str, milestone: Milestone) -> Numbers:
    region = find(region_code)
    return {
        "region": region.name if region else region_code,
        "milestone": milestone.name,
        "deadline": milestone.deadline.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "target_pct": milestone.target_pct,
        "reached_pct": milestone.reached_pct,
        "forecast_pct": milestone.forecast_pct,
        "boxes": milestone.boxes,
        "missing": milestone.missing,
        "region_code": region_code,
        "tz": zone(region_code).value,
    }
