"""Distance outside a corridor."""

from __future__ import annotations

import numpy as np
import pytest

from domain.corridors import Corridor, Corridors
from domain.geodesy import METRES_PER_DEGREE

EAST = Corridor("east", ((110.0, 0.0), (111.0, 0.0)), 2000.0)
BENT = Corridor("bent", ((110.0, -7.0), (110.5, -7.0), (110.5, -7.5)), 500.0)
CORRIDORS = Corridors([EAST, BENT])


def outside(route_id: str, lat: float, lon: float) -> float:
    route = np.array([CORRIDORS.index[route_id]])
    return float(CORRIDORS.outside_m(route, np.array([lat]), np.array([lon]))[0])


@pytest.mark.parametrize(("north_m", "expected"), [(0, 0), (1999, 0), (2500, 500), (12000, 10000)])
def test_north_of_a_straight_line(north_m: float, expected: float) -> None:
    assert outside("east", north_m / METRES_PER_DEGREE, 110.4) == pytest.approx(expected, abs=1)


def test_past_the_end_counts_from_the_end() -> None:
    assert outside("east", 0.0, 111.0 + 3000 / METRES_PER_DEGREE) == pytest.approx(1000, abs=2)


def test_each_fix_is_measured_against_its_own_route() -> None:
    routes = np.array([CORRIDORS.index["bent"], CORRIDORS.index["east"]])
    got = CORRIDORS.outside_m(routes, np.array([-7.25, -7.25]), np.array([110.5, 110.5]))
    assert got[0] == 0
    assert got[1] > 700_000
