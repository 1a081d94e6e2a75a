"""Metres along a line, and the way off it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.route import (
    LonLat,
    Path,
    Side,
    course_deg,
    detour,
    distance_m,
    moved,
    plane_m,
    turn_deg,
)
from tests.unit.firmware_sim.support import ROAD

DEGREE_M = 111_195.08  # of a great circle on the mean sphere


def test_distance_and_course() -> None:
    assert distance_m((110, -7), (110, -6)) == pytest.approx(DEGREE_M, rel=1e-6)
    assert distance_m((0, 0), (180, 0)) == pytest.approx(180 * DEGREE_M, rel=1e-6)
    assert course_deg((110, -7), (110, -6)) == pytest.approx(0)
    assert course_deg((110, 0), (109, 0)) == pytest.approx(270)


@pytest.mark.parametrize(("a", "b", "turn"), [(350, 10, 20), (10, 350, 20), (0, 180, 180)])
def test_turn_goes_the_short_way_round(a: float, b: float, turn: float) -> None:
    assert turn_deg(a, b) == turn


@given(st.floats(-50_000, 50_000), st.floats(-50_000, 50_000))
def test_moved_and_plane_are_inverse(east_m: float, north_m: float) -> None:
    back = plane_m((119.4, -5.1), moved((119.4, -5.1), east_m, north_m))
    assert back == pytest.approx((east_m, north_m), abs=0.01)


def test_a_path_is_measured_from_its_first_vertex() -> None:
    path = Path([(110, 0), (111, 0), (111, 0), (111, 1)])
    assert path.length_m == pytest.approx(2 * DEGREE_M, rel=1e-6)
    assert path.point(0.5 * DEGREE_M) == pytest.approx((110.5, 0), abs=1e-5)
    assert path.point(1.25 * DEGREE_M) == pytest.approx((111, 0.25), abs=1e-5)
    assert path.point(-5) == (110, 0)
    assert path.point(1e9) == (111, 1)
    assert path.after(1.25 * DEGREE_M) == [pytest.approx((111, 0.25), abs=1e-5), (111, 1)]
    assert path.away_m((110.5, 0.1)) == pytest.approx(0.1 * DEGREE_M, rel=1e-3)


@pytest.mark.parametrize("vertices", [[(110.0, -7.0)], [(110.0, -7.0), (110.0, -7.0)]])
def test_a_path_without_length_is_refused(vertices: list[LonLat]) -> None:
    with pytest.raises(ValueError, match="two different vertices"):
        Path(vertices)


@pytest.mark.parametrize("side", ["left", "right", "auto"])
def test_a_detour_leaves_to_the_distance_and_comes_back(side: Side) -> None:
    path = Path(ROAD)
    way = detour(path, 20_000, 6_000, side)
    assert way.out[0] == pytest.approx(path.point(20_000), abs=1e-9)
    assert way.back[0] == pytest.approx(way.out[-1], abs=1e-9)
    assert way.back[-1] == path.point(way.rejoin_m)
    assert path.away_m(way.out[-1]) == pytest.approx(6_000, rel=0.01)
    assert max(path.away_m(p) for p in [*way.out, *way.back]) < 6_100
    if side != "auto":
        north = way.out[-1][1] > -7.0
        assert north == (side == "left")  # the road runs east


def test_a_detour_can_be_driven() -> None:
    way = detour(Path(ROAD), 20_000, 6_000)
    for leg in (way.out, way.back):
        courses = [course_deg(a, b) for a, b in pairwise(leg)]
        assert max(turn_deg(a, b) for a, b in pairwise(courses)) < 25
        assert turn_deg(courses[0], 90) < 25 or leg is way.back


def test_auto_takes_the_side_away_from_the_rest_of_the_route() -> None:
    # A hairpin: the way back runs 3 km north of the way out.
    hairpin = Path([(110.0, -7.0), (110.4, -7.0), (110.4, -6.973), (110.0, -6.973)])
    way = detour(hairpin, 20_000, 6_000)
    assert hairpin.away_m(way.out[-1]) > 5_900
    assert way.out[-1][1] < -7.0


def test_a_detour_at_the_very_end_comes_back_to_the_end() -> None:
    path = Path(ROAD)
    way = detour(path, path.length_m, 3_000)
    assert way.rejoin_m == path.length_m
    assert way.back[-1] == path.vertices[-1]
