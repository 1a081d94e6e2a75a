"""Work beside the life-cycle: assigned, escalated, shelved, quiet, and part of an incident."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from db import accounts, alert_work, alerts
from db.accounts import Account, Role
from db.alert_work import RoleRefusedError, tend
from db.alerts import UnknownAlertError, adopt, release
from db.pool import Connection
from domain.alerts import AlertState, StepFaultError, StepRefusedError, Trigger
from domain.settings import Alerts
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

ALERTS = Alerts()
HOUR = timedelta(hours=1)
SARI = Account("sari", "Sari", Role.SUPERVISOR, "id")
RINI = Account("rini", "Rini", Role.LIAISON, "id")


def people(connection: Connection) -> None:
    for login, role in (
        ("sari", Role.SUPERVISOR),
        ("rini", Role.LIAISON),
        ("tamu", Role.VIEWER),
        ("pergi", Role.SUPERVISOR),
    ):
        accounts.create(connection, login, login.title(), "rahasia-untuk-uji", role)
    connection.execute("update account set disabled_at = now() where login = 'pergi'")


def newest(connection: Connection) -> int:
    row = connection.execute("select max(alert_id) from alert").fetchone()
    assert row is not None
    return int(row[0])


def columns(connection: Connection, names: str) -> list[tuple[Any, ...]]:
    """These columns of every alert, oldest first."""
    return connection.execute(f"select {names} from alert order by alert_id").fetchall()  # noqa: S608


def shelve(
    connection: Connection, alert_id: int, until: datetime, who: Account = SARI, now: datetime = NOW
) -> None:
    alert_work.shelve(connection, alert_id, who, "uji alat", until, now=now, settings=ALERTS)


def triggers(connection: Connection) -> list[tuple[str, str]]:
    return [(actor, trigger) for actor, trigger, *_ in steps(connection)]


# --- assign -------------------------------------------------------------------------------


def test_the_history_says_who_assigned_whom(connection: Connection) -> None:
    people(connection)
    happen(connection, left(1))
    alert_id = newest(connection)
    alert_work.assign(connection, alert_id, "rini", "sari", "dekat lokasi", now=NOW)
    assert columns(connection, "assignee, state") == [("rini", "NEW")]
    alert_work.assign(connection, alert_id, "sari", "rini", now=NOW)
    kept = connection.execute(
        "select actor, assignee, note from alert_step where trigger = 'ASSIGN' order by 1 desc"
    ).fetchall()
    assert kept == [("sari", "rini", "dekat lokasi"), ("rini", "sari", None)]


def test_who_takes_an_alert_has_seen_it(connection: Connection) -> None:
    people(connection)
    happen(connection, left(1))
    alert_work.assign(connection, newest(connection), "sari", "sari", now=NOW)
    assert columns(connection, "assignee, state") == [("sari", "ACKNOWLEDGED")]
    alert_work.assign(connection, newest(connection), "rini", "rini", now=NOW)
    assert columns(connection, "assignee, state") == [("rini", "ACKNOWLEDGED")]
    assert triggers(connection)[1:] == [
        ("sari", "ASSIGN"),
        ("sari", "ACKNOWLEDGE"),
        ("rini", "ASSIGN"),
    ]


@pytest.mark.parametrize(
    ("login", "reason"),
    [
        ("hantu", "assignee: there is no account hantu"),
        ("pergi", "assignee: there is no account pergi"),
        ("tamu", "assignee: the account tamu may only look"),
    ],
)
def test_nobody_who_cannot_do_the_work_gets_it(
    connection: Connection, login: str, reason: str
) -> None:
    people(connection)
    happen(connection, left(1))
    with pytest.raises(StepFaultError, match=reason):
        alert_work.assign(connection, newest(connection), login, "sari", now=NOW)
    assert columns(connection, "assignee") == [(None,)]
    assert len(steps(connection)) == 1


def test_a_closed_alert_is_nobodys_work(connection: Connection) -> None:
    people(connection)
    happen(connection, left(1))
    take(connection, Trigger.RESOLVE)
    with pytest.raises(StepRefusedError, match="RESOLVED cannot take the step ASSIGN"):
        alert_work.assign(connection, newest(connection), "sari", "sari", now=NOW)
    with pytest.raises(UnknownAlertError):
        alert_work.assign(connection, 4711, "sari", "sari", now=NOW)


# --- escalate -----------------------------------------------------------------------------


def test_what_nobody_sees_escalates_ever_more_slowly_and_three_times_at_most(
    connection: Connection,
) -> None:
    happen(connection, left(1))  # high: 600 s
    levels = []
    for minute in (0, 9.99, 10, 10.1, 29.9, 30, 69.9, 70, 500, 5000):
        now = NOW + minute * MINUTE
        tend(connection, ALERTS, now)
        tend(connection, ALERTS, now)
        (level, at), *_ = columns(connection, "escalation, escalated_at")
        levels.append((minute, level, (at - NOW) / MINUTE if at else None))
    assert levels == [
        (0, 0, None),
        (9.99, 0, None),
        (10, 1, 10),
        (10.1, 1, 10),
        (29.9, 1, 10),
        (30, 2, 30),
        (69.9, 2, 30),
        (70, 3, 70),
        (500, 3, 70),
        (5000, 3, 70),
    ]
    assert triggers(connection) == [("rules", "OPEN"), *[("rules", "ESCALATE")] * 3]
    assert {row[2:4] for row in steps(connection)[1:]} == {("NEW", "NEW")}


def test_after_an_outage_of_the_clock_no_level_is_jumped_over(connection: Connection) -> None:
    happen(connection, event("sos", 1))
    much_later = NOW + 5 * HOUR
    assert tend(connection, ALERTS, much_later) == 1
    assert tend(connection, ALERTS, much_later + MINUTE) == 0
    assert columns(connection, "escalation") == [(1,)]


def test_what_somebody_has_seen_does_not_escalate(connection: Connection) -> None:
    happen(connection, left(1))
    take(connection, Trigger.ACKNOWLEDGE)
    assert tend(connection, ALERTS, NOW + 5 * HOUR) == 0


def test_only_what_is_loud_escalates_by_itself(connection: Connection) -> None:
    happen(
        connection,
        left(1, late_by_s=3600.0),
        event("battery_low", 1),
        event("door_opened", 1),
        event("seal_cut", 1, late_by_s=3600.0),
    )
    happen(connection, event("door_closed", 2))
    tend(connection, ALERTS, NOW + 5 * HOUR)
    assert dict(columns(connection, "rule, escalation")) == {
        "CORRIDOR_DEVIATION": 0,  # late
        "LOW_BATTERY": 0,  # low: never
        "DOOR_OPENED": 0,  # over
        "SEAL_CUT": 1,  # late, but critical
    }


def test_late_news_that_turns_out_to_be_live_begins_to_wait_then(connection: Connection) -> None:
    happen(connection, left(1, late_by_s=3600.0))
    happen(connection, event("corridor_further", 4), now=NOW + HOUR)
    assert tend(connection, ALERTS, NOW + HOUR + 9 * MINUTE) == 0
    assert tend(connection, ALERTS, NOW + HOUR + 10 * MINUTE) == 1


def test_a_person_escalates_with_a_note_and_not_beyond_the_last_level(
    connection: Connection,
) -> None:
    happen(connection, left(1))
    alert_id = newest(connection)
    take(connection, Trigger.ACKNOWLEDGE)
    with pytest.raises(StepFaultError, match="note: must not be empty"):
        alert_work.escalate(connection, alert_id, "sari", " ", now=NOW)
    levels = [
        alert_work.escalate(connection, alert_id, "sari", "butuh polisi", now=NOW) for _ in range(3)
    ]
    assert levels == [1, 2, 3]
    with pytest.raises(StepRefusedError, match="at level 3 cannot be escalated"):
        alert_work.escalate(connection, alert_id, "sari", "lagi", now=NOW)
    assert steps(connection)[-1] == (
        "sari", "ESCALATE", "ACKNOWLEDGED", "ACKNOWLEDGED", "butuh polisi"
    )  # fmt: skip


def test_two_processes_that_tend_at_once_take_each_step_once(
    connection: Connection, other_connection: Connection
) -> None:
    happen(connection, *[left(1, device_id=f"KWL-{number:04}") for number in range(20)])
    taken: list[int] = []
    now = NOW + 10 * MINUTE

    def other() -> None:
        taken.append(tend(other_connection, ALERTS, now))

    second = threading.Thread(target=other)
    with connection.transaction():
        taken.append(tend(connection, ALERTS, now))
        second.start()
        second.join(20)  # it waits for nothing: what is in hand here is left to us
        assert not second.is_alive()
    taken.append(tend(other_connection, ALERTS, now))
    assert taken == [20, 0, 0]
    assert {level for (level,) in columns(connection, "escalation")} == {1}


def test_screens_hear_of_what_the_clock_did(
    connection: Connection, other_connection: Connection
) -> None:
    other_connection.execute("listen kawal")
    happen(connection, left(1))
    tend(connection, ALERTS, NOW)
    assert list(other_connection.notifies(timeout=0.2)) == []
    before = columns(connection, "changed_xid::text::bigint")
    tend(connection, ALERTS, NOW + 10 * MINUTE)
    assert len(list(other_connection.notifies(timeout=5, stop_after=1))) == 1
    assert columns(connection, "changed_xid::text::bigint") > before


# --- shelve -------------------------------------------------------------------------------


def test_a_shelved_alert_comes_back_at_its_end_and_waits_anew(connection: Connection) -> None:
    happen(connection, left(1))
    shelve(connection, newest(connection), NOW + HOUR)
    assert columns(connection, "state, shelved_by, shelf_reason") == [("NEW", "sari", "uji alat")]
    assert tend(connection, ALERTS, NOW + 59 * MINUTE) == 0
    assert tend(connection, ALERTS, NOW + HOUR) == 1
    assert columns(connection, "state, shelved_until, escalation") == [("NEW", None, 0)]
    assert triggers(connection)[1:] == [("sari", "SHELVE"), ("rules", "UNSHELVE")]
    kept = connection.execute("select until, note from alert_step where trigger = 'SHELVE'")
    assert kept.fetchall() == [(NOW + HOUR, "uji alat")]
    assert tend(connection, ALERTS, NOW + HOUR + 9 * MINUTE) == 0
    assert tend(connection, ALERTS, NOW + HOUR + 10 * MINUTE) == 1


def test_a_person_brings_it_back_and_a_new_end_replaces_the_old_one(
    connection: Connection,
) -> None:
    happen(connection, left(1))
    alert_id = newest(connection)
    with pytest.raises(StepRefusedError, match="not shelved cannot take the step UNSHELVE"):
        alert_work.unshelve(connection, alert_id, "rini", now=NOW)
    shelve(connection, alert_id, NOW + HOUR)
    shelve(connection, alert_id, NOW + 3 * HOUR)
    assert tend(connection, ALERTS, NOW + HOUR) == 0
    alert_work.unshelve(connection, alert_id, "rini", now=NOW + 2 * HOUR)
    assert columns(connection, "shelved_until, waiting_since") == [(None, NOW + 2 * HOUR)]
    assert triggers(connection)[-1] == ("rini", "UNSHELVE")


def test_only_some_may_shelve_what_is_critical(connection: Connection) -> None:
    happen(connection, event("seal_cut", 1))
    with pytest.raises(RoleRefusedError, match="a LIAISON may not shelve a critical alert"):
        shelve(connection, newest(connection), NOW + HOUR, RINI)
    assert columns(connection, "shelved_until") == [(None,)]
    shelve(connection, newest(connection), NOW + HOUR, SARI)
    happen(connection, left(1))
    shelve(connection, newest(connection), NOW + HOUR, RINI)
    assert columns(connection, "shelved_by") == [("sari",), ("rini",)]


def test_a_shelf_without_reason_or_with_an_end_too_far_is_refused(connection: Connection) -> None:
    happen(connection, left(1))
    with pytest.raises(StepFaultError, match="reason: must not be empty"):
        alert_work.shelve(
            connection, newest(connection), SARI, "", NOW + HOUR, now=NOW, settings=ALERTS
        )
    with pytest.raises(StepFaultError, match="until: at most 12 hours from now"):
        shelve(connection, newest(connection), NOW + 13 * HOUR)
    assert len(steps(connection)) == 1


def test_one_that_ends_and_returns_stays_on_the_shelf(connection: Connection) -> None:
    happen(connection, left(1))
    shelve(connection, newest(connection), NOW + HOUR)
    happen(connection, back(5))
    happen(connection, left(60))
    assert columns(connection, "shelved_until, occurrences") == [(NOW + HOUR, 2)]


def test_so_does_the_new_one_when_the_old_one_was_seen_and_resolved(
    connection: Connection,
) -> None:
    happen(connection, left(1))
    take(connection, Trigger.ACKNOWLEDGE)
    shelve(connection, newest(connection), NOW + HOUR)
    happen(connection, back(5))
    happen(connection, left(60), now=NOW + 30 * MINUTE)
    assert columns(connection, "state, shelved_until, shelved_by") == [
        ("RESOLVED", NOW + HOUR, "sari"),
        ("NEW", NOW + HOUR, "sari"),
    ]
    assert steps(connection)[-1] == ("rules", "SHELVE", "NEW", "NEW", "uji alat")
    assert tend(connection, ALERTS, NOW + HOUR) == 1
    assert columns(connection, "shelved_until")[1] == (None,)
    happen(connection, back(61))
    take(connection, Trigger.ACKNOWLEDGE)
    happen(connection, left(90), now=NOW + 2 * HOUR)
    assert columns(connection, "shelved_until")[-1] == (None,)


def test_what_a_person_ends_is_off_the_shelf(connection: Connection) -> None:
    happen(connection, left(1))
    shelve(connection, newest(connection), NOW + HOUR)
    take(connection, Trigger.RESOLVE)
    happen(connection, left(60))
    assert columns(connection, "shelved_until") == [(None,), (None,)]


# --- cooldown -----------------------------------------------------------------------------


def end_seen(connection: Connection, minute: float) -> None:
    """Acknowledged, then ended: resolved by the rules."""
    take(connection, Trigger.ACKNOWLEDGE)
    happen(connection, back(minute))


def test_one_that_returns_soon_comes_quietly_and_is_counted(connection: Connection) -> None:
    happen(connection, left(1))
    for minute in (10, 20, 30):
        end_seen(connection, minute)
        happen(connection, left(minute + 9))
    end_seen(connection, 40)
    happen(connection, left(51))
    assert columns(connection, "quiet, recurrences") == [
        (False, 0),
        (True, 1),
        (True, 2),
        (True, 3),
        (False, 0),
    ]


def test_what_is_critical_never_comes_quietly(connection: Connection) -> None:
    happen(connection, event("seal_cut", 1))
    alerts.transition(connection, newest(connection), Trigger.RESOLVE, "sari", now=NOW)
    happen(connection, event("seal_cut", 2))
    assert columns(connection, "quiet, recurrences") == [(False, 0), (False, 0)]


def test_one_that_was_closed_while_it_held_comes_back_quietly(connection: Connection) -> None:
    happen(connection, left(1))
    alerts.transition(connection, newest(connection), Trigger.RESOLVE, "sari", now=NOW)
    happen(connection, event("corridor_further", 9), now=NOW + 2 * MINUTE)
    assert columns(connection, "quiet") == [(False,), (True,)]


def test_a_quiet_one_that_still_holds_after_the_cooldown_wakes_up(connection: Connection) -> None:
    """A deviation that was closed by mistake must not go on unheard."""
    happen(connection, left(1))
    end_seen(connection, 10)
    happen(connection, left(15))
    assert tend(connection, ALERTS, NOW + 9 * MINUTE) == 0
    assert tend(connection, ALERTS, NOW + 10 * MINUTE) == 1
    assert columns(connection, "quiet, escalation")[-1] == (False, 0)
    assert triggers(connection)[-1] == ("rules", "WAKE")
    assert tend(connection, ALERTS, NOW + 20 * MINUTE) == 1
    assert columns(connection, "escalation")[-1] == (1,)


def test_a_quiet_one_that_ended_stays_quiet(connection: Connection) -> None:
    happen(connection, left(1))
    end_seen(connection, 10)
    happen(connection, left(15), back(16))
    assert tend(connection, ALERTS, NOW + 5 * HOUR) == 0


def test_the_cooldown_is_a_setting(connection: Connection) -> None:
    happen(connection, left(1))
    end_seen(connection, 10)
    happen(connection, left(15), settings=Alerts(cooldown_s=0))
    assert columns(connection, "quiet") == [(False,), (False,)]


# --- incidents ----------------------------------------------------------------------------


def incident(connection: Connection, *children: str) -> tuple[int, list[str]]:
    """An open alert, and others of these devices: (its number, keys of the others)."""
    happen(connection, event("jamming_started", 1, device_id="AREA", shipment_id=None))
    parent = newest(connection)
    found = [event("jamming_started", 2, device_id=device) for device in children]
    happen(connection, *found)
    return parent, [each.alert_key or "" for each in found]


def test_an_incident_takes_its_alerts_and_gives_them_back(connection: Connection) -> None:
    parent, keys = incident(connection, "A", "B", "C")
    assert adopt(connection, parent, keys, now=NOW) == 3
    assert adopt(connection, parent, keys, now=NOW) == 0
    assert columns(connection, "parent_id") == [(None,), *[(parent,)] * 3]
    assert tend(connection, ALERTS, NOW + 5 * HOUR) == 1  # the incident alone escalates
    happen(connection, event("jamming_ended", 3, device_id="A"))
    alerts.transition(connection, parent, Trigger.RESOLVE, "sari", "pengacau ditemukan", now=NOW)
    assert columns(connection, "device_id, state, parent_id") == [
        ("AREA", "RESOLVED", None),
        ("A", "RESOLVED", parent),
        ("B", "NEW", None),
        ("C", "NEW", None),
    ]
    assert [step for step in steps(connection) if step[1] in ("ADOPT", "RELEASE")] == [
        *[("rules", "ADOPT", "NEW", "NEW", f"#{parent}")] * 3,
        *[("rules", "RELEASE", "NEW", "NEW", f"#{parent}")] * 2,
    ]


def test_who_sees_the_incident_sees_its_alerts(connection: Connection) -> None:
    parent, keys = incident(connection, "A", "B")
    adopt(connection, parent, keys)
    take_one = newest(connection)
    alerts.transition(connection, take_one, Trigger.START, "budi")
    alerts.transition(connection, parent, Trigger.ACKNOWLEDGE, "sari")
    assert columns(connection, "state, assignee") == [
        ("ACKNOWLEDGED", "sari"),
        ("ACKNOWLEDGED", "sari"),
        ("IN_PROGRESS", "budi"),
    ]


def test_an_incident_that_ends_by_itself_gives_back_what_holds(connection: Connection) -> None:
    parent, keys = incident(connection, "A", "B")
    adopt(connection, parent, keys)
    alerts.transition(connection, parent, Trigger.ACKNOWLEDGE, "sari")
    happen(connection, event("jamming_ended", 9, device_id="AREA", shipment_id=None))
    assert columns(connection, "state, parent_id") == [
        ("RESOLVED", None),
        ("ACKNOWLEDGED", None),
        ("ACKNOWLEDGED", None),
    ]
    assert release(connection, parent) == 0


def test_an_incident_that_ends_unseen_keeps_only_what_has_ended(connection: Connection) -> None:
    parent, keys = incident(connection, "A", "B")
    adopt(connection, parent, keys)
    happen(connection, event("jamming_ended", 8, device_id="A"))
    happen(connection, event("jamming_ended", 9, device_id="AREA", shipment_id=None))
    assert columns(connection, "device_id, state, parent_id") == [
        ("AREA", "NEW", None),
        ("A", "NEW", parent),
        ("B", "NEW", None),
    ]
    assert adopt(connection, parent, keys) == 0  # it is over
    alerts.transition(connection, parent, Trigger.ACKNOWLEDGE, "sari")
    assert [state for (state,) in columns(connection, "state")] == ["RESOLVED", "RESOLVED", "NEW"]


def test_what_is_critical_or_belongs_elsewhere_is_not_taken(connection: Connection) -> None:
    first, keys = incident(connection, "A", "B")
    happen(connection, event("sos", 2), event("silence", 2, device_id="AREA-2"))
    other = newest(connection)
    sos = event("sos", 2).alert_key or ""
    parent_key = event("jamming_started", 1, device_id="AREA", shipment_id=None).alert_key or ""
    assert adopt(connection, first, [*keys, sos, parent_key, "none/such"]) == 2
    assert adopt(connection, other, [*keys, parent_key, sos]) == 0
    assert dict(columns(connection, "rule || coalesce(device_id, ''), parent_id")) == {
        "JAMMINGAREA": None,
        "JAMMINGA": first,
        "JAMMINGB": first,
        "SOSKWL-0001": None,
        "SILENCEAREA-2": None,
    }


def test_a_closed_incident_takes_nothing(connection: Connection) -> None:
    parent, keys = incident(connection, "A")
    alerts.transition(connection, parent, Trigger.DISMISS, "sari")
    assert adopt(connection, parent, keys) == 0
    with pytest.raises(UnknownAlertError, match="no alert 4711"):
        adopt(connection, 4711, keys)


def test_a_released_alert_begins_to_wait_then(connection: Connection) -> None:
    parent, keys = incident(connection, "A")
    adopt(connection, parent, keys, now=NOW)
    alerts.transition(connection, parent, Trigger.RESOLVE, "sari", now=NOW + HOUR)
    assert columns(connection, "waiting_since")[1] == (NOW + HOUR,)
    assert tend(connection, ALERTS, NOW + HOUR + 9 * MINUTE) == 0
    assert tend(connection, ALERTS, NOW + HOUR + 10 * MINUTE) == 1


def test_what_was_decided_for_several_names_its_group(connection: Connection) -> None:
    happen(connection, left(1, group_id="KONVOI-1"))
    assert columns(connection, "group_id, opened_at, state") == [
        ("KONVOI-1", START + MINUTE, AlertState.NEW)
    ]
