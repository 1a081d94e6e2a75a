"""Milestone watch: one alert for each regency and milestone, told once, cleared by boxes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from db import plan
from db.pool import Connection, connect
from domain.plan import Operation, Plan, dump
from domain.settings import Alerts, Milestones, Reconciliation
from integrations.milestone_watch import MilestoneWatch
from tests.integration.db.manifest_scene import manifest, receipt, station, store, taken, unit

H = timedelta(hours=1)
EVENING = datetime(2024, 11, 26, 11, tzinfo=UTC)  # 18:00 WIB
WATCH = MilestoneWatch(Milestones(), Reconciliation(), Alerts())


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with connect(database_url, "test") as opened:
        yield opened


def plan_for(connection: Connection, day: date | None) -> None:
    document = Plan(
        format="kawal-plan", version=1, operation=Operation(id="OP", name="P", voting_day=day)
    )
    plan.store(connection, document, "tester", dump(document))


@pytest.fixture
def one_box(connection: Connection) -> None:
    plan_for(connection, date(2024, 11, 27))
    planned = {
        "planned_departure": (EVENING - 3 * H).isoformat(),
        "planned_arrival": (EVENING + 2 * H).isoformat(),
    }
    rows = [station(1, voters={"GOVERNOR": 500}), manifest(**planned), unit("BOX-1")]
    assert store(connection, rows).refused == ()


def alerts_of(connection: Connection) -> list[tuple[str, str, bool]]:
    return connection.execute(
        "select group_id, state, cleared_at is not null from alert order by group_id"
    ).fetchall()


def kinds_of(connection: Connection, group_id: str) -> list[str]:
    rows = connection.execute(
        "select kind from event where group_id = %s order by event_id", [group_id]
    )
    return [row[0] for row in rows]


@pytest.mark.usefixtures("one_box")
def test_a_day_is_told_once_and_ends_with_the_box(connection: Connection) -> None:
    for minutes in range(3):
        WATCH.run(connection, EVENING - H + timedelta(minutes=minutes))
    # The box is at no level yet: of three milestones two are past, and one will be missed.
    names = ["32.73/H-1", "32.73/H-18", "32.73/H-4"]
    assert alerts_of(connection) == [(name, "NEW", False) for name in names]
    for minutes in range(3):
        WATCH.run(connection, EVENING + timedelta(minutes=minutes))
    assert kinds_of(connection, "32.73/H-1") == ["milestone_at_risk", "milestone_missed"]
    assert len(alerts_of(connection)) == 3
    rows = [receipt(), taken("receipt_unit", receipt="R-1", unit="BOX-1", seals=["A-1", "A-2"])]
    assert store(connection, rows).refused == ()
    WATCH.run(connection, EVENING + H)
    assert kinds_of(connection, "32.73/H-1")[-1] == "milestone_reached"
    assert alerts_of(connection) == [(name, "NEW", True) for name in names]


@pytest.mark.usefixtures("one_box")
def test_before_there_is_anything_to_say_nothing_is_said(connection: Connection) -> None:
    WATCH.run(connection, EVENING - timedelta(days=60))
    assert alerts_of(connection) == []


@pytest.mark.usefixtures("one_box")
def test_without_a_voting_day_there_are_no_milestones(connection: Connection) -> None:
    plan_for(connection, None)
    WATCH.run(connection, EVENING + H)
    assert alerts_of(connection) == []


@pytest.mark.usefixtures("one_box")
def test_an_alert_speaks_of_the_regency_in_its_own_time(connection: Connection) -> None:
    WATCH.run(connection, EVENING - H)
    row = connection.execute(
        "select rule, severity, detail from alert where group_id = '32.73/H-1'"
    ).fetchone()
    assert row is not None
    assert row[:2] == ("MILESTONE", 2)
    assert row[2]["region"] == "Kota Bandung"
    assert row[2]["deadline"] == "2024-11-26T11:00:00Z"
    assert (row[2]["boxes"], row[2]["missing"]) == (1, 1)
