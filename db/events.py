"""Events: recorded once, superseded when later data disproves them, never erased."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    if not events:
        return []
    by_key: dict[str, Event] = {}
    for event in events:
        by_key.setdefault(event.key, event)
    rows = Jsonb([_row(key, event) for key, event in by_key.items()])
    recorded = connection.execute(queries("events")["record"], {"events": rows}).fetchall()
    return sorted(Recorded(event_id, by_key[key]) for event_id, key in recorded)


def _row(key: str, event: Event) -> dict[str, object]:
    return {
        "event_key": key,
        "kind": event.kind,
        "origin": event.origin,
        "device_id": event.device_id,
        "shipment_id": event.shipment_id,
        "facility_id": event.facility_id,
        "event_time": event.event_time.isoformat(),
        "decided_at": event.decided_at.isoformat(),
        "late_by_s": event.late_by_s,
        "alert_key": event.alert_key,
        "lat_deg": event.lat_deg,
        "lon_deg": event.lon_deg,
        "detail": dict(event.numbers),
        "rules_version": event.rules_version,
        "group_id": event.group_id,
    }


def reconcile(
    connection: Connection, device_id: str, after: datetime, events: Sequence[Event]
) -> tuple[list[Recorded], set[str]]:
    """Make the current events that were decided after `after` those of a new fold.

    Returns the events that are new and the alert keys of those that were disproved, or are
    certain at another time or on other numbers than was thought.
    """
    parameters = {"device_id": device_id, "after": after}
    return _reconcile(connection, "decided_after", parameters, events)


class Scope(NamedTuple):
    """Events of these kinds, of one group or (None) of all, decided in (after, until]."""

    kinds: Sequence[str]
    group_id: str | None
    after: datetime
    until: datetime


def reconcile_together(
    connection: Connection, events: Sequence[Event], scope: Scope
) -> tuple[list[Recorded], set[str]]:
    """The same for a rule over several devices, in its scope."""
    parameters = {**scope._asdict(), "kinds": list(scope.kinds)}
    return _reconcile(connection, "decided_together", parameters, events)


def _reconcile(
    connection: Connection, query: str, parameters: dict[str, Any], events: Sequence[Event]
) -> tuple[list[Recorded], set[str]]:
    sql = queries("events")
    stored = connection.execute(sql[query], parameters).fetchall()
    found = {(event.key, event.alert_key): event for event in events}
    disproved = {row[0]: row[2] for row in stored if (row[1], row[2]) not in found}
    # The same fact, certain by another fix or on other numbers than was thought: told once, so
    # not new.
    moved = {
        row[1]: (row[0], row[2])
        for row in stored
        if row[0] not in disproved and _content(found[row[1], row[2]]) != row[3:]
    }
    gone = [*disproved, *(event_id for event_id, _ in moved.values())]
    if gone:
        connection.execute(sql["supersede"], {"event_ids": gone})
    new = []
    for recorded in record(connection, events):
        if recorded.event.key in moved:
            before = moved[recorded.event.key][0]
            connection.execute(sql["succeed"], {"before": before, "event_id": recorded.event_id})
        else:
            new.append(recorded)
    keys = [*disproved.values(), *(alert_key for _, alert_key in moved.values())]
    return new, {alert_key for alert_key in keys if alert_key}


def _content(event: Event) -> tuple[object, ...]:
    return event.decided_at, event.lat_deg, event.lon_deg, dict(event.numbers)


def of_kinds(
    connection: Connection, kinds: Sequence[str], after: datetime, until: datetime
) -> list[Event]:
    """Current events of these kinds that were decided after `after` and up to `until`."""
    with connection.cursor(row_factory=class_row(Event)) as cursor:
        parameters = {"kinds": list(kinds), "after": after, "until": until}
        return cursor.execute(queries("events")["of_kinds"], parameters).fetchall()


def oldest_of_devices(
    connection: Connection, kinds: Sequence[str], after: Mapping[str, datetime]
) -> datetime | None:
    """When the oldest event of these kinds was decided that each device has after its time, or
    had until the caller's transaction superseded it."""
    parameters = {
        "kinds": list(kinds),
        "device_ids": list(after),
        "afters": list(after.values()),
    }
    row = connection.execute(queries("events")["oldest_of_devices"], parameters).fetchone()
    return row[0] if row else None


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
