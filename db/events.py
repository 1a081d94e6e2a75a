"""Events: recorded once, superseded when later data disproves them, never erased."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from db.pool import Connection
from db.sql import queries
from domain.events import Event


class Recorded(NamedTuple):
    """An event and the number of its row."""

    event_id: int
    event: Event


def record(connection: Connection, events: Sequence[Event]) -> list[Recorded]:
    """Record events inside the caller's transaction; returns those that were new."""
    found = []
    for event in events:
        row = connection.execute(queries("events")["record"], _row(event)).fetchone()
        if row is not None:
            found.append(Recorded(row[0], event))
    return found


def _row(event: Event) -> dict[str, object]:
    return {
        "event_key": event.key,
        "kind": event.kind,
        "origin": event.origin,
        "device_id": event.device_id,
        "shipment_id": event.shipment_id,
        "facility_id": event.facility_id,
        "event_time": event.event_time,
        "decided_at": event.decided_at,
        "late_by_s": event.late_by_s,
        "alert_key": event.alert_key,
        "lat_deg": event.lat_deg,
        "lon_deg": event.lon_deg,
        "detail": Jsonb(dict(event.numbers)),
    }


def reconcile(
    connection: Connection, device_id: str, after: datetime, events: Sequence[Event]
) -> tuple[list[Recorded], set[str]]:
    """Make the current events that were decided after `after` those of a new fold.

    Returns the events that are new and the alert keys of those that were disproved.
    """
    sql = queries("events")
    parameters = {"device_id": device_id, "after": after}
    stored = connection.execute(sql["decided_after"], parameters).fetchall()
    found = {(event.key, event.alert_key) for event in events}
    disproved = [row for row in stored if (row[1], row[2]) not in found]
    if disproved:
        connection.execute(sql["supersede"], {"event_ids": [row[0] for row in disproved]})
    return record(connection, events), {row[2] for row in disproved if row[2]}


class Newest(NamedTuple):
    """The event that decides whether an alert's condition holds."""

    event_id: int
    kind: str
    event_time: datetime


def newest_of_alert(connection: Connection, alert_key: str) -> Newest | None:
    """The current event of an alert that was decided last, if there is one."""
    with connection.cursor(row_factory=class_row(Newest)) as cursor:
        cursor.execute(queries("events")["newest_of_alert"], {"alert_key": alert_key})
        return cursor.fetchone()


def export(
    connection: Connection,
    start: datetime,
    until: datetime,
    device_id: str | None = None,
    shipment_id: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Events with start <= event time < until, oldest first, streamed."""
    parameters = {
        "since": start,
        "until": until,
        "device_id": device_id,
        "shipment_id": shipment_id,
    }
    with (
        connection.transaction(),
        connection.cursor("export_events", row_factory=dict_row) as cursor,
    ):
        cursor.execute(queries("events")["export"], parameters)
        yield from cursor
