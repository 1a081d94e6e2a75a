"""Connections to the database."""

from __future__ import annotations

import psycopg
from psycopg.errors import DeadlockDetected
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool
from tenacity import retry, retry_if_exception_type, stop_after_attempt

Connection = psycopg.Connection[TupleRow]


# The database is away or was lost on the way: the same work may succeed later.
AWAY = (psycopg.OperationalError, psycopg.InterfaceError)
# The database will never hold this: trying again does not help.
UNFIT = (psycopg.DataError, psycopg.IntegrityError)
# Somebody else wanted the same rows the other way round, and the database chose them: what is
# a transaction of its own is simply taken again.
retry_deadlocked = retry(
    retry=retry_if_exception_type(DeadlockDetected), stop=stop_after_attempt(4), reraise=True
)
# Any of these leaves the transaction unusable.
DATABASE_ERRORS = (psycopg.Error,)


def connect(url: str, name: str, options: str = "") -> Connection:
    """One connection that commits each statement unless a transaction is opened.

    Raises one of AWAY. `options` are further server settings, as `-c name=value`.
    """
    return psycopg.connect(
        url,
        autocommit=True,
        application_name=f"kawal-{name}",
        connect_timeout=5,
        options=f"-c TimeZone=UTC {options}",
    )


def open_pool(url: str, name: str, max_size: int = 4) -> ConnectionPool[Connection]:
    """A pool of at most `max_size` connections that heals itself after a server restart.

    `name` shows in pg_stat_activity as `kawal-<name>`. Does not wait for the server.
    """
    return ConnectionPool(
        url,
        min_size=1,
        max_size=max_size,
        name=name,
        open=True,
        check=ConnectionPool.check_connection,
        kwargs={"application_name": f"kawal-{name}", "options": "-c TimeZone=UTC"},
        reconnect_timeout=60,
    )
