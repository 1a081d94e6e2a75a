"""The sequence ledger: which numbers of each device are committed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from db.pool import Connection
from db.sql import array, queries


class Ack(NamedTuple):
    """Every number of the counter up to and including `seq` is committed."""

    device_id: str
    epoch: int
    seq: int


class Received(NamedTuple):
    """A number that came; `oldest_seq` is the lowest that may still come (1: not said)."""

    device_id: str
    epoch: int
    seq: int
    oldest_seq: int = 1


def record(connection: Connection, received: Sequence[Received]) -> list[Ack]:
    """Note numbers as received inside the caller's transaction.

    Returns one acknowledgement for each counter named.
    """
    if not received:
        return []
    device_ids, epochs, seqs, oldest_seqs = zip(*received, strict=True)
    rows = connection.execute(
        queries("ledger")["record"],
        {
            "device_ids": array(device_ids),
            "epochs": array(epochs),
            "seqs": array(seqs),
            "oldest_seqs": array(oldest_seqs),
        },
    ).fetchall()
    return [Ack(device_id, epoch, seq or 0) for device_id, epoch, seq in rows]


def gaps(connection: Connection) -> list[tuple[str, int, int, int]]:
    """(device, epoch, first, last) of every run of numbers that will never come."""
    rows = connection.execute(queries("ledger")["gaps"]).fetchall()
    return [(device_id, epoch, first, last) for device_id, epoch, first, last in rows]
