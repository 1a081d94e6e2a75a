"""Tell listeners that rows have changed."""

from __future__ import annotations

from db.pool import Connection
from db.sql import queries

CHANNEL = "kawal"


def notify(connection: Connection) -> None:
    """Wake every listener on CHANNEL when the caller's transaction commits."""
    connection.execute(queries("changes")["notify"])
