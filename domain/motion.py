"""Motion: stops, and the trips between them.

A receiver that lies still wanders, and now and then throws a fix far away. So a vehicle
stands while its fixes stay within a radius of one place, error circles added, and has gone
when N of the last M lie beyond. What the receiver says of its speed only helps to find the
first fix of a stop.
"""

from __future__ import annotations

from datetime import datetime

from domain import vigil
from domain.events import Numbers
from domain.geodesy import apart_m
from domain.presence import SLOW_KMH
from domain.states import DeviceState, Moment, Motion, Reference, Sighting

STEP_M = 50.0  # the way is counted in steps of at least this
AVERAGED_AT_MOST = 30  # fixes; then the place of a stop is known better than one fix tells


def rest(state: DeviceState, moment: Moment) -> DeviceState:
    """Take a good fix into account."""
    position, before = moment.seen.position, state.motion
    here = Reference(moment.now, position.lat_deg, position.lon_deg, moment.accuracy_m)
    slow = position.speed_kmh is None or position.speed_kmh <= SLOW_KMH
    motion = before if before.standing else _drive(before, here)
    motion = _judge(motion, here, slow, moment)
    motion = vigil.keep(before, motion, state, moment)
    if motion is before:
        return state
    # By position, as in states.trust: every fix passes here.
    return DeviceState(*state[:10], motion, *state[11:])


def _judge(motion: Motion, here: Reference, slow: bool, moment: Moment) -> Motion:
    anchor = motion.anchor
    if anchor is None:
        return _anchored(motion, here) if slow or motion.standing is None else motion
    errors_m = anchor.accuracy_m + here.accuracy_m
    if _apart_m(anchor, here) - errors_m > moment.settings.stop_radius_m:
        return _against(motion, Sighting(here, slow), moment)
    if not slow and not motion.standing:
        return _against(motion, Sighting(here, slow), moment)
    return _there(motion, anchor, here, moment)


# --- for it ---


def _anchored(motion: Motion, here: Reference) -> Motion:
    return motion._replace(
        anchor=here, averaged=1, there_at=here.time, against=(), anchor_m=motion.trip_m
    )


def _there(motion: Motion, anchor: Reference, here: Reference, moment: Moment) -> Motion:
    against = motion.against
    if against:
        window = (*against, None)[-moment.settings.confirm_window :]
        against = window if any(window) else ()
    if motion.standing:
        if motion.averaged < AVERAGED_AT_MOST:
            anchor = _mean(anchor, here, motion.averaged)
        averaged = min(motion.averaged + 1, AVERAGED_AT_MOST)
        return Motion(True, anchor, averaged, here.time, against, *motion[5:])
    motion = motion._replace(there_at=here.time, against=against)
    if _seconds(anchor.time, here.time) < moment.settings.stop_after_s:
        return motion
    return _stop(motion, anchor, here, moment)


def _stop(motion: Motion, anchor: Reference, here: Reference, moment: Moment) -> Motion:
    settings = moment.settings
    numbers: Numbers
    if motion.trip_since is not None:
        numbers = _trip(motion, motion.trip_since, anchor)
        moment.tell("trip_ended", anchor.time, numbers=numbers, at=anchor)
    numbers = {
        "standing_s": _seconds(anchor.time, here.time),
        "limit_s": settings.stop_after_s,
        "radius_m": settings.stop_radius_m,
        "accuracy_m": round(here.accuracy_m, 1),
    }
    moment.tell("stop_started", anchor.time, numbers=numbers, at=anchor)
    return motion._replace(standing=True, trip_since=None, trip_m=motion.anchor_m)


def _trip(motion: Motion, since: datetime, anchor: Reference) -> Numbers:
    seconds = _seconds(since, anchor.time)
    return {
        "distance_m": round(motion.anchor_m),
        "duration_s": seconds,
        "mean_speed_kmh": round(motion.anchor_m / seconds * 3.6, 1) if seconds else None,
    }


# --- against it ---


def _against(motion: Motion, sighting: Sighting, moment: Moment) -> Motion:
    window = (*motion.against, sighting)[-moment.settings.confirm_window :]
    motion = motion._replace(against=window)
    if sum(each is not None for each in window) < moment.settings.confirm_fixes:
        return motion
    run: list[Sighting] = []
    for each in window:
        run = [*run, each] if each is not None else []
    return _gone(motion, run, moment)


def _gone(motion: Motion, run: list[Sighting], moment: Moment) -> Motion:
    """It is not where it was; `run` are the fixes since it last was. It may stand again:
    then from the first of them that all later ones agree with."""
    anchor, left_at = motion.anchor, motion.there_at
    if anchor is not None and left_at is not None:
        if motion.standing:
            motion = _set_out(motion, anchor, left_at, run, moment)
        elif motion.standing is None:
            moment.tell("trip_started", anchor.time, at=anchor)
            motion = motion._replace(standing=False, trip_since=anchor.time)
    motion = motion._replace(anchor=None, there_at=None, against=())
    stayed = _where_it_stayed(run, moment.settings.stop_radius_m)
    if stayed is None:
        return motion
    return _anchored(motion, stayed)._replace(there_at=run[-1].where.time)


def _set_out(
    motion: Motion, anchor: Reference, left_at: datetime, run: list[Sighting], moment: Moment
) -> Motion:
    gap_s = _seconds(left_at, run[0].where.time)
    numbers: Numbers = {
        "stood_s": _seconds(anchor.time, left_at),
        "since_last_stop_m": round(motion.trip_m),
        "gap_s": gap_s,
        "distance_m": round(_apart_m(anchor, run[-1].where)),
        "accuracy_m": round(run[-1].where.accuracy_m, 1),
        "radius_m": moment.settings.stop_radius_m,
        "fixes": len(run),
    }
    moment.tell("stop_ended", left_at, numbers=numbers, at=anchor)
    moment.tell("trip_started", left_at, numbers={"gap_s": gap_s}, at=anchor)
    motion = motion._replace(standing=False, trip_since=left_at, trip_m=0.0, odometer=anchor)
    for sighting in run:
        motion = _drive(motion, sighting.where)
    return motion


def _where_it_stayed(run: list[Sighting], radius_m: float) -> Reference | None:
    for index, first in enumerate(run):
        later = run[index:]
        if all(each.slow and _near(first.where, each.where, radius_m) for each in later):
            return first.where
    return None


# --- metres ---


def _drive(motion: Motion, here: Reference) -> Motion:
    """Count the way, in steps that are longer than the error: jitter does not add up."""
    last = motion.odometer
    if last is None:
        return motion._replace(odometer=here)
    step_m = _apart_m(last, here)
    if step_m < STEP_M or step_m <= last.accuracy_m + here.accuracy_m:
        return motion
    return Motion(*motion[:6], motion.trip_m + step_m, motion.anchor_m, here, motion.vigil)


def _near(a: Reference, b: Reference, radius_m: float) -> bool:
    return _apart_m(a, b) - a.accuracy_m - b.accuracy_m <= radius_m


def _apart_m(a: Reference, b: Reference) -> float:
    return apart_m(a.lat_deg, a.lon_deg, b.lat_deg, b.lon_deg)


def _mean(anchor: Reference, here: Reference, averaged: int) -> Reference:
    """Of the fixes so far and one more; the time stays that of the first."""
    part = 1 / (averaged + 1)
    east = (here.lon_deg - anchor.lon_deg + 180) % 360 - 180
    return Reference(
        anchor.time,
        anchor.lat_deg + (here.lat_deg - anchor.lat_deg) * part,
        anchor.lon_deg + east * part,
        anchor.accuracy_m + (here.accuracy_m - anchor.accuracy_m) * part,
    )


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()
