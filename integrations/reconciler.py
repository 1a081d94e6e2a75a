"""Reconciler: the task that keeps discrepancies true.

Follows what trackers, the ledger and the plan bring, and looks at the manifests that are due.
A batch is one transaction: killed anywhere, it is done again, and nothing is told twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

import structlog

from db import connectors, custody, discrepancies, reconciliation, tallies
from db.pool import AWAY, Connection
from db.reconciliation import Presence
from domain.discrepancies import Discrepancy
from domain.reconciliation import reconcile, wakes_at
from domain.reconciliation_case import Case
from domain.settings import Alerts, Materials, Reconciliation

log = structlog.get_logger(__name__)

CURSOR = "presence"  # in connector_state
BATCH = 200  # manifests in one transaction
TURN_S = 5.0
KEPT_EVERY = timedelta(seconds=60)  # a cursor that moved over nothing is written this often
PUT_OFF = timedelta(hours=1)  # until one that could not be judged is tried again


class Reconciler:
    """The task. `reconciled` counts manifests; opened, changed and gone discrepancies."""

    name = "reconciler"

    def __init__(
        self,
        settings: Reconciliation,
        materials: Materials,
        work: Alerts,
        stop: threading.Event,
    ) -> None:
        self.interval_s = settings.check_interval_s
        self._settings, self._materials, self._work = settings, materials, work
        self._stop = stop
        self._seen: set[tuple[int, bool]] = set()
        self._handled: set[tuple[str, str]] = set()
        self._kept_at: datetime | None = None
        self.reconciled = self.opened = self.changed = self.gone = 0

    def run(self, connection: Connection, now: datetime) -> None:
        """Follow what came, then what is due; the rest of a large import at the next turn, so
        that what trackers bring meanwhile does not wait for its end."""
        self.follow(connection, now)
        end_s = time.monotonic() + TURN_S
        while not self._stop.is_set() and self.reconcile_some(connection, now):
            if time.monotonic() > end_s:
                break

    # --- what came ---

    def follow(self, connection: Connection, now: datetime) -> int:
        """Have the manifests looked at that events of trackers and of the ledger, or another
        plan, concern; how many events were new."""
        with connection.transaction():
            cursor = connectors.state(connection, CURSOR).cursor
            since = Presence.of(cursor)
            # Before the events are read: what is committed meanwhile comes again.
            mark = reconciliation.mark(connection)
            seen = set(reconciliation.seen_since(connection, since))
            handled = set(reconciliation.handled_since(connection, since))
            events = sorted(event_id for event_id, _ in seen - self._seen)
            reconciliation.make_due_by_events(connection, events, now)
            chains = {chain for _, chain in handled - self._handled}
            reconciliation.make_due(connection, chains, now)
            if mark.plan != since.plan:
                reconciliation.make_due_by_plan(connection, now)
            news = len(events) + len(handled - self._handled)
            self._keep(connection, cursor, mark, now, news)
        # As long as a transaction from before is not over, the same come again.
        self._seen, self._handled = seen, handled
        return news

    def _keep(
        self, connection: Connection, was: str | None, mark: Presence, now: datetime, news: int
    ) -> None:
        """Move the cursor, but not at each turn for nothing."""
        over = self._kept_at is None or now - self._kept_at >= KEPT_EVERY
        if mark.cursor == was or not (news or over):
            return
        connectors.succeed(connection, CURSOR, now, records=news)
        connectors.advance(
            connection, CURSOR, was=was, cursor=mark.cursor, mark=None, records=0, refused=0
        )
        self._kept_at = now

    # --- what is due ---

    def reconcile_some(self, connection: Connection, now: datetime) -> int:
        """Look at a batch of manifests that are due; how many there were."""
        try:
            return self._batch(connection, now, BATCH)
        except AWAY:
            raise
        except Exception:
            log.exception("a batch could not be reconciled, trying one by one")
        return self._one_by_one(connection, now)

    def _one_by_one(self, connection: Connection, now: datetime) -> int:
        """So that one manifest that is at fault holds up no other."""
        taken = 0
        for _ in range(BATCH):
            try:
                if not self._batch(connection, now, 1):
                    break
            except AWAY:
                raise
            except Exception:
                log.exception("a manifest could not be reconciled")
                self._put_off(connection, now)
            taken += 1
        return taken

    def _put_off(self, connection: Connection, now: datetime) -> None:
        with connection.transaction():
            waiting = reconciliation.take_due(connection, 1, now)
            reconciliation.done(connection, dict.fromkeys(waiting, now + PUT_OFF))

    def _batch(self, connection: Connection, now: datetime, size: int) -> int:
        with connection.transaction():
            if not reconciliation.lock(connection):
                return 0
            due = reconciliation.take_due(connection, size, now)
            if not due:
                return 0
            moved = custody.follow_import(connection, due, now)
            judged = reconciliation.with_sisters(connection, due)
            cases = reconciliation.cases(connection, judged, self._settings)
            found = {case.head.manifest_id: self._judge(case, now) for case in cases}
            recorded = discrepancies.record(
                connection,
                judged,
                (one for some in found.values() for one in some),
                now=now,
                settings=self._work,
            )
            wakes = {case.head.manifest_id: self._wake(case, found, now) for case in cases}
            reconciliation.done(connection, {each: wakes.get(each) for each in due})
            self._refresh(connection, due if moved else [], recorded.regions)
        self._count(due, recorded)
        return len(due)

    def _judge(self, case: Case, now: datetime) -> list[Discrepancy]:
        return reconcile(case, self._settings, now)

    def _wake(
        self, case: Case, found: Mapping[str, list[Discrepancy]], now: datetime
    ) -> datetime | None:
        return wakes_at(case, found[case.head.manifest_id], self._settings, now)

    def _refresh(
        self, connection: Connection, moved: Sequence[str], regions: AbstractSet[str]
    ) -> None:
        """The figures of regions, after whatever else takes locks."""
        touched = {*regions, *(tallies.regions_of(connection, moved) if moved else ())}
        if touched:
            tallies.refresh(connection, sorted(touched), self._materials)

    def _count(self, due: Sequence[str], recorded: discrepancies.Recorded) -> None:
        self.reconciled += len(due)
        self.opened += recorded.opened
        self.changed += recorded.changed
        self.gone += recorded.gone
        if recorded.opened or recorded.gone:
            log.info("reconciled", manifests=len(due), opened=recorded.opened, gone=recorded.gone)
