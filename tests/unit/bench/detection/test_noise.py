"""The noise is what it says: so large, so correlated, and overconfident in towns."""

from __future__ import annotations

import numpy as np
import pytest

from bench.detection import noise
from bench.detection.noise import ENVIRONMENTS, OPEN_ROAD, TOWN

FIXES = 20_000


def made(kind: noise.Environment, *, phone: bool = False, step_s: float = 30.0) -> noise.Noise:
    times = np.arange(FIXES) * step_s
    where = np.full(FIXES, ENVIRONMENTS.index(kind))
    rng = np.random.default_rng(5)
    return noise.make(times, where, np.zeros(FIXES, dtype=np.bool_), rng, phone=phone)


def size(found: noise.Noise) -> np.ndarray:
    return np.hypot(found.east_m, found.north_m)


@pytest.mark.parametrize(("kind", "least", "most"), [(OPEN_ROAD, 2, 6), (TOWN, 7, 20)])
def test_the_mean_error_is_that_of_the_literature(
    kind: noise.Environment, least: float, most: float
) -> None:
    assert least < size(made(kind)).mean() < most


def test_errors_of_consecutive_fixes_are_alike_and_those_of_an_hour_apart_are_not() -> None:
    east = made(OPEN_ROAD).east_m
    assert np.corrcoef(east[:-1], east[1:])[0, 1] > 0.6
    assert abs(np.corrcoef(east[:-120], east[120:])[0, 1]) < 0.1


def test_in_a_town_a_claim_of_68_per_cent_holds_less_than_it_says() -> None:
    open_road, town = made(OPEN_ROAD), made(TOWN)
    assert 0.55 < (size(open_road) <= open_road.accuracy_m).mean() < 0.75
    assert (size(town) <= town.accuracy_m).mean() < 0.5


def test_towns_have_heavy_tails() -> None:
    error = size(made(TOWN))
    assert np.quantile(error, 0.999) > 5 * np.quantile(error, 0.5)


def test_a_phone_asks_the_network_and_says_so() -> None:
    tracker, phone = made(TOWN), made(TOWN, phone=True)
    assert (size(phone) > 300).mean() > (size(tracker) > 300).mean()
    assert phone.accuracy_m.max() > 500
