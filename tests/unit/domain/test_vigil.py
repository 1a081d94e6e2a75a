"""A shipment that does not get on: standing on the road, or kept at a place."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain.alerts import Severity
from domain.events import Event
from domain.journeys import Journey, Milestone, Stretch, Way
from domain.positions import Position
from domain.rules import fold
from domain.states import DeviceState
from firmware_sim.record import record
from ingest.decode import Raw, decode
from tests.support.standing import JOURNEY, LAT, RULES, at, drive, fix, of, parked, survey, told

HOUR = 3600
FROM_M, PORT_M, TO_M = -50_000.0, 20_000.0, 50_000.0
STOPS = ("unplanned_stop", "unplanned_stop_ended")
KEPT = ("detained", "detention_ended")


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def stop(
    minutes: float, seed: int = 1, *, accuracy_m: float = 8.0, every: float = 20.0,
    multipath: float = 0.0,
) -> list[Position]:  # fmt: skip
    """A drive, a stop so many minutes long that begins at 600 s, and the way on."""
    end = 600 + minutes * 60
    return [
        *drive(0, 600, -10_000.0, every=every),
        *parked(
            600, end, Random(seed), accuracy_m=accuracy_m, every=every, multipath=multipath
        ),
        *drive(end, end + 900, 300.0, every=every),
    ]  # fmt: skip


def test_a_stop_on_the_road_is_told_after_half_an_hour_and_ended_when_it_goes_on() -> None:
    unplanned, ended = of(told(stop(40)), *STOPS)
    assert (unplanned.kind, ended.kind) == STOPS
    assert unplanned.event_time == at(600 + 1800)
    assert at(2400) <= unplanned.decided_at <= at(2420)
    numbers = {"standing_s": 1800.0, "limit_s": 1800.0, "radius_m": 75.0}
    assert {name: unplanned.numbers[name] for name in numbers} == numbers
    assert 4 < float(unplanned.numbers["accuracy_m"] or 0) < 12
    assert unplanned.meaning is not None
    assert unplanned.meaning.severity is Severity.MEDIUM
    assert unplanned.alert_key == ended.alert_key == "UNPLANNED_STOP/SHP-1/D-1/-"
    assert ended.event_time == at(600 + 40 * 60 - 20)


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.floats(5, 60), st.sampled_from([10, 20, 60, 300]))
def test_a_stop_of_forty_minutes_is_always_found_within_one_report(
    seed: int, accuracy_m: float, every: int
) -> None:
    events = told(stop(40, seed, accuracy_m=accuracy_m, every=every, multipath=0.02))
    (unplanned, _) = of(events, *STOPS)
    delay = unplanned.decided_at - at(600 + 1800)
    # One fix that a reflection threw off may be the one that would have decided.
    assert timedelta(0) <= delay <= timedelta(seconds=2 * every)


def test_a_stop_of_twenty_minutes_is_none() -> None:
    assert of(told(stop(20)), *STOPS) == []


def test_without_a_shipment_a_stop_is_a_fact_alone() -> None:
    events = told(stop(40), journey=None)
    assert of(events, *STOPS) == []
    assert "stop_started" in kinds(events)


def test_crawling_in_a_jam_for_hours_rings_nobody() -> None:
    jam = [fix(s, s * 2.5 / 3.6) for s in range(0, 3 * HOUR, 20)]
    assert of(told(jam), *STOPS) == []


def test_before_its_departure_it_may_stand_anywhere() -> None:
    later = JOURNEY._replace(planned_departure=at(2 * HOUR))
    standing = parked(0, 3 * HOUR, Random(2))
    (unplanned,) = of(told(standing, later), *STOPS)
    assert unplanned.event_time == at(2 * HOUR + 1800)


def test_who_has_left_the_sender_early_has_departed() -> None:
    later = JOURNEY._replace(planned_departure=at(20 * HOUR))
    positions = [
        *parked(0, 200, Random(3), east_m=FROM_M),
        *drive(200, 1400, FROM_M),
        *parked(1400, 2 * HOUR, Random(4), east_m=FROM_M + 20_000),
    ]
    (unplanned,) = of(told(positions, later), *STOPS)
    assert at(1400 + 1800 - 20) <= unplanned.event_time <= at(1400 + 1800 + 20)


def test_a_stop_counts_from_the_assignment() -> None:
    items = survey(since=HOUR).observe(parked(0, 3 * HOUR, Random(5)))
    (unplanned,) = of(fold(DeviceState(), items, RULES)[1], *STOPS)
    assert unplanned.event_time == at(HOUR + 1800)


@pytest.mark.parametrize("mode", ["SHIP", "BOAT", "PLANE", "HELICOPTER"])
def test_a_ship_that_waits_at_sea_is_no_unplanned_stop(mode: str) -> None:
    assert of(told(stop(90), JOURNEY._replace(mode=mode)), *STOPS) == []


def test_the_arrival_ends_it() -> None:
    """It stood before the gate, then the boxes were carried in."""
    near = TO_M - 440
    positions = [
        *drive(0, 600, near - 10_000),
        *parked(600, 3000, Random(6), east_m=near, accuracy_m=5),
        *parked(3000, 3600, Random(7), east_m=TO_M - 290, accuracy_m=5),
    ]
    events = told(positions)
    unplanned, ended = of(events, *STOPS)
    (arrived,) = of(events, "shipment_arrived")
    assert ended.decided_at == arrived.decided_at
    assert unplanned.decided_at < ended.event_time


@hypothesis_settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_to_wait_right_before_a_gate_rings_nobody(seed: int) -> None:
    gate = TO_M - 320
    positions = [
        *drive(0, 600, gate - 10_000),
        *parked(600, 4 * HOUR, Random(seed), east_m=gate, multipath=0.05),
    ]
    assert of(told(positions), *STOPS) == []


def test_kept_at_a_port_for_more_than_an_hour_is_a_detention_there() -> None:
    """The port is a waypoint, so that to wait there is no arrival at the wrong place."""
    port = Milestone("W-1", "Port", 70_000.0, 300.0, LAT, 110.18, "PORT")
    journey = JOURNEY._replace(way=Way(100_000.0, (port,), (Stretch("TRUCK", 0.0, 100_000.0),)))
    positions = [
        *drive(0, 1200, 0.0),
        *parked(1200, 1200 + 90 * 60, Random(8), east_m=PORT_M),
        *drive(1200 + 90 * 60, 9000, PORT_M),
    ]
    events = told(positions, journey)
    detained, ended = of(events, *KEPT)
    (entered,) = [e for e in of(events, "fence_entered") if e.facility_id == "PORT"]
    (left,) = [e for e in of(events, "fence_left") if e.facility_id == "PORT"]
    assert detained.event_time == entered.event_time + timedelta(hours=1)
    assert detained.numbers["limit_s"] == 3600
    assert ended.event_time == left.event_time
    assert detained.alert_key == ended.alert_key == "DETENTION/SHP-1/D-1/PORT"
    assert of(events, *STOPS, "wrong_destination") == []


def test_where_it_has_no_business_the_wrong_destination_is_told_and_no_detention() -> None:
    events = told([*drive(0, 1200, 0.0), *parked(1200, 6 * HOUR, Random(9), east_m=PORT_M)])
    assert len(of(events, "wrong_destination")) == 1
    assert of(events, *KEPT) == []


def test_a_departure_that_is_hours_late_is_a_detention_at_the_sender() -> None:
    due = JOURNEY._replace(planned_departure=at(HOUR))
    positions = [
        *parked(0, 7 * HOUR, Random(10), east_m=FROM_M, every=60),
        *drive(7 * HOUR, 8 * HOUR, FROM_M),
    ]
    detained, ended = of(told(positions, due), *KEPT)
    assert detained.event_time == at(5 * HOUR)
    assert detained.facility_id == "FROM"
    assert detained.numbers["departure_late_s"] == 4 * HOUR
    assert ended.facility_id == "FROM"
    assert of(told(positions, JOURNEY), *KEPT) == []


def test_at_its_destination_nobody_is_kept() -> None:
    assert of(told(parked(0, 9 * HOUR, Random(11), east_m=TO_M, every=60)), *KEPT, *STOPS) == []


def test_another_shipment_begins_anew() -> None:
    """What was told of the first one says nothing of the second."""
    first = survey().observe(parked(0, HOUR, Random(12)))
    second = survey(JOURNEY._replace(shipment_id="SHP-2")).observe(
        parked(HOUR, 3 * HOUR, Random(13))
    )
    stops = of(fold(DeviceState(), [*first, *second], RULES)[1], *STOPS)
    assert [(e.shipment_id, e.event_time) for e in stops] == [
        ("SHP-1", at(1800)), ("SHP-2", at(HOUR + 1800))
    ]  # fmt: skip


@pytest.mark.parametrize(("along_m", "stops"), [(50_000.0, 0), (70_000.0, 1)])
def test_a_stretch_by_ferry_is_not_watched_and_the_road_behind_it_is(
    along_m: float, stops: int
) -> None:
    way = Way(100_000.0, stretches=(Stretch("TRUCK", 0, 40_000), Stretch("SHIP", 40_000, 60_000),
                                    Stretch("TRUCK", 60_000, 100_000)))  # fmt: skip
    journey: Journey = JOURNEY._replace(way=way)
    run = (along_m - 20, along_m, along_m + 20)
    seen = survey(journey).observe(parked(0, HOUR, Random(14)))
    items = [item._replace(along_m=along_m, runs=(run,)) for item in seen]
    assert len(of(fold(DeviceState(), items, RULES)[1], *STOPS)) == stops


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_the_order_of_delivery_changes_nothing(seed: int, shuffler: Random) -> None:
    positions = [*stop(45, seed, multipath=0.05), *parked(5000, 9000, Random(seed), east_m=PORT_M)]
    expected = told(positions)
    shuffler.shuffle(positions)
    assert told(positions) == expected
    assert kinds(of(expected, *STOPS)) == [*STOPS]


def test_the_stop_of_the_simulator_is_found() -> None:
    """By its own firmware, which reports every five minutes while it stands."""
    sent = record("unplanned-stop", [(109.9, -7.0), (110.4, -7.0)], device_id="D-1")
    messages = [Raw(topic, payload, received_at) for topic, payload, received_at in sent]
    positions = decode(messages, RULES).positions
    since = (positions[0].fix_time - at(0)).total_seconds() - HOUR
    events = fold(DeviceState(), survey(since=since).observe(positions), RULES)[1]
    unplanned, ended = of(events, *STOPS)
    assert timedelta(0) <= unplanned.decided_at - unplanned.event_time <= timedelta(minutes=5)
    assert timedelta(minutes=14) <= ended.event_time - unplanned.event_time <= timedelta(minutes=16)
