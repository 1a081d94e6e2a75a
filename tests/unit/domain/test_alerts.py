"""The alert's life-cycle: every pair of state and trigger."""

from __future__ import annotations

import itertools

import pytest

from domain.alerts import (
    BESIDE,
    NEVER_SHELVED,
    ONLY_SHELVED,
    OPEN_STATES,
    TRANSITIONS,
    AlertState,
    StepRefusedError,
    Trigger,
    step,
)

PAIRS = list(itertools.product(AlertState, Trigger))


@pytest.mark.parametrize("shelved", [False, True], ids=["in the list", "shelved"])
@pytest.mark.parametrize(("state", "trigger"), PAIRS)
def test_every_pair_leads_where_the_table_says_or_is_refused(
    state: AlertState, trigger: Trigger, shelved: bool
) -> None:
    if state not in OPEN_STATES:
        assert (state, trigger) not in TRANSITIONS
    refused = trigger in (NEVER_SHELVED if shelved else ONLY_SHELVED)
    if (state, trigger) in TRANSITIONS and not refused:
        after = step(state, trigger, cleared=False, shelved=shelved)
        assert after is TRANSITIONS[state, trigger]
    else:
        with pytest.raises(StepRefusedError, match=f"cannot take the step {trigger}"):
            step(state, trigger, cleared=False, shelved=shelved)


@pytest.mark.parametrize(("state", "trigger"), list(itertools.product(sorted(OPEN_STATES), BESIDE)))
def test_work_beside_the_state_leaves_it_alone(state: AlertState, trigger: Trigger) -> None:
    assert step(state, trigger, cleared=False, shelved=trigger in ONLY_SHELVED) is state


def test_a_refusal_says_why() -> None:
    with pytest.raises(StepRefusedError, match="that is RESOLVED cannot take the step ASSIGN"):
        step(AlertState.RESOLVED, Trigger.ASSIGN, cleared=False)
    with pytest.raises(StepRefusedError, match="not shelved cannot take the step UNSHELVE"):
        step(AlertState.NEW, Trigger.UNSHELVE, cleared=False)
    with pytest.raises(StepRefusedError, match="that is shelved cannot take the step ESCALATE"):
        step(AlertState.NEW, Trigger.ESCALATE, cleared=False, shelved=True)


def test_what_ended_unseen_waits_and_what_was_seen_and_ended_resolves() -> None:
    assert step(AlertState.NEW, Trigger.CLEAR, cleared=False) is AlertState.NEW
    assert step(AlertState.NEW, Trigger.ACKNOWLEDGE, cleared=True) is AlertState.RESOLVED
    assert step(AlertState.ACKNOWLEDGED, Trigger.CLEAR, cleared=False) is AlertState.RESOLVED
    assert step(AlertState.IN_PROGRESS, Trigger.CLEAR, cleared=False) is AlertState.IN_PROGRESS
