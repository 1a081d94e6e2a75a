"""The table of stages, walked whole."""

from __future__ import annotations

import itertools

import pytest

from domain.custody_words import ORDERS, Stage, Step, stage_after

PAIRS = list(itertools.product([None, *Stage], Step))
WAYS = [
    [Step.PACK, Step.SEAL, Step.LOAD, Step.DEPART, Step.ARRIVE, Step.HANDOVER, Step.RECEIVE],
    [Step.PACK, Step.SEAL, Step.DEPART, Step.HOLD, Step.RELEASE, Step.ARRIVE, Step.RECEIVE],
    # Over the sea: from the lorry to the boat, and on from one place to the next.
    [Step.PACK, Step.SEAL, Step.DEPART, Step.HANDOVER, Step.LOAD, Step.DEPART, Step.RECEIVE],
    [Step.PACK, Step.SEAL, Step.DEPART, Step.RECEIVE, Step.LOAD, Step.DEPART, Step.RECEIVE],
    # Opened to count, closed again.
    [Step.PACK, Step.SEAL, Step.OPEN, Step.RESEAL, Step.LOAD, Step.DEPART, Step.RECEIVE],
    # Used, and back.
    [Step.PACK, Step.SEAL, Step.DEPART, Step.RECEIVE, Step.OPEN, Step.SEAL, Step.DEPART,
     Step.RETURN],
]  # fmt: skip


@pytest.mark.parametrize(("stage", "step"), PAIRS)
def test_every_pair_leads_somewhere_and_is_judged(stage: Stage | None, step: Step) -> None:
    after, in_order = stage_after(stage, step)
    assert after in Stage
    if (stage, step) in ORDERS:
        assert (after, in_order) == (ORDERS[stage, step], True)


@pytest.mark.parametrize("step", Step)
def test_where_a_step_leads_does_not_depend_on_the_order_being_right(step: Step) -> None:
    """What happened, happened: a unit that was received is received, whatever was before."""
    if step in (Step.HANDOVER, Step.INSPECT, Step.ATTACH, Step.RESEAL):
        return
    assert len({stage_after(stage, step)[0] for stage in Stage}) == 1


@pytest.mark.parametrize("stage", Stage)
def test_looking_and_writing_move_nothing(stage: Stage) -> None:
    for step in (Step.INSPECT, Step.ATTACH):
        assert stage_after(stage, step) == (stage, True)


@pytest.mark.parametrize("way", WAYS)
def test_the_usual_ways_are_in_order(way: list[Step]) -> None:
    stage: Stage | None = None
    for step in way:
        stage, in_order = stage_after(stage, step)
        assert in_order, (stage, step)


@pytest.mark.parametrize(
    ("stage", "step"),
    [
        (None, Step.RECEIVE),
        (Stage.SEALED, Step.ARRIVE),
        (Stage.RECEIVED, Step.ARRIVE),
        (Stage.IN_TRANSIT, Step.OPEN),
        (Stage.LOST, Step.RECEIVE),
    ],
)
def test_odd_orders_are_told(stage: Stage | None, step: Step) -> None:
    assert not stage_after(stage, step)[1]
