"""Ingest is killed in mid-stream, again and again: every fix is there, exactly once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import plan as stored_plan
from db.pool import connect
from domain.plan import dump
from tests.support.journeys import along, astray, batch, plan, record, single
from tests.support.processes import Process, get_json, until
from tests.support.services import MakeBroker, free_port
from tests.support.trackers import PlainTracker

DEVICES = [f"KWL-{n:04}" for n in range(1, 5)]
FIXES = 1500
KILLS = 4


@pytest.fixture
def site(
    database_url: str, make_broker: MakeBroker, tmp_path: Path
) -> Iterator[tuple[Process, list[str]]]:
    broker = make_broker({name: f"secret-{name}" for name in [*DEVICES, "ingest"]})
    with connect(database_url, "test") as connection:
        stored_plan.store(connection, plan(DEVICES), "test", dump(plan(DEVICES)))
    port = free_port()
    ingest = Process(
        "ingest",
        tmp_path / "ingest.log",
        KAWAL_DATABASE_URL=database_url,
        KAWAL_BROKER_URL=broker.url("ingest"),
        KAWAL_INGEST_HEALTH_PORT=str(port),
        KAWAL_INGEST_BATCH_SIZE="50",
        KAWAL_INGEST_BATCH_WAIT_MS="10",
        KAWAL_INGEST_ACK_INTERVAL_MS="100",
    )
    ingest.start()
    wait_healthy(port)
    yield ingest, [broker.url(name) for name in DEVICES]
    ingest.kill()


def wait_healthy(port: int) -> None:
    """Before its first subscription the broker stores nothing for ingest."""
    health = f"http://127.0.0.1:{port}/healthz"
    until(lambda: (get_json(health) or {}).get("ok"), 30, "ingest is healthy")


def test_every_fix_exactly_once(site: tuple[Process, list[str]], database_url: str) -> None:
    ingest, urls = site
    trackers = [PlainTracker(url) for url in urls]
    pause = FIXES // (KILLS + 1)
    for seq in range(1, FIXES + 1):
        item = record(seq, 110.05 + seq * 0.0005)
        for tracker in trackers:
            tracker.publish("position", single(item))
        if seq % 20 == 0:
            time.sleep(0.01)
        if seq % pause == 0 and seq < FIXES:
            until(lambda: _count(database_url) > 0, 30, "ingest is in mid-stream")
            ingest.kill()
            ingest.start()
    for tracker in trackers:
        assert tracker.wait_acked(FIXES, 60), f"{tracker.device_id}: {tracker.acked} of {FIXES}"
        tracker.close()
    assert ingest.stop() == 0, ingest.words()
    with connect(database_url, "test") as connection:
        rows = connection.execute(
            "select device_id, count(*), count(distinct seq), min(seq), max(seq)"
            " from position group by device_id order by device_id"
        ).fetchall()
        latest = connection.execute("select device_id, seq from latest_position order by 1")
        assert rows == [(name, FIXES, FIXES, 1, FIXES) for name in DEVICES]
        assert latest.fetchall() == [(name, FIXES) for name in DEVICES]


def _count(database_url: str) -> int:
    with connect(database_url, "test") as connection:
        row = connection.execute("select count(*) from position").fetchone()
        return row[0] if row else 0


def test_events_and_alerts_too_exactly_once(
    site: tuple[Process, list[str]], database_url: str
) -> None:
    """A deviation is found once, whether ingest is killed before, in or after it."""
    ingest, urls = site
    tracker = PlainTracker(urls[0])
    story = [*along(1, 10, start=110.15), *astray(15, 30, lon=110.19)]
    for item in story:
        tracker.publish("position", single(item))
        time.sleep(0.03)
        if item["seq"] in (8, 17, 25):
            ingest.kill()
            ingest.start()
    tracker.publish("position", batch(along(35, 38, start=110.21)))
    until(lambda: _count(database_url) == len(story) + 4, 60, "all fixes stored")
    tracker.close()
    assert ingest.stop() == 0, ingest.words()
    with connect(database_url, "test") as connection:
        kinds = [r[0] for r in connection.execute("select kind from event order by 1").fetchall()]
        alerts = connection.execute("select rule, occurrences, state from alert").fetchall()
    assert kinds.count("corridor_left") == 1
    assert kinds.count("corridor_rejoined") == 1
    assert alerts == [("CORRIDOR_DEVIATION", 1, "NEW")]


def test_sigterm_drains_and_says_how_it_is(
    database_url: str, make_broker: MakeBroker, tmp_path: Path
) -> None:
    broker = make_broker({"ingest": "i", "KWL-0001": "d"})
    port = free_port()
    ingest = Process(
        "ingest",
        tmp_path / "ingest.log",
        KAWAL_DATABASE_URL=database_url,
        KAWAL_BROKER_URL=broker.url("ingest"),
        KAWAL_INGEST_HEALTH_PORT=str(port),
        KAWAL_INGEST_BATCH_WAIT_MS="2000",
    )
    ingest.start()
    wait_healthy(port)
    tracker = PlainTracker(broker.url("KWL-0001"))
    for item in along(1, 200):
        tracker.publish("position", single(item))
    time.sleep(0.5)  # they are in the inbox, and the batch waits for more
    assert ingest.stop() == 0, ingest.words()
    tracker.close()
    assert _count(database_url) == 200
