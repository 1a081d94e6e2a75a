"""Drives along a road in metres, seen by a receiver: for rules about progress."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from domain.chart import chart
from domain.events import Event
from domain.geodesy import METRES_PER_DEGREE
from domain.plan import Plan
from domain.positions import Position
from domain.rules import fold
from domain.settings import Rules
from domain.states import DeviceState
from domain.survey import Survey

START = datetime(2024, 11, 26, 0, 0, tzinfo=UTC)
LAT_0, LON_0 = -7.0, 110.0
FAR_OFF = 40_000.0  # of facilities that are to play no part

Point = tuple[float, float]


def lon_lat(x_m: float, y_m: float) -> list[float]:
    """The place so many metres east and north of the origin."""
    scale = METRES_PER_DEGREE * math.cos(math.radians(LAT_0))
    return [LON_0 + x_m / scale, LAT_0 + y_m / METRES_PER_DEGREE]


def plan(
    road: Sequence[Point],
    *,
    hours: float = 10.0,
    backwards: bool = False,
    mode: str = "TRUCK",
    half_width_m: float = 2000.0,
    places: Sequence[dict[str, Any]] = (),
    **route: Any,
) -> Plan:
    """One shipment over `road`, from its start to its end; its facilities are FROM and TO."""
    ends = [road[-1], road[0]] if backwards else [road[0], road[-1]]
    facilities = [place("FROM", ends[0]), place("TO", ends[1]), *places]
    line = {"type": "LineString", "coordinates": [lon_lat(*vertex) for vertex in road]}
    return Plan.model_validate(
        {
            "format": "kawal-plan",
            "version": 1,
            "operation": {"id": "UJI", "name": "Uji"},
            "facilities": facilities,
            "routes": [
                {"id": "R", "name": "R", "half_width_m": half_width_m, "line": line, **route}
            ],
            "shipments": [
                {
                    "id": "S", "direction": "DISTRIBUTION", "mode": mode, "from": "FROM",
                    "to": "TO", "route": "R", "planned_departure": START.isoformat(),
                    "planned_arrival": (START + timedelta(hours=hours)).isoformat(),
                }
            ],
            "devices": [{"id": "D", "kind": "TRACKER", "name": "D", "report_interval_s": 30}],
            "assignments": [
                {"device": "D", "shipment": "S", "from": (START - timedelta(days=9)).isoformat()}
            ],
        }
    )  # fmt: skip


def place(name: str, at: Point, radius_m: float = 100.0, kind: str = "KPU_WAREHOUSE") -> Any:
    """A facility of a plan document."""
    lon, lat = lon_lat(*at)
    return {
        "id": name, "kind": kind, "name": name, "region": "33.74", "lat_deg": lat,
        "lon_deg": lon, "fence": {"radius_m": radius_m},
    }  # fmt: skip


def fix(seconds: float, at: Point, accuracy_m: float = 10.0, **other: Any) -> Position:
    """A fix, so many seconds after the start."""
    time, seq = START + timedelta(seconds=seconds), round(seconds * 1000) + 1
    lon, lat = lon_lat(*at)
    position = Position(
        "D", time, 1, seq, time, lat, lon, None, 40.0, None, accuracy_m, None, None, None, None,
        False, 0, False, "wire", 0,
    )  # fmt: skip
    return position._replace(**other)


class Road:
    """A polyline that one can be so many metres along."""

    def __init__(self, vertices: Sequence[Point]) -> None:
        self.vertices = list(vertices)
        steps = np.hypot(*np.diff(np.array(vertices), axis=0).T)
        self._at = np.concatenate([[0.0], np.cumsum(steps)])
        self.length_m = float(self._at[-1])

    def point(self, along_m: float) -> Point:
        """Where that is."""
        x = np.interp(along_m, self._at, [v[0] for v in self.vertices])
        y = np.interp(along_m, self._at, [v[1] for v in self.vertices])
        return float(x), float(y)


def jittered(at: Point, accuracy_m: float, chance: random.Random) -> Point:
    """Somewhere in the error circle."""
    angle, away = chance.uniform(0, 2 * math.pi), accuracy_m * math.sqrt(chance.random())
    return at[0] + away * math.cos(angle), at[1] + away * math.sin(angle)


def drive(
    road: Road,
    alongs: Sequence[float],
    *,
    every_s: float = 30.0,
    accuracy_m: float = 10.0,
    noise: float = 1.0,
    start_s: float = 0.0,
    chance: random.Random | None = None,
) -> list[Position]:
    """Fixes at those places of the road; `noise`: how much of the error circle is used."""
    chance = chance or random.Random(1)
    return [
        fix(
            start_s + number * every_s,
            jittered(road.point(along), accuracy_m * noise, chance),
            accuracy_m,
        )
        for number, along in enumerate(alongs)
    ]


def steps(from_m: float, to_m: float, step_m: float = 400.0) -> list[float]:
    """Places from one to the other, either way."""
    count = max(round(abs(to_m - from_m) / step_m), 1)
    return [from_m + (to_m - from_m) * n / count for n in range(count + 1)]


def run(
    survey: Survey | Plan, positions: Sequence[Position], rules: Rules | None = None
) -> tuple[DeviceState, list[Event]]:
    """What the rules make of it."""
    rules = rules or Rules()
    drawn = chart(survey, rules) if isinstance(survey, Plan) else survey
    state, events, _ = fold(DeviceState(), drawn.observe(positions), rules)
    return state, events


def states(
    survey: Survey | Plan, positions: Sequence[Position], rules: Rules | None = None
) -> Iterator[tuple[DeviceState, list[Event]]]:
    """The state after each fix, and the events that it decided."""
    rules = rules or Rules()
    drawn = chart(survey, rules) if isinstance(survey, Plan) else survey
    state = DeviceState()
    for seen in drawn.observe(positions):
        state, events, _ = fold(state, [seen], rules)
        yield state, events


def told(events: Sequence[Event], *kinds: str) -> list[str]:
    """The kinds of those events that are of `kinds`, in order."""
    return [event.kind for event in events if event.kind in kinds]
