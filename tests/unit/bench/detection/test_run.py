"""The measurement in its quick form: what is found, what is not, and that a seed repeats it."""

from __future__ import annotations

import json

import pytest

from bench.detection import report
from bench.detection.run import NAIVE, OURS, SUPPORTED, TRACCAR, Result, run
from bench.detection.simulate import fault_world

QUICK = (6.0, 1, 7)


@pytest.fixture(scope="module")
def result() -> Result:
    """A few hours, and each fault once."""
    return run(*QUICK)


def test_ours_finds_every_fault_that_is_a_rule_of_it(result: Result) -> None:
    tally = result.simulated.tallies[OURS]
    supported = {f for f, rules in result.simulated.rules_of.items() if rules & SUPPORTED[OURS]}
    assert {fault for fault in supported if not tally.found[fault]} == set()
    assert len(supported) >= 20


def test_the_naive_rules_ring_where_nothing_is_wrong(result: Result) -> None:
    measured = result.simulated
    assert measured.quiet_h >= QUICK[0]
    assert report.rate(measured, NAIVE) > report.rate(measured, OURS)


def test_a_detour_that_comes_late_is_found_by_ours(result: Result) -> None:
    late = "detour in a dead zone, told 1-4 h late"
    assert result.simulated.tallies[OURS].found[late] == 1


def test_what_is_no_rule_of_a_system_is_not_held_against_it(result: Result) -> None:
    text = report.as_text(result)
    (line,) = [line for line in text.splitlines() if line.startswith("unplanned stop")]
    assert line.rstrip().endswith(report.NOT_A_RULE)
    assert not {"UNPLANNED_STOP", "JUMP"} & SUPPORTED[TRACCAR]


def test_nobody_is_called_false_for_a_silence_that_was_one(result: Result) -> None:
    assert result.simulated.tallies[OURS].explained["SILENCE"] > 0


def test_the_same_seed_gives_the_same_result() -> None:
    first, other = (json.dumps(report.as_json(run(1.0, 0, seed))) for seed in (7, 8))
    assert json.dumps(report.as_json(run(1.0, 0, 7, workers=2))) == first
    assert first != other


def test_the_same_seed_makes_the_same_faults() -> None:
    first, again = (fault_world(7, 2, 1) for _ in range(2))
    assert list(first.positions()) == list(again.positions())
    assert first.plan == again.plan


def test_an_eta_is_asked_on_the_way(result: Result) -> None:
    assert set(result.eta.share) == {0.25, 0.5, 0.75}
    assert all(error >= 0 for errors in result.eta.share.values() for error in errors)
