"""Survey: the plan as the rules need it, and the measuring of a batch of fixes against it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from domain.corridors import Corridor, Corridors
from domain.geofences import Geofence, Geofences
from domain.positions import Position
from domain.settings import Rules
from domain.states import Journey, Observation, effective_time

_NO_FENCES: tuple[tuple[str, float], ...] = ()


class Stage(NamedTuple):
    """A device's assignment to a journey from a time to a time (None: open)."""

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
    ) -> None:
        reach_m = settings.fence_margin_m + settings.max_accuracy_m
        self._fences = Geofences(fences, reach_m) if fences else None
        self._corridors = Corridors(corridors) if corridors else None
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

    def observe(self, positions: Sequence[Position]) -> list[Observation]:
        """Measure every fix against its corridor and the fences around it, in bulk."""
        lat = np.array([position.lat_deg for position in positions], dtype=np.float64)
        lon = np.array([position.lon_deg for position in positions], dtype=np.float64)
        times = [effective_time(position) for position in positions]
        journeys = [self.journey(p.device_id, t) for p, t in zip(positions, times, strict=True)]
        outside = self._outside(journeys, lat, lon)
        fences = self._near(lat, lon)
        return [
            Observation(time, position, journey, outside_m, fences.get(i, _NO_FENCES))
            for i, (time, position, journey, outside_m) in enumerate(
                zip(times, positions, journeys, outside, strict=True)
            )
        ]

    def _outside(
        self, journeys: list[Journey | None], lat: np.ndarray, lon: np.ndarray
    ) -> list[float | None]:
        found: list[float | None] = [None] * len(journeys)
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
        measured = self._corridors.outside_m(routes, lat[fixes], lon[fixes])
        for i, outside_m in zip(fixes.tolist(), measured.tolist(), strict=True):
            found[i] = outside_m
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
