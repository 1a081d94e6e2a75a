"""What is sent next, and again."""

from typing import Any

import pytest

from firmware_sim.flash import Ring
from firmware_sim.frame import Record
from firmware_sim.outbox import Outbox, resend_after_s


def ring_of(*kinds: str, capacity: int = 100) -> Ring:
    ring = Ring(capacity)
    ring.begin_epoch()
    for kind in kinds:
        add(ring, kind)
    return ring


def add(ring: Ring, kind: str) -> Record:
    fields: dict[str, Any] = {"lat_deg": -7.0} if kind == "position" else {"event": kind}
    return ring.append("position" if kind == "position" else "event", fields)[0]


def taken(box: Outbox, at_s: float = 0.0, most: int = 50) -> list[int]:
    return [record.seq for record in box.take(at_s, most)]


def test_a_record_is_sent_again_after_30_60_and_at_most_600_s() -> None:
    assert [resend_after_s(n) for n in range(1, 8)] == [30, 60, 120, 240, 480, 600, 600]
    box = Outbox(ring_of("position"))
    sent_at = [at_s for at_s in range(2_000) if box.take(float(at_s), 50)]
    assert sent_at == [0, 30, 90, 210, 450, 930, 1530]


def test_the_networks_seconds_may_be_longer() -> None:
    box = Outbox(ring_of("position"), scale=20.0)
    assert [at_s for at_s in range(2_000) if box.take(float(at_s), 50)] == [0, 600, 1800]


def test_alarms_go_before_stored_positions() -> None:
    box = Outbox(ring_of("position", "position", "seal_cut", "boot", "sos"))
    assert taken(box) == [3, 5]
    assert taken(box) == [1, 2]
    assert taken(box) == [4]
    assert taken(box) == []


def test_a_batch_is_of_one_kind_and_one_epoch_and_not_too_long() -> None:
    ring = ring_of("position", "position", "boot", "position")
    ring.begin_epoch()
    add(ring, "position")
    box = Outbox(ring)
    assert [[r.key for r in box.take(0.0, 50)] for _ in range(5)] == [
        [(1, 1), (1, 2)],
        [(1, 3)],
        [(1, 4)],
        [(2, 1)],
        [],
    ]
    long = Outbox(ring_of(*["position"] * 7))
    assert [taken(long, most=3) for _ in range(3)] == [[1, 2, 3], [4, 5, 6], [7]]


def test_what_the_broker_did_not_take_counts_as_unsent() -> None:
    box = Outbox(ring_of("position"))
    assert taken(box) == [1]
    box.put_back([(1, 1)])
    assert box.times_sent((1, 1)) == 0
    assert taken(box, 1.0) == [1]
    assert taken(box, 30.0) == []
    assert taken(box, 31.0) == [1]


def test_what_was_acknowledged_or_overwritten_is_not_sent_again() -> None:
    ring = ring_of("position", "position", "position", capacity=3)
    box = Outbox(ring)
    assert taken(box) == [1, 2, 3]
    box.forget(ring.free(1, 1))
    box.put_back([(1, 1)])
    for _ in range(2):
        box.add(add(ring, "position"))
    assert taken(box, 1.0) == [4, 5]
    assert taken(box, 30.0) == [3]


@pytest.mark.parametrize("count", [1, 5])
def test_a_new_outbox_sends_all_that_the_ring_holds(count: int) -> None:
    ring = ring_of(*["position"] * count)
    Outbox(ring).take(0.0, 50)
    assert len(taken(Outbox(ring))) == count
