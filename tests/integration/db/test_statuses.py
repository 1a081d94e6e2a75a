"""Statuses: the newest of each device, and what it does not say stays known."""

from __future__ import annotations

from datetime import timedelta

from psycopg.rows import class_row

from db import statuses
from db.pool import Connection
from db.statuses import Status
from tests.integration.db.support import START

ONLINE = Status(
    "KWL-0001", "online", START - timedelta(seconds=1), START, None, "2.1.0", 30.0, 88.5, -97.5,
    12, 20_000,
)  # fmt: skip


def stored(connection: Connection) -> list[Status]:
    with connection.cursor(row_factory=class_row(Status)) as cursor:
        cursor.execute(
            "select device_id, state, reported_at, received_at, reason, firmware,"
            " report_interval_s, battery_pct, signal_dbm, ring_used, ring_capacity"
            " from device_status order by device_id"
        )
        return cursor.fetchall()


def one(connection: Connection) -> Status:
    (found,) = stored(connection)
    return found


def test_every_field_is_kept(connection: Connection) -> None:
    statuses.record(connection, [ONLINE])
    assert one(connection) == ONLINE


def test_a_last_will_takes_the_state_and_leaves_the_rest(connection: Connection) -> None:
    will = Status(
        "KWL-0001", "offline", None, START + timedelta(minutes=1), reason="connection_lost"
    )
    statuses.record(connection, [ONLINE])
    statuses.record(connection, [will])
    assert one(connection) == ONLINE._replace(
        state="offline", reason="connection_lost", reported_at=None, received_at=will.received_at
    )


def test_back_online_the_reason_is_gone(connection: Connection) -> None:
    later = ONLINE._replace(received_at=START + timedelta(minutes=1))
    statuses.record(connection, [ONLINE._replace(state="offline", reason="connection_lost")])
    statuses.record(connection, [later])
    assert one(connection) == later


def test_the_order_of_receipt_decides(connection: Connection) -> None:
    earlier = ONLINE._replace(state="sleeping", received_at=START - timedelta(minutes=1))
    statuses.record(connection, [ONLINE])
    statuses.record(connection, [earlier])
    assert one(connection) == ONLINE


def test_of_one_batch_the_last_of_each_device_stays(connection: Connection) -> None:
    other = ONLINE._replace(device_id="KWL-0002")
    statuses.record(connection, [other, ONLINE, ONLINE._replace(state="sleeping")])
    assert stored(connection) == [ONLINE._replace(state="sleeping"), other]
