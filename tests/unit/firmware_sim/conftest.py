"""A real broker with our access rules, and a server that stands in for ingest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_sim.mqtt_link import Broker, Login
from ingest.broker import BrokerServer
from tests.support.services import MakeBroker, free_port
from tests.unit.firmware_sim.support import StandIn

DEVICES = [f"KWL-{number:04}" for number in range(1, 5)]
PASSWORDS = {name: f"of {name}" for name in ["ingest", "demo", "demo-remote", *DEVICES]}


@pytest.fixture(scope="session")
def shared_server(
    runtime: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrokerServer]:
    """A broker that knows four devices, the demo's users and ingest; for all tests here."""
    made = BrokerServer(runtime, tmp_path_factory.mktemp("trackers"), free_port())
    made.initialise(PASSWORDS)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def server(make_broker: MakeBroker) -> BrokerServer:
    """The same for one test, which may stop and start it."""
    return make_broker(PASSWORDS)


@pytest.fixture
def broker(shared_server: BrokerServer) -> Broker:
    """The address of the shared broker."""
    return Broker(shared_server.address, shared_server.port)


@pytest.fixture
def stand_in(broker: Broker) -> Iterator[StandIn]:
    """Commits at once and acknowledges ten times a second."""
    made = StandIn(broker.host, broker.port, PASSWORDS["ingest"])
    yield made
    made.close()


@pytest.fixture
def logins() -> dict[str, Login]:
    """Names and passwords that the broker knows."""
    return {name: Login(name, password) for name, password in PASSWORDS.items()}
