"""Devices: those of the plan, and those that reported before any plan knew them."""

from __future__ import annotations

from collections.abc import Iterable

from db.pool import Connection
from db.sql import queries


def register_unknown(connection: Connection, device_ids: Iterable[str]) -> None:
    """Make a row for each device that has none, inside the caller's transaction."""
    connection.execute(queries("devices")["register_unknown"], {"device_ids": list(device_ids)})
