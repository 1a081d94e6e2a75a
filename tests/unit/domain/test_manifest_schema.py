import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from domain.manifest_documents import json_lines, to_document
from domain.manifest_schema import schema
from domain.manifest_words import RecordKind
from tests.support.manifest_records import MANIFEST, SOUND, Records, records, sound

SCHEMA_FILE = Path(__file__).parents[3] / "docs/reference/manifest.schema.json"
PAGE = SCHEMA_FILE.with_name("manifest.md")
VALIDATOR = Draft202012Validator(schema())


def test_the_schema_in_the_docs_is_the_one_of_the_code() -> None:
    # Made anew by: kawal manifest schema
    assert json.loads(SCHEMA_FILE.read_text("utf-8")) == schema()


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(schema())


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(records())
def test_the_schema_accepts_every_valid_document(given: Records) -> None:
    VALIDATOR.validate(to_document(given))


def test_the_schema_accepts_every_line_of_json_lines() -> None:
    line = Draft202012Validator({**schema(), "$ref": "#/$defs/JsonLine", "type": "object",
                                 "properties": {}, "required": [],
                                 "additionalProperties": True})  # fmt: skip
    _header, *rest = map(json.loads, json_lines(sound()))
    assert len(rest) == len(RecordKind)
    for each in rest:
        line.validate(each)
    assert not line.is_valid({**rest[0], "record": "line"})


def _part(**fields: Any) -> dict[str, Any]:
    lines = [{"line_no": 1, "item": "INK", "qty": 2} | fields]
    return {"format": "kawal-manifest", "version": 1, "manifests": [{**MANIFEST, "lines": lines}]}


@pytest.mark.parametrize(
    "fields",
    [
        {"manifest": "M-1"},
        {"revision": 1},
        {"item": "BALLOT"},
        {"item": "BALLOT", "election": None},
        {"election": "MAYOR"},
        {"qty": "2"},
        {"qty": -1},
        {"colour": "red"},
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(fields: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(_part())
    assert not VALIDATOR.is_valid(_part(**fields))


def test_a_part_without_its_whole_cannot_stand_in_a_document() -> None:
    alone = [(kind, record) for kind, record in sound() if kind is RecordKind.LINE]
    with pytest.raises(ValueError, match="a line belongs to manifest M-1"):
        to_document(alone)


def test_the_docs_name_every_field_and_word() -> None:
    page = PAGE.read_text("utf-8")
    parts = [schema(), *schema()["$defs"].values()]
    fields = {name for part in parts for name in part.get("properties", ())}
    values = {str(value) for part in parts for value in part.get("enum", ())}
    assert {each for each in fields | values if f"`{each}`" not in page} == set()
    assert set(SOUND) == set(RecordKind)
