import re
from datetime import timedelta
from typing import Any

import pytest

from dashboard.markers import Marker, marker
from domain.positions import Flag
from tests.unit.dashboard.rows import NOW, position

LATE_AFTER_S = 120.0


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, Marker.MOVING),
        ({"speed_kmh": 0.0}, Marker.STOPPED),
        ({"speed_kmh": None}, Marker.MOVING),
        ({"speed_kmh": None, "course_deg": None}, Marker.STOPPED),
        ({"flags": int(Flag.JUMP)}, Marker.DOUBTED),
        ({"flags": int(Flag.DUPLICATE_TIME)}, Marker.MOVING),
        ({"flags": int(Flag.STALE | Flag.JAMMING_WARNING)}, Marker.MOVING),
        ({"flags": int(Flag.FROZEN)}, Marker.DOUBTED),
        ({"flags": int(Flag.LOW_SATELLITES)}, Marker.DOUBTED),
        ({"flags": int(Flag.FUTURE)}, Marker.DOUBTED),
        ({"buffered": True}, Marker.LATE),
        ({"buffered": True, "flags": int(Flag.MOCK)}, Marker.DOUBTED),
        ({"fix_time": NOW - timedelta(seconds=121)}, Marker.LATE),
        ({"fix_time": NOW - timedelta(seconds=120)}, Marker.MOVING),
    ],
)
def test_each_state_of_a_fix_has_its_marker(fields: dict[str, Any], expected: Marker) -> None:
    assert marker(position(**fields), LATE_AFTER_S) is expected


def test_the_browser_draws_a_shape_for_every_marker(script: Any) -> None:
    names = [f'"{kind.name.lower()}"' for kind in Marker]
    assert f"MARKERS = [{', '.join(names)}]" in script("icons.js")


def test_the_browser_knows_every_flag_by_its_bit(script: Any) -> None:
    listed = re.search(r"const FLAGS = \[(.*?)\]", script("selected.js"), re.DOTALL)
    assert listed is not None
    names = re.findall(r'"(\w+)"', listed[1])
    assert [1 << bit for bit in range(len(names))] == [int(flag) for flag in Flag]
    assert names == [str(flag.name).lower() for flag in Flag]
