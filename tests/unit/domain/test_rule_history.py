"""Rule history: which thresholds were in force when, for which leg of which shipment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.chart import chart
from domain.journeys import Journey
from domain.plan import Plan
from domain.plan_words import Direction, Mode
from domain.positions import Position
from domain.rule_history import PlanChange, RuleHistory, SettingsChange, overrides
from domain.settings import Rules
from domain.thresholds import version
from tests.support.plan_documents import document, read

START = datetime(2024, 11, 25, tzinfo=UTC)
DAY = timedelta(days=1)


def fix(lat_deg: float, lon_deg: float) -> Position:
    return Position(
        "KWL-0001", START + DAY, 1, 1, START + DAY, lat_deg, lon_deg, None, None, None, 8.0, None,
        None, None, None, False, 0, False, "wire", 0,
    )  # fmt: skip


def plan(operation: dict[str, Any] | None = None, **shipment: Any) -> Plan:
    changed = document()
    changed["operation"] |= operation or {}
    changed["shipments"][0] |= shipment
    return read(changed)


BY_LEG = {
    "rules": {"unplanned_stop_s": 1000},
    "leg_rules": [
        {"modes": ["SHIP", "BOAT"], "rules": {"unplanned_stop_s": 5400}},
        {"direction": "RETURN", "rules": {"detention_s": 99}},
    ],
}


@pytest.mark.parametrize(
    ("mode", "direction", "stop_s", "detention_s"),
    [
        (Mode.TRUCK, Direction.DISTRIBUTION, 1000, Rules().detention_s),
        (Mode.BOAT, Direction.DISTRIBUTION, 5400, Rules().detention_s),
        (Mode.TRUCK, Direction.RETURN, 1000, 99),
        (Mode.SHIP, Direction.RETURN, 5400, 99),
    ],
)
def test_a_leg_rule_is_for_its_modes_and_direction(
    mode: Mode, direction: Direction, stop_s: float, detention_s: float
) -> None:
    history = RuleHistory.constant(Rules(), plan(BY_LEG))
    rules = history.thresholds(START, mode, direction, "S-1").rules
    assert (rules.unplanned_stop_s, rules.detention_s) == (stop_s, detention_s)


def test_each_time_has_the_rules_of_then_and_the_first_hold_before_it() -> None:
    first, second = Rules(stop_after_s=100), Rules(stop_after_s=200)
    said = overrides(plan(rules={"detention_s": 50}))
    history = RuleHistory(
        [SettingsChange(START + DAY, second), SettingsChange(START, first)],
        [PlanChange(START + 2 * DAY, said)],
    )
    found = [
        history.thresholds(START + n * DAY, Mode.TRUCK, Direction.DISTRIBUTION, "S-1").rules
        for n in (-9, 0, 1, 2)
    ]
    assert [(rules.stop_after_s, rules.detention_s) for rules in found] == [
        (100, 50),
        (100, 50),
        (200, 50),
        (200, 50),
    ]
    assert history.base(START + DAY / 2).version == version(first)
    assert history.times(START - DAY, None) == [START + DAY]


def test_equal_thresholds_are_one_object() -> None:
    history = RuleHistory.constant(Rules(), plan({"rules": {"detention_s": 50}}))
    one = history.thresholds(START, Mode.TRUCK, Direction.RETURN, "S-1").rules
    other = history.thresholds(START + DAY, Mode.HORSE, Direction.DISTRIBUTION, "S-2").rules
    assert one is other


def test_an_assignment_is_cut_where_its_rules_change_and_nowhere_else() -> None:
    said = plan(rules={"stop_after_s": 7})
    history = RuleHistory(
        [
            SettingsChange(START - DAY, Rules(detention_s=1)),
            SettingsChange(START + DAY, Rules(detention_s=2)),
            SettingsChange(START + 2 * DAY, Rules(detention_s=2, stop_after_s=8)),
        ],
        [PlanChange(START - DAY, overrides(said))],
    )
    survey = chart(said, Rules(), history)
    found = [survey.journey("KWL-0001", START + n * DAY) for n in range(4)]
    assert all(journey is not None for journey in found)
    assert [journey.rules.detention_s for journey in found if journey and journey.rules] == [
        1, 2, 2, 2,
    ]  # fmt: skip
    assert found[1] is found[3]
    assert {journey.shipment_id for journey in found if journey} == {"S-1"}


def test_every_version_that_an_event_can_name_is_known() -> None:
    said = plan(rules={"stop_after_s": 7})
    history = RuleHistory(
        [SettingsChange(START - DAY, Rules()), SettingsChange(START + DAY, Rules(detention_s=2))],
        [PlanChange(START - DAY, overrides(said))],
    )
    sets = chart(said, Rules(), history).rule_sets
    assert {(rules.stop_after_s, rules.detention_s) for rules in sets.values()} == {
        (Rules().stop_after_s, Rules().detention_s),
        (Rules().stop_after_s, 2),
        (7, Rules().detention_s),
        (7, 2),
    }
    assert all(version(rules) == name for name, rules in sets.items())


def test_a_journey_over_several_legs_has_the_rules_of_the_leg_it_is_on() -> None:
    truck, ship = (Journey("S", mode, "A", "B", "R", 9.0) for mode in ("TRUCK", "SHIP"))
    journey = truck._replace(legs=((1000.0, truck), (5000.0, ship)))
    assert [journey.at(metres) for metres in (0.0, 999.0, 1000.0, 4000.0, 9000.0)] == [
        truck, truck, ship, ship, ship,
    ]  # fmt: skip
    assert journey.at(None) is journey


def test_a_history_begins_with_settings() -> None:
    with pytest.raises(ValueError, match="begins with"):
        RuleHistory([])


def test_a_margin_that_a_leg_widens_is_within_reach() -> None:
    """A fence out of reach would count as left."""
    said = plan({"leg_rules": [{"modes": ["TRUCK"], "rules": {"fence_margin_m": 3000}}]})
    survey = chart(said, Rules())
    place = said.facilities[0]
    near = fix(place.lat_deg + 0.02, place.lon_deg)  # 2.2 km off
    [seen] = survey.observe([near])
    assert place.id in {name for name, _ in seen.fences}
