import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from db import plan as plans
from db.pool import Connection
from domain.demo import demo_plan
from domain.plan import EMPTY, Plan, dump
from domain.plan_changes import ChangeState
from domain.plan_faults import PlanError, parse

NOW = datetime(2024, 11, 25, 8, 30, tzinfo=UTC)
TABLES = ("facility", "route", "shipment", "device", "assignment", "plan_import")


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def store(connection: Connection, plan: Plan) -> plans.Report:
    return plans.store(connection, plan, "tester", dump(plan))


def edited(plan: Plan, **sections: list[dict[str, Any]]) -> Plan:
    """A file with only the named sections of `plan`, changed by hand."""
    document = json.loads(dump(plan))
    return parse(json.dumps({**document, **sections}))


def rows(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row with its xmin, which shows whether anything was written again."""
    return {
        table: connection.execute(
            psycopg.sql.SQL("select xmin, t.* from {} t order by 2, 3").format(
                psycopg.sql.Identifier(table)
            )
        ).fetchall()
        for table in TABLES
    }


def awkward() -> Plan:
    """Names, numbers and times that a careless way through the database would change."""
    document = json.loads(dump(demo_plan(NOW)))
    document["facilities"][0].update(
        name="Gudang “Sinar” 'é' \\ 🗳️ %s", lat_deg=-6.123456789012345, lon_deg=0.1 + 0.2
    )
    hole = [[109.1, -6.9], [109.2, -6.9], [109.2, -6.8], [109.1, -6.9]]
    outer = [[109, -7], [110, -7], [110, -6], [109, -6], [109, -7]]
    document["facilities"][1].update(
        lat_deg=-6.5,
        lon_deg=109.5,
        fence={"polygon": {"type": "Polygon", "coordinates": [outer, hole]}},
        tz="Asia/Makassar",
    )
    document["routes"][0]["half_width_m"] = 1e-9
    document["shipments"][0].update(
        planned_departure="2024-11-25T08:00:00.123456+07:00",
        vehicle="NULL",
        seals=["a,b", '"', "{}", "NULL", "\\"],
        escort=None,
    )
    del document["shipments"][1]["seals"], document["shipments"][1]["route"]
    document["assignments"][0]["until"] = "2099-12-31T23:59:59.999999Z"
    return parse(json.dumps(document))


def test_an_empty_database_has_the_empty_plan(connection: Connection) -> None:
    assert plans.load(connection) == EMPTY
    assert plans.version(connection) == 0


@pytest.mark.parametrize("plan", [demo_plan(NOW), awkward()], ids=["demo", "awkward"])
def test_export_and_import_change_nothing(connection: Connection, plan: Plan) -> None:
    first = store(connection, plan)
    assert {change.state for change in first.changes} == {ChangeState.NEW}
    written = rows(connection)
    exported = dump(plans.load(connection))
    second = plans.store(connection, parse(exported), "tester", exported)
    assert {change.state for change in second.changes} == {ChangeState.SAME}
    assert not second.changed
    assert second.version == first.version == plans.version(connection) > 0
    assert rows(connection) == written


def test_every_part_comes_back_equal(connection: Connection) -> None:
    plan = awkward()
    store(connection, plan)
    loaded = plans.load(connection)
    for section in ("facilities", "routes", "shipments", "devices"):
        expected = sorted(getattr(plan, section), key=lambda part: part.id)
        assert list(getattr(loaded, section)) == expected
    assert sorted(loaded.assignments, key=lambda each: each.id) == sorted(
        plan.assignments, key=lambda each: each.id
    )
    assert loaded.operation == plan.operation


def test_a_changed_field_is_told_and_stored_and_recorded(connection: Connection) -> None:
    plan = demo_plan(NOW)
    first = store(connection, plan)
    vehicles = json.loads(dump(plan))["shipments"]
    vehicles[3]["vehicle"] = "L 1 X"
    changed = edited(plan, shipments=vehicles)
    report = plans.store(connection, changed, "budi", dump(changed))
    [change] = [each for each in report.changes if each.state is not ChangeState.SAME]
    assert (change.kind, change.id) == ("shipment", vehicles[3]["id"])
    assert change.fields == {"vehicle": (plan.shipments[3].vehicle, "L 1 X")}
    assert report.counts["shipment", ChangeState.SAME] == len(vehicles) - 1
    assert plans.load(connection).shipments[3].vehicle == "L 1 X"
    assert report.version > first.version
    row = connection.execute(
        "select imported_by, operation->>'id', document->>'format', changes->0->'fields'"
        " from plan_import order by plan_import_id desc limit 1"
    ).fetchone()
    fields = {"vehicle": [plan.shipments[3].vehicle, "L 1 X"]}
    assert row == ("budi", "DEMO", "kawal-plan", fields)


def test_what_a_file_does_not_mention_stays(connection: Connection) -> None:
    plan = demo_plan(NOW)
    store(connection, plan)
    report = store(connection, edited(plan, shipments=[], assignments=[], routes=[], convoys=[]))
    assert not report.changed
    assert report.counts["shipment", ChangeState.NOT_IN_FILE] == len(plan.shipments)
    assert len(plans.load(connection).shipments) == len(plan.shipments)


def test_a_known_shipment_keeps_the_status_that_it_has_reached(connection: Connection) -> None:
    plan = demo_plan(NOW)
    store(connection, plan)
    connection.execute("update shipment set status = 'ARRIVED' where shipment_id = 'DEMO-01'")
    shipments = json.loads(dump(plan))["shipments"]
    del shipments[0]["status"]
    shipments[0]["vehicle"] = "B 1 X"
    store(connection, edited(plan, shipments=shipments))
    assert plans.load(connection).shipments[0].status == "ARRIVED"
    assert plans.load(connection).shipments[0].vehicle == "B 1 X"


def test_a_device_that_came_by_itself_becomes_registered(connection: Connection) -> None:
    connection.execute("insert into device values ('KWL-0001', 'TRACKER', 'KWL-0001', 30, false)")
    connection.execute("insert into device values ('STRAY', 'PHONE', 'STRAY', 30, false)")
    assert plans.load(connection).devices == ()
    report = store(connection, demo_plan(NOW))
    assert report.counts["device", ChangeState.NEW] == 14
    row = connection.execute(
        "select name, registered from device where device_id = 'KWL-0001'"
    ).fetchone()
    assert row == ("Pelacak truk B 9147 DMO", True)
    assert "STRAY" not in {device.id for device in plans.load(connection).devices}


def test_an_overlap_with_a_stored_assignment_refuses_the_whole_file(
    connection: Connection,
) -> None:
    plan = demo_plan(NOW)
    store(connection, plan)
    written = rows(connection)
    document = json.loads(dump(plan))
    document["assignments"] = [
        {"device": "KWL-0003", "shipment": "DEMO-05", "from": NOW.isoformat()}
    ]
    document["shipments"][0]["vehicle"] = "B 1 X"
    with pytest.raises(PlanError, match=r"assignments\[0\]: KWL-0003 is with DEMO-02"):
        store(connection, parse(json.dumps(document)))
    assert rows(connection) == written


def test_a_change_is_notified_with_the_new_version(
    database_url: str, connection: Connection
) -> None:
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute("listen kawal_plan")
        report = store(connection, demo_plan(NOW))
        store(connection, demo_plan(NOW))  # changes nothing, says nothing
        later = store(connection, demo_plan(NOW + timedelta(hours=1)))
        heard = [note.payload for note in listener.notifies(timeout=5, stop_after=2)]
        assert heard == [str(report.version), str(later.version)]
        assert list(listener.notifies(timeout=0.2)) == []


def test_two_imports_at_once_wait_for_each_other(database_url: str) -> None:
    plan = demo_plan(NOW)
    barrier = threading.Barrier(4)
    changed: list[bool] = []

    def run() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            barrier.wait()
            changed.append(store(connection, plan).changed)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(changed) == [False, False, False, True]


def test_a_store_inside_a_transaction_that_fails_leaves_nothing(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        store(connection, demo_plan(NOW))
        connection.rollback()
        # Outermost, the transaction of an import commits by itself.
        assert plans.version(connection) > 0
    with psycopg.connect(database_url) as connection:
        connection.execute("select 1")
        store(connection, demo_plan(NOW + timedelta(hours=1)))
        connection.rollback()
        assert plans.load(connection).shipments == demo_plan(NOW).shipments


def test_thousands_of_rows_go_in_at_once(connection: Connection) -> None:
    plan = demo_plan(NOW)
    document = json.loads(dump(plan))
    document["shipments"] = [{**document["shipments"][0], "id": f"S-{n}"} for n in range(3000)]
    document["devices"] = [{**document["devices"][0], "id": f"D-{n}"} for n in range(3000)]
    document["assignments"] = [
        {"device": f"D-{n}", "shipment": f"S-{n}", "from": NOW.isoformat()} for n in range(3000)
    ]
    document["convoys"] = []
    report = store(connection, parse(json.dumps(document)))
    assert report.counts["assignment", ChangeState.NEW] == 3000
    assert len(plans.load(connection).assignments) == 3000
