"""The private cluster: how it is set up, and that it ends and begins again cleanly."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from db.process import ServerError, accounts
from db.server import DatabaseServer
from tests.support.services import HASTY, ROOT, free_port

PARENT = """
import sys, time
from pathlib import Path
from db.server import DatabaseServer
DatabaseServer(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])).start()
print("up", flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def cluster(runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseServer]:
    """A cluster that the tests of this module start and stop."""
    folder = tmp_path_factory.mktemp("cluster") / "with a space"
    server = DatabaseServer(runtime, folder, free_port(), HASTY)
    server.initialise()
    yield server
    server.stop()


def show(url: str, setting: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("select current_setting(%s)", [setting]).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("data_checksums", "on"),
        ("password_encryption", "scram-sha-256"),
        ("shared_preload_libraries", "timescaledb"),
        ("timescaledb.telemetry_level", "off"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("jit", "off"),
        ("TimeZone", "UTC"),
    ],
)
def test_settings(database_server: DatabaseServer, setting: str, value: str) -> None:
    assert show(database_server.url("postgres"), setting) == value


def test_indonesian_time_zones_are_known(database_server: DatabaseServer) -> None:
    """The runtime brings its own, so that a machine without tzdata has them."""
    with psycopg.connect(database_server.url("postgres")) as connection:
        row = connection.execute(
            "select timestamptz '2024-11-26 17:00Z' at time zone 'Asia/Jayapura'"
        ).fetchone()
    assert row is not None
    assert str(row[0]) == "2024-11-27 02:00:00"


def test_a_wrong_password_is_refused(database_server: DatabaseServer) -> None:
    url = database_server.url("postgres").replace("kawal:", "kawal:not-")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_only_the_owner_reads_the_password(database_server: DatabaseServer) -> None:
    assert (database_server.data_dir / "password").stat().st_mode & 0o777 == 0o600


def test_initialise_again_keeps_data_and_password(cluster: DatabaseServer) -> None:
    cluster.start()
    url = cluster.url("postgres")
    cluster.create_database("kept")
    cluster.stop()
    cluster.initialise()
    cluster.start()
    assert cluster.url("postgres") == url
    psycopg.connect(cluster.url("kept")).close()
    cluster.stop()


def test_serves_again_right_after_a_kill(cluster: DatabaseServer) -> None:
    cluster.start()
    for pid in cluster.leaders(cluster.pids()):
        os.kill(pid, signal.SIGKILL)
    cluster.start()
    assert cluster.refusal() is None
    cluster.stop()


def test_an_orphan_on_the_same_data_is_replaced(cluster: DatabaseServer) -> None:
    orphan = subprocess.Popen([*cluster.account.prefix, *cluster.argv()], stderr=subprocess.DEVNULL)
    cluster.wait_ready(20)
    cluster.start()
    assert orphan.wait(10) == 0
    assert cluster.refusal() is None
    cluster.stop()


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(cluster: DatabaseServer) -> None:
    (cluster.pgdata / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.pgdata}\n")
    cluster.start()
    cluster.stop()
    assert cluster.pids() == []


def test_stops_cleanly_when_its_parent_is_killed(cluster: DatabaseServer) -> None:
    cluster.log.write_text("")
    where = [str(cluster.runtime), str(cluster.data_dir), str(cluster.port)]
    command = [sys.executable, "-c", PARENT, *where]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        parent.kill()
    assert cluster.gone_within(20)
    assert "database system is shut down" in cluster.log.read_text()


def test_runs_where_user_namespaces_are_forbidden(
    runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in most containers; an ordinary user has only one way anyhow."""
    last_way = list(accounts())[-1]
    monkeypatch.setattr("db.process.accounts", lambda: [last_way])
    server = DatabaseServer(runtime, tmp_path / "db", free_port(), HASTY)
    server.initialise()
    server.start()
    assert server.account == last_way
    server.stop()


def test_a_setting_that_postgres_refuses_is_told(runtime: Path, tmp_path: Path) -> None:
    server = DatabaseServer(runtime, tmp_path / "db", free_port(), {"work_mem": "lots"})
    server.initialise()
    with pytest.raises(ServerError, match="work_mem"):
        server.start()
    assert server.pids() == []


def test_a_runtime_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"postgres is missing; run deploy/runtime\.sh"):
        DatabaseServer(tmp_path / "nothing", tmp_path / "db", free_port()).initialise()


def test_each_test_has_a_migrated_database_of_its_own(
    database_server: DatabaseServer, template_database: str, database_url: str
) -> None:
    database_server.create_database("other", template_database)
    with psycopg.connect(database_url) as one:
        one.execute("create table mine ()")
    with psycopg.connect(database_server.url("other")) as other:
        row = other.execute("select to_regclass('mine'), to_regclass('device')").fetchone()
    database_server.drop_database("other")
    assert row == (None, "device")
