"""Explanations: every rule has one in both languages, and it says on what it was decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import Any

import pytest

from dashboard.i18n import LANGUAGES, catalogue, texts
from domain.events import MEANINGS
from domain.explanations import (
    CLEARED_BY_EVENTS,
    GROUNDS,
    AlertFact,
    Case,
    EventFact,
    explain,
)
from domain.settings import Rules
from domain.thresholds import Layer, Source, resolve
from domain.wording import Writer

AT = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULES = sorted({meaning.rule for meaning in MEANINGS.values()})
OPENING = {meaning.rule: kind for kind, meaning in MEANINGS.items() if meaning.opens}
THRESHOLDS = resolve(Rules(), [Layer(Source.SHIPMENT, {"corridor_margin_m": 150})])


def alert(rule: str, **other: Any) -> AlertFact:
    return AlertFact(
        alert_id=7, rule=rule, device_id="KWL-0001", shipment_id="SHP-1", place="Gudang Solo",
        expected="Gudang Klaten", group_id=None, tz="Asia/Jakarta", opened_at=AT,
        raised_at=AT + 2 * MINUTE, cleared_at=None, late_by_s=None, numbers={},
    )._replace(**other)  # fmt: skip


def event(kind: str, numbers: dict[str, Any] | None = None, **other: Any) -> EventFact:
    return EventFact(
        event_id=31, kind=kind, event_time=AT, decided_at=AT + MINUTE,
        recorded_at=AT + 2 * MINUTE, late_by_s=None, numbers=numbers or {}, superseded_at=None,
        rules_version=THRESHOLDS.version,
    )._replace(**other)  # fmt: skip


def told(case: Case, language: str = "en") -> list[str]:
    writer = Writer(texts(language), language, case.alert.tz)
    return [writer.write(sentence) for sentence in explain(case)]


DEVIATION = {
    "outside_m": 1272, "distance_m": 3272, "half_width_m": 2000.0, "accuracy_m": 8.0, "fixes": 3,
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_explained_in_words_of_its_own(rule: str, language: str) -> None:
    assert rule in GROUNDS
    words = catalogue(language)
    assert f"explain.{rule}" in words
    if rule in CLEARED_BY_EVENTS:
        assert f"explain.clears.{rule}" in words
    # Nothing is missing that a sentence wants, even of an event without numbers.
    for each in told(Case(alert(rule), [event(OPENING[rule])], THRESHOLDS), language):
        assert each.strip()
        assert "{" not in each
        assert not each.startswith("explain.")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", sorted(GROUNDS))
def test_what_decides_is_said(rule: str, language: str) -> None:
    """The sentences of a rule name every number and threshold that it compares."""
    words = catalogue(language)
    text = words[f"explain.{rule}"]
    named = {field for _, field, _, _ in Formatter().parse(text) if field}
    known = {*GROUNDS[rule].numbers, *GROUNDS[rule].thresholds}
    assert named <= known | {"rule", "device", "shipment", "place", "expected", "group"}
    assert set(GROUNDS[rule].numbers) <= named | {"note", "radius_m"}


def test_the_thresholds_are_those_of_the_rules() -> None:
    named = {name for grounds in GROUNDS.values() for name in grounds.thresholds}
    assert named <= set(Rules.model_fields)


def test_a_deviation_in_full() -> None:
    case = Case(alert("CORRIDOR_DEVIATION"), [event("corridor_left", DEVIATION)], THRESHOLDS)
    assert told(case) == [
        (
            "The vehicle left the corridor of its route: 1,272 m beyond its edge, 3,272 m from the"
            " line (half width 2,000 m). Outside means more than 150 m with the error circle of 8 m"
            " deducted, for at least 30 s."
        ),
        (
            "It has been so since 2024-11-26 08:00:00 WIB, made certain by the fix or report of"
            " 2024-11-26 08:01:00 WIB."
        ),
        "Shown at 2024-11-26 08:02:00 WIB; its data came in time.",
        "3 fixes agreed; 3 of the last 4 are needed.",
        "Number: outside_m = 1,272 m",
        "Number: distance_m = 3,272 m",
        "Number: half_width_m = 2,000 m",
        "Number: accuracy_m = 8 m",
        "Number: fixes = 3",
        "Threshold: corridor_margin_m = 150 m (from the shipment itself)",
        "Threshold: corridor_at_least_s = 30 s (from the settings)",
        "Threshold: confirm_fixes = 3 (from the settings)",
        "Threshold: confirm_window = 4 (from the settings)",
        "It ends when 3 of the last 4 fixes lie inside the corridor.",
        "Event 31: corridor_left at 2024-11-26 08:00:00 WIB, certain at 2024-11-26 08:01:00 WIB",
        f"Version of the rules: {THRESHOLDS.version}",
    ]


def test_what_came_late_says_how_late() -> None:
    late = alert("SOS", late_by_s=7200.0)
    lines = told(Case(late, [event("sos", {"note": "banjir"}, late_by_s=7200.0)], THRESHOLDS))
    assert "its data was 2 h under way" in lines[2]
    assert any(line.endswith("2 h late") for line in lines)
    assert any("Note: banjir" in line for line in lines)
    assert "No event ends it: the alert stays until a person resolves it." in lines


def test_what_late_data_disproved_is_said() -> None:
    gone = event("corridor_left", DEVIATION, superseded_at=AT + 9 * MINUTE)
    lines = told(Case(alert("CORRIDOR_DEVIATION", cleared_at=AT), [gone], THRESHOLDS))
    assert "Data that came late disproved it at 2024-11-26 08:09:00 WIB" in " ".join(lines)
    assert "Event 31: corridor_left at" in " ".join(lines)
    assert "disproved at" in " ".join(lines)


def test_the_current_event_decides_not_a_superseded_one() -> None:
    gone = event("corridor_left", {"outside_m": 9}, superseded_at=AT, decided_at=AT + 5 * MINUTE)
    kept = event("corridor_left", DEVIATION, event_id=32)
    assert Case(alert("CORRIDOR_DEVIATION"), [gone, kept], THRESHOLDS).deciding == kept


def test_an_unknown_rule_still_tells_its_numbers() -> None:
    lines = told(Case(alert("SOMETHING_NEW", numbers={"depth_m": 4}), [], THRESHOLDS))
    assert lines[0] == "Rule SOMETHING_NEW fired. Its numbers are below."
    assert "Number: depth_m = 4 m" in lines


def test_an_old_event_without_a_version_says_so() -> None:
    lines = told(Case(alert("JUMP"), [event("relocated")], None), "id")
    assert lines[-1].startswith("Versi aturan tidak tercatat")
    assert not any(line.startswith("Ambang") for line in lines)


def test_who_set_a_threshold_may_be_unknown() -> None:
    case = Case(alert("JUMP"), [event("relocated")], THRESHOLDS, sources_known=False)
    assert any("who set it is no longer known" in line for line in told(case))
