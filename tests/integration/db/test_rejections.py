"""Rejections: kept with field and reason, counted where they repeat, never in the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from db import rejections
from db.pool import Connection
from db.rejections import KEPT_BYTES, Rejection, StoredRejection
from tests.integration.db.support import START

FAULT = Rejection(
    START, "kawal/v1/KWL-0001/position", "KWL-0001", "lat_deg", "must be at most 90", b'{"v":1}'
)
HOUR = timedelta(hours=1)


def newest(connection: Connection, limit: int = 10) -> list[StoredRejection]:
    return rejections.newest(connection, START - HOUR, limit)


def test_kept_as_it_came(connection: Connection) -> None:
    rejections.record(connection, [FAULT])
    assert newest(connection) == [
        StoredRejection(START, START, 1, *FAULT[1:], payload_size=len(FAULT.payload))
    ]


def test_the_same_again_is_counted(connection: Connection) -> None:
    again = FAULT._replace(received_at=START + HOUR)
    early = FAULT._replace(received_at=START - HOUR)
    rejections.record(connection, [FAULT, again])
    rejections.record(connection, [early])
    (kept,) = newest(connection)
    assert (kept.occurrences, kept.last_seen_at) == (3, START + HOUR)


@pytest.mark.parametrize(
    "other",
    [
        FAULT._replace(topic="kawal/v1/KWL-0002/position"),
        FAULT._replace(field="lon_deg"),
        FAULT._replace(reason="must be at least -90"),
        FAULT._replace(payload=b'{"v":2}'),
        # The parts must not run into each other.
        FAULT._replace(field="lat_deg\0must", reason="be at most 90"),
    ],
)
def test_what_differs_is_another(connection: Connection, other: Rejection) -> None:
    rejections.record(connection, [FAULT, other])
    assert len(newest(connection)) == 2


def test_two_large_payloads_that_differ_late_are_two(connection: Connection) -> None:
    large = [FAULT._replace(payload=b"x" * KEPT_BYTES + end) for end in (b"a", b"b")]
    rejections.record(connection, large)
    kept = newest(connection)
    assert [(r.payload, r.payload_size) for r in kept] == [(b"x" * KEPT_BYTES, KEPT_BYTES + 1)] * 2


@pytest.mark.parametrize("payload", [b"", b"\0\xff\0", b"x" * KEPT_BYTES, b"{" * 65_536])
def test_any_bytes_are_kept_as_far_as_there_is_room(connection: Connection, payload: bytes) -> None:
    rejections.record(connection, [FAULT._replace(payload=payload)])
    (kept,) = newest(connection)
    assert (kept.payload, kept.payload_size) == (payload[:KEPT_BYTES], len(payload))


def test_a_nul_in_any_text_does_not_fail_the_batch(connection: Connection) -> None:
    odd = Rejection(START, "a\0b", None, "c\0d", "e\0f", b"\0")
    rejections.record(connection, [odd, FAULT])
    kept = {(r.topic, r.field, r.reason) for r in newest(connection)}
    assert ("a\\0b", "c\\0d", "e\\0f") in kept
    assert len(kept) == 2


def test_the_newest_come_first_and_only_so_many(connection: Connection) -> None:
    many = [FAULT._replace(received_at=START + n * HOUR, field=f"records[{n}]") for n in range(5)]
    rejections.record(connection, many)
    assert [r.field for r in newest(connection, 3)] == ["records[4]", "records[3]", "records[2]"]
    since = rejections.newest(connection, START + 4 * HOUR, 10)
    assert [r.field for r in since] == ["records[4]"]
