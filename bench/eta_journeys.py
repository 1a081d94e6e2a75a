"""Journeys to measure the ETA on: simulated ones, and recorded ones with a plan made up."""

from __future__ import annotations

import csv
import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import shapely

from domain.geodesy import METRES_PER_DEGREE, distance_m
from domain.plan import Plan
from domain.positions import Position

START = datetime(2024, 11, 25, 0, 0, tzinfo=UTC)
LON_0, LAT_0 = 110.0, -7.0
EVERY_S = 60.0
ACCURACY_M = 10.0
ALIKE, TOWN_M = 0.7, 8000.0
PIECE_M = 4000.0  # the pace of a simulated vehicle changes about so often
SHORTEST_M, SHORTEST_FIXES = 3000.0, 40  # of a recorded trip
TRIP_GAP_S = 900.0
STAY_M = 150.0
SIMPLER_M = 30.0


class Recorded(NamedTuple):
    """A journey from its first fix to its last, which is its arrival, with its plan."""

    name: str
    plan: Plan
    positions: list[Position]


def simulated(count: int, seed: int) -> Iterator[Recorded]:
    """Journeys of 40 to 400 km over land, every fifth with a ferry in the middle.

    Made up: the plan is off by a quarter (one sigma), each piece of road by a third around
    that, like the pieces next to it (a correlation of 0.7 over 4 km); towns at both ends take
    twice the time; a stop every two hours, of 12 minutes in the median and up to two hours.
    """
    chance = random.Random(seed)
    for number in range(count):
        ferry = number % 5 == 4
        length_m = chance.uniform(40_000, 400_000)
        speed_kmh = chance.uniform(28, 60)
        legs = _legs(length_m, ferry)
        planned_s = sum((to - start) / 1000 / (v or speed_kmh) * 3600 for start, to, v in legs)
        planned_s += 3600 * 0.75 * ferry + planned_s * 0.1
        yield Recorded(
            f"simulated {number}",
            _plan(_straight(length_m), planned_s, START, ferry=ferry),
            list(_drive(chance, length_m, legs, speed_kmh)),
        )


def _legs(length_m: float, ferry: bool) -> list[tuple[float, float, float | None]]:
    """(from, to, speed of the ferry or None)."""
    if not ferry:
        return [(0.0, length_m, None)]
    port, quay = length_m * 0.4, length_m * 0.4 + min(30_000, length_m * 0.3)
    return [(0.0, port, None), (port, quay, 20.0), (quay, length_m, None)]


def _drive(
    chance: random.Random,
    length_m: float,
    legs: Sequence[tuple[float, float, float | None]],
    speed_kmh: float,
) -> Iterator[Position]:
    """Fixes of one journey; where it waits, they stay."""
    journey = math.exp(chance.gauss(0, 0.25))
    clock_s, along, mood = 0.0, 0.0, chance.gauss(0, 1)
    times, places = [0.0], [0.0]
    for start, to, ferry_kmh in legs:
        if ferry_kmh:
            clock_s += chance.expovariate(1 / 2700)  # in the queue of the port
            times.append(clock_s)
            places.append(start)
        along = start
        while along < to:
            step = min(PIECE_M, to - along)
            mood = ALIKE * mood + math.sqrt(1 - ALIKE**2) * chance.gauss(0, 1)
            town = 2.0 if min(along, length_m - along) < TOWN_M else 1.0
            piece = 1.0 if ferry_kmh else math.exp(0.33 * mood) * town
            moving_s = step / 1000 / (ferry_kmh or speed_kmh) * 3600 * journey * piece
            if not ferry_kmh and chance.random() < moving_s / 7200:
                clock_s += min(math.exp(chance.gauss(math.log(720), 0.9)), 7200.0)
                times.append(clock_s)
                places.append(along)
            along, clock_s = along + step, clock_s + moving_s
            times.append(clock_s)
            places.append(along)
    for number in range(int(clock_s // EVERY_S) + 2):
        at_s = min(number * EVERY_S, clock_s)
        place = float(np.interp(at_s, times, places))
        lon, lat = _lon_lat(place + chance.gauss(0, 6), chance.gauss(0, 6))
        yield _fix(START + timedelta(seconds=at_s + number * 1e-3), number, lon, lat)


def _straight(length_m: float) -> list[list[float]]:
    return [list(_lon_lat(length_m * n / 20, 0.0)) for n in range(21)]


def _lon_lat(x_m: float, y_m: float) -> tuple[float, float]:
    scale = METRES_PER_DEGREE * math.cos(math.radians(LAT_0))
    return LON_0 + x_m / scale, LAT_0 + y_m / METRES_PER_DEGREE


def recorded(file: Path) -> list[Recorded]:
    """Trips of a `;` separated CSV with the columns tracker, t, X, Y, cut at long gaps.

    A trip has no plan: its line is taken from the trip itself, made simpler, its time from
    the pace that the other trips had in the median.
    """
    trips = [trip for trip in _trips(file) if _is_long(trip)]
    paces = [_seconds(trip) / _length_m(trip) for trip in trips]
    found = []
    for number, trip in enumerate(trips):
        others = [pace for other, pace in enumerate(paces) if other != number] or paces
        track = shapely.LineString([(lon, lat) for _, lon, lat in trip])
        line = [list(p) for p in track.simplify(SIMPLER_M / METRES_PER_DEGREE).coords]
        planned_s = _length_m(trip) * median(others)
        positions = [_fix(t, n, lon, lat) for n, (t, lon, lat) in enumerate(trip)]
        found.append(Recorded(f"recorded {number}", _plan(line, planned_s, trip[0][0]), positions))
    return found


Trip = list[tuple[datetime, float, float]]


def _trips(file: Path) -> Iterator[Trip]:
    fixes: dict[str, Trip] = defaultdict(list)
    with file.open(encoding="utf-8-sig", newline="") as text:
        for row in csv.DictReader(text, delimiter=";"):
            time = datetime.fromisoformat(row["t"]).astimezone(UTC)
            fixes[row["tracker"]].append((time, float(row["X"]), float(row["Y"])))
    for track in fixes.values():
        track.sort()
        cuts = [
            n for n, (a, b) in enumerate(pairwise(track), start=1)
            if (b[0] - a[0]).total_seconds() > TRIP_GAP_S
        ]  # fmt: skip
        for start, end in pairwise([0, *cuts, len(track)]):
            yield _under_way(track[start:end])


def _under_way(trip: Trip) -> Trip:
    """Without the stay before the departure and the one after the arrival."""
    lon, lat = np.array([(lon, lat) for _, lon, lat in trip]).T
    away = np.flatnonzero(distance_m(lat, lon, lat[:1], lon[:1]) > STAY_M)
    first = max(int(away[0]) - 1, 0) if len(away) else 0
    there = np.flatnonzero(distance_m(lat, lon, lat[-1:], lon[-1:]) <= STAY_M)
    back = np.flatnonzero(np.diff(there, prepend=-9) > 1)
    return trip[first : int(there[back[-1]]) + 1]


def _is_long(trip: Trip) -> bool:
    return len(trip) >= SHORTEST_FIXES and _length_m(trip) >= SHORTEST_M


def _length_m(trip: Trip) -> float:
    lon, lat = np.array([(lon, lat) for _, lon, lat in trip]).T
    return float(distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]).sum())


def _seconds(trip: Trip) -> float:
    return (trip[-1][0] - trip[0][0]).total_seconds()


def _fix(time: datetime, number: int, lon: float, lat: float) -> Position:
    return Position(
        "D", time, 1, number + 1, time, lat, lon, None, None, None, ACCURACY_M, None, None, None,
        None, False, 0, False, "wire", 0,
    )  # fmt: skip


def _plan(
    line: list[list[float]], planned_s: float, start: datetime, *, ferry: bool = False
) -> Plan:
    return Plan.model_validate(
        {
            "format": "kawal-plan",
            "version": 1,
            "operation": {"id": "ETA", "name": "ETA"},
            "facilities": [_facility("FROM", line[0]), _facility("TO", line[-1])],
            "routes": [_route(line, ferry)],
            "shipments": [
                {
                    "id": "S", "direction": "DISTRIBUTION", "mode": "TRUCK", "from": "FROM",
                    "to": "TO", "route": "R", "planned_departure": start.isoformat(),
                    "planned_arrival": (start + timedelta(seconds=planned_s)).isoformat(),
                }
            ],
            "devices": [{"id": "D", "kind": "TRACKER", "name": "D", "report_interval_s": 60}],
            "assignments": [
                {"device": "D", "shipment": "S", "from": (start - timedelta(days=1)).isoformat()}
            ],
        }
    )  # fmt: skip


def _facility(name: str, at: Sequence[float]) -> dict[str, Any]:
    return {
        "id": name, "kind": "KPU_WAREHOUSE", "name": name, "region": "33.74",
        "lat_deg": at[1], "lon_deg": at[0], "fence": {"radius_m": 50},
    }  # fmt: skip


def _route(line: list[list[float]], ferry: bool) -> dict[str, Any]:
    route: dict[str, Any] = {
        "id": "R", "name": "R", "half_width_m": 1000,
        "line": {"type": "LineString", "coordinates": line},
    }  # fmt: skip
    if ferry:
        length_m = (line[-1][0] - line[0][0]) * METRES_PER_DEGREE * math.cos(math.radians(LAT_0))
        _, (_, quay, _), _ = _legs(length_m, True)
        route["waypoints"] = [
            dict(zip(("id", "lon_deg", "lat_deg"), (name, *_lon_lat(at, 0.0)), strict=True))
            for name, at in (("PORT", length_m * 0.4), ("QUAY", quay))
        ]
        route["legs"] = [
            {"mode": "TRUCK", "to": "PORT"}, {"mode": "SHIP", "to": "QUAY"}, {"mode": "TRUCK"},
        ]  # fmt: skip
    return route
