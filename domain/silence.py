"""Silence: what follows from hearing nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.events import Event, Origin
from domain.settings import Rules
from domain.states import Journey


def silent_after(report_interval_s: float, settings: Rules) -> timedelta:
    """How long a device may say nothing before it counts as silent."""
    seconds = report_interval_s * settings.silence_intervals
    return timedelta(seconds=max(seconds, settings.silence_at_least_s))


def is_silent(heard_at: datetime, report_interval_s: float, now: datetime, settings: Rules) -> bool:
    """Nothing of the device arrived for longer than it may be quiet."""
    return now - heard_at > silent_after(report_interval_s, settings)


def silence(
    device_id: str, journey: Journey, heard_at: datetime, interval_s: float, now: datetime
) -> Event:
    """The event that a device on a journey has fallen silent, since it was last heard."""
    return Event(
        kind="silence",
        origin=Origin.WATCH,
        device_id=device_id,
        event_time=heard_at,
        decided_at=now,
        shipment_id=journey.shipment_id,
        numbers={"silent_s": round((now - heard_at).total_seconds()), "interval_s": interval_s},
    )


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
