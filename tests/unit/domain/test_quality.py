"""Fix quality: what is doubted, what never is, and what is told of the receiver."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import cos, log, pi, radians, sin, sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.events import Event
from domain.journeys import Journey, Stretch, Way
from domain.positions import Flag, Position
from domain.quality import UNUSABLE, intrinsic_flags, judge
from domain.settings import Rules
from domain.states import DeviceState, Moment, Observation, effective_time, order, start_journey

RULES = Rules()
START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
JOURNEY = Journey("SHP-1", "TRUCK", "FROM", "TO", "R-1", 2000.0)
METRES = 1 / 111_195  # degrees of latitude
SIGMA_PER_RADIUS = 1 / sqrt(2 * log(1 / 0.32))  # of one axis, where 68 % lie within the radius


def fix(
    at_s: float,
    east_m: float = 0.0,
    north_m: float = 0.0,
    *,
    accuracy_m: float = 8.0,
    speed_kmh: float | None = 60.0,
    delay_s: float = 1.0,
    buffered: bool = False,
    jamming: int = 0,
    mock: bool = False,
    satellites: int | None = 9,
    seq: int | None = None,
) -> Position:
    time = START + timedelta(seconds=at_s)
    lat = -7.0 + north_m * METRES
    lon = 110.0 + east_m * METRES / cos(radians(7.0))
    number = round(at_s * 10) if seq is None else seq
    position = Position(
        "D-1", time, 1, number, time + timedelta(seconds=delay_s), lat, lon, speed_kmh, None,
        None, accuracy_m, None, satellites, None, None, buffered, jamming, mock, "wire", 0,
    )  # fmt: skip
    return position._replace(flags=intrinsic_flags(position, RULES))


class Judged:
    """A track after the fold of `judge` alone."""

    def __init__(
        self,
        track: Sequence[Position],
        journey: Journey | None = JOURNEY,
        settings: Rules = RULES,
        along: Sequence[float] = (),
        state: DeviceState | None = None,
    ) -> None:
        self.events: list[Event] = []
        self.flags: list[Flag] = []
        shipment_id = journey.shipment_id if journey else None
        self.state = state or DeviceState(shipment_id=shipment_id)
        self.references = []
        for number, position in enumerate(track):
            seen = Observation(effective_time(position), position, journey, None, ())
            if along:
                seen = seen._replace(along_m=along[number])
            moment = Moment(seen, settings, self.events)
            self.state, flags = judge(self.state, moment)
            self.flags.append(Flag(flags))
            self.references.append(self.state.good)

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def only(self, kind: str) -> Event:
        (event,) = [event for event in self.events if event.kind == kind]
        return event


def drive(start_s: float, count: int, *, every_s: float = 30, from_m: float = 0) -> list[Position]:
    """60 km/h due east."""
    return [fix(start_s + n * every_s, from_m + n * every_s * 60 / 3.6) for n in range(count)]


def hang(start_s: float, count: int, at_m: float, *, every_s: float = 30) -> list[Position]:
    return [fix(start_s + n * every_s, at_m) for n in range(count)]


# --- by itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_fix", "flags"),
    [
        (fix(0), Flag.NONE),
        (fix(0, delay_s=-121), Flag.FUTURE),
        (fix(0, delay_s=601), Flag.STALE),
        (fix(0, delay_s=601, buffered=True), Flag.NONE),
        (fix(0, delay_s=599), Flag.NONE),
        (fix(0, accuracy_m=501), Flag.INACCURATE),
        (fix(0, satellites=3), Flag.LOW_SATELLITES),
        (fix(0, satellites=4), Flag.NONE),
        (fix(0, satellites=None), Flag.NONE),
        (fix(0, mock=True), Flag.MOCK),
        (fix(0, jamming=1), Flag.JAMMING_WARNING),
        (fix(0, jamming=2), Flag.JAMMING),
        (fix(0, mock=True, satellites=0), Flag.MOCK | Flag.LOW_SATELLITES),
    ],
)
def test_what_a_fix_shows_by_itself(given_fix: Position, flags: Flag) -> None:
    assert given_fix.flags == flags


def test_zero_island() -> None:
    nowhere = fix(0)._replace(lat_deg=0.0, lon_deg=0.0)
    assert intrinsic_flags(nowhere, RULES) == Flag.ZERO_ISLAND


def test_what_is_only_noted_stays_in_the_rules() -> None:
    noted = Flag.FUTURE | Flag.STALE | Flag.DUPLICATE_TIME | Flag.JAMMING_WARNING
    assert not noted & UNUSABLE
    assert Flag(UNUSABLE) | noted == Flag(sum(Flag))


# --- jumps --------------------------------------------------------------------------------


def test_there_and_back_leaves_the_reference_where_it_was() -> None:
    judged = Judged([*drive(0, 3), fix(90, 90_000), *drive(120, 3, from_m=2000)])
    assert judged.flags == [Flag.NONE] * 3 + [Flag.JUMP] + [Flag.NONE] * 3
    assert judged.kinds == []


def test_a_wild_first_fix_loses_to_the_first_two_that_agree_and_rings_nobody() -> None:
    judged = Judged([fix(0, 900_000), *drive(30, 5)])
    assert judged.flags[1:] == [Flag.JUMP, *[Flag.NONE] * 4]
    assert judged.kinds == []


def test_a_true_first_fix_survives_a_wild_second_one() -> None:
    judged = Judged([fix(0), fix(30, 900_000), *drive(60, 3, from_m=1000)])
    assert judged.flags == [Flag.NONE, Flag.JUMP, *[Flag.NONE] * 3]


def test_a_wild_first_fix_after_a_gap_of_hours_loses_as_fast() -> None:
    before, gap_s = drive(0, 5), 3 * 3600
    wild = fix(gap_s, 300_000)  # as far as a lorry could be by now
    judged = Judged([*before, wild, *drive(gap_s + 30, 4, from_m=40_000)])
    assert judged.flags[6:] == [Flag.JUMP, *[Flag.NONE] * 3]
    assert judged.kinds == []


def test_a_gap_of_hours_is_no_jump() -> None:
    judged = Judged([*drive(0, 5), *drive(6 * 3600, 5, from_m=300_000)])
    assert not any(judged.flags)


def test_two_devices_with_one_identity_are_told_once_in_a_while() -> None:
    track = [
        fix(n * 30, n * 400 + (80_000 if n % 2 else 0), north_m=n % 2 * 50_000) for n in range(20)
    ]
    judged = Judged(track)
    assert judged.flags == [Flag.NONE, Flag.JUMP] * 10
    assert judged.kinds == ["relocated"]
    assert judged.events[0].numbers["tracks"] == 2
    assert judged.events[0].event_time == track[1].fix_time


def test_two_tracks_in_uneven_turns_are_not_told_at_every_turn() -> None:
    random = Random(5)
    track = [fix(n * 10, 90_000 if random.random() < 0.5 else 0, n * 50) for n in range(150)]
    judged = Judged(track)
    # 1,490 s: at most one for each 600 s that have begun.
    assert 1 <= judged.kinds.count("relocated") <= 3


def test_one_wild_place_hours_apart_is_no_second_track() -> None:
    track = []
    for hour in range(6):
        at = hour * 3600
        track += [*drive(at, 3), fix(at + 90, 400_000), fix(at + 120, 2000)]
    assert Judged(track).kinds == []


def test_a_reflection_that_lasts_is_believed_quietly() -> None:
    there = [fix(90 + n, 1500 + 350, 0, accuracy_m=5, speed_kmh=0) for n in range(5)]
    close = [fix(89, 1500, accuracy_m=5, speed_kmh=0), *there]
    judged = Judged([*drive(0, 3), *close])
    assert judged.flags[4:] == [Flag.JUMP, Flag.JUMP, *[Flag.NONE] * 3]
    assert judged.kinds == []


def test_a_plane_may_and_a_lorry_may_not() -> None:
    flying = [fix(n * 60, n * 60 * 800 / 3.6, speed_kmh=800) for n in range(6)]
    assert not any(Judged(flying, JOURNEY._replace(mode="PLANE")).flags)
    assert any(Judged(flying).flags)


def test_the_speed_limit_is_that_of_the_settings() -> None:
    fast = [fix(n * 60, n * 60 * 100 / 3.6) for n in range(4)]
    assert not any(Judged(fast).flags)
    assert any(Judged(fast, settings=Rules(max_speed_kmh=40)).flags)


def test_a_leg_by_air_excuses_the_way_over_it_and_nothing_else() -> None:
    way = Way(700_000, stretches=(Stretch("PLANE", 50_000, 600_000),))
    journey = JOURNEY._replace(way=way)
    track = [fix(0, 49_000), fix(60, 49_900), fix(3600, 600_100), fix(3660, 601_000)]
    along = [49_000.0, 49_900.0, 600_100.0, 601_000.0]
    assert not any(Judged(track, journey, along=along).flags)
    on_road = [fix(0, 0), fix(60, 900), fix(960, 200_000)]
    assert Judged(on_road, journey, along=[601_000, 602_000, 690_000]).flags[-1] == Flag.JUMP


def test_whole_seconds_and_unknown_circles_of_phones_are_no_jump() -> None:
    phone = [fix(n, n * 28 + (27 if n % 2 else 0), accuracy_m=0) for n in range(60)]
    assert not any(Judged(phone).flags)


def test_the_same_time_twice_is_noted_and_the_far_one_is_a_jump_too() -> None:
    judged = Judged([*drive(0, 3), fix(60, 1000, 5, seq=601), fix(60, 50_000, seq=602)])
    assert judged.flags[3:] == [Flag.DUPLICATE_TIME, Flag.DUPLICATE_TIME | Flag.JUMP]


# --- frozen -------------------------------------------------------------------------------


def test_a_receiver_that_hangs_is_found_and_what_it_should_have_done_is_told() -> None:
    judged = Judged([*drive(0, 4), *hang(120, 8, 1500), *drive(360, 3, from_m=6000)])
    # the fix at 90 s is the first of the run, and the fifth is certain
    assert judged.flags == [Flag.NONE] * 7 + [Flag.FROZEN] * 5 + [Flag.NONE] * 3
    assert judged.kinds == ["receiver_frozen", "receiver_thawed"]
    frozen = judged.events[0]
    assert frozen.event_time == START + timedelta(seconds=90)
    assert frozen.numbers == {
        "fixes": 5, "speed_kmh": 60.0, "seconds": 120.0, "should_have_moved_m": 2000,
    }  # fmt: skip
    assert frozen.alert_key == judged.events[1].alert_key == "FROZEN/SHP-1/D-1/-"


def test_after_a_short_hang_the_way_made_meanwhile_is_no_jump() -> None:
    # 4 fixes at one place, at 110 km/h, then 15 s later where it really is.
    hung = [fix(n * 15, 0, speed_kmh=110) for n in range(4)]
    judged = Judged([fix(-15, -458), *hung, fix(60, 60 * 110 / 3.6), fix(75, 75 * 110 / 3.6)])
    assert not any(judged.flags)


def test_a_parked_vehicle_and_a_silent_speed_are_not_frozen() -> None:
    parked = [fix(n * 30, 500, speed_kmh=n % 3) for n in range(200)]
    unknown = [fix(n * 30, 500, speed_kmh=None) for n in range(200)]
    assert not any(Judged(parked).flags)
    assert not any(Judged(unknown).flags)


def test_a_slow_start_within_coarse_coordinates_is_not_frozen() -> None:
    start = [fix(n, 0, speed_kmh=12) for n in range(20)]
    assert not any(Judged(start).flags)


def test_single_bursts_of_speed_at_a_parking_place_do_not_add_up() -> None:
    parked = [fix(n * 600, 0, speed_kmh=40 if n % 3 == 0 else 0) for n in range(100)]
    assert not any(Judged(parked).flags)


def test_a_frozen_receiver_stays_so_when_its_speed_falls_and_thaws_only_elsewhere() -> None:
    slow = [fix(400 + n * 30, 1000, speed_kmh=0) for n in range(5)]
    judged = Judged([*hang(0, 8, 1000), *slow, fix(600, 1003)])
    assert judged.flags[4:13] == [Flag.FROZEN] * 9
    assert judged.flags[13] == Flag.NONE
    assert judged.kinds == ["receiver_frozen", "receiver_thawed"]


def test_a_frozen_receiver_is_told_of_the_next_shipment_too() -> None:
    judged = Judged(hang(0, 8, 1000))
    other = JOURNEY._replace(shipment_id="SHP-2")
    state, found = start_journey(judged.state, other), list[Event]()
    for position in hang(240, 3, 1000):
        moment = Moment(Observation(position.fix_time, position, other, None, ()), RULES, found)
        state, flags = judge(state, moment)
        assert flags == Flag.FROZEN
    assert [event.alert_key for event in found] == ["FROZEN/SHP-2/D-1/-"]


# --- mocked, and signs of interference ------------------------------------------------------


def test_one_mocked_fix_is_a_flag_and_three_are_an_alert_that_ends() -> None:
    def mocked(start_s: float, count: int) -> list[Position]:
        return [fix(start_s + n * 30, mock=True) for n in range(count)]

    once = Judged([*drive(0, 3), *mocked(90, 1), *drive(120, 5, from_m=2000)])
    assert once.kinds == []
    again = Judged([*drive(0, 3), *mocked(90, 5), *drive(240, 5, from_m=4000)])
    spoofing = [event for event in again.events if event.meaning]
    assert [event.kind for event in spoofing] == ["mock_started", "mock_ended"]
    assert spoofing[0].numbers == {"fixes": 3, "reason": "mock"}
    assert spoofing[0].event_time == START + timedelta(seconds=90)
    assert spoofing[1].event_time == START + timedelta(seconds=240)
    assert {event.alert_key for event in spoofing} == {"SPOOFING/SHP-1/D-1/-"}


def test_a_mocked_device_without_a_shipment_rings_nobody() -> None:
    judged = Judged([fix(n * 30, mock=True) for n in range(9)], journey=None)
    assert judged.kinds == []


def test_signs_of_interference_are_told_at_the_last_good_place() -> None:
    good = drive(0, 3)
    bad = [fix(90, 70_000), fix(120, 1500, jamming=2), fix(150, -70_000), fix(180, 3000, jamming=2)]
    judged = Judged([*good, *bad, *drive(210, 5, from_m=3500)])
    assert judged.kinds == ["signal_doubted", "signal_trusted"]
    doubted = judged.events[0]
    assert doubted.numbers == {"kinds": "JUMP,JAMMING", "fixes": 3}
    assert (doubted.lat_deg, doubted.lon_deg) == (good[-1].lat_deg, good[-1].lon_deg)
    assert doubted.event_time == START + timedelta(seconds=90)
    assert doubted.decided_at == START + timedelta(seconds=150)
    assert judged.only("signal_trusted").meaning is None
    assert doubted.meaning is None


def test_trouble_that_comes_again_is_told_again_under_another_key() -> None:
    track = []
    for turn in range(4):
        at, far = turn * 300, turn * 5000
        track += drive(at, 4, from_m=far)
        track += [fix(at + 120 + n * 30, far + 2000, jamming=2) for n in range(3)]
    judged = Judged(track)
    assert judged.kinds == ["signal_doubted", "signal_trusted"] * 3 + ["signal_doubted"]
    assert len({event.key for event in judged.events}) == 7


# --- whatever comes ---------------------------------------------------------------------


@st.composite
def good_tracks(draw: st.DrawFn) -> list[Position]:
    """Driving and standing with Gaussian noise of the stated circle, a filter that holds the
    place of a vehicle that stands, and any interval between fixes."""
    random = Random(draw(st.integers(0, 2**32)))
    accuracy_m = draw(st.sampled_from([2.0, 5.0, 15.0, 60.0, 200.0]))
    legs = draw(
        st.lists(
            st.tuples(
                st.one_of(st.just(0.0), st.floats(1, 150)),
                st.floats(0, 2 * pi),
                st.integers(1, 12),
                st.floats(1, 600),
            ),
            min_size=1,
            max_size=8,
        )
    )
    track: list[Position] = []
    at_s, east, north, shown = 0.0, 0.0, 0.0, (0.0, 0.0)
    for speed_kmh, course, count, every_s in legs:
        for number in range(count):
            at_s += every_s
            east += sin(course) * speed_kmh / 3.6 * every_s
            north += cos(course) * speed_kmh / 3.6 * every_s
            if speed_kmh > 0 or number == 0:
                sigma = accuracy_m * SIGMA_PER_RADIUS
                shown = east + random.gauss(0, sigma), north + random.gauss(0, sigma)
            seen_kmh = abs(speed_kmh + random.gauss(0, 0.5))
            track.append(
                fix(at_s, *shown, speed_kmh=seen_kmh, accuracy_m=accuracy_m, seq=len(track))
            )
    return track


@given(good_tracks())
@hypothesis_settings(max_examples=200, deadline=None)
def test_good_driving_is_never_doubted(track: list[Position]) -> None:
    judged = Judged(track)
    assert not any(judged.flags)
    assert judged.events == []


@given(good_tracks(), st.integers(0, 2**32))
@hypothesis_settings(max_examples=100, deadline=None)
def test_single_wild_fixes_are_flagged_and_never_become_the_reference(
    track: list[Position], seed: int
) -> None:
    random = Random(seed)
    mixed: list[Position] = []
    wild = set()
    for number, position in enumerate(track):
        if number >= 2 and random.random() < 0.2:
            # Later than the fix before it, at the far side of the earth.
            time = position.fix_time - timedelta(milliseconds=300)
            where = 60 + random.random(), -60 + random.random()
            wild.add(len(mixed))
            mixed.append(
                position._replace(
                    fix_time=time, lat_deg=where[0], lon_deg=where[1], seq=1000 + number
                )
            )
        mixed.append(position)
    judged = Judged(mixed)
    assert {n for n, flags in enumerate(judged.flags) if flags & Flag.JUMP} == wild
    assert all(good is None or good.lat_deg < 50 for good in judged.references)


_ODD = st.builds(
    fix,
    at_s=st.integers(0, 40).map(lambda n: n * 30.0),
    east_m=st.sampled_from([0.0, 1.0, 400.0, 5000.0, 200_000.0]),
    accuracy_m=st.sampled_from([0.0, 8.0, 400.0, 900.0]),
    speed_kmh=st.sampled_from([0.0, 60.0, None]),
    jamming=st.integers(0, 2),
    mock=st.booleans(),
    satellites=st.sampled_from([None, 3, 9]),
    delay_s=st.sampled_from([1.0, 900.0, -300.0]),
    seq=st.integers(0, 10_000),
)


@given(
    st.lists(_ODD, max_size=40, unique_by=lambda p: p.seq),
    st.randoms(use_true_random=False),
)
@hypothesis_settings(max_examples=200, deadline=None)
def test_flags_and_events_do_not_depend_on_the_delivery(
    track: list[Position], random: Random
) -> None:
    def in_order(positions: Sequence[Position]) -> list[Position]:
        return sorted(
            positions,
            key=lambda p: order(Observation(effective_time(p), p, JOURNEY, None, ())),
        )

    track = in_order(track)
    first = Judged(track)
    shuffled = list(track)
    random.shuffle(shuffled)
    # Judged before, as what was stored is when a late fix makes the fold begin again.
    half = Judged(in_order(shuffled[::2]))
    flagged = dict(zip((p.seq for p in in_order(shuffled[::2])), half.flags, strict=True))
    again = [p._replace(flags=int(flagged.get(p.seq, Flag(p.flags)))) for p in shuffled]
    second = Judged(in_order(again))
    assert second.flags == first.flags
    assert second.events == first.events
    assert len({event.key for event in first.events}) == len(first.events)


@given(st.lists(_ODD, max_size=40, unique_by=lambda p: p.seq))
@hypothesis_settings(max_examples=100, deadline=None)
def test_what_opens_and_what_ends_alternate(track: list[Position]) -> None:
    kinds = Judged(sorted(track, key=lambda p: (effective_time(p), p.seq))).kinds
    for opens, ends in (
        ("receiver_frozen", "receiver_thawed"),
        ("mock_started", "mock_ended"),
        ("signal_doubted", "signal_trusted"),
    ):
        turns = [kind for kind in kinds if kind in (opens, ends)]
        assert turns[::2] == [opens] * len(turns[::2])
        assert turns[1::2] == [ends] * len(turns[1::2])


@given(st.lists(_ODD, max_size=40, unique_by=lambda p: p.seq), st.integers(0, 40))
@hypothesis_settings(max_examples=100, deadline=None)
def test_a_stored_state_goes_on_as_if_nothing_had_been(track: list[Position], at: int) -> None:
    track = sorted(track, key=lambda p: (effective_time(p), p.seq))
    whole, first = Judged(track), Judged(track[:at])
    stored = TypeAdapter(DeviceState).dump_json(first.state)
    second = Judged(track[at:], state=TypeAdapter(DeviceState).validate_json(stored))
    assert second.state == whole.state
    assert [*first.events, *second.events] == whole.events
