"""The community edition of TimescaleDB (as WebAssembly): our migrations and what they give.

It serves one connection at a time and knows no COPY, so fixes go in by plain statements.
Its scheduler does not run: jobs are called by hand, as the scheduler would call them.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from db import positions
from db.housekeeping import tidy
from db.migrate import available, edition, migrate, pending, versions
from db.pool import Connection
from domain.positions import Position
from tests.integration.db.support import (
    HOURLY,
    HOURLY_COLUMNS,
    HOURS_OF_FIXES,
    fix,
    fixes,
    hourly,
    hourly_columns,
)
from tests.support.services import ROOT

FOLDER = ROOT / "tests/community"
COMMUNITY_FILE = "0005_position_hourly.community.sql"
APACHE_FILE = "0005_position_hourly.apache.sql"
YEAR = timedelta(days=365)
LATE = timedelta(hours=96)
INSERT = sql.SQL("insert into position values ({}) on conflict do nothing returning seq").format(
    sql.SQL(", ").join(sql.Placeholder() * len(Position._fields))
)


@contextmanager
def community_server() -> Iterator[str]:
    """A database of the community edition in memory, alone in its own process; its URL."""
    assert (FOLDER / "node_modules").is_dir(), "deploy/test-tools.sh fetches what this test needs"
    # The quick compiler: these programs run for seconds.
    command = ["node", "--liftoff-only", str(FOLDER / "serve.mjs")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port, f"serve.mjs ended with {server.wait(10)}"
        yield f"postgresql://postgres:any@127.0.0.1:{port}/postgres?sslmode=disable"
        server.communicate(timeout=10)  # closes its standard input, and so it ends


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    with psycopg.connect(
        url, autocommit=True, prepare_threshold=None, options="-c TimeZone=UTC"
    ) as opened:
        yield opened


@pytest.fixture(scope="module")
def community() -> Iterator[tuple[Connection, list[str]]]:
    """A connection to a migrated database, and the names of the files that were applied."""
    with community_server() as url:
        applied = migrate(url)
        with connected(url) as connection:
            yield connection, applied


@pytest.fixture
def connection(community: tuple[Connection, list[str]]) -> Connection:
    """The same database for every test here, empty of fixes."""
    opened, _ = community
    opened.execute("select drop_chunks('position', created_before => now() + interval '1 hour')")
    run(opened, "policy_refresh_continuous_aggregate")
    assert hourly(opened) == []
    return opened


def insert(connection: Connection, found: list[Position]) -> list[int]:
    """Numbers of the fixes that were new."""
    rows = [connection.execute(INSERT, position).fetchone() for position in found]
    return [row[0] for row in rows if row]


def compress(connection: Connection) -> None:
    connection.execute(
        "select compress_chunk(c, if_not_compressed => true) from show_chunks('position') c"
    )
    left = connection.execute(
        "select from timescaledb_information.chunks"
        " where hypertable_name = 'position' and not is_compressed"
    )
    assert left.fetchall() == []


def job(connection: Connection, procedure: str) -> tuple[int, dict[str, Any]]:
    """Number and settings of the one job that calls `procedure`, and that is scheduled."""
    ((job_id, config, scheduled),) = connection.execute(
        "select job_id, config, scheduled from timescaledb_information.jobs where proc_name = %s",
        [procedure],
    ).fetchall()
    assert scheduled
    return job_id, config


def run(connection: Connection, procedure: str) -> None:
    """Run a job as the scheduler would."""
    job_id, _ = job(connection, procedure)
    connection.execute(sql.SQL("call run_job({})").format(job_id))


def count(connection: Connection) -> int:
    row = connection.execute("select count(*) from position").fetchone()
    assert row is not None
    return int(row[0])


def test_our_migrations_apply_as_they_are(community: tuple[Connection, list[str]]) -> None:
    connection, applied = community
    suiting = [file.name for file in available() if file.edition in (None, "community")]
    assert applied == suiting
    assert COMMUNITY_FILE in applied
    assert (edition(connection), pending(connection)) == ("community", [])
    assert versions(connection)[0].startswith("17.")


def test_position_hourly_has_the_columns_and_numbers_of_the_apache_edition(
    connection: Connection,
) -> None:
    insert(connection, HOURS_OF_FIXES)
    assert hourly_columns(connection) == HOURLY_COLUMNS
    assert hourly(connection) == HOURLY
    run(connection, "policy_refresh_continuous_aggregate")
    assert hourly(connection) == HOURLY


def test_position_hourly_is_a_continuous_aggregate_kept_by_the_server(
    connection: Connection,
) -> None:
    found = connection.execute(
        "select view_name, materialized_only from timescaledb_information.continuous_aggregates"
    ).fetchall()
    assert found == [("position_hourly", False)]
    _, config = job(connection, "policy_refresh_continuous_aggregate")
    assert (config["start_offset"], config["end_offset"]) == (None, "01:00:00")


def test_hours_of_long_ago_stay_when_newer_ones_come_and_take_late_fixes_in(
    connection: Connection,
) -> None:
    """A track that was replayed at its own times is older than any window of a refresh."""
    insert(connection, HOURS_OF_FIXES)
    now = datetime.now(UTC)
    insert(connection, [fix(1, "KWL-0003", fix_time=now), fix(2, "KWL-0003", fix_time=now - LATE)])
    run(connection, "policy_refresh_continuous_aggregate")
    assert hourly(connection)[:3] == HOURLY
    assert len(hourly(connection)) == 5
    insert(connection, [fix(2, "KWL-0002")])
    run(connection, "policy_refresh_continuous_aggregate")
    assert [row[2] for row in hourly(connection)] == [6, 6, 2, 1, 1]


def test_old_chunks_are_compressed_by_device_and_time(connection: Connection) -> None:
    settings = connection.execute(
        "select attname::text, segmentby_column_index, orderby_column_index, orderby_asc"
        " from timescaledb_information.compression_settings where hypertable_name = 'position'"
    ).fetchall()
    assert settings == [
        ("device_id", 1, None, None),
        ("fix_time", None, 1, False),
        ("epoch", None, 2, True),
        ("seq", None, 3, True),
    ]
    assert job(connection, "policy_compression")[1]["compress_after"] == "7 days"
    insert(connection, [*HOURS_OF_FIXES, fix(1, "KWL-0003", fix_time=datetime.now(UTC))])
    run(connection, "policy_compression")
    chunks = connection.execute(
        "select is_compressed from timescaledb_information.chunks"
        " where hypertable_name = 'position' order by range_start"
    ).fetchall()
    assert chunks == [(True,), (False,)]
    assert count(connection) == len(HOURS_OF_FIXES) + 1


def test_a_compressed_chunk_still_takes_late_fixes_and_each_only_once(
    connection: Connection,
) -> None:
    insert(connection, fixes(range(1, 9)))
    compress(connection)
    assert insert(connection, fixes(range(5, 13))) == [9, 10, 11, 12]
    assert count(connection) == 12


def test_the_rules_may_doubt_a_fix_of_a_compressed_chunk(connection: Connection) -> None:
    insert(connection, fixes(range(1, 9)))
    compress(connection)
    positions.reflag(connection, [fix(6, flags=2)])
    found = connection.execute("select seq from position where flags = 2").fetchall()
    assert found == [(6,)]
    assert count(connection) == 8


def test_old_positions_go_by_the_age_of_their_chunk(connection: Connection) -> None:
    """Fixes of 2024, replayed today, are as new as those of today."""
    insert(connection, fixes(range(1, 4)))
    run(connection, "drop_old_positions")
    assert count(connection) == 3
    connection.execute(
        "update _timescaledb_catalog.chunk set creation_time = now() - interval '366 days'"
    )
    run(connection, "drop_old_positions")
    assert count(connection) == 0


def test_housekeeping_brings_the_job_in_line_with_the_setting(connection: Connection) -> None:
    now = datetime.now(UTC)
    tidy(connection, now, YEAR, LATE)
    same = job(connection, "drop_old_positions")
    assert same[1] == {"keep": "365 days"}
    assert tidy(connection, now, timedelta(days=30), LATE) == []
    changed = job(connection, "drop_old_positions")
    assert changed == (same[0], {"keep": "30 days"})
    rows = "select xmin::text from _timescaledb_config.bgw_job order by id"
    before = connection.execute(rows).fetchall()
    tidy(connection, now, timedelta(days=30), LATE)
    assert connection.execute(rows).fetchall() == before
    connection.execute("select delete_job(%s)", [same[0]])
    tidy(connection, now, YEAR, LATE)
    assert job(connection, "drop_old_positions")[1] == {"keep": "365 days"}


def test_a_database_that_began_on_the_apache_edition_is_brought_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its licence cannot be switched while it runs, so the first migration is told it is
    Apache; all that then holds is the view, and history that no refresh has seen."""
    with community_server() as url:
        with monkeypatch.context() as patch:
            patch.setattr("db.migrate.edition", lambda _connection: "apache")
            assert APACHE_FILE in migrate(url)
        with connected(url) as connection:
            insert(connection, [*HOURS_OF_FIXES, fix(1, "KWL-0003", fix_time=datetime.now(UTC))])
            assert pending(connection) == [COMMUNITY_FILE]
        assert migrate(url) == [COMMUNITY_FILE]
        assert migrate(url) == []
        with connected(url) as connection:
            run(connection, "policy_refresh_continuous_aggregate")
            assert hourly(connection)[:3] == HOURLY


def test_the_containers_leave_the_scheduler_to_the_server() -> None:
    """Only our Apache cluster runs none (db/server.py)."""
    assert "max_background_workers" not in (ROOT / "deploy/compose.yaml").read_text("utf-8")
