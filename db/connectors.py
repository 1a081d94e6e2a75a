"""Connectors: where each outside system stands, and which messages it already gave us."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from db.pool import Connection
from db.sql import queries


class ConnectorState(NamedTuple):
    """The state of a connector. `etag` marks the page behind `cursor` where that was taken;
    `failures` counts those in a row; records and refused count from the beginning."""

    connector: str
    cursor: str | None = None
    etag: str | None = None
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    records: int = 0
    refused: int = 0
    next_attempt_at: datetime | None = None


def states(connection: Connection) -> list[ConnectorState]:
    """All that have ever run, by name."""
    with connection.cursor(row_factory=class_row(ConnectorState)) as cursor:
        return cursor.execute(queries("connectors")["states"]).fetchall()


def state(connection: Connection, connector: str) -> ConnectorState:
    """One of them; an empty state before its first run."""
    with connection.cursor(row_factory=class_row(ConnectorState)) as cursor:
        cursor.execute(queries("connectors")["state"], {"connector": connector})
        return cursor.fetchone() or ConnectorState(connector)


def attempt(connection: Connection, connector: str, now: datetime) -> None:
    """Note that it is being tried."""
    connection.execute(queries("connectors")["attempt"], {"connector": connector, "now": now})


def advance(
    connection: Connection,
    connector: str,
    *,
    was: str | None,
    cursor: str | None,
    mark: str | None,
    records: int,
    refused: int,
) -> bool:
    """Move the checkpoint from `was`, inside the transaction of the data; False where it is
    no longer there, so that the caller rolls back."""
    row = {"connector": connector, "was": was, "cursor": cursor, "mark": mark,
           "records": records, "refused": refused}  # fmt: skip
    return connection.execute(queries("connectors")["advance"], row).rowcount == 1


def begin_again(connection: Connection, connector: str) -> None:
    """Forget the checkpoint; what comes again changes nothing."""
    connection.execute(queries("connectors")["begin_again"], {"connector": connector})


def succeed(
    connection: Connection,
    connector: str,
    now: datetime,
    *,
    records: int = 0,
    refused: int = 0,
    next_attempt_at: datetime | None = None,
) -> None:
    """Note that it went well, and what came."""
    row = {"connector": connector, "now": now, "records": records, "refused": refused,
           "next_attempt_at": next_attempt_at}  # fmt: skip
    connection.execute(queries("connectors")["succeed"], row)


def fail(
    connection: Connection,
    connector: str,
    now: datetime,
    error: str,
    next_attempt_at: datetime | None = None,
) -> None:
    """Note in words that it went wrong."""
    row = {"connector": connector, "now": now, "error": error.replace("\0", "\\0"),
           "next_attempt_at": next_attempt_at}  # fmt: skip
    connection.execute(queries("connectors")["fail"], row)


def take_message(connection: Connection, webhook: str, message_id: str, now: datetime) -> bool:
    """Remember a message in the caller's transaction; False where it was taken before."""
    row = {"webhook": webhook, "message_id": message_id, "now": now}
    return connection.execute(queries("connectors")["take_message"], row).fetchone() is not None


def forget_messages(connection: Connection, before: datetime) -> int:
    """Drop ids that no sender repeats any more."""
    return connection.execute(queries("connectors")["forget_messages"], {"before": before}).rowcount
