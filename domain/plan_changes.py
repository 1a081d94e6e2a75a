"""Changes: what importing one plan over another does, part by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.plan import (
    EMPTY,
    Assignment,
    Convoy,
    Device,
    Facility,
    Operation,
    Plan,
    Route,
    Shipment,
)


class ChangeState(StrEnum):
    """What an import does to one part. It never removes: a plan only ever grows."""

    NEW = "NEW"
    CHANGED = "CHANGED"
    SAME = "SAME"
    NOT_IN_FILE = "NOT_IN_FILE"


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a plan, by kind and id; `fields` has (before, after) of what changed."""

    kind: str
    id: str
    state: ChangeState
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


Item = Operation | Facility | Route | Shipment | Device | Assignment | Convoy


def items(plan: Plan) -> dict[tuple[str, str], Item]:
    """All parts of a plan by (kind, id), each after those that it refers to."""
    found: dict[tuple[str, str], Item] = {}
    if plan.operation != EMPTY.operation:
        found["operation", "operation"] = plan.operation
    sections: tuple[tuple[str, tuple[Item, ...]], ...] = (
        ("facility", plan.facilities),
        ("route", plan.routes),
        ("shipment", plan.shipments),
        ("device", plan.devices),
        ("assignment", plan.assignments),
        ("convoy", plan.convoys),
    )
    for kind, parts in sections:
        found.update(((kind, part.id), part) for part in parts)
    return found


def settled(before: Plan, after: Plan) -> Plan:
    """`after`, where a known shipment keeps its status unless the file gives one.

    The status moves on with the operation; importing the same file again must not
    send a shipment back to PLANNED.
    """
    status = {shipment.id: shipment.status for shipment in before.shipments}
    shipments = tuple(
        shipment
        if "status" in shipment.model_fields_set or shipment.id not in status
        else shipment.model_copy(update={"status": status[shipment.id]})
        for shipment in after.shipments
    )
    return after.model_copy(update={"shipments": shipments})


def diff(before: Plan, after: Plan) -> list[Change]:
    """What importing `after` over `before` does, part by part."""
    old, new = items(before), items(settled(before, after))
    changes = [_change(key, old.get(key), part) for key, part in new.items()]
    return changes + [Change(*key, ChangeState.NOT_IN_FILE) for key in old if key not in new]


def _change(key: tuple[str, str], old: Item | None, new: Item) -> Change:
    if old is None:
        return Change(*key, ChangeState.NEW)
    if old == new:
        return Change(*key, ChangeState.SAME)
    was, now = (part.model_dump(mode="json", by_alias=True) for part in (old, new))
    fields = {name: (was[name], now[name]) for name in now if was[name] != now[name]}
    return Change(*key, ChangeState.CHANGED, fields)
