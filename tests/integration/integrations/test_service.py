"""`kawal integrate` as it is run: killed, stopped, beside servers that hang, without database."""

from __future__ import annotations

import random
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from db import connectors, manifests
from db.connectors import ConnectorState
from db.pool import Connection
from db.server import DatabaseServer
from tests.integration.integrations.conftest import TOKEN, Served
from tests.support.kpu_documents import document
from tests.support.outside import page_writer
from tests.support.processes import Process, get_json, until
from tests.support.services import free_port

PAGES, BOXES = 20, 60
KILLS = 5
Start = Callable[..., "Running"]


class Running(Process):
    """`kawal integrate` and its health page."""

    def __init__(self, port: int, log: Path, **settings: str) -> None:
        super().__init__("integrate", log, KAWAL_INTEGRATIONS_PORT=str(port), **settings)
        self.url = f"http://127.0.0.1:{port}"

    def health(self) -> dict[str, Any] | None:
        return get_json(f"{self.url}/healthz")

    def ready(self) -> None:
        until(lambda: (self.health() or {}).get("ok"), 30, f"ready:\n{self.words()}")


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Iterator[Start]:
    started: list[Running] = []

    def start(**settings: str) -> Running:
        found = Running(
            free_port(), tmp_path / "integrate.log", KAWAL_DATABASE_URL=database_url, **settings
        )
        started.append(found)
        found.start()
        return found

    yield start
    for process in started:
        process.stop()


def of_kpu(server: Served) -> dict[str, str]:
    return {
        "KAWAL_INTEGRATIONS_KPU_URL": server.url,
        "KAWAL_INTEGRATIONS_KPU_TOKEN": TOKEN,
        "KAWAL_INTEGRATIONS_KPU_INTERVAL_S": "0.2",
    }


def count(connection: Connection) -> tuple[int, int]:
    row = connection.execute(
        "select (select count(*) from manifest), (select count(*) from manifest_unit)"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def kpu_state(connection: Connection) -> ConnectorState:
    return connectors.state(connection, "kpu")


def test_killed_in_mid_pull_nothing_is_lost_and_nothing_doubled(
    connection: Connection, kpu_server: Served, run: Start
) -> None:
    write = page_writer(kpu_server.outside.folder)
    for number in range(1, PAGES + 1):
        write(f"{number:03}", document(number, BOXES))
    process = run(**of_kpu(kpu_server))
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    killed_at = []
    for kill in range(1, KILLS + 1):
        aim = PAGES * kill // (KILLS + 2)
        until(lambda aim=aim: count(connection)[0] >= aim, 30, f"page {aim}:\n{process.words()}")
        time.sleep(chance.random() * 0.05)
        process.kill()
        killed_at.append(count(connection)[0])
        process.start()
    until(lambda: count(connection)[0] == PAGES, 60, f"all pages:\n{process.words()}")
    assert any(at < PAGES for at in killed_at), f"seed {seed}: never killed in the middle"
    until(lambda: kpu_state(connection).etag, 10, "the last page is marked")
    assert process.stop() == 0, process.words()
    assert count(connection) == (PAGES, PAGES * BOXES)
    done = manifests.imports(connection, 1000)
    assert len(done) == PAGES, f"seed {seed}"
    assert all(one.finished_at for one in done)
    assert kpu_state(connection).records == PAGES * (2 + BOXES)


def test_one_that_hangs_or_fails_holds_up_no_other(
    connection: Connection, kpu_server: Served, shipping_server: Served, run: Start
) -> None:
    page_writer(kpu_server.outside.folder)("001", document(1))
    shipping_server.outside.switch.set("slow")
    process = run(
        **of_kpu(kpu_server),
        KAWAL_INTEGRATIONS_SHIPPING_URL=shipping_server.url,
        KAWAL_INTEGRATIONS_SHIPPING_TOKEN="wrong",
        KAWAL_INTEGRATIONS_SHIPPING_INTERVAL_S="0.2",
        KAWAL_INTEGRATIONS_TIMEOUT_S="2",
    )
    until(lambda: count(connection) == (1, 1), 30, f"KPU goes on:\n{process.words()}")
    until(lambda: connectors.state(connection, "shipping").last_error, 30, "the deadline")
    shipping_server.outside.switch.set(None)
    refused = "the token is refused: KAWAL_INTEGRATIONS_SHIPPING_TOKEN"
    until(lambda: connectors.state(connection, "shipping").last_error == refused, 30, "in words")
    found = process.health()
    assert found is not None
    assert found["ok"]
    assert found["connectors"]["shipping"]["last_error"] == refused
    assert found["connectors"]["kpu"]["last_error"] is None
    with urllib.request.urlopen(f"{process.url}/metrics") as answer:
        text = answer.read().decode()
    assert 'kawal_connector_records_total{connector="kpu"} 3.0' in text
    assert 'kawal_connector_success_age_seconds{connector="kpu"}' in text
    assert "kawal_integrations_database_up 1.0" in text


def test_a_file_in_the_drop_folder_is_taken(
    connection: Connection, tmp_path: Path, run: Start
) -> None:
    process = run(KAWAL_INTEGRATIONS_DROP_FOLDER=str(tmp_path / "drop"))
    process.ready()
    page_writer(tmp_path / "drop")("manifest", document(1))
    until((tmp_path / "drop/done/manifest.json").exists, 30, f"taken:\n{process.words()}")
    assert count(connection) == (1, 1)


def test_stopped_in_the_middle_of_an_answer_it_ends_at_once(
    connection: Connection, kpu_server: Served, run: Start
) -> None:
    kpu_server.outside.switch.set("slow")
    process = run(**of_kpu(kpu_server))
    until(lambda: kpu_state(connection).last_attempt_at, 30, f"it asks:\n{process.words()}")
    began_s = time.monotonic()
    assert process.stop() == 0, process.words()
    assert time.monotonic() - began_s < 15
    assert kpu_state(connection).failures == 0


def test_it_comes_back_when_the_database_does(
    database_server: DatabaseServer, kpu_server: Served, run: Start
) -> None:
    process = run(**of_kpu(kpu_server))
    process.ready()
    database_server.stop()
    try:
        until(lambda: (process.health() or {}).get("ok") is False, 30, "it notices")
        found = process.health()
        assert found is not None
        assert "database" in found["trouble"]
    finally:
        database_server.start()
    process.ready()
    assert process.stop() == 0, process.words()


def test_a_port_that_is_taken_and_a_bad_address_stop_the_start(run: Start) -> None:
    first = run()
    first.ready()
    port = first.url.rsplit(":", 1)[1]
    second = run(KAWAL_INTEGRATIONS_KPU_URL="ftp://kpu.example")
    until(lambda: not second.alive, 30, "the bad address")
    assert "KAWAL_INTEGRATIONS_KPU_URL: must be" in second.words()
    third = Running(int(port), second._log, KAWAL_DATABASE_URL="")
    third.start()
    until(lambda: not third.alive, 30, "the taken port")
    assert "KAWAL_INTEGRATIONS_PORT" in third.words()
