"""Distances to fences, against pyproj-free references: known lengths on the sphere."""

from __future__ import annotations

import numpy as np
import pytest

from domain.geodesy import METRES_PER_DEGREE, distance_m, local_xy
from domain.geofences import Geofence, Geofences

SQUARE = (((110.0, -7.0), (110.01, -7.0), (110.01, -6.99), (110.0, -6.99), (110.0, -7.0)),)
FENCES = Geofences(
    [
        Geofence("circle", -7.0, 112.0, radius_m=250),
        Geofence("square", -6.995, 110.005, polygon=SQUARE),
    ],
    reach_m=600,
)


def near(lat: float, lon: float) -> dict[str, float]:
    _, fences, signed = FENCES.near(np.array([lat]), np.array([lon]))
    return {FENCES.ids[f]: float(s) for f, s in zip(fences, signed, strict=True)}


def test_a_degree_of_latitude() -> None:
    a, b, c, d = np.array([-7.0, 110.0, -6.0, 110.0])
    assert distance_m(a, b, c, d) == pytest.approx(METRES_PER_DEGREE)


def test_local_metres_cross_the_antimeridian() -> None:
    x, _ = local_xy(np.array([0.0]), np.array([-179.9]), np.float64(0), np.float64(179.9))
    assert x[0] == pytest.approx(0.2 * METRES_PER_DEGREE)


def test_signed_distance_to_a_circle() -> None:
    assert near(-7.0, 112.0) == {"circle": pytest.approx(-250)}
    assert near(-7.0 + 500 / METRES_PER_DEGREE, 112.0) == {"circle": pytest.approx(250, abs=0.1)}


def test_signed_distance_to_a_polygon() -> None:
    assert near(-6.995, 110.005)["square"] == pytest.approx(-552, abs=5)
    assert near(-6.99 + 300 / METRES_PER_DEGREE, 110.005)["square"] == pytest.approx(300, abs=1)


def test_nothing_beyond_reach_and_pairs_belong_to_their_fix() -> None:
    assert near(-7.0, 111.0) == {}
    fixes, fences, _ = FENCES.near(np.array([0.0, -7.0, -6.995]), np.array([0.0, 112.0, 110.005]))
    assert fixes.tolist() == [1, 2]
    assert [FENCES.ids[f] for f in fences] == ["circle", "square"]
