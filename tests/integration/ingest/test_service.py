"""Ingest as it runs, while its database and its broker go away and come back."""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from db import plan as stored_plan
from db.migrate import migrate
from db.pool import connect
from db.server import DatabaseServer
from domain.plan import dump
from domain.settings import Ingest, Rules
from ingest.broker import BrokerServer
from ingest.decode import Raw
from ingest.service import Service
from ingest.subscriber import Subscriber
from tests.support.journeys import along, astray, plan, record, single
from tests.support.processes import get_json, until
from tests.support.services import MakeBroker, free_port
from tests.support.trackers import PlainTracker

DEVICE = "KWL-0001"
USERS = {"ingest": "of-ingest", DEVICE: "of-the-tracker"}
SETTINGS = Ingest(batch_size=50, batch_wait_ms=10, ack_interval_ms=100, health_port=0)
# The machine stays up: what a killed server has written is in the file all the same.
KILLABLE = {"fsync": "off", "full_page_writes": "off"}
WAIT_S = 30


class Running:
    """A service in a thread, seen from outside."""

    def __init__(self, database_url: str, broker_url: str) -> None:
        self.service = Service(SETTINGS, Rules(), database_url, broker_url)
        self._thread = threading.Thread(target=self.service.run)
        self._thread.start()

    def health(self) -> dict[str, Any]:
        return get_json(f"http://127.0.0.1:{self.service.health.port}/healthz") or {}

    def wait_well(self) -> None:
        until(lambda: self.health().get("ok"), WAIT_S, "ingest is well")

    def wait_trouble(self, word: str) -> None:
        until(lambda: word in (self.health().get("trouble") or ""), WAIT_S, f"trouble: {word}")
        assert self.health()["ok"] is False

    def metric(self, name: str) -> float:
        url = f"http://127.0.0.1:{self.service.health.port}/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        (line,) = [line for line in lines if line.startswith(f"kawal_{name} ")]
        return float(line.split()[1])

    def stop(self) -> None:
        self.service.stop()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()


@contextmanager
def running(database_url: str, broker: BrokerServer) -> Iterator[Running]:
    """Its settings of the garbage collector are for a process of its own."""
    thresholds = gc.get_threshold()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "freeze", lambda: None)
        one = Running(database_url, broker.url("ingest"))
        try:
            yield one
        finally:
            one.stop()
            gc.set_threshold(*thresholds)


@contextmanager
def tracker(broker: BrokerServer) -> Iterator[PlainTracker]:
    one = PlainTracker(broker.url(DEVICE))
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
def broker(make_broker: MakeBroker) -> BrokerServer:
    return make_broker(USERS)


@pytest.fixture
def cluster(runtime: Path, tmp_path: Path) -> Iterator[DatabaseServer]:
    """A database server of its own, which the test may kill."""
    server = DatabaseServer(runtime, tmp_path / "cluster", free_port(), KILLABLE)
    server.initialise()
    server.start()
    server.ensure_database("kawal")
    migrate(server.url("kawal"))
    yield server
    server.stop()


def send(one: PlainTracker, first: int, last: int) -> None:
    for seq in range(first, last + 1):
        one.publish("position", single(record(seq, 110.05 + seq * 0.0005)))


def stored(database_url: str) -> tuple[int, int]:
    """(rows, distinct numbers) of positions."""
    with connect(database_url, "test") as connection:
        row = connection.execute("select count(*), count(distinct seq) from position").fetchone()
    assert row is not None
    return row[0], row[1]


def test_the_database_is_killed_in_mid_stream(
    cluster: DatabaseServer, broker: BrokerServer
) -> None:
    url = cluster.url("kawal")
    with running(url, broker) as ingest, tracker(broker) as device:
        ingest.wait_well()
        send(device, 1, 200)
        until(lambda: stored(url)[0] > 50, WAIT_S, "ingest is in mid-stream")
        for pid in cluster.leaders(cluster.pids()):
            os.kill(pid, signal.SIGKILL)
        send(device, 201, 400)
        ingest.wait_trouble("database: ")
        cluster.start()
        ingest.wait_well()
        assert device.wait_acked(400, WAIT_S)
        assert stored(url) == (400, 400)
        assert ingest.metric("retries_total") > 0
        assert ingest.metric("positions_total") + ingest.metric("duplicates_total") >= 400


def test_asked_to_stop_while_the_database_is_away(
    cluster: DatabaseServer, broker: BrokerServer
) -> None:
    """It does not wait for it, and what was in hand comes again to the next one."""
    url = cluster.url("kawal")
    with tracker(broker) as device:
        with running(url, broker) as ingest:
            ingest.wait_well()
            cluster.stop()
            send(device, 1, 60)
            ingest.wait_trouble("database: ")
        assert device.acked == 0
        cluster.start()
        with running(url, broker) as ingest:
            ingest.wait_well()
            assert device.wait_acked(60, WAIT_S)
    assert stored(url) == (60, 60)


def test_the_broker_is_restarted_in_mid_stream(database_url: str, broker: BrokerServer) -> None:
    with running(database_url, broker) as ingest, tracker(broker) as device:
        ingest.wait_well()
        send(device, 1, 200)
        broker.stop()
        ingest.wait_trouble("broker: not connected")
        send(device, 201, 400)
        broker.start()
        ingest.wait_well()
        assert device.wait_acked(400, WAIT_S)
        assert stored(database_url) == (400, 400)


def test_a_broker_that_refuses_us_is_told(database_url: str, broker: BrokerServer) -> None:
    broker.remove_users(["ingest"])
    broker.reload()
    with running(database_url, broker) as ingest:
        ingest.wait_trouble("broker: Not authorized")
        broker.add_users(USERS)
        broker.reload()
        ingest.wait_well()
        assert ingest.health()["trouble"] is None


def test_a_plan_that_is_imported_meanwhile_counts(database_url: str, broker: BrokerServer) -> None:
    with running(database_url, broker) as ingest, tracker(broker) as device:
        ingest.wait_well()
        with connect(database_url, "test") as connection:
            stored_plan.store(connection, plan([DEVICE]), "test", dump(plan([DEVICE])))
        until(lambda: ingest.service._plan_version == 1, WAIT_S, "the plan is followed")
        for item in [*along(1, 10), *astray(11, 20, lon=110.14)]:
            device.publish("position", single(item))
        assert device.wait_acked(20, WAIT_S)
    with connect(database_url, "test") as connection:
        rules = connection.execute("select rule, shipment_id from alert").fetchall()
    assert rules == [("CORRIDOR_DEVIATION", f"SHP-{DEVICE}")]


def receive(subscriber: Subscriber, *seqs: int) -> list[Raw]:
    """The next messages, which are those numbered `seqs`."""
    found: list[Raw] = []

    def all_here() -> bool:
        found.extend(subscriber.drain(10, 0.2))
        return len(found) >= len(seqs)

    until(all_here, WAIT_S, f"messages {seqs}")
    assert [json.loads(raw.payload)["seq"] for raw in found] == [*seqs]
    return found


def reconnect(subscriber: Subscriber, broker: BrokerServer) -> None:
    before = subscriber.session
    broker.stop()
    broker.start()
    until(lambda: subscriber.session > before, WAIT_S, "the subscriber is back")


def test_a_message_of_an_old_connection_is_not_acknowledged_on_the_new_one(
    broker: BrokerServer,
) -> None:
    """Its number may be another message's by now; it comes again by itself. The broker sends
    two at a time, so that the third shows when they count as acknowledged."""
    subscriber = Subscriber(broker.url("ingest"), 2)
    subscriber.start()
    until(lambda: subscriber.connected_at, WAIT_S, "the subscriber is connected")
    try:
        with tracker(broker) as device:
            send(device, 1, 3)
            old = receive(subscriber, 1, 2)
        reconnect(subscriber, broker)
        receive(subscriber, 1, 2)
        subscriber.acknowledge(old)
        assert subscriber.drain(10, 0.5) == []
        reconnect(subscriber, broker)
        subscriber.acknowledge(receive(subscriber, 1, 2))
        receive(subscriber, 3)
    finally:
        subscriber.stop()


def test_alerts_are_tended_while_it_runs(database_url: str, broker: BrokerServer) -> None:
    with connect(database_url, "test") as connection:
        connection.execute(
            "insert into alert (alert_key, rule, severity, programme, state, opened_at,"
            " last_seen_at, waiting_since) values ('SOS/-/-/-', 'SOS', 1, 'LOGISTICS', 'NEW',"
            " now(), now(), now() - interval '119 s')"
        )

        def levels() -> list[tuple[Any, ...]]:
            return connection.execute("select escalation from alert").fetchall()

        with running(database_url, broker) as ingest:
            ingest.wait_well()
            until(lambda: levels() == [(1,)], WAIT_S, "nobody came: it escalates")
