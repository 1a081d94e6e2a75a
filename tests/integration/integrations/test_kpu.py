"""KPU's pages, pulled from the stand-in over real HTTP into the real database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db import connectors
from db.pool import Connection, connect
from domain.demo import demo_plan
from domain.demo_manifests import demo_manifests, demo_receipt
from domain.settings import Materials
from firmware_sim.outside.kpu import kpu
from firmware_sim.outside.pages import Outside, create_app
from integrations.http import Client, Endpoint
from integrations.kpu import KpuConnector
from integrations.runner import Pull
from tests.support.outside import page_writer, served

NOW = datetime(2024, 11, 20, 3, tzinfo=UTC)
DOCUMENTS = demo_manifests(demo_plan(NOW), NOW, Materials())
SMALL = [name for name in DOCUMENTS if "stations" in name or "DEMO-10" in name]


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    write = page_writer(tmp_path / "kpu")
    for name in SMALL:
        write(name.removesuffix(".json"), DOCUMENTS[name])
    return kpu(tmp_path / "kpu", "right")


@pytest.fixture
def url(outside: Outside) -> Iterator[str]:
    with served(create_app(outside)) as found:
        yield found


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with connect(database_url, "test") as opened:
        yield opened


def pull(connection: Connection, url: str, now: datetime = NOW) -> None:
    names = ("KAWAL_INTEGRATIONS_KPU_URL", "KAWAL_INTEGRATIONS_KPU_TOKEN")
    client = Client(Endpoint(url, "right", 10, 50_000_000, *names), threading.Event())
    Pull(KpuConnector(client, 1, Materials()), threading.Event()).run(connection, now)


def counted(connection: Connection) -> dict[str, int]:
    tables = ("station", "manifest", "manifest_unit", "receipt", "record_history")
    rows = connection.execute(
        " union all ".join(f"select '{name}', count(*) from {name}" for name in tables)  # noqa: S608
    )
    return dict(rows.fetchall())


def test_all_pages_are_taken_once(connection: Connection, url: str) -> None:
    pull(connection, url)
    first = counted(connection)
    assert first == {
        "station": 2148, "manifest": 1, "manifest_unit": 2, "receipt": 0, "record_history": 0,
    }  # fmt: skip
    pull(connection, url, NOW + timedelta(minutes=1))
    assert counted(connection) == first
    assert connectors.state(connection, "kpu").failures == 0


def test_a_page_that_appears_later_supersedes_and_brings_its_receipts(
    connection: Connection, url: str, outside: Outside
) -> None:
    pull(connection, url)
    manifest = DOCUMENTS[SMALL[-1]]["manifests"][0]
    page_writer(outside.folder)("9-later", demo_receipt(manifest, NOW))
    pull(connection, url, NOW + timedelta(minutes=1))
    found = counted(connection)
    assert (found["manifest"], found["receipt"]) == (1, 1)
    assert found["record_history"] >= 1
    row = connection.execute("select status, revision from manifest").fetchone()
    assert row == ("RECEIVED", manifest["revision"] + 1)


def test_a_server_that_fails_is_asked_again_and_costs_nothing(
    connection: Connection, url: str, outside: Outside
) -> None:
    outside.switch.set("error", 1)
    pull(connection, url)
    state = connectors.state(connection, "kpu")
    assert state.failures == 1
    assert counted(connection)["station"] == 0
    pull(connection, url, NOW + timedelta(minutes=5))
    assert counted(connection)["station"] == 2148
    assert connectors.state(connection, "kpu").failures == 0
