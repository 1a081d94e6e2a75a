"""Progress along the way: per cent, hairpins, and who goes the wrong way."""

from __future__ import annotations

import math
import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chart import chart
from domain.rules import fold
from domain.settings import Rules
from domain.states import DeviceState
from tests.support.roads import (
    START,
    Point,
    Road,
    drive,
    fix,
    plan,
    run,
    states,
    steps,
    told,
)

TURNS = ("wrong_way", "right_way")
STRAIGHT = Road([(0, 0), (40_000, 0)])
# Ten strands of 4 km, 150 m apart: a road up a mountain.
HAIRPINS = Road(
    [point for n in range(5) for point in [(0, 300 * n), (4000, 300 * n),
                                           (4000, 300 * n + 150), (0, 300 * n + 150)]]
)  # fmt: skip
OUT_AND_BACK = Road([(0, 0), (20_000, 0), (1000, 0)])


def truly_along(road: Road, alongs: list[float], accuracy_m: float, slack_m: float) -> list[str]:
    """Drive, and hold the progress against the truth all the time."""
    found = []
    positions = drive(road, alongs, accuracy_m=accuracy_m)
    for (state, events), along in zip(states(plan(road.vertices), positions), alongs, strict=True):
        found += [event.kind for event in events]
        if not state.arrived:
            assert state.progress.along_m == pytest.approx(along, abs=slack_m)
    return found


def test_progress_is_metres_from_the_start_in_the_direction_of_travel() -> None:
    ahead, _ = run(plan(STRAIGHT.vertices), drive(STRAIGHT, steps(0, 10_000)))
    assert ahead.progress.along_m == pytest.approx(10_000, abs=15)
    back, _ = run(
        plan(STRAIGHT.vertices, backwards=True), drive(STRAIGHT, steps(40_000, 30_000, 1000))
    )
    assert back.progress.along_m == pytest.approx(10_000, abs=15)
    assert back.progress.reached_at == START + timedelta(seconds=300)


def test_without_a_route_or_outside_its_corridor_there_is_no_progress() -> None:
    state, _ = run(plan(STRAIGHT.vertices), [fix(0, (10_000, 5000))])
    assert state.progress.along_m is None
    kept, _ = run(plan(STRAIGHT.vertices), [fix(0, (10_000, 0)), fix(600, (11_000, 5000))])
    assert kept.progress.along_m == pytest.approx(10_000, abs=1)
    assert kept.progress.at is not None
    assert kept.progress.at.time == START + timedelta(seconds=600)


@pytest.mark.parametrize(("road", "slack_m"), [(HAIRPINS, 120), (OUT_AND_BACK, 350)])
def test_where_the_road_comes_close_to_itself_progress_does_not_jump(
    road: Road, slack_m: float
) -> None:
    alongs = steps(0, road.length_m - 200, 100)
    found = truly_along(road, alongs, 25.0, slack_m)
    assert not {"wrong_way", "waypoint_skipped"} & {*found}


def test_a_stand_beside_another_strand_is_no_progress() -> None:
    alongs = [*steps(0, 9000, 200), *[9000.0] * 300, *steps(9000, 20_000, 200)]
    assert "wrong_way" not in truly_along(HAIRPINS, alongs, 60.0, 200)


def test_who_turns_back_is_told_once_and_cleared_when_it_goes_on() -> None:
    alongs = [*steps(0, 20_000), *steps(20_000, 17_000), *steps(17_000, 30_000)]
    _, events = run(plan(STRAIGHT.vertices), drive(STRAIGHT, alongs))
    assert told(events, *TURNS) == ["wrong_way", "right_way"]
    wrong, right = (event for event in events if event.kind in TURNS)
    assert wrong.numbers["total_m"] == 40_000
    assert wrong.numbers["furthest_m"] == pytest.approx(20_000, abs=450)
    assert 1000 <= float(wrong.numbers["back_m"] or 0) <= 2200
    assert wrong.numbers["accuracy_m"] == 10.0
    assert right.event_time > wrong.event_time
    assert wrong.meaning is not None
    assert right.alert_key == wrong.alert_key


def test_twice_back_is_told_twice_and_measured_from_where_it_turned() -> None:
    alongs = [
        *steps(0, 20_000), *steps(20_000, 15_000), *steps(15_000, 17_000), *steps(17_000, 14_000),
    ]  # fmt: skip
    _, events = run(plan(STRAIGHT.vertices), drive(STRAIGHT, alongs))
    assert told(events, *TURNS) == ["wrong_way", "right_way", "wrong_way"]


def test_a_short_way_back_a_wild_fix_and_a_wide_circle_are_no_turning_back() -> None:
    short = [*steps(0, 20_000), *steps(20_000, 19_200), *steps(19_200, 25_000)]
    wild = [fix(s * 30, (20_000 + (1500 if s == 5 else 0), 0)) for s in range(30)]
    blurred = [fix(s * 30, (20_000 - 1400 * (s > 9), 0), accuracy_m=250) for s in range(30)]
    for positions in (drive(STRAIGHT, short), wild, blurred):
        _, events = run(plan(STRAIGHT.vertices), positions)
        assert told(events, *TURNS) == []


def test_a_ship_may_manoeuvre_three_times_as_far() -> None:
    alongs = [*steps(0, 20_000, 200), *steps(20_000, 17_500, 200)]
    positions = drive(STRAIGHT, alongs)
    _, by_ship = run(plan(STRAIGHT.vertices, mode="SHIP"), positions)
    _, by_road = run(plan(STRAIGHT.vertices), positions)
    assert (told(by_ship, *TURNS), told(by_road, *TURNS)) == ([], ["wrong_way"])


def test_after_the_arrival_the_way_back_is_nobodys_business_until_it_starts_again() -> None:
    there, back = steps(0, 40_000), steps(40_000, 0)
    alongs = [*[0.0] * 4, *there, *[40_000.0] * 4, *back, *[0.0] * 4, *steps(0, 20_000)]
    positions = drive(STRAIGHT, alongs, noise=0)
    state, events = run(plan(STRAIGHT.vertices), positions)
    assert told(events, *TURNS) == []
    assert state.progress.again
    assert state.progress.along_m == pytest.approx(20_000, abs=1)
    turned = [*alongs, *steps(20_000, 15_000)]
    _, events = run(plan(STRAIGHT.vertices), drive(STRAIGHT, turned, noise=0))
    assert told(events, *TURNS) == ["wrong_way"]


def test_an_arrival_ends_the_wrong_way() -> None:
    """The end is near, as the crow flies, and so is a fence."""
    loop = Road([(0, 0), (10_000, 0), (10_000, 10_000), (0, 10_000), (0, 300)])
    alongs = [*steps(0, 5000, 200), *steps(5000, 2000, 200)]
    seconds = 30.0 * len(alongs)
    arrived = [fix(seconds + 300 + 30 * n, (0, 300)) for n in range(4)]
    _, events = run(plan(loop.vertices), [*drive(loop, alongs), *arrived])
    assert told(events, "wrong_way", "right_way", "shipment_arrived") == [
        "wrong_way", "shipment_arrived", "right_way",
    ]  # fmt: skip


# --- any road -----------------------------------------------------------------------------

legs = st.lists(st.tuples(st.floats(300, 6000), st.floats(0, 2 * math.pi)), min_size=1, max_size=12)


def road_of(parts: list[tuple[float, float]]) -> Road:
    x, y = 0.0, 0.0
    vertices: list[Point] = [(x, y)]
    for length, angle in parts:
        x, y = x + length * math.cos(angle), y + length * math.sin(angle)
        vertices.append((x, y))
    return Road(vertices)


@given(legs, st.sampled_from([5.0, 30.0, 120.0]), st.integers(0, 10_000), st.booleans())
@settings(max_examples=60, deadline=None)
def test_jitter_along_any_road_turns_nobody_round(
    parts: list[tuple[float, float]], accuracy_m: float, seed: int, backwards: bool
) -> None:
    road, chance = road_of(parts), random.Random(seed)
    alongs = steps(0, road.length_m, chance.uniform(20, 900))
    if backwards:
        alongs.reverse()
    positions = drive(road, alongs, accuracy_m=accuracy_m, chance=chance)
    _, events = run(plan(road.vertices, backwards=backwards), positions)
    assert told(events, *TURNS) == []


def test_a_road_that_leaves_its_line_at_a_hairpin_turns_nobody_round() -> None:
    """Half a kilometre beside it the other strand is nearer: the line leaps, not the lorry."""
    line = [(0, 0), (6000, 0), (6000, 1000), (0, 1000), (0, 9000)]
    road = [(150.0 * step, 0.0 if abs(step - 20) > 3 else 560.0) for step in range(40)]
    positions = [fix(30.0 * step, at, 5.0) for step, at in enumerate(road)]
    _, events = run(plan(line), positions)
    assert told(events, *TURNS) == []


@given(
    st.floats(6000, 30_000), st.sampled_from([5.0, 30.0, 150.0]), st.integers(0, 10_000),
    st.floats(0, 3000),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_a_real_turn_back_is_always_found(
    turn_m: float, accuracy_m: float, seed: int, more_m: float
) -> None:
    chance = random.Random(seed)
    back_m = min(1000 + 3 * accuracy_m + more_m, turn_m - 1000)
    there = steps(0, turn_m, 300)
    back = steps(turn_m, turn_m - back_m, 200)
    stays = [turn_m - back_m] * 3
    alongs = [*there, *[turn_m] * 3, *back, *stays]
    positions = drive(STRAIGHT, alongs, accuracy_m=accuracy_m, noise=0.5, chance=chance)
    _, events = run(plan(STRAIGHT.vertices), positions)
    assert told(events, *TURNS) == ["wrong_way"]


@given(st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_cut_anywhere_the_fold_ends_the_same(chance: random.Random) -> None:
    alongs = [*steps(0, 9000), *steps(9000, 6000), *steps(6000, 12_000)]
    rules, survey = Rules(), chart(plan(HAIRPINS.vertices), Rules())
    seen = survey.observe(drive(HAIRPINS, alongs))
    whole, events, _ = fold(DeviceState(), seen, rules)
    cut = chance.randrange(len(seen))
    before, first, _ = fold(DeviceState(), survey.observe([s.position for s in seen[:cut]]), rules)
    after, second, _ = fold(before, survey.observe([s.position for s in seen[cut:]]), rules)
    assert (after, [*first, *second]) == (whole, events)
