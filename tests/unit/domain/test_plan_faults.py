import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from domain.plan import dump, schema
from domain.plan_faults import PlanError, conflicts, parse, warnings
from tests.support.plan_documents import SQUARE, Document, document, faults, read

NOW = datetime(2024, 11, 25, 8, 30, 12, tzinfo=UTC)


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
    (put("facilities.0.region", "33.99"), "facilities[0].region", "no regency or city"),
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


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("33.74.99", "no district 33.74.99 is in the list of regions"),
        ("33.74.15.1999", "no village 33.74.15.1999 is in the list of regions"),
    ],
)
def test_a_district_or_village_that_the_list_lacks_may_be_new(code: str, reason: str) -> None:
    changed = document()
    changed["facilities"][1]["region"] = code
    [warning] = warnings(read(changed))
    assert (warning.path, warning.reason) == ("facilities[1].region", reason)


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
