"""Positions: stored once by their natural key, and the newest of each device kept ready."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from psycopg.rows import class_row

from db.pool import Connection
from db.sql import array, queries
from domain.positions import Flag, Position

NOT_LIVE = int(Flag.ZERO_ISLAND | Flag.JUMP)

# Of the table's columns, which are those of Position in the same order.
_TYPES = [
    *("text", "timestamptz", "int4", "int8", "timestamptz", "float8", "float8"),
    *("float4", "float4", "float4", "float4", "float4", "int2", "float4", "float4"),
    *("bool", "int2", "bool", "text", "int4"),
]


def copy_positions(connection: Connection, positions: Sequence[Position]) -> list[Position]:
    """Store a batch inside the caller's transaction; returns those that were new.

    A fix that is there already, or twice in the batch, is a no-op.
    """
    if not positions:
        return []
    sql = queries("positions")
    connection.execute(sql["create_incoming"])
    with connection.cursor() as cursor:
        with cursor.copy(sql["copy_incoming"]) as copy:
            copy.set_types(_TYPES)
            for position in positions:
                copy.write_row(position)
        cursor.execute(sql["admit_incoming"])
        if cursor.rowcount == len(positions):
            return list(positions)
        admitted = set(cursor.fetchall())
        by_key: dict[tuple[object, ...], Position] = {}
        for p in positions:  # of two, the first is the one that was stored
            by_key.setdefault((p.device_id, p.fix_time, p.epoch, p.seq), p)
        known = [position for key, position in by_key.items() if key not in admitted]
        cursor.execute(sql["forget_known"], _keys(known))
    return [position for key, position in by_key.items() if key in admitted]


def update_latest(connection: Connection, reflagged: Sequence[Position] = ()) -> None:
    """Move the live positions by the batch just copied, in the same transaction.

    `reflagged`: fixes of the batch whose flags the rules have changed. A fix that cannot be
    true (0/0, a jump) is stored but must not move its marker across the country.
    """
    sql = queries("positions")
    connection.execute(sql["create_incoming"])  # there already, but for an empty batch
    if reflagged:
        connection.execute(sql["reflag_incoming"], _keys(reflagged))
    connection.execute(sql["update_latest"], {"not_live": NOT_LIVE})


def reflag(connection: Connection, positions: Sequence[Position]) -> None:
    """Write the flags that the rules came to, inside the transaction of `copy_positions`.

    What they were before stays in `position_reflag`, but for fixes of the batch just copied.
    """
    if positions:
        connection.execute(queries("positions")["create_incoming"])  # none where only reports came
        connection.execute(queries("positions")["reflag"], _keys(positions))


def _keys(positions: Sequence[Position]) -> dict[str, str]:
    return {
        "device_ids": array(p.device_id for p in positions),
        "fix_times": array(p.fix_time for p in positions),
        "epochs": array(p.epoch for p in positions),
        "seqs": array(p.seq for p in positions),
        "flags": array(p.flags for p in positions),
    }


def since(connection: Connection, after: Mapping[str, datetime]) -> list[Position]:
    """All fixes of each device with a fix time after that given for it, in no order."""
    with connection.cursor(row_factory=class_row(Position)) as cursor:
        cursor.execute(
            queries("positions")["since"],
            {"device_ids": list(after), "afters": list(after.values())},
        )
        return cursor.fetchall()


def between(
    connection: Connection, device_ids: Sequence[str], after: datetime, until: datetime
) -> list[Position]:
    """The fixes of these devices that count for a time in (after, until], in no order."""
    with connection.cursor(row_factory=class_row(Position)) as cursor:
        parameters = {"device_ids": list(device_ids), "after": after, "until": until}
        return cursor.execute(queries("positions")["between"], parameters).fetchall()


def latest(connection: Connection) -> dict[str, Position]:
    """The live position of each device."""
    with connection.cursor(row_factory=class_row(Position)) as cursor:
        cursor.execute(queries("positions")["latest"])
        return {position.device_id: position for position in cursor}


def export(
    connection: Connection, start: datetime, until: datetime, device_id: str | None = None
) -> Iterator[Position]:
    """Fixes with start <= fix time < until, oldest first, streamed."""
    parameters = {"since": start, "until": until, "device_id": device_id}
    with (
        connection.transaction(),
        connection.cursor("export_positions", row_factory=class_row(Position)) as cursor,
    ):
        cursor.execute(queries("positions")["export"], parameters)
        yield from cursor
