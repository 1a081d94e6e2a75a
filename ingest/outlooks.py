"""Outlooks: what the rules' memory knows of progress, written for the screen now and then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from db import progress
from db.changes import notify
from db.pool import Connection
from domain.outlook import Outlook, outlook
from domain.states import DeviceState, Progress
from domain.survey import Survey


class Outlooks:
    """Remembers what was written of each device, so that only what changed is written."""

    def __init__(self) -> None:
        self._written: dict[str, Progress] = {}

    def forget(self) -> None:
        """Write all of them again: the plan may have changed."""
        self._written.clear()

    def write(
        self,
        connection: Connection,
        survey: Survey,
        states: Mapping[str, DeviceState],
        now: datetime,
    ) -> int:
        """Write those with a newer fix than at the last time; returns how many there were."""
        changed = {
            device: state.progress
            for device, state in states.items()
            if state.progress.at is not None and state.progress is not self._written.get(device)
        }
        found = [
            each
            for device in changed
            if (each := self._outlook(survey, device, states[device], now)) is not None
        ]
        if found:
            with connection.transaction():
                progress.record(connection, found)
                notify(connection)
        self._written.update(changed)
        return len(found)

    @staticmethod
    def _outlook(survey: Survey, device: str, state: DeviceState, now: datetime) -> Outlook | None:
        at = state.progress.at
        journey = survey.journey(device, at.time) if at else None
        return outlook(device, state, journey, now) if journey else None
