"""The alert's life-cycle: every pair of state and trigger."""

from __future__ import annotations

import itertools

import pytest

from domain.alerts import OPEN_STATES, TRANSITIONS, AlertState, StepRefusedError, Trigger, step


@pytest.mark.parametrize(("state", "trigger"), list(itertools.product(AlertState, Trigger)))
def test_every_pair_leads_where_the_table_says_or_is_refused(
    state: AlertState, trigger: Trigger
) -> None:
    if state not in OPEN_STATES:
        assert (state, trigger) not in TRANSITIONS
    if (state, trigger) in TRANSITIONS:
        assert step(state, trigger, cleared=False) is TRANSITIONS[state, trigger]
    else:
        with pytest.raises(StepRefusedError, match=f"{state} cannot take the step {trigger}"):
            step(state, trigger, cleared=False)


def test_what_ended_unseen_waits_and_what_was_seen_and_ended_resolves() -> None:
    assert step(AlertState.NEW, Trigger.CLEAR, cleared=False) is AlertState.NEW
    assert step(AlertState.NEW, Trigger.ACKNOWLEDGE, cleared=True) is AlertState.RESOLVED
    assert step(AlertState.ACKNOWLEDGED, Trigger.CLEAR, cleared=False) is AlertState.RESOLVED
    assert step(AlertState.IN_PROGRESS, Trigger.CLEAR, cleared=False) is AlertState.IN_PROGRESS
