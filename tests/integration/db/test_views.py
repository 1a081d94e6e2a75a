from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from db import alert_work, alerts, views
from db.accounts import Account, Role
from db.pool import open_pool
from db.views import Changes, OutageError, Pool, Watch, watch
from domain.alerts import Trigger
from domain.settings import Alerts
from tests.browser.screens import Operation


@pytest.fixture
def operation(database_url: str) -> Iterator[Operation]:
    made = Operation(database_url)
    yield made
    made.close()


@pytest.fixture
def pool(database_url: str) -> Iterator[Pool]:
    with open_pool(database_url, "views") as opened:
        yield opened


@pytest.fixture
def looking(pool: Pool) -> Iterator[Watch]:
    with watch(pool, 5) as made:
        yield made


def look(looking: Watch) -> Changes:
    return looking.look(at_plan=False)


def devices(changes: Changes) -> set[str]:
    return {row.device_id for row in changes.positions}


def test_the_first_look_sees_everything_and_the_next_only_what_changed(
    looking: Watch, operation: Operation
) -> None:
    operation.report("TRK-1", 106.8, -6.5)
    operation.report("TRK-2", 106.9, -6.6)
    first = look(looking)
    assert first.whole
    assert devices(first) == {"TRK-1", "TRK-2"}
    operation.report("TRK-2", 106.95, -6.65)
    second = look(looking)
    assert not second.whole
    assert [(row.device_id, row.lon_deg) for row in second.positions] == [("TRK-2", 106.95)]
    assert look(looking).positions == []


def test_a_row_that_commits_late_is_not_missed(
    looking: Watch, operation: Operation, database_url: str
) -> None:
    """The slow writer took its number first; a mark at the newest number would skip it."""
    operation.report("TRK-0", 106.8, -6.5)  # makes the chunk, which waits for no one
    look(looking)
    slow = Operation(database_url)
    with slow.connection.transaction():
        slow.report("TRK-SLOW", 106.8, -6.5)
        operation.report("TRK-FAST", 106.9, -6.6)
        assert devices(look(looking)) == {"TRK-FAST"}
    slow.close()
    assert "TRK-SLOW" in devices(look(looking))


def test_a_whole_look_tells_of_rows_that_are_gone(looking: Watch, operation: Operation) -> None:
    operation.report("TRK-1", 106.8, -6.5)
    look(looking)
    operation.connection.execute("delete from latest_position")
    assert look(looking).positions == []
    again = looking.look(at_plan=False, whole=True)
    assert again.whole
    assert again.positions == []


def test_a_notification_ends_the_wait(looking: Watch, operation: Operation) -> None:
    operation.connection.execute("notify kawal")
    before = datetime.now(UTC)
    looking.wait(30)
    assert datetime.now(UTC) - before < timedelta(seconds=25)


def test_an_alert_comes_with_the_words_of_its_card(looking: Watch, operation: Operation) -> None:
    operation.plan()
    operation.people()
    operation.happen(
        "wrong_destination",
        "TRK-1",
        facility_id="GUDANG-MKS",
        numbers={"expected": "PPK-CSR", "standing_s": 300.0},
    )
    (alert,) = look(looking).alerts
    assert alert.rule == "WRONG_DESTINATION"
    assert alert.surat_jalan_no == "SJ-0001"
    assert alert.facility_name == "KPU_WAREHOUSE GUDANG-MKS"
    assert alert.expected_name == "PPK PPK-CSR"
    assert alert.tz == "Asia/Makassar"
    assert alert.handled_by is None
    alerts.transition(operation.connection, alert.alert_id, Trigger.ACKNOWLEDGE, "sari", None)
    (seen,) = look(looking).alerts
    assert (seen.state, seen.handled_by) == ("ACKNOWLEDGED", "Sari")


def test_a_closed_alert_is_told_once_and_not_to_a_new_screen(
    looking: Watch, operation: Operation, pool: Pool
) -> None:
    operation.plan()
    operation.happen("seal_cut", "TRK-1", numbers={"seal_no": "A-1"})
    (alert,) = look(looking).alerts
    alerts.transition(operation.connection, alert.alert_id, Trigger.RESOLVE, "sari", "utuh")
    assert [row.state for row in look(looking).alerts] == ["RESOLVED"]
    with watch(pool, 5) as fresh:
        assert look(fresh).alerts == []
    steps = views.alert_steps(operation.connection, alert.alert_id)
    assert [(step.trigger, step.note) for step in steps] == [("OPEN", None), ("RESOLVE", "utuh")]


def test_the_plan_comes_when_it_changed(looking: Watch, operation: Operation) -> None:
    operation.plan(shipments=1)
    first = looking.look(at_plan=True).plan
    assert first is not None
    assert [row.shipment_id for row in first.devices] == ["SHP-1"]
    assert looking.look(at_plan=True).plan is None
    operation.plan(shipments=2)
    second = looking.look(at_plan=True).plan
    assert second is not None
    assert [row.surat_jalan_no for row in second.shipments] == ["SJ-0001", "SJ-0002"]
    assert sum(second.totals.values()) == 2


def test_a_changed_status_of_a_shipment_changes_the_plan(
    looking: Watch, operation: Operation
) -> None:
    operation.plan()
    looking.look(at_plan=True)
    operation.connection.execute("update shipment set status = 'IN_TRANSIT'")
    changed = looking.look(at_plan=True).plan
    assert changed is not None
    assert changed.totals == {"IN_TRANSIT": 1}


def test_an_assignment_that_ends_by_the_clock_changes_the_plan(
    looking: Watch, operation: Operation
) -> None:
    operation.plan()
    operation.connection.execute(
        "update assignment set valid_until = clock_timestamp() + interval '300 ms'"
    )
    before = looking.look(at_plan=True).plan
    assert before is not None
    assert before.devices[0].shipment_id == "SHP-1"
    operation.connection.execute("select pg_sleep(0.4)")
    after = looking.look(at_plan=True).plan
    assert after is not None
    assert after.devices[0].shipment_id is None


def test_a_track_is_in_order_and_tells_the_doubted_fixes(operation: Operation) -> None:
    now = datetime.now(UTC)
    for minutes, flags in [(3, 0), (1, 0), (2, 2), (90, 0)]:
        at = now - timedelta(minutes=minutes)
        operation.report("TRK-1", 106.0 + minutes, -6.5, fix_time=at, flags=flags)
    ahead = {"fix_time": now + timedelta(hours=1), "received_at": now - timedelta(seconds=150)}
    operation.report("TRK-1", 110.0, -6.5, flags=1, **ahead)
    found = views.track(operation.connection, "TRK-1", now - timedelta(hours=1), 100)
    assert found == [(109.0, -6.5, 0), (110.0, -6.5, 1), (108.0, -6.5, 2), (107.0, -6.5, 0)]
    newest = views.track(operation.connection, "TRK-1", now - timedelta(hours=1), 2)
    assert newest == [(110.0, -6.5, 1), (107.0, -6.5, 0)]


def test_a_server_that_is_not_there_is_an_outage() -> None:
    nowhere = open_pool("postgresql://nobody@127.0.0.1:1/none", "nowhere")
    with nowhere, pytest.raises(OutageError), watch(nowhere, 0.2):
        pytest.fail("there was a connection")


def test_the_connection_of_a_watch_does_not_go_back_into_the_pool(pool: Pool) -> None:
    with watch(pool, 5):
        pass
    with pool.connection() as connection:
        assert not connection.autocommit
        assert connection.execute("select pg_listening_channels()").fetchall() == []


def test_the_columns_of_each_query_are_those_of_its_row(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        empty = views.read_plan(connection)
    assert empty.devices == []
    assert empty.totals == {}


def test_an_alert_comes_with_who_has_it_and_where_it_is_kept(
    looking: Watch, operation: Operation
) -> None:
    operation.plan()
    operation.people()
    operation.happen("corridor_left", "TRK-1")
    (alert,) = look(looking).alerts
    assert (alert.assignee, alert.quiet, alert.escalation) == (None, False, 0)
    now = datetime.now(UTC)
    sari = Account("sari", "Sari", Role.SUPERVISOR, "id")
    alert_work.assign(operation.connection, alert.alert_id, "sari", "sari", now=now)
    alert_work.shelve(
        operation.connection,
        alert.alert_id,
        sari,
        "uji",
        now + timedelta(hours=1),
        now=now,
        settings=Alerts(),
    )
    (alert,) = look(looking).alerts
    assert (alert.assignee, alert.assignee_name) == ("sari", "Sari")
    assert (alert.shelved_until, alert.shelved_by) == (now + timedelta(hours=1), "Sari")
    assert (alert.shelf_reason, alert.handled_by) == ("uji", "Sari")
    assert alert.state == "ACKNOWLEDGED"


def test_alerts_are_given_to_those_who_may_handle_them(operation: Operation) -> None:
    operation.people()
    assert [row.login for row in views.handlers(operation.connection)] == ["sari"]
    operation.connection.execute("update account set disabled_at = now()")
    assert views.handlers(operation.connection) == []
