"""Points of provinces, as the basemap has them."""

from __future__ import annotations

from dashboard.region_points import province_points
from domain.regions import children, in_indonesia


def test_every_province_has_a_point_in_indonesia() -> None:
    points = province_points()
    assert sorted(points) == [region.code for region in children()]
    assert all(in_indonesia(lat_deg=lat, lon_deg=lon) for lon, lat in points.values())


def test_a_point_lies_in_its_province() -> None:
    lon_deg, lat_deg = province_points()["31"]
    assert (round(lon_deg), round(lat_deg)) == (107, -6)
    assert province_points()["11"][0] < province_points()["91"][0]
