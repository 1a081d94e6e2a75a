"""Milestones: what is on its way as the tables say, and what follows for each region."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from db import milestones, plan
from db.pool import Connection
from domain.milestones import Boxes, Goal, Milestone, Schedule, Status
from domain.plan import Operation, Plan, dump
from domain.settings import Milestones, Reconciliation
from tests.integration.db.manifest_scene import manifest, receipt, station, store, taken, unit

VOTING = date(2024, 11, 27)
SCHEDULE = Schedule(VOTING, Milestones(), Reconciliation())
H = timedelta(hours=1)
EVENING = datetime(2024, 11, 26, 11, tzinfo=UTC)  # 18:00 WIB
NOW = EVENING - 6 * H
TIMES = {
    "planned_departure": (EVENING - 8 * H).isoformat(),
    "planned_arrival": (EVENING - 4 * H).isoformat(),
}
REGENCY = "32.73"


@pytest.fixture(autouse=True)
def two_boxes(connection: Connection) -> None:
    """One for each of two stations, on one manifest that has departed."""
    rows = [
        station(1, voters={"GOVERNOR": 500}),
        station(2, voters={"GOVERNOR": 500}),
        manifest(status="IN_TRANSIT", **TIMES),
        unit("BOX-1"),
        unit("BOX-2", station="T-2", seals=["A-3"]),
    ]
    assert store(connection, rows).refused == ()


def track(connection: Connection, eta: datetime, device: str = "D-1", **other: Any) -> None:
    values = {
        "fix_time": NOW, "early": eta - H, "eta": eta, "late": eta + H, "device": device,
    } | other  # fmt: skip
    connection.execute(
        "insert into shipment_progress (shipment_id, device_id, along_m, length_m, percent,"
        " fix_time, eta_early, eta, eta_late, wrong_way, stretch_mode)"
        " values ('S-1', %(device)s, 1, 2, 50, %(fix_time)s, %(early)s, %(eta)s, %(late)s,"
        " false, 'TRUCK')",
        values,
    )


def of_regency(connection: Connection, now: datetime = NOW) -> dict[Goal, Milestone]:
    milestones.reckon(connection, SCHEDULE, now)
    [region] = milestones.of_children(connection, "32", SCHEDULE, now)
    assert region.region_code == REGENCY
    assert region.reckoned_at == now
    return {each.goal: each for each in region.milestones}


def test_the_regency_the_province_and_all_regencies_say_the_same(connection: Connection) -> None:
    found = of_regency(connection)
    [province] = milestones.of_children(connection, "", SCHEDULE, NOW)
    [regency] = milestones.of_regencies(connection, SCHEDULE, NOW)
    assert province.region_code == "32"
    assert province.milestones == regency.milestones == list(found.values())
    assert found[Goal.STATION].forecast == Boxes(2, 2, 2)
    assert found[Goal.STATION].status is Status.ON_TRACK


def test_a_tracker_knows_better_than_the_plan(connection: Connection) -> None:
    track(connection, EVENING + 5 * H)
    assert of_regency(connection)[Goal.STATION].status is Status.AT_RISK
    track(connection, EVENING - 2 * H, "D-2", fix_time=NOW + H)  # newer
    assert of_regency(connection)[Goal.STATION].status is Status.ON_TRACK


def test_what_was_received_is_there_and_not_on_its_way(connection: Connection) -> None:
    rows = [receipt(), taken("receipt_unit", receipt="R-1", unit="BOX-1", seals=["A-1", "A-2"])]
    assert store(connection, rows).refused == ()
    track(connection, EVENING + 5 * H)
    found = of_regency(connection)[Goal.STATION]
    assert (found.reached, found.forecast.expected, found.missing) == (1, 1, 1)


@pytest.mark.parametrize("status", ["CANCELLED", "LOST", "REJECTED"])
def test_what_will_not_come_is_not_expected(connection: Connection, status: str) -> None:
    connection.execute("update manifest set status = %s", [status])
    assert of_regency_without_forecast(connection)[Goal.STATION].forecast.high == 0


def of_regency_without_forecast(connection: Connection) -> dict[Goal, Milestone]:
    assert milestones.reckon(connection, SCHEDULE, NOW) == 0
    [region] = milestones.of_regencies(connection, SCHEDULE, NOW)
    assert region.reckoned_at is None
    return {each.goal: each for each in region.milestones}


def test_boxes_that_have_arrived_wait_for_their_receipt(connection: Connection) -> None:
    connection.execute("update manifest set status = 'ARRIVED'")
    now = EVENING - H / 60
    assert of_regency(connection, now)[Goal.STATION].status is Status.ON_TRACK


def test_a_forecast_that_is_no_longer_true_goes(connection: Connection) -> None:
    of_regency(connection)
    connection.execute("update manifest set status = 'CANCELLED'")
    of_regency_without_forecast(connection)


def test_a_regency_with_one_remote_station_is_warned_earlier(connection: Connection) -> None:
    [region] = milestones.of_regencies(connection, SCHEDULE, NOW)
    assert not region.is_3t
    assert store(connection, [station(3, is_3t=True)]).refused == ()
    [region] = milestones.of_regencies(connection, SCHEDULE, NOW)
    assert region.is_3t
    assert {each.deadline - each.warn_from for each in region.milestones} == {48 * H}


def test_the_voting_day_is_that_of_the_newest_plan(connection: Connection) -> None:
    assert milestones.voting_day(connection) is None
    for day in (None, VOTING):
        operation = Operation(id="OP", name="Pilkada", voting_day=day)
        document = Plan(format="kawal-plan", version=1, operation=operation)
        plan.store(connection, document, "tester", dump(document))
        assert milestones.voting_day(connection) == day
