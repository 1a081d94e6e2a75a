"""Scenes: vehicles that are simulated together, and what is wrong with them, if anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from bench.detection.journeys import Start, travel
from bench.detection.noise import Floats
from bench.detection.orders import Orders, Truth, Vehicle
from bench.detection.roads import Road
from domain.corridors import Corridor, Corridors

# The limits by which the truth is told are those of the default rule book.
UNPLANNED_S, WRONG_WAY_M, WAYPOINT_M = 1800.0, 1000.0, 500.0
BEHIND_M, ESCORT_M, APART_S = 5000.0, 2000.0, 180.0
GAP_S = 20.0  # between two vehicles of a convoy
GRACE = timedelta(minutes=10)


class Fault(NamedTuple):
    """`begins` and `ends` in truth; `due`: when the rule's own limit is passed; `heard`: when
    the first fix or report that shows it arrived. `rules`: any of them finds it."""

    name: str
    rules: frozenset[str]
    devices: frozenset[str]
    begins: datetime
    due: datetime
    ends: datetime
    heard: datetime


@dataclass(slots=True)
class Scene:
    """Vehicles that are simulated together, and what is wrong with them, if anything."""

    vehicles: list[Vehicle]
    fault: Fault | None = None
    convoy: tuple[list[str], list[str]] | None = None  # shipments, escorts


class Setting(NamedTuple):
    """Where and when a scene plays."""

    name: str
    road: Road
    start: datetime
    rng: np.random.Generator
    interval_s: float = 30.0
    phone: bool = False


def quiet(at: Setting) -> Scene:
    """A journey on which nothing is wrong."""
    return Scene([go(at, Orders())])


def go(at: Setting, orders: Orders, suffix: str = "", shipment: bool = True) -> Vehicle:
    name = f"{at.name}{suffix}"
    shipment_id = f"S-{name}" if shipment else None
    start = Start(name, shipment_id, at.start, at.interval_s, at.phone)
    return travel(start, at.road, orders, at.rng)


def spot(at: Setting, room_m: float = 0.0) -> float:
    """A place on the way far from warehouses, waypoints and the known dead stretch."""
    road, rng = at.road, at.rng
    busy = [along for _, along in road.hubs]
    busy += [part * road.length_m for part in (0.25, 0.5, 0.75)]
    for spot in road.route["blankspots"]:
        busy += [spot["from_km"] * 1000, spot["to_km"] * 1000]
    best, best_gap = 0.5 * road.length_m, -1.0
    for along in rng.uniform(0.15, 0.8, 60) * road.length_m:
        gap = min(abs(along - other) for other in busy)
        if gap > best_gap and along + room_m < 0.95 * road.length_m:
            best, best_gap = float(along), gap
        if gap > 4000:
            break
    return best


def fault_of(  # noqa: PLR0917 - a record of what is true
    name: str,
    rules: set[str],
    vehicle: Vehicle,
    begins_s: float,
    due_s: float,
    ends_s: float,
    devices: frozenset[str] | None = None,
) -> Fault:
    begins, due, ends = (vehicle.at(seconds) for seconds in (begins_s, due_s, ends_s))
    seen = [p.received_at for p in vehicle.deliveries if p.fix_time >= due]
    heard = max(due, min(seen, default=due))
    return Fault(
        name, frozenset(rules), devices or frozenset({vehicle.device_id}), begins, due, ends, heard
    )


def reached_s(truth: Truth, along_m: float) -> float:
    return float(truth.times_s[int(np.argmax(truth.along_m >= along_m))])


def outside_m(road: Road, lat: Floats, lon: Floats) -> Floats:
    """How far the truth is outside the corridor; 0 inside."""
    line = tuple(map(tuple, road.route["line"]["coordinates"]))
    corridors = Corridors([Corridor("r", line, road.half_width_m)])
    return corridors.outside_m(np.zeros(len(lat), dtype=np.int64), lat, lon)
