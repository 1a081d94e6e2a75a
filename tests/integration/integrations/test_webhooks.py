"""Signed messages over real HTTP into the real database; signed by the stand-in's own code."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from db import connectors, manifests, rejections
from db.pool import Connection, open_pool
from db.server import DatabaseServer
from domain.settings import Materials
from firmware_sim.outside.push import headers
from integrations import kpu, shipping
from integrations.signatures import parse_keys
from integrations.webhooks import STRANGER_BURST, Webhooks
from tests.support.kpu_documents import broken, document
from tests.support.outside import served

LARGEST = 100_000
SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
SHIPPING_SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def answers() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def url(database_url: str, answers: list[tuple[str, int]]) -> Iterator[str]:
    hooks = [
        kpu.push_hook(parse_keys(SECRET, "S"), Materials()),
        shipping.push_hook(parse_keys(SHIPPING_SECRET, "S")),
    ]
    with open_pool(database_url, "test") as pool:
        webhooks = Webhooks(
            hooks, pool, largest_bytes=LARGEST, timeout_s=2,
            count=lambda name, status: answers.append((name, status)),
        )  # fmt: skip
        app = FastAPI()
        app.include_router(webhooks.router)
        with served(app) as found:
            yield f"{found}/webhooks"


def send(
    url: str,
    message: Any,
    *,
    secret: str = SECRET,
    name: str = "msg-1",
    age_s: int = 0,
    to: str = "kpu",
    **other: str,
) -> httpx.Response:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    signed = headers(secret, name, int(time.time()) - age_s, body)
    given = {**signed, **{key.replace("_", "-"): value for key, value in other.items()}}
    return httpx.post(f"{url}/{to}", content=body, headers=given, trust_env=False)


def count(connection: Connection, table: str = "manifest") -> int:
    words = {"manifest": "select count(*) from manifest",
             "platform_status": "select count(*) from platform_status",
             "webhook_message": "select count(*) from webhook_message"}  # fmt: skip
    row = connection.execute(words[table]).fetchone()  # type: ignore[call-overload]
    assert row is not None
    found: int = row[0]
    return found


def kept(connection: Connection) -> list[rejections.StoredRejection]:
    return rejections.newest(connection, LONG_AGO, 100)


# --- taken ------------------------------------------------------------------------------


def test_a_signed_message_is_taken_once(connection: Connection, url: str) -> None:
    first = send(url, document(1))
    assert first.status_code == 200
    assert first.json()["status"] == "taken"
    assert first.json()["counts"]["manifest"]["NEW"] == 1
    again = send(url, document(1))
    assert (again.status_code, again.json()) == (200, {"status": "already taken"})
    assert len(manifests.imports(connection)) == 1
    state = connectors.state(connection, "kpu-push")
    assert (state.records, state.failures) == (3, 0)


def test_a_message_that_comes_many_times_at_once_is_taken_once(
    connection: Connection, url: str
) -> None:
    with ThreadPoolExecutor(8) as several:
        found = list(several.map(lambda _: send(url, document(1)).json()["status"], range(8)))
    assert sorted(found) == ["already taken"] * 7 + ["taken"]
    assert len(manifests.imports(connection)) == 1


def test_rows_that_cannot_be_taken_are_told_to_the_sender(connection: Connection, url: str) -> None:
    answer = send(url, broken(1))
    assert answer.status_code == 200
    assert any(row["field"] == "planned_arrival" for row in answer.json()["refused"])
    assert count(connection) == 1
    assert connectors.state(connection, "kpu-push").refused == 2


def test_two_senders_may_use_the_same_id(connection: Connection, url: str) -> None:
    report = {"tracking_no": "P1", "at": "2024-11-25T09:12:00+07:00", "word": "Proses Antar"}
    reports = {"format": "kawal-shipping", "version": 1, "statuses": [report]}
    assert send(url, document(1)).status_code == 200
    answer = send(url, reports, secret=SHIPPING_SECRET, to="shipping")
    assert answer.json() == {"status": "taken", "new": 1, "refused": 0}
    assert count(connection, "platform_status") == 1


# --- refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"secret": SHIPPING_SECRET}, "no key of ours"),
        ({"age_s": 400}, "5 minutes ago"),
        ({"age_s": -400}, "5 minutes ahead"),
        ({"webhook_signature": "garbage"}, "must be v1,BASE64"),
        ({"webhook_id": ""}, "are needed"),
    ],
)
def test_what_is_not_signed_is_refused_and_nothing_of_it_is_kept(
    connection: Connection, url: str, how: dict[str, Any], reason: str
) -> None:
    answer = send(url, document(1), **how)
    assert answer.status_code == 401
    assert reason in answer.json()["error"]["reason"]
    (found,) = kept(connection)
    assert (found.topic, found.payload) == ("connector/kpu-push", b"")
    assert count(connection) == 0
    assert connectors.state(connection, "kpu-push").last_error is None  # strangers cannot


@pytest.mark.parametrize(
    ("message", "status", "field"),
    [
        (b"{", 400, "(body)"),
        (b'{"a": NaN}', 422, "format"),
        ({"format": "kawal-manifest", "version": 7}, 422, "version"),
        ([], 422, "(document)"),
        ({**document(1), "next": None}, 422, "next"),
    ],
)
def test_what_is_signed_and_no_document_is_kept_with_its_reason(
    connection: Connection, url: str, message: Any, status: int, field: str
) -> None:
    answer = send(url, message)
    assert (answer.status_code, answer.json()["error"]["field"]) == (status, field)
    (found,) = kept(connection)
    assert found.payload
    assert "refused" in (connectors.state(connection, "kpu-push").last_error or "")
    assert send(url, document(1)).status_code == 200  # the id is not used up
    assert connectors.state(connection, "kpu-push").last_error is None


def test_other_kinds_of_content_are_refused(url: str) -> None:
    assert send(url, document(1), Content_Type="text/csv").status_code == 415
    assert send(url, document(1), Content_Encoding="gzip").status_code == 415


def test_a_body_that_says_it_is_too_large_is_not_read(connection: Connection, url: str) -> None:
    assert send(url, b" " * (LARGEST + 1)).status_code == 413
    assert kept(connection)[0].payload == b""


def test_a_body_that_does_not_say_so_is_read_up_to_the_cap(
    connection: Connection, url: str
) -> None:
    host, port = url.removeprefix("http://").split("/")[0].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(
            b"POST /webhooks/kpu HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/json\r\nwebhook-id: a\r\nwebhook-timestamp: 1\r\n"
            b"webhook-signature: v1,a\r\n\r\n"
        )
        for _ in range(3):
            raw.sendall(f"{LARGEST // 2:x}\r\n".encode() + b" " * (LARGEST // 2) + b"\r\n")
        assert b" 413 " in raw.recv(100)
    assert kept(connection)[0].payload == b""


def test_a_body_that_never_ends_meets_a_deadline(url: str) -> None:
    host, port = url.removeprefix("http://").split("/")[0].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(
            b"POST /webhooks/kpu HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
            b"Content-Type: application/json\r\nwebhook-id: a\r\nwebhook-timestamp: 1\r\n"
            b"webhook-signature: v1,a\r\n\r\n{"
        )
        assert b" 408 " in raw.recv(100)


def test_strangers_are_slowed_down(
    connection: Connection, url: str, answers: list[tuple[str, int]]
) -> None:
    for number in range(STRANGER_BURST):
        assert send(url, {"n": number}, secret=SHIPPING_SECRET).status_code == 401
    slowed = [send(url, {}, secret=SHIPPING_SECRET) for _ in range(10)]
    assert 429 in {answer.status_code for answer in slowed}
    assert slowed[-1].headers["Retry-After"]
    (found,) = kept(connection)  # one row, however many came
    assert found.occurrences >= STRANGER_BURST
    assert ("kpu-push", 429) in answers


# --- the database away ------------------------------------------------------------------


def test_while_the_database_is_away_the_sender_is_asked_to_come_again(
    database_server: DatabaseServer, connection: Connection, url: str
) -> None:
    database_server.stop()
    try:
        answer = send(url, document(1))
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
    finally:
        database_server.start()
    deadline_s = time.monotonic() + 30
    while (answer := send(url, document(1))).status_code == 503:
        assert time.monotonic() < deadline_s
        time.sleep(0.2)
    assert answer.json()["status"] == "taken"
