"""Deliveries: what of a journey the device records and sends, and when it arrives."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from bench.detection import noise
from bench.detection.noise import Floats, Ints
from bench.detection.orders import Orders, Truth, Vehicle
from bench.detection.roads import shift
from domain.events import DeviceEvent
from domain.positions import Position

Bools = NDArray[np.bool_]

DEAD_ZONES_PER_H, DEAD_ZONE_S = 0.25, (60.0, 1200.0)
OUTAGE_S = (60.0, 240.0)
LATENCY_S, LATENCY_SPREAD = 1.2, 0.5
DELAYED_SHARE, DELAYED_S = 0.015, (5.0, 90.0)
TWICE_SHARE, TWICE_S = 0.01, (2.0, 60.0)
LOST_SHARE = 0.003
FAST_CLOCKS, FAST_CLOCK_S = 0.01, (150.0, 400.0)
NEWEST_FIRST_SHARE = 0.2


def deliver(vehicle: Vehicle, orders: Orders, rng: np.random.Generator, *, phone: bool) -> None:
    truth, road = vehicle.truth, vehicle.road
    times = truth.times_s
    where = road.environment(truth.along_m)
    kept = _kept(times, where, orders, rng)
    times, where = times[kept], where[kept]
    starts = np.diff(times, prepend=-1e9) > 4 * vehicle.interval_s
    error = noise.make(times, where, starts, rng, phone=phone)
    lat, lon = _reported(truth, kept, error, orders, times)
    received = _receipts(vehicle, times, orders, rng)
    stamps = times + _clock(times, rng)
    dead = _within(times, [*orders.dead]) | _within_blankspot(vehicle, kept)
    speed = _reported_speed(truth.speed_kmh[kept], where, rng)
    jammed = _within(times, orders.jams)
    mock = _within(times, [orders.mock] if orders.mock else [])
    course = _courses(lat, lon)
    for i in range(len(times)):
        position = Position(
            device_id=vehicle.device_id,
            fix_time=vehicle.at(float(stamps[i])),
            epoch=1,
            seq=i + 1,
            received_at=vehicle.at(float(received[i])),
            lat_deg=round(float(lat[i]), 6),
            lon_deg=round(float(lon[i]), 6),
            speed_kmh=round(float(speed[i]), 1),
            course_deg=round(float(course[i]), 1),
            altitude_m=None,
            accuracy_m=round(float(error.accuracy_m[i]), 1),
            hdop=None,
            satellites=int(error.satellites[i]),
            battery_pct=None,
            signal_dbm=None,
            buffered=bool(dead[i]) or bool(received[i] - times[i] > 60),
            jamming=2 if jammed[i] else 0,
            mock=bool(mock[i]),
            source="wire",
            flags=0,
        )
        vehicle.deliveries.append(position)
        if rng.random() < TWICE_SHARE:
            later = timedelta(seconds=rng.uniform(*TWICE_S))
            vehicle.deliveries.append(position._replace(received_at=position.received_at + later))
    vehicle.deliveries.sort(key=lambda p: p.received_at)
    _report(vehicle, orders)


def _kept(times: Floats, where: Ints, orders: Orders, rng: np.random.Generator) -> Bools:
    """Fixes that are made at all: the receiver sees the sky and the device is on."""
    kept = rng.random(len(times)) >= LOST_SHARE
    rates = np.array([e.outages_per_h for e in noise.ENVIRONMENTS])[where]
    gaps = np.diff(times, append=times[-1:])
    for first in np.flatnonzero(rng.random(len(times)) < rates * gaps / 3600):
        kept &= ~_within(times, [(times[first], times[first] + rng.uniform(*OUTAGE_S))])
    # Of a jammed receiver two fixes in three are missing.
    kept &= ~(_within(times, orders.jams) & (rng.random(len(times)) < 0.67))
    kept &= ~_within(times, orders.off)
    kept[0] = True
    return kept


def _within(times: Floats, windows: list[tuple[float, float]]) -> Bools:
    inside = np.zeros(len(times), dtype=np.bool_)
    for start, end in windows:
        inside |= (times >= start) & (times < end)
    return inside


def _within_blankspot(vehicle: Vehicle, kept: Bools) -> Bools:
    km = vehicle.truth.along_m[kept] / 1000
    spots = vehicle.road.route["blankspots"]
    return _within(km, [(spot["from_km"], spot["to_km"]) for spot in spots])


def _reported(
    truth: Truth, kept: Bools, error: noise.Noise, orders: Orders, times: Floats
) -> tuple[Floats, Floats]:
    east, north = error.east_m.copy(), error.north_m.copy()
    jammed = _within(times, orders.jams)
    east[jammed] *= 12
    north[jammed] *= 12
    if orders.spoof:
        start, end, spoof_east, spoof_north = orders.spoof
        spoofed = _within(times, [(start, end)])
        east[spoofed] += spoof_east
        north[spoofed] += spoof_north
    lat, lon = shift(truth.lat[kept], truth.lon[kept], east, north)
    lat[error.wild], lon[error.wild] = 0.0, 0.0
    if orders.frozen:
        held = np.flatnonzero(_within(times, [orders.frozen]))
        lat[held], lon[held] = lat[held[0]], lon[held[0]]
    return lat, lon


def _reported_speed(speed: Floats, where: Ints, rng: np.random.Generator) -> Floats:
    """From the Doppler shift: good on the move, a little above zero at rest, worse in towns."""
    spurious = np.where((where == 1) & (rng.random(len(speed)) < 0.05), rng.uniform(0, 8), 0.0)
    reported: Floats = np.abs(speed + rng.normal(0, 0.7, len(speed))) + spurious
    return reported


def _courses(lat: Floats, lon: Floats) -> Floats:
    if len(lat) < 2:
        return np.zeros(len(lat))
    east = np.gradient(lon) * np.cos(np.radians(lat))
    course: Floats = np.degrees(np.arctan2(east, np.gradient(lat))) % 360
    return course


def _clock(times: Floats, rng: np.random.Generator) -> Floats:
    """Seconds that the device's clock is off: a second or two and some drift; rarely minutes."""
    off = rng.normal(0, 1.0) + times * rng.normal(0, 5e-6)
    if rng.random() < FAST_CLOCKS:
        ahead = rng.uniform(*FAST_CLOCK_S)
        off = np.where(times < rng.uniform(600, 3600), off + ahead, off)
    wrong: Floats = off
    return wrong


def _receipts(vehicle: Vehicle, times: Floats, orders: Orders, rng: np.random.Generator) -> Floats:
    received = times + rng.lognormal(np.log(LATENCY_S), LATENCY_SPREAD, len(times))
    delayed = rng.random(len(times)) < DELAYED_SHARE
    received[delayed] += rng.uniform(*DELAYED_S, int(delayed.sum()))
    for start, end in _dead_windows(vehicle, times, orders, rng):
        caught = np.flatnonzero((times >= start) & (times < end))
        queue = caught[::-1] if rng.random() < NEWEST_FIRST_SHARE else caught
        received[queue] = end + rng.uniform(2, 20) + 0.05 * np.arange(len(queue))
    return received


def _dead_windows(
    vehicle: Vehicle, times: Floats, orders: Orders, rng: np.random.Generator
) -> list[tuple[float, float]]:
    windows = list(orders.dead)
    hours = float(times[-1] - times[0]) / 3600
    for _ in range(int(rng.poisson(DEAD_ZONES_PER_H * hours))):
        start = rng.uniform(0, times[-1])
        windows.append((start, start + rng.uniform(*DEAD_ZONE_S)))
    truth = vehicle.truth
    for spot in vehicle.road.route["blankspots"]:
        inside = (truth.along_m >= spot["from_km"] * 1000) & (truth.along_m < spot["to_km"] * 1000)
        if inside.any():
            within = truth.times_s[inside]
            windows.append((float(within[0]), float(within[-1]) + 1))
    return _merged(windows)


def _merged(windows: list[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted(windows):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _report(vehicle: Vehicle, orders: Orders) -> None:
    """What the device itself reports; delivered at once, or after a dead zone."""
    for number, (seconds, kind) in enumerate(orders.reports, start=1):
        received = seconds + LATENCY_S
        for start, end in _merged(orders.dead):
            if start <= seconds < end:
                received = end + 2
        vehicle.reports.append(
            DeviceEvent(
                device_id=vehicle.device_id,
                epoch=1,
                seq=1_000_000 + number,
                kind=kind,
                event_time=vehicle.at(seconds),
                received_at=vehicle.at(received),
                buffered=received - seconds > 60,
                lat_deg=None,
                lon_deg=None,
                accuracy_m=None,
                seal_no=None,
                light_lux=None,
                battery_pct=None,
                note=None,
            )
        )
