"""A national plan: how long its import takes, in how much memory, and how fast its pages are.

    python -m bench.national [--stations 435296] [--seed 1] [--rounds 30]

A real database, made for the run and removed after it. The import is set against one statement
a record, the pages against the same figures computed from the records, in the same run.
What came of it: docs/reference/national-scale.md.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from bench.ingest import ROOT
from bench.national import generate, naive
from bench.national.generate import District
from cli.site import free_port
from db import manifests, milestones, tallies
from db.migrate import migrate
from db.pool import Connection, connect
from db.server import DatabaseServer
from domain.manifest_rows import ImportReport, Taken
from domain.milestones import Schedule
from domain.settings import Materials, Milestones, Reconciliation

MATERIALS = Materials()
SAMPLE = 5000  # records that the naive import stores, for patience
NAIVE_ROUNDS = 3
MEGABYTE = 1024 * 1024
LEVELS = {"nation": 0, "province": 2, "regency": 5, "district": 8}
REGENCY_LENGTH = len("00.00")
SCHEDULE = Schedule(date(2024, 11, 27), Milestones(), Reconciliation())
NOW = datetime(2024, 11, 25, 3, tzinfo=UTC)
BELOW = {0: 2, 2: 5, 5: 8, 8: 13}
MANIFESTS = """
select manifest_id, shipment_id, direction, leg, from_place, to_place, to_region, status,
    planned_departure, planned_arrival
from manifest
where to_region ~>=~ %(code)s and to_region ~<~ (%(code)s || '/') and status = 'SEALED'
order by planned_arrival, manifest_id limit 50
"""


@contextmanager
def databases() -> Iterator[tuple[Connection, Connection]]:
    """Ours, and the one of the naive import, on one server."""
    with tempfile.TemporaryDirectory() as folder:
        server = DatabaseServer(ROOT / ".kawal/runtime", Path(folder) / "database", free_port())
        server.initialise()
        server.start()
        try:
            for name in ("ours", "naive"):
                server.create_database(name)
                migrate(server.url(name))
            with (
                connect(server.url("ours"), "bench") as ours,
                connect(server.url("naive"), "bench") as other,
            ):
                yield ours, other
        finally:
            server.stop()


def store(connection: Connection, plan: Sequence[District], seed: int, name: str) -> float:
    """Import the plan and print what it took; rows a second."""
    total = generate.count(plan)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    began_s = time.perf_counter()
    with Progress(*columns) as bar:
        task = bar.add_task(name, total=total)
        report = manifests.store(
            connection,
            generate.rows(plan, MATERIALS, seed),
            source="cli",
            name=name,
            sha256=None,
            imported_by="bench",
            materials=MATERIALS,
            progress=lambda rows: bar.update(task, completed=rows),
        )
    seconds = time.perf_counter() - began_s
    print(
        f"{name}: {total:,} rows in {seconds:.1f} s, {total / seconds:,.0f} rows/s;"
        f" {_states(report)}; at most {_peak_mb():.0f} MB in this process",
        flush=True,
    )
    return total / seconds


def _states(report: ImportReport) -> str:
    return ", ".join(
        f"{state} {report.count(state):,}" for state in ("NEW", "CHANGED", "SAME", "REFUSED")
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def naive_store(connection: Connection, rows: Iterator[Taken]) -> float:
    """Records a second of one statement a record."""
    row = connection.execute(
        "insert into manifest_import (source, name, imported_by)"
        " values ('cli', 'naive', 'bench') returning import_id"
    ).fetchone()
    assert row is not None
    return naive.row_by_row(connection, rows, int(row[0]))


def timed(work: Callable[[str], object], codes: Sequence[str]) -> list[float]:
    """Milliseconds of the work for each of the codes."""
    found = []
    for code in codes:
        began_s = time.perf_counter()
        work(code)
        found.append(1000 * (time.perf_counter() - began_s))
    return found


def pages(connection: Connection, plan: Sequence[District], rounds: int, seed: int) -> None:
    """What the pages of each level read, and the same from the records."""
    rng = random.Random(seed)
    for name, length in LEVELS.items():
        codes = [rng.choice(plan).code[:length] for _ in range(rounds)]
        ours = timed(lambda code: _page(connection, code), codes)
        below = BELOW[length]
        other = timed(lambda code, n=below: _naive_page(connection, code, n), codes[:NAIVE_ROUNDS])  # type: ignore[misc]
        ratio = statistics.median(other) / statistics.median(ours)
        print(
            f"{name:9} page: p50 {statistics.median(ours):7.1f} ms   p95 {_p95(ours):7.1f} ms"
            f"   from the records: {statistics.median(other):9.1f} ms   x {ratio:,.0f}",
            flush=True,
        )
    codes = [rng.choice(plan).code[:5] for _ in range(rounds)]
    for name, where in (("of a regency", codes), ("of the nation", [""] * rounds)):
        found = timed(lambda code: _manifests(connection, code), where)
        print(
            f"manifests {name}, sealed: p50 {statistics.median(found):.1f} ms"
            f"   p95 {_p95(found):.1f} ms",
            flush=True,
        )


def _page(connection: Connection, code: str) -> None:
    tallies.progress_of(connection, code)
    tallies.progress_children(connection, code)
    tallies.tally_of(connection, code)
    tallies.tally_children(connection, code)
    if len(code) < REGENCY_LENGTH:  # of districts there is no forecast
        milestones.of_children(connection, code, SCHEDULE, NOW)


def _naive_page(connection: Connection, code: str, length: int) -> None:
    wanted = {"code": code, "length": length}
    connection.execute(naive.PROGRESS, wanted).fetchall()
    connection.execute(naive.TALLY, wanted).fetchall()


def _manifests(connection: Connection, code: str) -> None:
    connection.execute(MANIFESTS, {"code": code}).fetchall()


def _p95(found: Sequence[float]) -> float:
    return sorted(found)[min(len(found) - 1, round(0.95 * len(found)))]


def one_receipt(connection: Connection, plan: Sequence[District]) -> None:
    """What a small import costs beside so much: one manifest under a new revision."""
    row = next(iter(generate.rows(plan[len(plan) // 2 :], MATERIALS)))
    raised = row._replace(record=row.record.model_copy(update={"revision": 2}))
    began_s = time.perf_counter()
    manifests.store(
        connection, [raised], source="cli", name="one", sha256=None, imported_by="bench",
        materials=MATERIALS,
    )  # fmt: skip
    print(f"one manifest more: {1000 * (time.perf_counter() - began_s):.0f} ms", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stations", type=int, default=generate.STATIONS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=30, help="times that each page is read")
    given = parser.parse_args()
    plan = generate.districts(given.stations, given.seed)
    print(f"{given.stations:,} stations in {len(plan):,} districts", flush=True)
    with databases() as (connection, other):
        began_s = time.perf_counter()
        for _ in generate.rows(plan, MATERIALS, given.seed):
            pass
        print(f"the rows alone: {time.perf_counter() - began_s:.1f} s", flush=True)
        ours = store(connection, plan, given.seed, "first import")
        slow = naive_store(other, islice(generate.rows(plan, MATERIALS, given.seed), SAMPLE))
        print(f"one statement a record: {slow:,.0f} rows/s; ours is x {ours / slow:.1f}")
        store(connection, plan, given.seed, "the same again")
        one_receipt(connection, plan)
        row = connection.execute("select pg_database_size(current_database())").fetchone()
        print(f"database: {row[0] / MEGABYTE:,.0f} MB" if row else "")
        connection.execute("vacuum analyze")
        began_s = time.perf_counter()
        regions = milestones.reckon(connection, SCHEDULE, NOW)
        print(f"milestones of {regions} regions reckoned: {time.perf_counter() - began_s:.1f} s")
        pages(connection, plan, given.rounds, given.seed)


if __name__ == "__main__":
    main()
