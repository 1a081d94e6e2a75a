"""Silence: how long is too long, and what is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.alerts import Severity
from domain.events import Origin
from domain.settings import Rules
from domain.silence import is_silent, silence, silence_ended, silent_after
from domain.states import Journey

NOW = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
JOURNEY = Journey("SHP-1", "TRUCK", "FROM", "TO", None, 0.0)


@pytest.mark.parametrize(
    ("interval_s", "rules", "seconds"),
    [
        (30, Rules(), 90),
        (1, Rules(), 10),
        (1, Rules(silence_at_least_s=0), 3),
        (30, Rules(silence_intervals=1.5), 45),
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
