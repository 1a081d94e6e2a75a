"""The chain: whatever is changed in it is found, and named."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.custody import (
    ZERO_HASH,
    CustodyEvent,
    Head,
    Link,
    Source,
    TwoPersonError,
    derived_uuid,
    hash_of,
    require_two_persons,
    verify_chain,
)
from domain.custody_words import Step
from domain.manifests import Signer
from tests.unit.domain.custody_chains import CHAIN, chain_of, end, event, events, usual_chain

SARI, BUDI = Signer(name="Sari"), Signer(name="Budi")
ROWS = usual_chain()


def named(rows: list[Link], head: Head | None = None) -> set[tuple[int | None, str]]:
    return {(fault.seq, fault.field) for fault in verify_chain(rows, CHAIN, head or end(ROWS))}


def test_a_chain_as_it_was_written_has_no_fault() -> None:
    assert named(ROWS) == set()
    assert named([], Head(0, ZERO_HASH)) == {(0, "seq")}
    assert verify_chain([], CHAIN) == []


@given(st.lists(events, max_size=5))
def test_any_event_can_be_told_and_read_again(told: list[CustodyEvent]) -> None:
    rows = chain_of(told)
    assert [row.event for row in rows] == told
    assert verify_chain(rows, CHAIN) == []


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a body that is no object or list."""
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in leaves(inner, (*path, name))]
    if isinstance(value, list):
        return [leaf for at, inner in enumerate(value) for leaf in leaves(inner, (*path, at))]
    return [path]


def altered(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(body)
    at = changed
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    ("place", "path"), [(at, path) for at, row in enumerate(ROWS) for path in leaves(row.body)]
)
def test_every_single_value_of_every_row_is_guarded(place: int, path: tuple[Any, ...]) -> None:
    rows = list(ROWS)
    rows[place] = rows[place]._replace(body=altered(rows[place].body, path, "another"))
    assert named(rows) == {(place + 1, "hash")}


@pytest.mark.parametrize("place", range(len(ROWS)))
def test_a_row_that_is_changed_and_hashed_anew_no_longer_fits(place: int) -> None:
    """Whoever can write can also reckon hashes; then the next row, or the end, tells."""
    rows = list(ROWS)
    body = {**rows[place].body, "place": "ELSEWHERE"}
    old = rows[place]
    forged = hash_of(body, old.prev_hash, old.chain, old.seq)
    rows[place] = old._replace(body=body, hash=forged)
    last = place == len(ROWS) - 1
    assert named(rows) == {(place + 1, "hash")} if last else {(place + 2, "prev_hash")}


def test_a_chain_that_is_written_anew_from_a_row_on_does_not_end_as_was_kept() -> None:
    again = chain_of([row.event if row.seq != 2 else event(Step.INSPECT, 9) for row in ROWS])
    assert verify_chain(again, CHAIN) == []
    assert named(again) == {(5, "hash")}


@given(st.data())
def test_any_removal_is_named(data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, 4), min_size=1))
    rows = [row for at, row in enumerate(ROWS) if at not in gone]
    faults = verify_chain(rows, CHAIN, end(ROWS))
    highest = max((row.seq for row in rows), default=0)
    missing = {at + 1 for at in gone if at + 1 < highest}
    assert {f.seq for f in faults if f.reason == "this row is missing"} == missing
    cut = highest < len(ROWS)
    assert any("cut off" in f.reason for f in faults) == cut


@given(st.permutations(ROWS))
def test_any_other_order_is_named(rows: list[Link]) -> None:
    faults = verify_chain(rows, CHAIN, end(ROWS))
    assert bool(faults) == (rows != ROWS)
    assert all("out of order" in fault.reason for fault in faults)


@pytest.mark.parametrize("place", range(len(ROWS)))
@pytest.mark.parametrize(
    ("field", "value"),
    [("chain", "M-2"), ("seq", 77), ("prev_hash", "1" * 64), ("hash", "1" * 64)],
)
def test_every_column_of_a_link_is_guarded(place: int, field: str, value: Any) -> None:
    rows = list(ROWS)
    rows[place] = rows[place]._replace(**{field: value})
    faults = verify_chain(rows, CHAIN, end(ROWS))
    assert place + 1 in {fault.seq for fault in faults} or field == "seq"
    assert faults


def test_a_row_that_is_there_twice_is_named() -> None:
    assert (2, "seq") in named([*ROWS[:2], *ROWS[1:]])


def test_a_number_far_out_does_not_cost_memory() -> None:
    rows = [ROWS[0], ROWS[1]._replace(seq=10**15)]
    assert len(verify_chain(rows, CHAIN)) < 2000


def test_a_body_that_json_cannot_hold_is_a_fault_and_no_crash() -> None:
    rows = [ROWS[0]._replace(body={**ROWS[0].body, "x": 2**80})]
    assert [(f.seq, f.field) for f in verify_chain(rows, CHAIN)] == [(1, "body")]


def test_a_fault_reads_as_a_sentence() -> None:
    (fault,) = verify_chain(ROWS[:4], CHAIN, end(ROWS))
    assert str(fault) == "M-1, row 5: seq: was cut off: the chain ends at row 4"


@pytest.mark.parametrize(
    ("giver", "taker", "field"),
    [
        (None, BUDI, "released_by"),
        (SARI, None, "received_by"),
        (SARI, SARI, "received_by"),
        (SARI, Signer(name="SARI", role="PPK"), "received_by"),
        (Signer(name="Sari  Dewi"), Signer(name="sari dewi"), "received_by"),
    ],
)
def test_one_person_is_not_two(giver: Signer | None, taker: Signer | None, field: str) -> None:
    with pytest.raises(TwoPersonError) as refused:
        require_two_persons(giver, taker)
    assert refused.value.field == field


def test_two_persons_are_two() -> None:
    require_two_persons(SARI, BUDI)


def test_what_follows_from_a_record_has_always_the_same_id() -> None:
    source = Source(key="receipt/R-1", revision=2)
    assert derived_uuid(source, {"a": 1}) == derived_uuid(source, {"a": 1})
    assert derived_uuid(source, {"a": 1}) != derived_uuid(source, {"a": 2})
    assert derived_uuid(source) != derived_uuid(Source(key="receipt/R-1", revision=3))
