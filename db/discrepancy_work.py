"""The work on discrepancies: an owner, remarks, and differences that a person accepts."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from db import alert_work, tallies
from db.alerts import DEFAULTS
from db.changes import notify
from db.discrepancies import tell
from db.pool import Connection
from db.sql import queries
from domain.alerts import StepFaultError, StepRefusedError
from domain.settings import Alerts, Materials


class UnknownDiscrepancyError(LookupError):
    """There is no discrepancy of this number."""


class _Locked(NamedTuple):
    discrepancy_id: int
    alert_key: str
    region_code: str
    gone: bool
    settled: bool


def assign(
    connection: Connection,
    discrepancy_id: int,
    owner: str,
    actor: str,
    note: str | None = None,
    *,
    now: datetime,
) -> None:
    """Say who has a discrepancy, and its alert where nobody has that.

    Raises UnknownDiscrepancyError; StepRefusedError for one that is gone; StepFaultError for
    an account that is unknown, disabled or may only look.
    """
    with connection.transaction():
        row = _lock(connection, discrepancy_id)
        alert_work.check_assignee(connection, owner)
        named = {"discrepancy_id": discrepancy_id, "owner": owner}
        connection.execute(queries("discrepancy_work")["own"], named)
        _note(connection, row, "ASSIGN", actor, note, now=now, owner=owner)
        free = connection.execute(
            queries("discrepancy_work")["free_alert"], {"alert_key": row.alert_key}
        ).fetchone()
        if free is not None:
            alert_work.assign(connection, free[0], owner, actor, note, now=now)
        notify(connection)


def comment(
    connection: Connection, discrepancy_id: int, actor: str, note: str, *, now: datetime
) -> None:
    """Keep a remark. Raises UnknownDiscrepancyError; StepFaultError for an empty one."""
    said = _said(note)
    with connection.transaction():
        row = _lock(connection, discrepancy_id, also_gone=True)
        _note(connection, row, "COMMENT", actor, said, now=now)


def settle(
    connection: Connection,
    discrepancy_id: int,
    actor: str,
    note: str,
    *,
    now: datetime,
    materials: Materials,
    settings: Alerts = DEFAULTS,
) -> None:
    """Accept the difference, and say why: it stays listed, and is work no more until its
    numbers change. Raises as `assign` does, and StepRefusedError for one that is settled."""
    said = _said(note)
    with connection.transaction():
        row = _lock(connection, discrepancy_id)
        if row.settled:
            raise StepRefusedError("a discrepancy that is settled cannot be settled again")
        _settle(connection, row, now, actor, said)
        _note(connection, row, "SETTLE", actor, said, now=now)
        _follow(connection, row, now, materials, settings)


def reopen(
    connection: Connection,
    discrepancy_id: int,
    actor: str,
    note: str | None = None,
    *,
    now: datetime,
    materials: Materials,
    settings: Alerts = DEFAULTS,
) -> None:
    """Make a settled one work again. Raises as `assign` does, and StepRefusedError for one
    that is not settled."""
    with connection.transaction():
        row = _lock(connection, discrepancy_id)
        if not row.settled:
            raise StepRefusedError("a discrepancy that is not settled cannot be reopened")
        _settle(connection, row, None, None, None)
        _note(connection, row, "REOPEN", actor, note, now=now)
        _follow(connection, row, now, materials, settings)


def _said(note: str) -> str:
    said = note.strip()
    if not said:
        raise StepFaultError("note", "must not be empty")
    return said


def _lock(connection: Connection, discrepancy_id: int, *, also_gone: bool = False) -> _Locked:
    with connection.cursor(row_factory=class_row(_Locked)) as cursor:
        cursor.execute(queries("discrepancy_work")["lock"], {"discrepancy_id": discrepancy_id})
        row = cursor.fetchone()
    if row is None:
        raise UnknownDiscrepancyError(f"there is no discrepancy {discrepancy_id}")
    if row.gone and not also_gone:
        raise StepRefusedError("a discrepancy that no longer holds needs no work")
    return row


def _settle(
    connection: Connection, row: _Locked, at: datetime | None, by: str | None, note: str | None
) -> None:
    parameters = {"discrepancy_id": row.discrepancy_id, "at": at, "by": by, "note": note}
    connection.execute(queries("discrepancy_work")["settle"], parameters)


def _note(
    connection: Connection,
    row: _Locked,
    step: str,
    actor: str,
    note: str | None,
    *,
    now: datetime,
    owner: str | None = None,
) -> None:
    connection.execute(
        queries("discrepancy_work")["note_step"],
        {
            "discrepancy_id": row.discrepancy_id,
            "at": now,
            "actor": actor,
            "step": step,
            "note": note,
            "owner": owner,
        },
    )


def _follow(
    connection: Connection, row: _Locked, now: datetime, materials: Materials, settings: Alerts
) -> None:
    tell(connection, [row.alert_key], now=now, settings=settings)
    tallies.refresh(connection, [row.region_code], materials)
