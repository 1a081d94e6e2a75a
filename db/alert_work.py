"""The work on alerts beside their life-cycle: assigned, escalated, shelved; and by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from psycopg.rows import class_row

from db.accounts import Account, Role
from db.alerts import RULES, Locked, lock, note_step, transition
from db.changes import notify
from db.pool import Connection
from db.sql import queries
from domain.alerts import AlertState, Severity, StepFaultError, StepRefusedError, Trigger
from domain.priority import (
    HIGHEST_LEVEL,
    Standing,
    check_shelf,
    escalation_s,
    next_escalation,
)
from domain.settings import Alerts


class RoleRefusedError(PermissionError):
    """The role of the account does not allow this step."""


# --- by people ---


def assign(
    connection: Connection,
    alert_id: int,
    assignee: str,
    actor: str,
    note: str | None = None,
    *,
    now: datetime,
) -> None:
    """Say who has an alert. Whoever takes one for themselves has also seen it.

    Raises StepFaultError for an account that is unknown, disabled or may only look, and as
    db.alerts.transition does.
    """
    with connection.transaction():
        row = lock(connection, alert_id)
        check_assignee(connection, assignee)
        _beside(connection, row, Trigger.ASSIGN, actor, note, assignee=assignee)
        connection.execute(
            queries("alert_work")["assign"], {"alert_id": alert_id, "assignee": assignee}
        )
        if assignee == actor and row.state == AlertState.NEW:
            transition(connection, alert_id, Trigger.ACKNOWLEDGE, actor, now=now)


def check_assignee(connection: Connection, login: str) -> None:
    """Raises StepFaultError for an account that is unknown, disabled or may only look."""
    row = connection.execute(queries("alert_work")["role_of"], {"login": login}).fetchone()
    if row is None:
        raise StepFaultError("assignee", f"there is no account {login}")
    if not Role(row[0]).may_handle_alerts:
        raise StepFaultError("assignee", f"the account {login} may only look")


def escalate(
    connection: Connection, alert_id: int, actor: str, note: str | None, *, now: datetime
) -> int:
    """Escalate by hand, which needs a note; returns the level.

    Raises StepFaultError without a note, StepRefusedError at the highest level, and as
    db.alerts.transition does.
    """
    reason = (note or "").strip()
    if not reason:
        raise StepFaultError("note", "must not be empty")
    with connection.transaction():
        row = lock(connection, alert_id)
        if row.escalation >= HIGHEST_LEVEL:
            raise StepRefusedError(f"an alert at level {row.escalation} cannot be escalated")
        _escalate(connection, row, actor, reason, now)
    return row.escalation + 1


def shelve(
    connection: Connection,
    alert_id: int,
    account: Account,
    reason: str | None,
    until: datetime,
    *,
    now: datetime,
    settings: Alerts,
) -> None:
    """Put an alert aside until a time; shelved again, it has a new end.

    Raises StepFaultError for reason or end, RoleRefusedError for a critical one where the
    role may not, and as db.alerts.transition does.
    """
    stripped = check_shelf(reason, until, now, settings)
    with connection.transaction():
        row = lock(connection, alert_id)
        if row.severity == Severity.CRITICAL and not account.role.may_shelve_critical:
            raise RoleRefusedError(f"a {account.role} may not shelve a critical alert")
        _beside(connection, row, Trigger.SHELVE, account.login, stripped, until=until)
        connection.execute(
            queries("alert_work")["shelve"],
            {"alert_id": alert_id, "until": until, "by": account.login, "reason": stripped},
        )


def unshelve(
    connection: Connection, alert_id: int, actor: str, note: str | None = None, *, now: datetime
) -> None:
    """Take an alert off the shelf before its end. Raises as db.alerts.transition does."""
    with connection.transaction():
        _unshelve(connection, lock(connection, alert_id), actor, note, now)


# --- by the clock ---


def tend(connection: Connection, settings: Alerts, now: datetime) -> int:
    """Take the steps that are due by the clock; returns how many.

    Alerts come off the shelf, quiet ones that still hold wake up, and those that nobody saw
    escalate. Safe to call as often as one likes, and from several processes.
    """
    with connection.transaction():
        taken = _take_off_the_shelf(connection, now)
        taken += _wake(connection, settings, now)
        taken += _escalate_waiting(connection, settings, now)
        if taken:
            notify(connection)
    return taken


def _take_off_the_shelf(connection: Connection, now: datetime) -> int:
    over = connection.execute(queries("alert_work")["lock_shelf_over"], {"now": now}).fetchall()
    for (alert_id,) in over:
        _unshelve(connection, lock(connection, alert_id), RULES, None, now)
    return len(over)


def _wake(connection: Connection, settings: Alerts, now: datetime) -> int:
    since = now - timedelta(seconds=settings.cooldown_s)
    sql = queries("alert_work")
    over = connection.execute(sql["lock_quiet_over"], {"since": since}).fetchall()
    for (alert_id,) in over:
        _beside(connection, lock(connection, alert_id), Trigger.WAKE, RULES, None)
        connection.execute(sql["wake"], {"alert_id": alert_id, "now": now})
    return len(over)


class _Waiting(NamedTuple):
    alert_id: int
    severity: int
    is_late: bool
    quiet: bool
    is_child: bool
    is_shelved: bool
    escalation: int
    since: datetime

    def due_at(self, settings: Alerts) -> datetime | None:
        standing = Standing(
            Severity(self.severity), self.is_late, self.quiet, self.is_child, self.is_shelved
        )
        return next_escalation(standing, self.escalation, self.since, settings)


def _escalate_waiting(connection: Connection, settings: Alerts, now: datetime) -> int:
    periods_s = [escalation_s(severity, settings) for severity in Severity]
    parameters = {"now": now, "periods_s": periods_s, "highest": HIGHEST_LEVEL}
    with connection.cursor(row_factory=class_row(_Waiting)) as cursor:
        waiting = cursor.execute(queries("alert_work")["lock_waiting"], parameters).fetchall()
    taken = 0
    for row in waiting:
        due_at = row.due_at(settings)
        if due_at is not None and due_at <= now:
            _escalate(connection, lock(connection, row.alert_id), RULES, None, now)
            taken += 1
    return taken


# --- steps ---


def _escalate(
    connection: Connection, row: Locked, actor: str, note: str | None, now: datetime
) -> None:
    _beside(connection, row, Trigger.ESCALATE, actor, note)
    connection.execute(queries("alert_work")["escalate"], {"alert_id": row.alert_id, "now": now})


def _unshelve(
    connection: Connection, row: Locked, actor: str, note: str | None, now: datetime
) -> None:
    _beside(connection, row, Trigger.UNSHELVE, actor, note)
    connection.execute(queries("alert_work")["unshelve"], {"alert_id": row.alert_id, "now": now})


def _beside(
    connection: Connection,
    row: Locked,
    trigger: Trigger,
    actor: str,
    note: str | None,
    *,
    assignee: str | None = None,
    until: datetime | None = None,
) -> None:
    """Keep a step that leaves the state as it is."""
    note_step(
        connection,
        row.alert_id,
        actor=actor,
        trigger=trigger,
        before=AlertState(row.state),
        after=row.after(trigger),
        note=note,
        assignee=assignee,
        until=until,
    )
