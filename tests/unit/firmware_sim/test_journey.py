"""The truth on the road: speeds, stops, turning back, leaving the route."""

from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.journey import Journey, Motion
from firmware_sim.route import LonLat, Path, distance_m
from firmware_sim.settings import Drive, SpeedFrom, Stop
from tests.unit.firmware_sim.support import ROAD

SHORT: list[LonLat] = [(110.0, -7.0), (110.02, -7.0)]  # 2.2 km


def journey(route: list[LonLat] = ROAD, start_fraction: float = 0.0, **drive: Any) -> Journey:
    return Journey(route, Drive(**drive), Random(1), start_fraction)


def drive_on(trip: Journey, from_s: int, to_s: int) -> list[Motion]:
    return [trip.at(float(at_s)) for at_s in range(from_s, to_s)]


def test_it_dwells_drives_at_its_speed_and_parks_at_the_end() -> None:
    trip = journey(SHORT, speed_kmh=50, dwell_start_s=30, dwell_end_s=60)
    motions = drive_on(trip, 0, 400)
    assert all(m.parked and not m.moving for m in motions[:30])
    assert 45 < max(m.speed_kmh for m in motions) < 65
    assert motions[-1].parked
    assert motions[-1].point == SHORT[-1]
    moving = sum(m.moving for m in motions)
    assert 140 < moving < 240  # 2.2 km at 50 km/h take 159 s, and some for its start and stop


def test_it_never_jumps() -> None:
    trip = journey(speed_kmh=80, loop=True, stops=(Stop(at_fraction=0.3, duration_s=60),))
    trip.at(200.0)
    trip.leave_route(4_000, 120, 30, "auto")
    motions = drive_on(trip, 201, 3_000)
    steps = [distance_m(a.point, b.point) for a, b in pairwise(motions)]
    assert max(steps) < 130 / 3.6
    changes = [b.speed_kmh - a.speed_kmh for a, b in pairwise(motions)]
    assert max(changes) <= 3.7  # 1 m/s² speeding up


def test_it_slows_down_for_a_bend() -> None:
    corner: list[LonLat] = [(110.0, -7.0), (110.03, -7.0), (110.03, -6.97)]
    motions = drive_on(journey(corner, speed_kmh=70), 30, 500)
    nearest = min(motions, key=lambda m: distance_m(m.point, corner[1]))
    assert nearest.speed_kmh < 25


def test_asking_more_often_changes_nothing() -> None:
    seldom, often = journey(speed_kmh=60), journey(speed_kmh=60)
    for at_s in range(0, 2_000, 20):
        for part in (0.25, 3.5, 11.0, 19.99):
            often.at(at_s + part)
        assert seldom.at(at_s + 20.0) == often.at(at_s + 20.0)


@settings(max_examples=30)
@given(st.floats(0.0, 400.0))
def test_between_two_seconds_it_is_between_two_places(at_s: float) -> None:
    a, b, c = (journey(SHORT) for _ in range(3))
    before, at, after = a.at(float(int(at_s))), b.at(at_s), c.at(float(int(at_s)) + 1)
    assert before.point[0] - 1e-9 <= at.point[0] <= after.point[0] + 1e-9


def test_a_planned_stop_is_kept() -> None:
    trip = journey(SHORT, stops=(Stop(at_fraction=0.5, duration_s=100),))
    middle = [m for m in drive_on(trip, 0, 500) if not m.moving and not m.parked]
    assert 95 <= len(middle) <= 115
    assert Path(SHORT).point(Path(SHORT).length_m / 2) == pytest.approx(middle[50].point, abs=1e-5)


def test_the_speed_profile_counts_by_place() -> None:
    profile = (
        SpeedFrom(from_fraction=0.0, speed_kmh=30),
        SpeedFrom(from_fraction=0.5, speed_kmh=90),
    )
    trip = journey(profile=profile, speed_variation=0.0, start_fraction=0.4)
    motions = drive_on(trip, 0, 3_000)
    slow = [m.speed_kmh for m in motions if 110.41 < m.point[0] < 110.49]
    fast = [m.speed_kmh for m in motions if 110.55 < m.point[0] < 110.9]
    assert max(slow) == pytest.approx(30, abs=0.5)
    assert min(fast) == pytest.approx(90, abs=0.5)


def test_a_loop_goes_there_and_back() -> None:
    trip = journey(SHORT, speed_kmh=60, loop=True, dwell_end_s=50)
    motions = drive_on(trip, 0, 1_000)
    at_end = [s for s, m in enumerate(motions) if m.point == SHORT[-1]]
    at_start = [s for s, m in enumerate(motions) if m.point == SHORT[0] and s > 200]
    assert at_end
    assert at_start
    assert at_start[0] > at_end[0]
    back = motions[at_end[0] + 80]
    assert back.course_deg == pytest.approx(270, abs=1)


def test_without_a_loop_it_stays() -> None:
    trip = journey(SHORT, speed_kmh=60)
    assert trip.at(5_000.0).point == SHORT[-1]
    assert not trip.at(6_000.0).moving


def test_it_leaves_the_route_waits_and_returns() -> None:
    trip, path = journey(speed_kmh=60), Path(ROAD)
    trip.at(600.0)
    left_at = trip.fraction
    trip.leave_route(6_000, 120, 120, "auto")
    motions = drive_on(trip, 601, 2_000)
    away = [path.away_m(m.point) for m in motions]
    assert max(away) == pytest.approx(6_000, rel=0.02)
    assert away.index(max(away)) < 260  # 6 km at 120 km/h take 180 s, and it waits there
    waiting = [m for m in motions if not m.moving]
    assert 115 <= len(waiting) <= 130
    assert not trip.off_route
    assert max(away[-300:]) < 1.0
    assert trip.fraction > left_at


def test_after_a_detour_it_still_reaches_the_end() -> None:
    trip = journey(SHORT, speed_kmh=60)
    trip.at(90.0)
    trip.leave_route(6_000, 90, 10, "left")
    assert trip.at(3_000.0).point == SHORT[-1]
    assert trip.at(3_001.0).parked


def test_a_parked_vehicle_can_leave_too() -> None:
    trip = journey(SHORT, dwell_start_s=10_000)
    trip.at(100.0)
    trip.leave_route(3_000, 60, 0, "right")
    assert Path(SHORT).away_m(trip.at(220.0).point) > 1_000


def test_an_unplanned_stop() -> None:
    trip = journey(speed_kmh=60)
    trip.at(300.0)
    trip.stand(200)
    motions = drive_on(trip, 301, 700)
    standing = [m for m in motions if not m.moving]
    assert 195 <= len(standing) <= 215
    assert not standing[0].parked
    assert motions[-1].moving


def test_it_may_start_on_the_way() -> None:
    trip = journey(start_fraction=0.5)
    assert trip.at(0.0).point == pytest.approx((110.5, -7.0), abs=0.01)
    assert trip.at(30.0).moving
