"""Detection and false alarms of our rules, the naive rules and Traccar's, over the same data.

    python -m bench.detection [--hours 5000] [--each 20] [--seed 1] [--tracks FILE...] [--json]
        [--set rules.NAME=VALUE ...]  # to try another threshold of ours

Nothing is stored and no server runs. What is simulated and why: docs/reference/detection.md.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from bench.detection import report
from bench.detection.run import run
from domain.settings import Rules
from domain.settings_given import with_given


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=5000, help="tracked without a fault")
    parser.add_argument("--each", type=int, default=20, help="journeys for each fault")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tracks", type=Path, nargs="*", default=[], help="recorded: CSV or GPX")
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.add_argument("--cases", action="store_true", help="print our failing cases too")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--set", action="append", default=[], metavar="rules.NAME=VALUE")
    given = parser.parse_args()
    settings = with_given(Rules(), given.set)
    start_s = time.perf_counter()
    result = run(
        given.hours,
        given.each,
        given.seed,
        tracks=given.tracks,
        settings=settings,
        workers=given.workers,
    )
    if given.json:
        print(json.dumps(report.as_json(result), indent=2))
        return
    print(report.as_text(result, cases=given.cases))
    print(f"\n{time.perf_counter() - start_s:.0f} s")


if __name__ == "__main__":
    main()
