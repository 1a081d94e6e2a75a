"""Settings that change on the way: late data is judged by those of its own time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from db import plan as stored_plan
from db import rule_sets
from domain.plan import Plan, dump
from domain.rule_history import overrides
from domain.settings import Rules
from domain.thresholds import version
from tests.support.ingesting import EVENTS, Ingest
from tests.support.journeys import START, along, astray, plan, record, single

WIDE, NARROW = Rules(corridor_margin_m=5000), Rules()
CHANGE = START + timedelta(minutes=30)  # the time of fix 61
LATER = START + timedelta(hours=3)


@pytest.fixture
def ingest(database_url: str) -> Iterator[Ingest]:
    """At first a margin so wide that nothing is outside; from CHANGE on none."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        stored_plan.store(connection, plan(), "test", dump(plan()))
        rule_sets.note_settings(connection, WIDE, START - timedelta(days=2))
        rule_sets.note_settings(connection, NARROW, CHANGE)
        yield Ingest(connection, NARROW)


def found(ingest: Ingest) -> list[tuple[str, datetime, str]]:
    return ingest.rows(
        "select kind, event_time, rules_version from event"
        " where superseded_at is null and kind like 'corridor%' order by event_time"
    )


def at(seq: int) -> datetime:
    return START + (seq - 1) * timedelta(seconds=30)


def test_late_fixes_from_before_a_change_are_judged_by_the_rules_of_then(ingest: Ingest) -> None:
    ingest.fixes(along(100, 103, start=110.3), at=LATER)
    ingest.fixes(astray(20, 40), at=LATER + timedelta(minutes=1))
    assert found(ingest) == []


def test_late_fixes_from_after_it_by_the_new_ones(ingest: Ingest) -> None:
    ingest.fixes(along(100, 103, start=110.3), at=LATER)
    ingest.fixes(astray(70, 80), at=LATER + timedelta(minutes=1))
    kinds = [(kind, when, named) for kind, when, named in found(ingest)]
    assert kinds[0] == ("corridor_left", at(70), version(NARROW))


def test_a_deviation_over_the_change_begins_with_it(ingest: Ingest) -> None:
    """In any order of delivery, and after a restart in between."""
    items = astray(50, 70)
    ingest.fixes(items[::-1][:9], at=LATER)
    ingest.restart()
    ingest.fixes(items[:12], at=LATER)
    assert found(ingest) == [("corridor_left", at(61), version(NARROW))]


def test_every_event_names_the_thresholds_it_was_decided_on(ingest: Ingest) -> None:
    ingest.fixes([record(seq, 110.0, speed_kmh=0) for seq in range(1, 5)], at=LATER)
    ingest.fixes([record(seq, 111.0, speed_kmh=0) for seq in range(900, 905)], at=at(905))
    opened = {"seq": 2000, "event": "seal_opened", "event_time": at(950).isoformat()}
    ingest.take((EVENTS, single(opened)), at=at(951))
    rows = ingest.rows("select kind, facility_id, rules_version from event")
    assert ("seal_opened", None, version(NARROW)) in rows
    assert ("fence_entered", "FROM", version(WIDE)) in rows
    assert ("fence_entered", "TO", version(NARROW)) in rows
    kept = dict(ingest.rows("select version, rules -> 'corridor_margin_m' from rule_set"))
    assert kept == {version(WIDE): 5000, version(NARROW): 0}


def test_a_device_without_a_shipment_is_judged_by_the_settings_of_then(
    database_url: str,
) -> None:
    free = plan().model_copy(update={"assignments": ()})
    with psycopg.connect(database_url, autocommit=True) as connection:
        stored_plan.store(connection, free, "test", dump(free))
        strict = Rules(confirm_fixes=4)
        rule_sets.note_settings(connection, strict, START - timedelta(days=2))
        rule_sets.note_settings(connection, NARROW, CHANGE)
        ingest = Ingest(connection, NARROW)
        for first in (10, 100):
            ingest.fixes([record(seq, 110.0, speed_kmh=0) for seq in range(first, first + 3)])
            ingest.fixes([record(seq, 110.1) for seq in range(first + 20, first + 26)])
        rows = ingest.rows(
            "select kind, event_time, rules_version from event where kind like 'fence%'"
            " order by event_time"
        )
    assert rows == [
        ("fence_entered", at(100), version(NARROW)),
        ("fence_left", at(120), version(NARROW)),
    ]


def ruled(**shipment: Any) -> Plan:
    document = plan().model_dump(mode="json", by_alias=True)
    document["operation"]["rules"] = {"corridor_margin_m": 5000}
    document["shipments"][0] |= shipment
    return Plan.model_validate(document)


def test_a_plan_may_set_them_and_an_import_is_a_change_of_its_time(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        first = ruled()
        stored_plan.store(connection, first, "anna", dump(first))
        stored_plan.store(connection, first, "anna", dump(first))
        second = ruled(rules={"corridor_margin_m": 0})
        stored_plan.store(connection, second, "budi", dump(second))
        assert [(c.actor, c.source) for c in rule_sets.log(connection)] == [
            ("anna", "PLAN"),
            ("budi", "PLAN"),
        ]
        history = rule_sets.history(connection, Rules())
        shipment = second.shipments[0]
        args = (shipment.mode, shipment.direction, shipment.id)
        assert history.thresholds(START, *args).rules.corridor_margin_m == 5000
        assert history.thresholds(datetime.now(UTC), *args).rules.corridor_margin_m == 0
        ingest = Ingest(connection)
        ingest.fixes(astray(20, 40))  # in 2024: long before either import
        assert found(ingest) == []


def test_an_import_that_does_not_mention_a_shipment_keeps_its_thresholds(
    database_url: str,
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        first = ruled(rules={"corridor_margin_m": 7})
        stored_plan.store(connection, first, "test", dump(first))
        other = first.model_copy(update={"shipments": (), "assignments": (), "devices": ()})
        other = other.model_copy(
            update={"operation": other.operation.model_copy(update={"rules": {}})}
        )
        stored_plan.store(connection, other, "test", dump(other))
        said = rule_sets.log(connection)[-1].document
        assert said["operation"] == {}
        assert said["shipments"] == {first.shipments[0].id: {"corridor_margin_m": 7}}
        stored = stored_plan.load(connection)
        assert overrides(stored).model_dump(mode="json") == said
