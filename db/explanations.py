"""Explanations: what the database knows of why an alert fired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, dict_row

from db import rule_sets
from db.alerts import UnknownAlertError
from db.pool import Connection
from db.sql import queries
from domain.explanations import AlertFact, Case, EventFact
from domain.plan_words import Direction, Mode
from domain.settings import Rules
from domain.thresholds import Thresholds, read


def case(connection: Connection, alert_id: int) -> Case:
    """All that an explanation of the alert is made from. Raises UnknownAlertError."""
    sql, parameters = queries("explanations"), {"alert_id": alert_id}
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql["alert"], parameters).fetchone()
    if row is None:
        raise UnknownAlertError(f"there is no alert {alert_id}")
    with connection.cursor(row_factory=class_row(EventFact)) as cursor:
        events = cursor.execute(sql["events"], parameters).fetchall()
    alert = AlertFact(**{name: row[name] for name in AlertFact._fields})
    known = Case(alert, events, None)
    at = known.deciding.decided_at if known.deciding else alert.opened_at
    thresholds, sources_known = _thresholds(connection, row, at)
    return Case(alert, events, thresholds, sources_known)


def _thresholds(
    connection: Connection, row: dict[str, Any], at: datetime
) -> tuple[Thresholds | None, bool]:
    """The thresholds of the alert's version, and whether it is known who set them."""
    version = row["rules_version"]
    if version is None:
        return None, False
    for found in _candidates(connection, row, at):
        if found.version == version:
            return found, True
    stored = connection.execute(queries("explanations")["rule_set"], {"version": version})
    kept = stored.fetchone()
    return (Thresholds(read(kept[0]), version), False) if kept else (None, False)


def _candidates(connection: Connection, row: dict[str, Any], at: datetime) -> Iterator[Thresholds]:
    """What may have held at that time: which leg it was on is not kept."""
    history = rule_sets.history(connection, Rules())
    if row["mode"] is not None:
        direction, shipment_id = Direction(row["direction"]), row["shipment_id"]
        for mode in dict.fromkeys([row["mode"], *row["leg_modes"]]):
            yield history.thresholds(at, Mode(mode), direction, shipment_id)
    yield history.base(at)
