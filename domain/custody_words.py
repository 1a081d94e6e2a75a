"""Words of custody: what may happen to a unit, where that leaves it, and what is doubtful."""

from __future__ import annotations

from enum import StrEnum


class Step(StrEnum):
    """What happened to units. ATTACH records a paper alone; LOSE says that they are gone."""

    PACK = "PACK"
    SEAL = "SEAL"
    LOAD = "LOAD"
    DEPART = "DEPART"
    ARRIVE = "ARRIVE"
    HANDOVER = "HANDOVER"
    RECEIVE = "RECEIVE"
    RETURN = "RETURN"  # received back from below
    INSPECT = "INSPECT"
    OPEN = "OPEN"
    RESEAL = "RESEAL"
    HOLD = "HOLD"
    RELEASE = "RELEASE"
    LOSE = "LOSE"
    ATTACH = "ATTACH"


class Stage(StrEnum):
    """Where a unit is on its way."""

    PACKED = "PACKED"
    SEALED = "SEALED"
    LOADED = "LOADED"
    IN_TRANSIT = "IN_TRANSIT"
    HELD = "HELD"
    ARRIVED = "ARRIVED"
    RECEIVED = "RECEIVED"
    OPENED = "OPENED"
    RETURNED = "RETURNED"
    LOST = "LOST"


class DoubtCode(StrEnum):
    """Why an event is recorded, and yet should be looked at."""

    OUT_OF_ORDER = "OUT_OF_ORDER"  # the unit was not where such a step begins
    UNSEALED = "UNSEALED"  # a ballot box went on its way without a seal
    SEAL_MISSING = "SEAL_MISSING"
    SEAL_UNEXPECTED = "SEAL_UNEXPECTED"
    SEAL_OPENED = "SEAL_OPENED"
    READINGS_DIFFER = "READINGS_DIFFER"  # giver and receiver read other numbers
    NOT_ON_MANIFEST = "NOT_ON_MANIFEST"
    ONE_SIGNER = "ONE_SIGNER"  # a handover record that two persons did not sign


# The orders that are as they should be.
ORDERS: dict[tuple[Stage | None, Step], Stage] = {
    (None, Step.PACK): Stage.PACKED,
    (None, Step.ATTACH): Stage.PACKED,
    (Stage.PACKED, Step.PACK): Stage.PACKED,
    (Stage.PACKED, Step.SEAL): Stage.SEALED,
    (Stage.PACKED, Step.LOAD): Stage.LOADED,
    (Stage.PACKED, Step.DEPART): Stage.IN_TRANSIT,
    (Stage.PACKED, Step.OPEN): Stage.OPENED,
    (Stage.SEALED, Step.LOAD): Stage.LOADED,
    (Stage.SEALED, Step.DEPART): Stage.IN_TRANSIT,
    (Stage.SEALED, Step.OPEN): Stage.OPENED,
    (Stage.SEALED, Step.RESEAL): Stage.SEALED,
    (Stage.LOADED, Step.DEPART): Stage.IN_TRANSIT,
    (Stage.IN_TRANSIT, Step.ARRIVE): Stage.ARRIVED,
    (Stage.IN_TRANSIT, Step.RECEIVE): Stage.RECEIVED,
    (Stage.IN_TRANSIT, Step.RETURN): Stage.RETURNED,
    (Stage.IN_TRANSIT, Step.HOLD): Stage.HELD,
    (Stage.IN_TRANSIT, Step.HANDOVER): Stage.ARRIVED,
    (Stage.HELD, Step.RELEASE): Stage.IN_TRANSIT,
    (Stage.HELD, Step.HANDOVER): Stage.ARRIVED,
    (Stage.ARRIVED, Step.RECEIVE): Stage.RECEIVED,
    (Stage.ARRIVED, Step.RETURN): Stage.RETURNED,
    (Stage.ARRIVED, Step.LOAD): Stage.LOADED,
    (Stage.ARRIVED, Step.DEPART): Stage.IN_TRANSIT,
    (Stage.RECEIVED, Step.OPEN): Stage.OPENED,
    (Stage.OPENED, Step.SEAL): Stage.SEALED,
    (Stage.OPENED, Step.RESEAL): Stage.SEALED,
    # From a place where it was received, a unit goes on, or back.
    **{
        (stage, step): aim
        for stage in (Stage.RECEIVED, Stage.RETURNED, Stage.OPENED)
        for step, aim in (
            (Step.PACK, Stage.PACKED),
            (Step.SEAL, Stage.SEALED),
            (Step.LOAD, Stage.LOADED),
            (Step.DEPART, Stage.IN_TRANSIT),
        )
        if stage is not Stage.OPENED or step is Step.PACK
    },
}
# Where a step leaves a unit whatever was before; a step that is not here leaves it as it was.
_AIMS: dict[Step, Stage] = {
    Step.PACK: Stage.PACKED,
    Step.SEAL: Stage.SEALED,
    Step.LOAD: Stage.LOADED,
    Step.DEPART: Stage.IN_TRANSIT,
    Step.ARRIVE: Stage.ARRIVED,
    Step.RECEIVE: Stage.RECEIVED,
    Step.RETURN: Stage.RETURNED,
    Step.OPEN: Stage.OPENED,
    Step.HOLD: Stage.HELD,
    Step.RELEASE: Stage.IN_TRANSIT,
    Step.LOSE: Stage.LOST,
}
_ALWAYS = frozenset({Step.HANDOVER, Step.INSPECT, Step.ATTACH, Step.LOSE})


def stage_after(stage: Stage | None, step: Step) -> tuple[Stage, bool]:
    """Where `step` leaves a unit, and whether that is an order as it should be.

    Nothing is refused: what happened, happened, also where it looks wrong.
    """
    expected = ORDERS.get((stage, step))
    if expected is not None:
        return expected, True
    return _AIMS.get(step) or stage or Stage.ARRIVED, step in _ALWAYS and stage is not None
