"""The work on discrepancies: owner, remarks, and differences that a person accepts."""

from __future__ import annotations

import pytest

from db import accounts, discrepancies, discrepancy_work
from db.accounts import Role
from db.discrepancy_work import UnknownDiscrepancyError
from db.pool import Connection
from domain.alerts import StepFaultError, StepRefusedError
from domain.settings import Materials
from tests.integration.db.reconciliation_scene import NOW, alerts_of, events_of
from tests.integration.db.test_discrepancies import record, short


@pytest.fixture(autouse=True)
def _people(connection: Connection) -> None:
    for login, role in (("sari", Role.SUPERVISOR), ("budi", Role.LIAISON), ("tamu", Role.VIEWER)):
        accounts.create(connection, login, login.title(), "rahasia-untuk-uji", role)


def newest(connection: Connection) -> int:
    return discrepancies.queue(connection, state="ALL")[0].discrepancy_id


def settle(connection: Connection, number: int, note: str = "dihitung ulang") -> None:
    discrepancy_work.settle(connection, number, "sari", note, now=NOW, materials=Materials())


def test_an_owner_has_the_alert_too_where_nobody_has_it(connection: Connection) -> None:
    record(connection, short(), short(2))
    first, second = (one.discrepancy_id for one in discrepancies.queue(connection))
    discrepancy_work.assign(connection, first, "budi", "sari", "tolong dicek", now=NOW)
    discrepancy_work.assign(connection, second, "sari", "sari", now=NOW)
    owners = {one.discrepancy_id: one.owner_name for one in discrepancies.queue(connection)}
    assert owners == {first: "Budi", second: "Sari"}
    assert connection.execute("select assignee from alert").fetchall() == [("budi",)]
    (step,) = discrepancies.steps(connection, first)
    assert (step.step, step.actor_name, step.owner, step.note) == (
        "ASSIGN", "Sari", "budi", "tolong dicek",
    )  # fmt: skip


@pytest.mark.parametrize("owner", ["tamu", "nobody"])
def test_who_may_only_look_owns_nothing(connection: Connection, owner: str) -> None:
    record(connection, short())
    with pytest.raises(StepFaultError, match="assignee"):
        discrepancy_work.assign(connection, newest(connection), owner, "sari", now=NOW)
    assert discrepancies.steps(connection, newest(connection)) == []


def test_a_remark_is_kept_and_must_say_something(connection: Connection) -> None:
    record(connection, short())
    discrepancy_work.comment(connection, newest(connection), "budi", " menelepon PPS ", now=NOW)
    with pytest.raises(StepFaultError, match="note"):
        discrepancy_work.comment(connection, newest(connection), "budi", "  ", now=NOW)
    notes = [step.note for step in discrepancies.steps(connection, newest(connection))]
    assert notes == ["menelepon PPS"]


def test_a_settled_difference_is_listed_and_no_longer_work(connection: Connection) -> None:
    record(connection, short(), short(2))
    settle(connection, newest(connection))
    (settled,) = discrepancies.queue(connection, state="SETTLED")
    assert (settled.settled_by, settled.settled_note) == ("sari", "dihitung ulang")
    (detail,) = connection.execute("select detail from alert").fetchone() or ({},)
    assert detail["cases"] == 1
    settle(connection, discrepancies.queue(connection)[0].discrepancy_id)
    assert alerts_of(connection) == [("BALLOTS_SHORT", 1, False)]
    record(connection, short(), short(2), minutes=5)
    assert discrepancies.queue(connection) == []
    assert len(events_of(connection)) == 3


def test_it_comes_back_to_work_when_its_numbers_change(connection: Connection) -> None:
    record(connection, short())
    settle(connection, newest(connection))
    record(connection, short(found=70), minutes=1)
    (again,) = discrepancies.queue(connection)
    assert (again.found, again.settled_by) == (70, None)
    assert alerts_of(connection)[-1] == ("BALLOTS_SHORT", 1, True)


@pytest.mark.parametrize(("found", "state"), [(80, "SETTLED"), (70, "OPEN")])
def test_one_that_was_away_meanwhile_is_as_it_was_left(
    connection: Connection, found: int, state: str
) -> None:
    record(connection, short())
    discrepancy_work.assign(connection, newest(connection), "budi", "sari", now=NOW)
    settle(connection, newest(connection))
    record(connection, minutes=1)
    record(connection, short(found=found), minutes=2)
    (back,) = discrepancies.queue(connection, state=state)
    assert back.owner == "budi"


def test_a_settled_one_can_be_reopened(connection: Connection) -> None:
    record(connection, short())
    number = newest(connection)
    settle(connection, number)
    discrepancy_work.reopen(connection, number, "budi", now=NOW, materials=Materials())
    assert [one.state for one in discrepancies.queue(connection)] == ["OPEN"]
    assert alerts_of(connection)[-1] == ("BALLOTS_SHORT", 1, True)
    with pytest.raises(StepRefusedError):
        discrepancy_work.reopen(connection, number, "budi", now=NOW, materials=Materials())


def test_steps_that_lead_nowhere_are_refused(connection: Connection) -> None:
    record(connection, short())
    number = newest(connection)
    with pytest.raises(StepFaultError, match="note"):
        settle(connection, number, " ")
    settle(connection, number)
    with pytest.raises(StepRefusedError):
        settle(connection, number)
    record(connection, minutes=1)
    with pytest.raises(StepRefusedError):
        discrepancy_work.assign(connection, number, "budi", "sari", now=NOW)
    with pytest.raises(UnknownDiscrepancyError):
        settle(connection, 999_999)
