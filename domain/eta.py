"""ETA: when a shipment is expected at a place of its way, as a band and not as a promise.

The plan gives the pace to begin with, shared out over the stretches by what carries the
load there; what the journey took so far, stops included, counts for more the longer it
lasts. How much its pace varied gives the width of the band (10 to 90 %).
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.journeys import Journey, Way
from domain.states import Pace, Progress

SPEED_KMH = {
    "TRUCK": 45.0,
    "BOX_VAN": 45.0,
    "MOTORBIKE": 35.0,
    "OFFROAD": 25.0,
    "SHIP": 20.0,
    "BOAT": 20.0,
    "PLANE": 400.0,
    "HELICOPTER": 180.0,
    "HORSE": 5.0,
    "PORTER": 3.0,
}
PARTS = 24  # a way is learned from in so many parts
PLAN_SPREAD = 0.35  # of the logarithm of (time taken / time planned), between journeys
PART_SPREAD = 0.5  # the same between the parts of one journey, before it has taught us better
PART_BELIEF = 4.0  # as many parts of one's own outweigh that
ALONE = 0.5  # a part is so much like the one next to it that two count as one
TENTH = 1.2816  # the 90 % quantile of the normal distribution
SURPRISE = 0.3  # stops come on top: the late end is further off
LEAST = timedelta(seconds=60)  # no band is narrower to either side


class Band(NamedTuple):
    """Nine in ten come after `early`, one in two before `expected`, nine in ten before `late`."""

    early: datetime
    expected: datetime
    late: datetime


def expected_at(progress: Progress, journey: Journey, along_m: float, now: datetime) -> Band | None:
    """When the shipment reaches `along_m` of its way. None without a way or a plan of time.

    Counted from the newest fix, not from `now`, so that a shipment that is not heard can be
    overdue; `now` matters before the departure alone.
    """
    way = journey.way
    if way is None or journey.planned_departure is None or journey.planned_arrival is None:
        return None
    here = progress.along_m
    if here is None or progress.at is None or not progress.pace.departed:
        start = max(now, journey.planned_departure)
        return _band(start, planned_s(journey, way, here or 0.0, along_m), Pace(), _part_s(journey))
    return _band(
        progress.at.time, planned_s(journey, way, here, along_m), progress.pace, _part_s(journey)
    )


def arrival(progress: Progress, journey: Journey, now: datetime) -> Band | None:
    """When the shipment reaches the end of its way: never before `now`. None after it has."""
    if progress.over or journey.way is None:
        return None
    band = expected_at(progress, journey, journey.way.length_m, now)
    return Band(*(max(time, now) for time in band)) if band else None


def learned(pace: Pace, journey: Journey, way: Way, along_m: float, at: datetime) -> Pace:
    """Close the part of the way that ends here: one more that the pace is known of."""
    part_s, planned = _part_s(journey), planned_s(journey, way, pace.from_m, along_m)
    taken = (at - pace.since).total_seconds() if pace.since else 0.0
    onward = pace._replace(since=at, from_m=along_m, to_m=along_m + part_m(way))
    if part_s <= 0 or planned <= 0 or taken <= 0:
        return onward
    weight, value = planned / part_s, math.log(taken / planned)
    parts = pace.parts + weight
    mean = pace.mean + (value - pace.mean) * weight / parts
    squares = pace.squares + weight * (value - pace.mean) * (value - mean)
    return onward._replace(parts=parts, mean=mean, squares=squares, departed=True)


def part_m(way: Way) -> float:
    """How long a part of the way is that the pace is learned from."""
    return way.length_m / PARTS


def planned_s(journey: Journey, way: Way, from_m: float, to_m: float) -> float:
    """The plan's time from one place of the way to another; 0 where that is behind."""
    if journey.planned_arrival is None or journey.planned_departure is None:
        return 0.0
    total_s = (journey.planned_arrival - journey.planned_departure).total_seconds()
    if len(way.stretches) == 1:  # most have one: no need to look at speeds
        return total_s * max(min(to_m, way.length_m) - max(from_m, 0.0), 0.0) / way.length_m
    whole = _by_speed_s(way, 0.0, way.length_m)
    return total_s * _by_speed_s(way, from_m, to_m) / whole if whole > 0 else 0.0


def _by_speed_s(way: Way, from_m: float, to_m: float) -> float:
    return sum(
        max(min(stretch.to_m, to_m) - max(stretch.from_m, from_m), 0.0)
        / SPEED_KMH[stretch.mode]
        * 3.6
        for stretch in way.stretches
    )


def _part_s(journey: Journey) -> float:
    if journey.planned_arrival is None or journey.planned_departure is None:
        return 0.0
    return (journey.planned_arrival - journey.planned_departure).total_seconds() / PARTS


def _band(start: datetime, planned: float, pace: Pace, part_s: float) -> Band:
    """From `start`, so many seconds by the plan, at the pace learned so far."""
    part_variance = (PART_SPREAD**2 * PART_BELIEF + pace.squares) / (PART_BELIEF + pace.parts)
    parts, left = pace.parts * ALONE, max(planned / part_s * ALONE, 0.5) if part_s else 1.0
    # A journey that goes quite another pace than its plan says: then the plan says little.
    doubt = 1 + (pace.mean / PLAN_SPREAD) ** 2
    belief = part_variance / PLAN_SPREAD**2 / doubt
    weight = parts + belief
    mean = pace.mean * parts / weight
    spread = TENTH * math.sqrt(part_variance / weight + part_variance / left)
    # What a sum of parts comes to is more than their middle: stops only ever add.
    stops = part_variance / 4 * (1 - 0.5 / left) * parts / weight
    middle = planned * math.exp(mean + stops)
    early, late = middle * math.exp(-spread), middle * math.exp(spread * (1 + SURPRISE))
    return Band(
        start + max(min(timedelta(seconds=early), timedelta(seconds=middle) - LEAST), timedelta()),
        start + timedelta(seconds=middle),
        start + max(timedelta(seconds=late), timedelta(seconds=middle) + LEAST),
    )
