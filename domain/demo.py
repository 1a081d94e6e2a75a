"""The demonstration: a made-up plan over real geography, and the fleet that drives it.

Places and ways are in demo_geography.json, set down by hand after well-known towns and
junctions; a way is true to one or two kilometres. Loads, plates and numbers are invented.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely

from domain.geodesy import distance_m
from domain.plan import LonLat, Plan, Route
from domain.plan_words import ShipmentStatus
from domain.positions import Position

# One fixed start for all assignments: a demonstration that is imported again tomorrow
# changes the same rows, where a start that moves would overlap yesterday's.
VOTING_IN = timedelta(days=20)
ASSIGNED_FROM = "2024-01-01T00:00:00Z"
SLACK = 1.2  # the planned arrival leaves a fifth more time than the drive takes


@cache
def _geography() -> dict[str, Any]:
    text = files("domain").joinpath("demo_geography.json").read_text("utf-8")
    geography: dict[str, Any] = json.loads(text)
    return geography


def demo_plan(now: datetime) -> Plan:
    """The plan of the demonstration: every shipment is on its way at `now` (aware)."""
    geography = _geography()
    lengths = {
        route["id"]: _length_km(Route.model_validate(route)) for route in geography["routes"]
    }
    devices = geography["devices"]
    return Plan.model_validate(
        {
            "format": "kawal-plan",
            "version": 1,
            "operation": {**geography["operation"], "voting_day": (now + VOTING_IN).date()},
            "facilities": geography["facilities"],
            "routes": geography["routes"],
            "shipments": [
                _shipment(entry, lengths[entry["route"]], now) for entry in geography["shipments"]
            ],
            "devices": [_without(entry, "shipment", "ahead") for entry in devices],
            "assignments": [
                {"device": entry["id"], "shipment": entry["shipment"], "from": ASSIGNED_FROM}
                for entry in devices
            ],
            "convoys": geography["convoys"],
        }
    )


def _shipment(entry: Mapping[str, Any], length_km: float, now: datetime) -> dict[str, Any]:
    drive = timedelta(hours=length_km / entry["speed_kmh"])
    departure = (now - drive * entry["progress"]).replace(second=0, microsecond=0)
    arrival = (departure + drive * SLACK).replace(second=0, microsecond=0)
    return {
        **_without(entry, "speed_kmh", "progress"),
        "planned_departure": departure,
        "planned_arrival": arrival,
        "status": ShipmentStatus.IN_TRANSIT,
    }


def _without(entry: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in names}


def _length_km(route: Route) -> float:
    line = np.array(route.line.coordinates)
    (lon_a, lat_a), (lon_b, lat_b) = line[:-1].T, line[1:].T
    return float(distance_m(lat_a, lon_a, lat_b, lon_b).sum()) / 1000


def demo_fleet(
    plan: Plan, credentials: Mapping[str, str], last: Mapping[str, Position] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """The entries of a fleet file for `firmware_sim`: one for each device of the demo plan.

    `credentials`: device id -> password. `last`: where each device was seen last; it goes on
    from there, in the direction that it had. Raises ValueError for a device without a
    password.
    """
    routes = {route.id: route for route in plan.routes}
    shipments = {entry["id"]: entry for entry in _geography()["shipments"]}
    paces = {s: convoy.id for convoy in plan.convoys for s in convoy.shipments}
    fleet = []
    for device in _geography()["devices"]:
        if device["id"] not in credentials:
            raise ValueError(f"{device['id']} has no password")
        journey = shipments[device["shipment"]]
        route = routes[journey["route"]]
        line, fraction = list(route.line.coordinates), journey["progress"] + device["ahead"]
        if device["id"] in last:
            line, fraction = _onward(line, last[device["id"]])
        fleet.append(
            {
                "device_id": device["id"],
                "password": credentials[device["id"]],
                "route": [list(vertex) for vertex in line],
                "half_width_m": route.half_width_m,
                "scenario": "nominal",
                "speed_kmh": journey["speed_kmh"],
                "loop": True,
                "start_fraction": round(fraction, 4),
                "pace": paces.get(device["shipment"], ""),
            }
        )
    return fleet


def _onward(line: list[LonLat], seen: Position) -> tuple[list[LonLat], float]:
    """The line in the direction of travel, and how far along it the position is."""
    path = shapely.LineString(line)
    along = path.project(shapely.Point(seen.lon_deg, seen.lat_deg), normalized=True)
    behind = path.interpolate(max(along - 1e-3, 0), normalized=True)
    ahead = path.interpolate(min(along + 1e-3, 1), normalized=True)
    course = math.radians(seen.course_deg or 0.0)
    forward = (ahead.x - behind.x) * math.sin(course) + (ahead.y - behind.y) * math.cos(course)
    if seen.course_deg is None or forward >= 0:
        return line, along
    return line[::-1], 1 - along
