"""Service: ingest as it runs, with its retries, its timers and its way to stop.

One thread takes batches through the pipeline, a second reads the next batch meanwhile (the
database's time is no time of ours), and the broker's client has its own. Whatever fails,
the batch stays in hand and is tried again: what is not committed is not acknowledged, and
what is not acknowledged comes again.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from tenacity import Retrying, retry_if_exception_type, wait_exponential_jitter

from db import plan as stored_plan
from db import rule_sets
from db.alert_work import tend
from db.alerts import DEFAULTS
from db.housekeeping import tidy
from db.ledger import Ack
from db.pool import AWAY, Connection, connect
from domain.chart import chart
from domain.events import Event
from domain.settings import Alerts, Ingest, Rules
from domain.thresholds import version
from ingest.batch import Batch
from ingest.decode import Decoded, Raw
from ingest.evaluate import Evaluator
from ingest.health import Health, Metrics
from ingest.joint import Joint
from ingest.outlooks import Outlooks
from ingest.pipeline import Outcome, Pipeline
from ingest.subscriber import Subscriber
from ingest.watch import Watch

log = structlog.get_logger(__name__)

PLAN_CHECK_S = 1.0
WATCH_S = 1.0
TEND_S = 1.0
INTERFERENCE_S = 1.0
CONVOYS_S = 5.0
OUTLOOKS_S = 5.0
DRAIN_S = 10.0
# Batches make no cycles; looking for them every 700 objects costs a sixth of the speed.
COLLECT_RARELY = (200_000, 20, 100)


class StoppingError(Exception):
    """The service was asked to stop while it waited for something."""


class Service:
    """Everything that `kawal ingest` runs."""

    def __init__(
        self,
        settings: Ingest,
        rules: Rules,
        database_url: str,
        broker_url: str,
        *,
        alerts: Alerts = DEFAULTS,
    ) -> None:
        self._settings = settings
        self._rules = rules
        self._alerts = alerts
        self._database_url = database_url
        self._connection: Connection | None = None
        self._evaluator = Evaluator(rules)
        self._joint = Joint(rules, alerts)
        self._pipeline = Pipeline(rules, self._evaluator, alerts, self._joint)
        self._watch = Watch(rules, alerts)
        self._outlooks = Outlooks()
        # One batch being committed, one being read, one on its way.
        self._subscriber = Subscriber(broker_url, settings.batch_size * 3)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="kawal-reader")
        self._next: Future[tuple[list[Raw], Decoded]] | None = None
        self._acks: dict[tuple[str, int], Ack] = {}
        self._stopping = threading.Event()
        self._due: dict[str, float] = {}
        self._plan_version = -1
        self._last_commit: datetime | None = None
        self._newest_fix: datetime | None = None
        self._trouble: str | None = None
        self._rules_failed: dict[str, str] = {}
        self.metrics = Metrics()
        self.health = Health(self.metrics, self.state)

    def stop(self) -> None:
        """Finish what is in hand, acknowledge it, and leave. Safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Serve until `stop` is called."""
        gc.freeze()
        gc.set_threshold(*COLLECT_RARELY)
        self.health.start(self._settings.health_host, self._settings.health_port)
        try:
            self._persistently(self._begin)
            self._subscriber.start()
            while not self._stopping.is_set():
                self._turn()
            self._drain()
        except StoppingError:
            log.info("stopped while the database was away; nothing in hand was acknowledged")
        finally:
            self._reader.shutdown()
            self._subscriber.stop()
            self.health.stop()
            if self._connection is not None:
                self._connection.close()

    def state(self) -> dict[str, Any]:
        """What /healthz says."""
        connected_at, trouble = self._subscriber.connected_at, self._trouble
        if trouble is None and connected_at is None:
            trouble = f"broker: {self._subscriber.refused or 'not connected'}"
        return {
            "ok": trouble is None,
            "trouble": trouble,
            "broker_connected_at": connected_at,
            "inbox": self._subscriber.inbox.qsize(),
            "last_commit_at": self._last_commit,
            "newest_fix_at": self._newest_fix,
            "devices": len(self._evaluator.states),
            "rules_failed": self._rules_failed,
        }

    # --- turns ---

    def _turn(self) -> None:
        batch, decoded = (self._next or self._reader.submit(self._read)).result()
        self._next = self._reader.submit(self._read)
        if batch:
            self._persistently(lambda: self._commit(batch, decoded))
        now_s = time.monotonic()
        for name, every_s, task in (
            ("acks", self._settings.ack_interval_ms / 1000, self._send_acks),
            ("plan", PLAN_CHECK_S, self._follow_plan),
            ("watch", WATCH_S, self._look),
            ("interference", INTERFERENCE_S, lambda: self._judge(self._joint.watch_interference)),
            ("convoys", CONVOYS_S, lambda: self._judge(self._joint.watch_convoys)),
            ("tend", TEND_S, self._tend),
            ("outlooks", OUTLOOKS_S, self._write_outlooks),
            ("tidy", self._settings.housekeeping_interval_s, self._tidy),
        ):
            if now_s >= self._due.get(name, 0.0):
                self._persistently(task)
                self._due[name] = now_s + every_s

    def _read(self) -> tuple[list[Raw], Decoded]:
        batch = self._collect()
        return batch, self._pipeline.decode(batch)

    def _collect(self) -> list[Raw]:
        batch = Batch(self._settings.batch_size, self._settings.batch_wait_ms / 1000)
        while True:
            wait_s = batch.remaining_s(time.monotonic())
            found = self._subscriber.drain(batch.room(), wait_s)
            now_s = time.monotonic()
            for raw in found:
                batch.add(raw, now_s)
            if batch.due(now_s) or not found:
                self.metrics.inbox.set(self._subscriber.inbox.qsize())
                return batch.messages

    def _commit(self, batch: list[Raw], decoded: Decoded) -> None:
        connection = self._open()
        outcome = self._pipeline.process(connection, batch, decoded)
        self._watch.hear(connection, outcome.heard, outcome.intervals_s)
        # Last and once: an id that is acknowledged twice may by then be another message.
        self._subscriber.acknowledge(batch)
        self._note(batch, outcome)

    def _note(self, batch: list[Raw], outcome: Outcome) -> None:
        self._acks.update({(ack.device_id, ack.epoch): ack for ack in outcome.acks})
        now = datetime.now(UTC)
        self._last_commit = now
        if outcome.newest_fix and (not self._newest_fix or outcome.newest_fix > self._newest_fix):
            self._newest_fix = outcome.newest_fix
        self._rules_failed |= outcome.rules_failed
        self.metrics.count(outcome, len(batch))
        age_s = (now - batch[0].received_at).total_seconds()
        self.metrics.lag.set(age_s)
        self.metrics.commit.observe(age_s)

    def _drain(self) -> None:
        """What is in hand and in the inbox is committed and acknowledged before we leave."""
        deadline_s = time.monotonic() + DRAIN_S
        batch, decoded = self._next.result() if self._next else self._rest()
        while batch and time.monotonic() < deadline_s:
            self._persistently(lambda b=batch, d=decoded: self._commit(b, d))
            batch, decoded = self._rest()
        self._send_acks()
        time.sleep(0.1)  # the network thread writes what was queued

    def _rest(self) -> tuple[list[Raw], Decoded]:
        batch = self._subscriber.drain(self._settings.batch_size, 0)
        return batch, self._pipeline.decode(batch)

    # --- timers ---

    def _send_acks(self) -> None:
        """Each covers all before it, so only the newest of each counter goes out."""
        acks, self._acks = self._acks, {}
        self._subscriber.publish_acks(acks.values())

    def _follow_plan(self) -> None:
        connection = self._open()
        version = stored_plan.version(connection)
        if version != self._plan_version:
            history = rule_sets.history(connection, self._rules)
            plan = stored_plan.load(connection)
            self._evaluator.survey = chart(plan, self._rules, history)
            self._joint.follow(plan, self._evaluator.survey)
            self._watch.load(connection)
            self._outlooks.forget()
            self._plan_version = version
            log.info("plan loaded", version=version)

    def _look(self) -> None:
        connected_at = self._subscriber.connected_at
        if connected_at is None or not self._subscriber.inbox.empty():
            return  # it is we who cannot hear
        connection, now = self._open(), datetime.now(UTC)
        found = self._watch.look(
            connection,
            self._evaluator.survey,
            self._evaluator.states,
            connected_at,
            now,
            recall=lambda devices: self._evaluator.recall(connection, devices, now),
        )
        self.metrics.events.inc(len(found))

    def _judge(self, rule: Callable[[Connection, datetime], list[Event]]) -> None:
        try:
            found = rule(self._open(), datetime.now(UTC))
        except AWAY:
            raise
        except Exception as error:
            # A fault of ours over several devices must not stop the fixes of all.
            log.exception("the rules over several devices failed")
            self._rules_failed[rule.__name__] = f"{type(error).__name__}: {error}"
        else:
            self.metrics.events.inc(len(found))

    def _tend(self) -> None:
        tend(self._open(), self._alerts, datetime.now(UTC))

    def _write_outlooks(self) -> None:
        survey, states = self._evaluator.survey, self._evaluator.states
        self._outlooks.write(self._open(), survey, states, datetime.now(UTC))

    def _tidy(self) -> None:
        dropped = tidy(
            self._open(),
            datetime.now(UTC),
            timedelta(days=self._settings.retention_days),
            timedelta(hours=self._rules.reevaluate_hours),
        )
        if dropped:
            log.info("old positions removed", chunks=len(dropped))

    # --- the database, which may be away ---

    def _begin(self) -> None:
        if rule_sets.note_settings(self._open(), self._rules, datetime.now(UTC)):
            log.info("the settings of the rules changed", version=version(self._rules))
        self._follow_plan()

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(
                self._database_url, "ingest", "-c statement_timeout=60s -c lock_timeout=30s"
            )
            # What was in hand when the last connection died may or may not be committed.
            self._evaluator.forget()
            self._joint.forget()
            self._trouble = None
        return self._connection

    def _persistently(self, task: Any) -> None:
        """Run `task` again and again while the database is away."""
        for attempt in Retrying(
            retry=retry_if_exception_type(AWAY),
            wait=wait_exponential_jitter(multiplier=0.2, max=5.0, jitter=0.2),
            sleep=self._sleep,
        ):
            with attempt:
                try:
                    task()
                except AWAY as error:
                    self._lose(error)
                    raise

    def _lose(self, error: Exception) -> None:
        self.metrics.retries.inc()
        self._trouble = f"database: {str(error).strip().splitlines()[0]}"
        log.warning("the database is away, trying again", error=self._trouble)
        if self._connection is not None:
            self._connection.close()

    def _sleep(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise StoppingError
