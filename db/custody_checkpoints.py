"""Checkpoints of the custody ledger, and the proof of the whole ledger against them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.types.json import Jsonb

from db.pool import Connection
from db.sql import queries
from db.unit_states import text_of
from domain.custody import ZERO_HASH, Fault, Head, Link, verify_chain
from domain.custody_checkpoints import (
    Checkpoint,
    Standing,
    faults,
    heads_faults,
    make,
    standing,
)

ROWS_AT_ONCE = 2000
_COLUMNS = ("event_uuid", "step", "event_time", "recorded_at", "place", "region_code",
            "shipment_id", "units", "actor")  # fmt: skip
Kept = dict[str, list[tuple[str, Head]]]


class LedgerError(Exception):
    """The ledger contradicts itself; nothing may be signed. The message names chain and row."""


def checkpoint(connection: Connection, key: Ed25519PrivateKey, now: datetime) -> Checkpoint | None:
    """Sign the heads of all chains that moved since the last checkpoint; None: none did.

    Raises LedgerError where the end of a chain is not the one that was kept.
    """
    with connection.transaction():
        connection.execute(queries("custody_checkpoints")["lock"])
        moved = _take_moved(connection)
        for chain, seq, _, agrees in moved:
            if not agrees:
                raise LedgerError(f"{chain}, row {seq}: the ledger does not end as was kept")
        if not moved:
            return None
        heads = {chain: Head(seq, digest) for chain, seq, digest, _ in moved}
        made = make(text_of(now), _count(connection), heads, _newest(connection), key)
        connection.execute(
            queries("custody_checkpoints")["put"], {**made._asdict(), "heads": Jsonb(heads)}
        )
        return made


def _take_moved(connection: Connection) -> list[tuple[str, int, str, bool]]:
    locked = connection.execute(queries("custody_checkpoints")["lock_moved"]).fetchall()
    chains = [row[0] for row in locked]
    rows = connection.execute(queries("custody_checkpoints")["take_moved"], {"chains": chains})
    return [(row[0], row[1], row[2], row[3]) for row in rows.fetchall()]


def _count(connection: Connection) -> int:
    row = connection.execute(queries("custody_checkpoints")["chains"]).fetchone()
    return int(row[0]) if row else 0


def _newest(connection: Connection) -> str:
    row = connection.execute(queries("custody_checkpoints")["newest"]).fetchone()
    return str(row[0]) if row else ZERO_HASH


def standings(connection: Connection, chain: str) -> list[Standing]:
    """That a chain stands in each checkpoint that has a head of it, oldest first."""
    rows = connection.execute(queries("custody_checkpoints")["of_chain"], {"chain": chain})
    return [standing(_checkpoint(row), _heads(row), chain) for row in rows.fetchall()]


def _checkpoint(row: Sequence[Any]) -> Checkpoint:
    return Checkpoint(text_of(row[1]), *row[2:8])


def _heads(row: Sequence[Any]) -> dict[str, Head]:
    return {chain: Head(*head) for chain, head in row[8].items()}


# --- the whole ledger --------------------------------------------------------------------------


def verify(
    connection: Connection, trusted: Collection[str] = (), expected: str | None = None
) -> tuple[int, int, list[Fault]]:
    """Prove every chain against itself, its head and all checkpoints, as of one moment.

    `trusted`: ids of the keys that may have signed (none: any). `expected`: the hash of a
    checkpoint that was published and must be there. Returns how many chains and rows there
    are, and the faults.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        kept, found = _kept(connection, trusted, expected)
        chains = rows = 0
        for chain, links, amiss in _chains(connection):
            chains, rows = chains + 1, rows + len(links)
            found += [*amiss, *_against(chain, links, kept.pop(chain, []))]
        found += [
            Fault(chain, head.seq, "seq", f"the whole chain is gone; {name} has it")
            for chain, ends in kept.items()
            for name, head in ends[-1:]
        ]
    return chains, rows, found


def _kept(
    connection: Connection, trusted: Collection[str], expected: str | None
) -> tuple[Kept, list[Fault]]:
    """How each chain must go at least, by the checkpoints and by its head; their own faults."""
    kept: Kept = {}
    found: list[Fault] = []
    hashes = [ZERO_HASH]
    for row in connection.execute(queries("custody_checkpoints")["all"]).fetchall():
        made, heads, name = _checkpoint(row), _heads(row), f"checkpoint {row[0]}"
        found += faults(made, name, trusted, hashes[-1])
        found += heads_faults(made, name, heads)
        hashes.append(made.hash)
        for chain, head in heads.items():
            kept.setdefault(chain, []).append((f"{name} of {made.at}", head))
        if len(kept) != made.chains:
            found.append(Fault(name, None, "chains", f"{made.chains} were signed, {len(kept)} are"))
    if expected is not None and expected not in hashes:
        found.append(Fault("checkpoints", None, "hash", f"the one published is gone: {expected}"))
    for chain, seq, digest in connection.execute(
        queries("custody_checkpoints")["heads"]
    ).fetchall():
        kept.setdefault(chain, []).append(("custody_head", Head(seq, digest)))
    return kept, found


def _chains(connection: Connection) -> Iterator[tuple[str, list[Link], list[Fault]]]:
    """Chain by chain, so that memory holds one at a time."""
    with connection.cursor("ledger") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(queries("custody_checkpoints")["rows"])
        for chain, group in groupby(cursor, key=lambda row: row[0]):
            links, amiss = [], []
            for row in group:
                links.append(Link(*row[:5]))
                amiss += _column_faults(links[-1], row[5:])
            yield chain, links, amiss


def _column_faults(link: Link, values: Iterable[Any]) -> list[Fault]:
    """The columns are the index of the body: where they differ, searches would lie."""
    found = []
    for name, value in zip(_COLUMNS, values, strict=True):
        told = link.body.get(name, [] if name == "units" else None)
        if (text_of(value) if isinstance(value, datetime) else value) != told:
            reason = f"the column says {value}, what was hashed says {told}"
            found.append(Fault(link.chain, link.seq, name, reason))
    return found


def _against(chain: str, links: list[Link], ends: list[tuple[str, Head]]) -> list[Fault]:
    found = verify_chain(links, chain)
    by_seq = {link.seq: link for link in links}
    for name, head in ends:
        row = by_seq.get(head.seq)
        if row is None:
            reason = f"is gone: {name} has it, the chain ends at row {max(by_seq, default=0)}"
            found.append(Fault(chain, head.seq, "seq", reason))
        elif row.hash != head.hash:
            found.append(Fault(chain, head.seq, "hash", f"is not the row that {name} has"))
    return found
