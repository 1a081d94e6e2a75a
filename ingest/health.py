"""Health: counters for Prometheus, and whether ingest does its work."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ingest.pipeline import Outcome

LATENCY_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """What ingest counts. One registry a service, so that tests can run several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.messages = self._counter("messages", "Messages committed")
        self.positions = self._counter("positions", "New fixes stored")
        self.duplicates = self._counter("duplicates", "Fixes that were there already")
        self.reports = self._counter("reports", "New device events stored")
        self.rejections = self._counter("rejections", "Messages or records refused")
        self.events = self._counter("events", "Events found by the rules")
        self.folded_again = self._counter("folded_again", "Fixes folded again for late ones")
        self.rules_failed = self._counter("rules_failed", "Devices whose rules failed in a batch")
        self.retries = self._counter("retries", "Batches tried again")
        self.inbox = Gauge("kawal_inbox", "Messages waiting", registry=self.registry)
        self.lag = Gauge("kawal_lag_seconds", "Age of the oldest message of the last batch",
                         registry=self.registry)  # fmt: skip
        self.commit = Histogram("kawal_receipt_to_commit_seconds", "Receipt to commit",
                                buckets=LATENCY_S, registry=self.registry)  # fmt: skip

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"kawal_{name}", text, registry=self.registry)

    def count(self, outcome: Outcome, messages: int) -> None:
        """Add what a committed batch came to."""
        self.messages.inc(messages)
        self.positions.inc(outcome.positions)
        self.duplicates.inc(outcome.duplicates)
        self.reports.inc(outcome.reports)
        self.rejections.inc(outcome.rejections)
        self.events.inc(outcome.events)
        self.folded_again.inc(outcome.folded_again)
        self.rules_failed.inc(len(outcome.rules_failed))


class Health:
    """GET /healthz (200 while broker and database answer, else 503) and /metrics."""

    def __init__(self, metrics: Metrics, state: Callable[[], dict[str, Any]]) -> None:
        self._metrics = metrics
        self._state = state
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    def start(self, host: str, port: int) -> None:
        """Serve in the background; port 0 takes a free one."""
        self._server = ThreadingHTTPServer((host, port), self._answerer())
        self.port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True
        ).start()

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _answerer(self) -> type[BaseHTTPRequestHandler]:
        metrics, state = self._metrics, self._state

        class Answerer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/metrics":
                    self._send(200, CONTENT_TYPE_LATEST, generate_latest(metrics.registry))
                elif self.path in ("/healthz", "/readyz"):
                    now = state()
                    text = json.dumps(now, default=_text).encode()
                    self._send(200 if now["ok"] else 503, "application/json", text)
                else:
                    self._send(404, "text/plain", b"see /healthz and /metrics\n")

            def _send(self, code: int, kind: str, body: bytes) -> None:
                self.send_response(code)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Probes are not worth a line each."""

        return Answerer


def _text(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
