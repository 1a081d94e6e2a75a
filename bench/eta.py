"""How far off the ETA is, and how often the arrival falls into its band, beside two baselines.

    python -m bench.eta [--journeys 300] [--seed 1] [--tracks FILE.csv]

At 25, 50 and 75 % of the way: the error of the time that is left, as a share of it (half of
the journeys are better, nine in ten are better), and the share of arrivals inside the band,
which should be 80 %. Beside it what the plan alone says, and the distance left divided by the
speed of the moment.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.eta_journeys import Recorded, recorded, simulated
from domain.chart import chart
from domain.eta import Band, arrival
from domain.rules import fold
from domain.settings import Rules
from domain.states import DeviceState, Observation

MARKS = (25, 50, 75)
WORST = 9.99  # an error of a thousand per cent or "never" counts as this


class Asked(NamedTuple):
    """What was answered at one mark of one journey, each as seconds from then on."""

    mark: int
    true_s: float
    eta_s: float
    early_s: float
    late_s: float
    plan_s: float
    speed_s: float


def ask(journey: Recorded) -> Iterator[Asked]:
    """Run the rules over a journey and ask at each mark; `journey` ends with its arrival."""
    rules = Rules()
    survey, state = chart(journey.plan, rules), DeviceState()
    arrived_at = journey.positions[-1].fix_time
    marks, before = list(MARKS), None
    for seen in survey.observe(journey.positions):
        state, _, _ = fold(state, [seen], rules)
        drawn = seen.journey
        if not marks or drawn is None or drawn.way is None or state.progress.along_m is None:
            before = seen
            continue
        percent = 100 * state.progress.along_m / drawn.way.length_m
        band = arrival(state.progress, drawn, seen.time)
        if percent >= marks[0] and band is not None and seen.time < arrived_at:
            yield _asked(marks.pop(0), seen, before, band, arrived_at)
        before = seen


def _asked(
    mark: int, seen: Observation, before: Observation | None, band: Band, arrived_at: datetime
) -> Asked:
    journey = seen.journey
    assert journey is not None
    assert journey.way is not None
    assert journey.planned_arrival is not None
    left_m = journey.way.length_m - (seen.along_m or 0.0)
    speed = 0.0
    if before is not None and before.along_m is not None and seen.along_m is not None:
        speed = (seen.along_m - before.along_m) / (seen.time - before.time).total_seconds()

    def until(time: datetime) -> float:
        return (time - seen.time).total_seconds()

    return Asked(
        mark, until(arrived_at), until(band.expected), until(band.early), until(band.late),
        until(journey.planned_arrival), left_m / speed if speed > 0 else math.inf,
    )  # fmt: skip


def table(journeys: Iterable[Recorded]) -> list[tuple[str, ...]]:
    """One row for each mark and method."""
    asked = [answer for journey in journeys for answer in ask(journey)]
    rows = []
    for mark in MARKS:
        here = [a for a in asked if a.mark == mark]
        inside = [a.early_s <= a.true_s <= a.late_s for a in here]
        rows.append(_row(mark, "ETA", [(a.eta_s, a.true_s) for a in here], inside))
        rows.append(_row(mark, "plan only", [(a.plan_s, a.true_s) for a in here]))
        rows.append(_row(mark, "distance / speed", [(a.speed_s, a.true_s) for a in here]))
    return rows


def errors(pairs: Iterable[tuple[float, float]]) -> np.ndarray:
    """Of each (told, true) the error as a share of the true time."""
    return np.array([min(abs(told - true) / max(true, 1.0), WORST) for told, true in pairs])


def _row(
    mark: int, name: str, pairs: list[tuple[float, float]], inside: list[bool] | None = None
) -> tuple[str, ...]:
    off = errors(pairs)
    bias = np.median([min((told - true) / max(true, 1.0), WORST) for told, true in pairs])
    band = f"{np.mean(inside):.0%}" if inside else ""
    middle, ninth = np.quantile(off, [0.5, 0.9])
    return f"{mark}%", name, str(len(off)), f"{middle:.0%}", f"{ninth:.0%}", f"{bias:+.0%}", band


def show(title: str, rows: list[tuple[str, ...]]) -> None:
    """Print a table."""
    heads = ("way", "method", "journeys", "half within", "9 in 10 within", "bias", "in band")
    widths = [max(len(row[n]) for row in [heads, *rows]) for n in range(len(heads))]
    print(title)
    for row in [heads, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--journeys", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--tracks", type=Path, help="CSV with ; and tracker, t, X, Y")
    given = options.parse_args()
    show("Simulated journeys", table(simulated(given.journeys, given.seed)))
    if given.tracks:
        show(f"\nRecorded: {given.tracks.name}", table(recorded(given.tracks)))


if __name__ == "__main__":
    main()
