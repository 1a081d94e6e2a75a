"""Where silence is expected, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.blankspots import Hold, hold
from domain.journeys import Journey, Stretch, Way
from domain.settings import Rules
from domain.states import DeviceState, Pace, Progress, Reference, Visit

RULES = Rules()
START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
# 100 km in two hours: 72 s a kilometre by the plan.
WAY = Way(
    100_000.0,
    stretches=(
        Stretch("TRUCK", 0, 70_000), Stretch("SHIP", 70_000, 80_000), Stretch("TRUCK", 80_000, 1e5)
    ),
    blankspots=((40_000.0, 50_000.0),),
)  # fmt: skip
JOURNEY = Journey(
    "SHP-1", "TRUCK", "FROM", "TO", "R-1", 2000.0, WAY, START, START + 2 * HOUR
)  # fmt: skip
INTERVAL_S = 30.0


def seen(along_m: float, **state: Any) -> DeviceState:
    """Last seen there, an hour after the start."""
    here = Reference(START + HOUR, -7.0, 110.0, 8.0)
    progress = Progress(along_m=along_m, at=here, pace=Pace(departed=True))
    return DeviceState(good=here, shipment_id="SHP-1", progress=progress)._replace(**state)


def found(
    state: DeviceState, journey: Journey = JOURNEY, unheard: tuple[tuple[str, float], ...] = ()
) -> Hold | None:
    now = START + HOUR + timedelta(seconds=2 * INTERVAL_S)
    return hold(journey, state, unheard, INTERVAL_S, now, settings=RULES)


@pytest.mark.parametrize("along_m", [40_000.0, 45_000.0, 49_900.0, 39_700.0])
def test_inside_or_a_report_before_it(along_m: float) -> None:
    held = found(seen(along_m))
    assert held is not None
    assert (held.from_m, held.to_m) == (40_000.0, 50_000.0)


@pytest.mark.parametrize("along_m", [1_000.0, 37_000.0, 50_100.0, 60_000.0, 90_000.0])
def test_elsewhere_silence_is_silence(along_m: float) -> None:
    assert found(seen(along_m)) is None


def test_the_exit_is_later_the_more_of_it_lies_ahead_and_later_than_planned() -> None:
    far, near = found(seen(40_000.0)), found(seen(49_000.0))
    assert far is not None
    assert near is not None
    assert near.expected_exit < far.expected_exit
    by_truck = 10_000 / 45 * 3.6
    assert START + HOUR + timedelta(seconds=by_truck / 2) < far.expected_exit < START + 3 * HOUR


def test_a_stretch_by_ship_is_one() -> None:
    held = found(seen(75_000.0))
    assert held is not None
    assert (held.from_m, held.to_m) == (70_000.0, 80_000.0)


def test_a_plane_without_a_route_is_one_until_it_should_arrive() -> None:
    flight = JOURNEY._replace(mode="PLANE", route_id=None, way=None)
    held = found(seen(0.0, progress=Progress()), flight)
    assert held == Hold("SHP-1", START + 2 * HOUR)
    truck = flight._replace(mode="TRUCK")
    assert found(seen(0.0, progress=Progress()), truck) is None


def test_a_place_without_coverage_is_one_for_as_long_as_a_stay_may_take() -> None:
    inside = {"TPS-1": Visit(START)}
    far_inside = found(seen(60_000.0, inside=inside), unheard=(("TPS-1", -200.0),))
    near = found(seen(60_000.0), unheard=(("TPS-1", 300.0),))
    expected = Hold(
        "SHP-1", START + HOUR + timedelta(seconds=RULES.detention_s), facility_id="TPS-1"
    )
    assert far_inside == near == expected
    assert found(seen(60_000.0), unheard=(("TPS-1", 540.0),)) is None


def test_at_a_sender_without_coverage_it_lasts_until_the_departure() -> None:
    later = JOURNEY._replace(planned_departure=START + 20 * HOUR, planned_arrival=START + 22 * HOUR)
    held = found(seen(0.0, inside={"FROM": Visit(START)}), later, (("FROM", -100.0),))
    assert held is not None
    assert held.expected_exit == START + 20 * HOUR


def test_what_is_known_of_another_shipment_says_nothing() -> None:
    assert found(seen(45_000.0, shipment_id="SHP-0")) is None
    assert found(DeviceState()) is None


def test_it_is_over_some_grace_after_the_exit() -> None:
    held = Hold("SHP-1", START)
    grace = timedelta(seconds=RULES.blankspot_grace_s)
    assert not held.is_over(START + grace, RULES)
    assert held.is_over(START + grace + timedelta(seconds=1), RULES)
