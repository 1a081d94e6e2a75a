"""The stored plan: loaded as a whole, changed only by whole imports."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import BaseModel

from db.pool import Connection
from db.rule_sets import note_plan
from db.sql import queries
from domain.plan import EMPTY, Facility, Plan, Route, Shipment
from domain.plan_changes import Change, ChangeState, Item, diff, items, settled
from domain.plan_faults import PlanError, conflicts
from domain.rule_history import overrides

LOCK = 0x706C616E  # "plan": one number that all importing processes agree on
CHANNEL = "kawal_plan"  # notified with the new version at each change


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did. `version` is the plan's version after it."""

    version: int
    changes: list[Change]

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return any(_written(change) for change in self.changes)

    @property
    def counts(self) -> Counter[tuple[str, ChangeState]]:
        """How many parts of each kind are in each state."""
        return Counter((change.kind, change.state) for change in self.changes)


def load(connection: Connection) -> Plan:
    """The plan as stored; `domain.plan.EMPTY` before the first import.

    Devices that no plan has registered are not part of it.
    """
    no_operation = Jsonb(EMPTY.operation.model_dump())
    row = connection.execute(queries("plan")["load"], {"no_operation": no_operation}).fetchone()
    assert row is not None  # noqa: S101 - a select without from has one row
    return Plan.model_validate_json(row[0])


def version(connection: Connection) -> int:
    """A number that rises with each change of the plan; 0 before the first. Cheap to poll."""
    row = connection.execute(queries("plan")["version"]).fetchone()
    return int(row[0]) if row else 0


def store(connection: Connection, plan: Plan, imported_by: str, document_text: str) -> Report:
    """Import `plan`: add what is new, change what differs, keep what it does not mention.

    One transaction; imports wait for each other. An import that changes nothing writes
    nothing. `document_text` is the file that `plan` was parsed from, kept as history.
    Raises domain.plan_faults.PlanError where a device would be with two shipments at once.
    """
    with connection.transaction():
        connection.execute(queries("plan")["lock"], {"lock": LOCK})
        before = load(connection)
        plan = settled(before, plan)
        if faults := conflicts(before, plan):
            raise PlanError(faults)
        report = Report(version(connection), diff(before, plan))
        if not report.changed:
            return report
        _write(connection, plan, report.changes)
        number = _record(connection, plan, report.changes, imported_by, document_text)
        note_plan(connection, overrides(plan, overrides(before)), imported_by)
    return Report(number, report.changes)


def _written(change: Change) -> bool:
    return change.state in (ChangeState.NEW, ChangeState.CHANGED)


def _write(connection: Connection, plan: Plan, changes: Iterable[Change]) -> None:
    """Bulk upserts, kind by kind in the order of the references."""
    parts = items(plan)
    rows: dict[str, list[dict[str, Any]]] = {}
    for change in changes:
        if _written(change) and change.kind != "operation":
            rows.setdefault(change.kind, []).append(_row(parts[change.kind, change.id]))
    with connection.cursor() as cursor:
        for kind, kind_rows in rows.items():
            cursor.executemany(queries("plan")[f"put_{kind}"], kind_rows)


def _row(part: Item) -> dict[str, Any]:
    row = part.model_dump(by_alias=False)
    match part:
        case Facility(fence=fence):
            row["radius_m"] = fence.radius_m
            row["polygon"] = _jsonb(fence.polygon)
        case Route(line=line):
            row["line"] = _jsonb(line)
            for name in ("waypoints", "legs", "blankspots"):
                row[name] = Jsonb(
                    [each.model_dump(mode="json", by_alias=True) for each in getattr(part, name)]
                )
        case Shipment(rules=rules):
            row["rules"] = Jsonb(rules)
        case _:
            pass
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _jsonb(geometry: BaseModel | None) -> Jsonb | None:
    return None if geometry is None else Jsonb(geometry.model_dump(mode="json"))


def _record(
    connection: Connection,
    plan: Plan,
    changes: Iterable[Change],
    imported_by: str,
    document_text: str,
) -> int:
    sql = queries("plan")
    row = connection.execute(
        sql["record_import"],
        {
            "imported_by": imported_by,
            "sha256": hashlib.sha256(document_text.encode()).hexdigest(),
            "operation": Jsonb(plan.operation.model_dump(mode="json")),
            "document": Jsonb(json.loads(document_text)),
            "changes": Jsonb([_change(change) for change in changes if _written(change)]),
        },
    ).fetchone()
    assert row is not None  # noqa: S101 - returning
    number = int(row[0])
    connection.execute(sql["notify"], {"channel": CHANNEL, "version": str(number)})
    return number


def _change(change: Change) -> dict[str, Any]:
    fields = {name: list(pair) for name, pair in change.fields.items()}
    return {"kind": change.kind, "id": change.id, "state": change.state, "fields": fields}
