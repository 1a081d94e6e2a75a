"""Journeys: what the plan says of where a device goes, by which way and by which rules."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from domain.settings import Rules


class Milestone(NamedTuple):
    """A waypoint as it lies on the way of a journey. `radius_m`, within which it is visited,
    is None where that of the rules holds."""

    waypoint_id: str
    name: str
    along_m: float
    radius_m: float | None
    lat_deg: float
    lon_deg: float
    facility_id: str | None = None


class Stretch(NamedTuple):
    """A piece of the way that one mode serves."""

    mode: str
    from_m: float
    to_m: float


class Way(NamedTuple):
    """The route of a journey in its direction of travel; all metres from its start.

    `backwards`: against the direction of the route's line, as a return goes. The stretches
    cover it from its start to its end.
    """

    length_m: float
    milestones: tuple[Milestone, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    blankspots: tuple[tuple[float, float], ...] = ()
    backwards: bool = False


class Journey(NamedTuple):
    """What the plan says of a device at a time: its shipment, where that goes and by which
    rules. `rules` is None where those of the settings hold. `legs` holds (metres along the
    way at its end, the same journey by the rules of that leg) of each leg, where the rules
    of the legs differ."""

    shipment_id: str
    mode: str
    from_facility: str
    to_facility: str
    route_id: str | None
    half_width_m: float
    way: Way | None = None
    planned_departure: datetime | None = None
    planned_arrival: datetime | None = None
    rules: Rules | None = None
    rules_version: str | None = None
    legs: tuple[tuple[float, Journey], ...] = ()

    def at(self, along_m: float | None) -> Journey:
        """The journey with the rules of the leg that is `along_m` along its way."""
        if along_m is None or not self.legs:
            return self
        return next((leg for to_m, leg in self.legs if along_m < to_m), self.legs[-1][1])
