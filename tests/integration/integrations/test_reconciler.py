"""The reconciler on a real database: told once, gone with the proof, nothing twice."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from db import custody, discrepancies, reconciliation, tallies
from db.pool import Connection, connect
from domain.custody_words import Step
from domain.manifests import Signer
from domain.settings import Alerts, Materials, Reconciliation
from integrations.reconciler import Reconciler
from tests.integration.db.custody_scene import event as handled
from tests.integration.db.manifest_scene import taken
from tests.integration.db.reconciliation_scene import (
    ARRIVED,
    AT,
    DEVICE,
    HOUR,
    LEFT,
    MANIFEST,
    MINUTE,
    NOW,
    RECEIVED,
    STATION,
    VILLAGE,
    alerts_of,
    events_of,
    fixed,
    line,
    manifest,
    put,
    put_plan,
    receipt,
    seen,
    sent,
    station,
    unit,
)

TO, AWAY = 111.0, 110.4


@pytest.fixture
def task() -> Reconciler:
    return Reconciler(Reconciliation(), Materials(), Alerts(), threading.Event())


def run(task: Reconciler, connection: Connection, now: datetime = NOW) -> None:
    """Once; what was put due by the database's own clock is due now."""
    connection.execute(
        "update reconcile_due set due_at = %s where due_at > now() - interval '1 hour'", (now,)
    )
    task.run(connection, now)


def listed(connection: Connection, state: str = "OPEN") -> list[str]:
    return [one.kind for one in discrepancies.queue(connection, state=state)]


def come_and_go(connection: Connection) -> None:
    """The tracker departs, enters the destination's fence, and leaves it."""
    seen(connection, "fence_left", AT, "FROM")
    seen(connection, "shipment_departed", AT, "FROM")
    seen(connection, "fence_entered", ARRIVED)
    seen(connection, "fence_left", LEFT)


def test_where_all_is_in_order_nothing_is_told(connection: Connection, task: Reconciler) -> None:
    put_plan(connection)
    put(connection, *sent(), *receipt())
    come_and_go(connection)
    fixed(connection, RECEIVED, TO)
    run(task, connection)
    assert listed(connection, "ALL") == []
    assert alerts_of(connection) == []
    assert task.reconciled >= 1
    assert reconciliation.waiting(connection, NOW) == (0, None)


def test_a_receipt_without_presence_and_the_late_proof(
    connection: Connection, task: Reconciler
) -> None:
    put_plan(connection)
    put(connection, *sent(), *receipt())
    seen(connection, "shipment_departed", AT, "FROM")
    fixed(connection, RECEIVED - MINUTE, AWAY)
    run(task, connection)
    (lie,) = discrepancies.queue(connection)
    assert lie.kind == "RECEIPT_WITHOUT_PRESENCE"
    assert lie.detail["outside_m"] > 60_000
    assert {each["kind"] for each in lie.evidence} == {"receipt", "fix"}
    assert alerts_of(connection) == [("RECEIPT_WITHOUT_PRESENCE", 2, True)]
    alert = connection.execute(
        "select shipment_id, device_id, facility_id, group_id, detail ->> 'link' from alert"
    ).fetchone()
    assert alert == (f"SHP-{DEVICE}", DEVICE, "TO", MANIFEST, f"/manifests/{MANIFEST}")
    run(task, connection, NOW + MINUTE)
    assert events_of(connection) == [("receipt_without_presence_found", MANIFEST)]

    come_and_go(connection)  # what the dead zone held back
    run(task, connection, NOW + 2 * MINUTE)
    assert listed(connection) == []
    assert listed(connection, "GONE") == ["RECEIPT_WITHOUT_PRESENCE"]
    assert alerts_of(connection) == [("RECEIPT_WITHOUT_PRESENCE", 2, False)]
    assert [kind for kind, _ in events_of(connection)][1:] == ["receipt_without_presence_gone"]


def test_presence_that_late_data_disproves_is_followed(
    connection: Connection, task: Reconciler
) -> None:
    put_plan(connection)
    put(connection, *sent(), *receipt())
    come_and_go(connection)
    fixed(connection, RECEIVED, AWAY)
    run(task, connection)
    assert listed(connection) == []
    with connection.transaction():
        connection.execute(
            "update event set superseded_at = now(), changed_xid = pg_current_xact_id()"
            " where facility_id = 'TO'"
        )
    run(task, connection, NOW + MINUTE)
    assert listed(connection) == ["RECEIPT_WITHOUT_PRESENCE"]


def test_a_silent_tracker_is_a_note_and_rings_nobody(
    connection: Connection, task: Reconciler
) -> None:
    put_plan(connection)
    put(connection, *sent(), *receipt())
    run(task, connection)
    assert listed(connection) == ["UNPROVEN_RECEIPT"]
    assert alerts_of(connection) == []
    # The late fixes lie elsewhere, which no event tells: it is looked at again by the clock.
    fixed(connection, RECEIVED, AWAY)
    run(task, connection, NOW + 3 * HOUR)
    assert listed(connection) == ["RECEIPT_WITHOUT_PRESENCE"]
    assert alerts_of(connection) == [("RECEIPT_WITHOUT_PRESENCE", 2, True)]


def test_two_hours_without_a_receipt_are_told_once_and_cleared_by_it(
    connection: Connection, task: Reconciler
) -> None:
    put_plan(connection)
    put(connection, *sent())
    come_and_go(connection)
    due = ARRIVED + 2 * HOUR
    run(task, connection, due - MINUTE)
    assert listed(connection) == []
    for minutes in (0, 1, 90):
        run(task, connection, due + minutes * MINUTE)
        assert listed(connection) == ["PRESENCE_WITHOUT_RECEIPT"]
    assert alerts_of(connection) == [("PRESENCE_WITHOUT_RECEIPT", 3, True)]
    assert len(events_of(connection)) == 1
    put(connection, *receipt())
    run(task, connection, due + 2 * HOUR)
    assert alerts_of(connection) == [("PRESENCE_WITHOUT_RECEIPT", 3, False)]


def test_short_ballots_are_critical_and_one_alert_for_all_stations(
    connection: Connection, task: Reconciler
) -> None:
    put_plan(connection)
    more = [row for n in (2, 3) for row in (station(n), line(number=n))]
    put(connection, *sent(), *more, *receipt(80), *receipt(500, number=2), *receipt(number=3))
    come_and_go(connection)
    run(task, connection)
    first, second = discrepancies.queue(connection)
    assert {(d.station_id, d.expected, d.found) for d in (first, second)} == {
        ("TPS-1", 513, 80), ("TPS-2", 513, 500),
    }  # fmt: skip
    assert alerts_of(connection) == [("BALLOTS_SHORT", 1, True)]
    (detail,) = connection.execute("select detail from alert").fetchone() or ({},)
    assert (detail["cases"], detail["expected"], detail["found"]) == (2, 1026, 580)
    progress = tallies.progress_of(connection, VILLAGE)
    assert progress is not None
    assert progress.open_discrepancies == 2

    put(connection, *receipt(revision=2))
    run(task, connection, NOW + MINUTE)
    (detail,) = connection.execute("select detail from alert").fetchone() or ({},)
    assert (detail["cases"], detail["found"]) == (1, 500)
    put(connection, *receipt(revision=2, number=2))
    run(task, connection, NOW + 2 * MINUTE)
    assert alerts_of(connection) == [("BALLOTS_SHORT", 1, False)]
    assert [kind for kind, _ in events_of(connection)] == [
        "ballots_short_found", "ballots_short_found", "ballots_short_gone",
    ]  # fmt: skip
    progress = tallies.progress_of(connection, VILLAGE)
    assert progress is not None
    assert progress.open_discrepancies == 0


def test_the_ledger_is_followed_and_a_seal_read_there_counts(
    connection: Connection, task: Reconciler
) -> None:
    put_plan(connection)
    put(connection, *sent(), *receipt())
    come_and_go(connection)
    run(task, connection)
    assert listed(connection) == []
    read = handled(
        Step.INSPECT, AT + HOUR, ("BOX-1",), seals={"BOX-1": ("S-1",)},
        received_by=Signer(name="Budi"),
    )  # fmt: skip
    with connection.transaction():
        custody.append(connection, MANIFEST, [read], "budi", NOW)
    run(task, connection, NOW + MINUTE)
    (wrong,) = discrepancies.queue(connection)
    assert (wrong.kind, wrong.unit_id, wrong.detail["missing"]) == ("SEAL_MISMATCH", "BOX-1", "S-2")
    assert wrong.evidence == [{"kind": "custody", "id": str(read.event_uuid)}]
    mended = read.model_copy(
        update={"event_uuid": handled(Step.INSPECT).event_uuid, "corrects": read.event_uuid,
                "seals": {"BOX-1": ("S-1", "S-2")}}
    )  # fmt: skip
    with connection.transaction():
        custody.append(connection, MANIFEST, [mended], "budi", NOW)
    run(task, connection, NOW + 2 * MINUTE)
    assert listed(connection) == []


def test_the_import_is_followed_by_the_ledger(connection: Connection, task: Reconciler) -> None:
    put_plan(connection)
    put(connection, *sent(), *receipt())
    run(task, connection)
    steps = {row.event.step for row in custody.of_manifest(connection, MANIFEST)}
    assert {Step.DEPART, Step.RECEIVE} <= steps


def test_the_rest_of_the_ballots_on_another_manifest_answers_for_both(
    connection: Connection, task: Reconciler
) -> None:
    put_plan(connection)
    put(connection, station(), manifest(), line(500), unit())
    run(task, connection)
    assert listed(connection) == ["BALLOTS_NOT_DUE"]
    put(connection, manifest(id="M-2"), line(13, manifest="M-2"))
    run(task, connection, NOW + MINUTE)
    assert listed(connection) == []


def test_boxes_of_a_return_are_those_that_went_out(
    connection: Connection, task: Reconciler
) -> None:
    put_plan(connection)
    put(connection, *sent(), unit("BOX-2"), *receipt())
    come_and_go(connection)
    back = {"id": "M-9", "shipment": "SHP-9", "direction": "RETURN", "from": STATION,
            "to": "FROM", "leg": "DISTRICT"}  # fmt: skip
    returned = RECEIVED + 10 * HOUR
    put(
        connection,
        manifest(**back),
        unit("BOX-1", manifest="M-9"),
        unit("BOX-2", manifest="M-9"),
        taken("receipt", id="R-9", manifest="M-9", received_at=returned.isoformat()),
        taken("receipt_unit", receipt="R-9", unit="BOX-1", seals=["S-1", "S-2"]),
    )
    run(task, connection, returned + HOUR)
    found = {one.kind: one for one in discrepancies.of_manifest(connection, "M-9")}
    assert set(found) == {"BOXES_BACK_DIFFER", "UNIT_MISSING"}
    assert (found["BOXES_BACK_DIFFER"].expected, found["BOXES_BACK_DIFFER"].found) == (2, 1)


def test_nothing_back_by_the_deadline_is_told_by_the_clock(
    connection: Connection, task: Reconciler
) -> None:
    put_plan(connection)
    put(connection, *sent(), *receipt())
    come_and_go(connection)
    connection.execute(
        'update plan_import set operation = operation || \'{"voting_day": "2024-11-27"}\''
    )
    run(task, connection)
    assert listed(connection) == []
    run(task, connection, AT + timedelta(days=6))
    assert listed(connection) == []
    run(task, connection, AT + timedelta(days=8))
    assert listed(connection) == ["BOXES_BACK_DIFFER"]


def test_a_manifest_that_cannot_be_judged_holds_up_no_other(
    connection: Connection, task: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_plan(connection)
    put(connection, *sent(), *receipt(80), manifest(id="M-0"))
    real = Reconciler._judge

    def judge(self: Reconciler, case: Any, now: datetime) -> Any:
        if case.head.manifest_id == "M-0":
            raise ValueError("a fault of ours")
        return real(self, case, now)

    monkeypatch.setattr(Reconciler, "_judge", judge)
    run(task, connection)
    assert "BALLOTS_SHORT" in listed(connection)
    (waiting,) = connection.execute("select due_at from reconcile_due order by 1 limit 1")
    assert waiting[0] >= NOW


def test_two_reconcilers_tell_once(database_url: str, connection: Connection) -> None:
    put_plan(connection)
    put(connection, *sent(), *receipt(80))
    connection.execute("update reconcile_due set due_at = %s", (AT,))

    def work() -> None:
        with connect(database_url, "other") as mine:
            task = Reconciler(Reconciliation(), Materials(), Alerts(), threading.Event())
            for _ in range(3):
                task.run(mine, NOW)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [kind for kind, _ in events_of(connection)].count("ballots_short_found") == 1


def test_a_batch_that_is_killed_is_done_again(
    connection: Connection, task: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_plan(connection)
    put(connection, *sent(), *receipt(80))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Reconciler, "_refresh", killed)
        with pytest.raises(KeyboardInterrupt):
            run(task, connection)
    assert listed(connection) == []
    assert alerts_of(connection) == []
    run(task, connection)
    assert "BALLOTS_SHORT" in listed(connection)
