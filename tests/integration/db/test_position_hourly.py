"""`position_hourly` on the Apache edition; test_community.py asks the same of the other."""

from __future__ import annotations

from db import positions
from db.migrate import edition
from db.pool import Connection
from tests.integration.db.support import (
    HOURLY,
    HOURLY_COLUMNS,
    HOURS_OF_FIXES,
    fix,
    hourly,
    hourly_columns,
)


def test_columns_and_numbers(connection: Connection) -> None:
    assert edition(connection) == "apache"
    with connection.transaction():
        positions.copy_positions(connection, HOURS_OF_FIXES)
    assert hourly_columns(connection) == HOURLY_COLUMNS
    assert hourly(connection) == HOURLY


def test_a_late_fix_changes_its_hour(connection: Connection) -> None:
    for batch in (HOURS_OF_FIXES, [fix(2, "KWL-0002")]):
        with connection.transaction():
            positions.copy_positions(connection, batch)
    assert [row[2] for row in hourly(connection)] == [6, 6, 2]
