"""Checkpoints in the database, and a ledger that somebody with all rights has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.types.json import Jsonb

from db import custody, custody_checkpoints
from db.custody_checkpoints import LedgerError, checkpoint, standings, verify
from db.pool import Connection
from domain.custody import Step, hash_of
from domain.custody_checkpoints import stands
from domain.evidence_bundle import key_id
from tests.integration.db.custody_scene import AT, HOUR, NOW, event, put_manifest

KEY = Ed25519PrivateKey.generate()
TRUSTED = [key_id(KEY.public_key())]
CHAINS = ("M-1", "M-2", "M-3")
Named = set[tuple[str, int | None, str]]


@pytest.fixture(autouse=True)
def ledger(connection: Connection) -> None:
    """Three chains of three rows, the first two of each under a checkpoint."""
    for number, chain in enumerate(CHAINS):
        put_manifest(connection, chain, units={f"BOX-{number}": []}, carton=None)
    for at, step in enumerate((Step.PACK, Step.SEAL, Step.DEPART)):
        if at == 2:
            assert checkpoint(connection, KEY, NOW)
        for number, chain in enumerate(CHAINS):
            told = event(step, AT + at * HOUR, (f"BOX-{number}",), place="GUDANG")
            custody.append(connection, chain, [told], "sari", NOW)


def tamper(connection: Connection, *words: str, **values: Any) -> None:
    """What a superuser can do whom no trigger stops."""
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        for one in words:
            connection.execute(one, values)  # type: ignore[arg-type]


def named(connection: Connection) -> Named:
    found = verify(connection, TRUSTED)[2]
    return {(fault.chain, fault.seq, fault.field) for fault in found}


def test_an_untouched_ledger_is_proved(connection: Connection) -> None:
    assert verify(connection, TRUSTED) == (3, 9, [])


def test_a_checkpoint_has_what_moved_since_the_last(connection: Connection) -> None:
    made = checkpoint(connection, KEY, NOW)
    assert made is not None
    assert made.chains == 3
    assert checkpoint(connection, KEY, NOW) is None
    custody.append(connection, "M-1", [event(Step.ARRIVE)], "sari", NOW)
    assert checkpoint(connection, KEY, NOW)
    assert [one.head.seq for one in standings(connection, "M-1")] == [2, 3, 4]
    assert [one.head.seq for one in standings(connection, "M-2")] == [2, 3]
    assert all(stands(one, "M-1") for one in standings(connection, "M-1"))
    assert verify(connection, TRUSTED) == (3, 10, [])


def test_a_chain_that_is_being_written_waits_for_the_next(
    connection: Connection, other_connection: Connection
) -> None:
    with other_connection.transaction():
        custody.append(other_connection, "M-1", [event(Step.ARRIVE)], "sari", NOW)
        assert checkpoint(connection, KEY, NOW)
        assert [one.head.seq for one in standings(connection, "M-1")] == [2]
    assert checkpoint(connection, KEY, NOW)
    assert [one.head.seq for one in standings(connection, "M-1")] == [2, 4]
    assert named(connection) == set()


def test_checkpoints_are_append_only(connection: Connection) -> None:
    for words in ("update custody_checkpoint set chains = 1", "delete from custody_checkpoint"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(words)


def change_body(connection: Connection) -> None:
    tamper(
        connection,
        "update custody_event set body = jsonb_set(body, '{place}', '\"X\"')"
        " where chain = 'M-2' and seq = 2",
    )


def change_column(connection: Connection) -> None:
    tamper(connection, "update custody_event set place = 'X' where chain = 'M-2' and seq = 2")


def change_whole_row(connection: Connection) -> None:
    """Body, column and hash: the row by itself is sound."""
    row = custody.of_manifest(connection, "M-2")[1]
    body = {**row.body, "place": "X"}
    tamper(
        connection,
        "update custody_event set place = 'X', body = %(body)s, hash = %(hash)s"
        " where chain = 'M-2' and seq = 2",
        body=Jsonb(body), hash=hash_of(body, row.prev_hash, "M-2", 2),
    )  # fmt: skip


def change_last_row_and_head(connection: Connection) -> None:
    checkpoint(connection, KEY, NOW)
    row = custody.of_manifest(connection, "M-2")[2]
    body = {**row.body, "place": "X"}
    tamper(
        connection,
        "update custody_event set place = 'X', body = %(body)s, hash = %(hash)s"
        " where chain = 'M-2' and seq = 3",
        "update custody_head set hash = %(hash)s where chain = 'M-2'",
        body=Jsonb(body), hash=hash_of(body, row.prev_hash, "M-2", 3),
    )  # fmt: skip


def remove_middle(connection: Connection) -> None:
    tamper(connection, "delete from custody_event where chain = 'M-2' and seq = 2")


def cut_end(connection: Connection) -> None:
    tamper(connection, "delete from custody_event where chain = 'M-2' and seq = 3")


def cut_end_and_head(connection: Connection) -> None:
    row = custody.of_manifest(connection, "M-2")[0]
    tamper(
        connection,
        "delete from custody_event where chain = 'M-2' and seq > 1",
        "update custody_head set seq = 1, hash = %(hash)s where chain = 'M-2'",
        hash=row.hash,
    )


def remove_chain(connection: Connection) -> None:
    tamper(
        connection,
        "delete from custody_event where chain = 'M-2'",
        "delete from custody_head where chain = 'M-2'",
    )


def swap_rows(connection: Connection) -> None:
    tamper(
        connection,
        "update custody_event set seq = 99 where chain = 'M-2' and seq = 1",
        "update custody_event set seq = 1 where chain = 'M-2' and seq = 2",
        "update custody_event set seq = 2 where chain = 'M-2' and seq = 99",
    )


def move_to_another_chain(connection: Connection) -> None:
    tamper(
        connection,
        "update custody_event set chain = 'M-1', seq = 4 where chain = 'M-2' and seq = 3",
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (change_body, {("M-2", 2, "hash"), ("M-2", 2, "place")}),
        (change_column, {("M-2", 2, "place")}),
        (change_whole_row, {("M-2", 3, "prev_hash"), ("M-2", 2, "hash")}),
        (change_last_row_and_head, {("M-2", 3, "hash")}),
        (remove_middle, {("M-2", 2, "seq")}),
        (cut_end, {("M-2", 3, "seq")}),
        (cut_end_and_head, {("M-2", 2, "seq")}),
        (remove_chain, {("M-2", 2, "seq")}),
        (swap_rows, {("M-2", 1, "hash"), ("M-2", 2, "hash"), ("M-2", 1, "prev_hash"),
                     ("M-2", 2, "prev_hash"), ("M-2", 3, "prev_hash")}),
        (move_to_another_chain, {("M-2", 3, "seq"), ("M-1", 4, "hash"), ("M-1", 4, "prev_hash")}),
    ],
)  # fmt: skip
def test_whatever_is_changed_is_named_by_chain_row_and_field(
    connection: Connection, change: Callable[[Connection], None], expected: Named
) -> None:
    change(connection)
    assert named(connection) == expected


def test_a_checkpoint_that_is_changed_or_removed_is_named(connection: Connection) -> None:
    checkpoint(connection, KEY, NOW)
    tamper(
        connection, "update custody_checkpoint set heads = heads - 'M-1' where checkpoint_id = 1"
    )
    assert ("checkpoint 1", None, "heads") in named(connection)
    tamper(connection, "delete from custody_checkpoint where checkpoint_id = 1")
    assert ("checkpoint 2", None, "prev_hash") in named(connection)


def test_the_removal_of_the_newest_checkpoint_is_told_by_the_one_published(
    connection: Connection,
) -> None:
    made = checkpoint(connection, KEY, NOW)
    assert made is not None
    assert verify(connection, TRUSTED, made.hash)[2] == []
    tamper(connection, "delete from custody_checkpoint where checkpoint_id = 2")
    assert [fault.reason for fault in verify(connection, TRUSTED, made.hash)[2]] == [
        f"the one published is gone: {made.hash}"
    ]


def test_a_foreign_key_is_named(connection: Connection) -> None:
    custody_checkpoints.checkpoint(connection, Ed25519PrivateKey.generate(), NOW)
    assert named(connection) == {("checkpoint 2", None, "public_key")}


def test_a_ledger_that_contradicts_itself_is_not_signed(connection: Connection) -> None:
    cut_end(connection)
    with pytest.raises(LedgerError, match="M-2, row 3"):
        checkpoint(connection, KEY, NOW)
    assert len(standings(connection, "M-1")) == 1
