"""Way: the route of a plan as a vehicle travels it, with what lies along it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np

from domain.chainage import Lines
from domain.corridors import Strip, flattened
from domain.geodesy import distance_m, ground_m, local_xy
from domain.journeys import Milestone, Stretch, Way
from domain.plan import Facility, Fence, Route, Shipment, Waypoint

ALIKE_M = 50.0  # places of a line as near to a waypoint as this are all its places
PAST_END_M = 500.0  # a blankspot may end so far beyond the line: lengths are measured in many ways

Places = Mapping[str, Facility]


class Place(NamedTuple):
    """Where a waypoint is; `radius_m` is None where the rules say it."""

    lat_deg: float
    lon_deg: float
    radius_m: float | None


class Trouble(NamedTuple):
    """What is wrong with a route; `where` is such as `waypoints[1]`."""

    where: str
    reason: str


class Course:
    """A route in the direction of its line, with its waypoints, legs and blankspots on it."""

    def __init__(self, route: Route, places: Places) -> None:
        self._route = route
        self._flat = flattened(route.line.coordinates)
        self._places = places

    @cached_property
    def length_m(self) -> float:
        """Of the line, as everything along it is measured."""
        return float(np.hypot(*np.diff(self._flat.xy, axis=0).T).sum())

    @cached_property
    def milestones(self) -> tuple[Milestone, ...]:
        """The waypoints in their order, whatever `troubles` says of them: a facility may have
        moved since."""
        found: list[Milestone] = []
        after = 0.0
        for waypoint in self._route.waypoints:
            place = self._place(waypoint)
            if place is None:
                continue
            along = self._snap(place, after)[0]
            after = after if along is None else along
            known = self._places.get(waypoint.facility_id or "")
            name = waypoint.name or (known.name if known else waypoint.id)
            lat, lon, radius = place
            found.append(
                Milestone(waypoint.id, name, after, radius, lat, lon, waypoint.facility_id)
            )
        return tuple(found)

    @cached_property
    def strips(self) -> tuple[Strip, ...]:
        """The widths of the corridor, where they are not one."""
        if all(leg.half_width_m is None for leg in self._route.legs):
            return ()
        widths = [leg.half_width_m or self._route.half_width_m for leg in self._route.legs]
        return tuple(
            Strip(low, high, width)
            for (low, high), width in zip(self._leg_spans(), widths, strict=True)
        )

    def way(self, shipment: Shipment) -> Way:
        """As `shipment` travels it: a return may go against the line."""
        ahead = Way(
            self.length_m,
            self.milestones,
            self._stretches(shipment.mode),
            self._blankspots(),
        )
        ends = self._places[shipment.from_facility], self._places[shipment.to_facility]
        return reversed_way(ahead) if self._against(*ends) else ahead

    def troubles(self) -> Iterator[Trouble]:
        """All that is wrong with the waypoints, legs and blankspots."""
        yield from self._waypoint_troubles()
        yield from self._leg_troubles()
        yield from self._blankspot_troubles()

    def _place(self, waypoint: Waypoint) -> Place | None:
        """None where its facility is not in the plan."""
        if waypoint.lat_deg is not None and waypoint.lon_deg is not None:
            return Place(waypoint.lat_deg, waypoint.lon_deg, waypoint.radius_m)
        facility = self._places.get(waypoint.facility_id or "")
        if facility is None:
            return None
        radius = waypoint.radius_m or _radius_m(facility.fence, facility.lat_deg, facility.lon_deg)
        return Place(facility.lat_deg, facility.lon_deg, radius)

    def _snap(self, place: Place, after_m: float) -> tuple[float | None, float]:
        """How far along the line the place is, not before `after_m`, and how far off it.

        Where the line passes several times, the first time counts. None: only before.
        """
        flat, none = self._flat, np.zeros(1, dtype=np.int64)
        x, y = local_xy(
            np.array([place.lat_deg]), np.array([place.lon_deg]),
            np.float64(flat.lat_0), np.float64(flat.lon_0),
        )  # fmt: skip
        span_m = float(np.hypot(*np.ptp(np.vstack([flat.xy, [x[0], y[0]]]), axis=0)))
        runs = Lines([flat.xy], [span_m + 1.0]).runs(none, x, y, np.array([ALIKE_M]))
        off_m = _off_m(flat.xy, x[0], y[0])
        for near, high in zip(runs.near_m.tolist(), runs.high_m.tolist(), strict=True):
            if high >= after_m:
                return max(near, after_m), off_m
        return None, off_m

    def _leg_spans(self) -> list[tuple[float, float]]:
        at = {milestone.waypoint_id: milestone.along_m for milestone in self.milestones}
        ends = [at.get(leg.to_waypoint or "", self.length_m) for leg in self._route.legs]
        return list(zip([0.0, *ends], ends, strict=False))

    def _stretches(self, mode: str) -> tuple[Stretch, ...]:
        legs = self._route.legs
        if not legs:
            return (Stretch(str(mode), 0.0, self.length_m),)
        return tuple(
            Stretch(str(leg.mode), low, high)
            for leg, (low, high) in zip(legs, self._leg_spans(), strict=True)
        )

    def _blankspots(self) -> tuple[tuple[float, float], ...]:
        spots = [(spot.from_km * 1000, spot.to_km * 1000) for spot in self._route.blankspots]
        return tuple(sorted((low, min(high, self.length_m)) for low, high in spots))

    def _against(self, origin: Facility, destination: Facility) -> bool:
        first, last = self._route.line.coordinates[0], self._route.line.coordinates[-1]
        ahead = _gap_m(origin, first) + _gap_m(destination, last)
        return _gap_m(origin, last) + _gap_m(destination, first) < ahead

    def _waypoint_troubles(self) -> Iterator[Trouble]:
        seen: set[str] = set()
        after = 0.0
        for i, waypoint in enumerate(self._route.waypoints):
            if waypoint.id in seen:
                yield Trouble(f"waypoints[{i}].id", "is the id of an earlier waypoint of the route")
            seen.add(waypoint.id)
            place = self._place(waypoint)
            if place is None:
                continue  # told as an unknown reference
            along, off_m = self._snap(place, after)
            reach_m = self._route.half_width_m + (place.radius_m or 0.0)
            if off_m > reach_m:
                reach = f"the corridor and its radius reach {_km(reach_m)}"
                yield Trouble(f"waypoints[{i}]", f"is {_km(off_m)} off the line; {reach}")
            elif along is None:
                yield Trouble(f"waypoints[{i}]", "lies before the waypoint that precedes it")
            else:
                after = along

    def _leg_troubles(self) -> Iterator[Trouble]:
        names = [waypoint.id for waypoint in self._route.waypoints]
        order = -1
        for i, leg in enumerate(self._route.legs):
            where, last = f"legs[{i}].to", i == len(self._route.legs) - 1
            if last and leg.to_waypoint is not None:
                yield Trouble(where, "the last leg leads to the end of the line: leave it out")
            elif not last and leg.to_waypoint is None:
                yield Trouble(where, "only the last leg leads to the end of the line")
            elif not last and leg.to_waypoint not in names:
                yield Trouble(where, f'"{leg.to_waypoint}" is no waypoint of the route')
            elif not last and names.index(str(leg.to_waypoint)) <= order:
                yield Trouble(where, f'"{leg.to_waypoint}" does not come after the leg before it')
            elif not last:
                order = names.index(str(leg.to_waypoint))

    def _blankspot_troubles(self) -> Iterator[Trouble]:
        spots = sorted(enumerate(self._route.blankspots), key=lambda each: each[1].from_km)
        so_far_km = 0.0
        for i, spot in spots:
            too_far_m = spot.to_km * 1000 - self.length_m
            if too_far_m > PAST_END_M or spot.from_km * 1000 >= self.length_m:
                yield Trouble(f"blankspots[{i}]", f"the line is {_km(self.length_m)} long")
            if spot.from_km < so_far_km:
                yield Trouble(f"blankspots[{i}]", "overlaps another")
            so_far_km = max(so_far_km, spot.to_km)


def reversed_way(way: Way) -> Way:
    """The same way from its end to its start."""
    long = way.length_m
    return Way(
        long,
        tuple(m._replace(along_m=long - m.along_m) for m in reversed(way.milestones)),
        tuple(Stretch(s.mode, long - s.to_m, long - s.from_m) for s in reversed(way.stretches)),
        tuple((long - high, long - low) for low, high in reversed(way.blankspots)),
        not way.backwards,
    )


def stretch_at(way: Way, along_m: float) -> Stretch:
    """The stretch that a place of the way lies on."""
    for stretch in way.stretches:
        if along_m < stretch.to_m:
            return stretch
    return way.stretches[-1]


def _off_m(line: np.ndarray, x: float, y: float) -> float:
    starts, along = line[:-1], np.diff(line, axis=0)
    length2 = np.maximum((along**2).sum(axis=1), 1e-9)
    t = np.clip((((x, y) - starts) * along).sum(axis=1) / length2, 0, 1)
    return float(np.hypot(*((x, y) - starts - t[:, None] * along).T).min())


def _radius_m(fence: Fence, lat_deg: float, lon_deg: float) -> float:
    """From the point of a facility to the furthest of its fence."""
    if fence.polygon is None:
        return fence.radius_m or 0.0
    lon, lat = np.array(fence.polygon.coordinates[0]).T
    return float(distance_m(lat, lon, *np.array([[lat_deg], [lon_deg]])).max())


def _gap_m(place: Facility, vertex: tuple[float, float]) -> float:
    lon_deg, lat_deg = vertex
    return ground_m(place.lat_deg, place.lon_deg, lat_deg, lon_deg)


def _km(metres: float) -> str:
    return f"{metres / 1000:.1f} km"
