"""Where a unit is: any order of telling ends in the same state; seals are compared as written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.custody import CustodyEvent, DoubtCode, Source
from domain.custody_states import (
    Happened,
    UnitState,
    advance,
    doubts,
    fold,
    readings_differ,
    seal_faults,
)
from domain.custody_words import Stage, Step
from domain.manifest_words import UnitKind
from tests.unit.domain.custody_chains import CHAIN, START, event

BOX = "BOX-1"


def told(events: list[CustodyEvent]) -> list[Happened]:
    return [
        Happened(one.event_time, START, CHAIN, seq, one) for seq, one in enumerate(events, start=1)
    ]


def walked(*steps: Step, **more: Any) -> UnitState:
    state: UnitState | None = None
    for at, step in enumerate(steps):
        state = advance(state, CHAIN, event(step, at, **more), BOX)
    assert state is not None
    return state


JOURNEY = [event(step, at) for at, step in enumerate(Step)]


@given(st.permutations(told(JOURNEY)))
def test_the_order_in_which_events_are_told_does_not_matter(events: list[Happened]) -> None:
    assert fold(BOX, events) == walked(*Step)


@given(st.lists(st.sampled_from(Step), min_size=1, max_size=8))
def test_folding_is_advancing_step_by_step(steps: list[Step]) -> None:
    events = [event(step, at) for at, step in enumerate(steps)]
    assert fold(BOX, told(events)) == walked(*steps)


def test_until_a_time_later_events_do_not_count() -> None:
    state = fold(BOX, told(JOURNEY), START + timedelta(hours=1))
    assert state is not None
    assert state.stage is Stage.SEALED


def test_what_was_corrected_or_withdrawn_does_not_count() -> None:
    packed, sent = event(Step.PACK), event(Step.DEPART, 1)
    undone = event(Step.ATTACH, 2, units=(), corrects=sent.event_uuid, withdrawn=True)
    state = fold(BOX, told([packed, sent, undone]))
    assert state is not None
    assert state.stage is Stage.PACKED
    assert fold(BOX, told([sent, undone])) is None
    assert fold("BOX-77", told([packed])) is None


def test_the_seals_are_those_of_the_last_sealing() -> None:
    one = advance(None, CHAIN, event(Step.SEAL, seals={BOX: ("S-1",)}), BOX)
    two = advance(one, CHAIN, event(Step.ARRIVE, 1, seals={BOX: ("S-9",)}), BOX)
    assert two.seals == ("S-1",)
    assert advance(two, CHAIN, event(Step.RESEAL, 2, seals={BOX: ("S-5",)}), BOX).seals == ("S-5",)
    assert advance(two, CHAIN, event(Step.RESEAL, 2), BOX).seals == ("S-1",)


@pytest.mark.parametrize(
    ("expected", "found", "missing", "unexpected"),
    [
        ([], [], [], []),
        (["S-1", "S-2"], ["S-2", "S-1"], [], []),
        (["S-1"], ["s-1"], [], []),
        (["S 1"], ["S1"], [], []),
        (["S-1", "S-2"], ["S-2", "S-3"], ["S-1"], ["S-3"]),
        (["S-1"], [], ["S-1"], []),
    ],
)
def test_seals_are_compared_without_blanks_and_capitals(
    expected: list[str], found: list[str], missing: list[str], unexpected: list[str]
) -> None:
    faults = [(fault.code, fault.detail) for fault in seal_faults(BOX, expected, found)]
    assert faults == [
        *((DoubtCode.SEAL_MISSING, seal) for seal in missing),
        *((DoubtCode.SEAL_UNEXPECTED, seal) for seal in unexpected),
    ]


def test_giver_and_receiver_are_compared_where_both_read() -> None:
    given_, taken = {"A": ["1", "2"], "B": ["3"], "C": []}, {"A": ["2", "1"], "B": [], "D": ["9"]}
    assert [doubt.unit for doubt in readings_differ(given_, taken)] == ["B"]


def codes(state: UnitState | None, told_: CustodyEvent, **more: Any) -> set[DoubtCode]:
    usual: dict[str, Any] = {"kind": UnitKind.BOX, "planned_seals": ("S-1",)}
    return {doubt.code for doubt in doubts(state, told_, BOX, **{**usual, **more})}


def test_what_is_doubtful() -> None:
    packed = walked(Step.PACK)
    sealed = advance(packed, CHAIN, event(Step.SEAL, seals={BOX: ("S-1",)}), BOX)
    assert codes(None, event(Step.PACK)) == set()
    assert codes(packed, event(Step.DEPART)) == {DoubtCode.UNSEALED}
    assert codes(packed, event(Step.DEPART), kind=UnitKind.CARTON) == set()
    assert codes(sealed, event(Step.DEPART)) == set()
    assert codes(sealed, event(Step.DEPART), kind=None) == {DoubtCode.NOT_ON_MANIFEST}
    assert codes(sealed, event(Step.ARRIVE)) == {DoubtCode.OUT_OF_ORDER}
    assert codes(sealed, event(Step.INSPECT, broken=(BOX,))) == {DoubtCode.SEAL_OPENED}
    # Sealed under other numbers than the manifest says.
    other = event(Step.SEAL, seals={BOX: ("S-2",)})
    assert codes(packed, other) == {DoubtCode.SEAL_MISSING, DoubtCode.SEAL_UNEXPECTED}


def test_a_source_tells_what_an_event_was_made_from() -> None:
    with pytest.raises(ValueError, match="key"):
        Source(key="")
