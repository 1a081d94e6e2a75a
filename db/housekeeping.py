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

    On the community edition a job of the server drops them; here it is only brought in
    line with the setting. Snapshots older than a fix can be late go as well.
    """
    with connection.transaction():
        snapshots.discard_before(connection, now - reevaluate - timedelta(days=1))
        if edition(connection) == "community":
            _align_job(connection, retention)
            return []
        parameters = {"before": now - retention}
        rows = connection.execute(queries("housekeeping")["drop_chunks"], parameters).fetchall()
        return [row[0] for row in rows]


def _align_job(connection: Connection, retention: timedelta) -> None:
    sql, keep = queries("housekeeping"), {"keep": retention}
    row = connection.execute(sql["retention_job"], keep).fetchone()
    if row is None:
        connection.execute(sql["add_retention_job"], keep)
        return
    job_id, same = row
    if not same:
        connection.execute(sql["align_retention_job"], {"job_id": job_id, **keep})
