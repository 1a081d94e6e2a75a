"""Watch: events from absence. Nobody is called silent while it is we who cannot hear."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from db import alerts, events, hearing, rule_sets
from db.alerts import DEFAULTS
from db.changes import notify
from db.pool import Connection
from domain.blankspots import Hold, hold
from domain.events import Event
from domain.journeys import Journey
from domain.settings import Alerts, Rules
from domain.silence import (
    is_silent,
    missing_since,
    never_heard,
    silence,
    silence_ended,
    silence_held,
)
from domain.states import DeviceState
from domain.survey import Survey

Recall = Callable[[Collection[str]], Mapping[str, DeviceState]]


class _Quiet(NamedTuple):
    """A device of which nothing is heard, `heard_at` None where nothing ever was, and
    `missing_since` where nothing was on this journey."""

    device_id: str
    journey: Journey
    interval_s: float
    heard_at: datetime | None
    missing_since: datetime | None


class Watch:
    """Remembers when each device was last heard and which of them are silent."""

    def __init__(self, settings: Rules, work: Alerts = DEFAULTS) -> None:
        self._settings = settings
        self._work = work
        self._heard: dict[str, datetime] = {}
        self._interval_s: dict[str, float] = {}
        self._silent: dict[str, str | None] = {}
        self._held: dict[str, Hold] = {}

    def load(self, connection: Connection) -> None:
        """Begin with what the database knows."""
        for row in hearing.load(connection):
            self._interval_s[row.device_id] = row.report_interval_s
            if row.heard_at is not None:
                known = self._heard.get(row.device_id, row.heard_at)
                self._heard[row.device_id] = max(known, row.heard_at)
        self._silent = hearing.silent(connection)
        self._held = {
            row.device_id: Hold(row.shipment_id, row.expected_exit)
            for row in hearing.held(connection)
        }

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
        back = (self._silent.keys() | self._held.keys()) & heard.keys()
        if back:
            ended = [silence_ended(d, self._shipment(d), heard[d]) for d in sorted(back)]
            self._record(connection, ended, max(heard.values()))
            for device_id in back:
                self._silent.pop(device_id, None)
                self._held.pop(device_id, None)

    def _shipment(self, device_id: str) -> str | None:
        held = self._held.get(device_id)
        return held.shipment_id if held else self._silent[device_id]

    def look(
        self,
        connection: Connection,
        survey: Survey,
        states: Mapping[str, DeviceState],
        hearing_since: datetime,
        now: datetime,
        *,
        recall: Recall | None = None,
    ) -> list[Event]:
        """Find those that have fallen silent on their way; returns the new events.

        `hearing_since`: since when we could have heard them. Before that, silence is ours.
        `recall` gives the states of devices that `states` lacks, after a restart.
        """
        quiet = self._quiet(survey, states, hearing_since, now)
        strangers = {each.device_id for each in quiet} - states.keys()
        if strangers and recall is not None:
            states = {**states, **recall(strangers)}
        found: list[Event] = []
        holds: dict[str, Hold] = {}
        for each in quiet:
            held = self._hold(survey, each, states.get(each.device_id), now)
            event = self._event(each, states.get(each.device_id), held, now)
            if event is not None:
                found.append(event)
            if held is not None and event is not None and event.kind == "silence_held":
                holds[each.device_id] = held
        if found:
            self._record(connection, found, now, survey.rule_sets)
            self._note(found, holds)
        return found

    def _note(self, found: list[Event], holds: Mapping[str, Hold]) -> None:
        self._held.update(holds)
        for event in found:
            if event.device_id not in holds:
                self._held.pop(event.device_id, None)
                self._silent[event.device_id] = event.shipment_id

    def _quiet(
        self,
        survey: Survey,
        states: Mapping[str, DeviceState],
        hearing_since: datetime,
        now: datetime,
    ) -> list[_Quiet]:
        found = []
        for device_id, interval_s in self._interval_s.items():
            heard_at = self._heard.get(device_id)
            # Cheap, and enough for nearly all: no rule calls silent who kept its interval.
            if heard_at is not None and (now - heard_at).total_seconds() <= interval_s:
                continue
            journey = survey.journey(device_id, now)
            if journey is None or device_id in self._silent:
                continue
            state = states.get(device_id)
            if state is not None and state.shipment_id == journey.shipment_id:
                if state.arrived:
                    continue
                journey = journey.at(state.progress.along_m)
            assigned = survey.assigned_since(device_id, now)
            missing = missing_since(journey, assigned, heard_at) if assigned else None
            since = max(missing or heard_at or hearing_since, hearing_since)
            if is_silent(since, interval_s, now, journey.rules or self._settings):
                found.append(_Quiet(device_id, journey, interval_s, heard_at, missing))
        return found

    def _hold(
        self, survey: Survey, quiet: _Quiet, state: DeviceState | None, now: datetime
    ) -> Hold | None:
        """Where its silence is expected: as it was found at first, or as it is found now."""
        held = self._held.get(quiet.device_id)
        if held is not None and held.shipment_id == quiet.journey.shipment_id:
            return held
        if state is None or state.good is None:
            return None
        near = survey.unheard(state.good.lat_deg, state.good.lon_deg)
        rules = quiet.journey.rules or self._settings
        return hold(quiet.journey, state, near, quiet.interval_s, now, settings=rules)

    def _event(
        self, quiet: _Quiet, state: DeviceState | None, held: Hold | None, now: datetime
    ) -> Event | None:
        """What is to be told of a quiet device, if anything."""
        device_id, journey, interval_s, heard_at, missing = quiet
        if missing is not None:
            over = journey.planned_arrival is not None and now >= journey.planned_arrival
            # Nobody is called missing on a journey that should have ended long ago.
            return None if over else never_heard(device_id, journey, missing, interval_s, now)
        arrived = state and state.arrived and state.shipment_id == journey.shipment_id
        if heard_at is None or arrived:
            return None
        if held is None or held.is_over(now, journey.rules or self._settings):
            return silence(device_id, journey, heard_at, interval_s, now, held=held)
        if held == self._held.get(device_id):
            return None
        return silence_held(device_id, journey, heard_at, interval_s, now, held=held)

    def _record(
        self,
        connection: Connection,
        found: list[Event],
        now: datetime,
        sets: Mapping[str, Rules] = {},
    ) -> None:
        with connection.transaction():
            rule_sets.put(connection, sets, (event.rules_version for event in found))
            recorded = events.record(connection, found)
            alerts.record(connection, recorded, now=now, settings=self._work)
            notify(connection)
