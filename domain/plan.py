"""The plan: what should move where, along which way, watched by which device.

One document, `format: kawal-plan`, version 1, described in docs/reference/plan.md.
`plan_faults.parse` takes a file whole or refuses it with every fault; `plan_changes.diff`
tells what it changes.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import shapely
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from domain import thresholds
from domain.plan_words import DeviceKind, Direction, FacilityKind, Mode, ShipmentStatus, Signal
from domain.regions import CODE_PATTERN, Level, Zone, first_unknown, zone

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
DEVICE_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"  # as the wire protocol has it
# No line breaks, control characters or changes of writing direction; no blank at an end.
_UNSEEN = r"\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069"
TEXT_PATTERN = rf"^[^ {_UNSEEN}]([^{_UNSEEN}]*[^ {_UNSEEN}])?$"
RFC3339_PATTERN = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def _known_regency(code: str) -> str:
    zone(code)
    # Districts and villages are founded each year: one that the list lacks may well exist.
    if first_unknown(code) is Level.REGENCY:
        raise ValueError(f"no regency or city has the Kemendagri code {code[:5]!r}")
    return code


def _time(value: object) -> object:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(RFC3339_PATTERN, value):
        try:
            return datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"is no such time ({error})") from None
    raise ValueError("must be a time with its zone, such as 2024-11-25T08:00:00+07:00")


def _utc(time: datetime) -> datetime:
    if not 2000 <= time.year < 2100:
        raise ValueError("must be a time between the years 2000 and 2099")
    return time.astimezone(UTC)


Id = Annotated[str, Field(pattern=ID_PATTERN)]
DeviceId = Annotated[str, Field(pattern=DEVICE_ID_PATTERN)]
Text = Annotated[str, Field(pattern=TEXT_PATTERN, max_length=200)]
SealNo = Annotated[str, Field(pattern=TEXT_PATTERN, max_length=40)]
RegionCode = Annotated[str, Field(pattern=CODE_PATTERN), AfterValidator(_known_regency)]
Time = Annotated[AwareDatetime, BeforeValidator(_time), AfterValidator(_utc)]
LatDeg = Annotated[float, Field(ge=-90, le=90)]
LonDeg = Annotated[float, Field(ge=-180, le=180)]
LonLat = tuple[LonDeg, LatDeg]
Ring = Annotated[tuple[LonLat, ...], Field(min_length=4)]


class Part(BaseModel):
    """What all parts of a plan share: unknown fields refused, never changed once made."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
    )


class Polygon(Part):
    """A GeoJSON Polygon: an outer ring and any holes, each closed, [longitude, latitude]."""

    type: Literal["Polygon"]
    coordinates: Annotated[tuple[Ring, ...], Field(min_length=1)]

    @field_validator("coordinates")
    @classmethod
    def _simple_area(cls, rings: tuple[Ring, ...]) -> tuple[Ring, ...]:
        if any(ring[0] != ring[-1] for ring in rings):
            raise ValueError("each ring must end where it begins")
        area = shapely.Polygon(rings[0], rings[1:])
        if not area.is_valid or area.area == 0:
            problem = shapely.is_valid_reason(area)
            raise ValueError(f"the polygon crosses or folds onto itself ({problem})")
        return rings


class LineString(Part):
    """A GeoJSON LineString, [longitude, latitude]."""

    type: Literal["LineString"]
    coordinates: Annotated[tuple[LonLat, ...], Field(min_length=2)]

    @field_validator("coordinates")
    @classmethod
    def _has_length(cls, vertices: tuple[LonLat, ...]) -> tuple[LonLat, ...]:
        if len(set(vertices)) < 2:
            raise ValueError("a line needs at least two different positions")
        return vertices


class Fence(Part):
    """The area of a facility: a circle around its point, or a polygon."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["radius_m"]}, {"required": ["polygon"]}]}
    )

    radius_m: Annotated[float, Field(gt=0, le=50_000)] | None = None
    polygon: Polygon | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> Fence:
        if (self.radius_m is None) == (self.polygon is None):
            raise ValueError("needs either radius_m or polygon, and not both")
        return self


RuleSettings = Annotated[dict[str, float], AfterValidator(thresholds.sound)]
OperationSettings = Annotated[dict[str, float], AfterValidator(thresholds.sound_for_all)]


class LegRules(Part):
    """Thresholds of legs by one of `modes` (none given: by any)."""

    modes: tuple[Mode, ...] = ()
    direction: Direction | None = None
    rules: RuleSettings

    def applies(self, mode: Mode | None, direction: Direction | None) -> bool:
        """Whether they hold on a leg by `mode`."""
        return (not self.modes or mode in self.modes) and self.direction in (None, direction)


class Operation(Part):
    """The election that the plan is for, and its rule settings; narrower ones win over wider."""

    id: Id
    name: Text
    voting_day: date | None = None
    rules: OperationSettings = Field(default_factory=dict)
    leg_rules: tuple[LegRules, ...] = ()


class Facility(Part):
    """A place. `tz` follows from the region unless it is given."""

    id: Id
    kind: FacilityKind
    name: Text
    region: RegionCode
    tz: Zone = Field(default_factory=lambda known: zone(known["region"]))
    lat_deg: LatDeg
    lon_deg: LonDeg
    fence: Fence
    signal: Signal = Signal.OK
    is_3t: bool = False


HalfWidth = Annotated[float, Field(gt=0, le=100_000)]


class Waypoint(Part):
    """A place that a shipment on the route must pass: a facility's, or a point of its own."""

    id: Id
    name: Text | None = None
    facility_id: Id | None = Field(None, alias="facility")
    lat_deg: LatDeg | None = None
    lon_deg: LonDeg | None = None
    radius_m: Annotated[float, Field(gt=0, le=50_000)] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Waypoint:
        own = (self.lat_deg is not None) + (self.lon_deg is not None)
        if own == 1 or (own == 2) == (self.facility_id is not None):
            raise ValueError("needs either facility, or lat_deg and lon_deg, and not both")
        return self


class Leg(Part):
    """A piece of a route that one kind of vehicle serves, up to a waypoint or the route's end."""

    mode: Mode
    to_waypoint: Id | None = Field(None, alias="to")
    half_width_m: HalfWidth | None = None


class Blankspot(Part):
    """A stretch of a route without mobile coverage, in km along its line."""

    from_km: Annotated[float, Field(ge=0)]
    to_km: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _has_length(self) -> Blankspot:
        if self.to_km <= self.from_km:
            raise ValueError("to_km must be more than from_km")
        return self


class Route(Part):
    """The way that a shipment keeps to; its corridor reaches `half_width_m` to each side.

    Legs follow each other from the line's start; without any, the shipment's mode holds.
    """

    id: Id
    name: Text
    half_width_m: HalfWidth
    line: LineString
    waypoints: tuple[Waypoint, ...] = ()
    legs: tuple[Leg, ...] = ()
    blankspots: tuple[Blankspot, ...] = ()


class Shipment(Part):
    """One load on one vehicle between two facilities."""

    id: Id
    surat_jalan_no: Text | None = None
    direction: Direction
    mode: Mode
    from_facility: Id = Field(alias="from")
    to_facility: Id = Field(alias="to")
    route_id: Id | None = Field(None, alias="route")
    planned_departure: Time
    planned_arrival: Time
    status: ShipmentStatus = ShipmentStatus.PLANNED
    vehicle: Text | None = None
    carrier: Text | None = None
    escort: Text | None = None
    seals: tuple[SealNo, ...] = ()
    box_count: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    rules: RuleSettings = Field(default_factory=dict)

    @field_validator("to_facility")
    @classmethod
    def _leads_elsewhere(cls, to: str, info: ValidationInfo) -> str:
        if to == info.data.get("from_facility"):
            raise ValueError("must be another facility than `from`")
        return to

    @field_validator("planned_arrival")
    @classmethod
    def _arrives_later(cls, arrival: datetime, info: ValidationInfo) -> datetime:
        departure = info.data.get("planned_departure")
        if departure is not None and arrival <= departure:
            raise ValueError("must be later than planned_departure")
        return arrival

    @field_validator("seals")
    @classmethod
    def _each_once(cls, seals: tuple[str, ...]) -> tuple[str, ...]:
        twice = [seal for seal, times in Counter(seals).items() if times > 1]
        if twice:
            raise ValueError(f"seal {twice[0]} is listed twice")
        return seals


class Device(Part):
    """A tracker or phone. Its id is its name in the wire protocol."""

    id: DeviceId
    kind: DeviceKind
    name: Text
    report_interval_s: Annotated[float, Field(ge=1, le=86_400)]


class Assignment(Part):
    """A device travels with a shipment from `from` until just before `until`, or for good."""

    device_id: DeviceId = Field(alias="device")
    shipment_id: Id = Field(alias="shipment")
    valid_from: Time = Field(alias="from")
    valid_until: Time | None = Field(None, alias="until")

    @field_validator("valid_until")
    @classmethod
    def _ends_later(cls, until: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("valid_from")
        if until is not None and start is not None and until <= start:
            raise ValueError("must be later than `from`")
        return until

    @property
    def id(self) -> str:
        """Device and start, which together name an assignment."""
        return f"{self.device_id}@{self.valid_from:%Y-%m-%dT%H:%M:%S.%fZ}"


class Convoy(Part):
    """Shipments that travel together, and the devices of their escort."""

    id: Id
    name: Text
    shipments: Annotated[tuple[Id, ...], Field(min_length=1)]
    escorts: tuple[DeviceId, ...] = ()


class Plan(Part):
    """A whole plan. Every reference is to an id of the same plan."""

    format: Literal["kawal-plan"]
    version: Literal[1]
    operation: Operation
    facilities: tuple[Facility, ...] = ()
    routes: tuple[Route, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    devices: tuple[Device, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    convoys: tuple[Convoy, ...] = ()


EMPTY = Plan(
    format="kawal-plan",
    version=1,
    operation=Operation(id="NONE", name="Belum ada rencana / no plan yet"),
)


def schema() -> dict[str, Any]:
    """The JSON Schema of a plan document; docs/reference/plan.schema.json holds the same."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:kawal:plan:v1",
        **Plan.model_json_schema(by_alias=True),
        "title": "Kawal Logistik plan, version 1",
    }


def dump(plan: Plan) -> str:
    """`plan` as the text of a file, which `plan_faults.parse` reads back to an equal plan."""
    return plan.model_dump_json(by_alias=True, exclude_none=True, indent=2) + "\n"
