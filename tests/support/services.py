"""Real servers for tests: PostgreSQL with TimescaleDB, and mosquitto, on free ports."""

import itertools
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from db.migrate import migrate
from db.server import DatabaseServer
from ingest.broker import BrokerServer

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "kawal_template"
# A test's data need not survive a power cut.
HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

MakeBroker = Callable[[Mapping[str, str]], BrokerServer]
_numbers = itertools.count(1)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def runtime() -> Path:
    """Root of the unpacked runtime; fetched if it is not there, and a failure is a failure."""
    script = ["bash", str(ROOT / "deploy/runtime.sh")]
    done = subprocess.run(script, check=False, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"deploy/runtime.sh failed:\n{done.stdout}{done.stderr}"
    return ROOT / ".kawal/runtime"


@pytest.fixture(scope="session")
def database_server(
    runtime: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DatabaseServer]:
    """One running cluster for all tests, empty but for what they make."""
    server = DatabaseServer(runtime, tmp_path_factory.mktemp("database"), free_port(), HASTY)
    server.initialise()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template_database(database_server: DatabaseServer) -> str:
    """Name of a database with all migrations applied, to be copied and never used."""
    database_server.create_database(TEMPLATE)
    migrate(database_server.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database_url(database_server: DatabaseServer, template_database: str) -> Iterator[str]:
    """URL of a migrated database that only this test uses."""
    name = f"test_{next(_numbers)}"
    database_server.create_database(name, template_database)
    yield database_server.url(name)
    database_server.drop_database(name)


@pytest.fixture
def make_broker(runtime: Path, tmp_path: Path) -> Iterator[MakeBroker]:
    """Starts brokers that know the given users and their passwords."""
    brokers: list[BrokerServer] = []

    def make(users: Mapping[str, str]) -> BrokerServer:
        broker = BrokerServer(runtime, tmp_path / f"broker {len(brokers)}", free_port())
        brokers.append(broker)
        broker.initialise(users)
        broker.start()
        return broker

    yield make
    for broker in brokers:
        broker.stop()
