"""Stages: the journeys of a device, each with the rules that were in force then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from domain.journeys import Journey
from domain.plan import Assignment, Shipment
from domain.plan_words import Mode
from domain.rule_history import RuleHistory
from domain.survey import Stage


def stages(
    assignment: Assignment, shipment: Shipment, journey: Journey, history: RuleHistory
) -> Iterator[Stage]:
    """The assignment, cut where the rules of its journey changed."""
    held: Stage | None = None
    for start, end in history.stretches(assignment.valid_from, assignment.valid_until):
        ruled = _ruled(journey, shipment, history, start)
        if held is not None and ruled == held.journey:
            held = held._replace(valid_until=end)
            continue
        if held is not None:
            yield held
        held = Stage(start, end, ruled)
    if held is not None:
        yield held


def _ruled(journey: Journey, shipment: Shipment, history: RuleHistory, at: datetime) -> Journey:
    ruled = _by_mode(journey, shipment.mode, shipment, history, at)
    if journey.way is None:
        return ruled
    legs = tuple(
        (stretch.to_m, _by_mode(journey, Mode(stretch.mode), shipment, history, at))
        for stretch in journey.way.stretches
    )
    if all(leg.rules_version == ruled.rules_version for _, leg in legs):
        return ruled
    return ruled._replace(legs=legs)


def _by_mode(
    journey: Journey, mode: Mode, shipment: Shipment, history: RuleHistory, at: datetime
) -> Journey:
    found = history.thresholds(at, mode, shipment.direction, shipment.id)
    return journey._replace(rules=found.rules, rules_version=found.version)
