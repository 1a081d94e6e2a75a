"""Convoys: vehicles that travel together, and those that do not."""

from __future__ import annotations

import numpy as np

from bench.detection.driving import pace
from bench.detection.noise import Floats
from bench.detection.orders import Orders, Pace, Vehicle
from bench.detection.scenes import (
    APART_S,
    BEHIND_M,
    ESCORT_M,
    GAP_S,
    Scene,
    Setting,
    fault_of,
    go,
    spot,
)
from domain.geodesy import distance_m


def quiet_convoy(at: Setting) -> Scene:
    """Three vehicles and an escort that stay together."""
    vehicles, convoy = _convoy(at, {})
    return Scene(vehicles, None, convoy)


def _convoy(
    at: Setting, stops: dict[int, tuple[float, float]]
) -> tuple[list[Vehicle], tuple[list[str], list[str]]]:
    """Three vehicles and, at the head, an escort; `stops` are of single ones."""
    way = pace(at.road, at.road.length_m, at.rng)
    rest = [(spot(at) * 0.3, at.rng.uniform(300, 900))]
    vehicles = []
    for i in range(4):
        orders = Orders(stops=[*rest], rests=False, stand_s=1200 + GAP_S * i, pace=Pace(*way))
        if i in stops:
            orders.stops.append(stops[i])
        vehicles.append(go(at, orders, f"-{i}", shipment=i > 0))
    shipments = [v.shipment_id for v in vehicles if v.shipment_id]
    return vehicles, (shipments, [vehicles[0].device_id])


def _apart(at: Setting, who: int, limit_m: float, name: str, rules: set[str]) -> Scene:
    place, seconds = spot(at, 15_000), at.rng.uniform(20, 27) * 60
    vehicles, convoy = _convoy(at, {who: (place, seconds)})
    gaps = [_gap_m(vehicles[who], other) for i, other in enumerate(vehicles) if i not in (who, 0)]
    apart = vehicles[who].truth.times_s[np.min(gaps, axis=0) > limit_m]
    begins = float(apart[0]) if len(apart) else 0.0
    ends = float(apart[-1]) if len(apart) else 0.0
    fault = fault_of(name, rules, vehicles[who], begins, begins + APART_S, ends,
                   frozenset(v.device_id for v in vehicles))  # fmt: skip
    return Scene(vehicles, fault, convoy)


def _gap_m(one: Vehicle, other: Vehicle) -> Floats:
    lat = np.interp(one.truth.times_s, other.truth.times_s, other.truth.lat)
    lon = np.interp(one.truth.times_s, other.truth.times_s, other.truth.lon)
    return distance_m(one.truth.lat, one.truth.lon, lat, lon)


def left_behind(at: Setting) -> Scene:
    """The last of a convoy stands for 20 to 27 minutes while the others go on."""
    return _apart(at, 3, BEHIND_M, "convoy: one left behind", {"CONVOY_SPLIT"})


def escort_lost(at: Setting) -> Scene:
    """The escort stands while the convoy goes on."""
    return _apart(at, 0, ESCORT_M, "convoy: escort lost", {"ESCORT_LOST"})
