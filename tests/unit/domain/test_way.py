"""The way: a route of the plan as a vehicle travels it."""

from __future__ import annotations

from typing import Any

import pytest

from domain.chart import chart
from domain.journeys import Stretch, Way
from domain.plan import Plan, dump
from domain.plan_faults import PlanError, parse
from domain.settings import Rules
from domain.way import reversed_way, stretch_at
from tests.support.roads import START, Point, fix, lon_lat, place, plan

ROAD: list[Point] = [(0, 0), (20_000, 0), (20_000, 10_000)]


def waypoint(name: str, at: Point, **more: Any) -> dict[str, Any]:
    lon, lat = lon_lat(*at)
    return {"id": name, "lat_deg": lat, "lon_deg": lon, **more}


def way_of(drawn: Plan) -> Way:
    journey = chart(drawn, Rules()).journey("D", START)
    assert journey is not None
    assert journey.way is not None
    return journey.way


def troubles(**route: Any) -> dict[str, str]:
    with pytest.raises(PlanError) as refused:
        parse(dump(plan(ROAD, **route)))
    return {fault.path: fault.reason for fault in refused.value.faults}


LEGS: dict[str, Any] = {
    "waypoints": [waypoint("A", (5000, 300)), waypoint("B", (20_000, 4000), radius_m=200)],
    "legs": [
        {"mode": "TRUCK", "to": "A"},
        {"mode": "SHIP", "to": "B", "half_width_m": 5000},
        {"mode": "TRUCK"},
    ],
    "blankspots": [{"from_km": 21, "to_km": 23}, {"from_km": 2, "to_km": 4}],
}


def test_what_lies_along_the_line_is_told_in_metres_from_its_start() -> None:
    way = way_of(plan(ROAD, **LEGS))
    assert way.length_m == pytest.approx(30_000, rel=1e-3)
    assert [m.waypoint_id for m in way.milestones] == ["A", "B"]
    assert [m.along_m for m in way.milestones] == pytest.approx([5000, 24_000], abs=20)
    assert [m.radius_m for m in way.milestones] == [None, 200]
    assert [s.mode for s in way.stretches] == ["TRUCK", "SHIP", "TRUCK"]
    assert [s.from_m for s in way.stretches] == pytest.approx([0, 5000, 24_000], abs=20)
    assert way.stretches[-1].to_m == way.length_m
    assert way.blankspots == ((2000, 4000), (21_000, 23_000))


def test_a_return_goes_the_line_backwards() -> None:
    there, back = way_of(plan(ROAD, **LEGS)), way_of(plan(ROAD, backwards=True, **LEGS))
    assert back.backwards
    assert reversed_way(back) == there
    assert [m.waypoint_id for m in back.milestones] == ["B", "A"]
    assert [m.along_m for m in back.milestones] == pytest.approx([6000, 25_000], abs=20)
    assert [low for low, _ in back.blankspots] == pytest.approx([7000, 26_000], abs=40)


def test_without_legs_the_mode_of_the_shipment_holds() -> None:
    way = way_of(plan(ROAD, mode="BOAT"))
    assert way.stretches == (Stretch("BOAT", 0.0, way.length_m),)
    assert stretch_at(way, way.length_m + 1).mode == "BOAT"
    assert stretch_at(way_of(plan(ROAD, **LEGS)), 6000).mode == "SHIP"


def test_a_waypoint_at_a_facility_has_its_fence() -> None:
    square = [lon_lat(x, y) for x, y in ((9000, -900), (9600, -900), (9600, 900), (9000, 900))]
    port = place("PORT", (9300, 0), kind="PORT")
    port["fence"] = {"polygon": {"type": "Polygon", "coordinates": [[*square, square[0]]]}}
    drawn = plan(
        ROAD, places=[port, place("YARD", (12_000, 0), radius_m=400)],
        waypoints=[{"id": "P", "facility": "PORT"}, {"id": "Y", "facility": "YARD"}],
    )  # fmt: skip
    port_stone, yard = way_of(drawn).milestones
    assert (port_stone.name, port_stone.facility_id) == ("PORT", "PORT")
    assert port_stone.radius_m == pytest.approx((300**2 + 900**2) ** 0.5, rel=1e-2)
    assert yard.radius_m == 400


def test_on_an_out_and_back_line_waypoints_come_in_their_order() -> None:
    line: list[Point] = [(0, 0), (20_000, 0), (1000, 0)]
    twice = [waypoint("OUT", (15_000, 0)), waypoint("BACK", (14_000, 0))]
    way = way_of(plan(line, waypoints=twice))
    assert [m.along_m for m in way.milestones] == pytest.approx([15_000, 26_000], abs=60)


def test_each_leg_has_its_own_width() -> None:
    survey = chart(plan(ROAD, **LEGS), Rules())
    at_sea, on_land, far = survey.observe(
        [fix(0, (15_000, -4000)), fix(30, (-2000, -2500)), fix(60, (15_000, -6500))]
    )
    assert (at_sea.outside_m, at_sea.half_width_m) == (0, None)
    assert on_land.outside_m == pytest.approx(1202, abs=10)
    assert on_land.half_width_m == 2000
    assert far.outside_m == pytest.approx(1500, abs=10)
    assert far.half_width_m == 5000
    assert far.along_m == pytest.approx(15_000, abs=10)


def test_waypoints_off_the_line_or_out_of_order_are_refused() -> None:
    far = troubles(waypoints=[waypoint("A", (5000, 9000))])
    assert "9.0 km off the line" in far["routes[0].waypoints[0]"]
    order = troubles(waypoints=[waypoint("A", (9000, 0)), waypoint("B", (5000, 0))])
    assert order == {"routes[0].waypoints[1]": "lies before the waypoint that precedes it"}
    twice = troubles(waypoints=[waypoint("A", (5000, 0)), waypoint("A", (9000, 0))])
    assert list(twice) == ["routes[0].waypoints[1].id"]


def test_a_wide_radius_reaches_further() -> None:
    parse(dump(plan(ROAD, waypoints=[waypoint("A", (5000, 9000), radius_m=8000)])))


@pytest.mark.parametrize(
    ("legs", "path"),
    [
        ([{"mode": "TRUCK", "to": "X"}, {"mode": "SHIP"}], "legs[0].to"),
        ([{"mode": "TRUCK"}, {"mode": "SHIP"}], "legs[0].to"),
        ([{"mode": "TRUCK", "to": "A"}], "legs[0].to"),
        (
            [{"mode": "TRUCK", "to": "B"}, {"mode": "SHIP", "to": "A"}, {"mode": "TRUCK"}],
            "legs[1].to",
        ),
    ],
)
def test_legs_lead_from_waypoint_to_waypoint_to_the_end(
    legs: list[dict[str, Any]], path: str
) -> None:
    assert list(troubles(waypoints=LEGS["waypoints"], legs=legs)) == [f"routes[0].{path}"]


@pytest.mark.parametrize(
    ("spots", "index"),
    [
        ([{"from_km": 29, "to_km": 33}], 0),
        ([{"from_km": 31, "to_km": 31.2}], 0),
        ([{"from_km": 2, "to_km": 9}, {"from_km": 8, "to_km": 12}], 1),
    ],
)
def test_blankspots_lie_on_the_line_and_apart(spots: list[dict[str, float]], index: int) -> None:
    assert list(troubles(blankspots=spots)) == [f"routes[0].blankspots[{index}]"]


def test_a_blankspot_may_end_with_the_line_measured_otherwise() -> None:
    read = parse(dump(plan(ROAD, blankspots=[{"from_km": 28, "to_km": 30.2}])))
    assert way_of(read).blankspots == ((28_000, way_of(read).length_m),)
