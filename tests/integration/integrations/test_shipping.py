"""Status reports pulled from the stand-in for PT Pos."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from db import connectors, manifests, rejections, shipping
from db.pool import Connection
from domain.plan_words import ShipmentStatus
from domain.settings import Materials
from integrations.json_files import read_document
from integrations.runner import Pull
from integrations.shipping import ShippingConnector
from tests.integration.integrations.conftest import Served
from tests.support.kpu_documents import document
from tests.support.outside import page_writer

NOW = datetime(2024, 11, 25, 8, tzinfo=UTC)
RECORDINGS = Path(__file__).resolve().parents[2] / "recordings/shipping"


def page(*reports: dict[str, Any]) -> dict[str, Any]:
    return {"format": "kawal-shipping", "version": 1, "source": "PT Pos", "statuses": list(reports)}


def report(number: str, hour: int, word: str) -> dict[str, Any]:
    return {"tracking_no": number, "at": f"2024-11-25T{hour:02}:00:00+07:00", "word": word}


def pull(server: Served, connection: Connection, now: datetime = NOW) -> None:
    connector = ShippingConnector(server.client(), 60)
    Pull(connector, threading.Event()).run(connection, now)


def with_manifest(connection: Connection, tracking_no: str) -> None:
    manifests.store(
        connection, read_document(document(1, tracking_no=tracking_no)), source="test", name="test",
        sha256=None, imported_by="test", materials=Materials(),
    )  # fmt: skip
    with connection.transaction():
        connection.execute("delete from reconcile_due")


def due(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute("select manifest_id from reconcile_due")]


def test_reports_are_stored_once_and_their_manifests_reconciled(
    connection: Connection, shipping_server: Served
) -> None:
    with_manifest(connection, "P1")
    write = page_writer(shipping_server.outside.folder)
    write("001", page(report("P1", 9, "Posting Loket"), report("P2", 9, "Posting Loket")))
    pull(shipping_server, connection)
    assert due(connection) == ["M-1"]
    with connection.transaction():
        connection.execute("delete from reconcile_due")
    write("002", page(report("P1", 9, "Posting Loket"), report("P2", 11, "Selesai Antar")))
    pull(shipping_server, connection, NOW + timedelta(minutes=2))
    assert due(connection) == []  # nothing new of P1
    assert [status.status for status in shipping.history(connection, "P2")] == [
        ShipmentStatus.RECEIVED,
        ShipmentStatus.LOADED,
    ]
    assert connectors.state(connection, "shipping").records == 3


def test_what_is_not_understood_is_kept_and_told(
    connection: Connection, shipping_server: Served
) -> None:
    odd = report("P1", 9, "Dititipkan Tetangga")
    bad = report("P1", 10, "Proses Antar") | {"at": "kemarin"}
    good = report("P1", 11, "Proses Antar")
    page_writer(shipping_server.outside.folder)("001", page(odd, bad, good))
    pull(shipping_server, connection)
    assert [(found.word, found.status) for found in shipping.history(connection, "P1")] == [
        ("Proses Antar", ShipmentStatus.IN_TRANSIT),
        ("Dititipkan Tetangga", None),
    ]
    found = rejections.newest(connection, NOW - timedelta(days=9999), 10)
    assert {(one.topic, one.field) for one in found} == {
        ("connector/shipping", "word"),
        ("connector/shipping", "statuses[1].at"),
    }
    state = connectors.state(connection, "shipping")
    assert (state.records, state.refused, state.last_error) == (2, 2, None)


def test_another_list_blocks_and_says_why(connection: Connection, shipping_server: Served) -> None:
    page_writer(shipping_server.outside.folder)("001", document(1))
    pull(shipping_server, connection)
    assert "kawal-shipping" in (connectors.state(connection, "shipping").last_error or "")


def test_recorded_answers_are_read(connection: Connection, shipping_server: Served) -> None:
    write = page_writer(shipping_server.outside.folder)
    for file in sorted(RECORDINGS.glob("page-*.json")):
        write(file.stem, json.loads(file.read_text("utf-8")))
    pull(shipping_server, connection)
    state = connectors.state(connection, "shipping")
    assert (state.last_error, state.refused) == (None, 0)
    words = [status.word for status in shipping.history(connection, "P2411250001")]
    assert words[0] == "Selesai Antar"
