"""ETA: how far off the product's expected arrival is, asked at parts of the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bench.detection.orders import Vehicle
from bench.detection.world import World
from domain import eta
from domain.chart import chart
from domain.quality import intrinsic_flags
from domain.rules import fold
from domain.settings import Rules
from domain.states import DeviceState, order
from domain.survey import Survey

PARTS = (0.25, 0.5, 0.75)


@dataclass(slots=True)
class Errors:
    """By the part of the way: errors as a share of the time that was left, and how often the
    truth lay in the band of 10 to 90 %. `plan`: the same error of the plan's own arrival."""

    share: dict[float, list[float]] = field(default_factory=dict)
    minutes: dict[float, list[float]] = field(default_factory=dict)
    plan: dict[float, list[float]] = field(default_factory=dict)
    inside: dict[float, list[bool]] = field(default_factory=dict)

    def take(self, other: Errors) -> None:
        """Add those of other worlds."""
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            for part, values in theirs.items():
                mine.setdefault(part, []).extend(values)


def add(errors: Errors, world: World) -> None:
    """Measure the vehicles of a world without a fault."""
    survey = chart(world.plan, Rules())
    for scene in world.scenes:
        for vehicle in scene.vehicles:
            if scene.fault is None and vehicle.shipment_id:
                _measure(errors, vehicle, list(_states(vehicle, survey)), survey)


def _states(vehicle: Vehicle, survey: Survey) -> Iterator[tuple[datetime, DeviceState]]:
    rules, state = Rules(), DeviceState()
    first = {p[:4]: p for p in reversed(vehicle.deliveries)}
    flagged = [p._replace(flags=intrinsic_flags(p, rules)) for p in first.values()]
    items = sorted(survey.observe(flagged), key=order)
    for start in range(0, len(items), 5):
        piece = items[start : start + 5]
        state = fold(state, piece, rules)[0]
        yield piece[-1].time, state


def _measure(
    errors: Errors, vehicle: Vehicle, states: list[tuple[datetime, DeviceState]], survey: Survey
) -> None:
    truth, length = vehicle.truth, vehicle.road.length_m
    at_end = truth.times_s[truth.along_m >= length - 200]
    if not len(at_end):
        return
    arrived = vehicle.at(float(at_end[0]))
    for part in PARTS:
        found = next(
            ((now, s) for now, s in states if (s.progress.along_m or 0) >= part * length), None
        )
        if found is None or found[0] >= arrived:
            continue
        now, state = found
        journey = survey.journey(vehicle.device_id, now)
        band = eta.arrival(state.progress, journey, now) if journey else None
        if journey is None or band is None or journey.planned_arrival is None:
            continue
        left_s = (arrived - now).total_seconds()
        off_s = (band.expected - arrived).total_seconds()
        plan_s = (journey.planned_arrival - arrived).total_seconds()
        errors.share.setdefault(part, []).append(abs(off_s) / left_s)
        errors.minutes.setdefault(part, []).append(abs(off_s) / 60)
        errors.plan.setdefault(part, []).append(abs(plan_s) / left_s)
        errors.inside.setdefault(part, []).append(band.early <= arrived <= band.late)
