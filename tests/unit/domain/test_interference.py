"""Interference: signs of several devices near each other are one incident."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain.events import Event, Origin
from domain.interference import GROWTH, LONGEST, Sweep, incidents, sweep
from domain.settings import Rules
from domain.signs import Item, Sign, SignOrigin, signs
from domain.thresholds import Thresholds, version

RULES = Rules()
START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WINDOW = timedelta(seconds=RULES.interference_window_s)
KM = 0.00906  # degrees of longitude along 7° S


def standing(at: datetime) -> Thresholds:
    return Thresholds(RULES, version(RULES))


def said(kind: str, device: int | str, minute: float, km: float = 0.0, **other: Any) -> Event:
    """What a device says (or a rule finds) at a minute, so far east of 110° E."""
    at = START + minute * MINUTE
    given: dict[str, Any] = {"event_time": at, "decided_at": at, "lat_deg": -7.0,
                             "lon_deg": 110.0 + km * KM} | other  # fmt: skip
    return Event(kind=kind, origin=Origin.DEVICE, device_id=f"D-{device}", **given)


def jam(
    *devices: int, minute: float = 0.0, km: float = 3.0, kind: str = "jamming_started"
) -> list[Event]:
    """One after the other within seconds, `km` from each other."""
    return [said(kind, d, minute + i / 4, d * km) for i, d in enumerate(devices)]


def back(*devices: int, minute: float = 30.0, kind: str = "jamming_ended") -> list[Event]:
    return [said(kind, d, minute, d * 3.0) for d in devices]


def judge(events: Sequence[Event], until: datetime | None = None) -> list[Event]:
    return incidents(signs(events), standing, until)


def kinds(events: Sequence[Event]) -> list[str]:
    return [event.kind for event in events]


def test_three_devices_of_an_area_are_one_incident_from_the_third_on() -> None:
    found = judge([*jam(1, 2, 3), *back(1, 2, 3)])
    assert kinds(found) == ["interference_started", "interference_ended"]
    started, ended = found
    assert (started.event_time, started.decided_at) == (START, START + 0.5 * MINUTE)
    assert started.alert_key == ended.alert_key == f"INTERFERENCE/{started.group_id}/-"
    assert (started.numbers["devices"], started.numbers["device_ids"]) == (3, "D-1,D-2,D-3")
    assert started.numbers["kinds"] == "jamming"
    # Over since they were all back, and certain when it had been quiet for the window.
    assert ended.event_time == START + 30 * MINUTE
    assert ended.decided_at == ended.event_time + WINDOW


def test_two_devices_or_three_far_apart_or_at_other_times_are_none() -> None:
    assert judge(jam(1, 2)) == []
    assert judge([*jam(1, 2), *jam(1, 2, minute=1)]) == []
    assert judge(jam(1, 2, 3, km=30)) == []
    apart = [said("relocated", d, d * 11.0, d * 1.0) for d in range(3)]
    assert judge(apart) == []


def test_a_chain_of_chance_is_no_incident() -> None:
    """Each is near the next, but no place and time has enough of them."""
    chain = [said("fix_lost", d, d * 6.0, d * 15.0) for d in range(10)]
    four = Rules(interference_devices=4)
    assert incidents(signs(chain), lambda _at: Thresholds(four, version(four))) == []


def test_different_signs_are_one_incident_and_one_device_counts_once() -> None:
    seen = [
        said("jamming_started", 1, 0), said("signal_doubted", 1, 1, numbers={"kinds": "JUMP,MOCK"}),
        said("relocated", 2, 2, 5), said("mock_started", 3, 3, 8),
    ]  # fmt: skip
    (started, *_) = judge(seen)
    assert started.numbers["devices"] == 3
    assert started.numbers["kinds"] == "jamming,jump,mock"


def test_who_jumps_far_away_is_where_it_jumped_from() -> None:
    here = [
        said(
            "relocated",
            d,
            d,
            900.0,
            numbers={"from_lat_deg": -7.0, "from_lon_deg": 110.0 + d / 100},
        )
        for d in (1, 2, 3)
    ]
    (started, *_) = judge(here)
    assert abs((started.lon_deg or 0) - 110.02) < 0.02


def test_a_fix_that_is_back_soon_or_lost_in_a_hall_is_no_sign() -> None:
    lost = jam(1, 2, 3, kind="fix_lost")
    tunnel = [said("fix_regained", d, 1, d * 3.0) for d in (1, 2, 3)]
    assert judge([*lost, *tunnel]) == []
    assert incidents(signs(lost, lambda _lat, _lon: True), standing) == []
    (started, *_) = judge(lost)
    assert started.decided_at == lost[-1].decided_at + timedelta(seconds=65)


def test_what_has_no_place_is_no_sign() -> None:
    assert judge([*jam(1, 2), said("jamming_started", 3, 1, lat_deg=None, lon_deg=None)]) == []


def test_growth_is_told_together_and_a_wave_stays_readable() -> None:
    wave = [said("jamming_started", d, d / 60, (d % 14) * 1.0) for d in range(200)]
    found = judge(wave, START + 10 * MINUTE)
    assert kinds(found)[0] == "interference_started"
    assert set(kinds(found)[1:]) == {"interference_grew"}
    assert len(found) <= 2 + (200 * timedelta(seconds=1)) / GROWTH
    assert found[-1].numbers["devices"] == 200
    assert len({event.alert_key for event in found}) == 1


def test_the_footprint_holds_all_places_and_their_error_circles() -> None:
    seen = [*jam(1, 2), said("jamming_started", 9, 1, 12.0, numbers={"accuracy_m": 2000.0})]
    (started, *_) = judge(seen)
    numbers = started.numbers
    area = shapely.geometry.shape(json.loads(str(numbers["footprint"])))
    assert area.is_valid
    for event in seen:
        assert area.contains(shapely.Point(event.lon_deg or 0, event.lat_deg or 0))
    assert area.contains(shapely.Point(110.0 + 13.9 * KM, -7.0))
    assert not area.contains(shapely.Point(110.0 + 14.2 * KM, -7.0))
    radius_m = numbers["radius_m"]
    assert isinstance(radius_m, int)
    assert 5500 < radius_m < 8000
    assert abs((started.lat_deg or 0) + 7.0) < 0.005


def test_a_sign_without_an_end_is_believed_for_hours_and_not_for_ever() -> None:
    found = judge(jam(1, 2, 3))
    last = START + 0.5 * MINUTE
    assert found[-1].kind == "interference_ended"
    assert found[-1].event_time == last + LONGEST


def test_a_jammer_that_comes_again_within_the_window_is_the_same_incident() -> None:
    again = [said("jamming_started", d, 35, d * 3.0) for d in (1, 2, 3)]
    ends = [said("jamming_ended", d, 40, d * 3.0) for d in (1, 2, 3)]
    found = judge([*jam(1, 2, 3), *back(1, 2, 3), *again, *ends])
    assert kinds(found) == ["interference_started", "interference_ended"]
    assert found[-1].event_time == START + 40 * MINUTE
    later = [said("jamming_started", d, 60, d * 3.0) for d in (1, 2, 3)]
    groups = {event.group_id for event in judge([*jam(1, 2, 3), *back(1, 2, 3), *later])}
    assert len(groups) == 2


def test_two_incidents_that_meet_become_the_older_one() -> None:
    west, east = jam(1, 2, 3), [said("jamming_started", 20 + i, 3, 40 + i) for i in range(3)]
    bridge = said("jamming_started", 50, 5, 24.0)
    found = judge([*west, *east, bridge], START + 10 * MINUTE)
    assert kinds(found) == [
        "interference_started", "interference_started", "interference_ended", "interference_grew",
    ]  # fmt: skip
    assert found[2].numbers["merged_into"] == found[0].group_id
    assert (found[3].group_id, found[3].numbers["devices"]) == (found[0].group_id, 7)


def test_a_sensor_of_the_spectrum_adds_to_the_trackers_near_it() -> None:
    at, origin = START + MINUTE, SignOrigin.SPECTRUM
    heard = Sign(at, at, "SFR-7", "band_rise", -7.0, 110.05, 3e3, ("jamming",), origin=origin)
    items: list[Item] = [*signs(jam(1, 2)), heard]
    (started, *_) = incidents(items, standing)
    assert (started.numbers["devices"], started.numbers["sensors"]) == (3, 1)


def test_what_came_late_is_marked_late() -> None:
    late = [said("jamming_started", d, d / 4, d * 3.0, late_by_s=7200.0) for d in (1, 2, 3)]
    (started, *_) = judge(late)
    assert started.late_by_s is not None
    assert started.late_by_s > 7000


def story(random: Random) -> list[Event]:
    """Up to three jammers at random and chance events elsewhere."""
    found = []
    for jammer in range(random.randint(0, 3)):
        minute, place = random.uniform(0, 60), jammer * random.choice([10, 30, 100])
        for i in range(random.randint(1, 6)):
            device, at = jammer * 10 + i, minute + random.uniform(0, 8)
            kind = random.choice(["jamming_started", "fix_lost", "relocated", "mock_started"])
            found.append(said(kind, device, at, place + random.uniform(0, 25)))
            if kind == "jamming_started" and random.random() < 0.7:
                found.append(said("jamming_ended", device, at + random.uniform(0.1, 40)))
            if kind == "fix_lost" and random.random() < 0.7:
                found.append(said("fix_regained", device, at + random.uniform(0.1, 40)))
    return found


@given(st.integers(0, 10_000), st.lists(st.floats(0, 180), max_size=8))
@hypothesis_settings(max_examples=150, deadline=None)
def test_order_copies_and_pieces_do_not_matter(seed: int, cuts: list[float]) -> None:
    random = Random(seed)
    events = story(random)
    end = START + 200 * MINUTE
    whole = sweep(Sweep(START - MINUTE), signs(events), end, standing)
    shuffled = events + random.sample(events, len(events) // 2)
    random.shuffle(shuffled)
    state, found = Sweep(START - MINUTE), list[Event]()
    for cut in [*sorted(START + c * MINUTE for c in cuts), end]:
        known = [e for e in shuffled if e.decided_at <= cut]
        state, told = sweep(state, signs(known), cut, standing)
        found += told
    assert found == whole[1]
    assert state == whole[0]
    times = [event.decided_at for event in found]
    assert times == sorted(times)
