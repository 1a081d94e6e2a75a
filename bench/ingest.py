"""Committed fixes a second: ours, the naive consumer and the broker alone, in one run.

    python -m bench.ingest [--messages 60000] [--rounds 3]

Real servers on this machine, made for the run and removed after it. The rounds are
interleaved, so that a slow minute of the machine slows all three.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import consumers, load
from cli.site import free_port
from db import plan as stored_plan
from db.migrate import migrate
from db.pool import connect
from db.server import DatabaseServer
from domain.plan import Plan, dump
from ingest.broker import BrokerServer

ROOT = Path(__file__).resolve().parent.parent
DEVICES = 1000
NAIVE_SHARE = 20  # the naive consumer gets a twentieth of the messages, for patience
PASSWORD = "bench"  # noqa: S105 - of a broker that lives for this run


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of this run."""

    database_url: str
    broker: BrokerServer


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """A database with the plan of the load, and a broker where `bench` speaks for all."""
    runtime = ROOT / ".kawal/runtime"
    database = DatabaseServer(runtime, folder / "database", free_port())
    broker = BrokerServer(runtime, folder / "broker", free_port())
    database.initialise()
    broker.initialise({"ingest": PASSWORD, "bench": PASSWORD})
    with (folder / "broker/mosquitto.acl").open("a") as acl:
        acl.write("\nuser bench\ntopic write kawal/v1/+/position\n")
    database.start()
    broker.start()
    try:
        database.create_database("bench")
        url = database.url("bench")
        migrate(url)
        with connect(url, "bench") as connection:
            stored_plan.store(connection, plan(), "bench", dump(plan()))
        yield Servers(url, broker)
    finally:
        broker.stop()
        database.stop()


def plan() -> Plan:
    """A corridor and a shipment for each tracker, and 2,000 fences."""
    facilities = [
        {
            "id": f"F-{k}", "kind": "TPS", "name": f"TPS {k}", "region": "32.16",
            "lat_deg": load.LAT_0 - (k % 100) * 0.011, "lon_deg": load.LON_0 + k * 0.001,
            "fence": {"radius_m": 80},
        }
        for k in range(2000)
    ]  # fmt: skip
    day = "2024-01-01T00:00:00Z"
    return Plan.model_validate(
        {
            "format": "kawal-plan", "version": 1, "operation": {"id": "B", "name": "bench"},
            "facilities": facilities,
            "routes": [
                {"id": f"R-{d}", "name": "r", "half_width_m": load.HALF_WIDTH_M,
                 "line": {"type": "LineString", "coordinates": load.route(d)}}
                for d in range(DEVICES)
            ],
            "shipments": [
                {"id": f"S-{d}", "direction": "DISTRIBUTION", "mode": "TRUCK", "from": "F-0",
                 "to": "F-1999", "route": f"R-{d}", "planned_departure": day,
                 "planned_arrival": "2034-01-01T00:00:00Z"}
                for d in range(DEVICES)
            ],
            "devices": [
                {"id": f"B-{d:04}", "kind": "TRACKER", "name": "b", "report_interval_s": 30}
                for d in range(DEVICES)
            ],
            "assignments": [
                {"device": f"B-{d:04}", "shipment": f"S-{d}", "from": day}
                for d in range(DEVICES)
            ],
        }
    )  # fmt: skip


Consumer = Callable[..., None]


def rate(site: Servers, consumer: Consumer, messages: int, run: int, *arguments: object) -> float:
    """Messages a second from the first one sent to the last one done, after a warm-up of one
    message a tracker."""
    mine, theirs = multiprocessing.Pipe()
    marks = [DEVICES, DEVICES + messages]
    process = multiprocessing.Process(target=consumer, args=(theirs, marks, *arguments))
    process.start()
    mine.recv()  # ready
    load.send_all(site.broker.port, PASSWORD, DEVICES, DEVICES, run)
    mine.recv()  # warm
    sender = multiprocessing.Process(
        target=_send, args=(theirs, site.broker.port, messages, run + 1)
    )
    sender.start()
    start_s, end_s = sorted([mine.recv(), mine.recv()])
    sender.join()
    process.terminate()
    process.join()
    return messages / (end_s - start_s)


def _send(pipe: Any, port: int, messages: int, run: int) -> None:
    pipe.send(load.send_all(port, PASSWORD, messages, DEVICES, run))


def latency(site: Servers, per_second: float, seconds: float) -> tuple[int, float, float]:
    """(messages, p50, p99) seconds from publish to commit at a steady rate."""
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(
        target=consumers.ours,
        args=(theirs, [], site.database_url, site.broker.url("ingest")),
        kwargs={"seconds": seconds + 5},
    )
    process.start()
    mine.recv()  # ready
    load.send_at(site.broker.port, PASSWORD, per_second, seconds, DEVICES)
    found: tuple[int, float, float] = mine.recv()
    process.join()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as site:
        broker_port, url = site.broker.port, site.database_url
        rows = []
        for number in range(given.rounds):
            run = number * 10
            few = given.messages // NAIVE_SHARE
            naive = rate(site, consumers.naive, few, run + 1, url, broker_port, PASSWORD)
            ours = rate(
                site, consumers.ours, given.messages, run + 3, url, site.broker.url("ingest")
            )
            alone = rate(
                site, consumers.broker_alone, given.messages, run + 5, broker_port, PASSWORD
            )
            rows.append((naive, ours, alone))
            print(
                f"round {number + 1}: naive {naive:8,.0f}/s   ours {ours:8,.0f}/s"
                f"   broker alone {alone:8,.0f}/s   ours / naive {ours / naive:5.1f}"
                f"   ours / broker {ours / alone:4.2f}",
                flush=True,
            )
        half = statistics.median(row[1] for row in rows) / 2
        count, p50, p99 = latency(site, half, 10)
    ratios = sorted(row[1] / row[0] for row in rows)
    shares = sorted(row[1] / row[2] for row in rows)
    print(
        f"ours / naive: median {statistics.median(ratios):.1f} ({ratios[0]:.1f}-{ratios[-1]:.1f})"
        f"\nours / broker alone: median {statistics.median(shares):.2f}"
        f"\npublish to commit at {half:,.0f}/s: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"
        f" ({count:,} fixes)"
    )


if __name__ == "__main__":
    main()
