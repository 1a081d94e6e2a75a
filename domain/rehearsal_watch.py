"""The watch of a rehearsal: what `ingest.watch` would have told of a pause in what arrived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.blankspots import Hold, hold
from domain.events import Event
from domain.journeys import Journey
from domain.settings import Rules
from domain.silence import (
    missing_since,
    never_heard,
    silence,
    silence_ended,
    silence_held,
    silent_after,
)
from domain.states import DeviceState
from domain.survey import Survey


class Gap(NamedTuple):
    """Nothing was received for longer than an interval. `heard_again_at` is None where it
    stayed so until `end`."""

    device_id: str
    interval_s: float
    heard_at: datetime
    heard_again_at: datetime | None
    end: datetime


def may_be_silent(gap: Gap, survey: Survey, settings: Rules) -> bool:
    """Long enough for the strictest rules of the journey; most gaps are not."""
    length = gap.end - gap.heard_at
    if length.total_seconds() <= gap.interval_s:
        return False
    journey = survey.journey(gap.device_id, _due(gap.heard_at, gap, settings))
    if journey is None:
        return False
    ruled = (journey, *(leg for _, leg in journey.legs))
    return any(length > silent_after(gap.interval_s, each.rules or settings) for each in ruled)


def watch(gap: Gap, survey: Survey, state: DeviceState, settings: Rules) -> Iterator[Event]:
    """The events of one pause; `state` is that of what had been received by then."""
    found = list(_silence(gap, survey, state, settings))
    yield from found
    if found and gap.heard_again_at is not None:
        yield silence_ended(gap.device_id, found[0].shipment_id, gap.heard_again_at)


def _silence(gap: Gap, survey: Survey, state: DeviceState, settings: Rules) -> Iterator[Event]:
    journey = survey.journey(gap.device_id, _due(gap.heard_at, gap, settings))
    if journey is None:
        return
    if state.shipment_id == journey.shipment_id:
        if state.arrived:
            return
        journey = journey.at(state.progress.along_m)
    rules = journey.rules or settings
    assigned = survey.assigned_since(gap.device_id, _due(gap.heard_at, gap, rules))
    missing = missing_since(journey, assigned, gap.heard_at) if assigned else None
    if missing is not None:
        yield from _missing(gap, journey, missing, _due(missing, gap, rules))
        return
    due = _due(gap.heard_at, gap, rules)
    if due >= gap.end:
        return
    held = _hold(gap, survey, state, journey, due, rules=rules)
    if held is not None:
        yield silence_held(gap.device_id, journey, gap.heard_at, gap.interval_s, due, held=held)
        due = max(due, held.expected_exit + timedelta(seconds=rules.blankspot_grace_s))
    if due < gap.end:
        yield silence(gap.device_id, journey, gap.heard_at, gap.interval_s, due, held=held)


def _due(since: datetime, gap: Gap, rules: Rules) -> datetime:
    return since + silent_after(gap.interval_s, rules)


def _missing(gap: Gap, journey: Journey, since: datetime, due: datetime) -> Iterator[Event]:
    over = journey.planned_arrival is not None and due >= journey.planned_arrival
    if due < gap.end and not over:
        yield never_heard(gap.device_id, journey, since, gap.interval_s, due)


def _hold(
    gap: Gap, survey: Survey, state: DeviceState, journey: Journey, now: datetime, *, rules: Rules
) -> Hold | None:
    if state.good is None:
        return None
    near = survey.unheard(state.good.lat_deg, state.good.lon_deg)
    return hold(journey, state, near, gap.interval_s, now, settings=rules)
