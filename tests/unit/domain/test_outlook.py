"""The outlook: progress and ETA as the screen has them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.chart import chart
from domain.outlook import outlook
from domain.settings import Rules
from domain.states import DeviceState
from tests.support.roads import START, Road, drive, fix, plan, run, steps

ROAD = Road([(0, 0), (100_000, 0)])
SURVEY = chart(plan(ROAD.vertices), Rules())
JOURNEY = SURVEY.journey("D", START)


def test_half_way_it_is_fifty_per_cent_and_a_band() -> None:
    assert JOURNEY is not None
    positions = drive(ROAD, steps(0, 50_000), every_s=144)
    state, _ = run(SURVEY, positions)
    now = positions[-1].fix_time + timedelta(minutes=1)
    found = outlook("D", state, JOURNEY, now)
    assert found is not None
    assert (found.shipment_id, found.device_id, found.wrong_way) == ("S", "D", False)
    assert found.percent == pytest.approx(50, abs=0.1)
    assert found.along_m == pytest.approx(found.length_m / 2, rel=1e-3)
    assert found.fix_time == positions[-1].fix_time
    assert found.eta_early is not None
    assert found.eta_late is not None
    assert now <= found.eta_early < found.eta_late


def test_arrived_is_all_of_it_and_nothing_expected() -> None:
    assert JOURNEY is not None
    positions = [
        *drive(ROAD, steps(0, 99_000)),
        *[fix(9000 + 30 * n, (100_000, 0)) for n in range(4)],
    ]
    state, _ = run(SURVEY, positions)
    found = outlook("D", state, JOURNEY, positions[-1].fix_time)
    assert found is not None
    assert (found.percent, found.eta) == (100, None)


def test_who_goes_back_is_said_to() -> None:
    assert JOURNEY is not None
    state, _ = run(SURVEY, drive(ROAD, [*steps(0, 20_000), *steps(20_000, 15_000)]))
    found = outlook("D", state, JOURNEY, START)
    assert found is not None
    assert found.wrong_way


def test_before_the_first_fix_on_the_way_and_of_another_journey_there_is_none() -> None:
    assert JOURNEY is not None
    assert outlook("D", DeviceState(), JOURNEY, START) is None
    assert outlook("D", DeviceState(shipment_id="S"), JOURNEY, START) is None
    state, _ = run(SURVEY, [fix(0, (50_000, 0))])
    assert outlook("D", state, JOURNEY._replace(shipment_id="T"), START) is None
    assert outlook("D", state, JOURNEY._replace(way=None), START) is None
