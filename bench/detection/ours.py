"""Our rules: the product's own code, by way of its rehearsal."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from bench.detection.world import Alarm, World
from domain.events import MEANINGS
from domain.rehearsal import rehearse
from domain.settings import Rules

SUPPORTED = frozenset(meaning.rule for meaning in MEANINGS.values() if meaning.opens)
WATCHED_ON = timedelta(hours=1)


class Judged(NamedTuple):
    """Alarms, and the hours that each device was tracked."""

    alarms: list[Alarm]
    fixes: int
    doubted: int


def judge(world: World, settings: Rules) -> Judged:
    """What our rules say of the world."""
    end = max(p.received_at for p in world.positions()) + WATCHED_ON
    found = rehearse(world.plan, settings, world.positions(), world.reports(), until=end)
    alarms = [Alarm(a.rule, a.device_id, a.opened_at, a.known_at) for a in found.alerts]
    return Judged(alarms, found.fixes, sum(found.doubted.values()))
