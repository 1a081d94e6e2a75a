"""The link against a real broker with our access rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from firmware_sim.fleet import device_link
from firmware_sim.link import Down, LinkEvent, Message, Published, Up
from firmware_sim.mqtt_link import Broker, Login, MqttLink, Network
from ingest.broker import BrokerServer
from tests.unit.firmware_sim.support import StandIn, wait_until

FIX = (
    b'{"v":1,"epoch":1,"seq":1,"fix_time":"2024-11-26T03:15:07Z",'
    b'"lat_deg":-7,"lon_deg":110,"accuracy_m":5}'
)
TOPIC = "kawal/v1/KWL-0001/position"


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    yield made
    made.close()


@pytest.fixture
def link(network: Network, broker: Broker, logins: dict[str, Login]) -> Iterator[MqttLink]:
    made = device_link(network, broker, logins["KWL-0001"])
    yield made
    made.drop()


def until(
    network: Network, link: MqttLink, wanted: Callable[[LinkEvent], bool], within_s: float = 10.0
) -> LinkEvent:
    """Serve the network until an event of the wanted kind comes; that event."""
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        network.poll(0.05)
        for event in link.news():
            if wanted(event):
                return event
    raise AssertionError("the event did not come in time")


def up(network: Network, link: MqttLink) -> None:
    link.connect()
    until(network, link, lambda event: event == Up())


def publish(network: Network, link: MqttLink, topic: str = TOPIC) -> int:
    token = link.publish(topic, FIX)
    assert token is not None
    answer = until(network, link, lambda e: isinstance(e, Published) and e.token == token)
    assert isinstance(answer, Published)
    return answer.reason_code


def test_it_publishes_and_hears_acknowledgements_and_commands(
    network: Network, link: MqttLink, stand_in: StandIn
) -> None:
    up(network, link)
    assert publish(network, link) == 0
    ack = until(network, link, lambda event: isinstance(event, Message))
    assert ack == Message("kawal/v1/KWL-0001/ack", b'{"v": 1, "epoch": 1, "seq": 1}')
    stand_in.command("KWL-0001", id="c", command="report_now")
    command = until(network, link, lambda event: isinstance(event, Message))
    assert isinstance(command, Message)
    assert command.topic.endswith("/command")


def test_the_brokers_refusals_come_through(network: Network, link: MqttLink) -> None:
    up(network, link)
    assert publish(network, link) == 0x10  # nobody listens
    assert publish(network, link, "kawal/v1/KWL-0002/position") == 0x87  # not its own name


def test_a_cut_leaves_the_last_will_and_a_goodbye_does_not(
    network: Network, link: MqttLink, stand_in: StandIn
) -> None:
    up(network, link)
    link.drop()
    will = {"v": 1, "state": "offline", "reason": "connection_lost"}
    wait_until(lambda: stand_in.of("KWL-0001", "status") == [will])
    up(network, link)
    link.close()
    assert link.publish(TOPIC, FIX) is None
    time.sleep(0.3)
    assert stand_in.of("KWL-0001", "status") == [will]


def test_a_wrong_password_is_told(network: Network, broker: Broker) -> None:
    link = device_link(network, broker, Login("KWL-0001", "guess"))
    link.connect()
    down = until(network, link, lambda event: isinstance(event, Down))
    assert down == Down("Not authorized")


def test_no_broker_is_told(network: Network) -> None:
    link = device_link(network, Broker("127.0.0.1", 1), Login("KWL-0001", "x"))
    link.connect()
    down = until(network, link, lambda event: isinstance(event, Down))
    assert isinstance(down, Down)
    assert "refused" in down.reason


def test_a_broker_that_goes_away_is_told_and_the_session_outlives_it(
    network: Network, server: BrokerServer, logins: dict[str, Login]
) -> None:
    link = device_link(network, Broker(server.address, server.port), logins["KWL-0001"])
    up(network, link)
    publish(network, link)  # answered after the subscriptions
    server.stop()
    until(network, link, lambda event: isinstance(event, Down))
    server.start()
    # A command sent while the device is away waits in its session.
    stand_in = StandIn(server.address, server.port, logins["ingest"].password)
    stand_in.command("KWL-0001", id="c", command="report_now")
    link.connect()
    until(network, link, lambda e: isinstance(e, Message) and e.topic.endswith("/command"))
    link.drop()
    stand_in.close()


def test_many_links_share_one_loop(
    network: Network, broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    links = {
        name: device_link(network, broker, login)
        for name, login in logins.items()
        if name.startswith("KWL")
    }
    for link in links.values():
        link.connect()
    waiting = set(links.values())
    until_s = time.monotonic() + 10
    while waiting and time.monotonic() < until_s:
        for link in network.poll(0.1):
            if isinstance(link, MqttLink) and Up() in link.news():
                waiting.discard(link)
    assert not waiting
    for name, link in links.items():
        assert publish(network, link, f"kawal/v1/{name}/position") == 0
        link.close()
    wait_until(lambda: len(stand_in.messages) == len(links))


def test_passwords_are_not_shown() -> None:
    assert "secret" not in repr(Login("A", "secret"))
