"""The plan as it was known: imports are folded, a later one winning part by part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel

from domain.plan import Assignment, Convoy, Device, Facility, Operation, Route, Shipment

KINDS: dict[str, type[BaseModel]] = {
    "operation": Operation,
    "shipments": Shipment,
    "assignments": Assignment,
    "devices": Device,
    "facilities": Facility,
    "routes": Route,
    "convoys": Convoy,
}
PlanParts = dict[str, dict[str, dict[str, Any]]]


class PlanFact(NamedTuple):
    """A row of `plan_import`, with those parts of its document that a question is about."""

    number: int
    imported_at: datetime
    imported_by: str
    sha256: str
    parts: Mapping[str, Sequence[Mapping[str, Any]]]

    def heading(self) -> dict[str, Any]:
        """Which import, when, by whom, of which file."""
        return {name: value for name, value in self._asdict().items() if name != "parts"}


def as_known(imports: Iterable[PlanFact], known: datetime) -> PlanParts:
    """Kind -> id -> part, of all imports up to `known`: an import never removes.

    Without the status of shipments, which has a history of its own.
    """
    found: PlanParts = {kind: {} for kind in KINDS}
    for row in imports:
        if row.imported_at <= known:
            for kind, parts in row.parts.items():
                found[kind].update(_read(kind, part) for part in parts)
    return found


def _read(kind: str, part: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    read = KINDS[kind].model_validate(part)
    plain = read.model_dump(mode="json", by_alias=True, exclude={"status"})
    name = "operation" if kind == "operation" else str(read.id)  # type: ignore[attr-defined]
    return name, plain


def assignments(parts: PlanParts) -> list[Assignment]:
    """Those of a plan as known."""
    return [Assignment.model_validate(part) for part in parts["assignments"].values()]


def part_changes(before: PlanParts, after: PlanParts) -> Iterator[tuple[str, str, Any, Any]]:
    """(part, field, before, after) of all that differs; a part that is new has every field."""
    for kind in KINDS:
        for name, part in after[kind].items():
            was = before[kind].get(name)
            if was is None:
                yield f"{kind}/{name}", "", None, part
                continue
            for about in sorted(part.keys() | was.keys()):
                if was.get(about) != part.get(about):
                    yield f"{kind}/{name}", about, was.get(about), part.get(about)
