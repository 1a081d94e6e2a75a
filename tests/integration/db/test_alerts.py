"""Alerts: one open alert a key, opened and cleared by events, every step kept."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from db import alerts, events
from db.alerts import UnknownAlertError
from db.pool import Connection
from domain.alerts import AlertState, StepRefusedError, Trigger
from domain.events import Event
from tests.integration.db.alert_scene import (
    MINUTE,
    NOW,
    back,
    event,
    happen,
    left,
    steps,
    take,
)
from tests.integration.db.support import START
from tests.support.processes import until


def found(connection: Connection) -> list[tuple[Any, ...]]:
    """(state, cleared_at) of every alert, oldest first."""
    return connection.execute("select state, cleared_at from alert order by alert_id").fetchall()


def fold_again(connection: Connection, *found: Event) -> None:
    """A fold over late data comes to these events instead."""
    with connection.transaction():
        recorded, disproved = events.reconcile(connection, "KWL-0001", START, found)
        alerts.record(connection, recorded, disproved, now=NOW)


# --- by events ---------------------------------------------------------------------------


def test_an_event_opens_an_alert_with_all_that_is_known(connection: Connection) -> None:
    happen(
        connection,
        left(1, decided_at=START + 3 * MINUTE, late_by_s=150.5, numbers={"outside_m": 1300}),
    )
    row = connection.execute(
        "select alert_key, rule, severity, programme, device_id, shipment_id, facility_id, state,"
        " opened_at, last_seen_at, cleared_at, late_by_s, occurrences, detail, assignee from alert"
    ).fetchall()
    assert row == [
        (
            "CORRIDOR_DEVIATION/SHP-1/KWL-0001/-", "CORRIDOR_DEVIATION", 2, "LOGISTICS",
            "KWL-0001", "SHP-1", None, "NEW", START + MINUTE, START + 3 * MINUTE, None, 150.5, 1,
            {"outside_m": 1300}, None,
        )
    ]  # fmt: skip
    assert steps(connection) == [("rules", "OPEN", None, "NEW", None)]


def test_events_that_mean_nothing_for_alerts_open_none(connection: Connection) -> None:
    happen(connection, event("fence_entered", 1), event("seal_opened", 2, in_transit=False))
    assert found(connection) == []


def test_a_condition_that_grows_is_the_same_work(connection: Connection) -> None:
    happen(connection, left(1, numbers={"outside_m": 300}))
    happen(connection, event("corridor_further", 4, numbers={"outside_m": 900}))
    row = connection.execute(
        "select opened_at, last_seen_at, detail, occurrences from alert"
    ).fetchall()
    assert row == [(START + MINUTE, START + 4 * MINUTE, {"outside_m": 900}, 1)]
    linked = connection.execute("select count(*) from alert_event").fetchone()
    assert linked == (2,)
    assert len(steps(connection)) == 1


def test_an_older_event_that_comes_later_does_not_take_the_numbers_back(
    connection: Connection,
) -> None:
    happen(connection, event("corridor_further", 4, numbers={"outside_m": 900}))
    happen(connection, left(1, numbers={"outside_m": 300}))
    row = connection.execute("select last_seen_at, detail from alert").fetchall()
    assert row == [(START + 4 * MINUTE, {"outside_m": 900})]


def test_what_was_late_is_live_once_an_event_in_time_confirms_it(connection: Connection) -> None:
    happen(connection, left(1, late_by_s=3600.0))
    assert connection.execute("select late_by_s from alert").fetchall() == [(3600.0,)]
    happen(connection, event("corridor_further", 4))
    assert connection.execute("select late_by_s from alert").fetchall() == [(None,)]


def test_one_that_ends_unseen_waits_to_be_seen(connection: Connection) -> None:
    happen(connection, left(1))
    happen(connection, back(5))
    assert found(connection) == [("NEW", START + 5 * MINUTE)]
    assert steps(connection)[-1] == ("rules", "CLEAR", "NEW", "NEW", None)
    assert take(connection, Trigger.ACKNOWLEDGE) is AlertState.RESOLVED


def test_one_that_was_seen_and_ends_resolves(connection: Connection) -> None:
    happen(connection, left(1))
    take(connection, Trigger.ACKNOWLEDGE)
    happen(connection, back(5))
    assert found(connection) == [("RESOLVED", START + 5 * MINUTE)]
    assert steps(connection)[-1] == ("rules", "CLEAR", "ACKNOWLEDGED", "RESOLVED", None)


def test_ending_twice_is_told_once(connection: Connection) -> None:
    happen(connection, left(1))
    happen(connection, back(5))
    happen(connection, back(6))
    assert found(connection) == [("NEW", START + 5 * MINUTE)]
    assert [step[1] for step in steps(connection)] == ["OPEN", "CLEAR"]


def test_an_end_without_a_beginning_opens_nothing(connection: Connection) -> None:
    happen(connection, back(5))
    assert found(connection) == []


def test_one_that_returns_while_open_is_the_same_work(connection: Connection) -> None:
    happen(connection, left(1))
    happen(connection, back(5))
    happen(connection, left(9))
    row = connection.execute("select state, occurrences, cleared_at, opened_at from alert")
    assert row.fetchall() == [("NEW", 2, None, START + MINUTE)]


def test_one_that_returns_after_the_work_is_done_is_new_work(connection: Connection) -> None:
    happen(connection, left(1))
    take(connection, Trigger.RESOLVE)
    happen(connection, left(9))
    row = connection.execute("select state, occurrences from alert order by alert_id")
    assert row.fetchall() == [("RESOLVED", 1), ("NEW", 1)]


def test_both_ends_in_one_batch_leave_it_ended(connection: Connection) -> None:
    happen(connection, back(5), left(1))
    assert found(connection) == [("NEW", START + 5 * MINUTE)]


def test_a_late_end_of_an_earlier_time_does_not_end_what_began_after_it(
    connection: Connection,
) -> None:
    happen(connection, left(9))
    happen(connection, back(5), left(1))
    assert found(connection) == [("NEW", None)]


def test_one_that_lost_all_its_events_ends_with_the_reason(connection: Connection) -> None:
    happen(connection, left(1))
    fold_again(connection)
    assert found(connection) == [("NEW", NOW)]
    assert steps(connection)[-1][-1] == "disproved by data that came late"


def test_one_whose_end_was_disproved_holds_again(connection: Connection) -> None:
    happen(connection, left(1), back(5))
    fold_again(connection, left(1))
    assert found(connection) == [("NEW", None)]
    because = "its end was disproved by data that came late"
    assert steps(connection)[-1] == ("rules", "OPEN", "NEW", "NEW", because)


def test_one_whose_end_was_disproved_when_its_work_was_done_is_new_work(
    connection: Connection,
) -> None:
    happen(connection, left(1))
    take(connection, Trigger.ACKNOWLEDGE)
    happen(connection, back(5))
    fold_again(connection, left(1))
    assert found(connection) == [("RESOLVED", START + 5 * MINUTE), ("NEW", None)]
    row = connection.execute(
        "select opened_at, severity, count(e.event_id) from alert"
        " join alert_event e using (alert_id) where state = 'NEW' group by 1, 2"
    ).fetchall()
    assert row == [(START + MINUTE, 2, 1)]


def test_what_a_person_has_ended_stays_so_when_only_its_numbers_change(
    connection: Connection,
) -> None:
    happen(connection, left(1), event("corridor_further", 3))
    take(connection, Trigger.RESOLVE)
    fold_again(connection, left(1))
    assert found(connection) == [("RESOLVED", None)]


def test_another_shipment_device_or_place_is_another_alert(connection: Connection) -> None:
    happen(
        connection,
        event("wrong_destination", 1, facility_id="A"),
        event("wrong_destination", 2, facility_id="B"),
        event("wrong_destination", 3, facility_id="A", shipment_id="SHP-2"),
        event("wrong_destination", 4, facility_id="A", device_id="KWL-0002"),
    )
    happen(connection, event("wrong_destination_left", 5, facility_id="A"))
    assert [cleared is not None for _, cleared in found(connection)] == [True, False, False, False]


# --- by people ---------------------------------------------------------------------------


def test_every_step_of_a_person_is_kept(connection: Connection) -> None:
    happen(connection, left(1))
    row = connection.execute("select alert_id from alert").fetchone()
    assert row is not None
    alerts.transition(connection, row[0], Trigger.ACKNOWLEDGE, "sari")
    alerts.transition(connection, row[0], Trigger.START, "budi", "menelepon sopir")
    alerts.transition(connection, row[0], Trigger.RESOLVE, "budi", "jalan ditutup")
    assert steps(connection)[1:] == [
        ("sari", "ACKNOWLEDGE", "NEW", "ACKNOWLEDGED", None),
        ("budi", "START", "ACKNOWLEDGED", "IN_PROGRESS", "menelepon sopir"),
        ("budi", "RESOLVE", "IN_PROGRESS", "RESOLVED", "jalan ditutup"),
    ]
    kept = connection.execute("select state, assignee from alert").fetchall()
    assert kept == [("RESOLVED", "sari")]


def test_a_step_that_is_refused_leaves_no_trace(connection: Connection) -> None:
    happen(connection, left(1))
    take(connection, Trigger.DISMISS)
    before = steps(connection)
    with pytest.raises(StepRefusedError, match="FALSE_POSITIVE cannot take the step ACKNOWLEDGE"):
        take(connection, Trigger.ACKNOWLEDGE, actor="budi")
    assert steps(connection) == before
    assert found(connection) == [("FALSE_POSITIVE", None)]


def test_an_alert_that_is_not_there(connection: Connection) -> None:
    with pytest.raises(UnknownAlertError, match="no alert 4711"):
        alerts.transition(connection, 4711, Trigger.ACKNOWLEDGE, "sari")


# --- at once -------------------------------------------------------------------------------


def waits_for_a_lock(connection: Connection) -> bool:
    rows = connection.execute("select from pg_locks where not granted")
    return bool(rows.fetchall())


def test_two_writers_at_once_open_one_alert(
    connection: Connection, other_connection: Connection
) -> None:
    """The second waits for the first, and then refreshes what that one opened."""
    second = threading.Thread(
        target=happen, args=(other_connection, event("corridor_further", 4, device_id="KWL-0001"))
    )
    with connection.transaction():
        alerts.record(connection, events.record(connection, [left(1)]), now=NOW)
        second.start()
        until(lambda: waits_for_a_lock(connection), 20, "the second waits for the first")
    second.join(20)
    row = connection.execute("select last_seen_at, occurrences from alert").fetchall()
    assert row == [(START + 4 * MINUTE, 1)]
    assert [step[1] for step in steps(connection)] == ["OPEN"]


def test_of_two_people_at_once_one_is_refused(
    connection: Connection, other_connection: Connection
) -> None:
    happen(connection, left(1))
    refused: list[StepRefusedError] = []

    def acknowledge() -> None:
        try:
            take(other_connection, Trigger.ACKNOWLEDGE, actor="budi")
        except StepRefusedError as error:
            refused.append(error)

    second = threading.Thread(target=acknowledge)
    with connection.transaction():
        take(connection, Trigger.ACKNOWLEDGE)
        second.start()
        until(lambda: waits_for_a_lock(connection), 20, "the second waits for the first")
    second.join(20)
    assert len(refused) == 1
    assert [step[0] for step in steps(connection)] == ["rules", "sari"]


def test_listeners_see_which_alerts_changed(connection: Connection) -> None:
    """The screen reads rows by the transaction that changed them."""
    happen(connection, left(1))
    before = connection.execute("select changed_xid::text::bigint from alert").fetchone()
    take(connection, Trigger.ACKNOWLEDGE)
    after = connection.execute("select changed_xid::text::bigint from alert").fetchone()
    assert before is not None
    assert after is not None
    assert after > before
