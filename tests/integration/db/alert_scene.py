"""Events and the alerts that they open and clear."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from db import alerts, events
from db.pool import Connection
from domain.alerts import AlertState, Trigger
from domain.events import Event, Origin
from domain.settings import Alerts
from tests.integration.db.support import START

MINUTE = timedelta(minutes=1)
NOW = START + timedelta(hours=2)


def event(kind: str, minute: float, **other: Any) -> Event:
    at = START + minute * MINUTE
    return replace(
        Event(kind, Origin.RULE, "KWL-0001", event_time=at, decided_at=at, shipment_id="SHP-1"),
        **other,
    )


def left(minute: float, **other: Any) -> Event:
    return event("corridor_left", minute, **other)


def back(minute: float, **other: Any) -> Event:
    return event("corridor_rejoined", minute, **other)


def happen(
    connection: Connection, *found: Event, now: datetime = NOW, settings: Alerts = alerts.DEFAULTS
) -> None:
    """Record events and what they mean for alerts, as ingest does in one transaction."""
    with connection.transaction():
        recorded = events.record(connection, found)
        alerts.record(connection, recorded, now=now, settings=settings)


def steps(connection: Connection) -> list[tuple[Any, ...]]:
    """(actor, trigger, from, to, note) of every step, oldest first."""
    return connection.execute(
        "select actor, trigger, from_state, to_state, note from alert_step order by alert_step_id"
    ).fetchall()


def take(connection: Connection, *triggers: Trigger, actor: str = "sari") -> AlertState:
    """Take steps on the newest alert."""
    row = connection.execute("select max(alert_id) from alert").fetchone()
    assert row is not None
    for trigger in triggers:
        state = alerts.transition(connection, row[0], trigger, actor)
    return state
