"""Tracking of cases: what the devices of shipments saw, as far as it concerns a manifest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from db.pool import Connection
from db.sql import queries
from domain.geofences import Geofence
from domain.positions import Flag
from domain.presence_proof import silences
from domain.quality import UNUSABLE
from domain.reconciliation_case import (
    Carried,
    Crossing,
    Fix,
    Head,
    Silence,
    StationPlace,
    Tracking,
)

# A fix whose time lies ahead of its receipt proves no time.
_NO_PROOF = UNUSABLE | int(Flag.FUTURE)
Rows = list[tuple[Any, ...]]


def read(
    connection: Connection,
    heads: Mapping[str, Head],
    stations: Mapping[str, StationPlace],
    times: Mapping[str, set[datetime]],
) -> dict[str, tuple[Tracking, frozenset[str]]]:
    """Of each manifest: what was seen of its shipment, and the places on the shipment's plan.

    `times`: when it matters where the devices were. Shipments without a plan are left out.
    """
    return _Seen(connection, heads, stations).of_all(times)


class _Seen:
    """What was seen, by device or shipment."""

    def __init__(
        self,
        connection: Connection,
        heads: Mapping[str, Head],
        stations: Mapping[str, StationPlace],
    ) -> None:
        self._connection, self._heads, self._stations = connection, heads, stations
        shipments = {"shipments": sorted({head.shipment_id for head in heads.values()})}
        self.carried: dict[str, list[Carried]] = defaultdict(list)
        for shipment_id, *rest in self._rows("carried", shipments):
            self.carried[shipment_id].append(Carried(*rest))
        self.planned = {
            shipment_id: frozenset(places)
            for shipment_id, places in self._rows("planned_places", shipments)
        }
        self._look(shipments)

    def _rows(self, name: str, parameters: Mapping[str, Any]) -> Rows:
        return self._connection.execute(queries("case_tracking")[name], parameters).fetchall()

    def _look(self, shipments: dict[str, list[str]]) -> None:
        devices = [each for some in self.carried.values() for each in some]
        when: dict[str, Any] = {
            "device_ids": [each.device_id for each in devices],
            "sinces": [each.since for each in devices],
        }
        until = when | {"untils": [each.until for each in devices]}
        places = {"places": sorted({p for head in self._heads.values() for p in self._of(head)})}
        self.fences = {row[0]: _fence(row) for row in self._rows("fences", places)}
        self.crossings: dict[str, list[Crossing]] = defaultdict(list)
        self.silences: dict[str, list[Silence]] = defaultdict(list)
        self.departures: dict[str, list[datetime]] = defaultdict(list)
        if not devices:
            return
        for row in self._rows("crossings", until | places):
            self.crossings[row[0]].append(Crossing(*row))
        for silence in silences((d, at, kind) for d, at, kind in self._rows("silences", when)):
            self.silences[silence.device_id].append(silence)
        for shipment_id, at in self._rows("departures", when | shipments):
            self.departures[shipment_id].append(at)

    def _of(self, head: Head) -> set[str]:
        """The facilities that matter to a manifest: its ends, and those of its stations."""
        ends = {head.from_place, head.to_place}
        return ends | {s.facility_id for s in self._stations.values() if s.facility_id}

    def of_all(
        self, times: Mapping[str, set[datetime]]
    ) -> dict[str, tuple[Tracking, frozenset[str]]]:
        """Tracking and planned places, by manifest."""
        fixes = self._fixes(times)
        return {
            manifest_id: (
                self._tracking(head, fixes.get(manifest_id, [])),
                self.planned[head.shipment_id],
            )
            for manifest_id, head in self._heads.items()
            if head.shipment_id in self.planned
        }

    def _tracking(self, head: Head, fixes: list[Fix]) -> Tracking:
        devices = tuple(self.carried.get(head.shipment_id, ()))
        named = sorted({each.device_id for each in devices})
        return Tracking(
            devices=devices,
            crossings=tuple(c for device in named for c in self.crossings.get(device, ())),
            fixes=tuple(fixes),
            silences=tuple(s for device in named for s in self.silences.get(device, ())),
            departures=tuple(self.departures.get(head.shipment_id, ())),
            fences=self.fences,
        )

    def _fixes(self, times: Mapping[str, set[datetime]]) -> dict[str, list[Fix]]:
        asked = [
            (manifest_id, each.device_id, at, each.since, each.until)
            for manifest_id, head in self._heads.items()
            for each in self.carried.get(head.shipment_id, ())
            for at in sorted(times.get(manifest_id, ()))
        ]
        found: dict[str, list[Fix]] = defaultdict(list)
        if not asked:
            return found
        names = ("manifest_ids", "device_ids", "ats", "sinces", "untils")
        columns = dict(zip(names, map(list, zip(*asked, strict=True)), strict=True))
        for manifest_id, *fix in self._rows("fixes", columns | {"unusable": _NO_PROOF}):
            found[manifest_id].append(Fix(*fix))
        return found


def _fence(row: tuple[Any, ...]) -> Geofence:
    facility_id, lat_deg, lon_deg, radius_m, polygon = row
    rings = None
    if polygon is not None:
        rings = tuple(tuple((lon, lat) for lon, lat, *_ in ring) for ring in polygon["coordinates"])
    return Geofence(facility_id, lat_deg, lon_deg, radius_m, rings)
