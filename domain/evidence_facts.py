"""Facts of an evidence bundle: the question, and rows of the database as they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from domain.events import DeviceEvent
from domain.evidence_plan import PlanFact
from domain.evidence_tracks import Reflag, Tracks


class Question(NamedTuple):
    """What is asked: of a shipment or of an alert (and its shipment and device)."""

    at: datetime
    since: datetime
    known_at: datetime
    shipment_id: str | None
    alert_id: int | None


class EventFact(NamedTuple):
    """A row of `event`."""

    event_id: int
    event_key: str
    kind: str
    origin: str
    device_id: str
    shipment_id: str | None
    facility_id: str | None
    group_id: str | None
    event_time: datetime
    decided_at: datetime
    recorded_at: datetime
    superseded_at: datetime | None
    late_by_s: float | None
    alert_key: str | None
    lat_deg: float | None
    lon_deg: float | None
    detail: dict[str, Any]
    rules_version: str | None

    def current(self, at: datetime, known: datetime) -> bool:
        """Whether it had happened by `at`, by what was known at `known`."""
        disproved = self.superseded_at is not None and self.superseded_at <= known
        return self.event_time <= at and self.recorded_at <= known and not disproved


class StepFact(NamedTuple):
    """A row of `alert_step`."""

    alert_step_id: int
    alert_id: int
    at: datetime
    actor: str
    trigger: str
    from_state: str | None
    to_state: str
    note: str | None
    assignee: str | None
    until: datetime | None


class AlertFact(NamedTuple):
    """A row of `alert` as it is now; `steps` tell what it was."""

    alert_id: int
    alert_key: str
    rule: str
    severity: int
    device_id: str | None
    shipment_id: str | None
    facility_id: str | None
    group_id: str | None
    state: str
    opened_at: datetime
    raised_at: datetime
    last_seen_at: datetime
    cleared_at: datetime | None
    late_by_s: float | None
    occurrences: int
    detail: dict[str, Any]
    assignee: str | None
    rules_version: str | None
    closed_at: datetime | None
    quiet: bool
    recurrences: int
    parent_id: int | None


class StatusFact(NamedTuple):
    """A row of `shipment_status_history`."""

    at: datetime
    status_before: str | None
    status_after: str


class RuleSet(NamedTuple):
    """A row of `rule_set`: thresholds that events were decided on."""

    version: str
    rules: dict[str, Any]
    first_used_at: datetime


class RuleChange(NamedTuple):
    """A row of `rule_change`: thresholds in force from `valid_from` on."""

    valid_from: datetime
    recorded_at: datetime
    actor: str
    source: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the database holds on a question, known at `made_at`, whatever the view."""

    question: Question
    made_at: datetime
    tracks: Tracks
    events: Sequence[EventFact] = ()
    reports: Sequence[DeviceEvent] = ()
    alerts: Sequence[AlertFact] = ()
    steps: Sequence[StepFact] = ()
    reflags: Sequence[Reflag] = ()
    statuses: Sequence[StatusFact] = ()
    plan: Sequence[PlanFact] = ()
    rule_sets: Sequence[RuleSet] = ()
    rule_changes: Sequence[RuleChange] = ()
    limits: Sequence[Mapping[str, str]] = ()
