"""Fixes in metres around a point, for rules about standing and going."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import atan2, cos, hypot, pi, sin
from random import Random

from domain.events import Event
from domain.geodesy import METRES_PER_DEGREE
from domain.geofences import Geofence
from domain.journeys import Journey
from domain.positions import Position
from domain.rules import fold
from domain.settings import Rules
from domain.states import DeviceState, order
from domain.survey import Stage, Survey

START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
JOURNEY = Journey("SHP-1", "TRUCK", "FROM", "TO", None, 0.0)
RULES = Rules()
LAT, LON = -7.0, 110.0  # the origin: on the road, far from every fence
EAST_M_PER_DEGREE = METRES_PER_DEGREE * cos(LAT * pi / 180)
FENCES = [
    Geofence("FROM", LAT, LON - 50_000 / EAST_M_PER_DEGREE, radius_m=300),
    Geofence("PORT", LAT, LON + 20_000 / EAST_M_PER_DEGREE, radius_m=300, is_port=True),
    Geofence("TO", LAT, LON + 50_000 / EAST_M_PER_DEGREE, radius_m=300),
]


def at(seconds: float) -> datetime:
    """So many seconds after START."""
    return START + timedelta(seconds=seconds)


def fix(
    seconds: float,
    east_m: float = 0.0,
    north_m: float = 0.0,
    *,
    speed_kmh: float | None = None,
    accuracy_m: float = 8.0,
    delay_s: float = 1.0,
) -> Position:
    """A fix so many metres from the origin."""
    time = at(seconds)
    lat, lon = LAT + north_m / METRES_PER_DEGREE, LON + east_m / EAST_M_PER_DEGREE
    return Position(
        "D-1", time, 1, round(seconds * 10) + 1, time + timedelta(seconds=delay_s), lat, lon,
        speed_kmh, None, None, accuracy_m, None, None, None, None, delay_s > 60, 0, False,
        "wire", 0,
    )  # fmt: skip


def drive(
    start: float, end: float, from_m: float, kmh: float = 60.0, every: float = 20.0
) -> list[Position]:
    """Due east at a steady speed, from `from_m` at `start`; the end is left out."""
    count = int((end - start) / every)
    return [
        fix(start + i * every, from_m + i * every * kmh / 3.6, speed_kmh=kmh) for i in range(count)
    ]


def parked(
    start: float,
    end: float,
    rng: Random,
    *,
    east_m: float = 0.0,
    accuracy_m: float = 8.0,
    every: float = 20.0,
    speeds: bool = True,
    multipath: float = 0.0,
) -> list[Position]:
    """A receiver that lies still: errors of the accuracy that it tells, and with the
    probability `multipath` a single fix 50 to 100 m to one side that does not tell."""
    found, seconds, since_wild = [], start, 0
    while seconds < end:
        off_m = hypot(rng.gauss(), rng.gauss()) * accuracy_m / 1.51
        since_wild += 1
        if since_wild > 3 and rng.random() < multipath:
            off_m += rng.uniform(50, 100)
            since_wild = 0
        angle = atan2(rng.gauss(), rng.gauss())
        found.append(
            fix(
                seconds,
                east_m + off_m * cos(angle),
                off_m * sin(angle),
                speed_kmh=abs(rng.gauss(0, 0.5)) if speeds else None,
                accuracy_m=accuracy_m,
            )
        )
        seconds += every
    return found


def survey(
    journey: Journey | None = JOURNEY, since: float = -3600, fences: Sequence[Geofence] = FENCES
) -> Survey:
    """With the device on `journey` since then."""
    stages = {} if journey is None else {"D-1": [Stage(at(since), None, journey)]}
    return Survey(fences, [], stages, RULES)


def told(
    positions: Iterable[Position], journey: Journey | None = JOURNEY, rules: Rules = RULES
) -> list[Event]:
    """What the rules find in fixes, in whatever order they are given."""
    items = sorted(survey(journey).observe(list(positions)), key=order)
    return fold(DeviceState(), items, rules)[1]


def of(events: Iterable[Event], *kinds: str) -> list[Event]:
    """Those of the given kinds."""
    return [event for event in events if event.kind in kinds]
