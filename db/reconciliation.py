"""Reconciliation: which manifests are due to be looked at, and each of them whole.

What is found is kept by `db.discrepancies`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from db.cases import read
from db.pool import Connection
from db.sql import queries
from domain.reconciliation_case import Case
from domain.settings import Reconciliation

LOCK = 0x7265636F  # "reco": one number that all reconciling processes agree on


class Presence(NamedTuple):
    """How far the events of trackers and of the ledger were followed: the transaction from
    which on some may be unseen, and the newest plan."""

    xid: str = "0"
    plan: int = 0

    @classmethod
    def of(cls, cursor: str | None) -> Presence:
        """From the text that connector_state keeps; the beginning where there is none."""
        xid, _, plan = (cursor or "0/0").partition("/")
        return cls(xid, int(plan or 0))

    @property
    def cursor(self) -> str:
        """As connector_state keeps it."""
        return f"{self.xid}/{self.plan}"


def lock(connection: Connection) -> bool:
    """Be the one that reconciles until the transaction ends; False where another is."""
    row = connection.execute(queries("reconciliation")["lock"], {"lock": LOCK}).fetchone()
    return bool(row and row[0])


def take_due(connection: Connection, limit: int, now: datetime) -> list[str]:
    """Manifests that are due, the oldest and the newest, locked until the transaction ends."""
    parameters = {"limit": limit, "now": now}
    rows = connection.execute(queries("reconciliation")["take_due"], parameters).fetchall()
    return sorted(manifest_id for (manifest_id,) in rows)


def done(connection: Connection, due: Mapping[str, datetime | None]) -> None:
    """Say when each of the manifests taken is due again; None: when something comes of it."""
    sql = queries("reconciliation")
    connection.execute(sql["clear_due"], {"manifest_ids": list(due)})
    again = {manifest_id: at for manifest_id, at in due.items() if at is not None}
    parameters = {"manifest_ids": list(again), "due_ats": list(again.values())}
    connection.execute(sql["set_due"], parameters)


def make_due(connection: Connection, manifest_ids: Iterable[str], at: datetime) -> None:
    """Have manifests reconciled from then on, in the caller's transaction."""
    named = sorted(set(manifest_ids))
    parameters = {"manifest_ids": named, "due_ats": [at] * len(named)}
    connection.execute(queries("reconciliation")["set_due"], parameters)


def waiting(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    """How many manifests are due, and since when the oldest."""
    row = connection.execute(queries("reconciliation")["waiting"], {"now": now}).fetchone()
    return (0, None) if row is None else (row[0], row[1])


# --- what trackers bring ---


def mark(connection: Connection) -> Presence:
    """Where to begin the next time, by what is committed now."""
    row = connection.execute(queries("reconciliation")["mark"]).fetchone()
    return Presence() if row is None else Presence(*row)


def seen_since(connection: Connection, since: Presence) -> list[tuple[int, bool]]:
    """Events of presence that are new or superseded: (event_id, superseded), oldest first.

    Some come again, as long as a transaction that was open before is not over.
    """
    rows = connection.execute(queries("reconciliation")["seen_since"], {"since": since.xid})
    return rows.fetchall()


def handled_since(connection: Connection, since: Presence) -> list[tuple[str, str]]:
    """Events that people or others brought into the ledger: (event_uuid, manifest). The same."""
    rows = connection.execute(queries("reconciliation")["handled_since"], {"since": since.xid})
    return rows.fetchall()


def make_due_by_events(connection: Connection, event_ids: Sequence[int], now: datetime) -> int:
    """Have the manifests reconciled that events concern; how many."""
    parameters = {"event_ids": list(event_ids), "now": now}
    return connection.execute(queries("reconciliation")["make_due_by_events"], parameters).rowcount


def make_due_by_plan(connection: Connection, now: datetime) -> int:
    """Have all manifests of tracked shipments reconciled; how many."""
    return connection.execute(queries("reconciliation")["make_due_by_plan"], {"now": now}).rowcount


# --- cases ---


def with_sisters(connection: Connection, manifest_ids: Sequence[str]) -> list[str]:
    """These, and the manifests whose judgement depends on them."""
    parameters = {"manifest_ids": list(manifest_ids)}
    rows = connection.execute(queries("reconciliation")["sisters"], parameters).fetchall()
    return sorted({*manifest_ids, *(other for (other,) in rows)})


def case(connection: Connection, manifest_id: str, settings: Reconciliation) -> Case | None:
    """All that is known of one manifest; None where there is none."""
    return next(iter(cases(connection, [manifest_id], settings)), None)


def cases(
    connection: Connection, manifest_ids: Sequence[str], settings: Reconciliation
) -> list[Case]:
    """All that is known of each of these manifests, in a number of reads that does not grow."""
    return read(connection, manifest_ids, settings)
