"""Alerts: opened and cleared by events, every step kept.

What people and the clock do beside the life-cycle is in `db.alert_work`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from db import events as stored_events
from db.events import Recorded
from db.pool import Connection
from db.sql import queries
from domain.alerts import OPEN_STATES, AlertState, Severity, Trigger, step
from domain.events import MEANINGS, Meaning
from domain.priority import is_recurrence
from domain.settings import Alerts

RULES = "rules"  # the actor of steps that no person took
DEFAULTS = Alerts()


class UnknownAlertError(LookupError):
    """There is no alert of this number."""


class Locked(NamedTuple):
    """What the next step of an alert depends on; nobody else can change it meanwhile."""

    alert_id: int
    state: str
    cleared: bool
    shelved: bool
    severity: int
    escalation: int
    assignee: str | None

    def after(self, trigger: Trigger) -> AlertState:
        """The state that a step leads to. Raises StepRefusedError."""
        return step(AlertState(self.state), trigger, cleared=self.cleared, shelved=self.shelved)


# --- by events ---


def record(
    connection: Connection,
    found: Sequence[Recorded],
    disproved: Iterable[str] = (),
    *,
    now: datetime,
    settings: Alerts = DEFAULTS,
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
            _open(connection, recorded, meaning, now, settings)
    for alert_key in sorted(touched):
        _settle(connection, alert_key, now, doubtful=alert_key in doubtful)


def _settle(connection: Connection, alert_key: str, now: datetime, *, doubtful: bool) -> None:
    newest = stored_events.newest_of_alert(connection, alert_key)
    if newest is None:
        _clear(connection, alert_key, now, now, "disproved by data that came late")
    elif not MEANINGS[newest.kind].opens:
        _clear(connection, alert_key, newest.event_time, now, None)
    elif doubtful:
        _resume(connection, alert_key, newest.event_id, now)


def _open(
    connection: Connection, recorded: Recorded, meaning: Meaning, now: datetime, settings: Alerts
) -> None:
    sql, event = queries("alerts"), recorded.event
    row = connection.execute(
        sql["open"],
        {
            "alert_key": event.alert_key,
            "rule": meaning.rule,
            "severity": int(meaning.severity),
            "programme": "LOGISTICS",
            "device_id": event.device_id or None,
            "shipment_id": event.shipment_id,
            "facility_id": event.facility_id,
            "group_id": event.group_id,
            "opened_at": event.event_time,
            "last_seen_at": event.decided_at,
            "late_by_s": event.late_by_s,
            "detail": Jsonb(dict(event.numbers)),
            "rules_version": event.rules_version,
            "now": now,
        },
    ).fetchone()
    if row is None:
        raise RuntimeError("an upsert that returns its row returned none")
    alert_id, is_new = row
    connection.execute(sql["link"], {"alert_id": alert_id, "event_id": recorded.event_id})
    if is_new:
        note_step(connection, alert_id, actor=RULES, trigger="OPEN", after=AlertState.NEW)
        before = _before(connection, event.alert_key or "", alert_id)
        if before is not None:
            again = meaning.severity is not Severity.CRITICAL and is_recurrence(
                event.event_time, before.cleared_at, before.closed_at, now, settings
            )
            _follow_on(connection, alert_id, before, now, again=again)


class _Before(NamedTuple):
    cleared_at: datetime | None
    closed_at: datetime | None
    recurrences: int
    shelved_until: datetime | None
    shelved_by: str | None
    shelf_reason: str | None


def _before(connection: Connection, alert_key: str, alert_id: int) -> _Before | None:
    with connection.cursor(row_factory=class_row(_Before)) as cursor:
        parameters = {"alert_key": alert_key, "alert_id": alert_id}
        return cursor.execute(queries("alerts")["before"], parameters).fetchone()


def _follow_on(
    connection: Connection, alert_id: int, before: _Before, now: datetime, *, again: bool
) -> None:
    """One that comes again soon comes quietly; one that was shelved stays so until the end."""
    shelf: tuple[Any, ...] = (before.shelved_until, before.shelved_by, before.shelf_reason)
    if before.shelved_until is None or before.shelved_until <= now:
        shelf = (None, None, None)
    until, by, reason = shelf
    if not again and until is None:
        return
    connection.execute(
        queries("alerts")["follow_on"],
        {
            "alert_id": alert_id,
            "quiet": again,
            "recurrences": before.recurrences + 1 if again else 0,
            "shelved_until": until,
            "shelved_by": by,
            "shelf_reason": reason,
        },
    )
    if until is not None:
        note_step(
            connection,
            alert_id,
            actor=RULES,
            trigger=Trigger.SHELVE,
            before=AlertState.NEW,
            after=AlertState.NEW,
            note=reason,
            until=until,
        )


def _clear(
    connection: Connection, alert_key: str, at: datetime, now: datetime, note: str | None
) -> None:
    found = _locked(connection, "lock_open", {"alert_key": alert_key})
    if not found or found[0].cleared:
        return
    row = found[0]
    after = row.after(Trigger.CLEAR)
    connection.execute(
        queries("alerts")["clear"], {"alert_id": row.alert_id, "state": after, "at": at}
    )
    note_step(
        connection,
        row.alert_id,
        actor=RULES,
        trigger=Trigger.CLEAR,
        before=AlertState(row.state),
        after=after,
        note=note,
    )
    release(connection, row.alert_id, now=now, ended=after not in OPEN_STATES)


def _resume(connection: Connection, alert_key: str, event_id: int, now: datetime) -> None:
    """It may have been the end that was disproved: then the alert holds again."""
    sql = queries("alerts")
    row = connection.execute(sql["resume"], {"alert_key": alert_key, "now": now}).fetchone()
    if row is None:
        return
    alert_id, state, is_new = row
    connection.execute(sql["link"], {"alert_id": alert_id, "event_id": event_id})
    note_step(
        connection,
        alert_id,
        actor=RULES,
        trigger="OPEN",
        before=None if is_new else state,
        after=state,
        note="its end was disproved by data that came late",
    )
    before = _before(connection, alert_key, alert_id) if is_new else None
    if before is not None:
        _follow_on(connection, alert_id, before, now, again=False)


# --- by people ---


def transition(
    connection: Connection,
    alert_id: int,
    trigger: Trigger,
    actor: str,
    note: str | None = None,
    *,
    now: datetime | None = None,
) -> AlertState:
    """Take one step for a person and keep who, when and why; returns the new state.

    What acknowledges an incident acknowledges its children; what ends it releases them.
    `now` is the database's time if it is not given. Raises UnknownAlertError, and
    domain.alerts.StepRefusedError where the life-cycle has no such step (someone else was
    faster).
    """
    with connection.transaction():
        row = lock(connection, alert_id)
        after = _take(connection, row, trigger, actor=actor, note=note, now=now)
        if trigger is Trigger.ACKNOWLEDGE:
            for child in _locked(connection, "lock_children", {"parent_id": alert_id}):
                if child.state == AlertState.NEW:
                    _take(connection, child, trigger, actor=actor, note=f"#{alert_id}", now=now)
        if after not in OPEN_STATES:
            release(connection, alert_id, now=now)
    return after


def _take(
    connection: Connection,
    row: Locked,
    trigger: Trigger,
    *,
    actor: str,
    note: str | None,
    now: datetime | None,
) -> AlertState:
    after = row.after(trigger)
    connection.execute(
        queries("alerts")["set_state"],
        {
            "alert_id": row.alert_id,
            "state": after,
            "assignee": None if actor == RULES else actor,
            "closes": after not in OPEN_STATES,
            "now": now,
        },
    )
    note_step(
        connection,
        row.alert_id,
        actor=actor,
        trigger=trigger,
        before=AlertState(row.state),
        after=after,
        note=note,
    )
    return after


# --- incidents ---


def adopt(
    connection: Connection,
    parent_id: int,
    alert_keys: Iterable[str],
    *,
    now: datetime | None = None,
) -> int:
    """Make the open alerts of these keys quiet children of an incident; returns how many.

    Never a critical one, nor one that belongs to another incident or is one. None where the
    incident is closed or over. Raises UnknownAlertError where it never was.
    """
    with connection.transaction():
        parent = lock(connection, parent_id)
        if parent.state not in OPEN_STATES or parent.cleared:
            return 0
        parameters = {"parent_id": parent_id, "alert_keys": sorted(set(alert_keys))}
        children = _locked(connection, "lock_orphans", parameters)
        for child in children:
            _set_parent(connection, child, parent_id, incident=parent_id, now=now)
    return len(children)


def release(
    connection: Connection, parent_id: int, *, now: datetime | None = None, ended: bool = True
) -> int:
    """Give the children of an incident back that still hold; returns how many.

    They are work of their own again, and their wait for a person begins anew. Children
    that have `ended` are resolved with their incident; without, they stay with it until a
    person has seen it.
    """
    with connection.transaction():
        children = _locked(connection, "lock_children", {"parent_id": parent_id})
        over = [child for child in children if child.cleared]
        holding = [child for child in children if not child.cleared]
        for child in over if ended else ():
            _take(connection, child, Trigger.RESOLVE, actor=RULES, note=f"#{parent_id}", now=now)
        for child in holding:
            _set_parent(connection, child, None, incident=parent_id, now=now)
    return len(holding)


def _set_parent(
    connection: Connection,
    child: Locked,
    parent_id: int | None,
    *,
    incident: int,
    now: datetime | None,
) -> None:
    trigger = Trigger.ADOPT if parent_id else Trigger.RELEASE
    after = child.after(trigger)
    connection.execute(
        queries("alerts")["set_parent"],
        {"alert_id": child.alert_id, "parent_id": parent_id, "now": now},
    )
    note_step(
        connection,
        child.alert_id,
        actor=RULES,
        trigger=trigger,
        before=AlertState(child.state),
        after=after,
        note=f"#{incident}",
    )


# --- rows ---


def lock(connection: Connection, alert_id: int) -> Locked:
    """An alert that nobody else changes until the transaction ends.

    Raises UnknownAlertError.
    """
    found = _locked(connection, "lock", {"alert_id": alert_id})
    if not found:
        raise UnknownAlertError(f"there is no alert {alert_id}")
    return found[0]


def _locked(connection: Connection, query: str, parameters: dict[str, Any]) -> list[Locked]:
    with connection.cursor(row_factory=class_row(Locked)) as cursor:
        return cursor.execute(queries("alerts")[query], parameters).fetchall()


def note_step(
    connection: Connection,
    alert_id: int,
    *,
    actor: str,
    trigger: str,
    after: AlertState,
    before: AlertState | None = None,
    note: str | None = None,
    assignee: str | None = None,
    until: datetime | None = None,
) -> None:
    """Keep a step of an alert's life."""
    connection.execute(
        queries("alerts")["note_step"],
        {
            "alert_id": alert_id,
            "actor": actor,
            "trigger": trigger,
            "from_state": before,
            "to_state": after,
            "note": note,
            "assignee": assignee,
            "until": until,
        },
    )
