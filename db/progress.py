"""How far shipments are, as ingest reckons it now and then for the screen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from psycopg.types.json import Jsonb

from db.pool import Connection
from db.sql import queries
from domain.outlook import Outlook


def record(connection: Connection, outlooks: Iterable[Outlook]) -> None:
    """Store them inside the caller's transaction; an older one than is known changes nothing."""
    rows = [{name: _plain(value) for name, value in o._asdict().items()} for o in outlooks]
    if rows:
        connection.execute(queries("progress")["record"], {"rows": Jsonb(rows)})


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
