"""Rehearsal: the product's own rules over recorded data, without a database.

What `kawal rules test` prints before an election and what bench/detection measures. The
order of delivery does not matter here either: fixes are judged by the time they count for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from domain import convoy, interference
from domain.chart import chart
from domain.events import DeviceEvent, Event
from domain.plan import Plan
from domain.positions import Flag, Position
from domain.quality import intrinsic_flags
from domain.raised import Raised, alerts_of
from domain.rehearsal_device import DeviceRun
from domain.settings import Rules
from domain.signs import signs
from domain.states import effective_time
from domain.survey import Survey

TRACKED_GAP = timedelta(minutes=15)  # nobody was tracked in a longer one


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What the rules made of the data.

    `doubted`: how many fixes carry each flag. `tracked_h`: hours on a shipment, from fix to
    fix. `strangers`: devices that the plan does not know.
    """

    alerts: tuple[Raised, ...]
    events: tuple[Event, ...]
    fixes: int
    duplicates: int
    reports: int
    doubted: Mapping[str, int]
    tracked_h: float
    strangers: tuple[str, ...]

    @property
    def by_rule(self) -> Mapping[str, int]:
        """How many alerts each rule raised, the most first."""
        return dict(Counter(alert.rule for alert in self.alerts).most_common())


def rehearse(
    plan: Plan,
    settings: Rules,
    positions: Iterable[Position],
    reports: Iterable[DeviceEvent] = (),
    *,
    until: datetime | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Rehearsal:
    """Run the rules of `settings` over the data as if all of it had been received.

    `until`: silence is judged up to this time; None: up to the newest receipt of any device.
    `on_progress` is called with (fixes judged, all fixes). Fixes of all devices are kept in
    memory, what is measured around them for a chunk of them at a time.
    """
    tracks, again = _tracks(positions, settings)
    told: dict[str, list[DeviceEvent]] = defaultdict(list)
    for report in _once(reports):
        told[report.device_id].append(report)
    survey = chart(plan, settings)
    end = until or _newest_receipt(tracks, told)
    intervals_s = {device.id: device.report_interval_s for device in plan.devices}
    total, done = sum(map(len, tracks.values())), 0
    events: list[Event] = []
    doubted: Counter[str] = Counter()
    for device_id in sorted({*tracks, *told}):
        track, own = tracks.get(device_id, []), told.get(device_id, [])
        run = DeviceRun(survey, settings, track, own, again.get(device_id, ()))
        run.fold_all(device_id, intervals_s.get(device_id), end)
        events += run.events
        tracks[device_id] = run.judged
        doubted.update(name for position in run.judged for name in _names(position.flags))
        done += len(run.judged)
        if on_progress:
            on_progress(done, total)
    events += _across(plan, survey, tracks, events, end)
    return Rehearsal(
        alerts=tuple(alerts_of(events)),
        events=tuple(events),
        fixes=total,
        duplicates=sum(map(len, again.values())),
        reports=sum(map(len, told.values())),
        doubted=dict(doubted.most_common()),
        tracked_h=sum(_tracked_h(survey, track) for track in tracks.values()),
        strangers=tuple(sorted({*tracks, *told} - {device.id for device in plan.devices})),
    )


# --- several devices --------------------------------------------------------------------


def _across(
    plan: Plan,
    survey: Survey,
    tracks: Mapping[str, Sequence[Position]],
    events: Sequence[Event],
    end: datetime | None,
) -> list[Event]:
    """The rules over several devices: convoys, and interference in an area."""
    found = convoy.rehearse(convoy.parties(plan), survey, tracks)
    return found + interference.incidents(signs(events, survey.in_fence), survey.standing, end)


# --- the data ---------------------------------------------------------------------------


def _tracks(
    positions: Iterable[Position], settings: Rules
) -> tuple[dict[str, list[Position]], dict[str, list[datetime]]]:
    """Fixes by device in the order of the fold, each once as it was first received; and when
    those were received that came again, for that is a sign of life."""
    first: dict[tuple[str, datetime, int, int], Position] = {}
    again: dict[str, list[datetime]] = {}
    for position in positions:
        key = position[:4]
        known = first.setdefault(key, position)
        if known is not position:
            earlier, later = sorted((known, position), key=lambda p: p.received_at)
            first[key] = earlier
            again.setdefault(position.device_id, []).append(later.received_at)
    tracks: dict[str, list[Position]] = {}
    for position in first.values():
        flagged = position._replace(flags=intrinsic_flags(position, settings))
        tracks.setdefault(position.device_id, []).append(flagged)
    for track in tracks.values():
        track.sort(key=lambda p: (effective_time(p), p.epoch, p.seq))
    return tracks, again


def _once(reports: Iterable[DeviceEvent]) -> Iterable[DeviceEvent]:
    first: dict[tuple[str, int, int], DeviceEvent] = {}
    for report in reports:
        key = report.device_id, report.epoch, report.seq
        known = first.get(key)
        if known is None or report.received_at < known.received_at:
            first[key] = report
    return first.values()


def _newest_receipt(
    tracks: Mapping[str, Sequence[Position]], told: Mapping[str, Sequence[DeviceEvent]]
) -> datetime | None:
    times = [p.received_at for track in tracks.values() for p in track]
    times += [r.received_at for reports in told.values() for r in reports]
    return max(times, default=None)


def _tracked_h(survey: Survey, track: Sequence[Position]) -> float:
    seconds = 0.0
    times = [(p.device_id, effective_time(p)) for p in track]
    for (device_id, before), (_, after) in pairwise(times):
        if after - before <= TRACKED_GAP and survey.journey(device_id, before) is not None:
            seconds += (after - before).total_seconds()
    return seconds / 3600


def _names(flags: int) -> list[str]:
    return [str(flag.name) for flag in Flag(flags)] if flags else []
