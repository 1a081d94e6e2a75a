"""What late fixes cost: one of 1, 24 and 72 h, and 72 h at once, beside fixes in time.

    python -m bench.late [--rounds 9]

A device with a fix every 30 s and four days on record, on a real database made for the
run and removed after it. Everything is set against the same work in time, in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import load
from bench.ingest import ROOT, plan
from cli.site import free_port
from db import plan as stored_plan
from db import rule_sets
from db.migrate import migrate
from db.pool import Connection, connect
from db.server import DatabaseServer
from domain.chart import chart
from domain.plan import dump
from domain.settings import Rules
from ingest.decode import Raw
from ingest.evaluate import Evaluator
from ingest.pipeline import Outcome, Pipeline

STEP = timedelta(seconds=30)
PER_HOUR = 120
ON_RECORD = 96 * PER_HOUR
BURST = 72 * PER_HOUR
BATCH = 5000
STEP_DEG = 0.0002  # so that four days lie within one corridor
AGES_H = (1, 24, 72)


@contextmanager
def database() -> Iterator[Connection]:
    """A database with the plan of the load."""
    with tempfile.TemporaryDirectory() as folder:
        server = DatabaseServer(ROOT / ".kawal/runtime", Path(folder) / "database", free_port())
        server.initialise()
        server.start()
        try:
            server.create_database("bench")
            migrate(server.url("bench"))
            with connect(server.url("bench"), "bench") as connection:
                stored_plan.store(connection, plan(), "bench", dump(plan()))
                yield connection
        finally:
            server.stop()


class Tracker:
    """One device; `newest` is the number of its newest fix, made now."""

    def __init__(self, pipeline: Pipeline, connection: Connection, number: int) -> None:
        self._pipeline = pipeline
        self._connection = connection
        self._number = number
        self._start = datetime.now(UTC) - ON_RECORD * STEP

    def send(self, numbers: Sequence[int]) -> tuple[float, Outcome]:
        """Take the fixes of these numbers through the pipeline; seconds, and what it came to."""
        raws = [
            Raw(
                f"kawal/v1/B-{self._number:04}/position",
                load.payload(self._number, seq, self._start + seq * STEP, STEP_DEG),
                self._start + max(numbers) * STEP,
            )
            for seq in numbers
        ]
        whole = Outcome()
        began_s = time.perf_counter()
        for first in range(0, len(raws), BATCH):
            outcome = self._pipeline.process(self._connection, raws[first : first + BATCH])
            whole.folded_again += outcome.folded_again
            whole.positions += outcome.positions
        return time.perf_counter() - began_s, whole


def one_by_one(tracker: Tracker, rounds: int, numbers: Callable[[int], int]) -> tuple[float, float]:
    """Median seconds of a fix that comes alone, and how many fixes were folded again for it."""
    found = [tracker.send([numbers(turn)]) for turn in range(rounds)]
    return (
        statistics.median(seconds for seconds, _ in found),
        statistics.median(outcome.folded_again for _, outcome in found),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    rules = Rules()
    with database() as connection:
        evaluator = Evaluator(rules)
        history = rule_sets.history(connection, rules)
        evaluator.survey = chart(stored_plan.load(connection), rules, history)
        pipeline = Pipeline(rules, evaluator)
        _single(Tracker(pipeline, connection, 0), rounds)
        _burst(pipeline, connection)


def _single(tracker: Tracker, rounds: int) -> None:
    gaps = {age: [ON_RECORD - age * PER_HOUR - turn for turn in range(rounds)] for age in AGES_H}
    missing = {seq for found in gaps.values() for seq in found}
    tracker.send([seq for seq in range(1, ON_RECORD) if seq not in missing])
    in_time_s, _ = one_by_one(tracker, rounds * 3, lambda turn: ON_RECORD + turn)
    print(f"in time:        {in_time_s * 1000:8.1f} ms a fix   1.0", flush=True)
    for age, found in gaps.items():
        late_s, again = one_by_one(tracker, rounds, found.__getitem__)
        print(
            f"{age:2} h late:      {late_s * 1000:8.1f} ms a fix {late_s / in_time_s:5.1f}"
            f"   folded again: {again:,.0f}",
            flush=True,
        )


def _burst(pipeline: Pipeline, connection: Connection) -> None:
    """72 h in one go, oldest first: behind a newer fix, and in order."""
    old = list(range(ON_RECORD - BURST, ON_RECORD))
    in_order, late = (Tracker(pipeline, connection, number) for number in (1, 2))
    for tracker in (in_order, late):
        tracker.send(range(1, ON_RECORD - BURST))
    late.send([ON_RECORD])
    in_order_s, _ = in_order.send(old)
    late_s, outcome = late.send(old)
    print(
        f"{BURST:,} in order: {in_order_s:6.2f} s   {BURST / in_order_s:8,.0f}/s   1.0\n"
        f"{BURST:,} late:     {late_s:6.2f} s   {BURST / late_s:8,.0f}/s"
        f" {late_s / in_order_s:5.1f}   folded again: {outcome.folded_again:,}"
    )


if __name__ == "__main__":
    main()
