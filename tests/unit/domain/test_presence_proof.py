"""Presence proof: by the times of the fixes; a silent tracker proves nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.presence_proof import Verdict, arrival, prove, visits
from domain.reconciliation_case import Carried, Crossing, Silence, Tracking
from tests.unit.domain.reconciliation_cases import AT, HOUR, MINUTE, TRACKING, fix, tracked

SLACK = timedelta(minutes=15)
PLACE = "FAC-TPS-1"
DEVICE = "KWL-0001"
NOBODY = tracked(crossings=(), fixes=())


def verdict(minutes: float, tracking: Tracking = TRACKING, place: str = PLACE) -> Verdict | None:
    proof = prove(tracking, place, AT + minutes * MINUTE, SLACK)
    return None if proof is None else proof.verdict


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (120, Verdict.PROVEN),
        (95, Verdict.PROVEN),  # it came within the slack
        (165, Verdict.PROVEN),  # it had left within the slack
        (94, Verdict.UNPROVEN),  # no fix near that time
        (166, Verdict.UNPROVEN),
    ],
)
def test_inside_within_the_slack_is_proof(minutes: float, said: Verdict) -> None:
    assert verdict(minutes, tracked(fixes=())) is said


def test_elsewhere_at_the_time_is_a_contradiction() -> None:
    away = tracked(crossings=(), fixes=(fix(115, 900), fix(130, 4000)))
    proof = prove(away, PLACE, AT + 120 * MINUTE, SLACK)
    assert proof is not None
    assert proof.verdict is Verdict.CONTRADICTED
    assert proof.sight is not None
    assert proof.sight.fix == fix(115, 900)
    assert proof.sight.outside_m == pytest.approx(800, abs=2)


def test_a_fix_that_may_be_inside_contradicts_nothing() -> None:
    assert verdict(120, tracked(crossings=(), fixes=(fix(118, 130, 40.0),))) is Verdict.UNPROVEN
    assert verdict(120, tracked(crossings=(), fixes=(fix(118, 130, 20.0),))) is (
        Verdict.CONTRADICTED
    )


def test_a_fix_of_another_time_says_nothing() -> None:
    assert verdict(120, tracked(crossings=(), fixes=(fix(60, 9000),))) is Verdict.UNPROVEN


def test_what_is_not_tracked_or_has_no_fence_is_not_judged() -> None:
    assert verdict(120, tracked(devices=())) is None
    assert verdict(120, TRACKING, "FAC-OTHER") is None


def test_the_silence_that_it_fell_into_is_told() -> None:
    silence = Silence(DEVICE, AT + HOUR, None, expected=True)
    proof = prove(tracked(crossings=(), fixes=(), silences=(silence,)), PLACE, AT + 2 * HOUR, SLACK)
    assert proof is not None
    assert proof.silence == silence


def test_how_far_off_the_nearest_visit_was() -> None:
    proof = prove(TRACKING, PLACE, AT + 180 * MINUTE, SLACK)
    assert proof is not None
    assert proof.gap_s(AT + 180 * MINUTE) == 30 * 60


def test_a_stay_that_nobody_saw_end_goes_on() -> None:
    assert verdict(900, tracked(crossings=TRACKING.crossings[:3], fixes=())) is Verdict.PROVEN


def test_a_tracker_taken_off_inside_left_the_goods_there() -> None:
    carried = Carried(DEVICE, AT - HOUR, AT + 130 * MINUTE)
    assert verdict(600, tracked(devices=(carried,))) is Verdict.PROVEN


def test_other_visits_of_the_device_are_not_those_of_the_goods() -> None:
    before = (
        Crossing(DEVICE, PLACE, AT - 5 * HOUR, True),
        Crossing(DEVICE, PLACE, AT - 4 * HOUR, False),
    )
    after = (Crossing(DEVICE, PLACE, AT + 9 * HOUR, True),)
    carried = Carried(DEVICE, AT - HOUR, AT + 8 * HOUR)
    seen = tracked(devices=(carried,), crossings=(*before, *TRACKING.crossings, *after))
    (visit,) = visits(seen, PLACE)
    assert (visit.entered_at, visit.left_at) == (AT + 110 * MINUTE, AT + 150 * MINUTE)


def test_an_arrival_is_a_visit_that_began_with_the_goods_on_board() -> None:
    found = arrival(TRACKING, PLACE)
    assert found is not None
    assert found.entered_at == AT + 110 * MINUTE
    assert arrival(TRACKING, "PPS-1") is None
    assert arrival(NOBODY, PLACE) is None


def test_one_of_several_trackers_is_enough() -> None:
    second = Carried("KWL-0002", AT - HOUR)
    seen = tracked(devices=(second, *TRACKING.devices), fixes=(fix(120, 900, device="KWL-0002"),))
    assert verdict(120, seen) is Verdict.PROVEN
