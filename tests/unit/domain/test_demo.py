from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from shapely import LineString

from domain.demo import demo_fleet, demo_plan
from domain.plan import dump
from domain.plan_changes import diff
from domain.plan_faults import conflicts, parse, warnings
from domain.plan_words import ShipmentStatus
from domain.positions import Position
from domain.regions import Zone

NOW = datetime(2024, 11, 25, 8, 30, 12, tzinfo=UTC)


def test_the_demonstration_is_a_sound_plan_under_way() -> None:
    plan = demo_plan(NOW)
    assert parse(dump(plan)) == plan
    assert warnings(plan) == []
    assert {shipment.status for shipment in plan.shipments} == {ShipmentStatus.IN_TRANSIT}
    for shipment in plan.shipments:
        assert shipment.planned_departure < NOW < shipment.planned_arrival
    for route in plan.routes:
        assert 15 <= len(route.line.coordinates) <= 60
    assert {facility.tz for facility in plan.facilities} == set(Zone)


def test_the_demonstration_imported_again_later_changes_only_times() -> None:
    changes = diff(demo_plan(NOW), demo_plan(NOW + timedelta(days=1)))
    fields = {name for change in changes for name in change.fields}
    assert fields == {"planned_departure", "planned_arrival", "voting_day"}
    assert conflicts(demo_plan(NOW), demo_plan(NOW + timedelta(days=1))) == []


def test_the_demonstration_needs_an_aware_time() -> None:
    with pytest.raises(ValidationError):
        demo_plan(NOW.replace(tzinfo=None))


def test_the_demonstration_s_fleet_drives_the_routes_of_its_shipments() -> None:
    plan = demo_plan(NOW)
    fleet = demo_fleet(plan, {device.id: f"secret of {device.id}" for device in plan.devices})
    lines = {route.id: [list(vertex) for vertex in route.line.coordinates] for route in plan.routes}
    shipments = {shipment.id: shipment for shipment in plan.shipments}
    by_device = {entry["device_id"]: entry for entry in fleet}
    assert by_device.keys() == {device.id for device in plan.devices}
    for each in plan.assignments:
        entry = by_device[each.device_id]
        assert entry["route"] == lines[str(shipments[each.shipment_id].route_id)]
        assert 0 < entry["start_fraction"] < 1
        assert entry["password"] == f"secret of {each.device_id}"
    # The escort drives a little ahead of the lorry that it guards.
    assert by_device["KWL-0002"]["route"] == by_device["KWL-0001"]["route"]
    assert by_device["KWL-0002"]["start_fraction"] > by_device["KWL-0001"]["start_fraction"]
    # Those of the convoy drive alike, or they would drift apart by themselves.
    (convoy,) = plan.convoys
    alike = {name for name, entry in by_device.items() if entry["pace"] == convoy.id}
    assert alike == {"KWL-0001", "KWL-0002", "KWL-0014"}


def test_a_vehicle_that_was_seen_before_goes_on_from_there_in_its_direction() -> None:
    plan = demo_plan(NOW)
    passwords = {device.id: "secret" for device in plan.devices}
    route = demo_fleet(plan, passwords)[0]["route"]
    west, east = sorted([route[0][0], route[-1][0]])
    lon, lat = route[len(route) // 2]
    for course_deg, begins_at in ((90.0, west), (270.0, east)):
        seen = position(lon_deg=lon, lat_deg=lat, course_deg=course_deg)
        entry = demo_fleet(plan, passwords, {"KWL-0001": seen})[0]
        assert entry["device_id"] == "KWL-0001"
        assert entry["route"][0][0] == begins_at
        line = LineString(entry["route"])
        here = line.interpolate(entry["start_fraction"], normalized=True)
        assert (here.x, here.y) == pytest.approx((lon, lat), abs=0.01)


def position(*, lon_deg: float, lat_deg: float, course_deg: float) -> Position:
    return Position(
        "KWL-0001", NOW, 1, 1, NOW, lat_deg, lon_deg, 60.0, course_deg, None, 5.0, None, None,
        None, None, False, 0, False, "wire", 0,
    )  # fmt: skip


def test_a_fleet_without_a_password_says_whose() -> None:
    with pytest.raises(ValueError, match="KWL-0001 has no password"):
        demo_fleet(demo_plan(NOW), {})
