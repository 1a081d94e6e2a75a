"""Blankspots: where silence is expected, and until when.

Known are those of the route, stretches by ship or by plane, and places without coverage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.carried import carried
from domain.eta import expected_at
from domain.journeys import Journey
from domain.settings import Rules
from domain.states import DeviceState, Reference

FASTER = 2.0  # at times a vehicle is so much faster than its mean pace, stops included
NEAR_MS = 15.0  # and it comes so close to a place between two reports


class Hold(NamedTuple):
    """Silence that is expected until `expected_exit`; metres along the way, or a place."""

    shipment_id: str
    expected_exit: datetime
    from_m: float | None = None
    to_m: float | None = None
    facility_id: str | None = None

    def is_over(self, now: datetime, settings: Rules) -> bool:
        """It should have been heard again, some grace included."""
        return now > self.expected_exit + timedelta(seconds=settings.blankspot_grace_s)


def hold(
    journey: Journey,
    state: DeviceState,
    unheard: Sequence[tuple[str, float]],
    interval_s: float,
    now: datetime,
    *,
    settings: Rules,
) -> Hold | None:
    """The blankspot that a device, which is silent at `now`, was in or about to enter when it
    was last seen. `unheard`: what the survey says of places without coverage near there."""
    seen = state.progress.at or state.good
    if seen is None or state.shipment_id != journey.shipment_id:
        return None
    near_m = settings.fence_margin_m + seen.accuracy_m + NEAR_MS * interval_s
    for place, signed_m in sorted(unheard, key=lambda each: each[1]):
        if place in state.inside or signed_m <= near_m:
            return _at_a_place(place, journey, seen, settings)
    before = seen.time + timedelta(seconds=FASTER * interval_s)
    return _on_the_way(journey, state, before, now) or _carried_all_the_way(journey, now)


def _at_a_place(place: str, journey: Journey, seen: Reference, settings: Rules) -> Hold:
    """Whoever is longer at a place than a detention takes should be asked after anyway."""
    until = seen.time + timedelta(seconds=settings.detention_s)
    if place == journey.from_facility and journey.planned_departure is not None:
        until = max(until, journey.planned_departure)
    return Hold(journey.shipment_id, until, facility_id=place)


def _on_the_way(
    journey: Journey, state: DeviceState, before: datetime, now: datetime
) -> Hold | None:
    """A blankspot that it was inside of, or at its pace could be in `before` then."""
    along_m = state.progress.along_m
    if along_m is None:
        return None
    for low, high in _spots(journey):
        if along_m >= high:
            continue
        begin = expected_at(state.progress, journey, low, now)
        end = expected_at(state.progress, journey, high, now)
        if begin is None or end is None or (along_m < low and begin.expected > before):
            return None
        return Hold(journey.shipment_id, end.late, low, high)
    return None


def _spots(journey: Journey) -> Iterable[tuple[float, float]]:
    way = journey.way
    if way is None:
        return ()
    by_others = [
        (stretch.from_m, stretch.to_m)
        for stretch in way.stretches
        if carried(journey, stretch.from_m) is not None
    ]
    return sorted({*way.blankspots, *by_others})


def _carried_all_the_way(journey: Journey, now: datetime) -> Hold | None:
    """A ship or plane of which no route is known."""
    departure, arrival = journey.planned_departure, journey.planned_arrival
    if journey.way is not None or departure is None or arrival is None or now < departure:
        return None
    return Hold(journey.shipment_id, arrival) if carried(journey, None) else None
