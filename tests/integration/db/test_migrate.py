"""Migrations: each file once, whoever runs them how often, and clear words where it fails."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import pytest

from db.migrate import (
    LOCK,
    Migration,
    MigrationError,
    available,
    edition,
    migrate,
    pending,
    versions,
)
from db.pool import Connection, connect
from db.server import DatabaseServer
from tests.support.processes import until
from tests.support.services import HASTY, ROOT, free_port

PROGRAM = """
import sys
from db.migrate import migrate
migrate(sys.argv[1], lambda name: print(name, flush=True))
"""
OURS = [file.name for file in available() if file.edition != "community"]


@pytest.fixture
def empty_url(database_server: DatabaseServer) -> Iterator[str]:
    """A database in which nothing was done yet."""
    database_server.create_database("unmigrated")
    yield database_server.url("unmigrated")
    database_server.drop_database("unmigrated")


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """To a migrated database that only this test uses."""
    with connect(database_url, "test") as opened:
        yield opened


def ledger(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.execute("select name, checksum from migration order by name")
    return [(name, checksum) for name, checksum in rows.fetchall()]


def add_files(monkeypatch: pytest.MonkeyPatch, **texts: LiteralString) -> None:
    """More files, `<name>.sql`, beside those of the package."""
    more = [Migration(f"{name}.sql", None, text) for name, text in texts.items()]
    files = [*available(), *more]
    monkeypatch.setattr("db.migrate.available", lambda: files)


def test_from_nothing_and_again(empty_url: str) -> None:
    told: list[str] = []
    with connect(empty_url, "test") as connection:
        assert pending(connection) == [file.name for file in available() if not file.edition]
        assert versions(connection)[1] is None
    assert migrate(empty_url, told.append) == OURS == told
    assert migrate(empty_url, told.append) == []
    assert told == OURS
    with connect(empty_url, "test") as connection:
        assert ledger(connection) == [
            (file.name, file.checksum) for file in available() if file.name in OURS
        ]
        assert (pending(connection), edition(connection)) == ([], "apache")


def test_two_processes_at_once_apply_each_file_once(empty_url: str) -> None:
    command = [sys.executable, "-c", PROGRAM, empty_url]
    waiting = (
        "select count(*) from pg_locks where locktype = 'advisory' and objid = %s and not granted"
    )
    with connect(empty_url, "test") as gate:
        gate.execute("select pg_advisory_lock(%s)", [LOCK])
        racers = [
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in "12"
        ]
        until(lambda: gate.execute(waiting, [LOCK]).fetchone() == (2,), 60, "both at the gate")
        gate.execute("select pg_advisory_unlock(%s)", [LOCK])
        told = [racer.communicate(timeout=60)[0].split() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    assert sorted(told) == [[], OURS]


def test_versions(connection: Connection) -> None:
    server, timescale = versions(connection)
    assert server.startswith("17.")
    assert timescale is not None
    assert timescale.startswith("2.")


def test_a_file_that_changed_after_it_was_applied_is_refused(
    connection: Connection, database_url: str
) -> None:
    connection.execute("update migration set checksum = 'other' where name like '0003%'")
    with pytest.raises(MigrationError, match=r"0003_events_alerts\.sql changed after it was"):
        migrate(database_url)


def test_a_database_of_a_newer_release_is_refused(
    connection: Connection, database_url: str
) -> None:
    connection.execute("insert into migration (name, checksum) values ('0999_later.sql', 'x')")
    with pytest.raises(MigrationError, match=r"0999_later\.sql was applied by a newer release"):
        migrate(database_url)


def test_a_file_that_fails_leaves_nothing_and_those_before_it_stay(
    connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ledger(connection)
    bad: LiteralString = "create table half (); insert into half values (1)"
    add_files(monkeypatch, x998_good="create table good ()", x999_bad=bad)
    assert pending(connection) == ["x998_good.sql", "x999_bad.sql"]
    reason = r"x999_bad\.sql failed and changed nothing: .*more expressions than target columns"
    with pytest.raises(MigrationError, match=reason):
        migrate(database_url)
    assert [name for name, _ in ledger(connection)[len(before) :]] == ["x998_good.sql"]
    made = connection.execute("select to_regclass('good')::text, to_regclass('half')::text")
    assert made.fetchall() == [("good", None)]
    assert pending(connection) == ["x999_bad.sql"]


def test_after_a_failure_another_may_migrate(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        add_files(patch, x999_bad="select 1 / 0")
        with pytest.raises(MigrationError, match="division by zero"):
            migrate(database_url)
    assert migrate(database_url) == []


def test_the_view_of_the_other_edition_is_not_put_back(
    connection: Connection, database_url: str
) -> None:
    """A community server that is set back to Apache keeps its continuous aggregate."""
    connection.execute(
        "update migration set name = replace(name, 'apache', 'community'), checksum = %s"
        " where name like '%%.apache.sql'",
        [next(file.checksum for file in available() if file.edition == "community")],
    )
    assert pending(connection) == []
    assert migrate(database_url) == []


def test_a_server_that_does_not_load_timescaledb_is_told_so(runtime: Path, tmp_path: Path) -> None:
    settings = {**HASTY, "shared_preload_libraries": ""}
    server = DatabaseServer(runtime, tmp_path / "db", free_port(), settings)
    server.initialise()
    server.start()
    try:
        with pytest.raises(MigrationError, match=r"shared_preload_libraries.*must be preloaded"):
            migrate(server.url("postgres"))
        with (
            connect(server.url("postgres"), "test") as connection,
            pytest.raises(MigrationError, match="no TimescaleDB"),
        ):
            edition(connection)
    finally:
        server.stop()


def test_who_may_not_create_the_extension_is_told_why(
    empty_url: str, database_server: DatabaseServer
) -> None:
    with connect(empty_url, "test") as connection:
        connection.execute("create role plain login password 'plain'")
        connection.execute("grant create on schema public to plain")
    try:
        url = f"postgresql://plain:plain@127.0.0.1:{database_server.port}/unmigrated"
        with pytest.raises(MigrationError, match="permission denied to create extension"):
            migrate(url)
    finally:
        with connect(empty_url, "test") as connection:
            connection.execute("drop owned by plain; drop role plain")
