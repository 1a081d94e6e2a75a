"""Rule sets: the thresholds behind each version, and which were in force when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from db.pool import Connection
from db.sql import queries
from domain.rule_history import BEGINNING, Overrides, PlanChange, RuleHistory, SettingsChange
from domain.settings import Rules
from domain.thresholds import LOGIC, document, read


class LoggedChange(NamedTuple):
    """One change with who made it; `source` is SETTINGS or PLAN."""

    valid_from: datetime
    recorded_at: datetime
    actor: str
    source: str
    document: dict[str, Any]


def put(
    connection: Connection, rule_sets: Mapping[str, Rules], versions: Iterable[str | None]
) -> None:
    """Keep those of `rule_sets` that `versions` name, inside the caller's transaction: to be
    called before the events that name them are recorded."""
    named = {v for v in versions if v is not None and v in rule_sets}
    if named:
        found = {v: {"logic": LOGIC, **document(rule_sets[v])} for v in named}
        connection.execute(queries("rule_sets")["put"], {"rule_sets": Jsonb(found)})


def note_settings(
    connection: Connection, rules: Rules, at: datetime, actor: str = "ingest"
) -> bool:
    """The settings are these from `at` on; returns whether that is a change."""
    return _note(connection, "SETTINGS", document(rules), at, actor)


def note_plan(connection: Connection, overrides: Overrides, actor: str) -> bool:
    """The plan says this from the beginning of the transaction on; whether it is a change."""
    said = overrides.model_dump(mode="json")
    return _note(connection, "PLAN", said, None, actor)


def _note(
    connection: Connection, source: str, said: dict[str, Any], at: datetime | None, actor: str
) -> bool:
    parameters = {"source": source, "document": Jsonb(said), "at": at, "actor": actor}
    return connection.execute(queries("rule_sets")["note"], parameters).fetchone() is not None


def history(connection: Connection, base: Rules) -> RuleHistory:
    """All changes; `base` where no settings were noted yet."""
    settings: list[SettingsChange] = []
    plan: list[PlanChange] = []
    for source, valid_from, said in connection.execute(queries("rule_sets")["changes"]):
        if source == "SETTINGS":
            settings.append(SettingsChange(valid_from, read(said)))
        else:
            plan.append(PlanChange(valid_from, Overrides.model_validate(said)))
    return RuleHistory(settings or [SettingsChange(BEGINNING, base)], plan)


def log(connection: Connection) -> list[LoggedChange]:
    """All changes with who made them, oldest first."""
    with connection.cursor(row_factory=class_row(LoggedChange)) as cursor:
        return cursor.execute(queries("rule_sets")["log"]).fetchall()
