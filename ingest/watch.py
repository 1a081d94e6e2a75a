"""Watch: events from absence. Nobody is called silent while it is we who cannot hear."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from db import alerts, events, hearing
from db.changes import notify
from db.pool import Connection
from domain.events import Event
from domain.settings import Rules
from domain.silence import is_silent, silence, silence_ended
from domain.states import DeviceState
from domain.survey import Survey


class Watch:
    """Remembers when each device was last heard and which of them are silent."""

    def __init__(self, settings: Rules) -> None:
        self._settings = settings
        self._heard: dict[str, datetime] = {}
        self._interval_s: dict[str, float] = {}
        self._silent: dict[str, str | None] = {}

    def load(self, connection: Connection) -> None:
        """Begin with what the database knows."""
        for row in hearing.load(connection):
            self._interval_s[row.device_id] = row.report_interval_s
            if row.heard_at is not None:
                known = self._heard.get(row.device_id, row.heard_at)
                self._heard[row.device_id] = max(known, row.heard_at)
        self._silent = hearing.silent(connection)

    def hear(
        self,
        connection: Connection,
        heard: Mapping[str, datetime],
        intervals_s: Mapping[str, float] = {},
    ) -> None:
        """Devices were heard, and some said how often they will report from now on; those
        that were silent no longer are."""
        self._interval_s.update(intervals_s)
        for device_id, at in heard.items():
            self._heard[device_id] = max(at, self._heard.get(device_id, at))
        back = self._silent.keys() & heard.keys()
        if back:
            ended = [silence_ended(d, self._silent[d], heard[d]) for d in sorted(back)]
            self._record(connection, ended, max(heard.values()))
            for device_id in back:
                del self._silent[device_id]

    def look(
        self,
        connection: Connection,
        survey: Survey,
        states: Mapping[str, DeviceState],
        hearing_since: datetime,
        now: datetime,
    ) -> list[Event]:
        """Find those that have fallen silent on their way; returns the new events.

        `hearing_since`: since when we could have heard them. Before that, silence is ours.
        """
        found: dict[str, Event] = {}
        for device_id, heard_at in self._heard.items():
            interval_s = self._interval_s.get(device_id)
            if interval_s is None or device_id in self._silent:
                continue
            if not is_silent(max(heard_at, hearing_since), interval_s, now, self._settings):
                continue
            journey = survey.journey(device_id, now)
            state = states.get(device_id)
            if journey is None or (state is not None and state.arrived):
                continue
            found[device_id] = silence(device_id, journey, heard_at, interval_s, now)
        if found:
            self._record(connection, list(found.values()), now)
            self._silent.update({d: event.shipment_id for d, event in found.items()})
        return list(found.values())

    @staticmethod
    def _record(connection: Connection, found: list[Event], now: datetime) -> None:
        with connection.transaction():
            alerts.record(connection, events.record(connection, found), now=now)
            notify(connection)
