"""Waypoints: the places that a shipment must pass, and those that it did not.

Visited is one that a fix, or the straight line between two fixes without a gap, came near.
It is skipped when N of M fixes are surely past it, unless a gap may have hidden the visit.
"""

from __future__ import annotations

import math

from domain.events import Numbers
from domain.geodesy import METRES_PER_DEGREE
from domain.journeys import Milestone, Way
from domain.states import (
    NO_VOTES,
    DeviceState,
    Moment,
    Passing,
    Progress,
    Reference,
    confirmed,
    vote,
)

NEAR_M = 20_000.0  # further off than this and its radius nobody asks how far

Run = tuple[float, float, float]


def attend(state: DeviceState, moment: Moment, way: Way, run: Run | None) -> Passing:
    """Take a good fix into account; `run`: the piece of the way that it is on, if it is."""
    before = state.progress
    passing = before.passing
    if not passing.skipped and _nothing_near(passing, way, run):
        return passing  # nearly every fix
    if run is not None and before.along_m is None:
        passing = _begin(passing, way, moment, run)
    if run is not None:
        passing = _hide(passing, way, moment, before, run[2])
    passing = _visit(passing, way, moment, before.at, state)
    return passing if run is None else _settle(passing, way, moment, run[0])


def _nothing_near(passing: Passing, way: Way, run: Run | None) -> bool:
    if passing.following >= len(way.milestones):
        return True
    ahead = way.milestones[passing.following]
    return run is not None and ahead.along_m - run[2] > NEAR_M + 5 * (ahead.radius_m or 0.0)


def conclude(state: DeviceState, moment: Moment, way: Way) -> Passing:
    """The shipment has arrived: what was not visited by now was skipped, or nobody saw."""
    before = state.progress
    passing = _hide(before.passing, way, moment, before, way.length_m)
    passing = _visit(passing, way, moment, before.at, state)
    for milestone in way.milestones[passing.following :]:
        before_the_end = _far_end_m(milestone, moment) < way.length_m
        if before_the_end and milestone.waypoint_id not in passing.visited:
            passing = _miss(passing, milestone, moment)
    return passing._replace(following=len(way.milestones), votes=NO_VOTES)


def _begin(passing: Passing, way: Way, moment: Moment, run: Run) -> Passing:
    """First seen here: what lies behind was nobody's to see."""
    return passing._replace(following=sum(_far_end_m(m, moment) < run[0] for m in way.milestones))


def _hide(passing: Passing, way: Way, moment: Moment, before: Progress, to_m: float) -> Passing:
    """Mark what may have been visited while no fix came."""
    if before.at is None or before.along_m is None:
        return passing
    if (moment.now - before.at.time).total_seconds() <= moment.settings.waypoint_gap_s:
        return passing
    hidden = {
        m.waypoint_id
        for m in way.milestones[passing.following :]
        if m.along_m - _radius_m(m, moment) <= to_m
    }
    return passing._replace(unseen=tuple(sorted(hidden | {*passing.unseen})))


def _visit(
    passing: Passing, way: Way, moment: Moment, last: Reference | None, state: DeviceState
) -> Passing:
    for number, milestone in enumerate(way.milestones):
        name = milestone.waypoint_id
        if name in passing.visited:
            continue
        if number < passing.following and name not in passing.skipped:
            continue
        away = _away_m(milestone, moment, last)
        if _is_visit(milestone, moment, away, state):
            passing = _tell_visit(passing, milestone, moment, away)
        elif away is not None and away < passing.closest_m.get(name, math.inf):
            passing = passing._replace(closest_m={**passing.closest_m, name: away})
    return passing


def _is_visit(
    milestone: Milestone, moment: Moment, away_m: float | None, state: DeviceState
) -> bool:
    if milestone.facility_id in state.inside:
        return True
    if away_m is None:
        return False
    return away_m - moment.accuracy_m <= _radius_m(milestone, moment)


def _tell_visit(
    passing: Passing, milestone: Milestone, moment: Moment, away_m: float | None
) -> Passing:
    name = milestone.waypoint_id
    closest = {other: away for other, away in passing.closest_m.items() if other != name}
    passing = passing._replace(closest_m=closest)
    if name not in passing.skipped:
        _tell("waypoint_passed", passing, milestone, moment, away_m)
        return passing._replace(visited=(*passing.visited, name))
    _tell("waypoint_visited_late", passing, milestone, moment, away_m)
    return passing._replace(skipped=tuple(other for other in passing.skipped if other != name))


def _settle(passing: Passing, way: Way, moment: Moment, low_m: float) -> Passing:
    """The next waypoint is behind when N of M fixes, error circle deducted, are past it."""
    for milestone in way.milestones[passing.following :]:
        if milestone.waypoint_id not in passing.visited:
            past = low_m > _far_end_m(milestone, moment)
            if not past and not passing.votes.window:
                break
            votes = vote(passing.votes, past, moment.now, moment.settings)
            passing = passing._replace(votes=votes)
            if not confirmed(votes, moment.settings):
                break
            passing = _miss(passing, milestone, moment)
        visited = tuple(name for name in passing.visited if name != milestone.waypoint_id)
        passing = passing._replace(following=passing.following + 1, visited=visited, votes=NO_VOTES)
    return passing


def _miss(passing: Passing, milestone: Milestone, moment: Moment) -> Passing:
    name = milestone.waypoint_id
    closest = passing.closest_m.get(name)
    if name in passing.unseen:
        _tell("waypoint_unseen", passing, milestone, moment, closest)
        return passing._replace(unseen=tuple(n for n in passing.unseen if n != name))
    _tell("waypoint_skipped", passing, milestone, moment, closest)
    return passing._replace(skipped=(*passing.skipped, name))


def _tell(
    kind: str, passing: Passing, milestone: Milestone, moment: Moment, away_m: float | None
) -> None:
    numbers: Numbers = {
        "waypoint": milestone.name,
        "distance_m": None if away_m is None else round(away_m),
        "radius_m": round(_radius_m(milestone, moment)),
        "along_m": round(milestone.along_m),
        "accuracy_m": round(moment.accuracy_m, 1),
    }
    missed = kind in ("waypoint_skipped", "waypoint_unseen")
    since = (passing.votes.since if missed else None) or moment.now
    place, ordinal = milestone.facility_id, milestone.waypoint_id
    moment.tell(kind, since, place=place, numbers=numbers, ordinal=ordinal)


def _radius_m(milestone: Milestone, moment: Moment) -> float:
    radius = milestone.radius_m
    return moment.settings.waypoint_radius_m if radius is None else radius


def _far_end_m(milestone: Milestone, moment: Moment) -> float:
    return milestone.along_m + _radius_m(milestone, moment)


def _away_m(milestone: Milestone, moment: Moment, last: Reference | None) -> float | None:
    """Metres from the waypoint to the fix, or to the straight line from the last good fix
    where no gap lies between. None: far off."""
    position = moment.seen.position
    y_b = (position.lat_deg - milestone.lat_deg) * METRES_PER_DEGREE
    far = NEAR_M + _radius_m(milestone, moment)
    if abs(y_b) > far:
        return None
    scale = METRES_PER_DEGREE * math.cos(math.radians(milestone.lat_deg))
    x_b = _east_deg(position.lon_deg, milestone.lon_deg) * scale
    if abs(x_b) > far:
        return None
    gap_s = moment.settings.waypoint_gap_s
    if last is None or (moment.now - last.time).total_seconds() > gap_s:
        return math.hypot(x_b, y_b)
    x_a = _east_deg(last.lon_deg, milestone.lon_deg) * scale
    y_a = (last.lat_deg - milestone.lat_deg) * METRES_PER_DEGREE
    return _to_segment_m(x_a, y_a, x_b - x_a, y_b - y_a)


def _east_deg(lon: float, lon_0: float) -> float:
    return (lon - lon_0 + 180) % 360 - 180


def _to_segment_m(x: float, y: float, dx: float, dy: float) -> float:
    """From the origin to the segment that begins at (x, y) and leads (dx, dy) on."""
    length2 = dx * dx + dy * dy
    t = 0.0 if length2 == 0 else min(max(-(x * dx + y * dy) / length2, 0.0), 1.0)
    return math.hypot(x + t * dx, y + t * dy)
