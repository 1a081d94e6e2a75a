"""The plan: what should move where, along which way, watched by which device.

One document, `format: kawal-plan`, version 1, described in docs/reference/plan.md.
`parse` takes a file whole or refuses it with every fault; `diff` tells what it changes.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal

import numpy as np
import shapely
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from domain.geodesy import distance_m
from domain.regions import CODE_PATTERN, Zone, in_indonesia, zone

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
DEVICE_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"  # as the wire protocol has it
# No line breaks, control characters or changes of writing direction; no blank at an end.
_UNSEEN = r"\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069"
TEXT_PATTERN = rf"^[^ {_UNSEEN}]([^{_UNSEEN}]*[^ {_UNSEEN}])?$"
RFC3339_PATTERN = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
ROUTE_END_M = 5_000.0  # a route that ends further from its facility is doubted


class FacilityKind(StrEnum):
    """Where boxes are made, kept, handed over or used."""

    PRINTER = "PRINTER"
    KPU_WAREHOUSE = "KPU_WAREHOUSE"
    PPK = "PPK"
    PPS = "PPS"
    TPS = "TPS"
    POST_HUB = "POST_HUB"
    PORT = "PORT"
    AIRPORT = "AIRPORT"


class Signal(StrEnum):
    """Mobile coverage at a facility."""

    OK = "OK"
    WEAK = "WEAK"
    BLANKSPOT = "BLANKSPOT"


class Direction(StrEnum):
    """Out to the polling stations, or back."""

    DISTRIBUTION = "DISTRIBUTION"
    RETURN = "RETURN"


class Mode(StrEnum):
    """What carries a shipment."""

    TRUCK = "TRUCK"
    BOX_VAN = "BOX_VAN"
    MOTORBIKE = "MOTORBIKE"
    OFFROAD = "OFFROAD"
    SHIP = "SHIP"
    BOAT = "BOAT"
    PLANE = "PLANE"
    HELICOPTER = "HELICOPTER"
    HORSE = "HORSE"
    PORTER = "PORTER"


class ShipmentStatus(StrEnum):
    """How far a shipment has come; the last two are off the usual way."""

    PLANNED = "PLANNED"
    PACKED = "PACKED"
    SEALED = "SEALED"
    LOADED = "LOADED"
    IN_TRANSIT = "IN_TRANSIT"
    HELD = "HELD"
    ARRIVED = "ARRIVED"
    RECEIVED = "RECEIVED"
    PARTIALLY_RECEIVED = "PARTIALLY_RECEIVED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    LOST = "LOST"


class DeviceKind(StrEnum):
    """A tracker speaks the wire protocol, a phone OwnTracks."""

    TRACKER = "TRACKER"
    PHONE = "PHONE"


def _known_province(code: str) -> str:
    zone(code)
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
RegionCode = Annotated[str, Field(pattern=CODE_PATTERN), AfterValidator(_known_province)]
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


class Operation(Part):
    """The election that the plan is for."""

    id: Id
    name: Text


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


class Route(Part):
    """The way that a shipment keeps to; its corridor reaches `half_width_m` to each side."""

    id: Id
    name: Text
    half_width_m: Annotated[float, Field(gt=0, le=100_000)]
    line: LineString


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
    """`plan` as the text of a file, which `parse` reads back to an equal plan."""
    return plan.model_dump_json(by_alias=True, exclude_none=True, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: `path` is such as `shipments[3].to`."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class PlanError(ValueError):
    """A plan is refused; `faults` holds all that is wrong with it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=_place))
        super().__init__("\n".join(map(str, self.faults)))


_SECTIONS = ("operation", "facilities", "routes", "shipments", "devices", "assignments")
_REFERENCES = (
    ("shipments", "from", "facilities"),
    ("shipments", "to", "facilities"),
    ("shipments", "route", "routes"),
    ("assignments", "device", "devices"),
    ("assignments", "shipment", "shipments"),
)
_WHOLE = "(document)"
STORED = "(stored)"


def _place(fault: Fault) -> tuple[int, int]:
    """Sort key: the section's place in the document, then the index in it."""
    match = re.match(r"(\w+)(?:\[(\d+)\])?", fault.path)
    if match is None or match[1] not in _SECTIONS:
        return -1, 0
    return _SECTIONS.index(match[1]), int(match[2] or -1)


def parse(text: bytes | str) -> Plan:
    """Read a plan document.

    Raises PlanError with every fault: of the text, of single fields, and of what the
    parts say of each other.
    """
    source = _decode(text)
    document, faults = _read(source)
    plan = None
    try:
        plan = Plan.model_validate_json(source, strict=True, by_name=False)
        assignments = dict(enumerate(plan.assignments))
    except ValidationError as error:
        faults += _schema_faults(error, document)
        assignments = _sound_assignments(document)
    faults += [*_repeated_ids(document), *_unknown_references(document)]
    faults += _overlaps((f"assignments[{i}]", each) for i, each in assignments.items())
    if plan is None or faults:
        raise PlanError(faults)
    return plan


def _decode(text: bytes | str) -> str:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        raise PlanError([Fault(_WHOLE, "is UTF-16 or UTF-32: save the file as UTF-8")])
    if data.startswith(b"\xef\xbb\xbf"):
        reason = "begins with a byte order mark: save the file as UTF-8 without BOM"
        raise PlanError([Fault(_WHOLE, reason)])
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"is not UTF-8 (line {line}, byte {error.start}): save the file as UTF-8"
        raise PlanError([Fault(_WHOLE, reason)]) from None


Loc = tuple[int | str, ...]
Repeated = dict[int, tuple[object, list[str]]]  # id of an object -> it, and keys it has twice


def _read(source: str) -> tuple[Any, list[Fault]]:
    """The document, and a fault for each key that one object has twice."""
    repeated: Repeated = {}

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            # The object is kept, so that no later one can have its id.
            repeated[id(found)] = found, [key for key, times in counts.items() if times > 1]
        return found

    try:
        # float: an integer of thousands of digits is refused by int() itself.
        document = json.loads(source, object_pairs_hook=unique, parse_int=float)
        return document, list(_repeated_keys(document, (), repeated))
    except json.JSONDecodeError as error:
        path = f"line {error.lineno}, column {error.colno}"
        raise PlanError([Fault(path, f"is not JSON ({error.msg})")]) from None
    except RecursionError:
        raise PlanError([Fault(_WHOLE, "is nested too deeply")]) from None


def _repeated_keys(node: Any, loc: Loc, repeated: Repeated) -> Iterator[Fault]:
    if not repeated:
        return
    _, keys = repeated.get(id(node), (node, []))
    for key in keys:
        yield Fault(_path((*loc, key)), "is given twice in one object")
    steps = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for step in steps:
        yield from _repeated_keys(node[step], (*loc, step), repeated)


def _path(loc: Loc) -> str:
    return "".join(map(_step, loc)).removeprefix(".") or _WHOLE


def _step(step: int | str) -> str:
    plain = isinstance(step, str) and re.fullmatch(r"[A-Za-z0-9_$-]{1,60}", step)
    return f".{step}" if plain else f"[{_quoted(step)}]"


def _quoted(value: object) -> str:
    """A value of the file, cut short and with nothing in it that a terminal would obey."""
    text = json.dumps(value, ensure_ascii=False)
    text = text if text.isprintable() else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


_REASONS = {
    "missing": "is required",
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "model_type": "must be an object",
    "string_type": "must be text in quotes",
    "tuple_type": "must be a list",
}
_PATTERN_REASONS = {
    ID_PATTERN: "must be 1 to 64 letters, digits, dots, - or _, beginning with a letter or digit",
    DEVICE_ID_PATTERN: "must be 1 to 64 letters, digits, - or _",
    TEXT_PATTERN: "must be text without control characters, not empty and not blank at either end",
    CODE_PATTERN: "must be a dotted Kemendagri code of 2, 4, 6 or 10 digits, such as 33.74.15",
}


def _schema_faults(error: ValidationError, document: Any) -> list[Fault]:
    """One fault for each error; errors of one kind in one geometry are told once."""
    found: dict[object, ErrorDetails] = {}
    times: Counter[object] = Counter()
    for detail in error.errors(include_url=False):
        if not _is_echo(detail):
            key = _geometry(detail["loc"]), detail["type"]
            found.setdefault(key, detail)
            times[key] += 1
    return [
        Fault(_path(detail["loc"]), _reason(detail, document) + _and_more(times[key]))
        for key, detail in found.items()
    ]


def _is_echo(detail: ErrorDetails) -> bool:
    """An error that only follows from another: a list too short for want of good items."""
    if detail["type"] == "too_short":
        return bool(len(detail["input"]) >= detail["ctx"]["min_length"])
    return detail["type"] == "default_factory_not_called"


def _geometry(loc: Loc) -> Loc:
    return loc[: loc.index("coordinates")] if "coordinates" in loc else loc


def _and_more(times: int) -> str:
    return f"; {times - 1} more of this geometry likewise" if times > 1 else ""


def _reason(detail: ErrorDetails, document: Any) -> str:
    kind, loc = detail["type"], detail["loc"]
    if kind == "extra_forbidden":
        return f"is not a field of a plan{_suggestion(str(loc[-1]))}"
    if "coordinates" in loc and isinstance(loc[-1], int) and kind in ("missing", "too_long"):
        return "must be [longitude, latitude] and nothing more"
    if kind == "string_pattern_mismatch":
        reason = _PATTERN_REASONS[detail["ctx"]["pattern"]]
    elif kind == "too_short":
        return f"needs at least {detail['ctx']['min_length']}"
    elif kind == "json_invalid":
        reason = f"is not JSON ({detail['ctx']['error']})"
    else:
        message = detail["msg"].removeprefix("Value error, ")
        reason = _REASONS.get(kind, message.replace("Input should", "must", 1))
    return reason + _shown(detail) + _swapped(loc, document)


def _suggestion(name: str) -> str:
    close = get_close_matches(name, _field_names(), n=1)
    return f": did you mean {close[0]}?" if close else ""


@cache
def _field_names() -> tuple[str, ...]:
    parts = [schema(), *schema()["$defs"].values()]
    return tuple({each for part in parts for each in part.get("properties", ())})


def _shown(detail: ErrorDetails) -> str:
    value = detail["input"]
    if detail["type"] in ("missing", "json_invalid") or not isinstance(value, str | int | float):
        return ""
    return f", not {_quoted(value)}"


def _swapped(loc: Loc, document: Any) -> str:
    """A hint where latitude and longitude would be in Indonesia the other way round."""
    if not loc or not (loc[-1] == "lat_deg" or ("coordinates" in loc and loc[-1] == 1)):
        return ""
    place = document
    for step in loc[:-1]:
        place = place[step]
    try:
        lat, lon = place[loc[-1]], place["lon_deg" if loc[-1] == "lat_deg" else 0]
        swapped = in_indonesia(lat_deg=lon, lon_deg=lat)
    except (KeyError, IndexError, TypeError):
        return ""
    return " (longitude and latitude seem to be swapped)" if swapped else ""


def _is_list(document: Any, section: str) -> bool:
    return isinstance(document, dict) and isinstance(document.get(section, []), list)


def _rows(document: Any, section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, row in enumerate(document.get(section, ()) if _is_list(document, section) else ()):
        if isinstance(row, dict):
            yield index, row


def _repeated_ids(document: Any) -> Iterator[Fault]:
    for section in ("facilities", "routes", "shipments", "devices"):
        first: dict[str, int] = {}
        for index, row in _rows(document, section):
            name = row.get("id")
            if isinstance(name, str) and first.setdefault(name, index) != index:
                reason = f"{_quoted(name)} is the id of {section}[{first[name]}] already"
                yield Fault(f"{section}[{index}].id", reason)


def _unknown_references(document: Any) -> Iterator[Fault]:
    for section, key, target in _REFERENCES:
        if not _is_list(document, target):
            continue  # that fault is told, and would bring one more for each reference
        known = {row.get("id") for _, row in _rows(document, target) if _is_text(row.get("id"))}
        for index, row in _rows(document, section):
            name = row.get(key)
            if _is_text(name) and name not in known:
                yield Fault(f"{section}[{index}].{key}", f"{target} has no {_quoted(name)}")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _sound_assignments(document: Any) -> dict[int, Assignment]:
    """Those that can be read by themselves, by index."""
    found = {}
    for index, row in _rows(document, "assignments"):
        try:
            text = json.dumps(row)
            found[index] = Assignment.model_validate_json(text, strict=True, by_name=False)
        except ValidationError:
            continue
    return found


def _overlaps(assignments: Iterable[tuple[str, Assignment]]) -> Iterator[Fault]:
    by_device: defaultdict[str, list[tuple[str, Assignment]]] = defaultdict(list)
    for path, assignment in assignments:
        by_device[assignment.device_id].append((path, assignment))
    for pairs in by_device.values():
        pairs.sort(key=lambda pair: pair[1].valid_from)
        longest = pairs[0]
        for path, assignment in pairs[1:]:
            if assignment.valid_from < _end(longest[1]):
                yield _overlap((path, assignment), longest)
            longest = max(longest, (path, assignment), key=lambda pair: _end(pair[1]))


def _end(assignment: Assignment) -> datetime:
    return assignment.valid_until or datetime.max.replace(tzinfo=UTC)


def _overlap(one: tuple[str, Assignment], other: tuple[str, Assignment]) -> Fault:
    """Told of the one that the file can mend: a stored assignment has no path in it."""
    (path, _), (other_path, earlier) = one, other
    if path == STORED:
        (other_path, earlier), (path, _) = one, other
    until = f"{earlier.valid_until:%Y-%m-%dT%H:%M:%SZ}" if earlier.valid_until else "for good"
    reason = (
        f"{earlier.device_id} is with {earlier.shipment_id} at that time already"
        f" ({other_path}, from {earlier.valid_from:%Y-%m-%dT%H:%M:%SZ} until {until})"
    )
    return Fault(path, reason)


def conflicts(before: Plan, after: Plan) -> list[Fault]:
    """Assignments of `after` that overlap those of `before` which it does not mention."""
    mentioned = {assignment.id for assignment in after.assignments}
    kept = [(STORED, each) for each in before.assignments if each.id not in mentioned]
    new = [(f"assignments[{i}]", each) for i, each in enumerate(after.assignments)]
    return [fault for fault in _overlaps([*kept, *new]) if fault.path != STORED]


def warnings(plan: Plan) -> list[Fault]:
    """What looks wrong and may be meant: it refuses nothing, and a person should look."""
    return [*_doubtful_places(plan), *_doubtful_routes(plan)]


def _doubtful_places(plan: Plan) -> Iterator[Fault]:
    for index, place in enumerate(plan.facilities):
        path = f"facilities[{index}]"
        if not in_indonesia(lat_deg=place.lat_deg, lon_deg=place.lon_deg):
            yield Fault(path, f"{place.lat_deg}, {place.lon_deg} is not in Indonesia")
        if place.tz != zone(place.region):
            yield Fault(f"{path}.tz", f"region {place.region} keeps {zone(place.region)}")
        polygon = place.fence.polygon
        if polygon and not _area(polygon).covers(shapely.Point(place.lon_deg, place.lat_deg)):
            yield Fault(f"{path}.fence", "the facility lies outside its own fence")


def _area(polygon: Polygon) -> shapely.Polygon:
    return shapely.Polygon(polygon.coordinates[0], polygon.coordinates[1:])


def _doubtful_routes(plan: Plan) -> Iterator[Fault]:
    places = {place.id: place for place in plan.facilities}
    lines = {route.id: route.line.coordinates for route in plan.routes}
    for index, shipment in enumerate(plan.shipments):
        if shipment.route_id is not None:
            ends = places[shipment.from_facility], places[shipment.to_facility]
            line = lines[shipment.route_id]
            # A return goes the same way backwards, and has the same corridor.
            away = min(_ends_away_m(ends, line), _ends_away_m(ends, line[::-1]))
            if away > ROUTE_END_M:
                reason = f"{shipment.route_id} begins or ends {away / 1000:.1f} km off the facility"
                yield Fault(f"shipments[{index}].route", reason)


def _ends_away_m(ends: tuple[Facility, Facility], line: tuple[LonLat, ...]) -> float:
    """How far, at the worse of its two ends, a line is from where it should begin and end."""
    lon, lat = np.array([line[0], line[-1]]).T
    places = np.array([(place.lat_deg, place.lon_deg) for place in ends])
    return float(distance_m(places[:, 0], places[:, 1], lat, lon).max())


class ChangeState(StrEnum):
    """What an import does to one part. It never removes: a plan only ever grows."""

    NEW = "NEW"
    CHANGED = "CHANGED"
    SAME = "SAME"
    NOT_IN_FILE = "NOT_IN_FILE"


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a plan, by kind and id; `fields` has (before, after) of what changed."""

    kind: str
    id: str
    state: ChangeState
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


Item = Operation | Facility | Route | Shipment | Device | Assignment


def items(plan: Plan) -> dict[tuple[str, str], Item]:
    """All parts of a plan by (kind, id), each after those that it refers to."""
    found: dict[tuple[str, str], Item] = {}
    if plan.operation != EMPTY.operation:
        found["operation", "operation"] = plan.operation
    sections: tuple[tuple[str, tuple[Item, ...]], ...] = (
        ("facility", plan.facilities),
        ("route", plan.routes),
        ("shipment", plan.shipments),
        ("device", plan.devices),
        ("assignment", plan.assignments),
    )
    for kind, parts in sections:
        found.update(((kind, part.id), part) for part in parts)
    return found


def settled(before: Plan, after: Plan) -> Plan:
    """`after`, where a known shipment keeps its status unless the file gives one.

    The status moves on with the operation; importing the same file again must not
    send a shipment back to PLANNED.
    """
    status = {shipment.id: shipment.status for shipment in before.shipments}
    shipments = tuple(
        shipment
        if "status" in shipment.model_fields_set or shipment.id not in status
        else shipment.model_copy(update={"status": status[shipment.id]})
        for shipment in after.shipments
    )
    return after.model_copy(update={"shipments": shipments})


def diff(before: Plan, after: Plan) -> list[Change]:
    """What importing `after` over `before` does, part by part."""
    old, new = items(before), items(settled(before, after))
    changes = [_change(key, old.get(key), part) for key, part in new.items()]
    return changes + [Change(*key, ChangeState.NOT_IN_FILE) for key in old if key not in new]


def _change(key: tuple[str, str], old: Item | None, new: Item) -> Change:
    if old is None:
        return Change(*key, ChangeState.NEW)
    if old == new:
        return Change(*key, ChangeState.SAME)
    was, now = (part.model_dump(mode="json", by_alias=True) for part in (old, new))
    fields = {name: (was[name], now[name]) for name in now if was[name] != now[name]}
    return Change(*key, ChangeState.CHANGED, fields)
