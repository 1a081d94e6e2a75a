"""Milestones: local deadlines, what is expected, and statuses that only time makes worse."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.manifest_words import Leg
from domain.milestones import (
    NOTHING,
    Arrival,
    Boxes,
    Coming,
    Goal,
    Milestone,
    Progress,
    Schedule,
    Status,
    by_plan,
    coming,
    milestones,
    together,
)
from domain.plan_words import Direction
from domain.regions import Zone
from domain.settings import Milestones, Reconciliation

VOTING = date(2024, 11, 27)
SCHEDULE = Schedule(VOTING, Milestones(), Reconciliation())
DUE = SCHEDULE.deadlines(Zone.WIB)
H = timedelta(hours=1)
DOWN, UP = Direction.DISTRIBUTION, Direction.RETURN
EVENING = DUE[Goal.STATION]
# The worse, the later in this list.
ORDER = [Status.DONE, Status.ON_TRACK, Status.NOT_DUE, Status.AT_RISK, Status.MISSED]


def progress(boxes: int = 100, **at: int) -> Progress:
    levels = ("at_regency", "at_district", "at_village", "at_station", "returned")
    return Progress(boxes, *(at.get(level, 0) for level in levels))


def arrival(
    leg: Leg, boxes: int, expected: datetime, band: timedelta = H, direction: Direction = DOWN
) -> Arrival:
    return Arrival(direction, leg, boxes, expected - band, expected, expected + band)


def judge(
    here: Progress, now: datetime, on_the_way: Coming = NOTHING, *, is_3t: bool = False
) -> dict[Goal, Milestone]:
    found = milestones(here, on_the_way, SCHEDULE, Zone.WIB, is_3t=is_3t, now=now)
    return {each.goal: each for each in found}


# --- deadlines ---


def local(goal: Goal, zone: Zone) -> str:
    at = SCHEDULE.deadlines(zone)[goal].astimezone(ZoneInfo(zone))
    return f"{at:%m-%d %H:%M}"


@pytest.mark.parametrize("zone", list(Zone))
def test_deadlines_are_local(zone: Zone) -> None:
    assert local(Goal.REGENCY, zone) == "11-10 00:00"  # the end of 9 November, H-18
    assert local(Goal.DISTRICT, zone) == "11-24 00:00"
    assert local(Goal.STATION, zone) == "11-26 18:00"
    assert local(Goal.RETURN, zone) == "12-03 00:00"


@pytest.mark.parametrize(("zone", "hours"), [(Zone.WIB, 0), (Zone.WITA, 1), (Zone.WIT, 2)])
def test_the_east_is_due_first(zone: Zone, hours: int) -> None:
    there = SCHEDULE.deadlines(zone)
    assert all(DUE[goal] - there[goal] == hours * H for goal in Goal)


def test_names_follow_the_settings() -> None:
    other = Schedule(
        VOTING, Milestones(regency_days=20, station_hour=24), Reconciliation(return_days=4.5)
    )
    assert list(other.names.values()) == ["H-20", "H-4", "H-1", "H+4.5"]
    assert other.deadlines(Zone.WIB)[Goal.STATION] == EVENING + 6 * H


# --- statuses ---


def test_99_of_100_boxes_are_enough_for_the_regency() -> None:
    late = DUE[Goal.REGENCY]
    assert judge(progress(at_regency=99), late)[Goal.REGENCY].status is Status.DONE
    missed = judge(progress(at_regency=98), late)[Goal.REGENCY]
    assert (missed.status, missed.missing, missed.reached_pct) == (Status.MISSED, 1, 98.0)


def test_the_percentage_is_of_whole_boxes_and_never_rounded_up() -> None:
    found = judge(progress(1501, at_regency=1486), DUE[Goal.REGENCY])[Goal.REGENCY]
    assert (found.needed, found.status) == (1486, Status.DONE)
    short = judge(progress(100_000, at_station=99_999), EVENING)[Goal.STATION]
    assert (short.reached_pct, short.status) == (99.9, Status.MISSED)


@pytest.mark.parametrize(
    ("before", "status"),
    [
        (timedelta(hours=25), Status.NOT_DUE),
        (timedelta(hours=24), Status.AT_RISK),
        (timedelta(seconds=1), Status.AT_RISK),
        (timedelta(0), Status.MISSED),
    ],
)
def test_one_day_before_it_is_told_what_will_be_missed(before: timedelta, status: Status) -> None:
    assert judge(progress(at_station=50), EVENING - before)[Goal.STATION].status is status


def test_remote_areas_are_warned_two_days_before() -> None:
    now = EVENING - 47 * H
    assert judge(progress(), now)[Goal.STATION].status is Status.NOT_DUE
    assert judge(progress(), now, is_3t=True)[Goal.STATION].status is Status.AT_RISK


def test_what_is_expected_in_time_keeps_it_on_track() -> None:
    now = EVENING - 3 * H
    arrivals = [arrival(Leg.STATION, 30, EVENING - H), arrival(Leg.STATION, 30, EVENING + 1 * H)]
    found = judge(progress(at_station=40), now, coming(arrivals, DUE, now))[Goal.STATION]
    assert found.forecast == Boxes(70, 70, 100)
    assert (found.status, found.forecast_pct) == (Status.AT_RISK, 70.0)
    better = judge(progress(at_station=70), now, coming(arrivals, DUE, now))[Goal.STATION]
    assert better.status is Status.ON_TRACK


def test_a_region_without_boxes_says_nothing() -> None:
    found = judge(progress(0), EVENING)
    assert {each.status for each in found.values()} == {Status.UNKNOWN}
    assert found[Goal.STATION].reached_pct is None


def test_boxes_that_skip_a_step_have_passed_it() -> None:
    now = DUE[Goal.DISTRICT] - H
    straight = coming([arrival(Leg.STATION, 90, now, timedelta(0))], DUE, now)
    found = judge(progress(at_regency=100), now, straight)
    assert found[Goal.DISTRICT].forecast.expected == 90
    assert found[Goal.DISTRICT].status is Status.ON_TRACK
    # Those that are planned for each step count once.
    both = coming(
        [arrival(leg, 50, now, timedelta(0)) for leg in (Leg.DISTRICT, Leg.STATION)], DUE, now
    )
    assert judge(progress(), now, both)[Goal.DISTRICT].forecast.expected == 50


# --- the return ---


def test_boxes_that_went_out_are_to_come_back() -> None:
    out = progress(100, at_district=80, at_station=75)
    before = judge(out, EVENING)[Goal.RETURN]
    assert (before.boxes, before.needed, before.status) == (80, 80, Status.NOT_DUE)
    back = judge(out._replace(returned=79), DUE[Goal.RETURN])[Goal.RETURN]
    assert (back.status, back.missing) == (Status.MISSED, 1)
    assert judge(out._replace(returned=80), EVENING)[Goal.RETURN].status is Status.DONE


def test_a_return_counts_for_the_return_alone() -> None:
    now = DUE[Goal.RETURN] - 5 * H
    returns = [arrival(Leg.DISTRICT, 80, now + H, direction=UP)]
    found = judge(progress(100, at_district=80), now, coming(returns, DUE, now))
    assert found[Goal.RETURN].status is Status.ON_TRACK
    assert set(coming(returns, DUE, now)) == {Goal.RETURN}


# --- what is expected ---


def test_by_plan_the_band_is_as_wide_as_plans_are_wrong() -> None:
    departs = EVENING - 20 * H
    load = by_plan(
        DOWN, Leg.STATION, 1, departs=departs, arrives=departs + 10 * H, departed=True, now=EVENING
    )
    assert load.expected == departs + 10 * H
    assert departs + 6 * H < load.early < departs + 7 * H
    assert departs + 15 * H < load.late < departs + 16 * H


def test_who_has_not_departed_in_time_comes_later() -> None:
    departs = EVENING - 20 * H
    now = departs + 5 * H
    load = by_plan(
        DOWN, Leg.STATION, 1, departs=departs, arrives=departs + 10 * H, departed=False, now=now
    )
    assert load.expected == now + 10 * H


def test_nobody_counts_on_what_should_long_have_come() -> None:
    now = EVENING - H
    overdue = arrival(Leg.STATION, 5, now - timedelta(minutes=30))
    lost = arrival(Leg.STATION, 7, now - 2 * H)
    assert coming([overdue], DUE, now)[Goal.STATION][Leg.STATION] == Boxes(5, 5, 5)
    assert coming([lost], DUE, now)[Goal.STATION][Leg.STATION] == Boxes(0, 0, 7)


def test_a_province_has_what_its_regencies_have() -> None:
    one = coming([arrival(Leg.STATION, 5, EVENING)], DUE, EVENING - H)
    other = coming([arrival(Leg.DISTRICT, 3, EVENING)], DUE, EVENING - H)
    whole = together([one, other, one])
    assert whole[Goal.STATION][Leg.STATION] == Boxes(0, 10, 10)
    assert Goal.RETURN not in whole


# --- properties ---

moments = st.integers(-40 * 24, 10 * 24).map(lambda hours: EVENING + hours * H)
counts = st.lists(st.integers(0, 200), min_size=5, max_size=5).map(
    # A box that has reached a level has reached those before it; none comes back from nowhere.
    lambda numbers: Progress._make([200, *sorted(numbers, reverse=True)])
)
loads = st.lists(
    st.builds(
        arrival, st.sampled_from(Leg), st.integers(0, 80), moments,
        st.integers(0, 30).map(lambda hours: hours * H),
    ),
    max_size=6,
)  # fmt: skip


@given(counts, st.integers(1, 60), loads, moments, st.booleans())
def test_more_boxes_there_are_never_worse(
    here: Progress, more: int, arrivals: list[Arrival], now: datetime, is_3t: bool
) -> None:
    on_the_way = coming(arrivals, DUE, now)
    grown = [min(count + more, 200) for count in here[1:5]]
    ahead = Progress._make([200, *grown, here.returned])
    before = judge(here, now, on_the_way, is_3t=is_3t)
    after = judge(ahead, now, on_the_way, is_3t=is_3t)
    for goal in (Goal.REGENCY, Goal.DISTRICT, Goal.STATION):
        assert ORDER.index(after[goal].status) <= ORDER.index(before[goal].status)
        assert after[goal].missing <= before[goal].missing
        assert after[goal].forecast.expected >= before[goal].forecast.expected


@given(counts, loads, moments)
def test_a_forecast_lies_between_what_is_there_and_all(
    here: Progress, arrivals: list[Arrival], now: datetime
) -> None:
    for each in judge(here, now, coming(arrivals, DUE, now)).values():
        low, expected, high = each.forecast
        assert each.reached <= low <= expected <= high <= each.boxes


@given(counts, loads, moments)
def test_the_clock_parts_the_statuses(
    here: Progress, arrivals: list[Arrival], now: datetime
) -> None:
    for each in judge(here, now, coming(arrivals, DUE, now)).values():
        by_time = {
            Status.MISSED: now >= each.deadline,
            Status.AT_RISK: each.warn_from <= now < each.deadline,
            Status.NOT_DUE: now < each.warn_from,
            Status.ON_TRACK: now < each.deadline,
            Status.DONE: each.missing == 0,
            Status.UNKNOWN: each.boxes == 0,
        }
        assert by_time[each.status]
        assert (each.status is Status.DONE) == (each.missing == 0 and each.boxes > 0)


@given(counts, loads, moments, st.sampled_from(Zone))
def test_the_same_local_time_judges_the_same(
    here: Progress, arrivals: list[Arrival], now: datetime, zone: Zone
) -> None:
    shift = SCHEDULE.deadlines(zone)[Goal.STATION] - EVENING
    moved = [
        each._replace(
            early=each.early + shift, expected=each.expected + shift, late=each.late + shift
        )
        for each in arrivals
    ]
    here_and_now = milestones(
        here, coming(arrivals, DUE, now), SCHEDULE, Zone.WIB, is_3t=False, now=now
    )
    there = milestones(
        here, coming(moved, SCHEDULE.deadlines(zone), now + shift), SCHEDULE, zone,
        is_3t=False, now=now + shift,
    )  # fmt: skip
    assert [each.status for each in here_and_now] == [each.status for each in there]
    assert all(each.deadline.tzinfo is UTC for each in there)
