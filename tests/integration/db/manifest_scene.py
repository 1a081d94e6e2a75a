"""Records for the tests of manifests: a district with villages, stations and what they get."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from db import manifests
from db.pool import Connection
from domain.manifest_rows import ImportReport, Row, Taken
from domain.manifest_words import RecordKind
from domain.manifests import RECORDS
from domain.settings import Materials

DISTRICT = "32.73.01"
VILLAGES = (f"{DISTRICT}.1001", f"{DISTRICT}.1002")
DAY = {"planned_departure": "2024-11-20T01:00:00Z", "planned_arrival": "2024-11-20T09:00:00Z"}
MATERIALS = Materials()


def taken(kind: str, row_no: int = 1, /, **fields: Any) -> Taken:
    """A row; `fields` by the names of the contract, or those of the attributes."""
    word = RecordKind(kind)
    record = RECORDS[word].model_validate(fields)
    return Taken(row_no, f"{kind}.csv:{row_no}", word, record)


def station(number: int, **other: Any) -> Taken:
    """Station T-<number>; odd ones are in the first village."""
    fields: dict[str, Any] = {
        "id": f"T-{number}", "number": number, "region": VILLAGES[(number + 1) % 2],
        "voters": {"GOVERNOR": 500 + number, "MAYOR": 500 + number},
    }  # fmt: skip
    return taken("station", number, **fields | other)


def manifest(name: str = "M-1", **other: Any) -> Taken:
    """A manifest from the district to its stations."""
    fields: dict[str, Any] = {
        "id": name, "shipment": "S-1", "leg": "STATION", "from": "PPK-1", "to": "PPS-1",
        "from_region": DISTRICT, "to_region": DISTRICT, **DAY,
    }  # fmt: skip
    return taken("manifest", **fields | other)


def line(line_no: int, **other: Any) -> Taken:
    """Ballots for the governor to T-1."""
    fields: dict[str, Any] = {
        "manifest": "M-1", "line_no": line_no, "item": "BALLOT", "election": "GOVERNOR",
        "station": "T-1", "qty": 514,
    }  # fmt: skip
    return taken("line", line_no, **fields | other)


def unit(name: str, **other: Any) -> Taken:
    """A ballot box for T-1."""
    fields: dict[str, Any] = {
        "manifest": "M-1", "id": name, "kind": "BOX", "station": "T-1", "election": "GOVERNOR",
        "seals": ["A-1", "A-2"],
    }  # fmt: skip
    return taken("unit", **fields | other)


def receipt(name: str = "R-1", **other: Any) -> Taken:
    """T-1 says that it received M-1."""
    fields: dict[str, Any] = {
        "id": name, "manifest": "M-1", "station": "T-1", "received_at": "2024-11-20T08:00:00Z",
    }  # fmt: skip
    return taken("receipt", **fields | other)


def receipt_line(**other: Any) -> Taken:
    """Ballots for the governor at T-1."""
    fields: dict[str, Any] = {
        "receipt": "R-1", "item": "BALLOT", "election": "GOVERNOR", "received": 510, "used": 400,
        "damaged_light": 2, "damaged_heavy": 1, "short": 4,
    }  # fmt: skip
    return taken("receipt_line", **fields | other)


def district() -> list[Taken]:
    """A row of each kind, in the order of the references."""
    return [
        station(1),
        station(2),
        manifest(),
        line(1),
        line(2, election="MAYOR"),
        line(3, station="T-2"),
        line(4, item="INK", election=None, station=None, qty=8),
        unit("BOX-1"),
        unit("BOX-2", station="T-2", seals=["A-3"]),
        taken("document", manifest="M-1", kind="BAST", number="BA/1", signers=[{"name": "Ani"}]),
        receipt(),
        receipt_line(),
        receipt_line(
            item="INK",
            election=None,
            received=2,
            used=None,
            damaged_light=0,
            damaged_heavy=0,
            short=0,
        ),
        taken("receipt_unit", receipt="R-1", unit="BOX-1", seals=["A-2", "A-1"]),
    ]


def store(connection: Connection, rows: Iterable[Row], **other: Any) -> ImportReport:
    """Import them."""
    given: dict[str, Any] = {
        "source": "cli", "name": "test.json", "sha256": None, "imported_by": "tester",
        "materials": MATERIALS,
    }  # fmt: skip
    return manifests.store(connection, rows, **given | other)


# What an import may change that is not what it says: numbers, and the times at which it ran.
TABLES = {
    "station": "to_jsonb(t) - 'import_id'",
    "electorate": "to_jsonb(t)",
    "manifest": "to_jsonb(t) - '{import_id,changed_xid}'::text[]",
    "manifest_line": "to_jsonb(t)",
    "manifest_unit": "to_jsonb(t)",
    "manifest_document": "to_jsonb(t)",
    "receipt": "to_jsonb(t) - '{import_id,recorded_at}'::text[]",
    "receipt_line": "to_jsonb(t)",
    "receipt_unit": "to_jsonb(t)",
    "record_history": (
        "to_jsonb(t) - '{import_id,replaced_at}'::text[]"
        " || jsonb_build_object('document', document - '{import_id,recorded_at}'::text[])"
    ),
    "reconcile_due": "to_jsonb(t) - 'due_at'",
    "tally": "to_jsonb(t)",
    "region_progress": "to_jsonb(t) - 'updated_at'",
}
EVERYTHING = dict.fromkeys(TABLES, "to_jsonb(t)")


def stored(
    connection: Connection, tables: dict[str, str] = TABLES
) -> dict[str, Sequence[dict[str, Any]]]:
    """What the tables hold, in an order of its own."""
    return {
        table: [
            row[0]
            for row in connection.execute(
                f"select doc from (select {words} as doc from {table} t) x order by doc::text"  # type: ignore[arg-type]  # noqa: S608
            ).fetchall()
        ]
        for table, words in tables.items()
    }
