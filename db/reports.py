"""What devices report beside fixes: stored once, as they said it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg.rows import class_row

from db.pool import Connection
from db.sql import queries
from domain.events import DeviceEvent


def record(connection: Connection, reports: Sequence[DeviceEvent]) -> list[DeviceEvent]:
    """Store reports inside the caller's transaction; returns those that were new."""
    sql = queries("reports")["record"]
    return [r for r in reports if connection.execute(sql, r._asdict()).fetchone() is not None]


def since(connection: Connection, after: Mapping[str, datetime]) -> list[DeviceEvent]:
    """All reports of each device with an event time after that given for it, in no order."""
    with connection.cursor(row_factory=class_row(DeviceEvent)) as cursor:
        cursor.execute(
            queries("reports")["since"],
            {"device_ids": list(after), "afters": list(after.values())},
        )
        return cursor.fetchall()
