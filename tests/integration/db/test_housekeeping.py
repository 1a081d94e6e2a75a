"""Housekeeping on the Apache edition; test_community.py asks the same of the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from db import positions, snapshots
from db.housekeeping import tidy
from db.pool import Connection
from domain.states import DeviceState
from tests.integration.db.support import START, fix

DAY = timedelta(days=1)
LATE = timedelta(hours=96)
NOW = datetime.now(UTC)
YEARS = [START, START + DAY, NOW]  # of each, one chunk


def fill(connection: Connection) -> None:
    """Fixes of three days; the chunks of the first two are given other ages in days."""
    with connection.transaction():
        positions.copy_positions(
            connection, [fix(n, fix_time=time) for n, time in enumerate(YEARS, start=1)]
        )


def age(connection: Connection, time: datetime, days: float) -> None:
    """Let the chunk that holds `time` have been made so many days ago."""
    connection.execute(
        "update _timescaledb_catalog.chunk c set creation_time = %s"
        " from timescaledb_information.chunks i"
        " where i.chunk_name = c.table_name and %s >= range_start and %s < range_end",
        [NOW - days * DAY, time, time],
    )


def seqs(connection: Connection) -> list[int]:
    rows = connection.execute("select seq from position order by seq").fetchall()
    return [row[0] for row in rows]


def test_chunks_go_by_their_own_age_and_not_by_that_of_their_fixes(
    connection: Connection,
) -> None:
    """A track of 2024 that was replayed today is kept as long as the fixes of today."""
    fill(connection)
    age(connection, START, days=31)
    age(connection, START + DAY, days=29)
    dropped = tidy(connection, NOW, 30 * DAY, LATE)
    assert len(dropped) == 1
    assert dropped[0].startswith("position_chunk.")
    assert seqs(connection) == [2, 3]
    assert tidy(connection, NOW, 30 * DAY, LATE) == []


def test_a_shorter_retention_takes_more(connection: Connection) -> None:
    fill(connection)
    age(connection, START, days=31)
    age(connection, START + DAY, days=29)
    assert len(tidy(connection, NOW, 28 * DAY, LATE)) == 2
    assert seqs(connection) == [3]


def test_the_live_position_outlives_its_history(connection: Connection) -> None:
    fill(connection)
    with connection.transaction():
        positions.copy_positions(connection, [fix(9)])
        positions.update_latest(connection, [fix(9)])
    age(connection, START, days=400)
    tidy(connection, NOW, 365 * DAY, LATE)
    live = connection.execute("select seq from latest_position").fetchall()
    assert live == [(9,)]
    assert 9 not in seqs(connection)


def test_snapshots_go_when_no_fix_can_be_late_enough_for_them(connection: Connection) -> None:
    for days in (10, 9, 5.1, 1):
        snapshots.save(connection, "KWL-0001", NOW - days * DAY, DeviceState())
    tidy(connection, NOW, 365 * DAY, LATE)
    rows = connection.execute("select at from rule_snapshot order by at").fetchall()
    assert [(NOW - at) / DAY for (at,) in rows] == [5.1, 1]


def test_our_own_cluster_runs_no_scheduler(connection: Connection) -> None:
    """The Apache edition has no jobs, and a scheduler would keep databases from being copied."""
    row = connection.execute("select current_setting('timescaledb.max_background_workers')")
    assert row.fetchone() == ("0",)
