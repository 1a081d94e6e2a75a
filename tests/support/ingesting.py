"""A pipeline over a connection, as the service has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from db import plan as stored_plan
from db import rule_sets
from db.pool import Connection
from domain.chart import chart
from domain.settings import Rules
from ingest.decode import Raw
from ingest.evaluate import Evaluator
from ingest.pipeline import Outcome, Pipeline
from tests.support.journeys import START, single

TOPIC = "kawal/v1/KWL-0001/position"
EVENTS = "kawal/v1/KWL-0001/event"
NOW = START + timedelta(hours=2)


class Ingest:
    """`restart` forgets all memory and reads the plan and the history of the rules anew."""

    def __init__(self, connection: Connection, rules: Rules | None = None) -> None:
        self.connection = connection
        self.rules = rules or Rules()
        self.restart()

    def restart(self) -> None:
        history = rule_sets.history(self.connection, self.rules)
        self.evaluator = Evaluator(self.rules)
        self.evaluator.survey = chart(stored_plan.load(self.connection), self.rules, history)
        self.pipeline = Pipeline(self.rules, self.evaluator)

    def take(self, *messages: tuple[str, bytes], at: datetime = NOW) -> Outcome:
        return self.pipeline.process(
            self.connection, [Raw(topic, payload, at) for topic, payload in messages]
        )

    def fixes(self, items: Sequence[dict[str, Any]], at: datetime = NOW) -> Outcome:
        return self.take(*((TOPIC, single(item)) for item in items), at=at)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def freed(self, outcome: Outcome) -> int:
        """Up to which number the device may free its ring."""
        (ack,) = outcome.acks
        return ack.seq

    def facts(self) -> set[tuple[Any, ...]]:
        return set(self.rows("select event_key, alert_key from event where superseded_at is null"))
