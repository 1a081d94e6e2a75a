"""Whatever is delayed, repeated or permuted, the facts are those of the perfect order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import count

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from db import plan as stored_plan
from db.server import DatabaseServer
from domain.plan import dump
from domain.settings import Rules
from ingest.decode import Raw
from tests.support.generated import Message, deliveries, journeys
from tests.support.ingesting import Ingest
from tests.support.journeys import plan, single

DEVICES = [f"D-{number:03d}" for number in range(100)]
RULES = Rules(snapshot_fixes=10)
NUMBERS = count()

Facts = set[tuple[str, str | None, datetime, bool]]


@pytest.fixture(scope="module")
def ingest(database_server: DatabaseServer, template_database: str) -> Iterator[Ingest]:
    """All examples share a database; each has a device of its own."""
    database_server.create_database("any_delivery", template_database)
    with psycopg.connect(database_server.url("any_delivery"), autocommit=True) as connection:
        everything = plan(DEVICES)
        stored_plan.store(connection, everything, "test", dump(everything))
        yield Ingest(connection, RULES)
    database_server.drop_database("any_delivery")


def deliver(
    ingest: Ingest, device: str, messages: list[Message], batches: list[list[tuple[int, datetime]]]
) -> None:
    for batch in batches:
        raws = []
        for index, at in batch:
            message = messages[index]
            kind = "event" if message.is_report else "position"
            raws.append(Raw(f"kawal/v1/{device}/{kind}", single(message.record), at))
        ingest.pipeline.process(ingest.connection, raws)


def current(ingest: Ingest, device: str) -> Facts:
    """Facts of the rules and of the device as the database has them, and whether each is late."""
    return set(
        ingest.connection.execute(
            "select replace(event_key, device_id, ''), replace(alert_key, device_id, ''),"
            " decided_at, late_by_s is not null from event"
            " where device_id = %s and superseded_at is null and origin in ('RULE', 'DEVICE')",
            [device],
        ).fetchall()
    )


def held(ingest: Ingest, device: str) -> set[str]:
    """Keys of the alerts whose condition holds at the end."""
    return {
        row[0]
        for row in ingest.connection.execute(
            "select replace(alert_key, device_id, '') from alert"
            " where device_id = %s and cleared_at is null",
            [device],
        )
    }


def lateness(ingest: Ingest, device: str) -> dict[datetime, set[bool]]:
    """Of each time at which something can be decided: whether what was received was late."""
    found: dict[datetime, set[bool]] = {}
    rows = ingest.connection.execute(
        "select fix_time, received_at from position where device_id = %s union all"
        " select event_time, received_at from device_report where device_id = %s",
        [device, device],
    )
    for happened, received in rows:
        late = (received - happened).total_seconds() > RULES.late_after_s
        found.setdefault(happened, set()).add(late)
    return found


def next_device() -> str:
    return DEVICES[next(NUMBERS)]


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a smaller example would cost minutes
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_any_delivery_ends_in_the_facts_of_the_perfect_order(
    ingest: Ingest, data: st.DataObject
) -> None:
    messages = data.draw(journeys())
    perfect, buffered = next_device(), next_device()
    in_order = [[(i, m.received_at)] for i, m in enumerate(messages)]
    deliver(ingest, perfect, messages, [[pair for batch in in_order for pair in batch]])
    for batch in data.draw(deliveries(messages)):
        if data.draw(st.integers(0, 7)) == 0:
            ingest.restart()
        deliver(ingest, buffered, messages, [batch])
    assert sorted(map(str, current(ingest, buffered) ^ current(ingest, perfect))) == []
    assert held(ingest, buffered) == held(ingest, perfect)
    times = lateness(ingest, buffered)
    for key, _, decided_at, late in current(ingest, buffered):
        assert times[decided_at] == {late}, key
