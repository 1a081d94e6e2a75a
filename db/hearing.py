"""When each device was last heard, and which of them are called silent."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from db.pool import Connection
from db.sql import queries


class Hearing(NamedTuple):
    """`report_interval_s` is what the device says, else what the plan says."""

    device_id: str
    report_interval_s: float
    heard_at: datetime | None


def load(connection: Connection) -> list[Hearing]:
    """All devices."""
    with connection.cursor(row_factory=class_row(Hearing)) as cursor:
        cursor.execute(queries("hearing")["load"])
        return cursor.fetchall()


def silent(connection: Connection) -> dict[str, str | None]:
    """Device -> shipment of every alert of silence that still holds."""
    return dict(connection.execute(queries("hearing")["silent"]).fetchall())


class Held(NamedTuple):
    """A silence that is expected until then; with what shipment."""

    device_id: str
    shipment_id: str
    expected_exit: datetime


def held(connection: Connection) -> list[Held]:
    """Devices of which the last word on silence is that it is expected."""
    with connection.cursor(row_factory=class_row(Held)) as cursor:
        cursor.execute(queries("hearing")["held"])
        return cursor.fetchall()
