"""Stored manifests as the records of the contract, so that a file can be made of one."""

from __future__ import annotations

from db.pool import Connection
from db.sql import queries
from domain.manifest_words import RecordKind
from domain.manifests import RECORDS, AnyRecord


def load(connection: Connection, manifest_id: str) -> list[tuple[RecordKind, AnyRecord]]:
    """A manifest, what belongs to its current revision, and its receipts; in one moment.

    Empty where there is no such manifest.
    """
    sql = queries("manifest_export")["load"]
    rows = connection.execute(sql, {"manifest_id": manifest_id})
    found = [(RecordKind(kind), document) for kind, document in rows]
    return [(kind, RECORDS[kind].model_validate_json(document)) for kind, document in found]
