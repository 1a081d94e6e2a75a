"""The broker with our configuration: who gets in, who may do what, what is kept."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from urllib.parse import urlsplit

import pytest
from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from db.process import ServerError
from ingest.broker import BrokerServer
from tests.support.services import ROOT, MakeBroker

USERS = {"ingest": "for/ingest", "demo": "for demo", "JKT-01": "one", "JKT-02": "two"}
NOT_AUTHORISED = 0x87
WAIT_S = 10

PARENT = """
import sys, time
from pathlib import Path
from ingest.broker import BrokerServer
BrokerServer(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])).start()
print("up", flush=True)
time.sleep(60)
"""


class Party:
    """A client with its answers and messages in queues."""

    def __init__(
        self, broker: BrokerServer, user: str | None, password: str | None, client_id: str = ""
    ) -> None:
        self.port = broker.port
        self.connected: Queue[ReasonCode] = Queue()
        self.subscribed: Queue[list[ReasonCode]] = Queue()
        self.published: Queue[ReasonCode] = Queue()
        self.messages: Queue[MQTTMessage] = Queue()
        self.lost: Queue[ReasonCode] = Queue()
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        self.client.username_pw_set(user, password)
        self.client.on_connect = self._on_connect
        self.client.on_publish = lambda _c, _u, _mid, code, _p: self.published.put(code)
        self.client.on_subscribe = lambda _c, _u, _mid, codes, _p: self.subscribed.put(codes)
        self.client.on_disconnect = lambda _c, _u, _f, code, _p: self.lost.put(code)
        self.client.on_message = lambda _c, _u, message: self.messages.put(message)

    def _on_connect(
        self, _c: Client, _u: object, flags: ConnectFlags, code: ReasonCode, _p: object
    ) -> None:
        self.session_present = flags.session_present
        self.connected.put(code)

    def connect(self, clean_start: bool = True) -> ReasonCode:
        lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        lasting.SessionExpiryInterval = 3600
        self.client.connect("127.0.0.1", self.port, clean_start=clean_start, properties=lasting)
        self.client.loop_start()
        return self.connected.get(timeout=WAIT_S)

    def subscribe(self, topic: str) -> None:
        self.client.subscribe(topic, qos=1)
        self.subscribed.get(timeout=WAIT_S)

    def publish(self, topic: str, payload: str = "{}") -> int:
        self.client.publish(topic, payload, qos=1)
        return self.published.get(timeout=WAIT_S).value

    def receive(self) -> str:
        message = self.messages.get(timeout=WAIT_S)
        return message.topic

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def party(broker: BrokerServer, user: str, clean_start: bool = True) -> Iterator[Party]:
    """The user, signed in with the password that its URL holds."""
    one = Party(broker, user, USERS[user])
    assert not one.connect(clean_start).is_failure
    try:
        yield one
    finally:
        one.leave()


@pytest.fixture
def broker(make_broker: MakeBroker) -> BrokerServer:
    return make_broker(USERS)


@pytest.mark.parametrize(
    ("user", "password"),
    [(None, None), ("JKT-01", "two"), ("JKT-01", ""), ("nobody-we-know", "one")],
)
def test_strangers_are_refused(
    broker: BrokerServer, user: str | None, password: str | None
) -> None:
    stranger = Party(broker, user, password)
    assert stranger.connect().value == NOT_AUTHORISED
    stranger.leave()


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("JKT-01", "kawal/v1/JKT-02/position"),
        ("JKT-01", "kawal/v1/JKT-01/ack"),
        ("JKT-01", "owntracks/JKT-02/phone"),
        ("JKT-01", "demo/v1/JKT-01"),
        ("demo", "kawal/v1/JKT-01/command"),
        ("ingest", "kawal/v1/JKT-01/position"),
    ],
)
def test_what_a_user_may_not_publish(broker: BrokerServer, user: str, topic: str) -> None:
    with party(broker, user) as one:
        assert one.publish(topic) == NOT_AUTHORISED


def test_a_device_hears_only_what_is_meant_for_it(broker: BrokerServer) -> None:
    with party(broker, "JKT-01") as device, party(broker, "ingest") as ingest:
        for topic in ("kawal/v1/#", "owntracks/#", "$SYS/#", "demo/#"):
            device.subscribe(topic)
        ingest.publish("kawal/v1/JKT-02/ack")
        ingest.publish("kawal/v1/JKT-02/command")
        ingest.publish("kawal/v1/JKT-01/command")
        assert device.receive() == "kawal/v1/JKT-01/command"


@pytest.mark.parametrize(
    "topic",
    [
        "kawal/v1/JKT-01/position",
        "kawal/v1/JKT-01/event",
        "kawal/v1/JKT-01/status",
        "owntracks/JKT-01/phone",
        "owntracks/JKT-01/phone/event",
    ],
)
def test_ingest_hears_what_devices_say(broker: BrokerServer, topic: str) -> None:
    with party(broker, "ingest") as ingest, party(broker, "JKT-01") as device:
        ingest.subscribe(topic.replace("JKT-01", "+"))
        assert device.publish(topic) == 0
        assert ingest.receive() == topic


def test_ingest_reads_the_brokers_own_counters(broker: BrokerServer) -> None:
    with party(broker, "ingest") as ingest:
        ingest.subscribe("$SYS/broker/version")
        assert ingest.receive() == "$SYS/broker/version"


def test_demo_controls_the_simulator(broker: BrokerServer) -> None:
    with party(broker, "demo") as demo:
        demo.subscribe("demo/v1/#")
        demo.publish("demo/v1/divert")
        assert demo.receive() == "demo/v1/divert"


def test_a_session_belongs_to_its_name_and_not_to_a_client_id(broker: BrokerServer) -> None:
    with party(broker, "ingest", clean_start=False) as ingest:
        ingest.subscribe("kawal/v1/+/event")
    thief = Party(broker, "JKT-02", USERS["JKT-02"], client_id="ingest")
    assert not thief.connect(clean_start=False).is_failure
    assert not thief.session_present
    thief.leave()


def test_a_long_queue_survives_a_restart_and_comes_without_waiting_for_answers(
    broker: BrokerServer,
) -> None:
    """A stock mosquitto drops past 1,000 queued, and sends only 20 unanswered ones."""
    with party(broker, "ingest", clean_start=False) as ingest:
        ingest.subscribe("kawal/v1/+/position")
    with party(broker, "JKT-01") as device:
        for _ in range(1_100):
            device.client.publish("kawal/v1/JKT-01/position", "{}", qos=1)
        assert {device.published.get(timeout=WAIT_S).value for _ in range(1_100)} == {0}
    broker.stop()
    broker.start()
    with party(broker, "ingest", clean_start=False) as ingest:
        assert ingest.session_present
        for _ in range(1_100):
            ingest.receive()


def test_users_come_and_go_at_a_reload(broker: BrokerServer) -> None:
    with party(broker, "JKT-01") as stays, party(broker, "JKT-02") as removed:
        broker.add_users({"JKT-03": "three"})
        broker.remove_users(["JKT-02"])
        broker.reload()
        assert removed.lost.get(timeout=WAIT_S).is_failure
        assert removed.connected.get(timeout=WAIT_S).value == NOT_AUTHORISED  # it tries again
        added = Party(broker, "JKT-03", "three")
        assert not added.connect().is_failure
        added.leave()
        assert stays.lost.empty()


def test_reload_without_a_broker_is_told(broker: BrokerServer) -> None:
    broker.stop()
    with pytest.raises(ServerError, match="no broker runs"):
        broker.reload()


def test_initialise_again_keeps_earlier_users(broker: BrokerServer) -> None:
    broker.stop()
    broker.initialise({"demo": "another"})
    broker.start()
    with party(broker, "JKT-01") as device:
        assert device.publish("kawal/v1/JKT-01/event") in {0, 0x10}


def test_the_url_holds_name_and_password(broker: BrokerServer) -> None:
    url = urlsplit(broker.url("ingest"))
    assert (url.username, url.password, url.port) == ("ingest", "for%2Fingest", broker.port)


def test_secrets_are_readable_only_by_the_broker(broker: BrokerServer) -> None:
    assert (broker.data_dir / "passwords").stat().st_mode & 0o777 == 0o600


def test_saves_its_state_when_its_parent_is_killed(broker: BrokerServer) -> None:
    broker.stop()
    saved = broker.data_dir / "mosquitto.db"
    saved.unlink(missing_ok=True)
    where = [str(broker.runtime), str(broker.data_dir), str(broker.port)]
    command = [sys.executable, "-c", PARENT, *where]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        parent.kill()
    assert broker.gone_within(20)
    assert saved.exists()


def test_a_broker_left_running_is_replaced(broker: BrokerServer, runtime: Path) -> None:
    again = BrokerServer(runtime, broker.data_dir, broker.port)
    before = broker.pids()
    again.start()
    assert set(again.pids()).isdisjoint(before)
    assert again.refusal() is None
    again.stop()
    assert again.pids() == []
