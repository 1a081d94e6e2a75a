"""One device of a rehearsal: its fold in chunks, and its silences as the watch told them."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from domain.events import DeviceEvent, Event
from domain.positions import Position
from domain.rehearsal_watch import Gap, may_be_silent, watch
from domain.rules import fold
from domain.settings import Rules
from domain.states import DeviceState, Observation, Report, order, report_time
from domain.survey import Survey

CHUNK = 2000  # fixes that are measured and folded at a time

Item = Observation | Report


class DeviceRun:
    """The fold over one device, cut where it fell silent, for what was known then. `again`:
    when fixes were received once more."""

    def __init__(
        self,
        survey: Survey,
        settings: Rules,
        positions: list[Position],
        reports: list[DeviceEvent],
        again: Sequence[datetime] = (),
    ) -> None:
        self.events: list[Event] = []
        self.judged: list[Position] = []
        self._survey, self._settings = survey, settings
        self._positions, self._reports, self._again = positions, reports, again
        self._state = DeviceState()

    def fold_all(self, device_id: str, interval_s: float | None, end: datetime | None) -> None:
        """Everything of the device, and its silences until `end`. Without an interval no
        silence is known."""
        gaps = deque(self._gaps(device_id, interval_s, end) if interval_s and end else ())
        for items in self._chunks():
            start = 0
            while gaps and gaps[0].heard_at < items[-1].time:
                cut = bisect_right(items, gaps[0].heard_at, lo=start, key=_time)
                self._fold(items[start:cut])
                self._fall_silent(gaps.popleft())
                start = cut
            self._fold(items[start:])
        while gaps:
            self._fall_silent(gaps.popleft())

    def _chunks(self) -> Iterator[list[Item]]:
        waiting = deque(sorted(map(self._report, self._reports), key=order))
        for start in range(0, len(self._positions), CHUNK):
            items: list[Item] = []
            items += self._survey.observe(self._positions[start : start + CHUNK])
            last = order(items[-1])
            while waiting and order(waiting[0]) <= last:
                items.append(waiting.popleft())
            yield sorted(items, key=order)
        if waiting:
            yield list(waiting)

    def _report(self, event: DeviceEvent) -> Report:
        at = report_time(event)
        return Report(at, event, self._survey.journey(event.device_id, at))

    def _fold(self, items: Sequence[Item]) -> None:
        self._state, events, reflagged = fold(self._state, items, self._settings, self._standing)
        self.events += events
        changed = {(p.fix_time, p.epoch, p.seq): p for p in reflagged}
        seen = (item.position for item in items if isinstance(item, Observation))
        self.judged += (changed.get((p.fix_time, p.epoch, p.seq), p) for p in seen)

    def _standing(self, at: datetime) -> Rules:
        return self._survey.standing(at).rules

    def _gaps(self, device_id: str, interval_s: float, end: datetime) -> Iterator[Gap]:
        received = [p.received_at for p in self._positions]
        heard = sorted([*received, *(r.received_at for r in self._reports), *self._again])
        for before, after in pairwise([*heard, None]):
            if before is None:
                continue
            gap = Gap(device_id, interval_s, before, after, after or end)
            if may_be_silent(gap, self._survey, self._settings):
                yield gap

    def _fall_silent(self, gap: Gap) -> None:
        self.events += watch(gap, self._survey, self._state, self._settings)


def _time(item: Item) -> datetime:
    return item.time
