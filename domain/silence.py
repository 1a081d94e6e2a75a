"""Silence: what follows from hearing nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain.blankspots import Hold
from domain.events import Event, Numbers, Origin
from domain.journeys import Journey
from domain.settings import Rules


def silent_after(report_interval_s: float, settings: Rules) -> timedelta:
    """How long a device may say nothing before it counts as silent.

    One report may be lost: the next is then due at two intervals, and some seconds under way.
    With the grace it is told within two intervals after the first report that is missing.
    """
    grace_s = min(settings.silence_grace_s, report_interval_s)
    seconds = report_interval_s * settings.silence_intervals + grace_s
    return timedelta(seconds=max(seconds, settings.silence_at_least_s))


def is_silent(heard_at: datetime, report_interval_s: float, now: datetime, settings: Rules) -> bool:
    """Nothing of the device arrived for longer than it may be quiet."""
    return now - heard_at > silent_after(report_interval_s, settings)


def silence(
    device_id: str,
    journey: Journey,
    heard_at: datetime,
    interval_s: float,
    now: datetime,
    *,
    held: Hold | None = None,
) -> Event:
    """The event that a device on a journey has fallen silent, since it was last heard; `held`
    is the blankspot that it should have come out of."""
    numbers: Numbers = _numbers(heard_at, interval_s, now)
    if held is not None:
        numbers = {**numbers, "expected_exit": _text(held.expected_exit)}
    return _event("silence", device_id, journey, (heard_at, now), numbers)


def silence_held(
    device_id: str,
    journey: Journey,
    heard_at: datetime,
    interval_s: float,
    now: datetime,
    *,
    held: Hold,
) -> Event:
    """The event that a device has fallen silent where that is expected."""
    numbers: Numbers = {
        **_numbers(heard_at, interval_s, now),
        "expected_exit": _text(held.expected_exit),
        "from_km": None if held.from_m is None else round(held.from_m / 1000, 1),
        "to_km": None if held.to_m is None else round(held.to_m / 1000, 1),
    }
    event = _event("silence_held", device_id, journey, (heard_at, now), numbers)
    return replace(event, facility_id=held.facility_id)


def missing_since(
    journey: Journey, assigned_since: datetime, heard_at: datetime | None
) -> datetime | None:
    """Since when a device should have been heard that never was since its assignment; None
    for one that was."""
    if heard_at is not None and heard_at >= assigned_since:
        return None
    return max(assigned_since, journey.planned_departure or assigned_since)


def never_heard(
    device_id: str, journey: Journey, since: datetime, interval_s: float, now: datetime
) -> Event:
    """The event that a device was never heard on its journey, and should be `since` then."""
    numbers: Numbers = {**_numbers(since, interval_s, now), "since": _text(since)}
    return _event("never_heard", device_id, journey, (since, now), numbers)


def silence_ended(device_id: str, shipment_id: str | None, heard_at: datetime) -> Event:
    """The event that a silent device was heard again."""
    return Event(
        kind="silence_ended",
        origin=Origin.WATCH,
        device_id=device_id,
        event_time=heard_at,
        decided_at=heard_at,
        shipment_id=shipment_id,
    )


def _event(
    kind: str,
    device_id: str,
    journey: Journey,
    times: tuple[datetime, datetime],
    numbers: Numbers,
) -> Event:
    since, now = times
    return Event(
        kind=kind,
        origin=Origin.WATCH,
        device_id=device_id,
        event_time=since,
        decided_at=now,
        shipment_id=journey.shipment_id,
        rules_version=journey.rules_version,
        numbers=numbers,
    )


def _numbers(since: datetime, interval_s: float, now: datetime) -> dict[str, float | str | None]:
    return {"silent_s": round((now - since).total_seconds()), "interval_s": interval_s}


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
