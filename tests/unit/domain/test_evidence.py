"""Evidence: views are right by both times, and what differs between them is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alerts import Trigger
from domain.evidence import document, status_by_events, view
from domain.evidence_bundle import canonical
from domain.evidence_facts import AlertFact, EventFact, Facts, Question, StatusFact, StepFact
from domain.evidence_tracks import Tracks

START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AT = START + 30 * MINUTE


def event(number: int, kind: str, minute: float, recorded: float, **other: Any) -> EventFact:
    """An event of this minute, recorded at another."""
    at = START + minute * MINUTE
    fact = EventFact(
        event_id=number, event_key=f"{kind}/{number}", kind=kind, origin="RULE",
        device_id="KWL-0001", shipment_id="S-1", facility_id=None, group_id=None, event_time=at,
        decided_at=at, recorded_at=START + recorded * MINUTE, superseded_at=None, late_by_s=None,
        alert_key="CORRIDOR_DEVIATION/S-1/KWL-0001/-", lat_deg=None, lon_deg=None,
        detail={"n": number}, rules_version=None,
    )  # fmt: skip
    return fact._replace(**other)


def alert(opened: float, raised: float, **other: Any) -> AlertFact:
    fact = AlertFact(
        alert_id=1, alert_key="CORRIDOR_DEVIATION/S-1/KWL-0001/-", rule="CORRIDOR_DEVIATION",
        severity=2, device_id="KWL-0001", shipment_id="S-1", facility_id=None, group_id=None,
        state="NEW", opened_at=START + opened * MINUTE, raised_at=START + raised * MINUTE,
        last_seen_at=START, cleared_at=None, late_by_s=None, occurrences=1, detail={},
        assignee=None, rules_version=None, closed_at=None, quiet=False, recurrences=0,
        parent_id=None,
    )  # fmt: skip
    return fact._replace(**other)


def step(minute: float, trigger: str, state: str, actor: str = "rules", **other: Any) -> StepFact:
    at = START + minute * MINUTE
    fact = StepFact(int(minute * 10), 1, at, actor, trigger, None, state, None, None, None)
    return fact._replace(**other)


def facts(known_at: datetime = AT, **found: Any) -> Facts:
    question = Question(AT, START, known_at, "S-1", None)
    made_at = START + 120 * MINUTE
    return Facts(question, made_at, Tracks((), known_at, 0), **found)


def only_alert(side: dict[str, Any]) -> dict[str, Any]:
    (found,) = side["alerts"]
    return dict(found)


# --- events ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minute", "recorded", "superseded", "known", "now"),
    [
        (10, 10, None, True, True),
        (10, 30, None, True, True),  # at the very moment is known
        (10, 31, None, False, True),  # came late
        (10, 10, 31, True, False),  # disproved afterwards
        (10, 10, 20, False, False),  # disproved before
        (30, 30, None, True, True),
        (31, 29, None, False, False),  # had not happened
    ],
)
def test_an_event_is_in_a_view_by_both_its_times(
    minute: float, recorded: float, superseded: float | None, known: bool, now: bool
) -> None:
    gone = None if superseded is None else START + superseded * MINUTE
    found = facts(events=[event(7, "corridor_left", minute, recorded, superseded_at=gone)])
    assert view(found, AT, AT)["events"] == ([7] if known else [])
    assert view(found, AT)["events"] == ([7] if now else [])


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60), st.none() | st.integers(0, 60)),
        max_size=8,
    ),
    st.integers(0, 60),
)
def test_views_differ_exactly_by_the_named_differences(
    rows: list[tuple[int, int, int | None]], known: int
) -> None:
    """Applied to what was known then, they give what is known now."""
    events = [
        event(n, "fence_entered", m, r, superseded_at=None if s is None else START + s * MINUTE)
        for n, (m, r, s) in enumerate(rows)
    ]
    answer = document(facts(START + known * MINUTE, events=events))
    expected = set(answer["known_at"]["events"])
    for row in answer["differences"]:
        assert row["known_at"] is not row["true_at"]
        (expected.add if row["true_at"] else expected.remove)(int(row["id"]))
    assert expected == set(answer["true_at"]["events"])


# --- alerts ------------------------------------------------------------------------------


def test_the_numbers_of_an_alert_are_those_of_its_newest_event_then() -> None:
    events = [event(1, "corridor_left", 5, 5), event(2, "corridor_further", 20, 40)]
    steps = [step(5, "OPEN", "NEW")]
    found = facts(events=events, alerts=[alert(5, 5)], steps=steps)
    assert only_alert(view(found, AT, AT))["numbers"] == {"n": 1}
    assert only_alert(view(found, AT))["numbers"] == {"n": 2}


def test_an_alert_whose_condition_ended_stays_open_until_a_person_has_seen_it() -> None:
    events = [event(1, "corridor_left", 5, 5), event(2, "corridor_rejoined", 20, 20)]
    steps = [step(5, "OPEN", "NEW"), step(20, "CLEAR", "NEW")]
    found = only_alert(view(facts(events=events, alerts=[alert(5, 5)], steps=steps), AT, AT))
    assert (found["state"], found["holds"], found["open"]) == ("NEW", False, True)


def test_an_alert_whose_work_is_over_is_not_open_though_its_condition_holds() -> None:
    steps = [step(5, "OPEN", "NEW"), step(25, "RESOLVE", "RESOLVED", "sari")]
    events = [event(1, "corridor_left", 5, 5)]
    found = facts(events=events, alerts=[alert(5, 5)], steps=steps)
    closed = only_alert(view(found, AT, AT))
    assert (closed["state"], closed["holds"], closed["open"]) == ("RESOLVED", None, False)
    earlier = only_alert(view(found, AT, START + 24 * MINUTE))
    assert (earlier["state"], earlier["holds"], earlier["open"]) == ("NEW", True, True)


def test_what_was_not_raised_yet_is_not_in_the_view() -> None:
    found = facts(alerts=[alert(5, 31), alert(31, 31)])
    assert view(found, AT, AT)["alerts"] == []
    assert only_alert(view(found, AT))["state"] is None


def test_shelf_escalation_assignee_and_incident_are_replayed() -> None:
    steps = [
        step(5, "OPEN", "NEW"),
        step(6, Trigger.ASSIGN, "NEW", "budi", assignee="sari"),
        step(7, Trigger.ESCALATE, "NEW"),
        step(8, Trigger.ADOPT, "NEW", note="#4"),
        step(10, Trigger.SHELVE, "NEW", "sari", until=START + 20 * MINUTE, note="dicek"),
        step(40, Trigger.RELEASE, "NEW", note="#4"),
    ]
    found = facts(events=[event(1, "corridor_left", 5, 5)], alerts=[alert(5, 5)], steps=steps)
    then = only_alert(view(found, AT, START + 15 * MINUTE))
    assert (then["assignee"], then["handled_by"], then["escalations"]) == ("sari", "sari", 1)
    assert (then["shelved_until"], then["incident"]) == (START + 20 * MINUTE, "#4")
    after = only_alert(view(found, AT, AT))
    assert (after["shelved_until"], after["incident"]) == (None, "#4")
    assert only_alert(view(found, AT, START + 5 * MINUTE))["assignee"] is None
    much_later = view(found, START + 50 * MINUTE)
    assert only_alert(much_later)["incident"] is None


# --- shipment ----------------------------------------------------------------------------


def test_the_state_by_events_goes_by_the_same_steps_as_the_database() -> None:
    history = [
        StatusFact(START, None, "SEALED"),
        StatusFact(START + 20 * MINUTE, "ARRIVED", "IN_TRANSIT"),  # what a rule wrote
        StatusFact(START + 40 * MINUTE, "IN_TRANSIT", "HELD"),  # what a person wrote
    ]
    events = [
        event(1, "shipment_departed", 5, 5),
        event(2, "shipment_arrived", 10, 10),
        event(3, "destination_left", 20, 20),
        event(4, "shipment_arrived", 50, 50),
        event(5, "shipment_departed", 55, 55, shipment_id="S-2"),
    ]

    def by(minute: float) -> str | None:
        then = START + minute * MINUTE
        happened = [e for e in events if e.event_time <= then]
        return status_by_events(history, happened, "S-1", then)

    assert [by(m) for m in (0, 5, 10, 20, 40, 60)] == [
        "SEALED", "IN_TRANSIT", "ARRIVED", "IN_TRANSIT", "HELD", "ARRIVED",
    ]  # fmt: skip
    assert status_by_events([], events, "S-1", AT) is None


# --- the document --------------------------------------------------------------------------


def test_the_document_is_json_and_the_same_each_time() -> None:
    found = facts(
        events=[event(1, "corridor_left", 5, 5)],
        alerts=[alert(5, 5)],
        steps=[step(5, "OPEN", "NEW")],
        statuses=[StatusFact(START, None, "PLANNED")],
    )
    text = canonical(document(found))
    assert text == canonical(document(found))
    assert b'"format":"kawal-evidence"' in text
