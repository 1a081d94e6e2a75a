"""World: scenes that are judged together, the plan that they have in common, and the alarms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from bench.detection.orders import Vehicle
from bench.detection.scenes import Scene
from domain.events import DeviceEvent
from domain.plan import Plan
from domain.positions import Position

ISO = "%Y-%m-%dT%H:%M:%SZ"


class Alarm(NamedTuple):
    """What a contestant says: since when, and when somebody could know."""

    rule: str
    device_id: str
    opened_at: datetime
    known_at: datetime


# What the device itself reports is told by all contestants alike.
REPORTED = {
    "seal_cut": "SEAL_CUT",
    "seal_opened": "SEAL_OPENED",
    "sos": "SOS",
    "jamming_started": "JAMMING",
}


@dataclass(frozen=True)
class World:
    """Scenes of one plan."""

    scenes: list[Scene]

    @property
    def vehicles(self) -> Iterator[Vehicle]:
        """Those of all scenes."""
        for scene in self.scenes:
            yield from scene.vehicles

    @cached_property
    def plan(self) -> Plan:
        """What the rules know: routes, warehouses, shipments, devices, convoys."""
        roads = {vehicle.road.route["id"]: vehicle.road for vehicle in self.vehicles}
        places = {place["id"]: place for road in roads.values() for place in road.facilities}
        document: dict[str, Any] = {
            "format": "kawal-plan",
            "version": 1,
            "operation": {"id": "BENCH", "name": "bench/detection"},
            "facilities": list(places.values()),
            "routes": [road.route for road in roads.values()],
            "shipments": [_shipment(v) for v in self.vehicles if v.shipment_id],
            "devices": [_device(v) for v in self.vehicles],
            "assignments": [_assignment(v) for v in self.vehicles if v.shipment_id],
            "convoys": list(self._convoys()),
        }
        return Plan.model_validate(document)

    def _convoys(self) -> Iterator[dict[str, Any]]:
        for scene in self.scenes:
            if scene.convoy:
                name = scene.vehicles[0].device_id.rsplit("-", 1)[0]
                shipments, escorts = scene.convoy
                yield {"id": name, "name": name, "shipments": shipments, "escorts": escorts}

    def positions(self) -> Iterator[Position]:
        """All that is delivered."""
        for vehicle in self.vehicles:
            yield from vehicle.deliveries

    def reports(self) -> Iterator[DeviceEvent]:
        """All that devices report."""
        for vehicle in self.vehicles:
            yield from vehicle.reports


def receipts(vehicle: Vehicle) -> list[datetime]:
    """When something of the device was received."""
    times = [p.received_at for p in vehicle.deliveries]
    return sorted(times + [r.received_at for r in vehicle.reports])


def reported(vehicle: Vehicle) -> Iterator[Alarm]:
    """The device's own reports, told when they are received."""
    for report in vehicle.reports:
        if report.kind in REPORTED:
            rule = REPORTED[report.kind]
            yield Alarm(rule, vehicle.device_id, report.event_time, report.received_at)


def _shipment(vehicle: Vehicle) -> dict[str, Any]:
    road, last_s = vehicle.road, float(vehicle.truth.times_s[-1])
    return {
        "id": vehicle.shipment_id, "direction": "DISTRIBUTION", "mode": road.mode,
        "from": road.from_facility, "to": road.to_facility, "route": road.route["id"],
        "planned_departure": vehicle.start.strftime(ISO),
        "planned_arrival": vehicle.at(last_s * 1.2).strftime(ISO),
    }  # fmt: skip


def _device(vehicle: Vehicle) -> dict[str, Any]:
    return {
        "id": vehicle.device_id, "kind": "TRACKER", "name": vehicle.device_id,
        "report_interval_s": vehicle.interval_s,
    }  # fmt: skip


def _assignment(vehicle: Vehicle) -> dict[str, Any]:
    start = vehicle.start - timedelta(hours=1)
    return {
        "device": vehicle.device_id, "shipment": vehicle.shipment_id, "from": start.strftime(ISO)
    }  # fmt: skip
