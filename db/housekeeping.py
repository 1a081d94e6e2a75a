"""Housekeeping: old positions go, on either edition of TimescaleDB, on the same schedule."""

from __future__ import annotations

from datetime import datetime, timedelta

from db import snapshots
from db.migrate import edition
from db.pool import Connection
from db.sql import queries


def tidy(
    connection: Connection, now: datetime, retention: timedelta, reevaluate: timedelta
) -> list[str]:
    """Remove what is older than `retention`; returns the chunks dropped by us.

    On the community edition the server's own policy drops them; here it is only brought
    in line with the setting. Snapshots older than a fix can be late go as well.
    """
    with connection.transaction():
        snapshots.discard_before(connection, now - reevaluate - timedelta(days=1))
        if edition(connection) == "community":
            _align_policy(connection, retention)
            return []
        parameters = {"before": now - retention}
        rows = connection.execute(queries("housekeeping")["drop_chunks"], parameters).fetchall()
        return [row[0] for row in rows]


def _align_policy(connection: Connection, retention: timedelta) -> None:
    sql = queries("housekeeping")
    row = connection.execute(sql["retention_policy"]).fetchone()
    if row is not None:
        same = connection.execute(sql["same_interval"], {"a": row[0], "b": retention}).fetchone()
        if same is not None and same[0]:
            return
    connection.execute(sql["replace_retention_policy"])
    connection.execute(sql["add_retention_policy"], {"keep": retention})
