"""Measured: where each delivered fix is against corridor, fences and way, for the baselines.

The geometry is the same for all; only what is made of it differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import shapely

from bench.detection.orders import Vehicle
from bench.detection.scenes import outside_m
from domain.geodesy import distance_m, local_xy
from domain.positions import Position


class Seen(NamedTuple):
    """A fix in the order of receipt. `inside`: warehouses of the route whose fence holds it."""

    position: Position
    outside_m: float
    inside: frozenset[str]
    along_m: float


def measure(vehicle: Vehicle) -> list[Seen]:
    """Every delivery of the vehicle, duplicates included."""
    lat = np.array([p.lat_deg for p in vehicle.deliveries])
    lon = np.array([p.lon_deg for p in vehicle.deliveries])
    outside = outside_m(vehicle.road, lat, lon).tolist()
    inside: list[set[str]] = [set() for _ in outside]
    for place in vehicle.road.facilities:
        for i in np.flatnonzero(_contains(place, lat, lon)).tolist():
            inside[i].add(place["id"])
    along = _along(vehicle, lat, lon).tolist()
    return [
        Seen(position, out, frozenset(places), far)
        for position, out, places, far in zip(
            vehicle.deliveries, outside, inside, along, strict=True
        )
    ]


def _contains(place: dict[str, object], lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    fence = place["fence"]
    assert isinstance(fence, dict)
    if "radius_m" in fence:
        centre = np.array(place["lat_deg"]), np.array(place["lon_deg"])
        return np.asarray(distance_m(lat, lon, *centre) <= fence["radius_m"])
    rings = fence["polygon"]["coordinates"]
    return np.asarray(shapely.contains_xy(shapely.Polygon(rings[0], rings[1:]), lon, lat))


def _along(vehicle: Vehicle, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    lon_v, lat_v = np.array(vehicle.road.route["line"]["coordinates"]).T
    lat_0, lon_0 = np.float64(lat_v.mean()), np.float64(lon_v.mean())
    line = shapely.LineString(np.column_stack(local_xy(lat_v, lon_v, lat_0, lon_0)))
    points = shapely.points(*local_xy(lat, lon, lat_0, lon_0))
    return np.asarray(shapely.line_locate_point(line, points))


def gaps(heard: list[datetime], limit_s: float) -> Iterator[tuple[datetime, datetime]]:
    """(last heard, heard again) of every pause longer than the limit."""
    for before, after in pairwise(heard):
        if (after - before).total_seconds() > limit_s:
            yield before, after
