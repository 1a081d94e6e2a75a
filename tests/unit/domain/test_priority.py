"""How loud an alert may be: by one table, one clock and one window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alerts import Severity, StepFaultError
from domain.priority import (
    HIGHEST_LEVEL,
    LOWERINGS,
    Standing,
    check_shelf,
    in_flood,
    is_loud,
    is_recurrence,
    next_escalation,
    priority,
    raised_lately,
)
from domain.settings import Alerts

NOW = datetime(2024, 11, 26, 19, 30, tzinfo=UTC)
ALERTS = Alerts()
SECOND = timedelta(seconds=1)
CRITICAL, HIGH, MEDIUM, LOW = Severity


def standing(severity: Severity, *names: str) -> Standing:
    lowered: dict[str, Any] = dict.fromkeys(names, True)
    return Standing(severity)._replace(**lowered)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), [1, 2, 3, 4]),
        (("is_late",), [1, 3, 4, 4]),
        (("is_quiet",), [1, 3, 4, 4]),
        (("is_late", "is_quiet"), [1, 3, 4, 4]),
        (("is_child",), [4, 4, 4, 4]),
        (("is_shelved",), [4, 4, 4, 4]),
    ],
)
def test_priority_is_the_severity_lowered_for_what_is_no_news(
    names: tuple[str, ...], expected: list[int]
) -> None:
    assert [priority(standing(severity, *names)) for severity in Severity] == expected


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("name", LOWERINGS)
def test_what_lowers_an_alert_also_keeps_it_silent(severity: Severity, name: str) -> None:
    spared = severity is CRITICAL and LOWERINGS[name].spares_critical
    assert is_loud(standing(severity)) is True
    assert is_loud(standing(severity, name)) is spared


# --- escalation ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "level", "seconds"),
    [
        (CRITICAL, 0, 120),
        (CRITICAL, 1, 240),
        (CRITICAL, 2, 480),
        (HIGH, 0, 600),
        (HIGH, 2, 2400),
        (MEDIUM, 0, 3600),
    ],
)
def test_each_period_is_twice_the_one_before(severity: Severity, level: int, seconds: int) -> None:
    due_at = next_escalation(standing(severity), level, NOW, ALERTS)
    assert due_at == NOW + seconds * SECOND


def test_it_ends_at_the_highest_level_and_never_begins_where_the_period_is_none() -> None:
    assert next_escalation(standing(CRITICAL), HIGHEST_LEVEL, NOW, ALERTS) is None
    assert next_escalation(standing(LOW), 0, NOW, ALERTS) is None
    never = Alerts(escalate_critical_s=0)
    assert next_escalation(standing(CRITICAL), 0, NOW, never) is None


@pytest.mark.parametrize("name", LOWERINGS)
def test_only_what_is_loud_escalates(name: str) -> None:
    assert next_escalation(standing(HIGH, name), 0, NOW, ALERTS) is None
    late_critical = next_escalation(standing(CRITICAL, "is_late"), 0, NOW, ALERTS)
    assert late_critical == NOW + 120 * SECOND


# --- cooldown -----------------------------------------------------------------------------


def test_again_within_the_cooldown_of_the_end_of_its_condition() -> None:
    def again(after_s: float) -> bool:
        return is_recurrence(NOW + after_s * SECOND, NOW, None, NOW, ALERTS)

    assert again(0)
    assert again(600)
    assert not again(601)
    assert not again(-1)  # late news of an earlier time is no return


def test_what_a_person_closed_while_it_held_counts_by_the_clock() -> None:
    opened_at = NOW - timedelta(days=400)
    assert is_recurrence(opened_at, None, NOW, NOW + 600 * SECOND, ALERTS)
    assert not is_recurrence(opened_at, None, NOW, NOW + 601 * SECOND, ALERTS)


def test_to_close_what_was_over_begins_no_cooldown() -> None:
    """Tidying the list at three must not quieten what begins at five past three."""
    ended_at = NOW - timedelta(hours=2)
    assert not is_recurrence(NOW + 300 * SECOND, ended_at, NOW, NOW + 300 * SECOND, ALERTS)


def test_the_first_of_its_kind_is_no_recurrence() -> None:
    assert not is_recurrence(NOW, None, None, NOW, ALERTS)


# --- flood --------------------------------------------------------------------------------


def raised(*seconds_ago: float) -> list[datetime]:
    return [NOW - s * SECOND for s in seconds_ago]


def test_a_flood_is_more_than_the_limit_in_the_window() -> None:
    ten = raised(*range(10))
    assert not in_flood(ten, NOW, ALERTS)
    assert in_flood([*ten, NOW], NOW, ALERTS)
    assert not in_flood([*ten, NOW - 600 * SECOND], NOW, ALERTS)
    assert not in_flood([*ten, NOW + SECOND], NOW, ALERTS)


def test_a_flood_lasts_until_the_rate_has_halved() -> None:
    assert in_flood(raised(*range(6)), NOW, ALERTS, already=True)
    assert not in_flood(raised(*range(5)), NOW, ALERTS, already=True)


@given(st.lists(st.floats(0, 7200), max_size=150))
def test_a_flood_does_not_depend_on_the_order_and_is_over_in_time(ages: list[float]) -> None:
    times = raised(*ages)
    assert in_flood(times, NOW, ALERTS) == in_flood(reversed(times), NOW, ALERTS)
    assert raised_lately(times, NOW, ALERTS) <= len(times)
    later = NOW + timedelta(seconds=ALERTS.flood_window_s)
    assert not in_flood(times, later, ALERTS, already=True)


# --- shelf --------------------------------------------------------------------------------


def test_a_shelf_has_a_reason_and_an_end() -> None:
    hour = timedelta(hours=1)
    assert check_shelf(" uji ", NOW + 12 * hour, NOW, ALERTS) == "uji"
    for reason, until, words in (
        (" ", NOW + hour, "reason: must not be empty"),
        (None, NOW + hour, "reason: must not be empty"),
        ("uji", NOW, "until: must be in the future"),
        ("uji", NOW + 12 * hour + SECOND, "until: at most 12 hours from now"),
    ):
        with pytest.raises(StepFaultError, match=words) as fault:
            check_shelf(reason, until, NOW, ALERTS)
        assert fault.value.field == words.partition(":")[0]
