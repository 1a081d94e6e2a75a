"""Priority: how urgently an alert asks for a person, and when it asks louder.

Severity is what the rule says of the condition. Priority is the place in the list, 1 the
highest: the severity, lowered for what is no news. The ideas are those of ISA-18.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.alerts import Severity, StepFaultError
from domain.settings import Alerts

LOWEST = 4
HIGHEST_LEVEL = 3


class Standing(NamedTuple):
    """What decides how loud an alert may be."""

    severity: Severity
    is_late: bool = False
    is_quiet: bool = False
    is_child: bool = False
    is_shelved: bool = False


class Lowering(NamedTuple):
    """By how many places; `spares_critical` where it does not touch a critical alert."""

    places: int
    spares_critical: bool


LOWERINGS: dict[str, Lowering] = {
    "is_late": Lowering(1, spares_critical=True),
    "is_quiet": Lowering(1, spares_critical=True),
    "is_child": Lowering(LOWEST, spares_critical=False),
    "is_shelved": Lowering(LOWEST, spares_critical=False),
}


def priority(standing: Standing) -> int:
    """1 to 4, by the table."""
    return min(standing.severity + _lowered(standing), LOWEST)


def is_loud(standing: Standing) -> bool:
    """True where it may blink, sound and escalate: nothing lowers it."""
    return _lowered(standing) == 0


def _lowered(standing: Standing) -> int:
    critical = standing.severity == Severity.CRITICAL
    places = (
        lowering.places
        for name, lowering in LOWERINGS.items()
        if getattr(standing, name) and not (critical and lowering.spares_critical)
    )
    return max(places, default=0)


def escalation_s(severity: int, settings: Alerts) -> float:
    """How long an alert of this severity waits for a person; 0 for ever."""
    return {
        Severity.CRITICAL: settings.escalate_critical_s,
        Severity.HIGH: settings.escalate_high_s,
        Severity.MEDIUM: settings.escalate_medium_s,
        Severity.LOW: settings.escalate_low_s,
    }[Severity(severity)]


def next_escalation(
    standing: Standing, level: int, since: datetime, settings: Alerts
) -> datetime | None:
    """When an alert that nobody has seen escalates from `level`; None for never.

    `since`: when it began to wait, or when it was escalated last. Each period is twice the
    one before.
    """
    period_s = escalation_s(priority(standing), settings)
    if not period_s or level >= HIGHEST_LEVEL or not is_loud(standing):
        return None
    return since + timedelta(seconds=period_s * (1 << level))


def is_recurrence(
    opened_at: datetime,
    cleared_at: datetime | None,
    closed_at: datetime | None,
    now: datetime,
    settings: Alerts,
) -> bool:
    """True where an alert comes again within the cooldown of its last end.

    Its end is when its condition ended, in the time of events; where a person closed it
    while it still held, it is when they did, by the clock.
    """
    if cleared_at is not None:
        after = opened_at - cleared_at
    elif closed_at is not None:
        after = now - closed_at
    else:
        return False
    return timedelta(0) <= after <= timedelta(seconds=settings.cooldown_s)


def raised_lately(raised_times: Iterable[datetime], now: datetime, settings: Alerts) -> int:
    """How many alerts were raised in the flood window that ends at `now`."""
    start = now - timedelta(seconds=settings.flood_window_s)
    return sum(start < at <= now for at in raised_times)


def in_flood(
    raised_times: Iterable[datetime], now: datetime, settings: Alerts, *, already: bool = False
) -> bool:
    """True where more new alerts came in the flood window than a person can follow.

    A flood that is there `already` lasts until the rate is half of what began it, so that
    the screen does not change to and fro.
    """
    limit = settings.flood_alerts / 2 if already else settings.flood_alerts
    return raised_lately(raised_times, now, settings) > limit


def check_shelf(reason: str | None, until: datetime, now: datetime, settings: Alerts) -> str:
    """The reason, stripped. Raises StepFaultError where reason or end do not do."""
    stripped = (reason or "").strip()
    if not stripped:
        raise StepFaultError("reason", "must not be empty")
    if until <= now:
        raise StepFaultError("until", "must be in the future")
    if until - now > timedelta(hours=settings.shelve_longest_h):
        raise StepFaultError("until", f"at most {settings.shelve_longest_h:g} hours from now")
    return stripped
