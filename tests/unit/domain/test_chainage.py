"""Chainage: all the pieces of a line that a fix may lie on, in bulk."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chainage import Lines, Runs

V = np.array([(0.0, 0.0), (10_000.0, 0.0), (0.0, 1000.0)])  # out, and back beside it
STRAIGHT = np.array([(0.0, 0.0), (1000.0, 0.0), (1000.0, 0.0), (9000.0, 0.0)])
LINES = Lines([V, STRAIGHT], [3000.0, 3000.0])


def runs(line: int, x: float, y: float, accuracy_m: float) -> list[tuple[float, float, float]]:
    found = LINES.runs(np.array([line]), np.array([x]), np.array([y]), np.array([accuracy_m]))
    return list(zip(found.low_m, found.near_m, found.high_m, strict=True))


def test_on_a_straight_line_it_is_one_run_as_long_as_the_error_circle() -> None:
    (run,) = runs(1, 5000, 300, 50)
    assert run == pytest.approx((4950, 5000, 5050))


def test_at_the_ends_it_is_cut_off() -> None:
    assert runs(1, -200, 0, 50)[0] == pytest.approx((0, 0, 0))
    assert runs(1, 9020, 0, 50)[0] == pytest.approx((8970, 9000, 9000))


def test_over_a_vertex_it_is_still_one() -> None:
    (run,) = runs(1, 990, 0, 50)
    assert run == pytest.approx((940, 990, 1040))


def test_between_two_strands_it_is_on_both_and_near_one_on_that() -> None:
    middle = runs(0, 2000, 400, 60)
    assert len(middle) == 2
    assert middle[0][1] == pytest.approx(2000)
    assert middle[1][1] == pytest.approx(18_000, abs=80)
    assert len(runs(0, 2000, 100, 60)) == 1


def test_at_the_turn_both_strands_are_one_run() -> None:
    ((low, _, high),) = runs(0, 9900, 0, 150)
    assert low < 9800
    assert high > 10_100


def test_each_fix_has_its_own_line_and_what_is_out_of_reach_has_none() -> None:
    found = LINES.runs(
        np.array([1, 0, 1]),
        np.array([5000.0, 5000.0, 5000.0]),
        np.array([0.0, 0.0, 9000.0]),
        np.full(3, 10.0),
    )
    assert found.fix.tolist() == [0, 1]
    none = LINES.runs(np.array([1]), np.array([5e6]), np.array([0.0]), np.array([5.0]))
    assert [len(column) for column in none] == [0] * len(Runs._fields)


def test_lengths_count_no_vertex_twice() -> None:
    assert LINES.length_m[1] == 9000


coordinates = st.tuples(st.floats(-20_000, 20_000), st.floats(-20_000, 20_000))


@given(st.lists(coordinates, min_size=2, max_size=40, unique=True), coordinates, st.floats(1, 300))
@settings(max_examples=150, deadline=None)
def test_the_nearest_place_of_any_line_is_in_a_run(
    vertices: list[tuple[float, float]], at: tuple[float, float], accuracy_m: float
) -> None:
    """As shapely finds it, which looks at every segment."""
    line = shapely.LineString(vertices)
    point = shapely.Point(at)
    found = Lines([np.array(vertices)], [80_000.0]).runs(
        np.array([0]), np.array([at[0]]), np.array([at[1]]), np.array([accuracy_m])
    )
    nearest = line.project(point)
    inside = (found.low_m <= nearest + 1e-3) & (nearest - 1e-3 <= found.high_m)
    assert inside.any()
    reach = line.distance(point) + accuracy_m
    for near in found.near_m.tolist():
        assert line.interpolate(near).distance(point) <= reach + 1e-3
