"""Run: every contestant over every world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from bench.detection import eta, naive, ours, recorded, score, traccar
from bench.detection.eta import Errors
from bench.detection.faults import FAULTS
from bench.detection.recorded import Trips
from bench.detection.score import Tally
from bench.detection.simulate import fault_world, quiet_world
from bench.detection.world import World
from domain.settings import Rules

LARGEST_BLOCK = 40  # journeys of one world
OURS, NAIVE, TRACCAR = "ours", "naive", "traccar"
SUPPORTED = {OURS: ours.SUPPORTED, NAIVE: naive.SUPPORTED, TRACCAR: traccar.SUPPORTED}


@dataclass(slots=True)
class Measured:
    """What the contestants made of some worlds. `rules_of`: the rules that find each fault."""

    quiet_h: float = 0.0
    fault_h: float = 0.0
    fixes: int = 0
    tallies: dict[str, Tally] = field(default_factory=lambda: {name: Tally() for name in SUPPORTED})
    rules_of: dict[str, frozenset[str]] = field(default_factory=dict)

    def take(self, other: Measured) -> None:
        """Add what was made of other worlds."""
        self.quiet_h += other.quiet_h
        self.fault_h += other.fault_h
        self.fixes += other.fixes
        self.rules_of.update(other.rules_of)
        for name, tally in self.tallies.items():
            tally.take(other.tallies[name])


@dataclass(slots=True)
class Result:
    """Simulated journeys, recorded ones where files were given, and the ETA of both."""

    seed: int
    simulated: Measured
    eta: Errors
    trips: Trips | None = None
    recorded: Measured | None = None


def run(
    hours: float,
    each: int,
    seed: int,
    *,
    tracks: Iterable[Path] = (),
    settings: Rules | None = None,
    workers: int = 1,
) -> Result:
    """Simulate `hours` without a fault and `each` journeys for each fault, and judge them;
    then the recorded `tracks`. The number of workers changes the time alone."""
    result = Result(seed, Measured(), Errors())
    job = _Job(seed, max(min(int(hours / 4), LARGEST_BLOCK), 1), each, settings or Rules())
    with _pool(workers) as pool:
        for first in count(0, workers):
            for measured, errors in pool(job.quiet, range(first, first + workers)):
                if result.simulated.quiet_h < hours:
                    result.simulated.take(measured)
                    result.eta.take(errors)
            if result.simulated.quiet_h >= hours:
                break
        for measured in pool(job.faulty, range(len(FAULTS) if each else 0)):
            result.simulated.take(measured)
    files = list(tracks)
    if files:
        result.trips, result.recorded = recorded.read(files), Measured()
        for world in result.trips.worlds():
            judge(result.recorded, world, job.settings)
    return result


class _Job(NamedTuple):
    """What a worker does; the worlds are made where they are judged."""

    seed: int
    block: int
    each: int
    settings: Rules

    def quiet(self, number: int) -> tuple[Measured, Errors]:
        world, measured, errors = quiet_world(self.seed, number, self.block), Measured(), Errors()
        judge(measured, world, self.settings)
        eta.add(errors, world)
        return measured, errors

    def faulty(self, kind: int) -> Measured:
        measured = Measured()
        judge(measured, fault_world(self.seed, kind, self.each), self.settings)
        return measured


@contextmanager
def _pool(workers: int) -> Iterator[Callable[..., Any]]:
    """Something that maps in order, in this process or in several."""
    if workers == 1:
        yield map
        return
    with ProcessPoolExecutor(workers) as executor:
        yield executor.map


def judge(measured: Measured, world: World, settings: Rules) -> None:
    """Let every contestant judge one world."""
    judged = ours.judge(world, settings)
    measured.fixes += judged.fixes
    score.add(measured.tallies[OURS], world, judged.alarms)
    score.add(measured.tallies[NAIVE], world, naive.alarms(world))
    score.add(measured.tallies[TRACCAR], world, traccar.alarms(world))
    for scene in world.scenes:
        tracked = sum(score.tracked_h(vehicle) for vehicle in scene.vehicles)
        if scene.fault is None:
            measured.quiet_h += tracked
        else:
            measured.fault_h += tracked
            measured.rules_of[scene.fault.name] = scene.fault.rules
