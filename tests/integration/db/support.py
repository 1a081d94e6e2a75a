"""Fixes and hours for the tests of the database layer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from db.pool import Connection
from domain.positions import Position

START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
INTERVAL = timedelta(minutes=10)


def fix(seq: int, device_id: str = "KWL-0001", **other: Any) -> Position:
    """The fix numbered `seq`, ten minutes after the one before and received at once."""
    fix_time = START + (seq - 1) * INTERVAL
    position = Position(
        device_id=device_id,
        fix_time=fix_time,
        epoch=1,
        seq=seq,
        received_at=fix_time + timedelta(seconds=2),
        lat_deg=-7.0,
        lon_deg=110.0 + seq / 1000,
        speed_kmh=10.0 * seq,
        course_deg=None,
        altitude_m=None,
        accuracy_m=5.0 + seq,
        hdop=None,
        satellites=9,
        battery_pct=90.0 - seq,
        signal_dbm=None,
        buffered=False,
        jamming=0,
        mock=False,
        source="wire",
        flags=0,
    )
    return position._replace(**other)


def fixes(numbers: Iterable[int], device_id: str = "KWL-0001", **other: Any) -> list[Position]:
    """Several such fixes."""
    return [fix(seq, device_id, **other) for seq in numbers]


# Two hours of two devices, and what `position_hourly` has to say of them on either edition.
HOURS_OF_FIXES = [*fixes(range(1, 13)), fix(3, "KWL-0002", speed_kmh=None, battery_pct=None)]
HOURLY_COLUMNS = [
    ("device_id", "text"),
    ("hour", "timestamp with time zone"),
    ("fixes", "bigint"),
    ("mean_speed_kmh", "double precision"),
    ("max_speed_kmh", "real"),
    ("min_battery_pct", "real"),
    ("worst_accuracy_m", "real"),
]
HOURLY = [
    ("KWL-0001", START, 6, 35.0, 60.0, 84.0, 11.0),
    ("KWL-0001", START + timedelta(hours=1), 6, 95.0, 120.0, 78.0, 17.0),
    ("KWL-0002", START, 1, None, None, None, 8.0),
]


def hourly(connection: Connection) -> list[tuple[Any, ...]]:
    """All of `position_hourly`."""
    return connection.execute("select * from position_hourly order by device_id, hour").fetchall()


def hourly_columns(connection: Connection) -> list[tuple[str, str]]:
    """Names and types of the columns of `position_hourly`."""
    return connection.execute(
        "select attname::text, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = 'position_hourly'::regclass and attnum > 0 order by attnum"
    ).fetchall()
