"""Stops and trips: a wandering receiver makes none, a vehicle that stands makes one."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.events import Event
from domain.geodesy import apart_m, distance_m
from domain.rules import fold
from domain.states import DeviceState, order
from tests.support.standing import RULES, at, drive, fix, of, parked, survey, told

HOUR = 3600
MOTION = ("stop_started", "stop_ended", "trip_started", "trip_ended")
ACCURACIES = st.floats(5, 60)


def motion(events: list[Event]) -> list[str]:
    return [event.kind for event in of(events, *MOTION)]


def test_from_stop_to_stop_is_a_trip_with_its_numbers() -> None:
    events = told([
        *parked(0, 600, Random(1)),
        *drive(600, 4200, 0.0),
        *parked(4200, 5400, Random(2), east_m=60_000),
    ], journey=None)  # fmt: skip
    assert motion(events) == [
        "stop_started", "stop_ended", "trip_started", "trip_ended", "stop_started"
    ]  # fmt: skip
    started, ended, trip, trip_ended, again = of(events, *MOTION)
    assert started.event_time == at(0)
    assert started.decided_at == at(300)
    assert ended.event_time == trip.event_time
    assert at(560) <= ended.event_time <= at(620)
    assert ended.numbers["stood_s"] == (ended.event_time - at(0)).total_seconds()
    assert trip_ended.event_time == again.event_time == at(4200)
    assert trip_ended.numbers["distance_m"] == pytest.approx(60_000, rel=0.01)
    assert trip_ended.numbers["duration_s"] == (at(4200) - trip.event_time).total_seconds()
    assert trip_ended.numbers["mean_speed_kmh"] == pytest.approx(60, abs=1.5)


def test_how_far_it_came_since_the_last_stop_is_told_when_it_goes_on() -> None:
    events = told([
        *parked(0, 600, Random(1)),
        *drive(600, 1200, 0.0),
        *parked(1200, 2400, Random(2), east_m=10_000),
        *drive(2400, 3000, 10_000.0),
    ])  # fmt: skip
    first, second = of(events, "stop_ended")
    assert first.numbers["since_last_stop_m"] == 0
    assert second.numbers["since_last_stop_m"] == pytest.approx(10_000, rel=0.02)


def test_a_short_halt_is_no_stop() -> None:
    events = told([
        *drive(0, 600, 0.0),
        *parked(600, 840, Random(3), east_m=10_000),
        *drive(840, 1500, 10_000.0),
    ])  # fmt: skip
    assert motion(events) == ["trip_started"]


@pytest.mark.parametrize("speeds", [True, False])
def test_crawling_in_a_jam_is_not_standing(speeds: bool) -> None:
    kmh = 2.5
    jam = [fix(s, s * kmh / 3.6, speed_kmh=kmh if speeds else None) for s in range(0, 2 * HOUR, 20)]
    assert motion(told(jam)) == ["trip_started"]


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32),
    ACCURACIES,
    st.sampled_from([20, 60, 300]),
    st.booleans(),
)
def test_parked_for_twelve_hours_is_one_stop(
    seed: int, accuracy_m: float, every: int, speeds: bool
) -> None:
    positions = parked(
        0, 12 * HOUR, Random(seed), accuracy_m=accuracy_m, every=every, speeds=speeds,
        multipath=0.02,
    )  # fmt: skip
    assert motion(told(positions, journey=None)) == ["stop_started"]


def test_two_wild_fixes_in_a_row_end_no_stop_and_three_do() -> None:
    still = parked(0, 1200, Random(4))
    wild = [fix(1200 + 20 * i, 500 + 5 * i, speed_kmh=0) for i in range(3)]
    after = parked(1260, 2400, Random(5))
    assert motion(told([*still, *wild[:2], *after])) == ["stop_started"]
    assert "stop_ended" in motion(told([*still, *wild, *after]))


@pytest.mark.parametrize("gap_s", [HOUR, 20 * HOUR])
def test_a_gap_with_the_same_place_on_both_sides_is_standing(gap_s: int) -> None:
    positions = [
        fix(0, speed_kmh=0), fix(20, 3, speed_kmh=0), *parked(gap_s, gap_s + 100, Random(6))
    ]  # fmt: skip
    events = told(positions, journey=None)
    assert motion(events) == ["stop_started"]
    assert events[0].event_time == at(0)
    assert events[0].decided_at == at(gap_s)


def test_a_gap_with_another_place_behind_it_hides_when_the_stop_ended() -> None:
    events = told([
        *parked(0, 1200, Random(7)),
        *parked(1200 + HOUR, 1200 + 2 * HOUR, Random(8), east_m=9_000),
    ], journey=None)  # fmt: skip
    assert motion(events) == [
        "stop_started", "stop_ended", "trip_started", "trip_ended", "stop_started"
    ]  # fmt: skip
    (ended,) = of(events, "stop_ended")
    assert ended.event_time == at(1180)
    assert ended.numbers["gap_s"] == HOUR + 20
    assert of(events, "stop_started")[1].event_time == at(1200 + HOUR)


def test_jitter_is_not_added_up_to_a_way() -> None:
    noisy = [fix(s, s * 60 / 3.6, Random(s).gauss(0, 5), speed_kmh=60) for s in range(0, HOUR, 2)]
    events = told([
        *parked(-600, 0, Random(9)), *noisy, *parked(HOUR, HOUR + 600, Random(10), east_m=60_000)
    ], journey=None)  # fmt: skip
    (trip,) = of(events, "trip_ended")
    assert trip.numbers["distance_m"] == pytest.approx(60_000, rel=0.03)


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.floats(5, 30), st.sampled_from([10, 20, 60]), st.booleans())
def test_a_stop_begins_at_its_first_fix(
    seed: int, accuracy_m: float, every: int, speeds: bool
) -> None:
    """To within a few fixes where the receiver does not say how fast it is."""
    rng = Random(seed)
    positions = [
        *drive(0, 600, 0.0, every=every),
        *parked(600, 3000, rng, east_m=10_000, accuracy_m=accuracy_m, every=every, speeds=speeds),
    ]  # fmt: skip
    (started,) = of(told(positions), "stop_started")
    begun_s = (started.event_time - at(600)).total_seconds()
    assert begun_s == 0 if speeds else -every <= begun_s <= 4 * every


@hypothesis_settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_a_restart_from_a_snapshot_goes_on_the_same(seed: int, data: st.DataObject) -> None:
    """The state is stored as JSON and read back anywhere in between."""
    rng = Random(seed)
    items = sorted(survey().observe([
        *parked(0, 700, rng, multipath=0.1),
        *drive(700, 1400, 0.0),
        *parked(1400, 4000, rng, east_m=11_000, multipath=0.1),
        *drive(4000, 4400, 11_000.0),
    ]), key=order)  # fmt: skip
    cut = data.draw(st.integers(0, len(items)))
    before, events, _ = fold(DeviceState(), items[:cut], RULES)
    stored = TypeAdapter(DeviceState)
    again = stored.validate_json(stored.dump_json(before))
    assert again == before
    more = fold(again, items[cut:], RULES)[1]
    assert [*events, *more] == fold(DeviceState(), items, RULES)[1]


@given(
    st.floats(-12, 8), st.floats(94, 142), st.floats(-0.01, 0.01), st.floats(-0.01, 0.01)
)  # fmt: skip
def test_one_distance_is_as_that_of_arrays(
    lat: float, lon: float, north: float, east: float
) -> None:
    arrays = distance_m(*(np.array([v]) for v in (lat, lon, lat + north, lon + east)))
    found = apart_m(lat, lon, lat + north, lon + east)
    assert found == pytest.approx(arrays[0], rel=1e-4, abs=0.01)
