"""A manifest with two sealed boxes and a carton, as an import leaves it in the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from psycopg.types.json import Jsonb

from db.pool import Connection
from domain.custody import CustodyEvent, Source, Step
from domain.manifests import Signer

MANIFEST = "M-1"
BOXES = {"BOX-1": ["S-1", "S-2"], "BOX-2": ["S-3"]}
UNITS = ("BOX-1", "BOX-2", "CRT-1")
DEPARTURE = datetime(2024, 11, 25, 1, tzinfo=UTC)
ARRIVAL = DEPARTURE + timedelta(hours=6)
NOW = DEPARTURE + timedelta(days=1)
AT = DEPARTURE - timedelta(hours=3)
HOUR = timedelta(hours=1)


def put_import(connection: Connection) -> int:
    """An import to which records can belong."""
    row = connection.execute(
        "insert into manifest_import (source, name, imported_by) values ('cli', 'x', 'sari')"
        " returning import_id"
    ).fetchone()
    assert row is not None
    return int(row[0])


def put_manifest(
    connection: Connection,
    manifest_id: str = MANIFEST,
    *,
    status: str = "PLANNED",
    revision: int = 1,
    units: Mapping[str, list[str]] = BOXES,
    carton: str | None = "CRT-1",
    direction: str = "DISTRIBUTION",
) -> None:
    """Write a manifest and its units; again: its next revision."""
    connection.execute(
        "insert into manifest (manifest_id, revision, shipment_id, direction, leg, from_place,"
        " to_place, from_region, to_region, planned_departure, planned_arrival, status,"
        " content_hash, import_id) values (%s, %s, 'SHP-1', %s, 'DISTRICT', 'GUDANG', 'PPK-1',"
        " '32.73', '32.73.01', %s, %s, %s, '', %s) on conflict (manifest_id) do update set"
        " revision = excluded.revision, status = excluded.status",
        (manifest_id, revision, direction, DEPARTURE, ARRIVAL, status, put_import(connection)),
    )
    rows = [(unit, "BOX", seals) for unit, seals in units.items()]
    for unit, kind, seals in [*rows, *([(carton, "CARTON", [])] if carton else [])]:
        connection.execute(
            "insert into manifest_unit (manifest_id, unit_id, revision, kind, seals, content_hash)"
            " values (%s, %s, %s, %s, %s, '') on conflict (manifest_id, unit_id) do update set"
            " revision = excluded.revision, seals = excluded.seals",
            (manifest_id, unit, revision, kind, seals),
        )


def put_document(
    connection: Connection,
    kind: str,
    number: str = "D-1",
    *,
    signers: list[Mapping[str, Any]] | None = None,
    issued_at: datetime | None = None,
    manifest_id: str = MANIFEST,
) -> None:
    """Write a paper of the manifest's newest revision."""
    connection.execute(
        "insert into manifest_document (manifest_id, kind, number, revision, issued_at, signers,"
        " content_hash) select manifest_id, %s, %s, revision, %s, %s, '' from manifest"
        " where manifest_id = %s",
        (kind, number, issued_at, Jsonb(signers or []), manifest_id),
    )


def put_receipt(
    connection: Connection,
    units: Mapping[str, tuple[list[str], bool | None]],
    *,
    at: datetime = ARRIVAL,
    manifest_id: str = MANIFEST,
    receipt_id: str = "R-1",
    boxes: int | None = None,
) -> None:
    """Write a receipt, with the units and seals found."""
    connection.execute(
        "insert into receipt (receipt_id, revision, manifest_id, received_at, received_by,"
        " content_hash, import_id) values (%s, 1, %s, %s, 'Dewi', '', %s)",
        (receipt_id, manifest_id, at, put_import(connection)),
    )
    for unit, (seals, intact) in units.items():
        connection.execute(
            "insert into receipt_unit (receipt_id, unit_id, revision, seals, seals_intact,"
            " content_hash) values (%s, %s, 1, %s, %s, '')",
            (receipt_id, unit, seals, intact),
        )
    if boxes is not None:
        connection.execute(
            "insert into receipt_line (receipt_id, item, election, revision, received,"
            " damaged_light, damaged_heavy, short, content_hash)"
            " values (%s, 'BALLOT_BOX', 'GOVERNOR', 1, %s, 0, 0, 0, '')",
            (receipt_id, boxes),
        )


def event(
    step: Step, at: datetime = AT, units: tuple[str, ...] = UNITS, **more: Any
) -> CustodyEvent:
    """Something that happened to units."""
    usual: dict[str, Any] = {"event_uuid": uuid4(), "source": Source(key=f"test/{uuid4()}")}
    return CustodyEvent(step=step, event_time=at, units=units, **{**usual, **more})


SARI = Signer(name="Sari", role="KPU")
BUDI = Signer(name="Budi", role="PPK")
