"""The pipeline on a real TimescaleDB: once, in order of time, whatever comes how often."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from db import plan as stored_plan
from domain.plan import dump
from domain.settings import Rules
from tests.support.ingesting import EVENTS, NOW, TOPIC, Ingest
from tests.support.journeys import START, along, astray, batch, plan, record, single


@pytest.fixture
def ingest(database_url: str) -> Iterator[Ingest]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        stored_plan.store(connection, plan(), "test", dump(plan()))
        yield Ingest(connection)


def test_a_fix_is_stored_once_and_is_the_live_position(ingest: Ingest) -> None:
    first = ingest.fixes(along(1, 3))
    again = ingest.fixes(along(1, 3))
    ingest.restart()
    after_restart = ingest.fixes(along(1, 3))
    assert (first.positions, again.positions, after_restart.positions) == (3, 0, 0)
    assert ingest.rows("select count(*) from position") == [(3,)]
    assert ingest.rows("select seq from latest_position") == [(3,)]


def test_the_device_may_free_what_is_committed_without_a_gap(ingest: Ingest) -> None:
    gap = ingest.fixes([*along(1, 2), *along(4, 5)])
    assert ingest.freed(gap) == 2
    assert ingest.freed(ingest.fixes(along(3, 3))) == 5


def test_numbers_that_were_overwritten_are_lost_and_said_so(ingest: Ingest) -> None:
    outcome = ingest.take((TOPIC, batch(along(7, 8), oldest_seq=7)))
    assert ingest.freed(outcome) == 8
    assert ingest.rows("select device_id, epoch, lost::text from sequence_gap") == [
        ("KWL-0001", 1, "{[1,7)}")
    ]


def test_a_refused_record_is_kept_and_its_number_is_not_sent_for_ever(ingest: Ingest) -> None:
    bad = record(2, 110.1, -97.0)
    outcome = ingest.take((TOPIC, batch([record(1, 110.1), bad, record(3, 110.11)])))
    assert (outcome.positions, outcome.rejections, ingest.freed(outcome)) == (2, 1, 3)
    ingest.take((TOPIC, batch([bad])))
    ingest.take((TOPIC, batch([bad])))
    assert ingest.rows("select field, occurrences from rejection order by rejection_id") == [
        ("records[1].lat_deg", 1),
        ("records[0].lat_deg", 2),
    ]


def test_an_older_fix_never_moves_the_live_position_back(ingest: Ingest) -> None:
    ingest.fixes(along(5, 5))
    ingest.fixes(along(1, 4))
    assert ingest.rows("select seq from latest_position") == [(5,)]


def test_a_clock_that_was_ahead_does_not_hold_the_live_position(ingest: Ingest) -> None:
    tomorrow = record(1, 110.1, fix_time=(NOW + timedelta(days=1)).isoformat())
    ingest.fixes([tomorrow])
    ingest.fixes([record(2, 110.2, fix_time=(NOW + timedelta(minutes=5)).isoformat())],
                 at=NOW + timedelta(minutes=5))  # fmt: skip
    assert ingest.rows("select seq, flags from latest_position") == [(2, 0)]
    assert ingest.rows("select flags from position where seq = 1") == [(1,)]


def test_a_wild_fix_is_stored_flagged_and_does_not_move_the_marker(ingest: Ingest) -> None:
    ingest.fixes([*along(1, 3), record(4, 130.0, 2.0)])
    assert ingest.rows("select seq from latest_position") == [(3,)]
    assert ingest.rows("select seq from position where flags & 2 = 2") == [(4,)]


def test_a_deviation_opens_one_alert_with_its_numbers_and_clears(ingest: Ingest) -> None:
    live = START + timedelta(minutes=10)
    ingest.fixes(along(1, 5, start=110.18), at=live)
    ingest.fixes(astray(10, 16), at=live)
    ((rule, state, shipment, detail, late),) = ingest.rows(
        "select rule, state, shipment_id, detail, late_by_s from alert"
    )
    assert (rule, state, shipment) == ("CORRIDOR_DEVIATION", "NEW", "SHP-KWL-0001")
    assert 1200 < detail["outside_m"] < 1500
    assert detail["accuracy_m"] == 8.0
    ingest.fixes(along(22, 26, start=110.21), at=live)
    assert ingest.rows("select state, cleared_at is not null from alert") == [("NEW", True)]
    assert late is None or late < 600


def test_a_seal_opened_in_a_dead_zone_comes_late_and_is_a_late_critical_alert(
    ingest: Ingest,
) -> None:
    ingest.fixes(along(1, 40), at=NOW)
    opened = {
        "seq": 41,
        "event": "seal_opened",
        "event_time": (START + timedelta(minutes=5)).isoformat(),
        "seal_no": "A-KWL-0001",
        "buffered": True,
    }
    ingest.take((EVENTS, single(opened)), at=NOW)
    ((rule, severity, late, detail),) = ingest.rows(
        "select rule, severity, late_by_s, detail from alert"
    )
    assert (rule, severity) == ("SEAL_OPENED", 1)
    assert late == pytest.approx(115 * 60)
    assert detail["seal_no"] == "A-KWL-0001"


def story() -> list[tuple[str, bytes]]:
    """Departure, a deviation, a seal opened, back on the road, arrival."""
    items = [
        *(record(seq, 110.0, speed_kmh=0) for seq in range(1, 5)),
        *(record(seq, 110.0 + (seq - 4) * 0.004) for seq in range(5, 30)),
        *astray(35, 45, lon=110.12),
        *(record(seq, 110.15 + (seq - 52) * 0.004) for seq in range(52, 60)),
        *(record(seq, 111.0, speed_kmh=0) for seq in range(900, 905)),
    ]
    opened = {
        "seq": 2000,
        "event": "seal_opened",
        "event_time": (START + timedelta(minutes=8)).isoformat(),
    }
    return [*((TOPIC, single(item)) for item in items), (EVENTS, single(opened))]


def test_any_order_cut_and_restart_ends_in_the_same_facts(
    database_server: Any, template_database: str
) -> None:
    """The perfect order in one batch against shuffled, repeated, restarted deliveries."""
    received = START + timedelta(hours=12)
    rules = Rules(snapshot_fixes=10)
    outcomes = []
    for seed in range(5):
        name = f"order_{seed}"
        database_server.create_database(name, template_database)
        with psycopg.connect(database_server.url(name), autocommit=True) as connection:
            stored_plan.store(connection, plan(), "test", dump(plan()))
            ingest = Ingest(connection, rules)
            messages = story()
            if seed:
                dice = random.Random(seed)
                messages += dice.sample(messages, 20)
                dice.shuffle(messages)
            size = 7 if seed else len(messages)
            for first in range(0, len(messages), size):
                ingest.take(*messages[first : first + size], at=received)
                if seed % 2:
                    ingest.restart()
            alerts = ingest.rows(
                "select alert_key, state, cleared_at, opened_at from alert"
                " order by alert_key, alert_id"
            )
            held = {(row[0], row[2] is None) for row in alerts}
            outcomes.append((ingest.facts(), held, ingest.rows("select seq from latest_position")))
        database_server.drop_database(name)
    kinds = {key.split("/")[0] for key, _ in outcomes[0][0]}
    assert kinds == {
        "fence_entered", "fence_left", "shipment_departed", "corridor_left", "corridor_further",
        "corridor_rejoined", "seal_opened", "shipment_arrived", "trip_started",
    } - ({"corridor_further"} - kinds)  # fmt: skip
    for outcome in outcomes[1:]:
        assert outcome == outcomes[0]


def test_late_fixes_that_disprove_a_deviation_supersede_it(ingest: Ingest) -> None:
    """Three far fixes looked like a way off; the many between them, late, say otherwise."""
    wide = [record(seq, 110.2, -7.03) for seq in (20, 40, 60)]
    ingest.fixes([*along(1, 3, start=110.199), *wide], at=START + timedelta(minutes=31))
    assert ingest.rows("select rule, cleared_at from alert") == [("CORRIDOR_DEVIATION", None)]
    between = [record(s, 110.2 + s * 1e-4) for s in range(10, 59) if s not in (20, 40)]
    ingest.fixes(between, at=START + timedelta(minutes=40))
    kept = ingest.rows("select kind, superseded_at is not null from event")
    assert ("corridor_left", True) in kept
    assert ("corridor_left", False) not in kept
    assert ingest.rows("select cleared_at is not null from alert") == [(True,)]
    assert ingest.rows("select note from alert_step where trigger = 'CLEAR'") == [
        ("disproved by data that came late",)
    ]


def test_an_unreadable_message_beside_good_ones_is_kept_with_its_reason(ingest: Ingest) -> None:
    outcome = ingest.take((TOPIC, b"\xff\x00"), (TOPIC, single(record(1, 110.1))), ("x/y", b"{}"))
    assert (outcome.positions, outcome.rejections) == (1, 2)
    assert ingest.rows("select field from rejection order by field") == [("payload",), ("topic",)]


def test_a_fault_in_one_device_s_rules_loses_no_fix_and_stops_no_other(ingest: Ingest) -> None:
    ingest.fixes(along(1, 2))
    ingest.evaluator.states["KWL-0001"] = "not a state"  # type: ignore[assignment]
    outcome = ingest.take(
        (TOPIC, single(record(3, 110.108))),
        ("kawal/v1/KWL-0002/position", single(record(1, 110.1))),
    )
    assert outcome.positions == 2
    assert list(outcome.rules_failed) == ["KWL-0001"]
    assert ingest.rows("select device_id, seq from latest_position order by 1") == [
        ("KWL-0001", 3),
        ("KWL-0002", 1),
    ]


def test_shipments_follow_their_tracker(ingest: Ingest) -> None:
    ingest.fixes([record(seq, 110.0, speed_kmh=0) for seq in range(1, 5)])
    ingest.fixes(along(5, 10, start=110.01))
    assert ingest.rows("select status from shipment") == [("IN_TRANSIT",)]
    ingest.fixes([record(seq, 111.0) for seq in range(900, 904)], at=START + timedelta(hours=8))
    assert ingest.rows("select status from shipment") == [("ARRIVED",)]


def test_a_device_that_no_plan_knows_is_kept(ingest: Ingest) -> None:
    ingest.take(("kawal/v1/STRANGER/position", single(record(1, 112.0))), at=datetime.now(UTC))
    assert ingest.rows("select device_id from latest_position") == [("STRANGER",)]
    assert ingest.rows("select device_id, registered from device order by 1") == [
        ("KWL-0001", True),
        ("STRANGER", False),
    ]
