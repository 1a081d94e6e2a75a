"""How sure one can be, and which alarms count."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from bench.detection import score
from bench.detection.faults import detour_far
from bench.detection.scenes import Setting, quiet
from bench.detection.score import Tally, at_least_share, poisson_upper
from bench.detection.simulate import FIRST_DAY, roads
from bench.detection.world import Alarm, World


@pytest.mark.parametrize(("count", "bound"), [(0, 2.996), (1, 4.744), (10, 16.962)])
def test_the_bound_of_a_count_is_that_of_the_tables(count: int, bound: float) -> None:
    assert poisson_upper(count) == pytest.approx(bound, abs=0.01)


def test_the_least_rate_of_twenty_of_twenty_is_that_of_the_tables() -> None:
    assert at_least_share(20, 20) == pytest.approx(0.8609, abs=0.001)
    assert at_least_share(0, 20) == 0
    assert at_least_share(10, 20) < 0.5


def at(name: str) -> Setting:
    return Setting(name, roads(3)[0], FIRST_DAY, np.random.default_rng(3))


def test_an_alarm_of_a_quiet_journey_is_false_and_a_true_silence_is_not() -> None:
    scene = quiet(at("Q"))
    vehicle = scene.vehicles[0]
    heard = vehicle.deliveries[50].received_at
    vehicle.deliveries = [
        p for p in vehicle.deliveries if abs(p.received_at - heard) > timedelta(minutes=3)
    ]
    last = max(p.received_at for p in vehicle.deliveries if p.received_at < heard)
    minute = timedelta(seconds=60)
    tally = Tally()
    score.add(tally, World([scene]), [
        Alarm("SILENCE", "Q", last, last + minute),
        Alarm("SILENCE", "Q", last - 20 * minute, last - 19 * minute),
        Alarm("JUMP", "Q", last, last),
    ])  # fmt: skip
    assert dict(tally.explained) == {"SILENCE": 1}
    assert dict(tally.false) == {"SILENCE": 1, "JUMP": 1}


def test_a_fault_is_found_by_its_own_rule_in_its_own_time_on_its_own_device() -> None:
    scene = detour_far(at("F"))
    fault = scene.fault
    assert fault is not None
    later = fault.begins + timedelta(minutes=2)
    wrong = [
        Alarm("JUMP", "F", fault.begins, later),
        Alarm("CORRIDOR_DEVIATION", "F", fault.begins - timedelta(hours=1), later),
        Alarm("CORRIDOR_DEVIATION", "F", fault.ends + timedelta(hours=1), later),
    ]
    tally = Tally()
    score.add(tally, World([scene]), wrong)
    assert (tally.injected[fault.name], tally.found[fault.name]) == (1, 0)
    score.add(tally, World([scene]), [Alarm("CORRIDOR_DEVIATION", "F", fault.begins, later)])
    assert tally.found[fault.name] == 1
    assert tally.delays_s[fault.name] == [120]
    assert tally.false_alarms == 0
