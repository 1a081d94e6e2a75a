"""Score: which alarms are true, which are false, and how sure one can be of the rate."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from bench.detection.measured import gaps
from bench.detection.orders import Vehicle
from bench.detection.scenes import GRACE, Fault, Scene
from bench.detection.world import Alarm, World, receipts

SLACK = timedelta(minutes=2)  # an alarm may date its beginning a little before the truth
TRACKED_GAP_S = 900.0


def _lists() -> dict[str, list[Any]]:
    return defaultdict(list)


@dataclass(slots=True)
class Tally:
    """What one contestant made of all worlds. Delays in seconds."""

    injected: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    delays_s: dict[str, list[float]] = field(default_factory=_lists)
    false: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    beside: Counter[str] = field(default_factory=Counter)
    missed: dict[str, list[str]] = field(default_factory=_lists)
    false_cases: list[Alarm] = field(default_factory=list)

    @property
    def false_alarms(self) -> int:
        """Of all rules."""
        return sum(self.false.values())

    def take(self, other: Tally) -> None:
        """Add what the same contestant made of other worlds."""
        for name in ("injected", "found", "false", "explained", "beside"):
            getattr(self, name).update(getattr(other, name))
        for fault, delays in other.delays_s.items():
            self.delays_s[fault] += delays
        for fault, names in other.missed.items():
            self.missed[fault] += names
        self.false_cases += other.false_cases


def add(tally: Tally, world: World, alarms: Iterable[Alarm]) -> None:
    """Count the alarms of a contestant over one world."""
    by_device: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in alarms:
        by_device[alarm.device_id].append(alarm)
    for scene in world.scenes:
        told = [alarm for v in scene.vehicles for alarm in by_device[v.device_id]]
        if scene.fault:
            _fault(tally, scene.fault, told)
        else:
            _quiet(tally, scene, told)


def _fault(tally: Tally, fault: Fault, told: list[Alarm]) -> None:
    tally.injected[fault.name] += 1
    hits = [alarm for alarm in told if _tells(alarm, fault)]
    tally.beside.update(alarm.rule for alarm in told if alarm.rule not in fault.rules)
    if hits:
        tally.found[fault.name] += 1
        known = min(alarm.known_at for alarm in hits)
        tally.delays_s[fault.name].append(max((known - fault.due).total_seconds(), 0.0))
    else:
        tally.missed[fault.name].append(min(fault.devices))


def _tells(alarm: Alarm, fault: Fault) -> bool:
    if alarm.rule not in fault.rules or alarm.device_id not in fault.devices:
        return False
    begins_in_time = fault.begins - SLACK <= alarm.opened_at <= fault.ends + GRACE
    return begins_in_time and alarm.known_at >= fault.begins


def _quiet(tally: Tally, scene: Scene, told: list[Alarm]) -> None:
    pauses = {vehicle.device_id: true_silences(vehicle) for vehicle in scene.vehicles}
    for alarm in told:
        if alarm.rule == "SILENCE" and _within(alarm, pauses[alarm.device_id]):
            tally.explained[alarm.rule] += 1
        else:
            tally.false[alarm.rule] += 1
            tally.false_cases.append(alarm)


def true_silences(vehicle: Vehicle) -> list[tuple[datetime, datetime]]:
    """Pauses in what was received that an operator would call so: two reports or more in a row
    are missing. One that is lost or late is none."""
    heard = receipts(vehicle)
    limit_s = max(2.5 * vehicle.interval_s, 10.0)
    return list(gaps([*heard, heard[-1] + timedelta(days=1)], limit_s))


def _within(alarm: Alarm, pauses: list[tuple[datetime, datetime]]) -> bool:
    second = timedelta(seconds=1)
    return any(before - second <= alarm.opened_at < after for before, after in pauses)


def tracked_h(vehicle: Vehicle) -> float:
    """Hours from delivered fix to delivered fix, long gaps left out."""
    times = sorted(p.fix_time for p in vehicle.deliveries)
    steps = ((b - a).total_seconds() for a, b in pairwise(times))
    return sum(step for step in steps if step <= TRACKED_GAP_S) / 3600


def poisson_upper(count: int, confidence: float = 0.95) -> float:
    """The largest mean that still gives `count` or fewer with 1 - confidence (Garwood 1936)."""
    low, high = float(count), 10.0 + 3 * count
    while high - low > 1e-6 * high:
        mean = (low + high) / 2
        if _at_most(count, mean) > 1 - confidence:
            low = mean
        else:
            high = mean
    return high


def _at_most(count: int, mean: float) -> float:
    terms = (k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(count + 1))
    return sum(map(math.exp, terms))


def at_least_share(found: int, tries: int, confidence: float = 0.95) -> float:
    """The smallest rate of detection that the count does not refute (Clopper-Pearson)."""
    if found == 0:
        return 0.0
    low, high = 0.0, 1.0
    while high - low > 1e-6:
        share = (low + high) / 2
        tail = sum(
            math.comb(tries, k) * share**k * (1 - share) ** (tries - k)
            for k in range(found, tries + 1)
        )
        low, high = (share, high) if tail < 1 - confidence else (low, share)
    return low
