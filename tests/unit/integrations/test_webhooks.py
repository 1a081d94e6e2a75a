"""How many unsigned messages an address may send."""

from __future__ import annotations

from integrations.webhooks import MOST_ADDRESSES, Strangers


def test_a_burst_and_then_one_by_one() -> None:
    strangers = Strangers(burst=3, per_s=1.0)
    for _ in range(3):
        assert strangers.left("10.0.0.1", 100.0) >= 1
        strangers.count("10.0.0.1", 100.0)
    assert strangers.left("10.0.0.1", 100.0) < 1
    assert strangers.left("10.0.0.1", 100.9) < 1
    assert strangers.left("10.0.0.1", 101.0) >= 1
    assert strangers.left("10.0.0.2", 100.0) == 3
    assert strangers.left("10.0.0.1", 9999.0) == 3


def test_a_flood_of_addresses_takes_no_memory() -> None:
    strangers = Strangers()
    for number in range(MOST_ADDRESSES + 10):
        strangers.count(f"a{number}", 1.0)
    assert len(strangers._buckets) == MOST_ADDRESSES
