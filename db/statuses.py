"""The state that each device last reported of itself, or its last will."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from db.pool import Connection
from db.sql import queries


class Status(NamedTuple):
    """One report; None means not reported."""

    device_id: str
    state: str
    reported_at: datetime | None
    received_at: datetime
    reason: str | None = None
    firmware: str | None = None
    report_interval_s: float | None = None
    battery_pct: float | None = None
    signal_dbm: float | None = None
    ring_used: int | None = None
    ring_capacity: int | None = None


def record(connection: Connection, statuses: Sequence[Status]) -> None:
    """Keep the newest report of each device inside the caller's transaction."""
    newest = {status.device_id: status for status in statuses}
    for device_id in sorted(newest):
        connection.execute(queries("statuses")["record"], newest[device_id]._asdict())
