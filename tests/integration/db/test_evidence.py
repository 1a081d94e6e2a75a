"""Evidence on a real TimescaleDB: what was true, and what was known of it then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from db import alerts, events, positions, reports, shipments
from db import plan as stored_plan
from db.evidence import AheadError, UnknownSubjectError, gather
from db.pool import Connection
from domain.alerts import Trigger
from domain.events import DeviceEvent, Event, Origin
from domain.evidence import document
from domain.evidence_facts import Facts, Question
from domain.evidence_tracks import Fix
from domain.plan import Plan, dump
from domain.positions import Flag, Position
from tests.integration.db.support import fix
from tests.support.journeys import plan

DEVICE, SHIPMENT = "KWL-0001", "SHP-KWL-0001"
MINUTE = timedelta(minutes=1)
YEAR = timedelta(days=365)


class Story:
    """Things happen one after the other; `now` is the database's clock between them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.start = self.now() - 60 * MINUTE
        self.import_plan(plan(start=self.start))

    def now(self) -> datetime:
        row = self.connection.execute("select clock_timestamp()").fetchone()
        assert row is not None
        when: datetime = row[0]
        return when

    def import_plan(self, changed: Plan) -> None:
        stored_plan.store(self.connection, changed, "sari", dump(changed))

    def fixes(self, *minutes: float, late: bool = False, **other: Any) -> list[Position]:
        """Fixes at these minutes, received two seconds after (or now, where they come late)."""
        made = [
            fix(int(minute * 10) + 1, DEVICE, fix_time=self.start + minute * MINUTE)
            for minute in minutes
        ]
        received = self.now() if late else None
        made = [
            p._replace(received_at=received or p.fix_time + timedelta(seconds=2), **other)
            for p in made
        ]
        self.store(*made)
        return made

    def store(self, *made: Position) -> None:
        with self.connection.transaction():
            positions.copy_positions(self.connection, made)
            positions.update_latest(self.connection)

    def event(self, kind: str, minute: float, **other: Any) -> Event:
        at = self.start + minute * MINUTE
        return replace(
            Event(kind, Origin.RULE, DEVICE, event_time=at, decided_at=at, shipment_id=SHIPMENT),
            **other,
        )

    def happen(self, *found: Event) -> None:
        with self.connection.transaction():
            recorded = events.record(self.connection, found)
            alerts.record(self.connection, recorded, now=self.now())
            shipments.advance(self.connection, found)

    def fold_again(self, after: float, *found: Event) -> None:
        """A fold over late data comes to these events instead."""
        with self.connection.transaction():
            recorded, disproved = events.reconcile(
                self.connection, DEVICE, self.start + after * MINUTE, found
            )
            alerts.record(self.connection, recorded, disproved, now=self.now())

    def alert_id(self) -> int:
        row = self.connection.execute("select max(alert_id) from alert").fetchone()
        assert row is not None
        number: int = row[0]
        return number

    def question(self, at: datetime, **other: Any) -> Question:
        asked = Question(at, self.start - MINUTE, at, SHIPMENT, None)
        return asked._replace(**other)

    def ask(self, at: datetime, kept: list[Fix] | None = None, **other: Any) -> dict[str, Any]:
        return document(self.facts(self.question(at, **other), kept))

    def facts(self, question: Question, kept: list[Fix] | None = None) -> Facts:
        found: list[Fix] = [] if kept is None else kept
        return gather(self.connection, question, YEAR, found.append)


@pytest.fixture
def story(connection: Connection) -> Story:
    return Story(connection)


def changed(answer: dict[str, Any], subject: str) -> list[tuple[str, Any, Any]]:
    """(field, known then, known now) of the differences on a subject."""
    return [
        (row["field"], row["known_at"], row["true_at"])
        for row in answer["differences"]
        if row["subject"] == subject
    ]


def both(answer: dict[str, Any], look: Callable[[dict[str, Any]], Any]) -> tuple[Any, Any]:
    """The same of what was known then, and of what is known now."""
    return look(answer["known_at"]), look(answer["true_at"])


def alert_of(side: dict[str, Any]) -> dict[str, Any]:
    (alert,) = side["alerts"]
    return dict(alert)


# --- late data -----------------------------------------------------------------------------


def test_a_late_fix_disproves_an_event_and_both_sides_are_told(story: Story) -> None:
    story.fixes(1, 2, 3)
    story.happen(story.event("corridor_left", 2, numbers={"outside_m": 900}))
    then = story.now()
    (late,) = story.fixes(2.5, late=True)
    story.fold_again(1, story.event("fence_entered", 2.5, facility_id="OTHER"))
    answer = story.ask(then)
    kinds = {event["event_id"]: event["kind"] for event in answer["events"]}
    assert [kinds[i] for i in answer["known_at"]["events"]] == ["corridor_left"]
    assert [kinds[i] for i in answer["true_at"]["events"]] == ["fence_entered"]
    assert changed(answer, "event") == [
        ("corridor_left", True, False),
        ("fence_entered", False, True),
    ]
    assert (
        answer["known_at"]["devices"][0]["fixes"],
        answer["true_at"]["devices"][0]["fixes"],
    ) == (3, 4)
    assert late.received_at > then


def test_the_flags_that_a_late_fix_changes_are_kept_as_they_were(story: Story) -> None:
    _, last = story.fixes(1, 3)
    then = story.now()
    story.fixes(2, late=True)
    with story.connection.transaction():
        positions.reflag(story.connection, [last._replace(flags=int(Flag.JUMP))])
    kept: list[Fix] = []
    answer = story.ask(then, kept)
    (known,), (true,) = answer["known_at"]["devices"], answer["true_at"]["devices"]
    assert (known["position"]["seq"], known["position"]["flags"]) == (31, [])
    assert (true["position"]["seq"], true["position"]["flags"]) == (21, [])
    assert changed(answer, "fix") == [("flags", [], ["JUMP"])]
    assert [(f.position.seq, f.position.flags, f.flags_then) for f in kept] == [
        (11, 0, 0),
        (21, 0, None),
        (31, int(Flag.JUMP), 0),
    ]


def test_the_first_judgement_of_a_fix_is_no_history(story: Story) -> None:
    """Nor is one that changes nothing; a redelivered fix of the batch is an old one."""
    (old,) = story.fixes(1)
    new, again = (
        fix(21, DEVICE, fix_time=story.start + 2 * MINUTE),
        old._replace(received_at=story.now()),
    )
    with story.connection.transaction():
        positions.copy_positions(story.connection, [new, again])
        flagged = [p._replace(flags=int(Flag.MOCK)) for p in (new, again)]
        positions.reflag(story.connection, flagged)
    positions.reflag(story.connection, flagged)
    rows = story.connection.execute("select seq, flags_before, flags_after from position_reflag")
    assert rows.fetchall() == [(11, 0, int(Flag.MOCK))]
    stored = story.connection.execute("select seq, flags from position order by seq").fetchall()
    assert stored == [(11, int(Flag.MOCK)), (21, int(Flag.MOCK))]


def test_a_fix_with_a_clock_that_ran_ahead_counts_for_its_receipt(story: Story) -> None:
    ahead = story.start + 600 * MINUTE
    story.fixes(1)
    early = fix(21, DEVICE, fix_time=ahead, received_at=story.start + 2 * MINUTE, flags=1)
    later = fix(22, DEVICE, fix_time=ahead, received_at=story.start + 9 * MINUTE, flags=1)
    story.store(early, later)
    kept: list[Fix] = []
    answer = story.ask(story.start + 5 * MINUTE, kept)
    assert [f.position.seq for f in kept] == [11, 21]
    assert answer["true_at"]["devices"][0]["position"]["seq"] == 21


# --- alerts --------------------------------------------------------------------------------


def test_an_alert_that_was_acknowledged_afterwards_was_new_then(story: Story) -> None:
    story.happen(story.event("corridor_left", 2, numbers={"outside_m": 900}))
    then = story.now()
    alerts.transition(story.connection, story.alert_id(), Trigger.ACKNOWLEDGE, "sari", "saya lihat")
    after = story.now()
    before = alert_of(story.ask(then)["known_at"])
    now = alert_of(story.ask(after)["known_at"])
    assert (before["state"], before["holds"], before["handled_by"]) == ("NEW", True, None)
    assert (now["state"], now["holds"], now["handled_by"]) == ("ACKNOWLEDGED", True, "sari")
    assert now["numbers"] == {"outside_m": 900}
    steps = story.ask(then)["alerts"][0]["steps"]
    assert [(s["trigger"], s["note"]) for s in steps] == [
        ("OPEN", None),
        ("ACKNOWLEDGE", "saya lihat"),
    ]


def test_an_alert_that_late_data_disproves_held_then_and_does_not_now(story: Story) -> None:
    story.happen(story.event("corridor_left", 2))
    then = story.now()
    story.fold_again(1)
    answer = story.ask(then)
    assert alert_of(answer["known_at"])["state"] == "NEW"
    assert both(answer, lambda side: alert_of(side)["holds"]) == (True, False)
    assert ("holds", True, False) in changed(answer, "alert")


def test_an_alert_that_came_late_was_not_known_then(story: Story) -> None:
    then = story.now()
    story.happen(story.event("seal_opened", 5, late_by_s=3600.0))
    answer = story.ask(then)
    assert answer["known_at"]["alerts"] == []
    alert = alert_of(answer["true_at"])
    assert (alert["state"], alert["open"]) == (None, True)
    assert ("open", False, True) in changed(answer, "alert")


def test_a_question_on_an_alert_is_on_its_shipment_and_device(story: Story) -> None:
    story.fixes(1, 2)
    story.happen(story.event("corridor_left", 2))
    answer = story.ask(story.now(), alert_id=story.alert_id())
    assert answer["question"]["alert_id"] == story.alert_id()
    assert (answer["fixes"]["count"], len(answer["alerts"])) == (2, 1)


def test_an_alert_of_a_device_without_a_shipment(story: Story) -> None:
    story.fixes(1, 2)
    story.happen(story.event("sos", 2, shipment_id=None))
    answer = story.ask(story.now(), alert_id=story.alert_id(), shipment_id=None)
    assert (answer["fixes"]["count"], answer["true_at"]["shipment"]) == (2, None)
    assert [event["kind"] for event in answer["events"]] == ["sos"]


# --- plan, status, reports -------------------------------------------------------------------


def test_the_plan_is_the_one_that_was_known(story: Story) -> None:
    then = story.now()
    document_now = plan(start=story.start).model_dump(by_alias=True)
    document_now["shipments"][0]["vehicle"] = "H 1234 AB"
    story.import_plan(Plan.model_validate(document_now))
    answer = story.ask(then)
    known, now = (answer["plan"][side]["shipments"][SHIPMENT] for side in ("known_at", "now"))
    assert (known["vehicle"], now["vehicle"]) == (None, "H 1234 AB")
    assert ("vehicle", None, "H 1234 AB") in changed(answer, "plan")
    assert (answer["known_at"]["plan_version"], answer["true_at"]["plan_version"]) == (1, 2)
    assert set(answer["plan"]["now"]["facilities"]) == {"FROM", "TO"}
    assert set(answer["plan"]["now"]["routes"]) == {"R-1"}


def test_a_device_that_was_assigned_afterwards_was_not_looked_at_then(story: Story) -> None:
    story.fixes(1)
    then = story.now()
    document_now = plan([DEVICE, "KWL-0002"], start=story.start).model_dump(by_alias=True)
    document_now["assignments"][1]["shipment"] = SHIPMENT
    document_now["assignments"][1]["from"] = story.start
    document_now["assignments"][1]["until"] = story.start + 30 * MINUTE
    story.import_plan(Plan.model_validate(document_now))
    other = [fix(n, "KWL-0002", fix_time=story.start + n * 10 * MINUTE) for n in (1, 2, 4)]
    story.store(*other)
    kept: list[Fix] = []
    answer = story.ask(then, kept)
    assert [(f.position.device_id, f.position.seq) for f in kept] == [
        (DEVICE, 11),
        ("KWL-0002", 1),
        ("KWL-0002", 2),
    ]
    plans = answer["plan"]
    assert set(plans["known_at"]["assignments"]) < set(plans["now"]["assignments"])


def test_the_state_of_the_shipment_is_the_one_on_the_screen_then(story: Story) -> None:
    before = story.now()
    story.happen(story.event("shipment_departed", 2))
    middle = story.now()
    story.happen(story.event("shipment_arrived", 50))
    states = [story.ask(when)["known_at"]["shipment"] for when in (before, middle, story.now())]
    assert [s["status_recorded"] for s in states] == ["PLANNED", "IN_TRANSIT", "ARRIVED"]
    assert [s["status_by_events"] for s in states] == ["PLANNED", "IN_TRANSIT", "ARRIVED"]
    late = story.ask(before)["true_at"]["shipment"]
    assert (late["status_recorded"], late["status_by_events"]) == ("PLANNED", "ARRIVED")


def test_what_people_recorded_is_not_undone_by_an_event(story: Story) -> None:
    story.happen(story.event("shipment_departed", 2))
    story.connection.execute("update shipment set status = 'CANCELLED'")
    story.happen(story.event("shipment_arrived", 50))
    shipment = story.ask(story.now())["true_at"]["shipment"]
    assert shipment == {
        "shipment_id": SHIPMENT,
        "status_recorded": "CANCELLED",
        "status_by_events": "CANCELLED",
    }


def test_a_report_that_came_late_is_told_apart(story: Story) -> None:
    then = story.now()
    happened = story.start + 5 * MINUTE
    report = DeviceEvent(
        DEVICE, 1, 7, "seal_opened", happened, then + MINUTE, True, -7.0, 110.0, 5.0,
        "<b>A-1</b>", None, 80.0, "dibuka",
    )  # fmt: skip
    with story.connection.transaction():
        reports.record(story.connection, [report])
    answer = story.ask(then)
    assert answer["reports"] == [report._asdict()]
    assert (answer["known_at"]["reports"], answer["true_at"]["reports"]) == (0, 1)
    assert changed(answer, "report") == [("seal_opened", False, True)]


# --- the numbers are those of the database ----------------------------------------------------


def test_everything_is_as_the_database_has_it(story: Story) -> None:
    stored = story.fixes(1, 2, 3, 4)
    story.happen(story.event("corridor_left", 2, numbers={"outside_m": 900.5}))
    kept: list[Fix] = []
    answer = story.ask(story.now(), kept)
    assert [f.position for f in kept] == stored
    assert answer["differences"] == []
    rows = story.connection.execute(
        "select event_id, event_key, recorded_at, detail from event"
    ).fetchall()
    names = ("event_id", "event_key", "recorded_at", "detail")
    assert [tuple(event[name] for name in names) for event in answer["events"]] == rows
    latest = story.connection.execute(
        "select seq, lat_deg, lon_deg from latest_position"
    ).fetchone()
    newest = answer["known_at"]["devices"][0]["position"]
    assert (newest["seq"], newest["lat_deg"], newest["lon_deg"]) == latest


def test_fixes_of_another_time_or_another_device_are_left_out(story: Story) -> None:
    story.fixes(1, 2, 3)
    story.store(fix(1, "KWL-0009", fix_time=story.start + 2 * MINUTE))
    kept: list[Fix] = []
    story.ask(story.start + 2 * MINUTE, kept, since=story.start + 1.5 * MINUTE)
    assert [f.position.seq for f in kept] == [21]


def test_the_versions_of_the_rules_that_events_name(story: Story) -> None:
    story.connection.execute("insert into rule_set values ('v-1', '{\"late_after_s\": 120}')")
    story.connection.execute("insert into rule_set values ('v-2', '{}')")
    story.happen(story.event("corridor_left", 2), story.event("fence_entered", 3))
    story.connection.execute("update event set rules_version = 'v-1' where kind = 'corridor_left'")
    answer = story.ask(story.now())
    assert [(row["version"], row["rules"]) for row in answer["rule_sets"]] == [
        ("v-1", {"late_after_s": 120})
    ]
    (limit,) = [row for row in answer["limits"] if row["code"] == "no_rules_version"]
    assert limit["en"].startswith("1 events name no version")


def test_the_thresholds_in_force_are_told_and_those_of_other_shipments_are_not(
    story: Story,
) -> None:
    story.connection.execute("delete from rule_change")
    story.connection.execute(
        "insert into rule_change (valid_from, actor, source, document) values"
        " (now() - interval '1 day', 'ingest', 'SETTINGS', '{\"late_after_s\": 120}'),"
        " (now(), 'sari', 'PLAN', '{\"operation\": {}, \"shipments\":"
        ' {"SHP-KWL-0001": {"stop_after_s": 60}, "SHP-9": {"stop_after_s": 90}}}\'),'
        " (now() + interval '1 day', 'sari', 'SETTINGS', '{}')"
    )
    found = story.ask(story.now())["rule_changes"]
    assert [(row["actor"], row["document"]) for row in found] == [
        ("ingest", {"late_after_s": 120}),
        ("sari", {"operation": {}, "shipments": {SHIPMENT: {"stop_after_s": 60}}}),
    ]


# --- what it cannot say ------------------------------------------------------------------------


def codes(answer: dict[str, Any]) -> set[str]:
    return {limit["code"] for limit in answer["limits"]}


def test_fixes_that_are_no_longer_kept_are_said_to_be(story: Story) -> None:
    story.fixes(1, 2)
    story.happen(story.event("corridor_left", 2))
    assert not codes(story.ask(story.now())) & {"retention", "fixes_gone"}
    story.connection.execute("select drop_chunks('position', older_than => interval '0')")
    story.connection.execute("delete from position")
    answer = story.ask(story.now(), since=story.start - 2 * YEAR)
    assert {"retention", "fixes_gone"} <= codes(answer)


def test_a_time_before_the_history_began_is_said_to_be(story: Story) -> None:
    answer = story.ask(story.start, known_at=story.start)
    assert {"history", "no_status"} <= codes(answer)
    assert answer["known_at"]["shipment"]["status_recorded"] is None
    assert answer["plan"]["known_at"]["shipments"] == {}


def test_a_time_that_has_not_come_is_refused(story: Story) -> None:
    tomorrow = story.now() + 1440 * MINUTE
    with pytest.raises(AheadError, match=r"^at: .* has not come yet"):
        story.ask(tomorrow)
    with pytest.raises(AheadError, match=r"^known_at: .* has not come yet"):
        story.ask(story.now(), known_at=tomorrow)
    with pytest.raises(ValueError, match="since: lies after"):
        story.ask(story.now(), since=tomorrow)


def test_what_is_not_there_is_said_so(story: Story) -> None:
    with pytest.raises(UnknownSubjectError, match="no shipment X-1"):
        story.ask(story.now(), shipment_id="X-1")
    with pytest.raises(UnknownSubjectError, match="no alert 99"):
        story.ask(story.now(), alert_id=99)
