"""Events: recorded once, superseded where later data disproves them, never erased."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from db import events, rule_sets
from db.pool import Connection
from domain.events import Event, Origin
from domain.settings import Rules
from tests.integration.db.support import START

MINUTE = timedelta(minutes=1)
END = START + timedelta(days=1)


def event(kind: str, minute: float, *, decided: float | None = None, **other: Any) -> Event:
    """An event of `minute`, decided then or at `decided`."""
    return replace(
        Event(
            kind=kind,
            origin=Origin.RULE,
            device_id="KWL-0001",
            event_time=START + minute * MINUTE,
            decided_at=START + (minute if decided is None else decided) * MINUTE,
            shipment_id="SHP-1",
        ),
        **other,
    )


def rows(connection: Connection) -> list[tuple[str, bool]]:
    """(kind, superseded) of all events in the order of their time."""
    return [
        (row["kind"], row["superseded_at"] is not None)
        for row in events.export(connection, START, END)
    ]


def test_a_fact_is_recorded_once(connection: Connection) -> None:
    left = event("corridor_left", 1)
    (recorded,) = events.record(connection, [left])
    assert recorded.event == left
    assert events.record(connection, [left, replace(left, decided_at=END)]) == []
    assert rows(connection) == [("corridor_left", False)]


def test_every_field_is_kept(connection: Connection) -> None:
    full = event(
        "wrong_destination", 1, decided=3, facility_id="OTHER", late_by_s=190.5, lat_deg=-7.0,
        lon_deg=110.5, numbers={"expected": "TO", "standing_s": 121.0, "none": None},
        rules_version="abc",
    )  # fmt: skip
    rule_sets.put(connection, {"abc": Rules()}, ["abc"])
    (recorded,) = events.record(connection, [full])
    (row,) = events.export(connection, START, END)
    recorded_at = row.pop("recorded_at")
    assert recorded_at > START
    assert row == {
        "event_id": recorded.event_id,
        "kind": "wrong_destination",
        "origin": "RULE",
        "device_id": "KWL-0001",
        "shipment_id": "SHP-1",
        "facility_id": "OTHER",
        "event_time": START + MINUTE,
        "decided_at": START + 3 * MINUTE,
        "late_by_s": 190.5,
        "lat_deg": -7.0,
        "lon_deg": 110.5,
        "detail": {"expected": "TO", "standing_s": 121.0, "none": None},
        "rules_version": "abc",
        "superseded_at": None,
    }


def test_a_new_fold_supersedes_what_it_does_not_find_and_adds_what_is_new(
    connection: Connection,
) -> None:
    departed, left, back = (
        event("shipment_departed", 1), event("corridor_left", 5), event("corridor_rejoined", 9),
    )  # fmt: skip
    events.record(connection, [departed, left, back])
    later = event("corridor_left", 6)
    found, disproved = events.reconcile(connection, "KWL-0001", START + 2 * MINUTE, [later, back])
    assert [recorded.event for recorded in found] == [later]
    assert disproved == {left.alert_key}
    assert rows(connection) == [
        ("shipment_departed", False),
        ("corridor_left", True),
        ("corridor_left", False),
        ("corridor_rejoined", False),
    ]


def test_the_same_fold_again_changes_nothing(connection: Connection) -> None:
    found = [event("corridor_left", 5), event("fence_entered", 6, facility_id="TO")]
    events.record(connection, found)
    for _ in range(2):
        assert events.reconcile(connection, "KWL-0001", START, found) == ([], set())


def test_a_fact_that_was_superseded_may_become_true_again(connection: Connection) -> None:
    left = event("corridor_left", 5)
    events.record(connection, [left])
    events.reconcile(connection, "KWL-0001", START, [])
    ((recorded, *_), disproved) = events.reconcile(connection, "KWL-0001", START, [left])
    assert (recorded.event, disproved) == (left, set())
    assert rows(connection) == [("corridor_left", True), ("corridor_left", False)]


def test_what_the_fold_cannot_know_is_left_alone(connection: Connection) -> None:
    """What was decided before it began, what the watch saw, and what is of others."""
    kept = [
        event("corridor_left", 1, decided=3),
        event("silence", 4, origin=Origin.WATCH),
        event("corridor_left", 4, device_id="KWL-0002"),
    ]
    events.record(connection, kept)
    assert events.reconcile(connection, "KWL-0001", START + 3 * MINUTE, []) == ([], set())
    assert [superseded for _, superseded in rows(connection)] == [False] * 3


def test_an_event_whose_alert_changed_with_its_shipment_is_another(
    connection: Connection,
) -> None:
    """The plan put the device on another shipment: the same crossing is another alert."""
    left = event("corridor_left", 5)
    events.record(connection, [left])
    moved = replace(left, shipment_id="SHP-2")
    ((recorded, *_), disproved) = events.reconcile(connection, "KWL-0001", START, [moved])
    assert (recorded.event, disproved) == (moved, {left.alert_key})


def test_facts_without_an_alert_are_disproved_quietly(connection: Connection) -> None:
    events.record(connection, [event("fence_entered", 5, facility_id="TO")])
    assert events.reconcile(connection, "KWL-0001", START, []) == ([], set())
    assert rows(connection) == [("fence_entered", True)]


def test_the_newest_of_an_alert_is_the_last_decided_that_still_holds(
    connection: Connection,
) -> None:
    left, further, back = (
        event("corridor_left", 1, decided=3), event("corridor_further", 4),
        event("corridor_rejoined", 2, decided=6),
    )  # fmt: skip
    key = left.alert_key or ""
    assert events.newest_of_alert(connection, key) is None
    events.record(connection, [back, left, further])
    newest = events.newest_of_alert(connection, key)
    assert newest is not None
    assert newest[1:] == ("corridor_rejoined", START + 2 * MINUTE)
    events.reconcile(connection, "KWL-0001", START, [left, further])
    newest = events.newest_of_alert(connection, key)
    assert newest is not None
    assert newest[1:] == ("corridor_further", START + 4 * MINUTE)


def test_export_is_by_time_within_the_bounds_and_of_whom_one_asks(
    connection: Connection,
) -> None:
    events.record(
        connection,
        [
            event("sos", 3, device_id="KWL-0002"),
            event("tamper", 2, shipment_id="SHP-2"),
            event("light", 1),
            event("boot", 4, shipment_id=None),
        ],
    )

    def kinds(*of: str | None) -> list[str]:
        found = events.export(connection, START + MINUTE, START + 4 * MINUTE, *of)
        return [row["kind"] for row in found]

    assert kinds() == ["light", "tamper", "sos"]
    assert kinds("KWL-0001") == ["light", "tamper"]
    assert kinds(None, "SHP-1") == ["light", "sos"]
    assert kinds("KWL-0001", "SHP-2") == ["tamper"]
