"""Where the members of a convoy are at one moment, how far apart, and which are its body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.geodesy import ground_m
from domain.journeys import Journey
from domain.plan import Plan
from domain.states import Observation


class Party(NamedTuple):
    """A convoy of the plan. `devices`: all that ever are with one of its shipments, and its
    escorts; `goals`: where the facilities that it goes to are (degrees north, east)."""

    id: str
    name: str
    shipments: frozenset[str]
    escorts: frozenset[str]
    devices: tuple[str, ...]
    goals: Mapping[str, tuple[float, float]]
    begins_at: datetime | None


def parties(plan: Plan) -> list[Party]:
    """The convoys of `plan`. A device that is listed as escort is no vehicle of it."""
    destinations = {shipment.id: shipment.to_facility for shipment in plan.shipments}
    places = {f.id: (f.lat_deg, f.lon_deg) for f in plan.facilities}
    found = []
    for convoy in plan.convoys:
        assigned = [a for a in plan.assignments if a.shipment_id in convoy.shipments]
        found.append(
            Party(
                convoy.id,
                convoy.name,
                frozenset(convoy.shipments),
                frozenset(convoy.escorts),
                tuple(sorted({*convoy.escorts, *(a.device_id for a in assigned)})),
                {destinations[s]: places[destinations[s]] for s in convoy.shipments},
                min((a.valid_from for a in assigned), default=None),
            )
        )
    return found


class Place(NamedTuple):
    """A member where its newest fix says. `left_m`: as the crow flies to its destination."""

    device_id: str
    shipment_id: str | None
    lat_deg: float
    lon_deg: float
    accuracy_m: float
    speed_kmh: float | None
    received_at: datetime
    way: str | None = None
    along_m: float | None = None
    to_facility: str | None = None
    left_m: float | None = None

    @classmethod
    def of(cls, seen: Observation, journey: Journey | None, party: Party) -> Place:
        """The place of a fix."""
        fix = seen.position
        to = journey.to_facility if journey else None
        goal = party.goals.get(to or "")
        return cls(
            fix.device_id,
            journey.shipment_id if journey else None,
            fix.lat_deg,
            fix.lon_deg,
            fix.accuracy_m,
            fix.speed_kmh,
            fix.received_at,
            _way_of(journey),
            # Where the way comes close to itself, the fix alone does not tell.
            seen.along_m if len(seen.runs) <= 1 else None,
            to,
            ground_m(fix.lat_deg, fix.lon_deg, *goal) if goal else None,
        )


def _way_of(journey: Journey | None) -> str | None:
    """The route and its direction: metres along it mean the same for all that are on it."""
    if journey is None or journey.way is None:
        return None
    return f"{journey.route_id}{'<' if journey.way.backwards else ''}"


def gap_m(a: Place, b: Place) -> float:
    """From one to the other along the way that both are on, and never less than on the
    ground."""
    straight_m = ground_m(a.lat_deg, a.lon_deg, b.lat_deg, b.lon_deg)
    if a.along_m is None or b.along_m is None or a.way != b.way:
        return straight_m
    return max(straight_m, abs(a.along_m - b.along_m))


def lead_m(a: Place, b: Place) -> float | None:
    """How far `a` is ahead of `b`, negative behind; None where nobody can tell."""
    if a.along_m is not None and b.along_m is not None and a.way == b.way:
        return a.along_m - b.along_m
    if a.left_m is not None and b.left_m is not None and a.to_facility == b.to_facility:
        return b.left_m - a.left_m
    return None


def body_of(
    vehicles: Sequence[Place], limit_m: float, before: Sequence[str], *, complete: bool
) -> Sequence[Place]:
    """The main body: the largest group in which each is within `limit_m` of another, error
    circles deducted.

    Of equal ones that which was the body `before`, then the one in front. Where the place of
    some vehicles is not known (not `complete`), what was the body goes first: those that are
    left out must not make a straggler the body.
    """
    groups = list(_groups(vehicles, limit_m))
    if len(groups) < 2:
        return groups[0] if groups else ()

    def rank(group: Sequence[Place]) -> tuple[float, ...]:
        same = sum(place.device_id in before for place in group)
        sizes = (len(group), same) if complete else (same, len(group))
        return (*sizes, _front(group, vehicles))

    # The last word: the smallest name, so that the same fixes have the same answer.
    return max(sorted(groups, key=lambda g: g[0].device_id, reverse=True), key=rank)


def _front(group: Sequence[Place], vehicles: Sequence[Place]) -> float:
    """How far the foremost of the group leads the first vehicle of all."""
    return max(lead_m(place, vehicles[0]) or 0.0 for place in group)


def _groups(vehicles: Sequence[Place], limit_m: float) -> Iterator[list[Place]]:
    rest = list(vehicles)
    while rest:
        group = [rest.pop(0)]
        for member in group:  # grows while it is walked
            near = [p for p in rest if _is_near(member, p, limit_m)]
            group += near
            rest = [p for p in rest if p not in near]
        yield sorted(group)


def _is_near(a: Place, b: Place, limit_m: float) -> bool:
    return gap_m(a, b) - a.accuracy_m - b.accuracy_m <= limit_m
