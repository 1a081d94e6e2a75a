"""Joint: the rules over several devices, as ingest runs them.

The pipeline says in its transaction what came (`disturb`); a timer judges (`watch_convoys`,
`watch_interference`). Each is a fold over what is stored, in the order of event time, so that
a restart and what came late are the same thing: fold again from a checkpoint, and the events
that no longer follow are superseded. How far back: `rules.reevaluate_hours`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from pydantic import TypeAdapter

from db import alerts, events, incidents, positions, rule_sets
from db.alerts import DEFAULTS
from db.changes import notify
from db.events import Recorded
from db.pool import Connection
from domain import convoy, interference, signs
from domain.convoy import ConvoyState, Party
from domain.events import Event
from domain.interference import CHILD_RULES, Sweep
from domain.plan import Plan
from domain.positions import Position
from domain.settings import Alerts, Rules
from domain.states import effective_time
from domain.survey import Survey
from ingest.checkpoints import Checkpoints, next_stop
from ingest.evaluate import Evaluation

CONVOY_DELAY = timedelta(seconds=10)  # fixes are a little under way
CONVOY_PIECE = timedelta(hours=3)  # judged in one transaction at most
CONVOY_BUDGET_S = 0.25  # of a turn of ingest; the rest is for the next turn
SWEEP_PIECE = timedelta(days=7)

_CONVOY = TypeAdapter(ConvoyState)
_SWEEP = TypeAdapter(Sweep)
_RULE = "INTERFERENCE"


class Joint:
    """The memory of the rules over several devices."""

    def __init__(self, settings: Rules, work: Alerts = DEFAULTS) -> None:
        self._settings, self._work = settings, work
        self._reach = timedelta(hours=settings.reevaluate_hours)
        self._survey = Survey([], [], {}, settings)
        self._parties: dict[str, Party] = {}
        self._convoys: dict[str, Checkpoints[ConvoyState]] = {}
        self._of_device: dict[str, list[str]] = {}
        self._sweep = Checkpoints("interference", _SWEEP, self._reach)

    def follow(self, plan: Plan, survey: Survey) -> None:
        """Go by this plan from now on."""
        self._survey = survey
        self._parties = {party.id: party for party in convoy.parties(plan)}
        self._of_device = {}
        for party in self._parties.values():
            if party.id not in self._convoys:
                self._convoys[party.id] = Checkpoints(f"convoy/{party.id}", _CONVOY, self._reach)
            for device_id in party.devices:
                self._of_device.setdefault(device_id, []).append(party.id)

    def forget(self) -> None:
        """Drop the memory: what was in hand may or may not have been committed."""
        self._sweep.forget()
        for checkpoints in self._convoys.values():
            checkpoints.forget()

    # --- what came ---

    def disturb(
        self, connection: Connection, new: Iterable[Position], evaluation: Evaluation
    ) -> None:
        """Fixes and events that the caller's transaction stores."""
        oldest: dict[str, datetime] = {}
        for position in chain(new, evaluation.reflagged):
            for group in self._of_device.get(position.device_id, ()):
                at = effective_time(position)
                oldest[group] = min(oldest.get(group, at), at)
        for group, at in oldest.items():
            self._convoys[group].disturb(connection, at)
        if sign_at := self._oldest_sign(connection, evaluation):
            self._sweep.disturb(connection, sign_at)

    def _oldest_sign(self, connection: Connection, evaluation: Evaluation) -> datetime | None:
        times = [
            recorded.event.decided_at
            for recorded in evaluation.found
            if recorded.event.kind in signs.KINDS
        ]
        if evaluation.refolded:
            oldest = events.oldest_of_devices(connection, signs.KINDS, evaluation.refolded)
            times += [oldest] if oldest else []
        return min(times, default=None)

    # --- convoys ---

    def watch_convoys(
        self, connection: Connection, now: datetime, budget_s: float = CONVOY_BUDGET_S
    ) -> list[Event]:
        """Judge the ticks that are due, and again those that late fixes concern, until the
        budget is spent; returns the new events."""
        found: list[Event] = []
        until = convoy.last_tick(now - CONVOY_DELAY)
        end_s = time.monotonic() + budget_s
        # Who waits longest goes first.
        waiting = sorted(self._parties, key=lambda name: self._at(name, now))
        for name in waiting:
            while self._at(name, now) < until and time.monotonic() < end_s:
                found += self._judge(connection, self._parties[name], until, now)
        return found

    def _at(self, name: str, now: datetime) -> datetime:
        newest = self._convoys[name].newest
        return now - 2 * self._reach if newest is None else newest.at

    def _judge(
        self, connection: Connection, party: Party, until: datetime, now: datetime
    ) -> list[Event]:
        checkpoints = self._convoys[party.id]
        start = convoy.last_tick(max(now - self._reach, party.begins_at or now - self._reach))
        with connection.transaction():
            state = checkpoints.load(connection, ConvoyState(min(start, until)))
            end = convoy.last_tick(next_stop(state.at, until, CONVOY_PIECE))
            fresh_s = self._survey.standing(state.at).rules.convoy_fresh_s
            since = state.at - timedelta(seconds=max(fresh_s, self._settings.convoy_fresh_s))
            fixes = positions.between(connection, party.devices, since, end)
            tracks = convoy.tracks_of(self._survey, fixes)
            after, told = convoy.cohesion(party, self._survey, state, tracks, end)
            scope = events.Scope(convoy.KINDS, party.id, state.at, after.at)
            recorded = self._record(connection, told, scope, now)
        checkpoints.keep(connection, after, now)
        return recorded

    # --- interference ---

    def watch_interference(self, connection: Connection, now: datetime) -> list[Event]:
        """Sweep over new signs, and tell what has ended; returns the new events."""
        newest, found = self._sweep.newest, list[Event]()
        if newest is not None and not self._sweep.dirty and not newest.incidents:
            return found
        while newest is None or newest.at < now:
            newest, recorded = self._sweep_on(connection, now)
            found += recorded
        return found

    def _sweep_on(self, connection: Connection, now: datetime) -> tuple[Sweep, list[Event]]:
        with connection.transaction():
            state = self._sweep.load(connection, Sweep(now - self._reach))
            until = next_stop(state.at, now, SWEEP_PIECE)
            told = events.of_kinds(connection, signs.KINDS, state.at - signs.LOOK_BACK, until)
            items = signs.signs(told, self._survey.in_fence)
            after, found = interference.sweep(state, items, until, self._survey.standing)
            scope = events.Scope(interference.KINDS, None, state.at, after.at)
            recorded = self._record(connection, found, scope, now)
            self._adopt(connection, after, now)
        self._sweep.keep(connection, after, now)
        # A fix that was lost becomes a sign by waiting, without anything that comes.
        self._sweep.dirty = any(item.known_at > until for item in items)
        return after, recorded

    def _adopt(self, connection: Connection, sweep: Sweep, now: datetime) -> None:
        """Alerts that belong to an incident are quiet children of its alert."""
        if not sweep.incidents:
            return
        parents = {i.group_id: i.alert_id for i in incidents.of_rule(connection, _RULE)}
        for incident in sweep.incidents:
            parent_id = parents.get(incident.group_id)
            if parent_id is None:
                continue  # a person has closed it
            keys = incidents.orphans(
                connection,
                incident.devices,
                CHILD_RULES,
                incident.began_at - timedelta(seconds=incident.window_s),
                incident.over_at,
            )
            if keys:
                alerts.adopt(connection, parent_id, keys, now=now)
                notify(connection)

    # --- events ---

    def _record(
        self,
        connection: Connection,
        told: Sequence[Event],
        scope: events.Scope,
        now: datetime,
    ) -> list[Event]:
        """Make these the current events of their time. What is found long after its time is
        late, whatever the reason."""
        late_after_s = self._settings.late_after_s
        found = [_late(event, now, late_after_s) for event in told]
        rule_sets.put(connection, self._survey.rule_sets, (event.rules_version for event in found))
        recorded, disproved = events.reconcile_together(connection, found, scope)
        if recorded or disproved:
            if scope.group_id is None and disproved:
                disproved -= self._carry(connection, disproved, recorded)
            alerts.record(connection, recorded, disproved, now=now, settings=self._work)
            for event in found:
                if event.meaning and event.meaning.opens and event.alert_key:
                    incidents.refresh(connection, event.alert_key, event)
            notify(connection)
        return [each.event for each in recorded]

    def _carry(
        self, connection: Connection, disproved: set[str], recorded: Sequence[Recorded]
    ) -> set[str]:
        """An incident that has another first sign now has another name: its alert goes on.

        Returns the keys that are no more.
        """
        gone = set[str]()
        for alert in incidents.of_rule(connection, _RULE):
            if alert.alert_key not in disproved:
                continue
            if events.newest_of_alert(connection, alert.alert_key) is not None:
                continue  # it lost some events, not its beginning
            successor = _successor(alert.device_ids, recorded)
            if successor is None or successor.alert_key is None or not successor.group_id:
                continue
            if incidents.carry(connection, alert, successor.alert_key, successor.group_id):
                gone.add(alert.alert_key)
        return gone


def _late(event: Event, now: datetime, late_after_s: float) -> Event:
    age_s = max((now - event.decided_at).total_seconds(), event.late_by_s or 0.0)
    return replace(event, late_by_s=round(age_s, 3) if age_s > late_after_s else None)


def _successor(device_ids: str, recorded: Sequence[Recorded]) -> Event | None:
    """The incident of the new events that shares most devices with an old one."""
    known = set(device_ids.split(","))

    def shared(event: Event) -> int:
        return len(known & set(str(event.numbers.get("device_ids") or "").split(",")))

    candidates = [r.event for r in recorded if r.event.kind in interference.KINDS]
    best = max(candidates, key=lambda e: (shared(e), e.decided_at), default=None)
    return best if best is not None and shared(best) else None
