"""Chart: a plan drawn as what the rules measure against."""

from __future__ import annotations

from domain.corridors import Corridor
from domain.geofences import Geofence
from domain.journeys import Journey
from domain.plan import Facility, Plan
from domain.plan_words import FacilityKind, Signal
from domain.rule_history import RuleHistory
from domain.settings import Rules
from domain.stages import stages
from domain.survey import Stage, Survey
from domain.way import Course


def chart(plan: Plan, settings: Rules, history: RuleHistory | None = None) -> Survey:
    """The fences, corridors and journeys of `plan`, each with the rules of its time.

    Without a `history`, `settings` and what `plan` says of them hold for all time.
    """
    history = history or RuleHistory.constant(settings, plan)
    shipments = {shipment.id: shipment for shipment in plan.shipments}
    places = {facility.id: facility for facility in plan.facilities}
    courses = {route.id: Course(route, places) for route in plan.routes}
    corridors = [
        Corridor(r.id, r.line.coordinates, r.half_width_m, courses[r.id].strips)
        for r in plan.routes
    ]
    widths = {route.id: route.half_width_m for route in plan.routes}
    journeys = {
        s.id: Journey(
            s.id,
            s.mode,
            s.from_facility,
            s.to_facility,
            s.route_id,
            widths[s.route_id] if s.route_id else 0.0,
            courses[s.route_id].way(s) if s.route_id else None,
            s.planned_departure,
            s.planned_arrival,
        )
        for s in plan.shipments
    }
    found: dict[str, list[Stage]] = {}
    for a in plan.assignments:
        ruled = stages(a, shipments[a.shipment_id], journeys[a.shipment_id], history)
        found.setdefault(a.device_id, []).extend(ruled)
    fences = [_fence(facility) for facility in plan.facilities]
    return Survey(fences, corridors, found, settings, history)


def _fence(facility: Facility) -> Geofence:
    polygon = facility.fence.polygon
    return Geofence(
        facility.id,
        facility.lat_deg,
        facility.lon_deg,
        radius_m=facility.fence.radius_m,
        polygon=polygon.coordinates if polygon else None,
        is_port=facility.kind in (FacilityKind.PORT, FacilityKind.AIRPORT),
        is_blankspot=facility.signal is Signal.BLANKSPOT,
    )
