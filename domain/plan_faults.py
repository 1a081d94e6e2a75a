"""Faults: a plan document is read whole, or refused with all that is wrong with it."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.geodesy import distance_m
from domain.plan import Assignment, Facility, LonLat, Plan, Polygon
from domain.plan_reasons import WHOLE, Loc, path_of, quoted, reason_of
from domain.regions import first_unknown, in_indonesia, zone
from domain.rule_history import misfits
from domain.settings import Rules
from domain.way import Course

ROUTE_END_M = 5_000.0  # a route that ends further from its facility is doubted


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


_SECTIONS = ("operation", "facilities", "routes", "shipments", "devices", "assignments", "convoys")
_REFERENCES = (
    ("shipments", "from", "facilities"),
    ("shipments", "to", "facilities"),
    ("shipments", "route", "routes"),
    ("assignments", "device", "devices"),
    ("assignments", "shipment", "shipments"),
)
_INNER_REFERENCES = (
    ("routes", "waypoints", "facility", "facilities"),
    ("convoys", "shipments", None, "shipments"),
    ("convoys", "escorts", None, "devices"),
)
STORED = "(stored)"


def _place(fault: Fault) -> tuple[int, int]:
    """Sort key: the section's place in the document, then the index in it."""
    match = re.match(r"(\w+)(?:\[(\d+)\])?", fault.path)
    if match is None or match[1] not in _SECTIONS:
        return -1, 0
    return _SECTIONS.index(match[1]), int(match[2] or -1)


def parse(text: bytes | str, settings: Rules | None = None) -> Plan:
    """Read a plan document.

    `settings` are those that the thresholds of the plan stand over; none: the defaults.
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
    if plan is not None:
        faults += [Fault(*found) for found in misfits(plan, settings or Rules())]
    if plan is not None:
        faults += _route_faults(plan)
    if plan is None or faults:
        raise PlanError(faults)
    return plan


def _decode(text: bytes | str) -> str:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        raise PlanError([Fault(WHOLE, "is UTF-16 or UTF-32: save the file as UTF-8")])
    if data.startswith(b"\xef\xbb\xbf"):
        reason = "begins with a byte order mark: save the file as UTF-8 without BOM"
        raise PlanError([Fault(WHOLE, reason)])
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"is not UTF-8 (line {line}, byte {error.start}): save the file as UTF-8"
        raise PlanError([Fault(WHOLE, reason)]) from None


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
        raise PlanError([Fault(WHOLE, "is nested too deeply")]) from None


def _repeated_keys(node: Any, loc: Loc, repeated: Repeated) -> Iterator[Fault]:
    if not repeated:
        return
    _, keys = repeated.get(id(node), (node, []))
    for key in keys:
        yield Fault(path_of((*loc, key)), "is given twice in one object")
    steps = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for step in steps:
        yield from _repeated_keys(node[step], (*loc, step), repeated)


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
        Fault(path_of(detail["loc"]), reason_of(detail, document) + _and_more(times[key]))
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


def _is_list(document: Any, section: str) -> bool:
    return isinstance(document, dict) and isinstance(document.get(section, []), list)


def _rows(document: Any, section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, row in enumerate(document.get(section, ()) if _is_list(document, section) else ()):
        if isinstance(row, dict):
            yield index, row


def _repeated_ids(document: Any) -> Iterator[Fault]:
    for section in ("facilities", "routes", "shipments", "devices", "convoys"):
        first: dict[str, int] = {}
        for index, row in _rows(document, section):
            name = row.get("id")
            if isinstance(name, str) and first.setdefault(name, index) != index:
                reason = f"{quoted(name)} is the id of {section}[{first[name]}] already"
                yield Fault(f"{section}[{index}].id", reason)


def _unknown_references(document: Any) -> Iterator[Fault]:
    for section, key, target in _REFERENCES:
        if not _is_list(document, target):
            continue  # that fault is told, and would bring one more for each reference
        known = {row.get("id") for _, row in _rows(document, target) if _is_text(row.get("id"))}
        for index, row in _rows(document, section):
            name = row.get(key)
            if _is_text(name) and name not in known:
                yield Fault(f"{section}[{index}].{key}", f"{target} has no {quoted(name)}")
    yield from _unknown_members(document)


def _unknown_members(document: Any) -> Iterator[Fault]:
    """References from within lists of a part: (section, list, key or None, target)."""
    for section, inner, key, target in _INNER_REFERENCES:
        if not _is_list(document, target):
            continue
        known = {row.get("id") for _, row in _rows(document, target) if _is_text(row.get("id"))}
        for index, row in _rows(document, section):
            members = row.get(inner)
            for place, member in enumerate(members if isinstance(members, list) else ()):
                name = member.get(key) if key and isinstance(member, dict) else member
                if _is_text(name) and name not in known:
                    path = f"{section}[{index}].{inner}[{place}]" + (f".{key}" if key else "")
                    yield Fault(path, f"{target} has no {quoted(name)}")


def _route_faults(plan: Plan) -> Iterator[Fault]:
    """Waypoints, legs and blankspots that do not lie along their line."""
    places = {place.id: place for place in plan.facilities}
    for index, route in enumerate(plan.routes):
        for where, reason in Course(route, places).troubles():
            yield Fault(f"routes[{index}].{where}", reason)


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
        if unknown := first_unknown(place.region):
            reason = f"no {unknown.name.lower()} {place.region} is in the list of regions"
            yield Fault(f"{path}.region", reason)
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
