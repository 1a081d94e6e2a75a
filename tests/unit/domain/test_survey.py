"""The survey: which journey a device is on at a time, and what is measured around a fix."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.corridors import Corridor
from domain.geofences import Geofence
from domain.journeys import Journey
from domain.positions import Flag, Position
from domain.settings import Rules
from domain.survey import Stage, Survey

START = datetime(2024, 11, 26, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
RULES = Rules()
FENCES = [
    Geofence("FROM", -7.0, 110.0, radius_m=300),
    Geofence("TO", -7.0, 111.0, radius_m=300),
    Geofence("YARD", -7.0, 111.0, radius_m=5000),
]
CORRIDORS = [
    Corridor("NORTH", ((110.0, -6.5), (111.0, -6.5)), 500.0),
    Corridor("SOUTH", ((110.0, -7.0), (111.0, -7.0)), 2000.0),
]


def journey(name: str, route_id: str | None = "SOUTH") -> Journey:
    return Journey(name, "TRUCK", "FROM", "TO", route_id, 2000.0)


# Until and the next from are one moment; after that there is a gap, and then no end.
FIRST = Stage(START, START + HOUR, journey("FIRST"))
SECOND = Stage(START + HOUR, START + 2 * HOUR, journey("SECOND", "NORTH"))
LAST = Stage(START + 5 * HOUR, None, journey("LAST", None))
STAGES = {"D-1": [LAST, FIRST, SECOND], "D-2": [Stage(START, None, journey("OTHER"))]}
SURVEY = Survey(FENCES, CORRIDORS, STAGES, RULES)


def fix(hours: float = 0.5, lon: float = 110.5, lat: float = -7.0, **other: Any) -> Position:
    time = START + hours * HOUR
    position = Position(
        "D-1", time, 1, 1, time, lat, lon, None, None, None, 8.0, None, None, None, None, False,
        0, False, "wire", 0,
    )  # fmt: skip
    return position._replace(**other)


@pytest.mark.parametrize(
    ("at", "name"),
    [
        (START - TICK, None),
        (START, "FIRST"),
        (START + HOUR - TICK, "FIRST"),
        (START + HOUR, "SECOND"),
        (START + 2 * HOUR - TICK, "SECOND"),
        (START + 2 * HOUR, None),
        (START + 5 * HOUR - TICK, None),
        (START + 5 * HOUR, "LAST"),
        (START + 9999 * HOUR, "LAST"),
    ],
)
def test_an_assignment_holds_from_its_beginning_until_just_before_its_end(
    at: datetime, name: str | None
) -> None:
    found = SURVEY.journey("D-1", at)
    assert (found.shipment_id if found else None) == name


def test_who_is_in_no_plan_is_on_no_journey() -> None:
    assert SURVEY.journey("STRANGER", START) is None
    assert Survey([], [], {"D-1": []}, RULES).journey("D-1", START) is None


def test_a_fix_is_measured_against_the_corridor_of_the_journey_of_its_time() -> None:
    on_road, off_road = fix(0.5), fix(0.5, lat=-7.03)
    later = fix(1.5)
    unassigned, no_route = fix(3), fix(6)
    found = SURVEY.observe([on_road, off_road, later, unassigned, no_route])
    assert [seen.position for seen in found] == [on_road, off_road, later, unassigned, no_route]
    assert [seen.journey and seen.journey.shipment_id for seen in found] == [
        "FIRST", "FIRST", "SECOND", None, "LAST",
    ]  # fmt: skip
    outside = [seen.outside_m for seen in found]
    assert outside[0] == 0
    assert outside[1] == pytest.approx(0.03 * 111_195 - 2000, abs=1)
    assert outside[2] == pytest.approx(0.5 * 111_195 - 500, abs=10)
    assert outside[3:] == [None, None]


def test_a_clock_that_runs_ahead_counts_for_its_receipt() -> None:
    """By its own time it would be on another journey."""
    ahead = fix(1.5, received_at=START + 0.5 * HOUR, flags=int(Flag.FUTURE))
    (seen,) = SURVEY.observe([ahead])
    assert seen.time == START + 0.5 * HOUR
    assert seen.journey == FIRST.journey


def test_every_fence_within_reach_is_told_with_the_signed_distance() -> None:
    reach_m = RULES.fence_margin_m + RULES.max_accuracy_m
    metre = 1 / 111_195
    inside, near, far = (
        fix(lon=111.0), fix(lat=-7 - (5000 + reach_m - 20) * metre, lon=111.0),
        fix(lat=-7 - (5000 + reach_m + 20) * metre, lon=111.0),
    )  # fmt: skip
    found = [dict(seen.fences) for seen in SURVEY.observe([inside, near, far])]
    assert found[0] == pytest.approx({"TO": -300, "YARD": -5000}, abs=1)
    assert found[1] == pytest.approx({"YARD": reach_m - 20}, abs=2)
    assert found[2] == {}


def test_without_fences_corridors_or_fixes_there_is_nothing_to_measure() -> None:
    empty = Survey([], [], STAGES, RULES)
    (seen,) = empty.observe([fix()])
    assert (seen.journey, seen.outside_m, seen.fences) == (FIRST.journey, None, ())
    assert SURVEY.observe([]) == []
    assert empty.observe([]) == []


def test_a_journey_whose_route_is_not_there_is_measured_against_none() -> None:
    survey = Survey([], CORRIDORS, {"D-1": [Stage(START, None, journey("X", "GONE"))]}, RULES)
    (seen,) = survey.observe([fix()])
    assert seen.outside_m is None


fixes = st.builds(
    fix,
    st.floats(-1, 7),
    st.floats(109.9, 111.1),
    st.floats(-7.1, -6.4),
    device_id=st.sampled_from(["D-1", "D-2", "STRANGER"]),
)


@given(st.lists(fixes, max_size=8))
def test_in_bulk_is_as_one_by_one(positions: list[Position]) -> None:
    assert SURVEY.observe(positions) == [SURVEY.observe([one])[0] for one in positions]


def test_ports_and_places_without_coverage_are_known_where_they_are_near() -> None:
    fences = [
        Geofence("HARBOUR", -7.0, 110.0, radius_m=300, is_port=True),
        Geofence("TPS", -7.0, 110.001, radius_m=100, is_blankspot=True),
        Geofence("SHED", -7.0, 110.0, radius_m=300),
    ]
    survey = Survey(fences, [], {}, RULES)
    here, away = survey.observe([fix(lon=110.0), fix(lon=110.3)])
    assert here.ports == ("HARBOUR",)
    assert away.ports == ()
    ((place, signed_m),) = survey.unheard(-7.0, 110.001)
    assert place == "TPS"
    assert signed_m == pytest.approx(-100)
    assert survey.unheard(-7.0, 110.3) == []


def test_an_assignment_goes_on_where_its_rules_change() -> None:
    again = Stage(START + 2 * HOUR, START + 4 * HOUR, journey("SECOND", "NORTH"))
    later = Stage(START + 6 * HOUR, None, journey("SECOND", "NORTH"))
    survey = Survey([], [], {"D-1": [FIRST, SECOND, again, later]}, RULES)
    assert survey.assigned_since("D-1", START) == START
    assert survey.assigned_since("D-1", START + 3 * HOUR) == START + HOUR
    assert survey.assigned_since("D-1", START + 5 * HOUR) is None
    assert survey.assigned_since("D-1", START + 7 * HOUR) == START + 6 * HOUR
    assert survey.assigned_since("NOBODY", START) is None
