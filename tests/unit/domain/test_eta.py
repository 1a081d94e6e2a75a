"""The ETA: never silly, better than the plan or the speed of the moment, its band true."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.eta import MARKS, ask, errors
from bench.eta_journeys import simulated
from domain.chart import chart
from domain.eta import Band, arrival, expected_at
from domain.journeys import Journey
from domain.plan import Plan
from domain.positions import Position
from domain.settings import Rules
from domain.states import DeviceState, Progress
from tests.support.roads import START, Road, drive, fix, lon_lat, plan, run, states, steps

ROAD = Road([(0, 0), (100_000, 0)])
HOUR = timedelta(hours=1)


def journey_of(drawn: Plan) -> Journey:
    found = chart(drawn, Rules()).journey("D", START)
    assert found is not None
    return found


def seen(drawn: Plan, positions: list[Position]) -> tuple[DeviceState, Journey]:
    return run(drawn, positions)[0], journey_of(drawn)


def at_the_plans_pace(to_m: float, hours: float = 10.0) -> list[Position]:
    """A fix each 400 m; 100 km take so many hours."""
    return drive(ROAD, steps(0, to_m), every_s=400 / 100_000 * hours * 3600)


def sure(band: Band | None) -> Band:
    assert band is not None
    assert band.early <= band.expected <= band.late
    return band


def test_at_the_plans_pace_it_is_the_plans_arrival() -> None:
    state, journey = seen(plan(ROAD.vertices), at_the_plans_pace(50_000))
    band = sure(arrival(state.progress, journey, START + 5 * HOUR))
    assert abs(band.expected - (START + 10 * HOUR)) < timedelta(minutes=15)
    assert band.early < START + 10 * HOUR < band.late


def test_twice_as_slow_is_expected_twice_as_late() -> None:
    state, journey = seen(plan(ROAD.vertices), at_the_plans_pace(50_000, hours=20))
    band = sure(arrival(state.progress, journey, START + 10 * HOUR))
    assert START + 18 * HOUR < band.expected < START + 21 * HOUR


def test_before_the_departure_the_plan_holds_and_after_it_the_delay_counts() -> None:
    journey = journey_of(plan(ROAD.vertices))
    early = sure(arrival(Progress(), journey, START - 5 * HOUR))
    assert abs(early.expected - (START + 10 * HOUR)) < HOUR / 2
    waiting, _ = seen(plan(ROAD.vertices), [fix(s * 600, (0, 0)) for s in range(20)])
    late = sure(arrival(waiting.progress, journey, START + 3 * HOUR))
    assert late.expected - early.expected == 3 * HOUR


def test_without_a_way_or_after_the_arrival_there_is_none() -> None:
    drawn = plan(ROAD.vertices)
    assert arrival(Progress(), journey_of(drawn)._replace(way=None), START) is None
    assert arrival(Progress(), journey_of(drawn)._replace(planned_arrival=None), START) is None
    there = [*at_the_plans_pace(100_000), *[fix(40_000 + 30 * n, (100_000, 0)) for n in range(4)]]
    state, journey = seen(drawn, there)
    assert state.arrived
    assert arrival(state.progress, journey, START + 12 * HOUR) is None


def test_standing_for_hours_moves_it_later_steadily() -> None:
    positions = [
        *at_the_plans_pace(50_000),
        *[fix(5 * 3600 + 600 * n, (50_000, 0)) for n in range(1, 40)],
    ]
    journey = journey_of(plan(ROAD.vertices))
    told = []
    for (state, _), position in zip(states(plan(ROAD.vertices), positions), positions, strict=True):
        if position.fix_time > START + 5 * HOUR:
            told.append(sure(arrival(state.progress, journey, position.fix_time)))
    for before, after in pairwise(told):
        assert after.expected - before.expected == timedelta(seconds=600)


def test_one_long_stop_does_not_slow_down_the_rest_for_good() -> None:
    stop = [fix(5 * 3600 + 600 * n, (50_000, 0)) for n in range(1, 25)]
    on = drive(ROAD, steps(50_000, 60_000), every_s=144, start_s=9 * 3600)
    state, journey = seen(plan(ROAD.vertices), [*at_the_plans_pace(50_000), *stop, *on])
    band = sure(arrival(state.progress, journey, START + 10 * HOUR))
    assert START + 13.5 * HOUR < band.expected < START + 16 * HOUR


def test_it_is_counted_from_the_newest_fix_and_shown_never_before_now() -> None:
    state, journey = seen(plan(ROAD.vertices), at_the_plans_pace(50_000))
    target = 60_000.0
    soon, later = (
        sure(expected_at(state.progress, journey, target, START + hours * HOUR)) for hours in (5, 9)
    )
    assert soon == later
    assert abs(soon.expected - (START + 6 * HOUR)) < timedelta(minutes=10)
    overdue = sure(arrival(state.progress, journey, START + 40 * HOUR))
    assert overdue.expected == START + 40 * HOUR


def test_a_place_behind_is_reached() -> None:
    state, journey = seen(plan(ROAD.vertices), at_the_plans_pace(50_000))
    band = sure(expected_at(state.progress, journey, 10_000.0, START + 5 * HOUR))
    assert band.expected - (START + 5 * HOUR) < timedelta(minutes=1)


def test_a_ferry_takes_its_share_of_the_plan() -> None:
    """60 km by road and 40 km by sea: at sea the plan is slower a kilometre."""
    ports = [
        dict(zip(("id", "lon_deg", "lat_deg"), (name, *lon_lat(x, 0)), strict=True))
        for name, x in (("P", 30_000), ("Q", 70_000))
    ]
    legs = [{"mode": "TRUCK", "to": "P"}, {"mode": "SHIP", "to": "Q"}, {"mode": "TRUCK"}]
    journey = journey_of(plan(ROAD.vertices, waypoints=ports, legs=legs))

    def reached(along_m: float) -> datetime:
        return sure(expected_at(Progress(), journey, along_m, START)).expected

    by_road, by_sea = reached(30_000) - START, reached(70_000) - reached(30_000)
    assert by_sea / 40 == pytest.approx(by_road / 30 * 45 / 20, rel=0.1)


@given(st.lists(st.floats(0, 3000), min_size=5, max_size=60), st.floats(5, 3600))
@settings(max_examples=40, deadline=None)
def test_whatever_it_does_the_band_is_in_order_and_ahead(
    moves: list[float], every_s: float
) -> None:
    alongs = np.minimum(np.cumsum(moves), 99_000).tolist()
    drawn = plan(ROAD.vertices)
    journey = journey_of(drawn)
    positions = drive(ROAD, alongs, every_s=every_s)
    for (state, _), position in zip(states(drawn, positions), positions, strict=True):
        band = sure(arrival(state.progress, journey, position.fix_time))
        assert band.early >= position.fix_time
        assert band.late - band.early < timedelta(days=400)


def test_it_beats_the_plan_and_the_speed_of_the_moment_and_its_band_is_true() -> None:
    asked = [answer for journey in simulated(80, seed=3) for answer in ask(journey)]
    inside = [a.early_s <= a.true_s <= a.late_s for a in asked]
    assert 0.70 <= np.mean(inside) <= 0.90
    for mark in MARKS:
        here = [a for a in asked if a.mark == mark]
        assert len(here) == 80
        eta, by_plan, by_speed = (
            np.median(errors((told, a.true_s) for a, told in zip(here, each, strict=True)))
            for each in (
                [a.eta_s for a in here], [a.plan_s for a in here], [a.speed_s for a in here],
            )
        )  # fmt: skip
        assert eta < 0.25
        assert eta < by_plan
        assert eta < by_speed
