"""Presence proof: whether a tracker was there when somebody says that something was received.

By the times of the fixes, never by those of their arrival: what a dead zone held back proves
as well, once it is here. A silent tracker proves nothing, for or against.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from domain.geofences import Geofence, signed_m
from domain.reconciliation_case import Carried, Fix, Silence, Tracking


class Verdict(StrEnum):
    """What the trackers say to a receipt."""

    PROVEN = "PROVEN"
    CONTRADICTED = "CONTRADICTED"
    UNPROVEN = "UNPROVEN"


class Visit(NamedTuple):
    """A device was inside a fence; `left_at` None: it was not seen to leave with the goods."""

    entered_at: datetime
    left_at: datetime | None
    device_id: str
    facility_id: str
    arrived: bool  # came in while it was with the shipment


class Sight(NamedTuple):
    """A fix and how far outside the fence it is, in metres (negative inside)."""

    fix: Fix
    outside_m: float

    @property
    def is_outside(self) -> bool:
        """The whole error circle is."""
        return self.outside_m - self.fix.accuracy_m > 0


class Proof(NamedTuple):
    """What is known of a place at a time: the visit that proves it or that came nearest, the
    fix that was nearest, and the silence that it fell into."""

    verdict: Verdict
    visit: Visit | None
    sight: Sight | None
    silence: Silence | None

    def gap_s(self, at: datetime) -> float | None:
        """Seconds between the time and the visit; 0 within it, None without any."""
        return None if self.visit is None else _apart(self.visit, at).total_seconds()


def prove(tracking: Tracking, facility_id: str, at: datetime, slack: timedelta) -> Proof | None:
    """What the trackers say to a receipt at a place; None where that cannot be judged: the
    shipment has no tracker, or the place no fence."""
    fence = tracking.fences.get(facility_id)
    if not tracking.devices or fence is None:
        return None
    visit = min(visits(tracking, facility_id), key=lambda v: _apart(v, at), default=None)
    sights = [s for s in _sights(tracking, fence) if abs(s.fix.at - at) <= slack]
    nearest = min(sights, key=lambda s: (abs(s.fix.at - at), s), default=None)
    covering = (silence for silence in tracking.silences if _covers(silence, at))
    silence = min(covering, key=lambda s: (not s.expected, s.since, s.device_id), default=None)
    if visit is not None and _apart(visit, at) <= slack:
        return Proof(Verdict.PROVEN, visit, nearest, silence)
    if sights and all(sight.is_outside for sight in sights):
        return Proof(Verdict.CONTRADICTED, visit, nearest, silence)
    return Proof(Verdict.UNPROVEN, visit, nearest, silence)


def visits(tracking: Tracking, facility_id: str) -> list[Visit]:
    """Stays of the shipment's devices inside a fence, oldest first.

    A device that was taken off the shipment inside the fence left the goods there: its visit
    has no end.
    """
    found = []
    for carried in sorted(set(tracking.devices)):
        mine = {
            (c.at, c.entered)
            for c in tracking.crossings
            if (c.device_id, c.facility_id) == (carried.device_id, facility_id)
        }
        found += [v for v in _stays(sorted(mine), carried, facility_id) if v is not None]
    return sorted(found, key=lambda v: (v.entered_at, v.device_id))


def _stays(
    marks: list[tuple[datetime, bool]], carried: Carried, facility_id: str
) -> Iterator[Visit | None]:
    entered_at: datetime | None = None
    for at, entered in [*marks, (None, False)]:
        if entered and at is not None:
            entered_at = entered_at or at
        elif entered_at is not None:
            yield _visit(entered_at, at, carried, facility_id)
            entered_at = None


def _visit(
    entered_at: datetime, left_at: datetime | None, carried: Carried, facility_id: str
) -> Visit | None:
    if carried.until is not None and entered_at >= carried.until:
        return None
    if left_at is not None and left_at <= carried.since:
        return None
    if left_at is not None and carried.until is not None and left_at >= carried.until:
        left_at = None
    arrived = entered_at >= carried.since
    return Visit(entered_at, left_at, carried.device_id, facility_id, arrived)


def arrival(tracking: Tracking, facility_id: str) -> Visit | None:
    """The first time that the shipment came to a place, as its trackers say."""
    return next((visit for visit in visits(tracking, facility_id) if visit.arrived), None)


def departure(tracking: Tracking) -> datetime | None:
    """When the shipment first left where it comes from, as its trackers say."""
    return min(tracking.departures, default=None)


def was_heard_after(tracking: Tracking, at: datetime) -> bool:
    """Whether a good fix of the shipment is known from then on."""
    return any(fix.at >= at for fix in tracking.fixes)


def _sights(tracking: Tracking, fence: Geofence) -> Iterator[Sight]:
    for _, same in groupby(sorted(set(tracking.fixes))):
        fix = next(same)
        yield Sight(fix, round(signed_m(fence, fix.lat_deg, fix.lon_deg), 1))


def _apart(visit: Visit, at: datetime) -> timedelta:
    before = visit.entered_at - at
    after = at - visit.left_at if visit.left_at else timedelta(0)
    return max(before, after, timedelta(0))


def _covers(silence: Silence, at: datetime) -> bool:
    return silence.since <= at and (silence.until is None or at <= silence.until)


def silences(marks: Iterable[tuple[str, datetime, str]]) -> list[Silence]:
    """From events (device, time, kind): each silence of a device, from when it was last heard
    until it was heard again. One that was expected at first and then was not, is not."""
    found: list[Silence] = []
    for device_id, mine in groupby(sorted(set(marks)), key=lambda mark: mark[0]):
        since: datetime | None = None
        expected = True
        for _, at, kind in mine:
            if kind != "silence_ended":
                since, expected = since or at, expected and kind == "silence_held"
            elif since is not None:
                found.append(Silence(device_id, since, at, expected))
                since, expected = None, True
        if since is not None:
            found.append(Silence(device_id, since, None, expected))
    return found
