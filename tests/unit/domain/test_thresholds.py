"""Thresholds: what a plan may set, which value wins, and the name of a set."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.plan_faults import PlanError, parse
from domain.rule_history import RuleHistory
from domain.settings import Rules
from domain.thresholds import (
    FIXED,
    JOINT,
    SETTABLE,
    SETTABLE_ALONE,
    Layer,
    Source,
    document,
    read,
    resolve,
    sound,
    version,
)
from tests.support.plan_documents import document as plan_document

START = datetime(2024, 11, 26, tzinfo=UTC)


def refused(**sections: Any) -> dict[str, str]:
    """Faults of the small plan with other settings, by path."""
    changed = plan_document()
    changed["operation"] |= sections.get("operation", {})
    changed["shipments"][0] |= sections.get("shipment", {})
    with pytest.raises(PlanError) as caught:
        parse(json.dumps(changed), sections.get("settings"))
    return {fault.path: fault.reason for fault in caught.value.faults}


def test_the_narrower_wins_and_says_where_it_is_from() -> None:
    found = resolve(
        Rules(stop_after_s=100),
        [
            Layer(Source.OPERATION, {"stop_radius_m": 80, "unplanned_stop_s": 2000}),
            Layer(Source.LEG, {"unplanned_stop_s": 5400, "detention_s": 7200}),
            Layer(Source.LEG, {"detention_s": 9000}),
            Layer(Source.SHIPMENT, {"stop_radius_m": 90}),
        ],
    )
    rules = found.rules
    assert (rules.stop_radius_m, rules.unplanned_stop_s, rules.detention_s) == (90, 5400, 9000)
    assert rules.stop_after_s == 100
    assert [
        found.source(name) for name in ("stop_radius_m", "unplanned_stop_s", "detention_s")
    ] == [
        Source.SHIPMENT,
        Source.LEG,
        Source.LEG,
    ]
    assert found.source("stop_after_s") is Source.SETTINGS


def test_whole_numbers_stay_whole() -> None:
    rules = resolve(Rules(), [Layer(Source.OPERATION, {"confirm_fixes": 2.0})]).rules
    assert rules.confirm_fixes == 2
    assert isinstance(rules.confirm_fixes, int)


def test_what_does_not_fit_together_leaves_the_settings_and_says_why() -> None:
    base = Rules(confirm_fixes=2, confirm_window=2)
    found = resolve(base, [Layer(Source.OPERATION, {"confirm_fixes": 3})])
    assert found.rules is base
    assert found.sources == {}
    assert found.fault is not None
    assert "confirm_window" in found.fault


def test_the_same_numbers_have_the_same_version_whoever_sets_them() -> None:
    by_plan = resolve(Rules(), [Layer(Source.SHIPMENT, {"stop_after_s": 250})])
    assert by_plan.version == version(Rules(stop_after_s=250))
    assert by_plan.version == version(Rules(stop_after_s=250.0))
    assert by_plan.version != version(Rules())
    assert len(by_plan.version) == 12
    assert int(by_plan.version, 16) >= 0


@pytest.mark.parametrize("name", list(Rules.model_fields))
def test_every_threshold_is_in_the_version(name: str) -> None:
    changed = Rules().model_copy(update={name: getattr(Rules(), name) + 1})
    assert version(changed) != version(Rules())


def test_the_version_rises_with_the_logic(monkeypatch: pytest.MonkeyPatch) -> None:
    before = version.__wrapped__(Rules())
    monkeypatch.setattr("domain.thresholds.LOGIC", 1_000_000)
    assert version.__wrapped__(Rules()) != before


@given(st.floats(1, 1e6), st.integers(1, 3))
def test_what_is_kept_is_read_again(seconds: float, fixes: int) -> None:
    rules = Rules(stop_after_s=seconds, confirm_fixes=fixes)
    kept = json.loads(json.dumps({"logic": 1, **document(rules)}))
    assert read(kept) == rules
    assert version(read(kept)) == version(rules)


def test_of_another_release_what_is_known_counts() -> None:
    assert read({"stop_after_s": 9, "long_gone": 3}) == Rules(stop_after_s=9)


def test_a_threshold_is_settable_or_there_is_a_reason() -> None:
    assert {*SETTABLE, *FIXED} == set(Rules.model_fields)
    assert {*SETTABLE_ALONE, *JOINT} == set(SETTABLE)
    assert not set(SETTABLE) & set(FIXED)
    assert all(FIXED.values())
    assert all(JOINT.values())


@pytest.mark.parametrize("name", sorted(FIXED))
def test_what_is_for_all_devices_cannot_be_set_in_a_plan(name: str) -> None:
    value = getattr(Rules(), name)
    with pytest.raises(ValidationError):
        sound({name: value})
    faults = refused(shipment={"rules": {name: value}})
    assert faults[f"shipments[0].rules.{name}"].endswith(FIXED[name])


@pytest.mark.parametrize("name", sorted(JOINT))
def test_what_is_for_several_shipments_is_for_the_whole_operation(name: str) -> None:
    value = getattr(Rules(), name)
    faults = refused(shipment={"rules": {name: value}})
    assert faults[f"shipments[0].rules.{name}"].startswith("can be set for the whole operation")
    changed = plan_document()
    changed["operation"]["rules"] = {name: value + 1}
    found = RuleHistory.constant(Rules(), parse(json.dumps(changed))).base(START)
    assert getattr(found.rules, name) == value + 1
    assert found.source(name) is Source.OPERATION


def test_refusals_name_the_field_and_the_reason() -> None:
    assert refused(shipment={"rules": {"confirm_fixez": 3}}) == {
        "shipments[0].rules.confirm_fixez": "is no threshold of the rules: did you mean"
        " confirm_fixes?"
    }
    assert refused(operation={"rules": {"confirm_fixes": 2.5}}) == {
        "operation.rules.confirm_fixes": "must be a whole number, not 2.5"
    }
    legs = [{"modes": ["SHIP"], "rules": {"stop_after_s": -1}}]
    assert refused(operation={"leg_rules": legs}) == {
        "operation.leg_rules[0].rules.stop_after_s": "must be greater than 0, not -1.0"
    }


MISFIT = "confirm_fixes must not be more than confirm_window: no rule would fire"


def test_a_combination_that_cannot_be_is_refused_where_it_comes_about() -> None:
    assert refused(operation={"rules": {"confirm_window": 2}}) == {
        "operation.rules.confirm_window": MISFIT
    }
    legs = [{"modes": ["SHIP"], "rules": {"confirm_fixes": 9}}]
    assert refused(operation={"leg_rules": legs}) == {
        "operation.leg_rules[0].rules.confirm_fixes": MISFIT
    }
    wide = {"rules": {"confirm_window": 8}, "leg_rules": [{"rules": {"confirm_window": 5}}]}
    assert refused(operation=wide, shipment={"rules": {"confirm_fixes": 6}}) == {
        "shipments[0].rules.confirm_fixes": MISFIT
    }


def test_a_combination_is_judged_over_the_settings_of_the_site() -> None:
    changed = plan_document()
    changed["shipments"][0]["rules"] = {"confirm_fixes": 6}
    parse(json.dumps(changed), Rules(confirm_window=6))
    assert refused(shipment={"rules": {"confirm_fixes": 6}}) == {
        "shipments[0].rules.confirm_fixes": MISFIT
    }
