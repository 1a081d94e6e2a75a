"""Alerts: opened and cleared by events, worked on by people, every step kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from db import events as stored_events
from db.events import Recorded
from db.pool import Connection
from db.sql import queries
from domain.alerts import AlertState, Trigger, step
from domain.events import MEANINGS, Meaning

RULES = "rules"  # the actor of steps that no person took


class UnknownAlertError(LookupError):
    """There is no alert of this number."""


def record(
    connection: Connection,
    found: Sequence[Recorded],
    disproved: Iterable[str] = (),
    *,
    now: datetime,
) -> None:
    """Open, refresh and clear alerts as new events say, inside the caller's transaction.

    `disproved`: keys of alerts that lost an event to data that came late. Whether an
    alert's condition holds is what its newest current event says, not the order in
    which events arrived.
    """
    doubtful = set(disproved)
    touched = set(doubtful)
    for recorded in found:
        meaning = recorded.event.meaning
        if meaning is None:
            continue
        touched.add(recorded.event.alert_key or "")
        if meaning.opens:
            _open(connection, recorded, meaning)
    for alert_key in sorted(touched):
        _settle(connection, alert_key, now, doubtful=alert_key in doubtful)


def _settle(connection: Connection, alert_key: str, now: datetime, *, doubtful: bool) -> None:
    newest = stored_events.newest_of_alert(connection, alert_key)
    if newest is None:
        _clear(connection, alert_key, now, "disproved by data that came late")
    elif not MEANINGS[newest.kind].opens:
        _clear(connection, alert_key, newest.event_time, None)
    elif doubtful:
        _resume(connection, alert_key, newest.event_id)


def _open(connection: Connection, recorded: Recorded, meaning: Meaning) -> None:
    sql, event = queries("alerts"), recorded.event
    row = connection.execute(
        sql["open"],
        {
            "alert_key": event.alert_key,
            "rule": meaning.rule,
            "severity": int(meaning.severity),
            "programme": "LOGISTICS",
            "device_id": event.device_id,
            "shipment_id": event.shipment_id,
            "facility_id": event.facility_id,
            "opened_at": event.event_time,
            "last_seen_at": event.decided_at,
            "late_by_s": event.late_by_s,
            "detail": Jsonb(dict(event.numbers)),
        },
    ).fetchone()
    if row is None:
        raise RuntimeError("an upsert that returns its row returned none")
    alert_id, is_new = row
    connection.execute(sql["link"], {"alert_id": alert_id, "event_id": recorded.event_id})
    if is_new:
        _note(connection, alert_id, actor=RULES, trigger="OPEN", after=AlertState.NEW)


def _clear(connection: Connection, alert_key: str, at: datetime, note: str | None) -> None:
    sql = queries("alerts")
    row = connection.execute(sql["lock_open"], {"alert_key": alert_key}).fetchone()
    if row is None or row[2]:
        return
    before = AlertState(row[1])
    after = step(before, Trigger.CLEAR, cleared=True)
    connection.execute(sql["clear"], {"alert_id": row[0], "state": after, "at": at})
    _note(
        connection,
        row[0],
        actor=RULES,
        trigger=Trigger.CLEAR,
        before=before,
        after=after,
        note=note,
    )


def _resume(connection: Connection, alert_key: str, event_id: int) -> None:
    """It may have been the end that was disproved: then the alert holds again."""
    sql = queries("alerts")
    row = connection.execute(sql["resume"], {"alert_key": alert_key}).fetchone()
    if row is None:
        return
    alert_id, state, is_new = row
    connection.execute(sql["link"], {"alert_id": alert_id, "event_id": event_id})
    _note(
        connection,
        alert_id,
        actor=RULES,
        trigger="OPEN",
        before=None if is_new else state,
        after=state,
        note="its end was disproved by data that came late",
    )


def transition(
    connection: Connection, alert_id: int, trigger: Trigger, actor: str, note: str | None = None
) -> AlertState:
    """Take one step for a person and keep who, when and why; returns the new state.

    Raises UnknownAlertError, and domain.alerts.StepRefusedError where the life-cycle has
    no such step (someone else was faster).
    """
    sql = queries("alerts")
    with connection.transaction():
        row = connection.execute(sql["lock"], {"alert_id": alert_id}).fetchone()
        if row is None:
            raise UnknownAlertError(f"there is no alert {alert_id}")
        before = AlertState(row[1])
        after = step(before, trigger, cleared=row[2])
        connection.execute(
            sql["set_state"], {"alert_id": alert_id, "state": after, "assignee": actor}
        )
        _note(
            connection,
            alert_id,
            actor=actor,
            trigger=trigger,
            before=before,
            after=after,
            note=note,
        )
    return after


def devices_with_open(connection: Connection, rule: str) -> set[str]:
    """Devices on which a rule's alert is open and its condition still holds."""
    rows = connection.execute(queries("alerts")["open_devices_of_rule"], {"rule": rule})
    return {row[0] for row in rows.fetchall()}


def _note(
    connection: Connection,
    alert_id: int,
    *,
    actor: str,
    trigger: str,
    after: AlertState,
    before: AlertState | None = None,
    note: str | None = None,
) -> None:
    connection.execute(
        queries("alerts")["note_step"],
        {
            "alert_id": alert_id,
            "actor": actor,
            "trigger": trigger,
            "from_state": before,
            "to_state": after,
            "note": note,
        },
    )
