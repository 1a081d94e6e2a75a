"""Evaluate: run the rules over what is new, in order of time, and again for what came late.

The state of each device is kept in memory and is always the fold over its stored fixes.
After a restart it is made again from the newest snapshot and the fixes since. A fix that
is older than the newest makes the fold begin again from the snapshot before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import structlog

from db import events as stored_events
from db import positions as stored_positions
from db import reports as stored_reports
from db import rule_sets, snapshots
from db.events import Recorded
from db.pool import DATABASE_ERRORS, Connection
from domain.events import DeviceEvent, Event
from domain.positions import Position
from domain.rules import fold
from domain.settings import Rules
from domain.states import DeviceState, Observation, Report, order, report_time
from domain.survey import Survey

log = structlog.get_logger(__name__)

Item = Observation | Report

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Evaluation:
    """What one batch came to. `states` become true only when the transaction commits."""

    found: list[Recorded] = field(default_factory=list)
    disproved: set[str] = field(default_factory=set)
    reflagged: list[Position] = field(default_factory=list)
    states: dict[str, DeviceState] = field(default_factory=dict)
    unsaved: dict[str, int] = field(default_factory=dict)
    folded_again: int = 0
    refolded: dict[str, datetime] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


class Evaluator:
    """The rules' memory of every device."""

    def __init__(self, settings: Rules) -> None:
        self.settings = settings
        self.survey = Survey([], [], {}, settings)
        self.states: dict[str, DeviceState] = {}
        self._unsaved: dict[str, int] = {}

    def evaluate(
        self, connection: Connection, positions: Sequence[Position], reports: Iterable[DeviceEvent]
    ) -> Evaluation:
        """Run the rules over new fixes and reports, already stored in this transaction."""
        evaluation = Evaluation()
        fresh: list[Event] = []
        by_device = self._by_device(positions, reports)
        restored = self._restore(connection, by_device)
        for device_id, items in by_device.items():
            state = self.states.get(device_id) or restored[device_id]
            try:
                if state.time is not None and items[0].time <= state.time:
                    self._again(connection, evaluation, items, state.time)
                else:
                    fresh += self._onward(connection, evaluation, state, items)
            except DATABASE_ERRORS:
                raise
            except Exception as error:
                # A fault of ours in one device's rules must not stop the fixes of all.
                log.exception("the rules failed", device=device_id)
                evaluation.failed[device_id] = f"{type(error).__name__}: {error}"
        if fresh:
            evaluation.found += stored_events.record(connection, self._named(connection, fresh))
        return evaluation

    def keep(self, evaluation: Evaluation) -> None:
        """The transaction has committed: its states are now the truth."""
        self.states.update(evaluation.states)
        self._unsaved.update(evaluation.unsaved)

    def forget(self) -> None:
        """Drop the memory; every device is folded from its snapshot when it is heard again."""
        self.states.clear()
        self._unsaved.clear()

    def _by_device(
        self, positions: Sequence[Position], reports: Iterable[DeviceEvent]
    ) -> dict[str, list[Item]]:
        items: dict[str, list[Item]] = {}
        for observation in self.survey.observe(positions) if positions else ():
            items.setdefault(observation.position.device_id, []).append(observation)
        for report in reports:
            items.setdefault(report.device_id, []).append(self._report(report))
        for found in items.values():
            # Nearly always sorted already, and looking is cheaper than sorting.
            if any(after.time <= before.time for before, after in pairwise(found)):
                found.sort(key=order)
        return items

    def _report(self, event: DeviceEvent) -> Report:
        at = report_time(event)
        return Report(at, event, self.survey.journey(event.device_id, at))

    # --- by the rules of the time ---

    def _fold(
        self, state: DeviceState, items: Iterable[Item]
    ) -> tuple[DeviceState, list[Event], list[Position]]:
        return fold(state, items, self.settings, self._standing)

    def _standing(self, at: datetime) -> Rules:
        return self.survey.standing(at).rules

    def _named(self, connection: Connection, events: Iterable[Event]) -> list[Event]:
        """Each with the version of its thresholds, which are kept."""
        named = [
            event
            if event.rules_version
            else replace(event, rules_version=self.survey.standing(event.decided_at).version)
            for event in events
        ]
        rule_sets.put(connection, self.survey.rule_sets, (event.rules_version for event in named))
        return named

    # --- in order ---

    def _onward(
        self,
        connection: Connection,
        evaluation: Evaluation,
        state: DeviceState,
        items: list[Item],
    ) -> list[Event]:
        device_id = _device(items[0])
        state, events, reflagged = self._fold(state, items)
        evaluation.states[device_id] = state
        evaluation.reflagged += reflagged
        unsaved = self._unsaved.get(device_id, 0) + len(items)
        if unsaved >= self.settings.snapshot_fixes and state.time is not None:
            snapshots.save(connection, device_id, state.time, state)
            unsaved = 0
        evaluation.unsaved[device_id] = unsaved
        return events

    # --- not in memory ---

    def _restore(
        self, connection: Connection, new: Mapping[str, list[Item]]
    ) -> dict[str, DeviceState]:
        """The states before `new` of those devices that are not in memory.

        Their events were recorded when they were found: finding them again, under settings
        that changed meanwhile, must not rewrite what was told.
        """
        cold = {device: items for device, items in new.items() if device not in self.states}
        if not cold:
            return {}
        snapshot = snapshots.newest_before(connection, dict.fromkeys(cold, _END_OF_TIME))
        span = timedelta(hours=self.settings.reevaluate_hours)
        start = {d: (items[-1].time - span, DeviceState()) for d, items in cold.items()} | snapshot
        stored = self._stored(connection, {device: at for device, (at, _) in start.items()})
        restored = {}
        for device, (_, state) in start.items():
            keys = {order(item) for item in cold[device]}
            before = (item for item in stored.get(device, ()) if order(item) not in keys)
            restored[device], _, _ = self._fold(state, before)
        return restored

    def recall(
        self, connection: Connection, device_ids: Iterable[str], now: datetime
    ) -> Mapping[str, DeviceState]:
        """The states of devices; of those that are not in memory, as they are stored."""
        wanted = set(device_ids)
        cold = wanted - self.states.keys()
        if cold:
            snapshot = snapshots.newest_before(connection, dict.fromkeys(cold, _END_OF_TIME))
            oldest = now - timedelta(hours=self.settings.reevaluate_hours)
            start = dict.fromkeys(cold, (oldest, DeviceState())) | snapshot
            stored = self._stored(connection, {device: at for device, (at, _) in start.items()})
            for device, (_, state) in start.items():
                self.states[device] = self._recalled(device, state, stored.get(device, []))
        return {device: self.states[device] for device in wanted}

    def _recalled(self, device_id: str, state: DeviceState, items: list[Item]) -> DeviceState:
        try:
            return self._fold(state, items)[0]
        except Exception:
            log.exception("the rules failed", device=device_id)
            return state

    # --- late ---

    def _again(
        self,
        connection: Connection,
        evaluation: Evaluation,
        items: list[Item],
        newest: datetime,
    ) -> None:
        """Fold again from the newest snapshot before the oldest of `items`.

        What is older than `reevaluate_hours` changes no past event: its fixes are kept,
        its reports are told by themselves.
        """
        newest = max(newest, items[-1].time)
        horizon = newest - timedelta(hours=self.settings.reevaluate_hours)
        current = [item for item in items if item.time > horizon]
        ancient = [item for item in items if item.time <= horizon]
        for item in ancient:
            if isinstance(item, Report):
                _, events, _ = self._fold(DeviceState(), [item])
                named = self._named(connection, events)
                evaluation.found += stored_events.record(connection, named)
        if current:
            self._fold_stored(connection, evaluation, current[0], horizon)

    def _fold_stored(
        self,
        connection: Connection,
        evaluation: Evaluation,
        oldest: Item,
        horizon: datetime,
    ) -> None:
        device_id = _device(oldest)
        found = snapshots.newest_before(connection, {device_id: oldest.time})
        after, state = found.get(device_id, (horizon, DeviceState()))
        items = self._stored(connection, {device_id: after}).get(device_id, [])
        evaluation.folded_again += len(items)
        evaluation.refolded[device_id] = after
        snapshots.discard_from(connection, device_id, oldest.time)
        events: list[Event] = []
        pieces = _pieces(items, self.settings.snapshot_fixes)
        for number, piece in enumerate(pieces, start=1):
            state, more, reflagged = self._fold(state, piece)
            events += more
            evaluation.reflagged += reflagged
            if number < len(pieces) and state.time is not None:
                snapshots.save(connection, device_id, state.time, state)
        named = self._named(connection, events)
        recorded, disproved = stored_events.reconcile(connection, device_id, after, named)
        evaluation.found += recorded
        evaluation.disproved |= disproved
        evaluation.states[device_id] = state
        evaluation.unsaved[device_id] = len(pieces[-1]) if pieces else 0

    def _stored(
        self, connection: Connection, after: Mapping[str, datetime]
    ) -> dict[str, list[Item]]:
        """What is stored of each device after its time, in the order of the fold."""
        items = self._by_device(
            stored_positions.since(connection, after), stored_reports.since(connection, after)
        )
        # A clock that ran ahead puts the time of a fix before the time that is on it.
        return {d: [item for item in found if item.time > after[d]] for d, found in items.items()}


def _device(item: Item) -> str:
    return item.position.device_id if isinstance(item, Observation) else item.event.device_id


def _pieces(items: list[Item], size: int) -> list[list[Item]]:
    """Cut into pieces of about `size`, never between two items of the same time: a snapshot
    must hold all or nothing of an instant."""
    pieces: list[list[Item]] = []
    for item in items:
        room = pieces and len(pieces[-1]) < size
        if room or (pieces and pieces[-1][-1].time == item.time):
            pieces[-1].append(item)
        else:
            pieces.append([item])
    return pieces
