"""The air interface."""

from random import Random

import pytest

from firmware_sim.radio import Antenna, Circle


def test_coverage_by_place_and_by_time() -> None:
    antenna = Antenna(-85.0, [Circle((110.5, -7.0), 5_000)], Random(1))
    assert antenna.covered((110.0, -7.0))
    assert not antenna.covered((110.52, -7.0))
    antenna.out = True
    assert not antenna.covered((110.0, -7.0))


def test_the_signal_fades_around_its_mean_within_the_wires_range() -> None:
    antenna = Antenna(-85.0, [], Random(1))
    found = [antenna.strength_dbm(float(s)) for s in range(0, 20_000, 20)]
    assert sum(found) / len(found) == pytest.approx(-85, abs=2)
    assert max(found) - min(found) > 15
    extreme = Antenna(-149.0, [], Random(1))
    assert all(-150 <= extreme.strength_dbm(float(s)) <= 0 for s in range(2_000))
