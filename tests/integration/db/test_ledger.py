"""The ledger against a set of numbers in Python: any order, any repetition, any loss."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import ledger
from db.ledger import Ack, Received
from db.pool import Connection


class Counter:
    """One counter of a device as a set: what came, and below which number nothing will."""

    def __init__(self) -> None:
        self.seqs: set[int] = set()
        self.oldest_seq = 1

    def take(self, received: Received) -> None:
        self.seqs.add(received.seq)
        self.oldest_seq = max(self.oldest_seq, received.oldest_seq)

    def freed(self) -> int:
        """The last number up to which each has come or will never come."""
        seq = 0
        while seq + 1 in self.seqs or seq + 1 < self.oldest_seq:
            seq += 1
        return seq

    def lost(self) -> set[int]:
        return set(range(1, self.oldest_seq)) - self.seqs


class Model(dict[tuple[str, int], Counter]):
    def take(self, batch: list[Received]) -> list[Ack]:
        for item in batch:
            self.setdefault((item.device_id, item.epoch), Counter()).take(item)
        named = sorted({(item.device_id, item.epoch) for item in batch})
        return [Ack(*key, self[key].freed()) for key in named]

    def lost(self) -> set[tuple[str, int, int]]:
        return {(*key, seq) for key, counter in self.items() for seq in counter.lost()}


@st.composite
def numbers(draw: st.DrawFn) -> Received:
    """A device still keeps the record that it sends, so oldest_seq is never above seq."""
    seq = draw(st.integers(1, 12) | st.integers(1, 60))
    oldest_seq = draw(st.just(1) | st.integers(1, seq))
    return Received(draw(st.sampled_from("AB")), draw(st.integers(1, 2)), seq, oldest_seq)


def lost(connection: Connection) -> set[tuple[str, int, int]]:
    return {
        (device_id, epoch, seq)
        for device_id, epoch, first, last in ledger.gaps(connection)
        for seq in range(first, last + 1)
    }


@given(st.lists(st.lists(numbers(), min_size=1, max_size=12), min_size=1, max_size=8))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_and_repetition_ends_as_a_set_would(
    connection: Connection, batches: list[list[Received]]
) -> None:
    model = Model()
    with connection.transaction(force_rollback=True):
        for batch in batches:
            assert sorted(ledger.record(connection, batch)) == model.take(batch)
            assert lost(connection) == model.lost()


def test_numbers_far_apart_and_as_high_as_the_protocol_allows(connection: Connection) -> None:
    highest = 2**53 - 1
    assert ledger.record(connection, [Received("A", 2**31 - 1, highest)]) == [
        Ack("A", 2**31 - 1, 0)
    ]
    received = [Received("A", 2**31 - 1, highest, oldest_seq=highest)]
    assert ledger.record(connection, received) == [Ack("A", 2**31 - 1, highest)]
    assert ledger.gaps(connection) == [("A", 2**31 - 1, 1, highest - 1)]


def test_nothing_received_is_nothing_to_acknowledge(connection: Connection) -> None:
    assert ledger.record(connection, []) == []


def test_a_batch_that_is_rolled_back_was_not_received(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        assert ledger.record(connection, [Received("A", 1, 1)]) == [Ack("A", 1, 1)]
    assert ledger.record(connection, [Received("A", 1, 2)]) == [Ack("A", 1, 0)]


def test_what_was_overwritten_in_the_ring_is_lost_and_may_still_come(
    connection: Connection,
) -> None:
    ledger.record(connection, [Received("A", 1, 1), Received("A", 1, 9, oldest_seq=5)])
    assert ledger.gaps(connection) == [("A", 1, 2, 4)]
    assert ledger.record(connection, [Received("A", 1, 3)]) == [Ack("A", 1, 4)]
    assert ledger.gaps(connection) == [("A", 1, 2, 2), ("A", 1, 4, 4)]
