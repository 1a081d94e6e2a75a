"""Raised: the alerts that a list of events comes to, when nobody works on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.alerts import Severity
from domain.events import Event, Numbers


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert that the rules would have raised.

    `opened_at` is since when its condition holds, `decided_at` the time of the fix that made
    it certain, `late_by_s` how much later that fix arrived where that was not at once.
    `cleared_at` is None where the condition still holds at the end of the data.
    """

    rule: str
    severity: Severity
    device_id: str
    shipment_id: str | None
    facility_id: str | None
    group_id: str | None
    opened_at: datetime
    decided_at: datetime
    late_by_s: float | None
    cleared_at: datetime | None
    numbers: Numbers

    @property
    def known_at(self) -> datetime:
        """When the screen would have shown it."""
        return self.decided_at + timedelta(seconds=self.late_by_s or 0.0)

    @property
    def delay_s(self) -> float:
        """Seconds from its beginning until it would have been shown."""
        return (self.known_at - self.opened_at).total_seconds()


def alerts_of(events: Iterable[Event]) -> list[Raised]:
    """The alerts that the events open and clear, one open at a time for each alert key, by
    the time of their decision."""
    found: list[Raised] = []
    current: dict[str, int] = {}
    for event in sorted(events, key=lambda e: (e.decided_at, e.event_time, e.key)):
        meaning, key = event.meaning, event.alert_key
        if meaning is None or key is None:
            continue
        if meaning.opens:
            if key not in current:
                current[key] = len(found)
                found.append(_raise(event, meaning.rule, meaning.severity))
        elif key in current:
            index = current.pop(key)
            found[index] = replace(found[index], cleared_at=event.event_time)
    return found


def _raise(event: Event, rule: str, severity: Severity) -> Raised:
    return Raised(
        rule=rule,
        severity=severity,
        device_id=event.device_id,
        shipment_id=event.shipment_id,
        facility_id=event.facility_id,
        group_id=event.group_id,
        opened_at=event.event_time,
        decided_at=event.decided_at,
        late_by_s=event.late_by_s,
        cleared_at=None,
        numbers=event.numbers,
    )
