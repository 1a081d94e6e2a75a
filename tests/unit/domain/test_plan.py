import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from domain.demo import demo_plan
from domain.plan import DEVICE_ID_PATTERN, ID_PATTERN, dump, schema
from domain.plan_changes import ChangeState, diff
from domain.plan_faults import parse, warnings
from domain.plan_words import ShipmentStatus
from domain.regions import Zone
from tests.support.plan_documents import Document, document, read

SCHEMA_FILE = Path(__file__).parents[3] / "docs/reference/plan.schema.json"
NOW = datetime(2024, 11, 25, 8, 30, 12, tzinfo=UTC)


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
