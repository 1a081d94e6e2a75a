"""Silence: how long is too long, and what is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.alerts import Severity
from domain.blankspots import Hold
from domain.events import Origin
from domain.journeys import Journey
from domain.settings import Rules
from domain.silence import (
    is_silent,
    missing_since,
    never_heard,
    silence,
    silence_ended,
    silence_held,
    silent_after,
)

NOW = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
JOURNEY = Journey("SHP-1", "TRUCK", "FROM", "TO", None, 0.0)


@pytest.mark.parametrize(
    ("interval_s", "rules", "seconds"),
    [
        (30, Rules(), 90),
        (1, Rules(), 10),
        (1, Rules(silence_at_least_s=0, silence_grace_s=0), 2),
        (600, Rules(), 1230),
        (30, Rules(silence_intervals=1.5), 75),
        (0.5, Rules(silence_at_least_s=0), 1.5),
    ],
)
def test_after_so_many_intervals_but_never_before_the_least(
    interval_s: float, rules: Rules, seconds: float
) -> None:
    limit = timedelta(seconds=seconds)
    assert silent_after(interval_s, rules) == limit
    assert not is_silent(NOW - limit, interval_s, NOW, rules)
    assert is_silent(NOW - limit - timedelta(microseconds=1), interval_s, NOW, rules)


def test_who_was_heard_in_the_future_is_not_silent() -> None:
    assert not is_silent(NOW + timedelta(hours=1), 30, NOW, Rules())


def test_the_event_is_of_the_last_word_and_opens_an_alert() -> None:
    heard_at = NOW - timedelta(seconds=95.4)
    event = silence("KWL-0001", JOURNEY, heard_at, 30.0, NOW)
    assert (event.origin, event.event_time, event.decided_at) == (Origin.WATCH, heard_at, NOW)
    assert event.numbers == {"silent_s": 95, "interval_s": 30.0}
    assert event.meaning is not None
    assert (event.meaning.opens, event.meaning.severity) == (True, Severity.MEDIUM)
    assert event.alert_key == "SILENCE/SHP-1/KWL-0001/-"


@pytest.mark.parametrize("shipment_id", ["SHP-1", None])
def test_its_end_ends_the_same_alert(shipment_id: str | None) -> None:
    journey = JOURNEY._replace(shipment_id=shipment_id) if shipment_id else None
    event = silence_ended("KWL-0001", shipment_id, NOW)
    assert event.meaning is not None
    assert not event.meaning.opens
    assert (event.event_time, event.decided_at) == (NOW, NOW)
    if journey:
        assert event.alert_key == silence("KWL-0001", journey, NOW, 30, NOW).alert_key


def test_held_it_is_a_fact_alone_with_the_exit_that_is_expected() -> None:
    heard_at, exit_at = NOW - timedelta(seconds=95), NOW + timedelta(hours=1)
    held = Hold("SHP-1", exit_at, 12_340.0, 20_000.0)
    event = silence_held("KWL-0001", JOURNEY, heard_at, 30.0, NOW, held=held)
    assert event.meaning is None
    assert event.numbers == {
        "silent_s": 95, "interval_s": 30.0, "expected_exit": "2024-11-26T02:00:00+00:00",
        "from_km": 12.3, "to_km": 20.0,
    }  # fmt: skip
    later = silence("KWL-0001", JOURNEY, heard_at, 30.0, exit_at + timedelta(hours=1), held=held)
    assert later.numbers["expected_exit"] == event.numbers["expected_exit"]
    assert later.alert_key == "SILENCE/SHP-1/KWL-0001/-"


@pytest.mark.parametrize(
    ("heard_h", "departure_h", "since_h"),
    [
        (None, None, 0), (None, 5, 5), (None, -5, 0), (-1, 5, 5), (0, 5, None), (1, 5, None)
    ],
)  # fmt: skip
def test_missing_is_who_was_not_heard_since_the_assignment(
    heard_h: float | None, departure_h: float | None, since_h: float | None
) -> None:
    def at(hours: float | None) -> datetime | None:
        return None if hours is None else NOW + timedelta(hours=hours)

    journey = JOURNEY._replace(planned_departure=at(departure_h))
    assert missing_since(journey, NOW, at(heard_h)) == at(since_h)


def test_never_heard_opens_the_alert_that_being_heard_ends() -> None:
    event = never_heard("KWL-0001", JOURNEY, NOW - timedelta(hours=2), 30.0, NOW)
    assert event.numbers["since"] == "2024-11-25T23:00:00+00:00"
    assert event.numbers["silent_s"] == 7200
    assert event.alert_key == silence_ended("KWL-0001", "SHP-1", NOW).alert_key
