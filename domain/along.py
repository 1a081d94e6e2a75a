"""Along: what was measured against the lines of corridors, as the journeys travel them."""

from __future__ import annotations

from collections.abc import Sequence

from domain.corridors import Measured
from domain.journeys import Way

Run = tuple[float, float, float]
OnTheWay = tuple[float | None, float | None, tuple[Run, ...], float | None]
"""outside_m, along_m, runs, half_width_m of an Observation."""

NOT_ON_ANY: OnTheWay = (None, None, (), None)


def on_the_way(measured: Measured, ways: Sequence[Way | None]) -> list[OnTheWay]:
    """For each fix that was measured, with the way of its journey."""
    outside = measured.outside_m.tolist()
    runs = measured.runs
    ends = (runs.low_m.tolist(), runs.near_m.tolist(), runs.high_m.tolist())
    triples: list[Run] = list(zip(*ends, strict=True))
    if len(triples) == len(outside) and not len(measured.off):
        return [
            (metres, run[1], (run,), None)
            if way is not None and not way.backwards
            else _turned(way, metres, (run,))
            for metres, run, way in zip(outside, triples, ways, strict=True)
        ]
    several: dict[int, tuple[Run, ...]] = {}
    for fix, run in zip(runs.fix.tolist(), triples, strict=True):
        several[fix] = (*several.get(fix, ()), run)
    found = [
        _turned(way, metres, several.get(fix, ()))
        for fix, (metres, way) in enumerate(zip(outside, ways, strict=True))
    ]
    off = (measured.off.tolist(), measured.half_width_m.tolist(), measured.along_m.tolist())
    for fix, half_width, along in zip(*off, strict=True):
        found[fix] = (outside[fix], _along(ways[fix], along), (), half_width)
    return found


def _turned(way: Way | None, outside_m: float, runs: tuple[Run, ...]) -> OnTheWay:
    if way is None:
        return outside_m, None, (), None
    if way.backwards:
        runs = tuple(_backwards(way, run) for run in reversed(runs))
    return outside_m, runs[0][1] if runs else None, runs, None


def _along(way: Way | None, along_m: float) -> float | None:
    if way is None or not way.backwards:
        return along_m if way else None
    return way.length_m - along_m


def _backwards(way: Way, run: Run) -> Run:
    low, near, high = run
    return way.length_m - high, way.length_m - near, way.length_m - low
