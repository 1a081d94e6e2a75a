"""Evidence: what was true at a time, and what was known of it at another.

Every fact has two times: when it happened, and when it came to be known (received,
recorded). A view is the pair (at, known): of what had happened by `at`, that which was
known by `known`. "What was true at T" is (T, now), "what did the screen know at T" (T, T).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from domain.alerts import OPEN_STATES, Trigger
from domain.events import MEANINGS, DeviceEvent
from domain.evidence_facts import AlertFact, EventFact, Facts, Question, StatusFact, StepFact
from domain.evidence_plan import PlanParts, as_known, part_changes
from domain.evidence_tracks import later_flags
from domain.plan_words import ShipmentStatus

END_OF_TIME = datetime.max.replace(tzinfo=UTC)
SHELF = {Trigger.SHELVE, Trigger.UNSHELVE, Trigger.WAKE}
FAMILY = {Trigger.ADOPT, Trigger.RELEASE}
OPEN = {str(state) for state in OPEN_STATES}
_BEFORE = {"PLANNED", "PACKED", "SEALED", "LOADED"}
# As db/queries/shipments.sql moves a shipment: event -> (from which states, to which).
STATUS_STEPS = {
    "shipment_departed": (_BEFORE | {"ARRIVED"}, "IN_TRANSIT"),
    "destination_left": (_BEFORE | {"ARRIVED"}, "IN_TRANSIT"),
    "shipment_arrived": (_BEFORE | {"IN_TRANSIT", "HELD"}, "ARRIVED"),
}
BY_EVENTS = {str(ShipmentStatus.IN_TRANSIT), str(ShipmentStatus.ARRIVED)}


Json = dict[str, Any]


def document(facts: Facts) -> Json:
    """The whole answer: question, both views, their differences, and the facts."""
    question = facts.question
    true_at = view(facts, question.at)
    known_at = view(facts, question.at, question.known_at)
    plans = {
        "known_at": as_known(facts.plan, question.known_at),
        "now": as_known(facts.plan, facts.made_at),
    }
    return {
        "format": "kawal-evidence",
        "version": 1,
        "question": question._asdict(),
        "made_at": facts.made_at,
        "true_at": true_at,
        "known_at": known_at,
        "differences": [*differences(facts, true_at, known_at), *_plan_differences(plans)],
        "limits": list(facts.limits),
        "fixes": facts.tracks.summary(),
        "reflags": [row._asdict() for row in facts.reflags],
        "events": [event._asdict() for event in facts.events],
        "reports": [report._asdict() for report in facts.reports],
        "alerts": [_alert(alert, facts.steps) for alert in facts.alerts],
        "status_history": [row._asdict() for row in facts.statuses],
        "plan": {**plans, "imports": [row.heading() for row in facts.plan]},
        "rule_sets": [row._asdict() for row in facts.rule_sets],
        "rule_changes": [row._asdict() for row in facts.rule_changes],
    }


def _alert(alert: AlertFact, steps: Iterable[StepFact]) -> Json:
    mine = [step._asdict() for step in steps if step.alert_id == alert.alert_id]
    return {**alert._asdict(), "steps": mine}


# --- a view ------------------------------------------------------------------------------


def view(facts: Facts, at: datetime, known: datetime | None = None) -> Json:
    """What had happened by `at`, as it was known at `known`, or as it is known now."""
    until = known or END_OF_TIME  # a receipt may be ahead of the database's clock
    events = [event for event in facts.events if event.current(at, until)]
    numbers = [row.number for row in facts.plan if row.imported_at <= until]
    return {
        "at": at,
        "known": known or facts.made_at,
        "plan_version": max(numbers, default=None),
        "shipment": _shipment(facts, events, min(at, until)),
        "devices": facts.tracks.devices(by_now=known is None),
        "events": [event.event_id for event in events],
        "reports": sum(_report_known(report, at, until) for report in facts.reports),
        "alerts": [
            _alert_in_view(alert, facts.steps, events, min(at, until))
            for alert in facts.alerts
            if alert.opened_at <= at and alert.raised_at <= until
        ],
    }


def _report_known(report: DeviceEvent, at: datetime, known: datetime) -> bool:
    return min(report.event_time, report.received_at) <= at and report.received_at <= known


def _shipment(facts: Facts, events: Sequence[EventFact], then: datetime) -> Json | None:
    """`status_recorded` is what the screen showed, `status_by_events` what the events say."""
    shipment_id = facts.question.shipment_id
    if shipment_id is None:
        return None
    recorded = [row.status_after for row in facts.statuses if row.at <= then]
    return {
        "shipment_id": shipment_id,
        "status_recorded": recorded[-1] if recorded else None,
        "status_by_events": status_by_events(facts.statuses, events, shipment_id, then),
    }


def status_by_events(
    history: Sequence[StatusFact], events: Iterable[EventFact], shipment_id: str, then: datetime
) -> str | None:
    """Begin as the plan first said, and go by what people set and what events tell."""
    if not history:
        return None
    steps = [(row.at, row.status_after) for row in history[1:] if row.at <= then]
    by_people = ((at, after) for at, after in steps if after not in BY_EVENTS)
    by_rules = (
        (event.event_time, event.kind)
        for event in events
        if event.shipment_id == shipment_id and event.kind in STATUS_STEPS
    )
    status = history[0].status_after
    for _, word in sorted(chain(by_people, by_rules)):
        allowed, after = STATUS_STEPS.get(word, ({status}, word))
        status = after if status in allowed else status
    return status


def _alert_in_view(
    alert: AlertFact, steps: Sequence[StepFact], events: Sequence[EventFact], then: datetime
) -> Json:
    """`state` is None where nobody could see it yet; `holds` is None where its work is over."""
    taken = [step for step in steps if step.alert_id == alert.alert_id and step.at <= then]
    state = taken[-1].to_state if taken else None
    mine = [event for event in events if event.alert_key == alert.alert_key]
    newest = max(mine, key=lambda event: (event.decided_at, event.event_id), default=None)
    meaning = MEANINGS.get(newest.kind) if newest else None
    holds = bool(meaning and meaning.opens)
    is_open = state in OPEN or (state is None and holds)
    return {
        "alert_id": alert.alert_id,
        "rule": alert.rule,
        "severity": alert.severity,
        "state": state,
        "holds": holds if is_open else None,
        "open": is_open,
        "numbers": newest.detail if newest else None,
        **_work(taken, then),
    }


def _work(taken: Sequence[StepFact], then: datetime) -> Json:
    """What stands beside the state: who had it, shelf, escalation, the incident above it."""
    shelf = next((s for s in reversed(taken) if s.trigger in SHELF), None)
    shelved = shelf and shelf.trigger == Trigger.SHELVE and shelf.until and shelf.until > then
    family = next((s for s in reversed(taken) if s.trigger in FAMILY), None)
    return {
        "assignee": next((s.assignee for s in reversed(taken) if s.assignee), None),
        "handled_by": next((s.actor for s in reversed(taken) if s.actor != "rules"), None),
        "escalations": sum(s.trigger == Trigger.ESCALATE for s in taken),
        "shelved_until": shelf.until if shelf and shelved else None,
        "incident": family.note if family and family.trigger == Trigger.ADOPT else None,
    }


# --- differences ---------------------------------------------------------------------------


def differences(facts: Facts, true_at: Json, known_at: Json) -> list[Json]:
    """Each thing that is known otherwise now than it was then, named."""
    question = facts.question
    return [
        *_shipment_differences(true_at["shipment"], known_at["shipment"]),
        *_device_differences(true_at["devices"], known_at["devices"]),
        *_event_differences(facts.events, set(true_at["events"]), set(known_at["events"])),
        *_report_differences(facts.reports, question),
        *_alert_differences(true_at["alerts"], known_at["alerts"]),
        *(
            _difference("fix", fix_id, "flags", was, now)
            for fix_id, was, now in later_flags(facts.reflags, question.known_at)
        ),
    ]


def _difference(subject: str, name: Any, about: str, known_at: Any, true_at: Any) -> Json:
    return {
        "subject": subject,
        "id": str(name),
        "field": about,
        "known_at": known_at,
        "true_at": true_at,
    }


def _shipment_differences(true_at: Json | None, known_at: Json | None) -> Iterable[Json]:
    if true_at is None or known_at is None:
        return
    for name in ("status_recorded", "status_by_events"):
        if true_at[name] != known_at[name]:
            shipment_id = true_at["shipment_id"]
            yield _difference("shipment", shipment_id, name, known_at[name], true_at[name])


def _device_differences(true_at: list[Json], known_at: list[Json]) -> Iterable[Json]:
    for now, then in zip(true_at, known_at, strict=True):
        for name in ("fixes", "position"):
            if now[name] != then[name]:
                yield _difference("device", now["device_id"], name, then[name], now[name])


def _event_differences(
    events: Iterable[EventFact], true_at: set[int], known_at: set[int]
) -> Iterable[Json]:
    for event in events:
        now, then = event.event_id in true_at, event.event_id in known_at
        if now != then:
            yield _difference("event", event.event_id, event.kind, then, now)


def _report_differences(reports: Iterable[DeviceEvent], question: Question) -> Iterable[Json]:
    for report in reports:
        if not _report_known(report, question.at, question.known_at):
            name = f"{report.device_id}/{report.epoch}.{report.seq}"
            yield _difference("report", name, report.kind, False, True)


def _alert_differences(true_at: list[Json], known_at: list[Json]) -> Iterable[Json]:
    before = {alert["alert_id"]: alert for alert in known_at}
    nothing = {"state": None, "holds": None, "open": False}
    for alert in true_at:
        then = before.get(alert["alert_id"], nothing)
        for name in ("state", "holds", "open"):
            if alert[name] != then[name]:
                yield _difference("alert", alert["alert_id"], name, then[name], alert[name])


def _plan_differences(plans: Mapping[str, PlanParts]) -> Iterable[Json]:
    for name, about, was, now in part_changes(plans["known_at"], plans["now"]):
        yield _difference("plan", name, about, was, now)
