"""Progress of shipments: written by ingest now and then, read by the screen when it changed."""

from __future__ import annotations

from datetime import timedelta

from psycopg.rows import class_row

from db import progress
from db.pool import Connection
from db.views import ProgressRow, Watch
from domain.chart import chart
from domain.outlook import Outlook
from domain.settings import Rules
from ingest.outlooks import Outlooks
from tests.integration.db.support import START
from tests.support.roads import Road, drive, plan, run, steps

HOUR = timedelta(hours=1)
HALF = Outlook(
    "S", "D", 50_000, 100_000, 50.0, START, START + 2 * HOUR, START + 3 * HOUR, START + 5 * HOUR,
    False, "TRUCK",
)  # fmt: skip
ROAD = Road([(0, 0), (100_000, 0)])


def stored(connection: Connection) -> list[ProgressRow]:
    with connection.cursor(row_factory=class_row(ProgressRow)) as cursor:
        return cursor.execute(
            "select shipment_id, device_id, along_m, length_m, percent, fix_time, eta_early, eta,"
            " eta_late, wrong_way, stretch_mode, updated_at"
            " from shipment_progress order by shipment_id, device_id"
        ).fetchall()


def test_every_field_is_kept_and_a_newer_one_takes_its_place(connection: Connection) -> None:
    progress.record(connection, [HALF, HALF._replace(device_id="E")])
    first, escort = stored(connection)
    assert (first[:11], escort.device_id) == (tuple(HALF), "E")
    arrived = HALF._replace(
        along_m=100_000, percent=100.0, fix_time=START + HOUR, eta_early=None, eta=None,
        eta_late=None,
    )  # fmt: skip
    progress.record(connection, [arrived])
    assert stored(connection)[0][:11] == tuple(arrived)


def test_an_older_one_changes_nothing_and_none_is_no_query(connection: Connection) -> None:
    progress.record(connection, [HALF])
    progress.record(connection, [HALF._replace(fix_time=START - HOUR, percent=40.0)])
    progress.record(connection, [])
    (row,) = stored(connection)
    assert row.percent == 50.0


def test_a_look_finds_what_changed(connection: Connection, other_connection: Connection) -> None:
    watch = Watch(other_connection)
    progress.record(connection, [HALF])
    connection.commit()
    assert [row.percent for row in watch.look(at_plan=False).progress] == [50.0]
    progress.record(connection, [HALF._replace(percent=51.0, fix_time=START + HOUR)])
    connection.commit()
    assert [row.percent for row in watch.look(at_plan=False).progress] == [51.0]


def test_ingest_writes_those_that_were_heard_since(connection: Connection) -> None:
    drawn, outlooks = plan(ROAD.vertices), Outlooks()
    survey = chart(drawn, Rules())
    positions = drive(ROAD, steps(0, 25_000))
    state, _ = run(survey, positions)
    now = positions[-1].fix_time
    assert outlooks.write(connection, survey, {"D": state}, now) == 1
    assert outlooks.write(connection, survey, {"D": state}, now) == 0
    (row,) = stored(connection)
    assert (row.shipment_id, row.device_id, row.stretch_mode) == ("S", "D", "TRUCK")
    assert abs(row.percent - 25.0) < 0.2
    assert row.fix_time == now
    assert row.eta_early is not None
    assert row.eta is not None
    assert row.eta_late is not None
    assert now <= row.eta_early < row.eta < row.eta_late
    outlooks.forget()
    assert outlooks.write(connection, survey, {"D": state}, now) == 1
