"""Driving: where a vehicle is, in truth, at the times of its reports."""

from __future__ import annotations

import numpy as np

from bench.detection.noise import Floats
from bench.detection.orders import Orders, Pace, Truth
from bench.detection.roads import SPEEDS_KMH, Road

GRID_S = 5.0
STAND_S = (900.0, 2400.0)  # loading before, unloading after
REST_PER_H, REST_S = 0.3, (240.0, 1200.0)  # none is an unplanned stop: those take half an hour
JAMS_PER_H, JAM_S, JAM_KMH = 0.25, (240.0, 900.0), (6.0, 12.0)


def pace(road: Road, length_m: float, rng: np.random.Generator) -> Pace:
    """How fast the road lets one drive: towns are slower, and now and then there is a jam."""
    cruise = SPEEDS_KMH[road.mode] / 3.6 * rng.uniform(0.85, 1.15)
    steps = int(length_m / cruise / GRID_S * 2.5) + 200
    wander = np.convolve(rng.normal(0, 1, steps + 60), np.ones(60) / 60, "valid")[:steps] * 1.2
    speed = cruise * np.clip(1 + wander, 0.4, 1.4)
    for first in np.flatnonzero(rng.random(steps) < JAMS_PER_H * GRID_S / 3600):
        last = first + int(rng.uniform(*JAM_S) / GRID_S)
        speed[first:last] = np.minimum(speed[first:last], rng.uniform(*JAM_KMH) / 3.6)
    driven = np.concatenate([[0.0], np.cumsum(speed * GRID_S)])
    where = road.environment(np.minimum(driven[:-1], road.length_m))
    driven = np.concatenate([[0.0], np.cumsum(speed * np.where(where == 1, 0.6, 1.0) * GRID_S)])
    return Pace(np.arange(len(driven), dtype=np.float64) * GRID_S, driven)


def drive(road: Road, orders: Orders, rng: np.random.Generator, interval_s: float) -> Truth:
    end_m = road.length_m if orders.ends_at_m is None else orders.ends_at_m
    driven_to = end_m + (2 * orders.turn[1] if orders.turn else 0.0)
    way = orders.pace or pace(road, driven_to, rng)
    drive_s = float(np.interp(driven_to, way.driven_m, way.times_s))
    loading_s = rng.uniform(*STAND_S) if orders.stand_s is None else orders.stand_s
    stops = [(0.0, loading_s), *orders.stops]
    stops.append((driven_to, rng.uniform(*STAND_S)))
    if orders.rests:
        stops += _rests(orders, driven_to, drive_s, rng)
    clock_s, driving_s = _knots(sorted(stops), way, drive_s)
    times = np.arange(0.0, clock_s[-1], interval_s) + rng.uniform(0, 1)
    inner = np.interp(times, clock_s, driving_s)
    driven = np.interp(inner, way.times_s, way.driven_m)
    moving = np.interp(times + 1, clock_s, driving_s) > inner + 0.5
    ahead = np.interp(inner + GRID_S, way.times_s, way.driven_m) - driven
    speed = np.where(moving, ahead / GRID_S * 3.6, 0.0)
    along = _along(np.minimum(driven, driven_to), orders)
    lat, lon = road.place(along, _aside(road, along, orders))
    return Truth(times, along, lat, lon, speed)


def _rests(
    orders: Orders, length_m: float, drive_s: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Short stops by the road, none of them next to a stop that was ordered."""
    found: list[tuple[float, float]] = []
    for _ in range(int(rng.poisson(REST_PER_H * drive_s / 3600))):
        at = rng.uniform(0.05, 0.95) * length_m
        if all(abs(at - other) > 3000 for other, _ in [*orders.stops, *found]):
            found.append((at, rng.uniform(*REST_S)))
    return found


def _knots(stops: list[tuple[float, float]], way: Pace, drive_s: float) -> tuple[Floats, Floats]:
    """Seconds of the clock against seconds of driving: a stop lets only the first go on."""
    clock, driving, waited = [0.0], [0.0], 0.0
    for at, seconds in stops:
        reached = float(np.interp(at, way.driven_m, way.times_s))
        clock += [reached + waited, reached + waited + seconds]
        driving += [reached, reached + 1e-6]
        waited += seconds
    return np.array([*clock, drive_s + waited + 1]), np.array([*driving, drive_s + 1e-3])


def _along(driven: Floats, orders: Orders) -> Floats:
    if orders.turn is None:
        return driven
    at, back = orders.turn
    returning = np.where(driven < at + back, 2 * at - driven, driven - 2 * back)
    return np.where(driven < at, driven, returning)


def _aside(road: Road, along: Floats, orders: Orders) -> Floats:
    aside = np.zeros_like(along)
    for start, end, beside in orders.aside:
        ramp = max(600.0, abs(beside))
        share = np.clip(np.minimum(along - start, end - along) / ramp, 0, 1)
        aside += share * (beside - road.side_swing_m(along))
    return aside
