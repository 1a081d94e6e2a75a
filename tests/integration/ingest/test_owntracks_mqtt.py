"""A phone with OwnTracks, as the app speaks: MQTT 3.1.1, retained, through the ACL."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from db.pool import Connection, connect
from domain.settings import Rules
from ingest.broker import BrokerServer
from ingest.evaluate import Evaluator
from ingest.pipeline import Outcome, Pipeline
from ingest.subscriber import Subscriber
from tests.support.processes import until
from tests.support.services import MakeBroker

USERS = {"ingest": "of-ingest", "budi": "of-budi", "sari": "of-sari"}
TST = 1732590907  # 2024-11-26T03:15:07Z
HERE = {"_type": "location", "lat": -6.2, "lon": 106.8, "tst": TST, "acc": 12, "batt": 80}
WAIT_S = 30


@contextmanager
def phone(broker: BrokerServer, user: str, will: str | None = None) -> Iterator[Client]:
    """The app, signed in."""
    parts = urlsplit(broker.url(user))
    client = Client(
        CallbackAPIVersion.VERSION2, f"{user}pixel", protocol=MQTTProtocolVersion.MQTTv311
    )
    client.username_pw_set(user, unquote(parts.password or ""))
    if will:
        client.will_set(will, json.dumps({"_type": "lwt", "tst": TST}), qos=1)
    client.connect("127.0.0.1", parts.port or 0, 10)
    client.loop_start()
    try:
        until(client.is_connected, WAIT_S, f"{user} is connected")
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


class Ingest:
    """From the broker to the database, one message at a time."""

    def __init__(self, subscriber: Subscriber, connection: Connection) -> None:
        self.subscriber, self.connection = subscriber, connection
        self._pipeline = Pipeline(Rules(), Evaluator(Rules()))

    def take(self) -> Outcome:
        """Commit and acknowledge the next message."""
        found = self.subscriber.drain(1, WAIT_S)
        assert found, "no message came"
        outcome = self._pipeline.process(self.connection, found)
        self.subscriber.acknowledge(found)
        return outcome

    def live(self) -> list[tuple[Any, ...]]:
        return self.connection.execute(
            "select device_id, fix_time, lat_deg, lon_deg, accuracy_m, battery_pct, source"
            " from latest_position"
        ).fetchall()


@pytest.fixture
def broker(make_broker: MakeBroker) -> BrokerServer:
    return make_broker(USERS)


@pytest.fixture
def ingest(broker: BrokerServer, database_url: str) -> Iterator[Ingest]:
    subscriber = Subscriber(broker.url("ingest"), 10)
    subscriber.start()
    until(lambda: subscriber.connected_at, WAIT_S, "ingest is connected")
    with connect(database_url, "test") as connection:
        yield Ingest(subscriber, connection)
    subscriber.stop()


def say(client: Client, topic: str, message: object, *, retain: bool = True) -> None:
    client.publish(topic, json.dumps(message), qos=1, retain=retain).wait_for_publish(WAIT_S)


def test_a_phone_becomes_a_live_position(ingest: Ingest, broker: BrokerServer) -> None:
    with phone(broker, "budi") as app:
        say(app, "owntracks/budi/pixel", HERE)
        outcome = ingest.take()
    assert (outcome.positions, outcome.acks) == (1, [])
    fix_time = datetime(2024, 11, 26, 3, 15, 7, tzinfo=UTC)
    assert ingest.live() == [("budi", fix_time, -6.2, 106.8, 12.0, 80.0, "owntracks")]


def test_it_moves_on_and_a_repetition_is_nothing_new(ingest: Ingest, broker: BrokerServer) -> None:
    with phone(broker, "budi") as app:
        for message in (HERE, {**HERE, "tst": TST + 60, "lon": 106.805}, HERE):
            say(app, "owntracks/budi/pixel", message)
        outcomes = [ingest.take() for _ in range(3)]
    assert [outcome.positions for outcome in outcomes] == [1, 1, 0]
    assert [row[3] for row in ingest.live()] == [106.805]


def test_what_is_no_fix_is_passed_over_and_what_is_wrong_is_kept_with_its_reason(
    ingest: Ingest, broker: BrokerServer
) -> None:
    with phone(broker, "budi") as app:
        say(app, "owntracks/budi/pixel/event", {"_type": "transition", "event": "enter"})
        say(app, "owntracks/budi/pixel", {"_type": "location", "lat": 97, "lon": 1, "tst": TST})
        nothing, wrong = ingest.take(), ingest.take()
    assert (nothing.positions, nothing.rejections) == (0, 0)
    assert (wrong.positions, wrong.rejections) == (0, 1)
    kept = ingest.connection.execute("select device_id, field from rejection").fetchall()
    assert kept == [("budi", "lat")]


def test_a_phone_that_is_lost_is_offline(ingest: Ingest, broker: BrokerServer) -> None:
    with phone(broker, "budi", will="owntracks/budi/pixel") as app:
        say(app, "owntracks/budi/pixel", HERE)
        ingest.take()
        sock: Any = app.socket()
        sock.shutdown(socket.SHUT_RDWR)  # no DISCONNECT: the network is gone
        outcome = ingest.take()
    assert outcome.heard == {}
    states = ingest.connection.execute("select device_id, state from device_status").fetchall()
    assert states == [("budi", "offline")]


def test_nobody_speaks_for_another_phone(ingest: Ingest, broker: BrokerServer) -> None:
    """In MQTT 3.1.1 a refusal looks like a success, so only what arrives tells."""
    with phone(broker, "sari") as app:
        say(app, "owntracks/budi/pixel", HERE)
    with phone(broker, "sari") as app:
        say(app, "owntracks/sari/pixel", {**HERE, "lat": -7.5})
        ingest.take()
    assert [row[0] for row in ingest.live()] == ["sari"]
    assert ingest.subscriber.drain(1, 0.5) == []
