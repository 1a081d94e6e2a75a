"""Vigil: a shipment that does not get on. Standing on the road, or kept at a place."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.carried import carried
from domain.events import Numbers
from domain.geodesy import apart_m
from domain.journeys import Journey
from domain.states import DeviceState, Moment, Motion, Reference, Vigil


def keep(before: Motion, motion: Motion, state: DeviceState, moment: Moment) -> Motion:
    """Take a fix into account. `state` is that of the fix but for its motion, which was
    `before` and is now `motion`; returns the motion with what was told of it."""
    journey, vigil = moment.seen.journey, motion.vigil
    if journey is None:
        return motion
    now = moment.now
    loaded = vigil.was_loaded or journey.from_facility in state.inside
    on_road = _on_road(state, journey, loaded, moment)
    known = vigil.assigned_since is not None and loaded == vigil.was_loaded
    if not known or on_road == (vigil.road_since is None):
        vigil = vigil._replace(
            assigned_since=vigil.assigned_since or now,
            was_loaded=loaded,
            road_since=(vigil.road_since or now) if on_road else None,
        )
    if motion.anchor is not None or vigil.unplanned_since is not None:
        vigil = _standing(vigil, before, motion, moment)
    if state.inside or vigil.detained:
        vigil = _kept(vigil, state, journey, moment)
    return motion if vigil is motion.vigil else motion._replace(vigil=vigil)


def _on_road(state: DeviceState, journey: Journey, loaded: bool, moment: Moment) -> bool:
    """Where it should be moving: departed, outside every fence, by its own means."""
    if state.arrived or state.inside:
        return False
    planned = journey.planned_departure
    if not loaded and planned is not None and moment.now < planned:
        return False
    return carried(journey, state.progress.along_m) is None


# --- on the road ---


def _standing(vigil: Vigil, before: Motion, motion: Motion, moment: Moment) -> Vigil:
    anchor = motion.anchor
    if vigil.unplanned_since is not None:
        gone = anchor is None or anchor.time != vigil.unplanned_since
        if gone or vigil.road_since is None:
            ended_at = before.there_at if gone else None
            moment.tell("unplanned_stop_ended", ended_at or moment.now)
            return vigil._replace(unplanned_since=None)
        return vigil
    if anchor is None or vigil.road_since is None or motion.there_at != moment.now:
        return vigil
    limit_s = moment.settings.unplanned_stop_s
    passed_at = max(anchor.time, vigil.road_since) + timedelta(seconds=limit_s)
    if moment.now < passed_at or _is_beside_a_fence(anchor, moment):
        return vigil
    numbers: Numbers = {
        "standing_s": (moment.now - anchor.time).total_seconds(),
        "limit_s": limit_s,
        "radius_m": moment.settings.stop_radius_m,
        "accuracy_m": round(anchor.accuracy_m, 1),
    }
    moment.tell("unplanned_stop", passed_at, numbers=numbers, at=anchor)
    return vigil._replace(unplanned_since=anchor.time)


def _is_beside_a_fence(anchor: Reference, moment: Moment) -> bool:
    """Before a gate: not surely outside, whatever this one fix says."""
    if not moment.seen.fences:
        return False
    here = moment.seen.position
    off_m = apart_m(anchor.lat_deg, anchor.lon_deg, here.lat_deg, here.lon_deg)
    sure_m = moment.settings.fence_margin_m + moment.accuracy_m + off_m
    return any(signed_m <= sure_m for _, signed_m in moment.seen.fences)


# --- at a place ---


def _kept(vigil: Vigil, state: DeviceState, journey: Journey, moment: Moment) -> Vigil:
    # Who stands where it has no business is told by that rule, and once.
    on_the_way = {
        place: visit
        for place, visit in state.inside.items()
        if place != journey.to_facility and not visit.wrong and not state.arrived
    }
    for place in vigil.detained:
        if place not in on_the_way:
            moment.tell("detention_ended", _left_at(place, moment), place=place)
    detained = tuple(place for place in vigil.detained if place in on_the_way)
    for place, visit in on_the_way.items():
        if place in detained:
            continue
        since = max(visit.entered_at, vigil.assigned_since or visit.entered_at)
        if place == journey.from_facility:
            if journey.planned_departure is None:
                continue
            since = max(since, journey.planned_departure)
        if _tell_detained(place, since, journey, moment):
            detained = (*detained, place)
    return vigil if detained == vigil.detained else vigil._replace(detained=detained)


def _tell_detained(place: str, since: datetime, journey: Journey, moment: Moment) -> bool:
    settings, now = moment.settings, moment.now
    limit_s = settings.port_stop_s if place in moment.seen.ports else settings.detention_s
    passed_at = since + timedelta(seconds=limit_s)
    if now < passed_at:
        return False
    numbers: dict[str, float | str | None] = {
        "standing_s": (now - since).total_seconds(),
        "limit_s": limit_s,
        "accuracy_m": round(moment.seen.position.accuracy_m, 1),
    }
    if place == journey.from_facility and journey.planned_departure is not None:
        numbers["departure_late_s"] = (now - journey.planned_departure).total_seconds()
    moment.tell("detained", passed_at, place=place, numbers=numbers)
    return True


def _left_at(place: str, moment: Moment) -> datetime:
    """When it left, which is earlier than the fix that made it certain."""
    for event in reversed(moment.events):
        if event.decided_at != moment.now:
            break
        if (event.kind, event.facility_id) == ("fence_left", place):
            return event.event_time
    return moment.now
