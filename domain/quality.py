"""Fix quality: what is doubted, and against what the next fix is compared.

What a fix shows by itself is flagged at its receipt (`intrinsic_flags`), what only the
fixes before it show is flagged in the fold (`judge`), where `receiver` keeps the longer view.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from domain import receiver
from domain.events import Numbers
from domain.geodesy import ground_m
from domain.journeys import Journey
from domain.positions import Flag, Position
from domain.settings import Rules
from domain.states import DeviceState, Moment, Reference, Rival, trust

UNUSABLE = int(
    Flag.ZERO_ISLAND
    | Flag.INACCURATE
    | Flag.MOCK
    | Flag.JUMP
    | Flag.JAMMING
    | Flag.FROZEN
    | Flag.LOW_SATELLITES
)
# Whole numbers: arithmetic of IntFlag costs as much as the rest of a step.
FUTURE, STALE, ZERO_ISLAND = int(Flag.FUTURE), int(Flag.STALE), int(Flag.ZERO_ISLAND)
INACCURATE, LOW_SATELLITES = int(Flag.INACCURATE), int(Flag.LOW_SATELLITES)
MOCK, JAMMING, JAMMING_WARNING = int(Flag.MOCK), int(Flag.JAMMING), int(Flag.JAMMING_WARNING)
JUMP, DUPLICATE_TIME = int(Flag.JUMP), int(Flag.DUPLICATE_TIME)
JUDGED_ANEW = JUMP | DUPLICATE_TIME | int(Flag.FROZEN)
AIR_MODES = frozenset({"PLANE", "HELICOPTER"})
METRES_PER_DEGREE_AT_MOST = 112_000
CLOCK_STEP_S = 1.0  # many devices give the time in whole seconds
COLD_AFTER = timedelta(minutes=30)  # the first fix after so long is as good as a first one


def intrinsic_flags(position: Position, settings: Rules) -> int:
    """What can be doubted of a fix by itself, without the fixes before it."""
    flags = 0
    age_s = position.age_at_receipt_s
    if -age_s > settings.future_after_s:
        flags |= FUTURE
    elif age_s > settings.stale_after_s and not position.buffered:
        flags |= STALE
    if position.lat_deg == 0 and position.lon_deg == 0:
        flags |= ZERO_ISLAND
    if position.accuracy_m > settings.max_accuracy_m:
        flags |= INACCURATE
    if position.satellites is not None and position.satellites < settings.min_satellites:
        flags |= LOW_SATELLITES
    if position.mock:
        flags |= MOCK
    if position.jamming:
        flags |= JAMMING if position.jamming == 2 else JAMMING_WARNING
    return flags


def judge(state: DeviceState, moment: Moment) -> tuple[DeviceState, int]:
    """Judge the fix against the last good one; returns the state and the fix's flags."""
    flags = moment.seen.position.flags & ~JUDGED_ANEW
    if not flags & UNUSABLE:
        state, flags = _compare(state, moment, flags)
    if flags & receiver.SIGNS or receiver.is_watched(state.receiver):
        state = receiver.watch(state, moment, flags & receiver.SIGNS)
    return state, flags


def _compare(state: DeviceState, moment: Moment, flags: int) -> tuple[DeviceState, int]:
    position, good = moment.seen.position, state.good
    here = Reference(
        moment.now,
        position.lat_deg,
        position.lon_deg,
        moment.accuracy_m,
        position.speed_kmh,
        moment.seen.along_m,
    )
    if good is None:
        return trust(state, here), flags
    if good.time == here.time or (state.suspects and state.suspects[-1].time == here.time):
        flags |= DUPLICATE_TIME
    if good.lat_deg == here.lat_deg and good.lon_deg == here.lon_deg:
        state, frozen = receiver.stay(state, moment, here)
        return state, flags | frozen
    limit_kmh = _speed_limit(moment.seen.journey, moment.settings)
    if _is_jump(good, here, limit_kmh) and not _is_excused(state, moment, here, limit_kmh):
        state, jump = _doubt(state, moment, here, limit_kmh)
        return state, flags | jump
    kept, proven = state.receiver, here.time - good.time <= COLD_AFTER
    if kept.proven is not proven:
        state = state._replace(receiver=kept._replace(proven=proven))
    if kept.stuck is not None or kept.frozen_since is not None:
        state = receiver.leave(state, moment, here)
    return trust(state, here), flags


# --- jumps ------------------------------------------------------------------------------


def _doubt(
    state: DeviceState, moment: Moment, here: Reference, limit_kmh: float
) -> tuple[DeviceState, int]:
    """A wild fix never becomes the reference. Several that agree with each other do, since
    then the device really is elsewhere: that is told as `relocated`.

    A reference that no second fix agreed with, the first ever or the first after a long
    gap, gives way to the first two that agree: it was itself the wild one.
    """
    settings, suspects = moment.settings, state.suspects
    if suspects and not state.receiver.proven and not _is_jump(suspects[-1], here, limit_kmh):
        return _believe(state, moment, here), 0
    # Among themselves they may move as fast as a plane: what is merely too fast for its
    # vehicle is told, not lost from sight.
    if suspects and _is_jump(suspects[-1], here, settings.max_air_speed_kmh):
        suspects = ()
    state = _rival(state._replace(suspects=(*suspects, here)), moment, here, limit_kmh)
    if len(state.suspects) < settings.confirm_fixes:
        return state, JUMP
    since = state.suspects[0]
    state = _tell_relocated(state, moment, since, since.time, {"fixes": len(state.suspects)})
    return _believe(state, moment, here), 0


def _believe(state: DeviceState, moment: Moment, here: Reference) -> DeviceState:
    state = receiver.leave(state, moment, here)
    kept = state.receiver._replace(proven=True, rival=None)
    return trust(state._replace(receiver=kept), here)


def _rival(state: DeviceState, moment: Moment, here: Reference, limit_kmh: float) -> DeviceState:
    """Two devices with one identity: jumps that agree with each other, good fixes between.

    The reference stays with the first: which of the two is the right one, nobody knows.
    """
    rival, settings = state.receiver.rival, moment.settings
    soon = timedelta(seconds=settings.relocated_again_s)
    agree = (
        rival is not None
        and here.time - rival.newest.time <= soon
        and not _is_jump(rival.newest, here, limit_kmh)
    )
    since, fixes = (rival.since, rival.fixes + 1) if rival and agree else (here.time, 1)
    rival = Rival(since, here, fixes)
    if fixes >= settings.confirm_fixes > len(state.suspects):
        state = _tell_relocated(state, moment, here, since, {"fixes": fixes, "tracks": 2})
        rival = None
    return state._replace(receiver=state.receiver._replace(rival=rival))


def _tell_relocated(
    state: DeviceState, moment: Moment, there: Reference, since: datetime, numbers: Numbers
) -> DeviceState:
    """At most once in a while: an alert that is open says it already."""
    told_at, settings, good = state.receiver.relocated_at, moment.settings, state.good
    again = timedelta(seconds=settings.relocated_again_s)
    if good is None or (told_at is not None and moment.now - told_at < again):
        return state
    gap_m = _gap_m(good, there)
    if gap_m < settings.relocated_at_least_m:
        return state
    seconds = max((there.time - good.time).total_seconds(), 0.0)
    speed_kmh = round(gap_m / seconds * 3.6) if seconds else None
    found: Numbers = {"distance_m": round(gap_m), "speed_kmh": speed_kmh, "seconds": seconds}
    where: Numbers = {"from_lat_deg": good.lat_deg, "from_lon_deg": good.lon_deg}
    moment.tell("relocated", since, numbers={**found, **numbers, **where})
    return state._replace(receiver=state.receiver._replace(relocated_at=moment.now))


def _speed_limit(journey: Journey | None, settings: Rules) -> float:
    by_air = journey is not None and journey.mode in AIR_MODES
    return settings.max_air_speed_kmh if by_air else settings.max_speed_kmh


def _is_excused(state: DeviceState, moment: Moment, here: Reference, limit_kmh: float) -> bool:
    """It was under way while its receiver hung, or flew a part of its way."""
    stuck, good, journey = state.receiver.stuck, state.good, moment.seen.journey
    if good is None:
        return False
    if stuck is not None:
        good = good._replace(time=stuck.since)
    if journey is not None and _flew(journey, good, here):
        limit_kmh = moment.settings.max_air_speed_kmh
    return not _is_jump(good, here, limit_kmh)


def _flew(journey: Journey, before: Reference, after: Reference) -> bool:
    if journey.way is None or before.along_m is None or after.along_m is None:
        return False
    low, high = sorted((before.along_m, after.along_m))
    return any(
        piece.mode in AIR_MODES and piece.from_m < high and piece.to_m > low
        for piece in journey.way.stretches
    )


def _is_jump(before: Reference, after: Reference, limit_kmh: float) -> bool:
    """Faster than any vehicle, both error circles deducted.

    A cheap bound first: nearly every fix needs no trigonometry.
    """
    seconds = max((after.time - before.time).total_seconds(), 0.0) + CLOCK_STEP_S
    allowed_m = limit_kmh / 3.6 * seconds + receiver.CIRCLES * (
        before.accuracy_m + after.accuracy_m
    )
    span = abs(after.lat_deg - before.lat_deg) + abs(after.lon_deg - before.lon_deg)
    if span * METRES_PER_DEGREE_AT_MOST <= allowed_m:
        return False
    return _gap_m(before, after) > allowed_m


def _gap_m(a: Reference, b: Reference) -> float:
    return ground_m(a.lat_deg, a.lon_deg, b.lat_deg, b.lon_deg)
