"""The JSON forms of a manifest: how records stand in a document, and its JSON Schema.

In the document (docs/reference/manifest.md), the lines, units and documents of a manifest stand
within it, and those of a receipt within the receipt: they have its id and its revision. In JSON
Lines each record stands alone, and RECORD_KEY says of what kind it is (`kind` is a field of
units and documents).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic.json_schema import models_json_schema

from domain.manifest_words import PER_ELECTION, RecordKind
from domain.manifests import RECORDS
from domain.plan import Part, Text, Time

FORMAT = "kawal-manifest"
VERSION = 1
RECORD_KEY = "record"
SECTIONS = {
    "stations": RecordKind.STATION,
    "manifests": RecordKind.MANIFEST,
    "receipts": RecordKind.RECEIPT,
}
NESTED: dict[RecordKind, dict[str, RecordKind]] = {
    RecordKind.MANIFEST: {
        "lines": RecordKind.LINE,
        "units": RecordKind.UNIT,
        "documents": RecordKind.DOCUMENT,
    },
    RecordKind.RECEIPT: {"lines": RecordKind.RECEIPT_LINE, "units": RecordKind.RECEIPT_UNIT},
}
# The field by which a part names what it belongs to.
OWN_ID = {part: whole.value for whole, parts in NESTED.items() for part in parts.values()}


class Header(Part):
    """What a document says of itself, and the first line of JSON Lines."""

    format: Literal["kawal-manifest"]
    version: Literal[1]
    source: Text | None = None
    issued_at: Time | None = None


def schema() -> dict[str, Any]:
    """The JSON Schema of a manifest document; docs/reference/manifest.schema.json holds the same.

    `$defs/JsonLine` is that of each further line of JSON Lines.
    """
    _, made = models_json_schema(
        [(model, "validation") for model in (Header, *RECORDS.values())], by_alias=True
    )
    parts = made["$defs"]
    names = {kind: RECORDS[kind].__name__ for kind in RecordKind}
    header = parts.pop("Header")
    for kind in (RecordKind.LINE, RecordKind.UNIT, RecordKind.RECEIPT_LINE):
        parts[names[kind]] |= _of_an_election(parts[names[kind]])
    alone = {f"JsonLine{names[kind]}": _alone(kind, parts[names[kind]]) for kind in RecordKind}
    for kind, nested in NESTED.items():
        for name, part in nested.items():
            parts[names[kind]]["properties"][name] = _list_of(names[part])
            parts[names[part]] = _within(kind, parts[names[part]])
    properties = header["properties"] | {s: _list_of(names[k]) for s, k in SECTIONS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:kawal:manifest:v1",
        "title": "Kawal Logistik manifest, version 1",
        "type": "object",
        "properties": properties,
        "required": ["format", "version"],
        "additionalProperties": False,
        "$defs": {
            **parts,
            **alone,
            "JsonLine": {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in alone]},
        },
    }


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


def _within(whole: RecordKind, part: dict[str, Any]) -> dict[str, Any]:
    """A part as it stands in its whole, whose id and revision it has."""
    own = (whole.value, "revision")
    properties = {name: each for name, each in part["properties"].items() if name not in own}
    required = [name for name in part["required"] if name not in own]
    return {**part, "properties": properties, "required": required}


def _alone(kind: RecordKind, record: dict[str, Any]) -> dict[str, Any]:
    """A record as a line of JSON Lines."""
    return {
        **record,
        "properties": {RECORD_KEY: {"const": kind.value}, **record["properties"]},
        "required": [RECORD_KEY, *record["required"]],
    }


def _of_an_election(record: dict[str, Any]) -> dict[str, Any]:
    """Ballots and their boxes have an election, and nothing else has."""
    if "item" not in record["properties"]:
        return {}
    some = {"required": ["election"], "properties": {"election": {"type": "string"}}}
    return {
        "if": {"properties": {"item": {"enum": sorted(PER_ELECTION)}}},
        "then": some,
        "else": {"properties": {"election": {"type": "null"}}},
    }
