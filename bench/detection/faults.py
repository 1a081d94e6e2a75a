"""Faults: what is done to a journey, when it begins in truth, and which rule should say so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.detection.convoys import escort_lost, left_behind
from bench.detection.orders import Orders, Truth
from bench.detection.receivers import (
    frozen,
    jamming_area,
    jamming_one,
    mock,
    seal_cut,
    seal_opened,
    seal_opened_unseen,
    silence,
    silence_for_good,
    sos,
    sos_unseen,
    spoofed,
    teleport,
)
from bench.detection.roads import Road
from bench.detection.scenes import (
    UNPLANNED_S,
    WAYPOINT_M,
    WRONG_WAY_M,
    Scene,
    Setting,
    fault_of,
    go,
    outside_m,
    reached_s,
    spot,
)
from domain.geodesy import distance_m

# --- off the way ------------------------------------------------------------------------


def _detour(at: Setting, beyond_m: float, name: str, dead_h: tuple[float, float] | None) -> Scene:
    side = at.rng.choice([-1.0, 1.0])
    beside = side * (at.road.half_width_m + beyond_m)
    length = 2 * max(600.0, abs(beside)) + 8000
    start = spot(at, length)

    def cut_off(orders: Orders, truth: Truth) -> None:
        if dead_h:
            since = reached_s(truth, start)
            orders.dead.append((since - 60, since + 3600 * at.rng.uniform(*dead_h)))

    orders = Orders(aside=[(start, start + length, beside)], when=cut_off)
    vehicle = go(at, orders)
    truth = vehicle.truth
    out = truth.times_s[outside_m(at.road, truth.lat, truth.lon) > 0]
    begins, ends = (float(out[0]), float(out[-1])) if len(out) else (0.0, 0.0)
    fault = fault_of(name, {"CORRIDOR_DEVIATION"}, vehicle, begins, begins, ends)
    return Scene([vehicle], fault)


def detour_near(at: Setting) -> Scene:
    """120 m outside the corridor."""
    return _detour(at, 120.0, "detour, 120 m outside", None)


def detour_far(at: Setting) -> Scene:
    """3 km outside the corridor."""
    return _detour(at, 3000.0, "detour, 3 km outside", None)


def detour_unseen(at: Setting) -> Scene:
    """3 km outside, without coverage; the fixes come hours later."""
    return _detour(at, 3000.0, "detour in a dead zone, told 1-4 h late", (1.0, 4.0))


def wrong_way(at: Setting) -> Scene:
    """Turned back, for 6 km."""
    turn = spot(at, 7000)
    vehicle = go(at, Orders(turn=(turn, 6000.0)))
    truth = vehicle.truth
    top = int(np.argmax(truth.along_m >= turn - 400))
    peak = top + int(np.argmax(truth.along_m[top:] < np.maximum.accumulate(truth.along_m)[top:]))
    back = peak + int(np.argmax(truth.along_m[peak:] < turn - WRONG_WAY_M))
    ends = back + int(np.argmax(truth.along_m[back:] > turn))
    times = truth.times_s
    fault = fault_of("turned back", {"WRONG_WAY"}, vehicle, times[peak], times[back], times[ends])
    return Scene([vehicle], fault)


def skipped_waypoint(at: Setting) -> Scene:
    """By another way inside the corridor, past a waypoint at more than its radius."""
    road = at.road
    point = 0.5 * road.length_m
    swing = float(road.side_swing_m(np.array([point]))[0])
    side = -1.0 if swing > 0 else 1.0
    lat, lon = road.place(np.array([point]), np.zeros(1))
    for further_m in (400, 700, 1000):  # a bend of the road may lead back into the radius
        beside = swing + side * (WAYPOINT_M + further_m)
        vehicle = go(at, Orders(aside=[(point - 4000, point + 4000, beside)]))
        if distance_m(vehicle.truth.lat, vehicle.truth.lon, lat, lon).min() > WAYPOINT_M + 50:
            break
    passed = reached_s(vehicle.truth, point)
    due = reached_s(vehicle.truth, point + WAYPOINT_M)
    ends = float(vehicle.truth.times_s[-1])
    fault = fault_of("waypoint skipped", {"WAYPOINT_SKIPPED"}, vehicle, passed, due, ends)
    return Scene([vehicle], fault)


# --- where it stands --------------------------------------------------------------------


def wrong_destination(at: Setting) -> Scene:
    """Ends at a warehouse on the way that is not the receiver."""
    first = int(at.rng.integers(len(at.road.hubs)))
    for name, along in (*at.road.hubs[first:], *at.road.hubs[:first]):
        vehicle = go(at, Orders(ends_at_m=along))
        if _is_at(vehicle.truth, name, at.road):  # the way to it may end before its fence
            break
    arrived = reached_s(vehicle.truth, along - 1)
    ends = float(vehicle.truth.times_s[-1])
    due = arrived + 120
    fault = fault_of("wrong destination", {"WRONG_DESTINATION"}, vehicle, arrived, due, ends)
    return Scene([vehicle], fault)


def _is_at(truth: Truth, name: str, road: Road) -> bool:
    hub = next(each for each in road.facilities if each["id"] == name)
    place = np.array([hub["lat_deg"]]), np.array([hub["lon_deg"]])
    off_m = distance_m(truth.lat[-1:], truth.lon[-1:], *place)
    return float(off_m[0]) < float(hub["fence"]["radius_m"])


def unplanned_stop(at: Setting) -> Scene:
    """Stands by the road for 45 to 80 minutes."""
    place, seconds = spot(at), at.rng.uniform(45, 80) * 60
    vehicle = go(at, Orders(stops=[(place, seconds)]))
    truth = vehicle.truth
    standing = truth.times_s[np.abs(truth.along_m - place) < 1]
    begins = float(standing[0]) if len(standing) else 0.0
    fault = fault_of(
        "unplanned stop, 45-80 min",
        {"UNPLANNED_STOP"},
        vehicle,
        begins,
        begins + UNPLANNED_S,
        begins + seconds,
    )
    return Scene([vehicle], fault)


FAULTS: tuple[Callable[[Setting], Scene], ...] = (
    detour_near, detour_far, detour_unseen, wrong_way, skipped_waypoint, wrong_destination,
    unplanned_stop, seal_cut, seal_opened, seal_opened_unseen, sos, sos_unseen, silence,
    silence_for_good, spoofed, teleport, mock, frozen, jamming_one, jamming_area, left_behind,
    escort_lost,
)  # fmt: skip
