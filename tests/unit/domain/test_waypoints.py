"""Waypoints: passed, skipped, passed unseen, visited late."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import Event
from domain.positions import Position
from tests.support.roads import (
    Point,
    Road,
    drive,
    fix,
    lon_lat,
    place,
    plan,
    run,
    steps,
    told,
)

KINDS = ("waypoint_passed", "waypoint_skipped", "waypoint_unseen", "waypoint_visited_late")
ROAD = Road([(0, 0), (60_000, 0)])


def waypoint(name: str, at: Point, **more: Any) -> dict[str, Any]:
    lon, lat = lon_lat(*at)
    return {"id": name, "name": f"Pos {name}", "lat_deg": lat, "lon_deg": lon, **more}


A, B = waypoint("A", (20_000, 0)), waypoint("B", (30_000, 0))
OFF = waypoint("OFF", (20_000, 1500))  # in the corridor, and not on the road


def events_of(positions: list[Position], *waypoints: dict[str, Any], **more: Any) -> list[Event]:
    _, events = run(plan(ROAD.vertices, waypoints=list(waypoints), **more), positions)
    return [event for event in events if event.kind in KINDS]


def test_on_the_road_each_is_passed_once() -> None:
    events = events_of(drive(ROAD, steps(0, 59_000)), A, B)
    assert [(e.kind, e.ordinal) for e in events] == [
        ("waypoint_passed", "A"), ("waypoint_passed", "B"),
    ]  # fmt: skip
    assert events[0].numbers["waypoint"] == "Pos A"
    assert events[0].alert_key is None


def test_passed_between_two_fixes_is_passed() -> None:
    """Fixes 3 km apart: the line between them goes through it."""
    positions = drive(ROAD, steps(0, 59_000, 3000), every_s=120)
    assert [e.kind for e in events_of(positions, A, B)] == ["waypoint_passed"] * 2


def test_gone_by_is_skipped_with_the_numbers_and_a_late_visit_clears_it() -> None:
    there = drive(ROAD, steps(0, 26_000))
    skipped = events_of(there, OFF, A)
    assert [(e.kind, e.ordinal) for e in skipped] == [
        ("waypoint_passed", "A"), ("waypoint_skipped", "OFF"),
    ]  # fmt: skip
    found = skipped[1]
    assert found.numbers["distance_m"] == pytest.approx(1500, abs=12)
    assert found.numbers["radius_m"] == 500
    aside = [fix(len(there) * 30.0 + 60 * n, (26_000 - n * 1000, 300 * n)) for n in range(1, 7)]
    events = events_of([*there, *aside], OFF, A)
    assert [e.kind for e in events[2:]] == ["waypoint_visited_late"]
    assert events[2].alert_key == found.alert_key


def test_two_skipped_waypoints_are_two_alerts() -> None:
    other = waypoint("OTHER", (24_000, -1500))
    events = events_of(drive(ROAD, steps(0, 40_000)), OFF, other)
    assert [e.kind for e in events] == ["waypoint_skipped"] * 2
    assert len({e.alert_key for e in events}) == 2


def test_what_a_gap_may_have_hidden_is_a_fact_without_an_alert() -> None:
    before = drive(ROAD, steps(0, 18_000))
    after = drive(ROAD, steps(23_000, 28_000), start_s=len(before) * 30 + 900)
    events = events_of([*before, *after], OFF)
    assert [e.kind for e in events] == ["waypoint_unseen"]
    assert events[0].alert_key is None


def test_a_shorter_gap_hides_nothing() -> None:
    before = drive(ROAD, steps(0, 18_000))
    after = drive(ROAD, steps(23_000, 28_000), start_s=len(before) * 30 + 400)
    assert [e.kind for e in events_of([*before, *after], OFF)] == ["waypoint_skipped"]


def test_the_fence_of_a_facility_counts() -> None:
    yard = place("YARD", (20_000, 1500), radius_m=300)
    at_yard = [{"id": "Y", "facility": "YARD"}]
    road = Road([(0, 0), (19_000, 0), (20_000, 1500), (21_000, 0), (60_000, 0)])
    line = plan(ROAD.vertices, places=[yard], waypoints=at_yard)
    for driven, kind in ((road, "waypoint_passed"), (ROAD, "waypoint_skipped")):
        _, events = run(line, drive(driven, steps(0, 30_000, 200)))
        assert told(events, *KINDS) == [kind]
        (event,) = (e for e in events if e.kind in KINDS)
        assert event.facility_id == "YARD"


def test_what_lay_behind_at_the_first_fix_is_nobodys_to_see() -> None:
    assert events_of(drive(ROAD, steps(35_000, 50_000)), OFF, B) == []


def test_skipped_shortly_before_the_end_is_told_at_the_arrival() -> None:
    late = waypoint("L", (58_500, 1700))
    positions = [
        *drive(ROAD, steps(0, 60_000)),
        *[fix(6000 + 30 * n, (60_000, 0)) for n in (0, 1, 2)],
    ]
    events = events_of(positions, late)
    assert [e.kind for e in events] == ["waypoint_skipped"]


def test_a_detour_outside_the_corridor_that_leaves_it_out_is_seen() -> None:
    detour = Road([(0, 0), (15_000, 0), (15_000, 4000), (25_000, 4000), (25_000, 0), (60_000, 0)])
    assert [e.kind for e in events_of(drive(detour, steps(0, 40_000)), A)] == ["waypoint_skipped"]


@given(
    st.lists(st.tuples(st.floats(1000, 8000), st.floats(-2000, 2000)), min_size=2, max_size=8),
    st.sampled_from([5.0, 40.0, 150.0]), st.integers(0, 9999), st.floats(50, 1500),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_who_drives_the_road_skips_nothing(
    parts: list[tuple[float, float]], accuracy_m: float, seed: int, step_m: float
) -> None:
    vertices: list[Point] = [(0.0, 0.0)]
    for east, north in parts:
        vertices.append((vertices[-1][0] + east, vertices[-1][1] + north))
    road, chance = Road(vertices), random.Random(seed)
    places = sorted(chance.uniform(0, road.length_m) for _ in range(4))
    waypoints = [waypoint(f"W{n}", road.point(at)) for n, at in enumerate(places)]
    positions = drive(road, steps(0, road.length_m, step_m), accuracy_m=accuracy_m, chance=chance)
    _, events = run(plan(road.vertices, waypoints=waypoints), positions)
    assert "waypoint_skipped" not in told(events, *KINDS)
    assert "waypoint_unseen" not in told(events, *KINDS)
