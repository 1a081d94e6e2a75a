import math

import pytest

from dashboard.features import circle, facility_feature, fence_feature, route_feature
from db.views import FacilityRow, RouteRow

SQUARE = {"type": "Polygon", "coordinates": [[[110, -7], [111, -7], [111, -6], [110, -7]]]}


def facility(radius_m: float | None, polygon: object = None) -> FacilityRow:
    return FacilityRow("F", "PPK", "PPK <b>", "Asia/Jakarta", -6.5, 106.8, radius_m, polygon)


@pytest.mark.parametrize("lat_deg", [0.0, -6.5, -60.0])
def test_a_circle_is_true_to_size_in_every_direction(lat_deg: float) -> None:
    (ring,) = circle(106.8, lat_deg, 250.0)["coordinates"]
    assert ring[0] == ring[-1]
    metres_per_degree = 111_195.0
    for lon, lat in ring:
        east = (lon - 106.8) * metres_per_degree * math.cos(math.radians(lat_deg))
        north = (lat - lat_deg) * metres_per_degree
        assert math.hypot(east, north) == pytest.approx(250.0, rel=0.001)


def test_a_fence_is_a_circle_or_the_polygon_of_the_plan() -> None:
    assert len(fence_feature(facility(250.0))["geometry"]["coordinates"][0]) > 32
    assert fence_feature(facility(None, SQUARE))["geometry"] == SQUARE


def test_a_facility_keeps_its_name_as_text() -> None:
    made = facility_feature(facility(250.0))
    assert made["geometry"] == {"type": "Point", "coordinates": [106.8, -6.5]}
    assert made["properties"]["name"] == "PPK <b>"


def test_a_corridor_is_as_wide_on_the_map_as_on_the_ground() -> None:
    line = {"type": "LineString", "coordinates": [[106.0, -6.0], [106.5, -6.0]]}
    made = route_feature(RouteRow("R", "Rute", 2000.0, line))
    # At zoom 0 the world's 40,075 km are 512 px; nearer to a pole a metre takes more.
    expected_px = 4000 / 40_075_016.7 * 512 / math.cos(math.radians(6))
    assert made["properties"]["width_px"] == pytest.approx(expected_px, rel=1e-6)
