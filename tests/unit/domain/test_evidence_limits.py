"""What a bundle cannot say is said, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.evidence_limits import Circumstances, limits

START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PLAIN = Circumstances(
    since=START,
    known_at=START + DAY,
    kept_since=START - DAY,
    oldest_fix=START,
    history_since=START - DAY,
    first_status=START - DAY,
    devices=1,
    fixes=10,
    decided_by_rules=3,
    without_rules_version=0,
    flagged_not_listed=0,
)
ALWAYS = ["commit_delay", "device_clock", "plan_at_work"]


def codes(seen: Circumstances) -> list[str]:
    return [limit["code"] for limit in limits(seen)][len(ALWAYS) :]


def test_what_holds_always_is_said_always() -> None:
    found = limits(PLAIN)
    assert [limit["code"] for limit in found] == ALWAYS
    assert all(limit["id"] and limit["en"] and limit["id"] != limit["en"] for limit in found)


def test_what_holds_for_this_question_is_said_then() -> None:
    assert codes(PLAIN._replace(devices=0)) == ["no_device"]
    assert codes(PLAIN._replace(kept_since=START + DAY)) == ["retention"]
    assert codes(PLAIN._replace(fixes=0)) == ["fixes_gone"]
    assert codes(PLAIN._replace(fixes=0, decided_by_rules=0)) == []
    assert codes(PLAIN._replace(flagged_not_listed=4)) == ["flagged_not_listed"]
    assert codes(PLAIN._replace(history_since=START + 2 * DAY)) == ["history"]
    assert codes(PLAIN._replace(first_status=START + 2 * DAY)) == ["no_status"]
    assert codes(PLAIN._replace(without_rules_version=2)) == ["no_rules_version"]


def test_the_oldest_fix_that_is_still_here_is_named() -> None:
    found = limits(PLAIN._replace(kept_since=START + DAY))[-1]
    assert "2024-11-27 01:00:00 UTC" in found["en"]
    assert found["en"].endswith("still here: 2024-11-26 01:00:00 UTC.")
    none = limits(PLAIN._replace(kept_since=START + DAY, oldest_fix=None))[-1]
    assert none["en"].endswith("still here: -.")
