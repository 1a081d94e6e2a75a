"""Recorded tracks: real noise, judged against a way made of another pass where there is one.

A recording has no plan. Its trips are cut at long pauses. The way of a trip is the line of an
earlier trip of the same device over the same ground, if there is one, else the smoothed line
of the trip itself, which then flatters everybody alike; the output says how many of each.
Nothing was wrong on these trips: an alarm is false unless the truth explains it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import shapely

from bench.detection.noise import Floats
from bench.detection.orders import Truth, Vehicle
from bench.detection.roads import Road
from bench.detection.scenes import Scene
from bench.detection.world import World
from cli.rules import position_of
from domain.geodesy import METRES_PER_DEGREE, distance_m, local_xy
from domain.positions import Position
from firmware_sim.track_fix import TrackFix
from firmware_sim.tracks import Columns, ReadOptions, read_tracks

PAUSE = timedelta(minutes=20)
SHORTEST = 30  # fixes
SHORTEST_M = 1000.0
HALF_WIDTH_M = 200.0
SAME_WAY_M = 150.0  # an earlier pass no further away than this is the same way
SIMPLE_M = 20.0
SMOOTH = 9
FENCE_M = 150.0
COLUMNS = Columns(time="t", lat="Y", lon="X", device="tracker")


@dataclass(slots=True)
class Trips:
    """Trips as scenes, and how the way of each was made."""

    scenes: list[Scene]
    by_earlier_pass: int = 0
    by_itself: int = 0
    fixes: int = 0
    refused: int = 0

    def worlds(self) -> Iterator[World]:
        """One world for each trip: they have nothing in common."""
        for scene in self.scenes:
            yield World([scene])


def read(files: list[Path]) -> Trips:
    """The trips of CSV files (columns tracker, t, X, Y) and of GPX files."""
    trips = Trips([])
    for file in files:
        tracks = read_tracks(file, COLUMNS, ReadOptions(timezone="UTC", device_prefix="R-"))
        trips.refused += len(tracks.refused)
        for device in tracks.devices:
            own = [fix for fix in tracks.fixes if fix.device_id == device]
            _add(trips, _cut(own))
    return trips


def _cut(fixes: list[TrackFix]) -> Iterator[list[TrackFix]]:
    trip: list[TrackFix] = fixes[:1]
    for before, after in pairwise(fixes):
        if after.fix_time - before.fix_time > PAUSE:
            yield trip
            trip = []
        trip.append(after)
    yield trip


def _add(trips: Trips, parts: Iterator[list[TrackFix]]) -> None:
    earlier: list[list[TrackFix]] = []
    for trip in parts:
        lines = _smoothed(trip)
        if len(trip) < SHORTEST or lines.length * METRES_PER_DEGREE < SHORTEST_M:
            continue
        way = next((_smoothed(other) for other in earlier if _same_way(other, trip)), None)
        if way is None:
            trips.by_itself += 1
        else:
            trips.by_earlier_pass += 1
        name = f"{trip[0].device_id}-{len(trips.scenes):03}"[:60]
        trips.scenes.append(Scene([_vehicle(name, trip, way or lines)]))
        trips.fixes += len(trip)
        earlier.append(trip)


def _smoothed(trip: list[TrackFix]) -> shapely.LineString:
    """A line in degrees: running medians take out what is wild."""
    lat = _running([fix.lat_deg for fix in trip])
    lon = _running([fix.lon_deg for fix in trip])
    line = shapely.LineString(list(zip(lon, lat, strict=True)))
    return shapely.LineString(line.simplify(SIMPLE_M / METRES_PER_DEGREE).coords)


def _running(values: list[float]) -> list[float]:
    half = SMOOTH // 2
    return [
        median(values[max(i - half, 0) : i + half + 1]) if half < i < len(values) - half else v
        for i, v in enumerate(values)
    ]


def _same_way(other: list[TrackFix], trip: list[TrackFix]) -> bool:
    """Near it everywhere, and in the same direction."""
    lat_0, lon_0 = np.float64(trip[0].lat_deg), np.float64(trip[0].lon_deg)
    lines = []
    for fixes in (other, trip):
        lat = np.array(_running([fix.lat_deg for fix in fixes]))
        lon = np.array(_running([fix.lon_deg for fix in fixes]))
        lines.append(shapely.LineString(np.column_stack(local_xy(lat, lon, lat_0, lon_0))))
    first, second = (shapely.get_coordinates(line)[[0, -1]] for line in lines)
    ends = np.hypot(*(first - second).T)
    return bool(ends.max() <= SAME_WAY_M) and lines[0].hausdorff_distance(lines[1]) <= SAME_WAY_M


def _vehicle(name: str, trip: list[TrackFix], way: shapely.LineString) -> Vehicle:
    start = trip[0].fix_time
    times = np.array([(fix.fix_time - start).total_seconds() for fix in trip])
    lat = np.array([fix.lat_deg for fix in trip])
    lon = np.array([fix.lon_deg for fix in trip])
    road = _road(name, way)
    steps = np.diff(times)
    interval_s = float(np.clip(np.median(steps) if len(steps) else 30, 1, 3600))
    truth = Truth(times, np.zeros_like(times), lat, lon, np.zeros_like(times))
    vehicle = Vehicle(name, f"S-{name}", road, start, interval_s, truth, [], [])
    vehicle.deliveries = [_received(name, fix, i) for i, fix in enumerate(trip, start=1)]
    return vehicle


def _road(name: str, way: shapely.LineString) -> Road:
    vertices = shapely.get_coordinates(way)
    scale = np.cos(np.radians(vertices[:, 1].mean()))
    pieces = np.hypot(np.diff(vertices[:, 0]) * scale, np.diff(vertices[:, 1]))
    along: Floats = np.concatenate([[0.0], np.cumsum(pieces * METRES_PER_DEGREE)])
    zeros = np.zeros_like(along)
    ends = f"{name}-A", f"{name}-B"
    apart = distance_m(*vertices[0, ::-1], *vertices[-1, ::-1])
    radius_m = min(FENCE_M, max(float(apart) / 3, 20.0))
    facilities = tuple(
        {"id": end, "kind": "KPU_WAREHOUSE", "name": end, "region": "33.74",
         "lat_deg": float(lat), "lon_deg": float(lon), "fence": {"radius_m": radius_m}}
        for end, (lon, lat) in zip(ends, vertices[[0, -1]], strict=True)
    )  # fmt: skip
    route = {
        "id": name, "name": name, "half_width_m": HALF_WIDTH_M, "waypoints": [],
        "blankspots": [], "line": {"type": "LineString", "coordinates": vertices.tolist()},
    }  # fmt: skip
    return Road(
        route, *ends, "TRUCK", along, vertices[:, 0], vertices[:, 1], zeros, zeros, zeros,
        zeros.astype(np.int64), (), facilities,
    )  # fmt: skip


def _received(name: str, fix: TrackFix, number: int) -> Position:
    soon = fix.fix_time + timedelta(seconds=1)
    return position_of(fix, number)._replace(device_id=name, received_at=soon)
