"""Alerts: work for a person. The life-cycle is one table.

States and steps follow ISA-18.2: an alert whose condition has ended stays until a
person has seen it; seen and ended, it resolves by itself. Who has it, how far it was
escalated and whether it is shelved stand beside the state and do not change it.
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
    """What can happen to an alert.

    CLEAR, WAKE, ADOPT and RELEASE come from the rules, ESCALATE and UNSHELVE from the rules
    or from people, the others from people.
    """

    ACKNOWLEDGE = "ACKNOWLEDGE"
    START = "START"
    RESOLVE = "RESOLVE"
    DISMISS = "DISMISS"
    CLEAR = "CLEAR"
    ASSIGN = "ASSIGN"
    ESCALATE = "ESCALATE"
    SHELVE = "SHELVE"
    UNSHELVE = "UNSHELVE"
    WAKE = "WAKE"
    ADOPT = "ADOPT"
    RELEASE = "RELEASE"


class Severity(IntEnum):
    """1 is the highest."""

    CRITICAL = 1
    HIGH = 2
    MEDIUM = 3
    LOW = 4


OPEN_STATES = frozenset({AlertState.NEW, AlertState.ACKNOWLEDGED, AlertState.IN_PROGRESS})

# These leave an open alert in the state that it is in.
BESIDE = (
    Trigger.ASSIGN,
    Trigger.ESCALATE,
    Trigger.SHELVE,
    Trigger.UNSHELVE,
    Trigger.WAKE,
    Trigger.ADOPT,
    Trigger.RELEASE,
)
# A shelved alert is not escalated; one that is not shelved cannot come back.
ONLY_SHELVED = frozenset({Trigger.UNSHELVE})
NEVER_SHELVED = frozenset({Trigger.ESCALATE})

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
    **{(state, trigger): state for state in OPEN_STATES for trigger in BESIDE},
}


class StepRefusedError(ValueError):
    """The alert is not in a state from which this step leads anywhere."""


class StepFaultError(ValueError):
    """What came with the step does not do; `field` names it, the message says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


def step(
    state: AlertState, trigger: Trigger, *, cleared: bool, shelved: bool = False
) -> AlertState:
    """The state after `trigger`; `cleared` tells whether the condition has ended.

    Raises StepRefusedError for a pair that the life-cycle does not hold, and for a step
    that a shelved alert, or one that is not, cannot take.
    """
    after = TRANSITIONS.get((state, trigger))
    if after is None:
        raise StepRefusedError(f"an alert that is {state} cannot take the step {trigger}")
    if trigger in (NEVER_SHELVED if shelved else ONLY_SHELVED):
        standing = "shelved" if shelved else "not shelved"
        raise StepRefusedError(f"an alert that is {standing} cannot take the step {trigger}")
    if cleared and after is AlertState.ACKNOWLEDGED:
        return TRANSITIONS[after, Trigger.CLEAR]
    return after
