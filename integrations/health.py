"""Health: what the integrations say of themselves to Prometheus and to /healthz."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.responses import JSONResponse, Response

from db import connectors
from db.connectors import ConnectorState
from db.pool import AWAY
from db.views import Pool

WAIT_S = 2.0
BY = ["connector"]


class Metrics:
    """What the integrations count. One registry a service, so that tests can run several."""

    def __init__(self, states: Callable[[], list[ConnectorState] | None]) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_States(states))
        self.answers = Counter(
            "kawal_webhook_answers",
            "Messages answered, by status",
            ["webhook", "status"],
            registry=self.registry,
        )

    def count_answer(self, webhook: str, status: int) -> None:
        """A message was answered."""
        self.answers.labels(webhook, str(status)).inc()


class _States(Collector):
    """The table connector_state as metrics, read when somebody asks."""

    def __init__(self, states: Callable[[], list[ConnectorState] | None]) -> None:
        self._states = states

    def collect(self) -> Iterator[Metric]:
        found = self._states()
        up = GaugeMetricFamily("kawal_integrations_database_up", "Whether the database answers")
        up.add_metric([], float(found is not None))
        yield up
        yield from _metrics(found or [], datetime.now(UTC))


def _metrics(states: Iterable[ConnectorState], now: datetime) -> Iterator[Metric]:
    age = GaugeMetricFamily(
        "kawal_connector_success_age_seconds", "Since the last success", labels=BY
    )
    failures = GaugeMetricFamily("kawal_connector_failures", "Failures in a row", labels=BY)
    records = CounterMetricFamily(
        "kawal_connector_records", "Records that were new or changed", labels=BY
    )
    refused = CounterMetricFamily("kawal_connector_refused", "Records refused", labels=BY)
    for state in states:
        if state.last_success_at is not None:
            age_s = (now - state.last_success_at).total_seconds()
            age.add_metric([state.connector], age_s)
        failures.add_metric([state.connector], state.failures)
        records.add_metric([state.connector], state.records)
        refused.add_metric([state.connector], state.refused)
    yield from (age, failures, records, refused)


def states_of(pool: Pool) -> list[ConnectorState] | None:
    """All states of connectors; None where the database is away."""
    try:
        with pool.connection(WAIT_S) as connection:
            return connectors.states(connection)
    except AWAY:
        return None


def health_routes(metrics: Metrics, state: Callable[[], dict[str, Any]]) -> APIRouter:
    """GET /healthz and /readyz (200 while all is well here, else 503), and /metrics."""
    router = APIRouter()

    def health() -> Response:
        now = state()
        return JSONResponse(now, 200 if now["ok"] else 503)

    def measured() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    router.add_api_route("/healthz", health)
    router.add_api_route("/readyz", health)
    router.add_api_route("/metrics", measured)
    return router
