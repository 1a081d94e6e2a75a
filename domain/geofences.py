"""Geofences: how far each fix is from the boundaries around it.

Bulk over a batch: one tree query for all fixes, then one vectorised distance for all
pairs. A loop a fix would be two hundred times slower (bench/rules).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from domain.geodesy import METRES_PER_DEGREE, Floats, distance_m, local_xy

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Geofence:
    """An area around a facility: a circle, or a polygon of (lon, lat) rings in degrees.

    `is_port`: where ships or planes are waited for; `is_blankspot`: without coverage.
    """

    facility_id: str
    lat_deg: float
    lon_deg: float
    radius_m: float | None = None
    polygon: tuple[tuple[tuple[float, float], ...], ...] | None = None
    is_port: bool = False
    is_blankspot: bool = False


class Geofences:
    """An index over all fences. `reach_m` bounds how far around a fence distances are told."""

    def __init__(self, fences: Sequence[Geofence], reach_m: float) -> None:
        self.ids = [fence.facility_id for fence in fences]
        self._lat = np.array([fence.lat_deg for fence in fences], dtype=np.float64)
        self._lon = np.array([fence.lon_deg for fence in fences], dtype=np.float64)
        self._radius = np.array(
            [np.nan if fence.radius_m is None else fence.radius_m for fence in fences],
            dtype=np.float64,
        )
        self._area = np.array([_local_polygon(fence) for fence in fences], dtype=object)
        shapely.prepare(self._area)
        self._tree = shapely.STRtree([_box(fence, reach_m) for fence in fences])

    def near(self, lat: Floats, lon: Floats) -> tuple[Ints, Ints, Floats]:
        """Pairs (fix, fence) that lie within reach, and each pair's signed distance.

        `lat`, `lon`: degrees, shape (n,). Returns fix indices, fence indices and metres
        to the fence's boundary (negative inside), each of shape (pairs,), by fix.
        """
        fix, fence = self._tree.query(shapely.points(lon, lat))
        order = np.argsort(fix, kind="stable")
        fix, fence = fix[order], fence[order]
        return fix, fence, self._signed_distance(lat[fix], lon[fix], fence)

    def _signed_distance(self, lat: Floats, lon: Floats, fence: Ints) -> Floats:
        signed = distance_m(lat, lon, self._lat[fence], self._lon[fence]) - self._radius[fence]
        polygonal = np.flatnonzero(np.isnan(signed))
        if polygonal.size:
            which = fence[polygonal]
            x, y = local_xy(lat[polygonal], lon[polygonal], self._lat[which], self._lon[which])
            signed[polygonal] = _to_boundary(self._area[which], x, y)
        return signed


def signed_m(fence: Geofence, lat_deg: float, lon_deg: float) -> float:
    """Metres from one point to the boundary of one fence, negative inside."""
    alone = Geofences([fence], 0.0)
    signed = alone._signed_distance(np.array([lat_deg]), np.array([lon_deg]), np.array([0]))
    return float(signed[0])


def _to_boundary(areas: NDArray[np.object_], x: Floats, y: Floats) -> Floats:
    distance = shapely.distance(shapely.boundary(areas), shapely.points(x, y))
    return np.where(shapely.contains_xy(areas, x, y), -distance, distance)


def _local_polygon(fence: Geofence) -> shapely.Polygon | None:
    if fence.polygon is None:
        return None
    rings = []
    for ring in fence.polygon:
        lon, lat = np.array(ring, dtype=np.float64).T
        x, y = local_xy(lat, lon, np.float64(fence.lat_deg), np.float64(fence.lon_deg))
        rings.append(np.column_stack([x, y]))
    return shapely.Polygon(rings[0], rings[1:])


def _box(fence: Geofence, reach_m: float) -> shapely.Geometry:
    if fence.polygon is None:
        west = east = fence.lon_deg
        south = north = fence.lat_deg
        reach_m += fence.radius_m or 0.0
    else:
        lon, lat = np.array(fence.polygon[0], dtype=np.float64).T
        west, east, south, north = lon.min(), lon.max(), lat.min(), lat.max()
    dlat = reach_m / METRES_PER_DEGREE
    dlon = dlat / np.cos(np.radians(fence.lat_deg))
    return shapely.box(west - dlon, south - dlat, east + dlon, north + dlat)
