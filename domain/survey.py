"""Survey: the plan as the rules need it, and the measuring of a batch of fixes against it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from domain.along import NOT_ON_ANY, OnTheWay, on_the_way
from domain.corridors import Corridor, Corridors
from domain.geofences import Geofence, Geofences
from domain.journeys import Journey
from domain.plan import EMPTY
from domain.positions import Position
from domain.rule_history import RuleHistory
from domain.settings import Rules
from domain.states import Observation, effective_time
from domain.thresholds import Thresholds

_NO_FENCES: tuple[tuple[str, float], ...] = ()


class Stage(NamedTuple):
    """A device's assignment to a journey from a time to a time (None: open).

    The same shipment may have several, one after the other, with the rules of their time.
    """

    valid_from: datetime
    valid_until: datetime | None
    journey: Journey


class Survey:
    """Fences, corridors and journeys of one version of the plan."""

    def __init__(
        self,
        fences: Sequence[Geofence],
        corridors: Sequence[Corridor],
        stages: Mapping[str, Sequence[Stage]],
        settings: Rules,
        history: RuleHistory | None = None,
    ) -> None:
        self._history = history or RuleHistory.constant(settings, EMPTY)
        # A fence out of reach counts as left, so the widest margin of any journey is in reach.
        journeys = [stage.journey for found in stages.values() for stage in found]
        journeys += [leg for journey in journeys for _, leg in journey.legs]
        margins = {each.rules.fence_margin_m for each in journeys if each.rules is not None}
        reach_m = max(margins | {settings.fence_margin_m}) + settings.max_accuracy_m
        self._fences = Geofences(fences, reach_m) if fences else None
        self._ports = frozenset(fence.facility_id for fence in fences if fence.is_port)
        self._blankspots = frozenset(fence.facility_id for fence in fences if fence.is_blankspot)
        self._corridors = Corridors(corridors, settings.max_accuracy_m) if corridors else None
        self._floor_m = settings.accuracy_floor_m
        self._stages = {
            device: sorted(found, key=lambda stage: stage.valid_from)
            for device, found in stages.items()
        }
        self._starts = {
            device: [stage.valid_from for stage in found] for device, found in self._stages.items()
        }

    def journey(self, device_id: str, at: datetime) -> Journey | None:
        """The journey that the device was assigned to at that time."""
        starts = self._starts.get(device_id)
        if not starts:
            return None
        index = bisect_right(starts, at) - 1
        if index < 0:
            return None
        stage = self._stages[device_id][index]
        over = stage.valid_until is not None and at >= stage.valid_until
        return None if over else stage.journey

    def assigned_since(self, device_id: str, at: datetime) -> datetime | None:
        """Since when the device has been on the shipment that it is on at that time."""
        journey = self.journey(device_id, at)
        if journey is None:
            return None
        since: datetime | None = None
        for stage in reversed(self._stages[device_id]):
            if stage.valid_from > at:
                continue
            continued = since is None or stage.valid_until == since
            if stage.journey.shipment_id != journey.shipment_id or not continued:
                break
            since = stage.valid_from
        return since

    def unheard(self, lat_deg: float, lon_deg: float) -> list[tuple[str, float]]:
        """Places without coverage within reach, each with the metres to its fence (negative
        inside)."""
        near = self._near(np.array([lat_deg]), np.array([lon_deg])) if self._blankspots else {}
        return [(place, m) for place, m in near.get(0, _NO_FENCES) if place in self._blankspots]

    def in_fence(self, lat_deg: float, lon_deg: float) -> bool:
        """Whether the place is inside the fence of any facility."""
        near = self._near(np.array([lat_deg]), np.array([lon_deg])).get(0, _NO_FENCES)
        return any(signed_m <= 0 for _, signed_m in near)

    def standing(self, at: datetime) -> Thresholds:
        """The thresholds that held then for a device without a journey."""
        return self._history.base(at)

    @property
    def rule_sets(self) -> Mapping[str, Rules]:
        """The thresholds behind each version that an event of this survey can name."""
        return self._history.rule_sets

    def observe(self, positions: Sequence[Position]) -> list[Observation]:
        """Measure every fix against its corridor and the fences around it, in bulk."""
        lat = np.array([position.lat_deg for position in positions], dtype=np.float64)
        lon = np.array([position.lon_deg for position in positions], dtype=np.float64)
        times = [effective_time(position) for position in positions]
        journeys = [self.journey(p.device_id, t) for p, t in zip(positions, times, strict=True)]
        found = self._on_the_way(positions, journeys, lat, lon)
        fences = self._near(lat, lon)
        return [
            Observation(
                time,
                position,
                journey,
                outside_m,
                fences.get(i, _NO_FENCES),
                along_m,
                self._ports_of(fences.get(i)),
                runs,
                half_width_m,
            )
            for i, (time, position, journey, (outside_m, along_m, runs, half_width_m)) in enumerate(
                zip(times, positions, journeys, found, strict=True)
            )
        ]

    def _ports_of(self, fences: tuple[tuple[str, float], ...] | None) -> tuple[str, ...]:
        if not fences or not self._ports:
            return ()
        return tuple(place for place, _ in fences if place in self._ports)

    def _on_the_way(
        self,
        positions: Sequence[Position],
        journeys: list[Journey | None],
        lat: np.ndarray,
        lon: np.ndarray,
    ) -> list[OnTheWay]:
        found = [NOT_ON_ANY] * len(journeys)
        if self._corridors is None:
            return found
        index = self._corridors.index
        on_route = [
            (i, index[journey.route_id])
            for i, journey in enumerate(journeys)
            if journey is not None and journey.route_id in index
        ]
        if not on_route:
            return found
        fixes, routes = np.array(on_route, dtype=np.int64).T
        accuracy = np.maximum([positions[i].accuracy_m for i, _ in on_route], self._floor_m)
        measured = self._corridors.measure(routes, lat[fixes], lon[fixes], accuracy)
        ways = [journey.way if (journey := journeys[i]) else None for i, _ in on_route]
        for (i, _), each in zip(on_route, on_the_way(measured, ways), strict=True):
            found[i] = each
        return found

    def _near(self, lat: np.ndarray, lon: np.ndarray) -> dict[int, tuple[tuple[str, float], ...]]:
        near: dict[int, tuple[tuple[str, float], ...]] = {}
        if self._fences is None or not len(lat):
            return near
        ids = self._fences.ids
        fixes, fences, signed = self._fences.near(lat, lon)
        for i, fence, metres in zip(fixes.tolist(), fences.tolist(), signed.tolist(), strict=True):
            near[i] = (*near.get(i, _NO_FENCES), (ids[fence], metres))
        return near
