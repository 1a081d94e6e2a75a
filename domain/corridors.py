"""Corridors: how far each fix is outside the strip along its route."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from domain.geodesy import Floats, local_xy

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Corridor:
    """A line of (lon, lat) vertices in degrees, and half the strip's width in metres."""

    route_id: str
    line: tuple[tuple[float, float], ...]
    half_width_m: float


class Corridors:
    """All corridors, each in metres around its own middle."""

    def __init__(self, corridors: Sequence[Corridor]) -> None:
        self.index = {corridor.route_id: i for i, corridor in enumerate(corridors)}
        self.half_width_m = np.array([c.half_width_m for c in corridors], dtype=np.float64)
        vertices = [np.array(c.line, dtype=np.float64).reshape(-1, 2) for c in corridors]
        middle = [(v.min(axis=0) + v.max(axis=0)) / 2 for v in vertices]
        self._lon_0 = np.array([m[0] for m in middle], dtype=np.float64)
        self._lat_0 = np.array([m[1] for m in middle], dtype=np.float64)
        self._lines = np.array(
            [
                shapely.LineString(np.column_stack(local_xy(v[:, 1], v[:, 0], m[1], m[0])))
                for v, m in zip(vertices, middle, strict=True)
            ],
            dtype=object,
        )
        self._strips = shapely.buffer(self._lines, self.half_width_m)
        shapely.prepare(self._strips)

    def outside_m(self, route: Ints, lat: Floats, lon: Floats) -> Floats:
        """Metres from each fix to the strip of its route; 0 inside.

        `route`: index of each fix's corridor, shape (n,); `lat`, `lon`: degrees. The
        prepared strip answers most fixes; only the others need a distance.
        """
        x, y = local_xy(lat, lon, self._lat_0[route], self._lon_0[route])
        outside = np.zeros(len(route), dtype=np.float64)
        off = np.flatnonzero(~shapely.contains_xy(self._strips[route], x, y))
        if off.size:
            points = shapely.points(x[off], y[off])
            distance = shapely.distance(self._lines[route[off]], points)
            # The strip's round ends are polygons: never below zero for a fix on its edge.
            outside[off] = np.maximum(distance - self.half_width_m[route[off]], 0.0)
        return outside
