"""Case: all that is known of one manifest, as it is reconciled.

Plain records, in any order, each any number of times: what follows from them is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from domain.custody_words import Step
from domain.geofences import Geofence
from domain.manifest_words import DocumentKind, Election, Item, Leg, UnitKind
from domain.plan_words import Direction, ShipmentStatus


class Head(NamedTuple):
    """The manifest itself. `known_at`: when its newest revision was imported. Escort and
    delivery note are those of the shipment's plan where the manifest has none."""

    manifest_id: str
    shipment_id: str
    direction: Direction
    leg: Leg
    from_place: str
    to_place: str
    from_region: str
    to_region: str
    surat_jalan_no: str | None
    carrier: str | None
    escort: str | None
    status: ShipmentStatus
    known_at: datetime


class SentLine(NamedTuple):
    """So many of an item, for one station or (None) for all of the manifest."""

    line_no: int
    item: Item
    election: Election | None
    station_id: str | None
    qty: int


class SentUnit(NamedTuple):
    """A unit and the seals that it should travel under."""

    unit_id: str
    kind: UnitKind
    station_id: str | None
    election: Election | None
    parent_id: str | None
    seals: tuple[str, ...]


class Person(NamedTuple):
    """Who signed, and for whom."""

    name: str
    organisation: str | None = None


class Paper(NamedTuple):
    """A document and who signed it."""

    kind: DocumentKind
    number: str
    issued_at: datetime | None
    signers: tuple[Person, ...]


class Counted(NamedTuple):
    """What a receipt says of one item."""

    item: Item
    election: Election | None
    received: int
    damaged_light: int
    damaged_heavy: int
    short: int


class SeenUnit(NamedTuple):
    """A unit that was received, and the seals found on it."""

    unit_id: str
    seals: tuple[str, ...]
    seals_intact: bool | None


class Receipt(NamedTuple):
    """That a place says it received the manifest (no station), or the part of one station."""

    receipt_id: str
    station_id: str | None
    received_at: datetime
    received_by: str | None
    lines: tuple[Counted, ...] = ()
    units: tuple[SeenUnit, ...] = ()


class Handled(NamedTuple):
    """An event of the custody ledger that no later one corrects. `seals`: (unit, numbers)."""

    event_id: str
    step: Step
    at: datetime
    place: str | None
    units: tuple[str, ...] = ()
    seals: tuple[tuple[str, tuple[str, ...]], ...] = ()
    broken: tuple[str, ...] = ()
    giver: Person | None = None
    taker: Person | None = None


class StationPlace(NamedTuple):
    """Where a station lies. Without a facility it has no fence."""

    region_code: str
    facility_id: str | None


class Due(NamedTuple):
    """The voters' list of a station for one election, and the ballots due for it."""

    station_id: str
    election: Election
    voters: int
    ballots_due: int


class Boxes(NamedTuple):
    """Ballot boxes of a station: the numbers where they are known, how many, and (back alone)
    when the last came and whether more are under way."""

    unit_ids: frozenset[str]
    number: int
    at: datetime | None = None
    pending: bool = False


class Carried(NamedTuple):
    """A device that was with the shipment in [since, until)."""

    device_id: str
    since: datetime
    until: datetime | None = None


class Crossing(NamedTuple):
    """A device entered a fence, or left it."""

    device_id: str
    facility_id: str
    at: datetime
    entered: bool


class Fix(NamedTuple):
    """A good fix of a device that was with the shipment, near the time of a receipt."""

    device_id: str
    at: datetime
    lat_deg: float
    lon_deg: float
    accuracy_m: float


class Silence(NamedTuple):
    """Nothing was heard of a device; `expected` in a place without coverage."""

    device_id: str
    since: datetime
    until: datetime | None
    expected: bool


@dataclass(frozen=True, slots=True)
class Tracking:
    """What the devices of the shipment saw. No devices: it is not tracked.

    `fences`: of the places that matter here, by facility. `departures`: when a device left
    the place that its shipment comes from.
    """

    devices: tuple[Carried, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    fixes: tuple[Fix, ...] = ()
    silences: tuple[Silence, ...] = ()
    departures: tuple[datetime, ...] = ()
    fences: Mapping[str, Geofence] = field(default_factory=dict)


class PlatformStatus(NamedTuple):
    """What the shipping platform said: its word, and ours (None: unknown)."""

    at: datetime
    word: str
    status: ShipmentStatus | None


@dataclass(frozen=True, slots=True)
class Case:
    """One manifest whole.

    `planned_places`: facilities that the shipment's plan leads through. `sent_elsewhere`:
    ballots for (station, election) on other manifests of the same leg. `boxes_out`: of the
    stations, as they went to them; `boxes_back`: as they were received back, on this leg for
    a return, at the warehouse otherwise. `return_deadline`: None without a voting day.
    """

    head: Head
    lines: tuple[SentLine, ...] = ()
    units: tuple[SentUnit, ...] = ()
    papers: tuple[Paper, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    custody: tuple[Handled, ...] = ()
    tracking: Tracking = field(default_factory=Tracking)
    platform: tuple[PlatformStatus, ...] = ()
    dues: tuple[Due, ...] = ()
    stations: Mapping[str, StationPlace] = field(default_factory=dict)
    planned_places: frozenset[str] = frozenset()
    sent_elsewhere: Mapping[tuple[str, Election], int] = field(default_factory=dict)
    boxes_out: Mapping[str, Boxes] = field(default_factory=dict)
    boxes_back: Mapping[str, Boxes] = field(default_factory=dict)
    return_deadline: datetime | None = None

    def facility_of(self, place: str) -> str:
        """The facility of a place, which may be a station."""
        station = self.stations.get(place)
        return (station.facility_id if station else None) or place

    def region_of(self, station_id: str | None) -> str:
        """The region of a station, or else where the manifest goes."""
        station = self.stations.get(station_id or "")
        return station.region_code if station else self.head.to_region

    @property
    def counted(self) -> list[Receipt]:
        """The receipts, each once, by time."""
        once = {receipt.receipt_id: receipt for receipt in self.receipts}
        return sorted(once.values(), key=lambda receipt: (receipt.received_at, receipt.receipt_id))

    @property
    def own_stations(self) -> frozenset[str]:
        """Stations that the manifest is for."""
        named = {line.station_id for line in self.lines} | {u.station_id for u in self.units}
        if self.head.to_place in self.stations:
            named.add(self.head.to_place)
        return frozenset(station for station in named if station)
