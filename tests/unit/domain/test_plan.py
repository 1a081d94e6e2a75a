import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import ValidationError

from domain.demo import demo_fleet, demo_plan
from domain.plan import (
    DEVICE_ID_PATTERN,
    EMPTY,
    ID_PATTERN,
    Change,
    ChangeState,
    Plan,
    PlanError,
    ShipmentStatus,
    conflicts,
    diff,
    dump,
    parse,
    schema,
    settled,
    warnings,
)
from domain.regions import Zone

Document = dict[str, Any]

SCHEMA_FILE = Path(__file__).parents[3] / "docs/reference/plan.schema.json"
NOW = datetime(2024, 11, 25, 8, 30, 12, tzinfo=UTC)
SQUARE = [[110.2, -7.1], [110.4, -7.1], [110.4, -6.9], [110.2, -6.9], [110.2, -7.1]]


def document() -> Document:
    """A small, sound plan: one truck from Semarang to Solo, watched by one tracker."""
    return {
        "format": "kawal-plan",
        "version": 1,
        "operation": {"id": "PILKADA-2024", "name": "Pilkada Serentak 2024"},
        "facilities": [
            {
                "id": "GUDANG-3374",
                "kind": "KPU_WAREHOUSE",
                "name": "Gudang KPU Kota Semarang",
                "region": "33.74",
                "lat_deg": -6.99,
                "lon_deg": 110.35,
                "fence": {"polygon": {"type": "Polygon", "coordinates": [SQUARE]}},
            },
            {
                "id": "GUDANG-3372",
                "kind": "KPU_WAREHOUSE",
                "name": "Gudang KPU Kota Surakarta",
                "region": "33.72.04.1001",
                "lat_deg": -7.55,
                "lon_deg": 110.82,
                "fence": {"radius_m": 250},
                "signal": "WEAK",
                "is_3t": False,
            },
        ],
        "routes": [
            {
                "id": "SMG-SLO",
                "name": "Semarang–Salatiga–Surakarta",
                "half_width_m": 2000,
                "line": {
                    "type": "LineString",
                    "coordinates": [[110.35, -6.99], [110.5, -7.33], [110.82, -7.55]],
                },
            }
        ],
        "shipments": [
            {
                "id": "S-1",
                "direction": "DISTRIBUTION",
                "mode": "TRUCK",
                "from": "GUDANG-3374",
                "to": "GUDANG-3372",
                "route": "SMG-SLO",
                "planned_departure": "2024-11-25T08:00:00+07:00",
                "planned_arrival": "2024-11-25T12:00:00+07:00",
                "seals": ["A-1", "A-2"],
                "box_count": 40,
            }
        ],
        "devices": [
            {"id": "KWL-0001", "kind": "TRACKER", "name": "Truk H 1", "report_interval_s": 30}
        ],
        "assignments": [
            {"device": "KWL-0001", "shipment": "S-1", "from": "2024-11-25T00:00:00Z", "until": None}
        ],
    }


def read(changed: Document) -> Plan:
    return parse(json.dumps(changed))


def faults(changed: Document) -> dict[str, str]:
    with pytest.raises(PlanError) as refused:
        read(changed)
    return {fault.path: fault.reason for fault in refused.value.faults}


def text_fault(text: bytes | str) -> str:
    with pytest.raises(PlanError) as refused:
        parse(text)
    return str(refused.value)


def put(path: str, value: object) -> Callable[[Document], None]:
    """A change of the document: `put("shipments.0.to", "X")`."""

    def change(target: Any) -> None:
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
        for step in steps:
            target = target[step]
        target[last] = value

    return change


def test_a_sound_plan_is_read() -> None:
    plan = read(document())
    semarang, solo = plan.facilities
    assert (semarang.tz, solo.signal, semarang.is_3t) == (Zone.WIB, "WEAK", False)
    shipment = plan.shipments[0]
    assert shipment.planned_departure == datetime(2024, 11, 25, 1, tzinfo=UTC)
    assert shipment.planned_departure.tzinfo is UTC
    assert shipment.status is ShipmentStatus.PLANNED
    assert (shipment.from_facility, shipment.route_id) == ("GUDANG-3374", "SMG-SLO")
    assert plan.assignments[0].valid_until is None


def test_the_zone_may_be_given() -> None:
    changed = document()
    changed["facilities"][0]["tz"] = "Asia/Makassar"
    assert read(changed).facilities[0].tz is Zone.WITA
    [warning] = warnings(read(changed))
    assert (warning.path, warning.reason) == (
        "facilities[0].tz",
        "region 33.74 keeps Asia/Jakarta",
    )


# (change, path of the fault, words of its reason); the JSON Schema refuses these too.
SCHEMA_FAULTS = [
    (put("format", "geojson"), "format", "must be 'kawal-plan'"),
    (put("version", 2), "version", "must be 1, not 2"),
    (put("operation", None), "operation", "must be an object"),
    (put("facilities", {}), "facilities", "must be a list"),
    (put("facilities.1", 5), "facilities[1]", "must be an object"),
    (
        put("facilities.0.kind", "GUDANG"),
        "facilities[0].kind",
        "must be 'PRINTER', 'KPU_WAREHOUSE'",
    ),
    (put("facilities.0.region", "3374"), "facilities[0].region", "dotted Kemendagri code"),
    (put("facilities.0.name", " "), "facilities[0].name", "not blank at either end"),
    (put("facilities.0.name", "a\u0000b"), "facilities[0].name", "without control characters"),
    (put("facilities.0.name", "a\u202eb"), "facilities[0].name", "without control characters"),
    (put("facilities.0.name", "x" * 201), "facilities[0].name", "at most 200 characters"),
    (put("facilities.0.lat_deg", "-6.9"), "facilities[0].lat_deg", "must be a number"),
    (put("facilities.0.is_3t", 1), "facilities[0].is_3t", "must be true or false"),
    (put("facilities.0.tz", "UTC"), "facilities[0].tz", "must be 'Asia/Jakarta'"),
    (put("facilities.0.latdeg", 1), "facilities[0].latdeg", "did you mean lat_deg?"),
    (put("facilities.0.fence", {}), "facilities[0].fence", "either radius_m or polygon"),
    (put("facilities.1.fence.radius_m", 0), "facilities[1].fence.radius_m", "greater than 0"),
    (put("routes.0.half_width_m", -1), "routes[0].half_width_m", "greater than 0"),
    (put("routes.0.line.type", "Point"), "routes[0].line.type", "must be 'LineString'"),
    (
        put("routes.0.line.coordinates.0", [110.35, -6.99, 12]),
        "routes[0].line.coordinates[0]",
        "must be [longitude, latitude] and nothing more",
    ),
    (put("shipments.0.id", "a b"), "shipments[0].id", "1 to 64 letters"),
    (put("shipments.0.from_facility", "S"), "shipments[0].from_facility", "is not a field"),
    (put("shipments.0.box_count", 1.5), "shipments[0].box_count", "must be a whole number"),
    (
        put("shipments.0.planned_arrival", 1732500000),
        "shipments[0].planned_arrival",
        "with its zone",
    ),
    (put("devices.0.id", "KWL/1"), "devices[0].id", "1 to 64 letters, digits, - or _"),
    (put("devices.0.report_interval_s", 0), "devices[0].report_interval_s", "or equal to 1"),
]
# What JSON Schema cannot say.
MEANING_FAULTS = [
    (put("facilities.0.region", "99.01"), "facilities[0].region", "no province"),
    (
        put("facilities.1.id", "GUDANG-3374"),
        "facilities[1].id",
        "is the id of facilities[0] already",
    ),
    (put("shipments.0.to", "NOWHERE"), "shipments[0].to", 'facilities has no "NOWHERE"'),
    (put("shipments.0.to", "GUDANG-3374"), "shipments[0].to", "another facility than `from`"),
    (put("shipments.0.route", "R-9"), "shipments[0].route", 'routes has no "R-9"'),
    (put("shipments.0.seals", ["A", "B", "A"]), "shipments[0].seals", "seal A is listed twice"),
    (
        put("shipments.0.planned_arrival", "2024-11-25T01:00:00Z"),
        "shipments[0].planned_arrival",
        "later than planned_departure",
    ),
    (
        put("shipments.0.planned_departure", "2024-11-25 08:00"),
        "shipments[0].planned_departure",
        "must be a time with its zone",
    ),
    (
        put("shipments.0.planned_departure", "2024-11-25T08:00:00"),
        "shipments[0].planned_departure",
        "must be a time with its zone",
    ),
    (
        put("shipments.0.planned_departure", "2024-11-31T08:00:00Z"),
        "shipments[0].planned_departure",
        "is no such time",
    ),
    (
        put("shipments.0.planned_departure", "0001-01-01T00:00:00+07:00"),
        "shipments[0].planned_departure",
        "between the years 2000 and 2099",
    ),
    (put("assignments.0.device", "KWL-9"), "assignments[0].device", 'devices has no "KWL-9"'),
    (put("assignments.0.shipment", "S-9"), "assignments[0].shipment", 'shipments has no "S-9"'),
    (
        put("assignments.0.until", "2024-11-24T00:00:00Z"),
        "assignments[0].until",
        "later than `from`",
    ),
    (
        put("routes.0.line.coordinates", [[110.3, -7], [110.3, -7]]),
        "routes[0].line.coordinates",
        "two different positions",
    ),
    (
        put("facilities.0.fence.polygon.coordinates", [SQUARE[:-1]]),
        "facilities[0].fence.polygon.coordinates",
        "must end where it begins",
    ),
    (
        put("facilities.0.fence.polygon.coordinates", [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]),
        "facilities[0].fence.polygon.coordinates",
        "Self-intersection[0.5 0.5]",
    ),
    (
        put("facilities.0.fence.polygon.coordinates", [[[0, 0], [1, 1], [2, 2], [0, 0]]]),
        "facilities[0].fence.polygon.coordinates",
        "folds onto itself",
    ),
]


@pytest.mark.parametrize(("change", "path", "reason"), [*SCHEMA_FAULTS, *MEANING_FAULTS])
def test_a_fault_is_told_by_path_and_reason(
    change: Callable[[Document], None], path: str, reason: str
) -> None:
    changed = document()
    change(changed)
    found = faults(changed)
    assert reason in found.pop(path)
    # An id that is gone is missed by those that refer to it, and nothing else is wrong.
    assert all(" has no " in consequence for consequence in found.values())


@pytest.mark.parametrize(("change", "path", "reason"), SCHEMA_FAULTS)
def test_the_schema_refuses_what_parse_refuses(
    change: Callable[[Document], None], path: str, reason: str
) -> None:
    changed = document()
    change(changed)
    assert not Draft202012Validator(schema()).is_valid(changed)


@pytest.mark.parametrize("section", ["operation", "format", "version"])
def test_what_is_missing_is_named(section: str) -> None:
    changed = document()
    del changed[section]
    assert faults(changed) == {section: "is required"}


def test_all_faults_come_at_once_of_every_kind() -> None:
    changed = document()
    changed["facilities"][1]["kind"] = "GUDANG"
    changed["shipments"][0]["mode"] = "TRAIN"
    changed["shipments"][0]["to"] = "NOWHERE"
    changed["devices"].append(changed["devices"][0])
    changed["assignments"].append(
        {"device": "KWL-0001", "shipment": "S-1", "from": NOW.isoformat()}
    )
    assert list(faults(changed)) == [
        "facilities[1].kind",
        "shipments[0].mode",
        "shipments[0].to",
        "devices[1].id",
        "assignments[1]",
    ]


def test_a_reference_to_a_faulty_part_is_not_a_second_fault() -> None:
    changed = document()
    changed["facilities"][0]["lat_deg"] = None
    assert list(faults(changed)) == ["facilities[0].lat_deg"]


def test_swapped_coordinates_are_recognised() -> None:
    changed = document()
    changed["facilities"][0].update(lat_deg=110.35, lon_deg=-6.99)
    line = changed["routes"][0]["line"]
    line["coordinates"] = [[lat, lon] for lon, lat in line["coordinates"]]
    found = faults(changed)
    assert list(found) == ["facilities[0].lat_deg", "routes[0].line.coordinates[0][1]"]
    assert all("seem to be swapped" in reason for reason in found.values())
    assert "2 more of this geometry" in found["routes[0].line.coordinates[0][1]"]


def test_a_latitude_that_is_simply_wrong_is_not_called_swapped() -> None:
    changed = document()
    changed["facilities"][0]["lat_deg"] = 95
    assert "swapped" not in faults(changed)["facilities[0].lat_deg"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400])
def test_numbers_that_are_none_are_refused(number: str) -> None:
    text = json.dumps(document()).replace('"half_width_m": 2000', f'"half_width_m": {number}')
    assert text_fault(text).startswith("routes[0].half_width_m: must be a finite number")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1, column 1: is not JSON"),
        ('{"format":\n "kawal-plan",}', "line 2, column 15: is not JSON"),
        ("[]", "(document): must be an object"),
        ('{"a": "\\ud800"}', "is not JSON"),
        (b"\xef\xbb\xbf{}", "(document): begins with a byte order mark"),
        ("\ufeff{}", "(document): begins with a byte order mark"),
        ("{}".encode("utf-16"), "(document): is UTF-16"),
        (b'{\n"name": "caf\xe9"}', "(document): is not UTF-8 (line 2"),
        ('{"name": "\ud800"}', "(document): is not UTF-8"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 500 + "1" + "}" * 500, "recursion limit"),
        ('{"version": ' + "9" * 5000 + "}", "is not JSON"),
    ],
)
def test_a_text_that_cannot_be_read_says_why(text: bytes | str, reason: str) -> None:
    assert reason in text_fault(text)


def test_a_key_given_twice_is_refused_beside_other_faults() -> None:
    text = json.dumps(document()).replace(
        '"id": "KWL-0001", ', '"id": "KWL-0001", "id": "KWL-0002", '
    )
    assert text_fault(text).splitlines() == [
        "devices[0].id: is given twice in one object",
        'assignments[0].device: devices has no "KWL-0001"',
    ]


def test_a_file_cannot_send_commands_to_the_terminal() -> None:
    changed = document()
    changed["shipments"][0].update(
        {"to": "\x1b[2J\x9b", "\x1b]0;x": 1, "mode": "\x1b[31m" + "x" * 99}
    )
    found = faults(changed)
    assert found['shipments[0]["\\u001b]0;x"]'] == "is not a field of a plan"
    assert all("".join([path, reason]).isprintable() for path, reason in found.items())
    assert max(map(len, found.values())) < 250


def assignment(start: str, until: str | None, device: str = "KWL-0001") -> Document:
    return {"device": device, "shipment": "S-1", "from": start, "until": until}


@pytest.mark.parametrize(
    ("assignments", "faulty"),
    [
        ([("2024-11-01T00:00:00Z", "2024-11-02T00:00:00Z"), ("2024-11-02T00:00:00Z", None)], []),
        ([("2024-11-02T00:00:00Z", None), ("2024-11-01T00:00:00Z", "2024-11-02T00:00:00Z")], []),
        ([("2024-11-01T00:00:00Z", None), ("2024-11-02T00:00:00Z", None)], [1]),
        ([("2024-11-02T00:00:00Z", None), ("2024-11-01T00:00:00Z", None)], [0]),
        ([("2024-11-01T00:00:00Z", None), ("2024-11-01T07:00:00+07:00", None)], [1]),
        (
            [
                ("2024-11-01T00:00:00Z", "2024-11-30T00:00:00Z"),
                ("2024-11-02T00:00:00Z", "2024-11-03T00:00:00Z"),
                ("2024-11-04T00:00:00Z", "2024-11-05T00:00:00Z"),
            ],
            [1, 2],
        ),
    ],
)
def test_a_device_is_with_one_shipment_at_a_time(
    assignments: list[tuple[str, str | None]], faulty: list[int]
) -> None:
    changed = document()
    changed["assignments"] = [assignment(*each) for each in assignments]
    if faulty:
        assert list(faults(changed)) == [f"assignments[{index}]" for index in faulty]
    else:
        assert len(read(changed).assignments) == len(assignments)


def test_two_devices_may_be_with_one_shipment() -> None:
    changed = document()
    changed["devices"].append({**changed["devices"][0], "id": "KWL-0002"})
    changed["assignments"].append(assignment("2024-11-25T00:00:00Z", None, "KWL-0002"))
    assert len(read(changed).assignments) == 2


def test_stored_assignments_that_the_file_does_not_mention_count_too() -> None:
    stored, changed = read(document()), document()
    changed["assignments"] = [assignment("2024-11-26T00:00:00Z", None)]
    [fault] = conflicts(stored, read(changed))
    assert fault.path == "assignments[0]"
    assert "(stored), from 2024-11-25T00:00:00Z until for good" in fault.reason
    changed["assignments"] = [assignment("2024-11-24T00:00:00Z", None)]
    assert [fault.path for fault in conflicts(stored, read(changed))] == ["assignments[0]"]


def test_ending_the_stored_assignment_in_the_same_file_makes_room() -> None:
    stored, changed = read(document()), document()
    changed["assignments"] = [
        assignment("2024-11-25T00:00:00Z", "2024-11-26T00:00:00Z"),
        assignment("2024-11-26T00:00:00Z", None),
    ]
    assert conflicts(stored, read(changed)) == []


def test_a_sound_plan_has_no_warnings() -> None:
    assert warnings(read(document())) == []


def test_a_return_may_take_the_same_route_backwards() -> None:
    changed = document()
    changed["shipments"][0].update({"from": "GUDANG-3372", "to": "GUDANG-3374"})
    assert warnings(read(changed)) == []


def test_a_route_that_begins_far_from_its_facility_is_doubted() -> None:
    changed = document()
    changed["routes"][0]["line"]["coordinates"][0] = [110.35, -6.9]
    [warning] = warnings(read(changed))
    assert warning.path == "shipments[0].route"
    assert warning.reason == "SMG-SLO begins or ends 10.0 km off the facility"


def test_a_facility_outside_its_own_fence_is_doubted() -> None:
    changed = document()
    changed["facilities"][0].update(lat_deg=-6.99, lon_deg=110.399)
    square = changed["facilities"][0]["fence"]["polygon"]["coordinates"][0]
    square[1], square[2] = [110.39, -7.1], [110.39, -6.9]
    [warning] = [each for each in warnings(read(changed)) if "fence" in each.path]
    assert warning.path == "facilities[0].fence"
    assert "outside its own fence" in warning.reason


def test_a_plan_elsewhere_is_accepted_with_a_warning() -> None:
    changed = document()
    changed["facilities"][1].update(lat_deg=39.9, lon_deg=116.4)
    changed["shipments"][0]["route"] = None
    [warning] = warnings(read(changed))
    assert (warning.path, warning.reason) == ("facilities[1]", "39.9, 116.4 is not in Indonesia")


def test_the_schema_in_the_docs_is_the_one_of_the_code() -> None:
    # Made anew by:
    # python -c 'import json, domain.plan as p; print(json.dumps(p.schema(), indent=2))'
    assert json.loads(SCHEMA_FILE.read_text("utf-8")) == schema()


def test_the_schema_is_valid_and_accepts_sound_plans() -> None:
    Draft202012Validator.check_schema(schema())
    validator = Draft202012Validator(schema())
    validator.validate(document())
    validator.validate(json.loads(dump(demo_plan(NOW))))


def test_the_example_in_the_docs_is_a_sound_plan() -> None:
    page = SCHEMA_FILE.with_name("plan.md").read_text("utf-8")
    example = page.split("```json\n")[1].split("```")[0]
    assert warnings(parse(example)) == []


def test_the_docs_name_every_field() -> None:
    page = SCHEMA_FILE.with_name("plan.md").read_text("utf-8")
    parts = [schema(), *schema()["$defs"].values()]
    fields = {name for part in parts for name in part.get("properties", ())}
    values = {str(value) for part in parts for value in part.get("enum", ())}
    assert {each for each in fields | values if f"`{each}`" not in page} <= {
        "type",
        "coordinates",
        "polygon",
        "radius_m",
    }


def test_a_device_may_have_any_name_of_the_wire_protocol() -> None:
    changed = document()
    for name in ("_", "-", "a" * 64):
        changed["devices"].append({**changed["devices"][0], "id": name})
    assert len(read(changed).devices) == 4


def kinds(changes: list[Change], state: ChangeState) -> list[tuple[str, str]]:
    return [(change.kind, change.id) for change in changes if change.state is state]


def test_the_first_import_is_all_new() -> None:
    changes = diff(EMPTY, read(document()))
    assert {change.state for change in changes} == {ChangeState.NEW}
    assert [(change.kind, change.id) for change in changes] == [
        ("operation", "operation"),
        ("facility", "GUDANG-3374"),
        ("facility", "GUDANG-3372"),
        ("route", "SMG-SLO"),
        ("shipment", "S-1"),
        ("device", "KWL-0001"),
        ("assignment", "KWL-0001@2024-11-25T00:00:00.000000Z"),
    ]


def test_a_change_has_the_fields_before_and_after() -> None:
    before, changed = read(document()), document()
    changed["shipments"][0].update(vehicle="H 1234 AB", box_count=41)
    changed["assignments"][0]["until"] = "2024-11-26T00:00:00Z"
    changes = [change for change in diff(before, read(changed)) if change.state != "SAME"]
    assert [(change.kind, change.state.value, change.fields) for change in changes] == [
        ("shipment", "CHANGED", {"vehicle": (None, "H 1234 AB"), "box_count": (40, 41)}),
        ("assignment", "CHANGED", {"until": (None, "2024-11-26T00:00:00Z")}),
    ]


def test_what_the_file_does_not_mention_is_counted_and_stays() -> None:
    changed = document()
    del changed["shipments"], changed["assignments"], changed["routes"]
    changes = diff(read(document()), read(changed))
    assert sorted(kinds(changes, ChangeState.NOT_IN_FILE)) == [
        ("assignment", "KWL-0001@2024-11-25T00:00:00.000000Z"),
        ("route", "SMG-SLO"),
        ("shipment", "S-1"),
    ]
    assert not kinds(changes, ChangeState.CHANGED)


def test_a_shipment_keeps_its_status_unless_the_file_gives_one() -> None:
    moved = document()
    moved["shipments"][0]["status"] = "IN_TRANSIT"
    stored = read(moved)
    assert {change.state for change in diff(stored, read(document()))} == {ChangeState.SAME}
    assert settled(stored, read(document())).shipments[0].status is ShipmentStatus.IN_TRANSIT
    explicit = document()
    explicit["shipments"][0]["status"] = "PLANNED"
    assert kinds(diff(stored, read(explicit)), ChangeState.CHANGED) == [("shipment", "S-1")]


texts = st.text(
    st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zs", "Zl", "Zp"]), min_size=1, max_size=20
)
ids = st.from_regex(ID_PATTERN, fullmatch=True).filter(lambda text: not text.endswith("\n"))
device_ids = st.from_regex(DEVICE_ID_PATTERN, fullmatch=True)
points = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(list)
times = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def documents(draw: st.DrawFn) -> Document:
    names = draw(st.lists(ids, min_size=2, max_size=4, unique=True))
    devices = draw(st.lists(device_ids, min_size=1, max_size=3, unique=True))
    start = draw(times)
    span = draw(st.timedeltas(timedelta(microseconds=1), timedelta(days=1)))
    return {
        **document(),
        "facilities": [
            {
                **document()["facilities"][draw(st.sampled_from([0, 1]))],
                "id": name,
                "name": draw(texts),
                "lon_deg": draw(points)[0],
                "lat_deg": draw(points)[1],
            }
            for name in names
        ],
        "routes": [
            {
                "id": "R",
                "name": draw(texts),
                "half_width_m": draw(st.floats(0.001, 100_000)),
                "line": {
                    "type": "LineString",
                    "coordinates": draw(st.lists(points, min_size=2, max_size=5, unique_by=tuple)),
                },
            }
        ],
        "shipments": [
            {
                **document()["shipments"][0],
                "from": names[0],
                "to": names[-1],
                "route": draw(st.sampled_from([None, "R"])),
                "planned_departure": start.isoformat(),
                "planned_arrival": (start + span).isoformat(),
                "status": draw(st.sampled_from(list(ShipmentStatus))),
                "seals": draw(st.lists(texts, max_size=3, unique=True)),
            }
        ],
        "devices": [{**document()["devices"][0], "id": device} for device in devices],
        "assignments": [
            {"device": device, "shipment": "S-1", "from": start.isoformat()} for device in devices
        ],
    }


@given(documents())
@settings(max_examples=40, deadline=None)
def test_export_then_import_changes_nothing(made: Document) -> None:
    plan = read(made)
    again = parse(dump(plan))
    assert again == plan
    assert {change.state for change in diff(plan, again)} == {ChangeState.SAME}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
PLACES = [
    "operation",
    "facilities",
    "facilities.0",
    "facilities.0.id",
    "facilities.0.fence",
    "facilities.0.fence.polygon",
    "facilities.0.fence.polygon.coordinates",
    "facilities.1.lat_deg",
    "routes.0.line",
    "routes.0.line.coordinates",
    "routes.0.line.coordinates.1",
    "shipments.0.from",
    "shipments.0.seals",
    "shipments.0.planned_arrival",
    "devices.0",
    "assignments",
    "assignments.0",
    "assignments.0.from",
    "assignments.0.device",
]


@given(st.sampled_from(PLACES), json_values)
@settings(max_examples=100, deadline=None)
def test_whatever_stands_anywhere_is_accepted_or_refused_with_faults(
    path: str, value: object
) -> None:
    changed = document()
    put(path, value)(changed)
    try:
        plan = read(changed)
    except PlanError as error:
        plan, told = None, str(error)
    assert parse(dump(plan)) == plan if plan else ": " in told


def test_the_demonstration_is_a_sound_plan_under_way() -> None:
    plan = demo_plan(NOW)
    assert parse(dump(plan)) == plan
    assert warnings(plan) == []
    assert {shipment.status for shipment in plan.shipments} == {ShipmentStatus.IN_TRANSIT}
    for shipment in plan.shipments:
        assert shipment.planned_departure < NOW < shipment.planned_arrival
    for route in plan.routes:
        assert 15 <= len(route.line.coordinates) <= 60
    assert {facility.tz for facility in plan.facilities} == set(Zone)


def test_the_demonstration_imported_again_later_changes_only_times() -> None:
    changes = diff(demo_plan(NOW), demo_plan(NOW + timedelta(days=1)))
    fields = {name for change in changes for name in change.fields}
    assert fields == {"planned_departure", "planned_arrival"}
    assert conflicts(demo_plan(NOW), demo_plan(NOW + timedelta(days=1))) == []


def test_the_demonstration_needs_an_aware_time() -> None:
    with pytest.raises(ValidationError):
        demo_plan(NOW.replace(tzinfo=None))


def test_the_demonstration_s_fleet_drives_the_routes_of_its_shipments() -> None:
    plan = demo_plan(NOW)
    fleet = demo_fleet(plan, {device.id: f"secret of {device.id}" for device in plan.devices})
    lines = {route.id: [list(vertex) for vertex in route.line.coordinates] for route in plan.routes}
    shipments = {shipment.id: shipment for shipment in plan.shipments}
    by_device = {entry["device_id"]: entry for entry in fleet}
    assert by_device.keys() == {device.id for device in plan.devices}
    for each in plan.assignments:
        entry = by_device[each.device_id]
        assert entry["route"] == lines[str(shipments[each.shipment_id].route_id)]
        assert 0 < entry["start_fraction"] < 1
        assert entry["password"] == f"secret of {each.device_id}"
    # The escort drives a little ahead of the lorry that it guards.
    assert by_device["KWL-0002"]["route"] == by_device["KWL-0001"]["route"]
    assert by_device["KWL-0002"]["start_fraction"] > by_device["KWL-0001"]["start_fraction"]


def test_a_fleet_without_a_password_says_whose() -> None:
    with pytest.raises(ValueError, match="KWL-0001 has no password"):
        demo_fleet(demo_plan(NOW), {})
