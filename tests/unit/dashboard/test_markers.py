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
