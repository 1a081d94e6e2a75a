"""Convoys: who fell behind, whether the escort is there, and that stale fixes say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain.chart import chart
from domain.convoy import ConvoyState, cohesion, parties, rehearse, tracks_of
from domain.events import Event
from domain.plan import Plan
from domain.positions import Flag, Position
from domain.settings import Rules

RULES = Rules()
START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
STEP = timedelta(seconds=30)
TRUCKS = ("T-1", "T-2", "T-3")
ESCORT = "E-1"
KM = 0.00906  # degrees of longitude along 7° S


def plan(trucks: Sequence[str] = TRUCKS, escorts: Sequence[str] = (ESCORT,)) -> Plan:
    from tests.support.journeys import plan as simple

    whole = simple(trucks, START).model_dump(by_alias=True, mode="json", exclude_none=True)
    whole["devices"] += [
        {"id": name, "kind": "TRACKER", "name": name, "report_interval_s": 30} for name in escorts
    ]
    shipments = [f"SHP-{name}" for name in trucks]
    whole["convoys"] = [
        {"id": "K-1", "name": "Konvoi 1", "shipments": shipments, "escorts": list(escorts)}
    ]
    return Plan.model_validate(whole)


def fix(device_id: str, step: float, km: float, **other: Any) -> Position:
    """At `km` along the road that leads east from FROM, at 110° E."""
    time = START + step * STEP
    position = Position(
        device_id, time, 1, int(step * 10) + 1, time + timedelta(seconds=1), -7.0,
        110.0 + km * KM, 60.0, None, None, 8.0, None, 9, None, None, False, 0, False, "wire", 0,
    )  # fmt: skip
    return position._replace(**other)


def drive(device_id: str, steps: range, start_km: float, km: float = 0.5) -> list[Position]:
    """One fix each step, `km` further each time."""
    return [fix(device_id, s, start_km + (s - steps.start) * km) for s in steps]


def judge(
    positions: Sequence[Position], *, of: Plan | None = None, rules: Rules = RULES, steps: int = 60
) -> list[Event]:
    made = of or plan()
    survey = chart(made, rules)
    tracks: dict[str, list[Position]] = {}
    for position in positions:
        tracks.setdefault(position.device_id, []).append(position)
    return rehearse(parties(made), survey, tracks, START + steps * STEP)


def together(steps: range, start_km: float = 10) -> list[Position]:
    """Three trucks a kilometre apart, and the escort at the head."""
    return [
        p
        for i, name in enumerate((*TRUCKS, ESCORT))
        for p in drive(name, steps, start_km + i)
    ]  # fmt: skip


def kinds(events: Sequence[Event]) -> list[tuple[str, str]]:
    return [(event.kind, event.device_id) for event in events]


def left_behind(steps: int = 60) -> list[Position]:
    """T-1 stands from step 20 on; the others go on."""
    others = [p for p in together(range(steps)) if p.device_id != "T-1"]
    moving, standing = drive("T-1", range(20), 10), range(20, steps)
    return [*others, *moving, *(fix("T-1", s, 19.5, speed_kmh=0.0) for s in standing)]


def test_those_who_keep_together_ring_nobody() -> None:
    assert judge(together(range(60))) == []


def test_who_falls_behind_is_told_by_name_and_number() -> None:
    (split,) = judge(left_behind())
    assert (split.kind, split.device_id, split.shipment_id) == ("convoy_split", "T-1", "SHP-T-1")
    assert split.alert_key == "CONVOY_SPLIT/K-1/T-1"
    assert (split.decided_at - split.event_time).total_seconds() == RULES.convoy_after_s
    assert split.numbers["convoy"] == "Konvoi 1"
    assert split.numbers["limit_m"] == RULES.convoy_behind_m
    assert (split.numbers["fresh"], split.numbers["members"], split.numbers["body"]) == (3, 3, 2)
    behind_m = split.numbers["behind_m"]
    assert isinstance(behind_m, int)
    # 5 km when it began, and 180 s at 60 km/h more.
    assert 8000 < behind_m < 8700
    assert "ahead_m" not in split.numbers


def test_who_runs_ahead_is_told_as_ahead() -> None:
    others = [p for p in together(range(60)) if p.device_id != "T-3"]
    (split,) = judge([*others, *drive("T-3", range(60), 12, km=1.0)])
    assert (split.kind, split.device_id) == ("convoy_split", "T-3")
    assert float(split.numbers["ahead_m"] or 0) > 5000
    assert "behind_m" not in split.numbers


def test_who_catches_up_clears_the_same_alert() -> None:
    behind = [p for p in left_behind() if p.device_id != "T-1" or p.fix_time < START + 45 * STEP]
    caught = [fix("T-1", s, 10 + s * 0.5 - 1) for s in range(45, 70)]
    split, rejoined = judge([*behind, *together(range(60, 70), 40)[10:], *caught], steps=70)
    assert kinds([split, rejoined]) == [("convoy_split", "T-1"), ("convoy_rejoined", "T-1")]
    assert split.alert_key == rejoined.alert_key
    assert rejoined.event_time >= START + 45 * STEP


def test_a_stale_fix_says_nothing() -> None:
    silent = [p for p in left_behind() if p.device_id != "T-1" or p.fix_time < START + 22 * STEP]
    assert judge(silent) == []


def test_the_two_who_are_heard_are_not_split_by_the_third_who_is_not() -> None:
    """T-1 is told as behind; then all but T-1 fall silent: T-1 does not become the convoy."""
    cut = START + 45 * STEP
    heard = [p for p in left_behind() if p.fix_time < cut or p.device_id in ("T-1", ESCORT)]
    assert kinds(judge(heard)) == [("convoy_split", "T-1")]


def test_a_gap_in_which_nobody_knew_does_not_count_as_apart() -> None:
    rules = Rules(convoy_after_s=600)
    heard = [p for p in left_behind() if not 34 <= (p.fix_time - START) / STEP < 48]
    assert kinds(judge(heard, rules=rules)) == []
    assert kinds(judge(left_behind(), rules=rules)) == [("convoy_split", "T-1")]


def test_error_circles_are_deducted_and_a_doubted_fix_is_left_out() -> None:
    wide = [p._replace(accuracy_m=400.0) for p in together(range(60)) if p.device_id != "T-1"]
    near = [fix("T-1", s, 10 + s * 0.5 - 4.7, accuracy_m=400.0) for s in range(60)]
    assert judge([*wide, *near]) == []
    wild = [fix("T-1", s, 60.0, flags=int(Flag.JUMP)) for s in range(60)]
    assert judge([*together(range(60)), *wild]) == []


def test_who_has_not_left_or_has_arrived_does_not_count() -> None:
    waiting = [p for p in together(range(60)) if p.device_id != "T-1"]
    assert judge([*waiting, *(fix("T-1", s, 0.0, speed_kmh=0.0) for s in range(60))]) == []
    arrived = [fix("T-1", s, 1 / KM, speed_kmh=0.0) for s in range(60)]
    assert judge([*waiting, *arrived]) == []


def test_who_arrives_while_others_are_far_clears() -> None:
    """T-1 is behind; the others arrive: there is no convoy under way any more."""
    end_km = 1 / KM
    ahead = [p for p in together(range(30), end_km - 17) if p.device_id != "T-1"]
    there = [
        fix(d, s, end_km, speed_kmh=0.0) for d in ("T-2", "T-3", ESCORT) for s in range(30, 90)
    ]
    behind = [fix("T-1", s, end_km - 30 + s * 0.1) for s in range(90)]
    events = judge([*ahead, *there, *behind], steps=90)
    assert kinds(events) == [("convoy_split", "T-1")]
    late = [fix("T-1", s, end_km, speed_kmh=0.0) for s in range(90, 110)]
    more = [fix(d, s, end_km, speed_kmh=0.0) for d in ("T-2", "T-3") for s in range(90, 110)]
    cleared = judge([*ahead, *there, *behind, *late, *more], steps=110)
    assert kinds(cleared) == [("convoy_split", "T-1"), ("convoy_rejoined", "T-1")]


def test_an_escort_that_stays_behind_is_lost_and_found_again() -> None:
    trucks = [p for p in together(range(90)) if p.device_id != ESCORT]
    gone = [fix(ESCORT, s, 13.0 + min(s, 10) * 0.5, speed_kmh=0.0) for s in range(50)]
    back = [fix(ESCORT, s, 10 + s * 0.5) for s in range(50, 90)]
    events = judge([*trucks, *gone, *back], steps=90)
    assert kinds(events) == [("escort_lost", ESCORT), ("escort_back", ESCORT)]
    assert [event.alert_key for event in events] == ["ESCORT_LOST/K-1/-"] * 2
    assert events[0].numbers["limit_m"] == RULES.convoy_escort_m
    assert events[0].shipment_id == "SHP-T-1"


def test_an_escort_that_is_not_heard_or_a_convoy_that_stands_says_nothing() -> None:
    trucks = [p for p in together(range(60)) if p.device_id != ESCORT]
    assert judge([*trucks, *drive(ESCORT, range(5), 13)]) == []
    halt = [fix(name, s, 20 + i, speed_kmh=0.0) for i, name in enumerate(TRUCKS) for s in range(60)]
    refuelling = [fix(ESCORT, s, 30.0, speed_kmh=0.0) for s in range(60)]
    assert judge([*halt, *refuelling]) == []


def test_one_of_two_escorts_is_enough_and_one_that_is_not_heard_may_be_there() -> None:
    two = plan(escorts=(ESCORT, "E-2"))
    trucks = [p for p in together(range(60)) if p.device_id != ESCORT]
    far = [fix(ESCORT, s, 2.0) for s in range(60)]
    assert judge([*trucks, *far, *drive("E-2", range(60), 13)], of=two) == []
    assert judge([*trucks, *far, *drive("E-2", range(5), 13)], of=two) == []
    both = judge([*trucks, *far, *(fix("E-2", s, 3.0) for s in range(60))], of=two)
    assert [event.kind for event in both] == ["escort_lost"]


def test_a_device_listed_as_escort_is_no_vehicle_of_the_convoy() -> None:
    whole = plan(trucks=("T-1", "T-2"), escorts=()).model_dump(by_alias=True, mode="json")
    whole["convoys"][0]["escorts"] = ["T-2"]
    for shipment in whole["shipments"], whole["operation"], whole["routes"], whole["facilities"]:
        assert shipment
    of = Plan.model_validate(_without_none(whole))
    near = [*drive("T-1", range(60), 10), *drive("T-2", range(60), 10.2)]
    assert judge(near, of=of) == []
    far = [*drive("T-1", range(60), 10), *(fix("T-2", s, 40.0) for s in range(60))]
    assert kinds(judge(far, of=of)) == [("escort_lost", "T-2")]


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    return [_without_none(v) for v in value] if isinstance(value, list) else value


def test_fixes_that_came_late_make_a_late_event() -> None:
    hours = timedelta(hours=3)
    late = [
        p._replace(received_at=p.received_at + hours) if p.device_id == "T-1" else p
        for p in left_behind()
    ]
    (split,) = judge(late)
    assert split.late_by_s is not None
    assert split.late_by_s > 10_000
    (live,) = judge(left_behind())
    assert live.late_by_s is None


STORY = left_behind(50)


@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 49 * 30), max_size=6))
@hypothesis_settings(max_examples=25, deadline=None)
def test_order_copies_and_pieces_do_not_matter(random: Any, cuts: list[int]) -> None:
    made = plan()
    survey, (party,) = chart(made, RULES), parties(made)
    end = START + 50 * STEP
    whole = cohesion(party, survey, ConvoyState(START - STEP), tracks_of(survey, STORY), end)
    shuffled = [*STORY, *random.sample(STORY, 20)]
    random.shuffle(shuffled)
    state, found = ConvoyState(START - STEP), list[Event]()
    for cut in [*sorted(START + timedelta(seconds=c) for c in cuts), end]:
        needed = state.at - timedelta(seconds=RULES.convoy_fresh_s)
        known = [p for p in shuffled if needed <= p.fix_time <= cut]
        state, events = cohesion(party, survey, state, tracks_of(survey, known), cut)
        found += events
    assert (state, found) == whole
    assert [event.kind for event in found] == ["convoy_split"]
