"""Health: what a probe and a Prometheus are told."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.message import Message
from typing import Any

import pytest

from ingest.health import Health, Metrics
from ingest.pipeline import Outcome

WIB = timezone(timedelta(hours=7))


class Probed:
    """A health server, and the state that it tells."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.state: dict[str, Any] = {"ok": True, "trouble": None}
        self.health = Health(self.metrics, lambda: self.state)
        self.health.start("127.0.0.1", 0)

    def get(self, path: str) -> tuple[int, Message, bytes]:
        try:
            with urllib.request.urlopen(self.url(path), timeout=5) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.health.port}{path}"

    def values(self) -> dict[str, float]:
        text = self.get("/metrics")[2].decode()
        lines = [line.rpartition(" ") for line in text.splitlines() if line[0] != "#"]
        return {name: float(value) for name, _, value in lines}


@pytest.fixture
def probed() -> Iterator[Probed]:
    one = Probed()
    yield one
    one.health.stop()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_well_is_200_and_trouble_is_503_with_the_reason(probed: Probed, path: str) -> None:
    code, headers, body = probed.get(path)
    assert (code, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body) == {"ok": True, "trouble": None}
    probed.state = {"ok": False, "trouble": "database: away"}
    code, _, body = probed.get(path)
    assert (code, json.loads(body)["trouble"]) == (503, "database: away")


def test_times_are_told_in_utc(probed: Probed) -> None:
    probed.state["last_commit_at"] = datetime(2024, 11, 26, 8, 0, tzinfo=WIB)
    body = json.loads(probed.get("/healthz")[2])
    assert body["last_commit_at"] == "2024-11-26T01:00:00+00:00"


def test_what_a_batch_came_to_is_counted(probed: Probed) -> None:
    outcome = Outcome(positions=3, duplicates=2, reports=1, rejections=4, events=5, folded_again=6)
    for _ in range(2):
        probed.metrics.count(outcome, messages=7)
    probed.metrics.inbox.set(11)
    probed.metrics.commit.observe(0.02)
    found = probed.values()
    expected = {
        "kawal_messages_total": 14,
        "kawal_positions_total": 6,
        "kawal_duplicates_total": 4,
        "kawal_reports_total": 2,
        "kawal_rejections_total": 8,
        "kawal_events_total": 10,
        "kawal_folded_again_total": 12,
        "kawal_retries_total": 0,
        "kawal_inbox": 11,
        'kawal_receipt_to_commit_seconds_bucket{le="0.01"}': 0,
        'kawal_receipt_to_commit_seconds_bucket{le="0.025"}': 1,
    }
    assert {name: found[name] for name in expected} == expected


def test_two_services_count_for_themselves(probed: Probed) -> None:
    Metrics().messages.inc(5)
    assert probed.values()["kawal_messages_total"] == 0


def test_another_path_is_told_where_to_look(probed: Probed) -> None:
    code, headers, body = probed.get("/<script>")
    assert (code, headers["Content-Type"]) == (404, "text/plain")
    assert body == b"see /healthz and /metrics\n"


def test_once_stopped_nobody_answers(probed: Probed) -> None:
    one = Probed()
    one.health.stop()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(one.url("/healthz"), timeout=5)


def test_stopping_what_never_began_is_no_trouble() -> None:
    Health(Metrics(), dict).stop()
