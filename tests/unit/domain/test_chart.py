"""The chart: what of a plan the rules measure against."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.chart import chart
from domain.plan import Plan
from domain.positions import Position
from domain.settings import Rules
from domain.thresholds import version
from tests.support.plan_documents import document, read

FROM = datetime(2024, 11, 25, tzinfo=UTC)
HOUR = timedelta(hours=1)


def plan(**shipment: Any) -> Plan:
    """The small plan, with other words for its shipment."""
    changed = document()
    changed["shipments"][0].update(shipment)
    return read(changed)


def fix(lat: float, lon: float, at: datetime = FROM) -> Position:
    return Position(
        "KWL-0001", at, 1, 1, at, lat, lon, None, None, None, 8.0, None, None, None, None, False,
        0, False, "wire", 0,
    )  # fmt: skip


def test_a_shipment_is_the_journey_of_its_device() -> None:
    survey = chart(plan(), Rules())
    journey = survey.journey("KWL-0001", FROM)
    assert journey is not None
    assert journey[:6] == ("S-1", "TRUCK", "GUDANG-3374", "GUDANG-3372", "SMG-SLO", 2000.0)
    assert (journey.rules, journey.rules_version) == (Rules(), version(Rules()))
    assert survey.journey("KWL-0001", FROM - HOUR) is None


def test_a_shipment_without_a_route_has_no_corridor() -> None:
    survey = chart(plan(route=None, mode="BOAT"), Rules())
    journey = survey.journey("KWL-0001", FROM)
    assert journey is not None
    assert (journey.mode, journey.route_id, journey.half_width_m) == ("BOAT", None, 0.0)
    (seen,) = survey.observe([fix(-7.3, 110.9)])
    assert seen.outside_m is None


def test_fences_are_circles_and_polygons() -> None:
    survey = chart(plan(), Rules())
    corner, centre, none = survey.observe(
        [fix(-7.09, 110.21), fix(-7.55, 110.82), fix(-7.3, 110.6)]
    )
    assert [place for place, metres in corner.fences if metres < 0] == ["GUDANG-3374"]
    assert dict(centre.fences) == {"GUDANG-3372": pytest.approx(-250, abs=0.1)}
    assert none.fences == ()


def test_the_corridor_follows_the_line_of_the_route() -> None:
    survey = chart(plan(), Rules())
    on_road, straight = survey.observe([fix(-7.33, 110.5), fix(-7.2, 110.6)])
    assert on_road.outside_m == 0
    assert straight.outside_m is not None
    assert straight.outside_m > 5000


def test_a_device_goes_from_one_shipment_to_the_next() -> None:
    changed = document()
    changed["shipments"].append({**changed["shipments"][0], "id": "S-2"})
    changed["assignments"] = [
        {"device": "KWL-0001", "shipment": "S-2", "from": "2024-11-25T05:00:00Z"},
        {
            "device": "KWL-0001",
            "shipment": "S-1",
            "from": "2024-11-25T00:00:00Z",
            "until": "2024-11-25T04:00:00Z",
        },
    ]
    survey = chart(read(changed), Rules())
    found = [survey.journey("KWL-0001", FROM + hours * HOUR) for hours in (3, 4.5, 5)]
    assert [one.shipment_id if one else None for one in found] == ["S-1", None, "S-2"]


def test_an_empty_plan_measures_nothing() -> None:
    changed = {**document(), "facilities": [], "routes": [], "shipments": [], "devices": [],
               "assignments": []}  # fmt: skip
    survey = chart(read(changed), Rules())
    (seen,) = survey.observe([fix(-7, 110)])
    assert (seen.journey, seen.outside_m, seen.fences) == (None, None, ())
