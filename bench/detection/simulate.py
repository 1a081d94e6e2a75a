"""Simulate: worlds without a fault for so many hours, and a world for each kind of fault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from bench.detection.convoys import quiet_convoy
from bench.detection.faults import FAULTS, skipped_waypoint
from bench.detection.roads import Road, demo_roads, synthetic_roads
from bench.detection.scenes import Scene, Setting, quiet
from bench.detection.world import World

FIRST_DAY = datetime(2024, 11, 1, tzinfo=UTC)
SYNTHETIC = 16
LONG_M, WIDE_M = 40_000.0, 2000.0
CONVOY_EVERY = 12
INTERVALS_S, INTERVAL_SHARES = (10.0, 30.0, 60.0), (0.15, 0.65, 0.2)
PHONES = 0.15  # of all devices
SCENE_DAYS = 3  # between two faults of a world, so that they have nothing in common


def roads(seed: int) -> list[Road]:
    """The roads of the demonstration, and as many with narrower corridors."""
    rng = np.random.default_rng([seed, 0])
    return [*demo_roads(rng), *synthetic_roads(SYNTHETIC, rng)]


def quiet_world(seed: int, block: int, size: int) -> World:
    """Journeys without a fault, number `block * size` and on, all within a day or two."""
    ways = roads(seed)
    return World([_quiet(seed, block * size + i, ways) for i in range(size)])


def _quiet(seed: int, number: int, ways: list[Road]) -> Scene:
    rng = np.random.default_rng([seed, 1, number])
    build = quiet_convoy if number % CONVOY_EVERY == CONVOY_EVERY - 1 else quiet
    start = FIRST_DAY + timedelta(hours=rng.uniform(0, 24))
    road = ways[number % len(ways)]
    return build(Setting(f"Q{number:05}", road, start, rng, *_device(rng)))


def fault_world(seed: int, kind: int, each: int) -> World:
    """A kind of fault, `each` times, on different days."""
    ways, build = [road for road in roads(seed) if road.length_m > LONG_M], FAULTS[kind]
    if build is skipped_waypoint:  # another way inside the corridor needs a wide one
        ways = [road for road in ways if road.half_width_m >= WIDE_M]
    scenes = []
    for number in range(each):
        rng = np.random.default_rng([seed, 2, kind, number])
        road = ways[int(rng.integers(len(ways)))]
        start = FIRST_DAY + timedelta(days=SCENE_DAYS * number)
        name = f"F{kind:02}-{number:03}"
        scenes.append(build(Setting(name, road, start, rng, *_device(rng))))
    return World(scenes)


def _device(rng: np.random.Generator) -> tuple[float, bool]:
    """(report interval in seconds, whether it is a phone)."""
    interval_s = float(rng.choice(INTERVALS_S, p=INTERVAL_SHARES))
    return interval_s, bool(rng.random() < PHONES)
