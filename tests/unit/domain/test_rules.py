"""The fold over a device's fixes: what it finds, and that order and batches do not matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain.corridors import Corridor
from domain.events import DeviceEvent, Event
from domain.geofences import Geofence
from domain.journeys import Journey
from domain.positions import Flag, Position
from domain.quality import intrinsic_flags
from domain.rules import fold
from domain.settings import Rules
from domain.states import DeviceState, Observation, Report, order
from domain.survey import Stage, Survey

RULES = Rules()
START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
STEP = timedelta(seconds=30)
# A road due east along 7° S; 0.01° are about 1,104 m.
JOURNEY = Journey("SHP-1", "TRUCK", "FROM", "TO", "R-1", 2000.0)
FENCES = [
    Geofence("FROM", -7.0, 110.0, radius_m=300),
    Geofence("TO", -7.0, 111.0, radius_m=300),
    Geofence("OTHER", -7.0, 110.5, radius_m=300),
]
SURVEY = Survey(
    FENCES,
    [Corridor("R-1", ((110.0, -7.0), (111.0, -7.0)), 2000.0)],
    {"D-1": [Stage(START - timedelta(hours=1), None, JOURNEY)]},
    RULES,
)


def fix(
    step: int,
    lon: float,
    lat: float = -7.0,
    *,
    accuracy_m: float = 8.0,
    speed_kmh: float | None = 60.0,
    delay_s: float = 1.0,
    mock: bool = False,
) -> Position:
    time = START + step * STEP
    position = Position(
        "D-1", time, 1, step + 1, time + timedelta(seconds=delay_s), lat, lon, speed_kmh, None,
        None, accuracy_m, None, None, None, None, delay_s > 60, 0, mock, "wire", 0,
    )  # fmt: skip
    return position._replace(flags=intrinsic_flags(position, RULES))


def report(step: int, kind: str) -> Report:
    time = START + step * STEP + timedelta(seconds=1)
    event = DeviceEvent(
        "D-1", 1, 1000 + step, kind, time, time, False, None, None, None, "A-1", None, None, None
    )
    return Report(time, event, JOURNEY)


def run(positions: list[Position], reports: list[Report] | None = None) -> list[Event]:
    items: list[Observation | Report] = [*SURVEY.observe(positions), *(reports or [])]
    return watched(fold(DeviceState(), sorted(items, key=order), RULES)[1])


def watched(events: list[Event]) -> list[Event]:
    """Without stops and trips, which have tests of their own."""
    return [event for event in events if not event.kind.startswith(("stop_", "trip_"))]


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def along(steps: range, start: float = 110.0, by: float = 0.005) -> list[Position]:
    return [fix(step, start + step * by) for step in steps]


def test_a_truck_on_its_way_departs_and_arrives_and_rings_nobody() -> None:
    events = run([*(fix(s, 110.0, speed_kmh=0) for s in range(4)),
                  *(fix(s + 4, 110.0 + s * 0.005) for s in range(1, 201)),
                  *(fix(s + 205, 111.0, speed_kmh=0) for s in range(4))])  # fmt: skip
    assert kinds(events) == [
        "fence_entered", "fence_left", "shipment_departed", "fence_entered", "shipment_arrived",
    ]  # fmt: skip
    assert [event.alert_key for event in events] == [None] * 5


def test_a_deviation_needs_three_fixes_past_the_error_circle_and_says_how_far() -> None:
    on_road = along(range(10), start=110.1)
    off = [fix(15 + s, 110.15 + s * 0.001, -7.03) for s in range(3)]
    assert "corridor_left" not in kinds(run([*on_road, *off[:2]]))
    (left,) = [e for e in run([*on_road, *off]) if e.kind == "corridor_left"]
    assert left.event_time == off[0].fix_time
    assert left.decided_at == off[2].fix_time
    assert 1200 < float(left.numbers["outside_m"] or 0) < 1400
    assert left.alert_key == "CORRIDOR_DEVIATION/SHP-1/D-1/-"


def test_fixes_of_one_moment_are_one_witness() -> None:
    """A device that reports each second: three fixes may be bent by one reflection."""
    second = timedelta(seconds=1)
    off = [fix(0, 110.15 + s * 0.00015, -7.03)._replace(fix_time=START + s * second, seq=s + 1)
           for s in range(60)]  # fmt: skip
    assert "corridor_left" not in kinds(run(off[:30]))
    (left,) = [e for e in run(off) if e.kind == "corridor_left"]
    assert left.event_time == START
    assert left.decided_at == START + 30 * second


def test_a_deviation_within_the_error_circle_is_none() -> None:
    off = [fix(s, 110.15 + s * 0.001, -7.021, accuracy_m=400) for s in range(10)]
    assert kinds(run([*along(range(1), start=110.149), *off])) == []


def test_coming_back_clears_and_the_alert_is_the_same_one() -> None:
    events = run([
        *(fix(s, 110.15 + s * 0.001, -7.03) for s in range(4)),
        *(fix(4 + s, 110.154 + s * 0.001, -7.015) for s in range(4)),
    ])  # fmt: skip
    assert kinds(events) == ["corridor_left", "corridor_rejoined"]
    assert events[0].alert_key == events[1].alert_key


def test_a_truck_parked_on_a_fence_line_rings_once() -> None:
    edge = 110.0 + 300 / 110_500  # on the circle
    wobble = [0.0001, -0.0001, 0.0, 0.0003, -0.0002] * 40
    events = run([fix(s, edge + w, speed_kmh=0, accuracy_m=15) for s, w in enumerate(wobble)])
    assert kinds(events) in ([], ["fence_entered"])


def test_standing_at_the_wrong_warehouse_is_told_and_passing_is_not() -> None:
    standing = [fix(s, 110.5, speed_kmh=0) for s in range(10)]
    passing = [fix(s, 110.498 + s * 0.0005, speed_kmh=20) for s in range(8)]
    events = run(standing)
    assert kinds(events) == ["fence_entered", "wrong_destination"]
    assert events[1].facility_id == "OTHER"
    assert events[1].numbers["expected"] == "TO"
    assert kinds(run(passing)) == ["fence_entered"]


def test_a_neighbour_of_the_own_compound_is_no_wrong_destination() -> None:
    fences = [*FENCES, Geofence("NEIGHBOUR", -7.0, 110.003, radius_m=400)]
    stages = {"D-1": [Stage(START - timedelta(hours=1), None, JOURNEY)]}
    survey = Survey(
        fences, [Corridor("R-1", ((110.0, -7.0), (111.0, -7.0)), 2000.0)], stages, RULES
    )
    both = [fix(s, 110.0015, speed_kmh=0) for s in range(20)]
    only_there = [fix(20 + s, 110.005, speed_kmh=0) for s in range(20)]
    found = kinds(fold(DeviceState(), survey.observe(both), RULES)[1])
    assert "fence_entered" in found
    assert "wrong_destination" not in found
    found = kinds(fold(DeviceState(), survey.observe([*both, *only_there]), RULES)[1])
    assert "wrong_destination" in found


def test_a_wild_fix_is_flagged_and_never_becomes_the_reference() -> None:
    good = along(range(6), start=110.2)
    wild = fix(3, 115.0, -3.0)
    items = SURVEY.observe([*good[:3], wild, *good[4:]])
    state, events, reflagged = fold(DeviceState(), items, RULES)
    assert [p.seq for p in reflagged] == [wild.seq]
    assert reflagged[0].flags == Flag.JUMP
    assert watched(events) == []
    assert state.good is not None
    assert state.good.lon_deg == good[5].lon_deg


def test_a_device_that_is_really_elsewhere_is_believed_after_three_fixes_and_told() -> None:
    there = [fix(6 + s, 115.0 + s * 0.001, -3.0) for s in range(4)]
    state, events, reflagged = fold(
        DeviceState(), SURVEY.observe([*along(range(6), start=110.2), *there]), RULES
    )
    assert [e.kind for e in events if e.kind == "relocated"] == ["relocated"]
    assert len(reflagged) == 2
    assert state.good is not None
    assert state.good.lon_deg == there[-1].lon_deg


def test_a_truck_that_goes_by_air_is_told_once_and_never_lost_from_sight() -> None:
    flying = [fix(1 + s, 110.2 + s * 0.04, -7.0) for s in range(9)]  # 4.4 km in 30 s
    state, events, _ = fold(DeviceState(), SURVEY.observe([fix(0, 110.1), *flying]), RULES)
    assert kinds(events).count("relocated") == 1
    assert state.good is not None
    assert state.good.lon_deg == flying[-1].lon_deg


def test_a_mocked_or_wide_fix_is_kept_out_of_the_rules() -> None:
    off = [fix(s, 110.15, -7.5, mock=True) for s in range(5)]
    wide = [fix(5 + s, 110.15, -7.5, accuracy_m=900) for s in range(5)]
    assert set(kinds(run([*off, *wide]))) == {"mock_started", "mock_ended"}


def test_a_wide_circle_arrives_and_a_stay_may_have_to_last() -> None:
    wide = [fix(s, 111.0, accuracy_m=400, speed_kmh=0) for s in range(6)]
    assert "shipment_arrived" in kinds(run(wide))
    items = SURVEY.observe([fix(s, 110.5, speed_kmh=10) for s in range(6)])
    entered = {
        dwell_s: [
            (e.decided_at - START) // STEP
            for e in fold(DeviceState(), items, Rules(fence_dwell_s=dwell_s))[1]
            if e.kind == "fence_entered"
        ]
        for dwell_s in (0, 120, 600)
    }
    assert entered == {0: [2], 120: [4], 600: []}


def test_circles_that_are_too_good_to_be_true_count_as_the_floor() -> None:
    # 4 m past the corridor: outside for a circle of 1 m, not for one of 5 m.
    off = [fix(s, 110.15 + s * 0.001, -7.0 - 2004 / 111_195, accuracy_m=1) for s in range(4)]
    items = SURVEY.observe(off)
    assert "corridor_left" not in kinds(fold(DeviceState(), items, RULES)[1])
    trusting = Rules(accuracy_floor_m=1)
    assert "corridor_left" in kinds(fold(DeviceState(), items, trusting)[1])


def test_every_decision_on_a_fence_stores_its_numbers() -> None:
    there = [fix(s, 111.0, speed_kmh=0) for s in range(4)]
    gone = [fix(4 + s, 110.99 - s * 0.005) for s in range(4)]
    found = [e for e in run([*there, *gone]) if e.facility_id == "TO"]
    assert kinds(found) == ["fence_entered", "shipment_arrived", "fence_left", "destination_left"]
    for event in found:
        assert {"signed_m", "accuracy_m", "fixes", "margin_m", "dwell_s"} <= set(event.numbers)


def test_a_clock_that_runs_ahead_is_flagged_and_its_place_still_counts() -> None:
    off = [fix(s, 110.15 + s * 0.001, -7.03, delay_s=-600) for s in range(4)]
    assert off[0].flags == Flag.FUTURE
    assert kinds(run(off)) == ["corridor_left"]


def test_a_seal_opened_on_the_road_is_critical_and_at_the_warehouse_it_is_work() -> None:
    on_road = run(along(range(5), start=110.2), [report(3, "seal_opened")])
    at_home = run([fix(s, 110.0, speed_kmh=0) for s in range(5)], [report(4, "seal_opened")])
    nowhere = run([], [report(1, "seal_opened")])
    assert on_road[0].alert_key == "SEAL_OPENED/SHP-1/D-1/-"
    assert at_home[-1].kind == "seal_opened"
    assert at_home[-1].alert_key is None
    assert nowhere[0].alert_key == "SEAL_OPENED/SHP-1/D-1/-"


def test_late_fixes_make_late_events_at_their_own_time() -> None:
    off = [fix(s, 110.15 + s * 0.001, -7.03, delay_s=7200) for s in range(3)]
    (left,) = run(off)
    assert left.event_time == START
    assert left.late_by_s == 7200


# --- properties ------------------------------------------------------------------------

_PLACES = st.tuples(
    st.sampled_from([109.998, 110.0, 110.0027, 110.2, 110.5, 110.999, 111.0, 115.0]),
    st.sampled_from([-7.0, -7.0028, -7.019, -7.021, -7.05]),
    st.sampled_from([5.0, 30.0, 400.0, 900.0]),
    st.sampled_from([0.0, 40.0, None]),
)


@st.composite
def journeys(draw: st.DrawFn) -> list[Observation | Report]:
    places = draw(st.lists(_PLACES, min_size=1, max_size=40))
    positions = [
        fix(s, lon, lat, accuracy_m=accuracy, speed_kmh=speed)
        for s, (lon, lat, accuracy, speed) in enumerate(places)
    ]
    steps = draw(st.lists(st.integers(0, 40), max_size=4, unique=True))
    return [*SURVEY.observe(positions), *(report(s, "seal_opened") for s in steps)]


@given(journeys(), st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=200, deadline=None)
def test_any_delivery_order_ends_in_the_same_state_and_events(
    items: list[Observation | Report], random: Random
) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    assert fold(DeviceState(), sorted(items, key=order), RULES) == fold(
        DeviceState(), sorted(shuffled, key=order), RULES
    )


@given(journeys(), st.integers(0, 44))
@hypothesis_settings(max_examples=200, deadline=None)
def test_a_batch_split_anywhere_changes_nothing(items: list[Observation | Report], at: int) -> None:
    items = sorted(items, key=order)
    whole = fold(DeviceState(), items, RULES)
    first = fold(DeviceState(), items[:at], RULES)
    second = fold(first[0], items[at:], RULES)
    assert second[0] == whole[0]
    assert [*first[1], *second[1]] == whole[1]


@given(journeys())
@hypothesis_settings(max_examples=100, deadline=None)
def test_keys_of_events_are_unique_and_openings_and_clearings_alternate(
    items: list[Observation | Report],
) -> None:
    _, events, _ = fold(DeviceState(), sorted(items, key=order), RULES)
    keys = [event.key for event in events]
    assert len(keys) == len(set(keys))
    turns = [e.kind for e in events if e.kind in ("corridor_left", "corridor_rejoined")]
    assert all(a != b for a, b in pairwise(turns))
    assert turns[:1] in ([], ["corridor_left"])
