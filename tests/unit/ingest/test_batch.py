"""When a batch is due."""

from __future__ import annotations

from datetime import UTC, datetime

from ingest.batch import Batch
from ingest.decode import Raw

RAW = Raw("t", b"", datetime(2024, 11, 26, tzinfo=UTC))


def test_an_empty_batch_is_never_due() -> None:
    batch = Batch(2, 0.5)
    assert not batch.due(1e9)
    assert batch.remaining_s(1e9) == 0.5


def test_due_when_full_or_when_the_first_has_waited() -> None:
    batch = Batch(2, 0.5)
    batch.add(RAW, 10.0)
    assert not batch.due(10.4)
    assert batch.due(10.5)
    batch.add(RAW, 10.1)
    assert batch.due(10.1)
    assert batch.room() == 0
