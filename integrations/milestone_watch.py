"""Milestone watch: tells when boxes will not be, or are not, where they should be by a deadline."""

from __future__ import annotations

from datetime import datetime

from db import alerts, events, milestones
from db.changes import notify
from db.pool import Connection
from domain import milestone_events
from domain.events import Event
from domain.milestones import Schedule
from domain.settings import Alerts, Milestones, Reconciliation

INTERVAL_S = 120.0  # boxes take hours; to reckon a whole nation takes seconds


class MilestoneWatch:
    """A task: reckons what is on its way, and tells what has changed for any regency."""

    name = "milestones"
    interval_s = INTERVAL_S

    def __init__(self, settings: Milestones, back: Reconciliation, work: Alerts) -> None:
        self._settings, self._back, self._work = settings, back, work

    def run(self, connection: Connection, now: datetime) -> None:
        """Look once. Nothing to do where the plan names no voting day."""
        voting_day = milestones.voting_day(connection)
        if voting_day is None:
            return
        schedule = Schedule(voting_day, self._settings, self._back)
        with connection.transaction():
            milestones.reckon(connection, schedule, now)
        with connection.transaction():
            found = self._news(connection, schedule, now)
            if found:
                recorded = events.record(connection, found)
                alerts.record(connection, recorded, now=now, settings=self._work)
                notify(connection)

    @staticmethod
    def _news(connection: Connection, schedule: Schedule, now: datetime) -> list[Event]:
        told = milestones.told(connection, milestone_events.KINDS)
        found = []
        for region in milestones.of_regencies(connection, schedule, now):
            for milestone in region.milestones:
                last = told.get(milestone_events.group_id(region.region_code, milestone))
                event = milestone_events.tell(
                    region.region_code,
                    milestone,
                    last.kind if last else None,
                    last.event_time if last else None,
                    now,
                )
                if event is not None:
                    found.append(event)
        return found
