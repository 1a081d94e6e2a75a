"""Evidence: all facts on a shipment or an alert, read as of one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from psycopg.rows import class_row

from db.pool import Connection
from db.positions import NOT_LIVE
from db.sql import queries
from domain.events import DeviceEvent
from domain.evidence_facts import (
    AlertFact,
    EventFact,
    Facts,
    Question,
    RuleChange,
    RuleSet,
    StatusFact,
    StepFact,
)
from domain.evidence_limits import Circumstances, limits
from domain.evidence_plan import PlanFact, PlanParts, as_known, assignments
from domain.evidence_tracks import Fix, Reflag, Tracks
from domain.positions import Position

Row = TypeVar("Row")
INSTANT = timedelta(microseconds=1)  # the database knows no shorter one
CLOCKS_APART = timedelta(seconds=60)


class UnknownSubjectError(LookupError):
    """There is no such shipment or alert."""


class AheadError(ValueError):
    """A time of the question lies in the future."""


class AlertSubject(NamedTuple):
    """What an alert is about, and when it was opened (by fix time) and raised."""

    alert_id: int
    shipment_id: str | None
    device_id: str | None
    opened_at: datetime
    raised_at: datetime


class Span(NamedTuple):
    """A device was with the subject from `since` until just before `until`."""

    device_id: str
    since: datetime
    until: datetime


def alert_subject(connection: Connection, alert_id: int) -> AlertSubject:
    """What an alert is about. Raises UnknownSubjectError."""
    found = _rows(connection, AlertSubject, "alert", {"alert_id": alert_id})
    if not found:
        raise UnknownSubjectError(f"there is no alert {alert_id}")
    return found[0]


def gather(
    connection: Connection,
    question: Question,
    retention: timedelta,
    keep: Callable[[Fix], None],
) -> Facts:
    """Every fact on `question`, as of one moment; each fix goes to `keep` as it is streamed.

    Raises UnknownSubjectError, and AheadError for a time that has not come.
    """
    with connection.transaction():
        connection.execute(queries("evidence")["one_moment"])
        row = connection.execute(queries("evidence")["moment"]).fetchone()
        assert row is not None  # noqa: S101 - a select without from has one row
        return _gather(connection, _settled(question, row[0]), row[0], retention, keep)


def _settled(question: Question, now: datetime) -> Question:
    """No time after the moment of reading: what is not yet known cannot be shown."""
    for name, when in (("at", question.at), ("known_at", question.known_at)):
        if when > now + CLOCKS_APART:
            raise AheadError(f"{name}: {when.isoformat()} has not come yet")
    if question.since > question.at:
        raise ValueError("since: lies after `at`")
    return question._replace(at=min(question.at, now), known_at=min(question.known_at, now))


def _gather(
    connection: Connection,
    question: Question,
    now: datetime,
    retention: timedelta,
    keep: Callable[[Fix], None],
) -> Facts:
    device_id = _subject_device(connection, question)
    plan = _plan(connection, question, device_id)
    spans = _spans(question, device_id, plan, now)
    about = {**question._asdict(), **_columns(spans)}
    alerts = _rows(connection, AlertFact, "alerts", about)
    about["alert_keys"] = [alert.alert_key for alert in alerts]
    events = _rows(connection, EventFact, "events", about)
    reflags = _rows(connection, Reflag, "reflags", about)
    facts = Facts(
        question=question,
        made_at=now,
        tracks=_tracks(connection, question, spans, reflags, keep),
        events=events,
        reports=_rows(connection, DeviceEvent, "reports", about),
        alerts=alerts,
        steps=_rows(connection, StepFact, "steps", {"alert_ids": [a.alert_id for a in alerts]}),
        reflags=reflags,
        statuses=_rows(connection, StatusFact, "statuses", about),
        plan=plan,
        rule_sets=_rule_sets(connection, [*events, *alerts]),
        rule_changes=_rows(connection, RuleChange, "rule_changes", about),
    )
    return _with_limits(connection, facts, now - retention)


def _subject_device(connection: Connection, question: Question) -> str | None:
    """The device of the alert; None for a shipment, whose devices follow from the plan."""
    if question.alert_id is not None:
        return alert_subject(connection, question.alert_id).device_id
    row = connection.execute(queries("evidence")["shipment_exists"], question._asdict()).fetchone()
    if row is None or not row[0]:
        raise UnknownSubjectError(f"there is no shipment {question.shipment_id}")
    return None


# --- the plan ------------------------------------------------------------------------------


def _plan(connection: Connection, question: Question, device_id: str | None) -> list[PlanFact]:
    """The imports with the parts of the subject; from the shipment to what it refers to."""
    wanted: dict[str, list[str]] = {
        "shipments": [question.shipment_id] if question.shipment_id else [],
        "alone": [device_id] if device_id and not question.shipment_id else [],
        "devices": [device_id] if device_id else [],
        "facilities": [],
        "routes": [],
    }
    while True:
        found = _rows(connection, PlanFact, "plan", wanted)
        more = _referred(found, wanted)
        if more == wanted:
            return found
        wanted = more


def _referred(imports: Iterable[PlanFact], wanted: dict[str, list[str]]) -> dict[str, list[str]]:
    """`wanted` and whatever any import of it refers to."""
    more = {kind: set(names) for kind, names in wanted.items()}
    for row in imports:
        parts = as_known([row], row.imported_at)
        more["devices"] |= {part["device"] for part in parts["assignments"].values()}
        for shipment in parts["shipments"].values():
            more["facilities"] |= {shipment["from"], shipment["to"]}
            more["routes"] |= {shipment["route"]} - {None}
        for route in parts["routes"].values():
            more["facilities"] |= {w.get("facility") for w in route["waypoints"]} - {None}
    return {kind: sorted(names) for kind, names in more.items()}


def _spans(
    question: Question, device_id: str | None, plan: Sequence[PlanFact], now: datetime
) -> list[Span]:
    """When which device was with the shipment, by the plan as known then or as known now."""
    end = question.at + INSTANT
    found = [
        Span(a.device_id, max(a.valid_from, question.since), min(a.valid_until or end, end))
        for parts in (as_known(plan, question.known_at), as_known(plan, now))
        for a in assignments(_of_shipment(parts, question.shipment_id))
    ]
    if device_id is not None:
        found.append(Span(device_id, question.since, end))
    return _merged(span for span in found if span.since < span.until)


def _of_shipment(parts: PlanParts, shipment_id: str | None) -> PlanParts:
    mine = {
        name: part
        for name, part in parts["assignments"].items()
        if shipment_id is not None and part["shipment"] == shipment_id
    }
    return {**parts, "assignments": mine}


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Without overlaps, so that no fix comes twice."""
    merged: list[Span] = []
    for _, of_device in groupby(sorted(spans), key=lambda span: span.device_id):
        first, *others = of_device
        merged.append(first)
        for span in others:
            if span.since <= merged[-1].until:
                merged[-1] = merged[-1]._replace(until=max(merged[-1].until, span.until))
            else:
                merged.append(span)
    return merged


def _columns(spans: Sequence[Span]) -> dict[str, list[Any]]:
    return {
        "device_ids": [span.device_id for span in spans],
        "froms": [span.since for span in spans],
        "untils": [span.until for span in spans],
    }


# --- fixes ---------------------------------------------------------------------------------


def _tracks(
    connection: Connection,
    question: Question,
    spans: Sequence[Span],
    reflags: Sequence[Reflag],
    keep: Callable[[Fix], None],
) -> Tracks:
    history: dict[Any, list[Reflag]] = {}
    for row in reflags:
        history.setdefault(row.key, []).append(row)
    devices = sorted({span.device_id for span in spans})
    tracks = Tracks(devices, question.known_at, NOT_LIVE, history)
    for span in spans:
        for query in ("fixes", "fixes_ahead"):
            with connection.cursor("evidence", row_factory=class_row(Position)) as cursor:
                cursor.itersize = 10_000
                cursor.execute(queries("evidence")[query], span._asdict())
                for position in cursor:
                    keep(tracks.add(position))
    return tracks


# --- the rest ------------------------------------------------------------------------------


def _rule_sets(connection: Connection, named: Iterable[EventFact | AlertFact]) -> list[RuleSet]:
    versions = sorted({row.rules_version for row in named if row.rules_version})
    return _rows(connection, RuleSet, "rule_sets", {"versions": versions})


def _with_limits(connection: Connection, facts: Facts, kept_since: datetime) -> Facts:
    sql, tracks = queries("evidence"), facts.tracks
    oldest = connection.execute(sql["oldest_fix"], {"device_ids": list(tracks.device_ids)})
    history = connection.execute(sql["history_since"])
    seen = Circumstances(
        since=facts.question.since,
        known_at=facts.question.known_at,
        kept_since=kept_since,
        oldest_fix=(oldest.fetchone() or [None])[0],
        history_since=(history.fetchone() or [None])[0],
        first_status=facts.statuses[0].at if facts.statuses else None,
        devices=len(tracks.device_ids),
        fixes=tracks.count,
        decided_by_rules=sum(event.origin == "RULE" for event in facts.events),
        without_rules_version=sum(event.rules_version is None for event in facts.events),
        flagged_not_listed=tracks.flagged_count - len(tracks.flagged),
    )
    return replace(facts, limits=limits(seen))


def _rows(
    connection: Connection, kind: type[Row], query: str, parameters: dict[str, Any]
) -> list[Row]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(queries("evidence")[query], parameters).fetchall()
