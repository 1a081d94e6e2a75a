"""Alerts: work for a person. The life-cycle is one table.

States and steps follow ISA-18.2: an alert whose condition has ended stays until a
person has seen it; seen and ended, it resolves by itself.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class AlertState(StrEnum):
    """Where the work on an alert stands."""

    NEW = "NEW"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    IN_PROGRESS = "IN_PROGRESS"
    RESOLVED = "RESOLVED"
    FALSE_POSITIVE = "FALSE_POSITIVE"


class Trigger(StrEnum):
    """What can happen to an alert. CLEAR comes from the rules, the others from people."""

    ACKNOWLEDGE = "ACKNOWLEDGE"
    START = "START"
    RESOLVE = "RESOLVE"
    DISMISS = "DISMISS"
    CLEAR = "CLEAR"


class Severity(IntEnum):
    """1 is the highest."""

    CRITICAL = 1
    HIGH = 2
    MEDIUM = 3
    LOW = 4


OPEN_STATES = frozenset({AlertState.NEW, AlertState.ACKNOWLEDGED, AlertState.IN_PROGRESS})

TRANSITIONS: dict[tuple[AlertState, Trigger], AlertState] = {
    (AlertState.NEW, Trigger.ACKNOWLEDGE): AlertState.ACKNOWLEDGED,
    (AlertState.NEW, Trigger.START): AlertState.IN_PROGRESS,
    (AlertState.NEW, Trigger.RESOLVE): AlertState.RESOLVED,
    (AlertState.NEW, Trigger.DISMISS): AlertState.FALSE_POSITIVE,
    (AlertState.NEW, Trigger.CLEAR): AlertState.NEW,
    (AlertState.ACKNOWLEDGED, Trigger.START): AlertState.IN_PROGRESS,
    (AlertState.ACKNOWLEDGED, Trigger.RESOLVE): AlertState.RESOLVED,
    (AlertState.ACKNOWLEDGED, Trigger.DISMISS): AlertState.FALSE_POSITIVE,
    (AlertState.ACKNOWLEDGED, Trigger.CLEAR): AlertState.RESOLVED,
    (AlertState.IN_PROGRESS, Trigger.RESOLVE): AlertState.RESOLVED,
    (AlertState.IN_PROGRESS, Trigger.DISMISS): AlertState.FALSE_POSITIVE,
    (AlertState.IN_PROGRESS, Trigger.CLEAR): AlertState.IN_PROGRESS,
}


class StepRefusedError(ValueError):
    """The alert is not in a state from which this step leads anywhere."""


def step(state: AlertState, trigger: Trigger, *, cleared: bool) -> AlertState:
    """The state after `trigger`; `cleared` tells whether the condition has ended.

    Raises StepRefusedError for a pair that the life-cycle does not hold.
    """
    after = TRANSITIONS.get((state, trigger))
    if after is None:
        raise StepRefusedError(f"an alert that is {state} cannot take the step {trigger}")
    if cleared and after is AlertState.ACKNOWLEDGED:
        return TRANSITIONS[after, Trigger.CLEAR]
    return after
