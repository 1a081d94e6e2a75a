"""A whole tracker: faults at their time, and faults injected while it runs."""

import pytest

from firmware_sim.clock import VirtualClock
from firmware_sim.link import MemoryLink
from firmware_sim.record import DEFAULT_START
from firmware_sim.route import Path, distance_m
from firmware_sim.scenario import Scenario, bundled
from firmware_sim.tracker import BusyError, Tracker
from tests.unit.firmware_sim.support import ROAD, scenario

CALM = scenario().model_copy(update={"faults": ()})


def tracker(played: Scenario = CALM, half_width_m: float = 0.0) -> Tracker:
    link, clock = MemoryLink(), VirtualClock(DEFAULT_START)
    return Tracker("A", ROAD, played, link, clock, half_width_m=half_width_m)


def farthest_m(made: Tracker, from_s: int, to_s: int) -> float:
    path, found = Path(ROAD), 0.0
    for at_s in range(from_s, to_s, 10):
        made.advance(float(at_s))
        found = max(found, path.away_m(made.motion.point))
    return found


def test_an_injected_deviation_begins_at_once_and_ends_on_the_route() -> None:
    made = tracker()
    made.advance(600.0)
    made.inject(bundled("route-deviation"), 600.0)
    assert made.scene(600.0) == "route-deviation"
    made.advance(690.0)
    assert Path(ROAD).away_m(made.motion.point) > 2_000
    assert farthest_m(made, 700, 1_400) == pytest.approx(6_000, rel=0.05)
    assert made.scene(1_400.0) is None
    assert farthest_m(made, 1_400, 1_800) < 5


@pytest.mark.parametrize(("half_width_m", "least_m"), [(2_000.0, 5_900), (10_000.0, 12_900)])
def test_a_deviation_always_leaves_the_corridor(half_width_m: float, least_m: float) -> None:
    made = tracker(half_width_m=half_width_m)
    made.advance(600.0)
    made.inject(bundled("route-deviation"), 600.0)
    assert farthest_m(made, 600, 1_300) > least_m


def test_those_of_one_pace_keep_together_where_others_drift_apart() -> None:
    def gap_m(paces: tuple[str, str]) -> float:
        link, clock = MemoryLink(), VirtualClock(DEFAULT_START)
        played = CALM.model_copy(update={"drive": CALM.drive.model_copy(update={"loop": True})})
        one, other = (
            Tracker(name, ROAD, played, link, clock, start_fraction=at, pace=pace)
            for name, at, pace in zip("AB", (0.2, 0.21), paces, strict=True)
        )
        gaps = []
        for at_s in range(0, 8 * 3600, 60):
            for each in (one, other):
                each.advance(float(at_s))
            gaps.append(distance_m(one.motion.point, other.motion.point))
        return max(gaps)

    assert gap_m(("K-1", "K-1")) < 2_000
    assert gap_m(("", "")) > 1.5 * gap_m(("K-1", "K-1"))


@pytest.mark.parametrize("first", ["route-deviation", "seal-cut", "jammer"])
def test_a_second_injection_is_refused_while_one_is_under_way(first: str) -> None:
    made = tracker()
    made.advance(600.0)
    made.inject(bundled(first), 600.0)
    for at_s in (600.0, 600.5, 650.0):
        with pytest.raises(BusyError, match=f"A: {first} is under way"):
            made.inject(bundled("seal-cut"), at_s)
    made.advance(2_000.0)
    made.inject(bundled("seal-cut"), 2_000.0)


def test_a_scenario_of_its_own_is_under_way_after_the_lead_in() -> None:
    made = tracker(bundled("jammer"))
    made.inject(bundled("seal-cut"), 10.0)
    other = tracker(bundled("jammer"))
    with pytest.raises(BusyError, match="jammer"):
        other.inject(bundled("seal-cut"), 320.0)


def test_a_scenario_without_faults_cannot_be_injected() -> None:
    with pytest.raises(ValueError, match="has no faults"):
        tracker().inject(CALM, 0.0)


def test_a_seal_cut_stops_the_lorry_on_the_road() -> None:
    made = tracker()
    made.advance(600.0)
    made.inject(bundled("seal-cut"), 600.0)
    made.advance(700.0)
    assert not made.motion.moving
    assert not made.motion.parked
    made.advance(1_300.0)
    assert made.motion.moving
