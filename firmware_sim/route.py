"""Geometry of a route: metres along it, and a smooth way off it and back."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asin, atan2, cos, degrees, hypot, radians, sin, sqrt
from typing import Literal

LonLat = tuple[float, float]
"""Longitude and latitude in degrees, WGS 84."""

EastNorth = tuple[float, float]
"""Metres east and north of some origin."""

Side = Literal["auto", "left", "right"]

EARTH_RADIUS_M = 6_371_008.8  # mean radius R1 of the GRS 80 ellipsoid (IUGG)
DETOUR_POINTS = 24
LEAVE_SHARPLY = 0.3  # how long a leaving vehicle still follows the line, to the way off


def distance_m(a: LonLat, b: LonLat) -> float:
    """Great-circle distance (haversine on the mean sphere)."""
    lon_a, lat_a, lon_b, lat_b = (radians(x) for x in (*a, *b))
    h = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(h)))


def course_deg(a: LonLat, b: LonLat) -> float:
    """Initial course from `a` to `b`, 0 <= x < 360 from true north."""
    lon_a, lat_a, lon_b, lat_b = (radians(x) for x in (*a, *b))
    east = sin(lon_b - lon_a) * cos(lat_b)
    north = cos(lat_a) * sin(lat_b) - sin(lat_a) * cos(lat_b) * cos(lon_b - lon_a)
    return degrees(atan2(east, north)) % 360.0


def turn_deg(a_deg: float, b_deg: float) -> float:
    """Angle between two courses, 0..180."""
    return abs((b_deg - a_deg + 180.0) % 360.0 - 180.0)


def moved(point: LonLat, east_m: float, north_m: float) -> LonLat:
    """The point that lies so far east and north (local plane; fine to about 100 km)."""
    lon, lat = point
    d_lat = degrees(north_m / EARTH_RADIUS_M)
    d_lon = degrees(east_m / (EARTH_RADIUS_M * max(1e-6, cos(radians(lat)))))
    return lon + d_lon, lat + d_lat


def plane_m(origin: LonLat, point: LonLat) -> EastNorth:
    """East and north of `point` from `origin` in metres; the inverse of `moved`."""
    east = radians(point[0] - origin[0]) * EARTH_RADIUS_M * cos(radians(origin[1]))
    return east, radians(point[1] - origin[1]) * EARTH_RADIUS_M


class Path:
    """A line of two or more vertices, measured in metres from its first.

    Raises ValueError when fewer than two different vertices are given.
    """

    def __init__(self, vertices: Sequence[LonLat]) -> None:
        self.vertices = [vertices[0], *(b for a, b in pairwise(vertices) if a != b)]
        if len(self.vertices) < 2:
            raise ValueError("route: needs two different vertices")
        self.at_m = [0.0]
        for a, b in pairwise(self.vertices):
            self.at_m.append(self.at_m[-1] + distance_m(a, b))
        self.courses = [course_deg(a, b) for a, b in pairwise(self.vertices)]

    @property
    def length_m(self) -> float:
        """Length of the whole line."""
        return self.at_m[-1]

    def _segment(self, along_m: float) -> int:
        return min(max(bisect_right(self.at_m, along_m) - 1, 0), len(self.courses) - 1)

    def point(self, along_m: float) -> LonLat:
        """The point `along_m` metres from the start, held to the line's ends."""
        i = self._segment(along_m)
        span_m = self.at_m[i + 1] - self.at_m[i]
        part = min(1.0, max(0.0, (along_m - self.at_m[i]) / span_m)) if span_m else 0.0
        (lon_a, lat_a), (lon_b, lat_b) = self.vertices[i], self.vertices[i + 1]
        return lon_a + part * (lon_b - lon_a), lat_a + part * (lat_b - lat_a)

    def course(self, along_m: float) -> float:
        """Course of the line there."""
        return self.courses[self._segment(along_m)]

    def after(self, along_m: float) -> list[LonLat]:
        """The rest of the line from there on (at least its last vertex)."""
        ahead = [v for v, at in zip(self.vertices, self.at_m, strict=True) if at > along_m]
        return [self.point(along_m), *ahead]

    def away_m(self, point: LonLat) -> float:
        """Distance of a point from the line (local plane around the point)."""
        flat = [plane_m(point, v) for v in self.vertices]
        return min(_to_segment_m(a, b) for a, b in pairwise(flat))


def _to_segment_m(a: EastNorth, b: EastNorth) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    part = min(1.0, max(0.0, -(a[0] * dx + a[1] * dy) / square)) if square else 0.0
    return hypot(a[0] + part * dx, a[1] + part * dy)


@dataclass(frozen=True, slots=True)
class Detour:
    """A way off the line: `out` to its far end, `back` to the line at `rejoin_m`."""

    out: list[LonLat]
    back: list[LonLat]
    rejoin_m: float


def detour(path: Path, at_m: float, off_m: float, side: Side = "auto") -> Detour:
    """Leave `path` at `at_m` sideways to `off_m` metres and come back further on.

    Both halves are Hermite curves, tangent to the line, so a vehicle can drive them.
    `auto` takes the side whose far end lies farther from the whole line.
    """
    start = path.point(at_m)
    heading = radians(path.course(at_m))
    forward = (sin(heading), cos(heading))
    far, across = _far_end(path, start, forward, off_m, side)
    rejoin_m = min(path.length_m, at_m + off_m / 2)
    end_course = radians(path.course(rejoin_m))
    onward = (sin(end_course), cos(end_course))
    end = plane_m(start, path.point(rejoin_m))
    out = _curve((0.0, 0.0), _scaled(forward, LEAVE_SHARPLY * off_m), far, _scaled(across, off_m))
    back = _curve(far, _scaled(across, -off_m), end, _scaled(onward, LEAVE_SHARPLY * off_m))
    return Detour(
        [moved(start, *p) for p in out],
        [moved(start, *p) for p in back[:-1]] + [path.point(rejoin_m)],
        rejoin_m,
    )


def _far_end(
    path: Path, start: LonLat, forward: EastNorth, off_m: float, side: Side
) -> tuple[EastNorth, EastNorth]:
    def end(across: EastNorth) -> EastNorth:
        return off_m * (across[0] + forward[0] / 4), off_m * (across[1] + forward[1] / 4)

    left, right = (-forward[1], forward[0]), (forward[1], -forward[0])
    if side == "auto":
        away = {s: path.away_m(moved(start, *end(s))) for s in (left, right)}
        across = max((left, right), key=lambda s: away[s])
    else:
        across = left if side == "left" else right
    return end(across), across


def _scaled(way: EastNorth, by: float) -> EastNorth:
    return way[0] * by, way[1] * by


def _curve(a: EastNorth, a_way: EastNorth, b: EastNorth, b_way: EastNorth) -> list[EastNorth]:
    """Cubic Hermite from `a` to `b` with the given tangents at its ends (metres)."""
    points = []
    for k in range(DETOUR_POINTS + 1):
        u = k / DETOUR_POINTS
        h00, h10 = 2 * u**3 - 3 * u**2 + 1, u**3 - 2 * u**2 + u
        h01, h11 = 3 * u**2 - 2 * u**3, u**3 - u**2
        points.append(
            (
                h00 * a[0] + h10 * a_way[0] + h01 * b[0] + h11 * b_way[0],
                h00 * a[1] + h10 * a_way[1] + h01 * b[1] + h11 * b_way[1],
            )
        )
    return points
