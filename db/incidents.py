"""Incidents: an alert that stands for several others, and stays one when data comes late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from db.alerts import RULES, note_step
from db.pool import Connection
from db.sql import queries
from domain.alerts import AlertState
from domain.events import Event


class OpenIncident(NamedTuple):
    """An open alert of a group. `device_ids` are those that its numbers name."""

    alert_id: int
    alert_key: str
    group_id: str
    state: str
    device_ids: str


def of_rule(connection: Connection, rule: str) -> list[OpenIncident]:
    """The open alerts of a rule over several devices, oldest first."""
    with connection.cursor(row_factory=class_row(OpenIncident)) as cursor:
        return cursor.execute(queries("incidents")["of_rule"], {"rule": rule}).fetchall()


def carry(connection: Connection, alert: OpenIncident, alert_key: str, group_id: str) -> bool:
    """Go on with the alert under another key, inside the caller's transaction: what came late
    gave its group another beginning, and whoever works on it must not lose it.

    False, and nothing done, where an alert of that key is open already.
    """
    parameters = {"alert_id": alert.alert_id, "alert_key": alert_key, "group_id": group_id}
    row = connection.execute(queries("incidents")["carry"], parameters).fetchone()
    if row is None:
        return False
    note_step(
        connection,
        alert.alert_id,
        actor=RULES,
        trigger="OPEN",
        before=AlertState(alert.state),
        after=AlertState(alert.state),
        note=f"{alert.group_id} -> {group_id}: data came late",
    )
    return True


def refresh(connection: Connection, alert_key: str, event: Event) -> None:
    """Show the numbers of `event` on its open alert, unless that has newer ones: an event that
    says the same on other numbers is no news, but the numbers are."""
    parameters = {
        "alert_key": alert_key,
        "decided_at": event.decided_at,
        "detail": Jsonb(dict(event.numbers)),
    }
    connection.execute(queries("incidents")["refresh"], parameters)


def orphans(
    connection: Connection,
    device_ids: Sequence[str],
    rules: Sequence[str],
    opened_from: datetime,
    opened_until: datetime,
) -> list[str]:
    """Keys of the open alerts of these rules and devices that opened in a time and belong to
    no incident."""
    parameters = {
        "device_ids": list(device_ids),
        "rules": list(rules),
        "opened_from": opened_from,
        "opened_until": opened_until,
    }
    rows = connection.execute(queries("incidents")["orphans"], parameters).fetchall()
    return [row[0] for row in rows]
