"""Shipping: what the platform said of each tracking number."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg.rows import class_row

from db.pool import Connection
from db.sql import queries
from domain.shipping import PlatformStatus


def store(connection: Connection, statuses: Iterable[PlatformStatus]) -> int:
    """Keep what is new, inside the caller's transaction, and have the manifests of those
    tracking numbers reconciled; returns how many were new."""
    fresh = [status for status in statuses if _store(connection, status)]
    if fresh:
        numbers = sorted({status.tracking_no for status in fresh})
        connection.execute(queries("shipping")["make_due"], {"tracking_nos": numbers})
    return len(fresh)


def _store(connection: Connection, status: PlatformStatus) -> bool:
    row = connection.execute(queries("shipping")["store"], status._asdict())
    return row.fetchone() is not None


def history(connection: Connection, tracking_no: str) -> list[PlatformStatus]:
    """All that was said of one number, newest first."""
    with connection.cursor(row_factory=class_row(PlatformStatus)) as cursor:
        cursor.execute(queries("shipping")["history"], {"tracking_no": tracking_no})
        return cursor.fetchall()
