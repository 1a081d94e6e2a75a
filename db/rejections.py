"""Rejections: messages that could not be read, kept with field and reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from db.pool import Connection
from db.sql import queries

KEPT_BYTES = 4096  # enough to see what it was; a flood of large ones must not fill the disk


class Rejection(NamedTuple):
    """One refused message or record. `field` is a path such as `records[3].lat_deg`."""

    received_at: datetime
    topic: str
    device_id: str | None
    field: str
    reason: str
    payload: bytes


class StoredRejection(NamedTuple):
    """A rejection as kept; `payload` holds its first 4,096 bytes."""

    first_seen_at: datetime
    last_seen_at: datetime
    occurrences: int
    topic: str
    device_id: str | None
    field: str
    reason: str
    payload: bytes
    payload_size: int


def record(connection: Connection, rejections: Sequence[Rejection]) -> None:
    """Keep rejections inside the caller's transaction."""
    for rejection in rejections:
        connection.execute(queries("rejections")["record"], _row(rejection))


def _row(rejection: Rejection) -> dict[str, object]:
    marks = (rejection.topic, rejection.field, rejection.reason)
    digest = hashlib.sha256("\0".join(marks).encode() + b"\0" + rejection.payload)
    return {
        "at": rejection.received_at,
        # A NUL would fail the statement, and the good messages beside this one with it.
        "topic": rejection.topic.replace("\0", "\\0"),
        "device_id": rejection.device_id,
        "field": rejection.field.replace("\0", "\\0"),
        "reason": rejection.reason.replace("\0", "\\0"),
        "payload": rejection.payload[:KEPT_BYTES],
        "payload_size": len(rejection.payload),
        "fingerprint": digest.hexdigest(),
    }


def newest(connection: Connection, since: datetime, limit: int) -> list[StoredRejection]:
    """The newest rejections seen since a time, newest first."""
    with connection.cursor(row_factory=class_row(StoredRejection)) as cursor:
        cursor.execute(queries("rejections")["newest"], {"since": since, "limit": limit})
        return cursor.fetchall()
