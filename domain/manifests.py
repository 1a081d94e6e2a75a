"""Manifests: what was loaded, for whom, under which seals, and what was received.

The contract with KPU, `format: kawal-manifest`, version 1, described in
docs/reference/manifest.md. Whatever form it comes in (JSON, JSON lines, CSV, XLSX), a file is
read into the flat records below, each of which is taken or refused on its own.

A record with a higher `revision` supersedes the one before; a part (line, unit, document) of
a manifest belongs to the revision of the manifest that it names.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, TypeAlias

from pydantic import Field, field_validator, model_validator

from domain.manifest_words import (
    PER_ELECTION,
    DocumentKind,
    Election,
    Item,
    Leg,
    RecordKind,
    UnitKind,
)
from domain.plan import TEXT_PATTERN, Id, LatDeg, LonDeg, Part, RegionCode, Text, Time
from domain.plan_words import Direction, Mode, ShipmentStatus

VILLAGE_LENGTH = len("00.00.00.0000")
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Revision = Annotated[int, Field(ge=1, le=2_147_483_647)]
SHA256_PATTERN = r"^[0-9a-f]{64}$"
Sha256 = Annotated[str, Field(pattern=SHA256_PATTERN)]
# No `|` in a seal's number: it stands between the seals of a CSV cell.
SEAL_PATTERN = TEXT_PATTERN.replace("[^", "[^|")
Seal = Annotated[str, Field(pattern=SEAL_PATTERN, max_length=40)]
Seals = tuple[Seal, ...]


def _of_an_election(item: Item, election: Election | None) -> None:
    if (item in PER_ELECTION) != (election is not None):
        wants = "needs its election" if item in PER_ELECTION else "belongs to no election"
        raise ValueError(f"election: {item} {wants}")


class Record(Part):
    """What all records share."""

    revision: Revision = 1


class Station(Record):
    """A polling station (TPS) and its fixed voters' list (DPT) for each election."""

    id: Id
    region: RegionCode
    number: Annotated[int, Field(ge=1, le=999)]
    voters: dict[Election, Annotated[int, Field(ge=0, le=10_000)]]
    name: Text | None = None
    facility_id: Id | None = Field(None, alias="facility")
    lat_deg: LatDeg | None = None
    lon_deg: LonDeg | None = None
    is_3t: bool = False

    @field_validator("region")
    @classmethod
    def _in_a_village(cls, code: str) -> str:
        if len(code) != VILLAGE_LENGTH:
            raise ValueError("must be the code of a village, such as 32.73.01.1001")
        return code

    @model_validator(mode="after")
    def _point(self) -> Station:
        if (self.lat_deg is None) != (self.lon_deg is None):
            raise ValueError("lat_deg and lon_deg: give both or neither")
        return self


class Manifest(Record):
    """What one shipment carries on one leg. `from` and `to` name facilities or stations."""

    id: Id
    shipment_id: Id = Field(alias="shipment")
    surat_jalan_no: Text | None = None
    direction: Direction = Direction.DISTRIBUTION
    leg: Leg
    mode: Mode | None = None
    from_place: Id = Field(alias="from")
    to_place: Id = Field(alias="to")
    from_region: RegionCode
    to_region: RegionCode
    carrier: Text | None = None
    vehicle: Text | None = None
    escort: Text | None = None
    tracking_no: Text | None = None
    planned_departure: Time
    planned_arrival: Time
    status: ShipmentStatus = ShipmentStatus.PLANNED

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Manifest:
        if self.to_place == self.from_place:
            raise ValueError("to: must be another place than `from`")
        if self.planned_arrival <= self.planned_departure:
            raise ValueError("planned_arrival: must be later than planned_departure")
        return self


class Line(Record):
    """So many of one item, for one station or for all that the manifest serves."""

    manifest_id: Id = Field(alias="manifest")
    line_no: Annotated[int, Field(ge=1, le=10_000_000)]
    item: Item
    election: Election | None = None
    station_id: Id | None = Field(None, alias="station")
    qty: Count

    @model_validator(mode="after")
    def _election(self) -> Line:
        _of_an_election(self.item, self.election)
        return self


class Unit(Record):
    """A box, carton, bundle or container, and the seals that it travels under."""

    manifest_id: Id = Field(alias="manifest")
    id: Id
    kind: UnitKind
    station_id: Id | None = Field(None, alias="station")
    election: Election | None = None
    parent_id: Id | None = Field(None, alias="parent")
    seals: Seals = ()

    @field_validator("seals")
    @classmethod
    def _each_once(cls, seals: Seals) -> Seals:
        twice = [seal for seal, times in Counter(seals).items() if times > 1]
        if twice:
            raise ValueError(f"seal {twice[0]} is listed twice")
        return seals


class Signer(Part):
    """Who signed, for whom, and when."""

    name: Text
    role: Text | None = None
    organisation: Text | None = None
    signed_at: Time | None = None


class Document(Record):
    """A paper, its signers, and the SHA-256 of its file where there is one."""

    manifest_id: Id = Field(alias="manifest")
    kind: DocumentKind
    number: Text
    issued_at: Time | None = None
    signers: Annotated[tuple[Signer, ...], Field(max_length=2)] = ()
    sha256: Sha256 | None = None
    media_type: Text | None = None


class Receipt(Record):
    """That a place says it received a manifest, or the part of it for one station."""

    id: Id
    manifest_id: Id = Field(alias="manifest")
    station_id: Id | None = Field(None, alias="station")
    received_at: Time
    received_by: Text | None = None


class ReceiptLine(Record):
    """What was counted of one item. Damaged ones are among those received."""

    receipt_id: Id = Field(alias="receipt")
    item: Item
    election: Election | None = None
    received: Count
    used: Count | None = None
    damaged_light: Count = 0
    damaged_heavy: Count = 0
    short: Count = 0

    @model_validator(mode="after")
    def _sound(self) -> ReceiptLine:
        _of_an_election(self.item, self.election)
        if self.damaged_light + self.damaged_heavy > self.received:
            raise ValueError("damaged_light, damaged_heavy: more are damaged than were received")
        return self


class ReceiptUnit(Record):
    """A unit that was received, and the seals found on it."""

    receipt_id: Id = Field(alias="receipt")
    unit_id: Id = Field(alias="unit")
    seals: Seals = ()
    seals_intact: bool | None = None


AnyRecord: TypeAlias = (
    Station | Manifest | Line | Unit | Document | Receipt | ReceiptLine | ReceiptUnit
)

RECORDS: dict[RecordKind, type[AnyRecord]] = {
    RecordKind.STATION: Station,
    RecordKind.MANIFEST: Manifest,
    RecordKind.LINE: Line,
    RecordKind.UNIT: Unit,
    RecordKind.DOCUMENT: Document,
    RecordKind.RECEIPT: Receipt,
    RecordKind.RECEIPT_LINE: ReceiptLine,
    RecordKind.RECEIPT_UNIT: ReceiptUnit,
}


KEYS: dict[RecordKind, tuple[str, ...]] = {
    **dict.fromkeys(RecordKind, ("id",)),
    RecordKind.LINE: ("manifest_id", "line_no"),
    RecordKind.UNIT: ("manifest_id", "id"),
    RecordKind.DOCUMENT: ("manifest_id", "kind", "number"),
    RecordKind.RECEIPT_LINE: ("receipt_id", "item", "election"),
    RecordKind.RECEIPT_UNIT: ("receipt_id", "unit_id"),
}


def key(kind: RecordKind, record: AnyRecord) -> str:
    """What names a record among those of its kind; the same in the database and in reports."""
    values: list[Any] = [getattr(record, name) for name in KEYS[kind]]
    return "/".join("-" if value is None else str(value) for value in values)
