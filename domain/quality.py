"""Fix quality: what is doubted, and against what the next fix is compared."""

from __future__ import annotations

import numpy as np

from domain.events import Numbers
from domain.geodesy import distance_m
from domain.positions import Flag, Position
from domain.settings import Rules
from domain.states import DeviceState, Journey, Moment, Reference, trust

UNUSABLE = int(Flag.ZERO_ISLAND | Flag.INACCURATE | Flag.MOCK | Flag.JUMP | Flag.JAMMING)
JUMP = int(Flag.JUMP)
DUPLICATE_TIME = int(Flag.DUPLICATE_TIME)
AIR_MODES = frozenset({"PLANE", "HELICOPTER"})
METRES_PER_DEGREE_AT_MOST = 112_000


def intrinsic_flags(position: Position, settings: Rules) -> int:
    """What can be doubted of a fix by itself, without the fixes before it."""
    flags = 0
    if -position.age_at_receipt_s > settings.future_after_s:
        flags |= Flag.FUTURE
    if position.lat_deg == 0 and position.lon_deg == 0:
        flags |= Flag.ZERO_ISLAND
    if position.accuracy_m > settings.max_accuracy_m:
        flags |= Flag.INACCURATE
    if position.mock:
        flags |= Flag.MOCK
    if position.jamming == 2:
        flags |= Flag.JAMMING
    return int(flags)


def judge(state: DeviceState, moment: Moment) -> tuple[DeviceState, int]:
    """Judge the fix against the last good one; returns the state and the fix's flags.

    A wild fix never becomes the reference. Several that agree with each other do, since
    then the device really is elsewhere: that is told as `relocated`.
    """
    position, settings = moment.seen.position, moment.settings
    flags = position.flags & ~(JUMP | DUPLICATE_TIME)
    if flags & UNUSABLE:
        return state, flags
    here = Reference(moment.now, position.lat_deg, position.lon_deg, position.accuracy_m)
    limit_kmh = _speed_limit(moment.seen.journey, settings)
    if state.good is not None and state.good.time == here.time:
        flags |= DUPLICATE_TIME
    if state.good is None or not _is_jump(state.good, here, limit_kmh):
        return trust(state, here), flags
    # Among themselves they may move as fast as a plane: what is merely too fast for its
    # vehicle is told, not lost from sight.
    if state.suspects and _is_jump(state.suspects[-1], here, settings.max_air_speed_kmh):
        return state._replace(suspects=(here,)), flags | JUMP
    suspects = (*state.suspects, here)
    if len(suspects) < settings.confirm_fixes:
        return state._replace(suspects=suspects), flags | JUMP
    numbers = _jump_numbers(state.good, suspects[0])
    moment.tell("relocated", suspects[0].time, numbers=numbers)
    return trust(state, here), flags


def _speed_limit(journey: Journey | None, settings: Rules) -> float:
    by_air = journey is not None and journey.mode in AIR_MODES
    return settings.max_air_speed_kmh if by_air else settings.max_speed_kmh


def _is_jump(before: Reference, after: Reference, limit_kmh: float) -> bool:
    """Faster than any vehicle, both error circles deducted.

    A cheap bound first: nearly every fix needs no trigonometry.
    """
    seconds = max((after.time - before.time).total_seconds(), 0.0)
    allowed_m = limit_kmh / 3.6 * seconds + before.accuracy_m + after.accuracy_m
    span = abs(after.lat_deg - before.lat_deg) + abs(after.lon_deg - before.lon_deg)
    if span * METRES_PER_DEGREE_AT_MOST <= allowed_m:
        return False
    return _gap_m(before, after) > allowed_m


def _gap_m(a: Reference, b: Reference) -> float:
    lat_a, lon_a, lat_b, lon_b = np.array([a.lat_deg, a.lon_deg, b.lat_deg, b.lon_deg])
    return float(distance_m(lat_a, lon_a, lat_b, lon_b))


def _jump_numbers(before: Reference, after: Reference) -> Numbers:
    seconds = max((after.time - before.time).total_seconds(), 0.0)
    gap = _gap_m(before, after)
    speed = round(gap / seconds * 3.6) if seconds else None
    return {"distance_m": round(gap), "speed_kmh": speed, "seconds": seconds}
