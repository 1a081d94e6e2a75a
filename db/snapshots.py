"""Snapshots of the rules' state of a device, from which its fixes are folded again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from db.pool import Connection
from db.sql import queries
from domain.states import DeviceState

_STATE = TypeAdapter(DeviceState)
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)

S = TypeVar("S")


def newest_before(
    connection: Connection, before: Mapping[str, datetime]
) -> dict[str, tuple[datetime, DeviceState]]:
    """For each device, its newest snapshot strictly before the time given, where it has one."""
    rows = connection.execute(
        queries("snapshots")["newest_before"],
        {"device_ids": list(before), "before": list(before.values())},
    ).fetchall()
    return {device: (at, _STATE.validate_python(state)) for device, at, state in rows}


def save(connection: Connection, device_id: str, at: datetime, state: DeviceState) -> None:
    """Keep the state after everything up to and including `at`."""
    connection.execute(
        queries("snapshots")["save"],
        {"device_id": device_id, "at": at, "state": Jsonb(_STATE.dump_python(state, mode="json"))},
    )


def newest_of(connection: Connection, key: str, kind: TypeAdapter[S]) -> S | None:
    """The newest state of a rule over several devices that is kept under `key`, which is no
    name of a device; None where there is none."""
    parameters = {"device_ids": [key], "before": [_END_OF_TIME]}
    row = connection.execute(queries("snapshots")["newest_before"], parameters).fetchone()
    return None if row is None else kind.validate_python(row[2])


def save_of(connection: Connection, key: str, at: datetime, state: S, kind: TypeAdapter[S]) -> None:
    """Keep such a state after everything up to and including `at`."""
    parameters = {"device_id": key, "at": at, "state": Jsonb(kind.dump_python(state, mode="json"))}
    connection.execute(queries("snapshots")["save"], parameters)


def discard_from(connection: Connection, device_id: str, at: datetime) -> None:
    """Forget snapshots that a late fix made untrue."""
    connection.execute(queries("snapshots")["discard_from"], {"device_id": device_id, "at": at})


def discard_before(connection: Connection, before: datetime) -> None:
    """Forget snapshots that no fix can be late enough for; the newest of a device stays."""
    connection.execute(queries("snapshots")["discard_before"], {"before": before})
