"""Corridors: how far each fix is outside the strip along its route, and how far along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
import shapely.ops
from numpy.typing import NDArray

from domain.chainage import Lines, Runs
from domain.geodesy import Floats, local_xy

Ints = NDArray[np.int64]


class Strip(NamedTuple):
    """A piece of a corridor with a width of its own, in metres along the line."""

    from_m: float
    to_m: float
    half_width_m: float


@dataclass(frozen=True, slots=True)
class Corridor:
    """A line of (lon, lat) vertices in degrees, and half the strip's width in metres.

    `strips`, where given, cover the line from its start to its end.
    """

    route_id: str
    line: tuple[tuple[float, float], ...]
    half_width_m: float
    strips: tuple[Strip, ...] = ()


class Measured(NamedTuple):
    """Fixes against their corridors.

    `outside_m`, shape (n,). `runs`: where the fixes inside may be along the line. Of those
    outside, by `off`: the half width that `outside_m` counts from, and how far along the line
    the nearest of it is.
    """

    outside_m: Floats
    runs: Runs
    off: Ints
    half_width_m: Floats
    along_m: Floats


class Corridors:
    """All corridors, each in metres around its own middle."""

    def __init__(self, corridors: Sequence[Corridor], accuracy_m: float = 0.0) -> None:
        """`accuracy_m`: the largest error circle that a fix is asked for with."""
        self.index = {corridor.route_id: i for i, corridor in enumerate(corridors)}
        flat = [flattened(corridor.line) for corridor in corridors]
        self._lon_0 = np.array([f.lon_0 for f in flat], dtype=np.float64)
        self._lat_0 = np.array([f.lat_0 for f in flat], dtype=np.float64)
        self._pieces = _Pieces(corridors, [f.xy for f in flat])
        self._strips = self._pieces.united()
        shapely.prepare(self._strips)
        reach_m = self._pieces.widest_m + accuracy_m
        self._whole = np.array([shapely.LineString(f.xy) for f in flat], dtype=object)
        self._lines = Lines([f.xy for f in flat], reach_m)

    def outside_m(self, route: Ints, lat: Floats, lon: Floats) -> Floats:
        """Metres from each fix to the strip of its route; 0 inside.

        `route`: index of each fix's corridor, shape (n,); `lat`, `lon`: degrees.
        """
        return self.measure(route, lat, lon, np.zeros(len(route))).outside_m

    def measure(self, route: Ints, lat: Floats, lon: Floats, accuracy_m: Floats) -> Measured:
        """Outside, and along. The prepared strip answers most fixes; only the others need a
        distance, and only those inside are asked how far along they are."""
        x, y = local_xy(lat, lon, self._lat_0[route], self._lon_0[route])
        outside, inside = np.zeros(len(route)), shapely.contains_xy(self._strips[route], x, y)
        off = np.flatnonzero(~inside)
        if not off.size:
            runs = self._lines.runs(route, x, y, accuracy_m)
            return Measured(outside, runs, off, outside[:0], outside[:0])
        outside[off], half_width = self._pieces.outside(route[off], x[off], y[off])
        along = shapely.line_locate_point(self._whole[route[off]], shapely.points(x[off], y[off]))
        on = np.flatnonzero(inside)
        runs = self._lines.runs(route[on], x[on], y[on], accuracy_m[on])
        return Measured(outside, runs._replace(fix=on[runs.fix]), off, half_width, along)


class _Pieces:
    """The lines in pieces of one width each; most lines are one piece."""

    def __init__(self, corridors: Sequence[Corridor], lines: Sequence[Floats]) -> None:
        cut = [_cut(corridor, line) for corridor, line in zip(corridors, lines, strict=True)]
        self._count = np.array([len(pieces) for pieces in cut], dtype=np.int64)
        self._first = np.cumsum(self._count) - self._count
        self._lines = np.array([line for pieces in cut for line, _ in pieces], dtype=object)
        self._half_width_m = np.array([width for pieces in cut for _, width in pieces])
        self.widest_m = np.array([max(width for _, width in pieces) for pieces in cut])

    def united(self) -> NDArray[np.object_]:
        """The strip of each corridor."""
        strips = shapely.buffer(self._lines, self._half_width_m)
        if len(strips) == len(self._count):
            return np.asarray(strips)
        parts = np.split(strips, self._first[1:])
        return np.array([shapely.union_all(part) for part in parts], dtype=object)

    def outside(self, route: Ints, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Metres to the nearest strip of each fix's corridor, and half that strip's width."""
        points = np.asarray(shapely.points(x, y))
        best, width = np.full(len(route), np.inf), np.zeros(len(route))
        for nth in range(int(self._count[route].max())):
            fix = np.flatnonzero(self._count[route] > nth)
            piece = self._first[route[fix]] + nth
            away = shapely.distance(self._lines[piece], points[fix]) - self._half_width_m[piece]
            nearer = away < best[fix]
            best[fix[nearer]] = away[nearer]
            width[fix[nearer]] = self._half_width_m[piece[nearer]]
        # The strip's round ends are polygons: never below zero for a fix on its edge.
        return np.maximum(best, 0.0), width


class Flat(NamedTuple):
    """A line in metres around its own middle; `xy` has shape (n, 2)."""

    xy: Floats
    lon_0: float
    lat_0: float


def flattened(line: Sequence[tuple[float, float]]) -> Flat:
    """The projection in which everything along a line is measured."""
    vertices = np.array(line, dtype=np.float64).reshape(-1, 2)
    lon_0, lat_0 = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    xy = np.column_stack(local_xy(vertices[:, 1], vertices[:, 0], lat_0, lon_0))
    return Flat(xy, float(lon_0), float(lat_0))


def _cut(corridor: Corridor, line: Floats) -> list[tuple[shapely.Geometry, float]]:
    whole = shapely.LineString(line)
    if not corridor.strips:
        return [(whole, corridor.half_width_m)]
    return [
        (shapely.ops.substring(whole, strip.from_m, strip.to_m), strip.half_width_m)
        for strip in corridor.strips
    ]
