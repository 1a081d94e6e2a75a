"""Chart: a plan drawn as what the rules measure against."""

from __future__ import annotations

from domain.corridors import Corridor
from domain.geofences import Geofence
from domain.plan import Facility, Plan
from domain.settings import Rules
from domain.states import Journey
from domain.survey import Stage, Survey


def chart(plan: Plan, settings: Rules) -> Survey:
    """The fences, corridors and journeys of `plan`."""
    corridors = {r.id: Corridor(r.id, r.line.coordinates, r.half_width_m) for r in plan.routes}
    journeys = {
        s.id: Journey(
            s.id,
            s.mode,
            s.from_facility,
            s.to_facility,
            s.route_id,
            corridors[s.route_id].half_width_m if s.route_id else 0.0,
        )
        for s in plan.shipments
    }
    stages: dict[str, list[Stage]] = {}
    for a in plan.assignments:
        stage = Stage(a.valid_from, a.valid_until, journeys[a.shipment_id])
        stages.setdefault(a.device_id, []).append(stage)
    fences = [_fence(facility) for facility in plan.facilities]
    return Survey(fences, list(corridors.values()), stages, settings)


def _fence(facility: Facility) -> Geofence:
    polygon = facility.fence.polygon
    return Geofence(
        facility.id,
        facility.lat_deg,
        facility.lon_deg,
        radius_m=facility.fence.radius_m,
        polygon=polygon.coordinates if polygon else None,
    )
