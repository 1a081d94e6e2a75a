"""Positions: each fix once, the live position never back, and the way out again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from db import positions
from db.pool import Connection
from domain.positions import Flag, Position
from tests.integration.db.support import INTERVAL, START, fix, fixes

FUTURE = int(Flag.FUTURE)
END = START + timedelta(days=2)


def copy(connection: Connection, found: Sequence[Position]) -> list[Position]:
    with connection.transaction():
        return positions.copy_positions(connection, found)


def arrive(connection: Connection, *found: Position) -> None:
    """Store fixes and move the live positions, as ingest does in one transaction."""
    with connection.transaction():
        positions.copy_positions(connection, found)
        positions.update_latest(connection, found)


def stored(connection: Connection) -> list[Position]:
    return list(positions.export(connection, START, END))


def live(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select device_id, seq, flags from latest_position order by device_id"
    ).fetchall()


FULL = fix(
    1, speed_kmh=61.5, course_deg=359.5, altitude_m=-3.5, hdop=1.5, satellites=12,
    battery_pct=88.5, signal_dbm=-101.5, buffered=True, jamming=2, mock=True,
    source="owntracks", flags=int(Flag.MOCK | Flag.JAMMING),
)  # fmt: skip
BARE = fix(2, speed_kmh=None, satellites=None, battery_pct=None, epoch=0)


def test_every_field_comes_back_as_it_went_in(connection: Connection) -> None:
    copy(connection, [FULL, BARE])
    assert stored(connection) == [FULL, BARE]
    (first, _) = stored(connection)
    assert (first.fix_time.tzname(), first.received_at.tzname()) == ("UTC", "UTC")


def test_copied_twice_is_there_once(connection: Connection) -> None:
    batch = fixes(range(1, 6))
    assert copy(connection, batch) == batch
    assert copy(connection, batch) == []
    assert stored(connection) == batch


def test_of_a_mixed_batch_only_the_new_are_returned(connection: Connection) -> None:
    copy(connection, fixes([2, 4]))
    assert copy(connection, fixes([1, 2, 3, 4, 5])) == fixes([1, 3, 5])
    assert stored(connection) == fixes(range(1, 6))


def test_twice_in_one_batch_is_once(connection: Connection) -> None:
    """The first: what the rules are told is what is stored."""
    later = fix(1, received_at=fix(1).received_at + INTERVAL)
    assert copy(connection, [fix(1), fix(2), later]) == [fix(1), fix(2)]
    assert stored(connection) == [fix(1), fix(2)]


def test_the_first_of_a_key_stays_as_it_was(connection: Connection) -> None:
    copy(connection, [fix(1)])
    assert copy(connection, [fix(1, lat_deg=1.0)]) == []
    assert stored(connection) == [fix(1)]


@pytest.mark.parametrize(
    "other",
    [
        fix(1, "KWL-0002"),
        fix(1, epoch=2),
        fix(1)._replace(seq=7),
        fix(1, fix_time=START + timedelta(microseconds=1)),
    ],
)
def test_what_differs_in_a_part_of_the_key_is_another_fix(
    connection: Connection, other: Position
) -> None:
    copy(connection, [fix(1)])
    assert copy(connection, [other]) == [other]


def test_nothing_of_a_batch_that_is_rolled_back_stays(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        assert positions.copy_positions(connection, [fix(1)]) == [fix(1)]
    assert stored(connection) == []
    assert copy(connection, [fix(1)]) == [fix(1)]


def test_batches_of_one_transaction_do_not_meet_each_other(connection: Connection) -> None:
    with connection.transaction():
        assert positions.copy_positions(connection, [fix(1)]) == [fix(1)]
        assert positions.copy_positions(connection, [fix(2)]) == [fix(2)]
        assert positions.copy_positions(connection, [fix(2), fix(3)]) == [fix(3)]


def test_an_empty_batch_is_no_work(connection: Connection) -> None:
    assert copy(connection, []) == []
    arrive(connection)
    assert live(connection) == []


def test_each_device_has_its_newest_fix_as_live_position(connection: Connection) -> None:
    arrive(connection, fix(1), fix(3, "KWL-0002"))
    arrive(connection, fix(2))
    assert live(connection) == [("KWL-0001", 2, 0), ("KWL-0002", 3, 0)]
    row = connection.execute("select * from latest_position where device_id = 'KWL-0001'")
    assert tuple(row.fetchone() or ())[:-1] == tuple(fix(2))


def test_an_older_fix_does_not_move_the_live_position(connection: Connection) -> None:
    arrive(connection, fix(5))
    arrive(connection, fix(4))
    assert live(connection) == [("KWL-0001", 5, 0)]


def test_a_clock_that_runs_ahead_counts_for_its_receipt(connection: Connection) -> None:
    ahead = fix(3, fix_time=START + timedelta(days=1), received_at=fix(3).fix_time, flags=FUTURE)
    arrive(connection, fix(2))
    arrive(connection, ahead)
    assert live(connection) == [("KWL-0001", 3, FUTURE)]
    arrive(connection, fix(4))
    assert live(connection) == [("KWL-0001", 4, 0)]
    arrive(connection, ahead._replace(seq=5))
    assert live(connection) == [("KWL-0001", 4, 0)]


def test_the_live_position_carries_the_flags_that_the_rules_came_to(
    connection: Connection,
) -> None:
    with connection.transaction():
        positions.copy_positions(connection, [fix(1)])
        positions.update_latest(connection, [fix(1, flags=int(Flag.MOCK))])
    assert live(connection) == [("KWL-0001", 1, int(Flag.MOCK))]


def test_a_wild_fix_that_comes_again_moves_nothing(connection: Connection) -> None:
    arrive(connection, fix(1))
    with connection.transaction():
        positions.copy_positions(connection, [fix(9)])
        positions.update_latest(connection, [fix(9, flags=int(Flag.JUMP))])
    with connection.transaction():
        assert positions.copy_positions(connection, [fix(9), fix(2)]) == [fix(2)]
        positions.update_latest(connection)
    assert live(connection) == [("KWL-0001", 2, 0)]


def test_reflag_changes_the_flags_of_those_fixes_alone(connection: Connection) -> None:
    copy(connection, [*fixes(range(1, 4)), fix(2, "KWL-0002"), fix(2, epoch=2)])
    with connection.transaction():
        positions.reflag(connection, [fix(2, flags=2), fix(3, flags=66)])
        positions.reflag(connection, [])
    flags = [(p.device_id, p.epoch, p.seq, p.flags) for p in stored(connection)]
    assert flags == [
        ("KWL-0001", 1, 1, 0), ("KWL-0001", 1, 2, 2), ("KWL-0001", 2, 2, 0),
        ("KWL-0002", 1, 2, 0), ("KWL-0001", 1, 3, 66),
    ]  # fmt: skip


def test_since_gives_what_is_newer_of_each_device(connection: Connection) -> None:
    copy(connection, [*fixes(range(1, 5)), *fixes(range(1, 5), "KWL-0002"), fix(9, "KWL-0003")])
    after = {"KWL-0001": fix(2).fix_time, "KWL-0002": fix(3).fix_time, "NOBODY": START}
    found = positions.since(connection, after)
    assert sorted(found) == [*fixes([3, 4]), fix(4, "KWL-0002")]


def test_export_is_by_time_within_the_bounds(connection: Connection) -> None:
    copy(connection, [*fixes([4, 1, 3]), fix(2, "KWL-0002"), fix(3, "AAA-0001")])
    found = positions.export(connection, START, START + 3 * INTERVAL)
    assert [(p.device_id, p.seq) for p in found] == [
        ("KWL-0001", 1), ("KWL-0002", 2), ("AAA-0001", 3), ("KWL-0001", 3),
    ]  # fmt: skip
    assert list(positions.export(connection, START, END, "KWL-0002")) == [fix(2, "KWL-0002")]


def test_export_streams(connection: Connection, other_connection: Connection) -> None:
    """A year of fixes does not pass through our memory: the server holds a cursor."""
    copy(connection, fixes(range(1, 251)))
    found = positions.export(connection, START, END)
    assert next(found) == fix(1)
    cursors = "select name from pg_cursors where name <> ''"
    assert connection.execute(cursors).fetchall() == [("export_positions",)]
    copy(other_connection, [fix(251)])  # is not of the moment at which the export began
    assert [p.seq for p in found] == list(range(2, 251))
    assert connection.execute(cursors).fetchall() == []
