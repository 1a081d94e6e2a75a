"""The sequence ledger: which numbers of each device are committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from db.pool import Connection
from db.sql import queries


class Counter(NamedTuple):
    """One counter of one device."""

    device_id: str
    epoch: int


class Ack(NamedTuple):
    """Every number of the counter up to and including `seq` is committed."""

    device_id: str
    epoch: int
    seq: int


def record(
    connection: Connection,
    received: Mapping[Counter, Iterable[int]],
    oldest: Mapping[Counter, int],
) -> list[Ack]:
    """Note numbers as received inside the caller's transaction.

    `oldest` holds, where the device said so, the lowest number that may still come.
    Returns one acknowledgement for each counter named.
    """
    # In one order in every transaction, so that two writers cannot block each other.
    counters = sorted({*received, *oldest})
    if not counters:
        return []
    rows = connection.execute(
        queries("ledger")["record"],
        {
            "device_ids": [counter.device_id for counter in counters],
            "epochs": [counter.epoch for counter in counters],
            "received": [_multirange(received.get(counter, ())) for counter in counters],
            "oldest_seqs": [oldest.get(counter, 1) for counter in counters],
        },
    ).fetchall()
    return [Ack(device_id, epoch, seq or 0) for device_id, epoch, seq in rows]


def _multirange(numbers: Iterable[int]) -> str:
    return "{" + ",".join(f"[{n},{n}]" for n in numbers) + "}"


def gaps(connection: Connection) -> list[tuple[str, int, int, int]]:
    """(device, epoch, first, last) of every run of numbers that will never come."""
    rows = connection.execute(queries("ledger")["gaps"]).fetchall()
    return [(device_id, epoch, first, last) for device_id, epoch, first, last in rows]
