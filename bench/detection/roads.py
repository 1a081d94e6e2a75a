"""Roads: the way of a plan, and the road that a vehicle really takes inside its corridor.

A plan's line is true to the hand that drew it. The road swings about it, as far as 80 % of
the corridor's half width (at most 1.2 km), so that in places it runs close to the edge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from bench.detection.noise import ENVIRONMENTS, Floats, Ints
from domain.demo import demo_plan
from domain.geodesy import METRES_PER_DEGREE

STEP_M = 25.0
SWING_SHARE, SWING_MOST_M = 0.8, 1200.0
NEIGHBOUR_EVERY = 4
WAYPOINT_PARTS = (0.25, 0.5, 0.75)
SPEEDS_KMH = {"TRUCK": 52.0, "BOX_VAN": 48.0, "OFFROAD": 35.0, "MOTORBIKE": 32.0}
STARTS = ((-6.9, 107.6), (-7.4, 110.2), (-7.9, 112.6), (-5.2, 119.6), (-10.2, 123.7), (-2.9, 104.6))
SHARES = {"JALUR-MERAUKE-SOTA": (0.45, 0.05, 0.05, 0.45)}
MIXES = ((0.65, 0.15, 0.1, 0.1), (0.4, 0.1, 0.3, 0.2), (0.5, 0.35, 0.1, 0.05))


@dataclass(frozen=True, slots=True)
class Road:
    """A route of the plan and the road beside it, every `STEP_M` metres.

    `along_m`, `lon`, `lat`: the plan's line. `east`, `north`: its unit normal. `swing_m`: how
    far the road lies to that side. `where`: the environment's index.
    """

    route: dict[str, Any]
    from_facility: str
    to_facility: str
    mode: str
    along_m: Floats
    lon: Floats
    lat: Floats
    east: Floats
    north: Floats
    swing_m: Floats
    where: Ints
    hubs: tuple[tuple[str, float], ...] = ()
    facilities: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    @property
    def length_m(self) -> float:
        """Of the plan's line."""
        return float(self.along_m[-1])

    @property
    def half_width_m(self) -> float:
        """Of the corridor."""
        return float(self.route["half_width_m"])

    def place(self, along_m: Floats, aside_m: Floats) -> tuple[Floats, Floats]:
        """(lat, lon) of where the road is at `along_m`, `aside_m` further to its normal."""
        lateral = np.interp(along_m, self.along_m, self.swing_m) + aside_m
        lat = np.interp(along_m, self.along_m, self.lat)
        lon = np.interp(along_m, self.along_m, self.lon)
        east = np.interp(along_m, self.along_m, self.east) * lateral
        north = np.interp(along_m, self.along_m, self.north) * lateral
        return shift(lat, lon, east, north)

    def environment(self, along_m: Floats) -> Ints:
        """Index of the environment at `along_m`."""
        index = np.clip((along_m / STEP_M).astype(np.int64), 0, len(self.where) - 1)
        return self.where[index]

    def side_swing_m(self, along_m: Floats) -> Floats:
        """How far aside of the plan's line the road itself is."""
        return np.interp(along_m, self.along_m, self.swing_m)


def shift(lat: Floats, lon: Floats, east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
    """(lat, lon) moved by metres."""
    return (
        lat + north_m / METRES_PER_DEGREE,
        lon + east_m / (METRES_PER_DEGREE * np.cos(np.radians(lat))),
    )


def demo_roads(rng: np.random.Generator) -> list[Road]:
    """The road routes of the demonstration."""
    plan = demo_plan(datetime(2024, 11, 26, tzinfo=UTC))
    routes = {route.id: route for route in plan.routes}
    places = {
        place.id: place.model_dump(mode="json", exclude_none=True) for place in plan.facilities
    }
    roads = []
    # One road a route: two shipments of a convoy go by the same one.
    ways = {shipment.route_id: shipment for shipment in reversed(plan.shipments)}
    for shipment in reversed(ways.values()):
        if shipment.mode not in SPEEDS_KMH or shipment.route_id is None:
            continue
        route = routes[shipment.route_id]
        ends = shipment.from_facility, shipment.to_facility
        roads.append(
            _road(
                Way(route.id, list(route.line.coordinates), route.half_width_m, shipment.mode),
                ends,
                tuple(places[name] for name in ends),
                rng,
            )
        )
    return roads


def synthetic_roads(count: int, rng: np.random.Generator) -> list[Road]:
    """Routes with narrower corridors, warehouses at the ends and two on the way."""
    return [_synthetic(number, rng) for number in range(count)]


def _synthetic(number: int, rng: np.random.Generator) -> Road:
    near_lat, near_lon = STARTS[number % len(STARTS)]
    lat, lon = near_lat + rng.uniform(-0.4, 0.4), near_lon + rng.uniform(-0.4, 0.4)
    half_width_m = (200.0, 300.0, 500.0, 1000.0)[number % 4]
    base, bend, points = rng.uniform(0, 2 * np.pi), 0.0, [(lon, lat)]
    for _ in range(int(rng.integers(20, 60))):
        bend = 0.7 * bend + rng.normal(0, 0.35)
        piece = rng.uniform(1000, 4000)
        east, north = piece * np.cos(base + bend), piece * np.sin(base + bend)
        moved = shift(np.array(points[-1][1]), np.array(points[-1][0]), east, north)
        points.append((round(float(moved[1]), 6), round(float(moved[0]), 6)))
    ends = f"BUAT-{number:02}-ASAL", f"BUAT-{number:02}-TUJUAN"
    places = tuple(
        _facility(name, place) for name, place in zip(ends, (points[0], points[-1]), strict=True)
    )
    if number % NEIGHBOUR_EVERY == 0:
        places += (_neighbour(f"BUAT-{number:02}-TETANGGA", points[0]),)
    return _road(Way(f"BUAT-{number:02}", points, half_width_m, "TRUCK"), ends, places, rng)


def _neighbour(name: str, place: tuple[float, float]) -> dict[str, Any]:
    """Another office in the same compound: its fence covers part of the sender's."""
    lon, lat = place
    return _facility(name, (round(lon + 0.001, 6), round(lat + 0.0005, 6)))


def _facility(name: str, place: tuple[float, float]) -> dict[str, Any]:
    return {
        "id": name, "kind": "KPU_WAREHOUSE", "name": name, "region": "33.74",
        "lat_deg": place[1], "lon_deg": place[0], "fence": {"radius_m": 200},
    }  # fmt: skip


class Way(NamedTuple):
    """A line of (lon, lat) that a planner drew, and what drives on it."""

    name: str
    vertices: list[tuple[float, float]]
    half_width_m: float
    mode: str


def _road(
    way: Way,
    ends: tuple[str, str],
    places: tuple[Mapping[str, Any], ...],
    rng: np.random.Generator,
) -> Road:
    name, vertices, half_width_m, mode = way
    mix = SHARES.get(name)
    along, lon, lat = _resample(np.array(vertices))
    east, north = _normals(lon, lat)
    swing = _swing(along, half_width_m, rng)
    where = _surroundings(along, mix or MIXES[int(rng.integers(len(MIXES)))], rng)
    route: dict[str, Any] = {
        "id": name, "name": name, "half_width_m": half_width_m,
        "line": {"type": "LineString", "coordinates": [list(v) for v in vertices]},
    }  # fmt: skip
    road = Road(route, *ends, mode, along, lon, lat, east, north, swing, where)
    hubs, facilities = _hubs(road, rng)
    route["waypoints"] = _waypoints(road)
    route["blankspots"] = _blankspots(road, rng)
    return Road(
        route, *ends, mode, along, lon, lat, east, north, swing, where, hubs,
        (*map(dict, places), *facilities),
    )  # fmt: skip


def _resample(vertices: Floats) -> tuple[Floats, Floats, Floats]:
    scale = np.cos(np.radians((vertices[1:, 1] + vertices[:-1, 1]) / 2))
    pieces = np.hypot(np.diff(vertices[:, 0]) * scale, np.diff(vertices[:, 1])) * METRES_PER_DEGREE
    corners = np.concatenate([[0.0], np.cumsum(pieces)])
    along = np.linspace(0, corners[-1], max(int(corners[-1] / STEP_M), 2))
    return (
        along,
        np.interp(along, corners, vertices[:, 0]),
        np.interp(along, corners, vertices[:, 1]),
    )


def _normals(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """To the left of the way, turned smoothly over the corners."""
    dx, dy = np.gradient(lon) * np.cos(np.radians(lat)), np.gradient(lat)
    width = min(41, len(lon) // 2 * 2 - 1)
    dx, dy = (_smooth(part, max(width, 1)) for part in (dx, dy))
    size = np.hypot(dx, dy)
    return -dy / size, dx / size


def _smooth(values: Floats, width: int) -> Floats:
    padded = np.pad(values, width // 2, mode="edge")
    return np.convolve(padded, np.ones(width) / width, mode="valid")


def _swing(along: Floats, half_width_m: float, rng: np.random.Generator) -> Floats:
    most = min(SWING_SHARE * half_width_m, SWING_MOST_M)
    shortest = max(1500.0, 12 * most)
    waves = np.zeros_like(along)
    for length in shortest * rng.uniform(1, 4, 6):
        waves += np.sin(2 * np.pi * along / length + rng.uniform(0, 2 * np.pi))
    ends = np.clip(np.minimum(along, along[-1] - along) / max(1500.0, 6 * most), 0, 1)
    swing: Floats = most * np.tanh(waves / 3) * ends
    return swing


def _surroundings(along: Floats, mix: tuple[float, ...], rng: np.random.Generator) -> Ints:
    """Pieces of 2 to 12 km each; towns at both ends."""
    where = np.zeros(len(along), dtype=np.int64)
    start = 0.0
    while start < along[-1]:
        end = start + rng.uniform(2000, 12_000)
        where[(along >= start) & (along < end)] = rng.choice(len(ENVIRONMENTS), p=mix)
        start = end
    where[(along < 3000) | (along > along[-1] - 3000)] = 1
    return where


def _hubs(
    road: Road, rng: np.random.Generator
) -> tuple[tuple[tuple[str, float], ...], list[dict[str, Any]]]:
    """Two warehouses on the way that the shipment has no business in: (name, along)."""
    hubs, facilities = [], []
    for number, part in enumerate((0.35, 0.7)):
        along = part * road.length_m
        aside = rng.uniform(-120, 120)
        lat, lon = road.place(np.array([along]), np.array([aside]))
        name = f"{road.route['id']}-GUDANG-{number}"
        hubs.append((name, along))
        facilities.append(_facility(name, (round(float(lon[0]), 6), round(float(lat[0]), 6))))
    return tuple(hubs), facilities


def _waypoints(road: Road) -> list[dict[str, Any]]:
    """On the road itself: a planner names a place, not a distance."""
    found = []
    for number, part in enumerate(WAYPOINT_PARTS):
        lat, lon = road.place(np.array([part * road.length_m]), np.zeros(1))
        found.append(
            {"id": f"{road.route['id']}-W{number}", "lat_deg": round(float(lat[0]), 6),
             "lon_deg": round(float(lon[0]), 6)}
        )  # fmt: skip
    return found


def _blankspots(road: Road, rng: np.random.Generator) -> list[dict[str, float]]:
    """A known stretch without coverage on longer ways."""
    if road.length_m < 40_000:
        return []
    start = rng.uniform(0.4, 0.6) * road.length_m / 1000
    return [{"from_km": round(start, 2), "to_km": round(start + rng.uniform(3, 8), 2)}]
