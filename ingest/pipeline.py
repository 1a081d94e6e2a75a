"""Pipeline: the way of a batch from the broker's bytes to the commit.

Read `process` as the table of contents. One transaction holds it all; on an error it
rolls back, and nothing of the batch is acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from db import alerts, devices, ledger, positions, rejections, reports, shipments, statuses
from db.alerts import DEFAULTS
from db.changes import notify
from db.ledger import Ack
from db.pool import UNFIT, Connection
from db.rejections import Rejection
from domain.positions import Position
from domain.settings import Alerts, Rules
from domain.states import effective_time
from ingest.decode import Decoded, Raw, decode
from ingest.evaluate import Evaluation, Evaluator
from ingest.joint import Joint

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Outcome:
    """What a committed batch came to."""

    positions: int = 0
    duplicates: int = 0
    reports: int = 0
    rejections: int = 0
    events: int = 0
    folded_again: int = 0
    acks: list[Ack] = field(default_factory=list)
    heard: dict[str, datetime] = field(default_factory=dict)
    intervals_s: dict[str, float] = field(default_factory=dict)
    newest_fix: datetime | None = None
    rules_failed: dict[str, str] = field(default_factory=dict)


class Pipeline:
    """Steps 3 to 9 of the way from MQTT to the pixel (docs/explanation/data-flow.md)."""

    def __init__(
        self,
        settings: Rules,
        evaluator: Evaluator,
        work: Alerts = DEFAULTS,
        joint: Joint | None = None,
    ) -> None:
        self._joint = joint
        self._settings = settings
        self._work = work
        self._evaluator = evaluator
        self._known: set[str] = set()

    def decode(self, messages: Sequence[Raw]) -> Decoded:
        """Read a batch; may run beside `process` of the batch before it."""
        return decode(messages, self._settings)

    def process(
        self, connection: Connection, messages: Sequence[Raw], decoded: Decoded | None = None
    ) -> Outcome:
        """Commit a batch (already read, or read here) and say what it came to.

        A message that the database cannot hold is found by halving the batch and kept as
        a rejection. Raises one of db.pool.AWAY where the database is away.
        """
        try:
            return self._commit(connection, decoded or self.decode(messages))
        except UNFIT as error:
            if len(messages) == 1:
                return self._refuse(connection, messages[0], error)
            log.warning("batch refused, halving it", messages=len(messages), error=str(error))
            half = len(messages) // 2
            parts = (self.process(connection, part) for part in (messages[:half], messages[half:]))
            return _joined(parts)

    def _commit(self, connection: Connection, decoded: Decoded) -> Outcome:
        with connection.transaction():
            new = positions.copy_positions(connection, decoded.positions)
            told = reports.record(connection, decoded.reports)
            statuses.record(connection, decoded.statuses)
            strangers = self._strangers(connection, decoded)
            rejections.record(connection, decoded.rejections)
            acks = ledger.record(connection, decoded.received)
            evaluation = self._evaluator.evaluate(connection, new, told)
            self._conclude(connection, new, evaluation)
            notify(connection)
        self._evaluator.keep(evaluation)
        self._known |= strangers
        return _outcome(decoded, new, len(told), acks, evaluation)

    def _strangers(self, connection: Connection, decoded: Decoded) -> set[str]:
        """Devices that we have not met since our start; each has a row from now on."""
        strangers = decoded.heard.keys() - self._known
        if strangers:
            devices.register_unknown(connection, strangers)
        return set(strangers)

    def _conclude(
        self, connection: Connection, new: Sequence[Position], evaluation: Evaluation
    ) -> None:
        positions.reflag(connection, evaluation.reflagged)
        if new:
            positions.update_latest(connection, evaluation.reflagged)
        if self._joint is not None:
            self._joint.disturb(connection, new, evaluation)
        if evaluation.found or evaluation.disproved:
            now = datetime.now(UTC)
            alerts.record(
                connection, evaluation.found, evaluation.disproved, now=now, settings=self._work
            )
            shipments.advance(connection, [recorded.event for recorded in evaluation.found])

    def _refuse(self, connection: Connection, raw: Raw, error: Exception) -> Outcome:
        reason = f"the database cannot hold it: {str(error).splitlines()[0]}"
        with connection.transaction():
            rejections.record(
                connection,
                [Rejection(raw.received_at, raw.topic, None, "payload", reason, raw.payload)],
            )
        return Outcome(rejections=1)


def _outcome(
    decoded: Decoded,
    new: Sequence[Position],
    told: int,
    acks: list[Ack],
    evaluation: Evaluation,
) -> Outcome:
    return Outcome(
        positions=len(new),
        duplicates=len(decoded.positions) - len(new),
        reports=told,
        rejections=len(decoded.rejections),
        events=len(evaluation.found),
        folded_again=evaluation.folded_again,
        acks=acks,
        heard=decoded.heard,
        intervals_s={
            status.device_id: status.report_interval_s
            for status in decoded.statuses
            if status.report_interval_s is not None
        },
        newest_fix=max(map(effective_time, new)) if new else None,
        rules_failed=evaluation.failed,
    )


def _joined(parts: Iterable[Outcome]) -> Outcome:
    whole = Outcome()
    for part in parts:
        whole.positions += part.positions
        whole.duplicates += part.duplicates
        whole.reports += part.reports
        whole.rejections += part.rejections
        whole.events += part.events
        whole.folded_again += part.folded_again
        whole.acks += part.acks
        whole.heard |= part.heard
        whole.rules_failed |= part.rules_failed
        whole.intervals_s |= part.intervals_s
        times = [t for t in (whole.newest_fix, part.newest_fix) if t is not None]
        whole.newest_fix = max(times) if times else None
    return whole
