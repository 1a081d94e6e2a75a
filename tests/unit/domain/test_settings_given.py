"""Settings given one by one."""

from __future__ import annotations

import re

import pytest

from domain.settings import Rules
from domain.settings_given import GivenError, with_given


def test_only_what_is_given_changes() -> None:
    before = Rules(confirm_fixes=2)
    after = with_given(before, ["rules.corridor_margin_m=75.5", " confirm_window=5 "])
    assert after == Rules(confirm_fixes=2, corridor_margin_m=75.5, confirm_window=5)


def test_nothing_given_changes_nothing() -> None:
    assert with_given(Rules(max_speed_kmh=90), []) == Rules(max_speed_kmh=90)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("rules.max_sped_kmh=1", "did you mean rules.max_speed_kmh?"),
        ("quite_unlike_anything=1", "there is no such setting"),
        ("max_speed_kmh", "needs the form"),
        ("max_speed_kmh=fast", "rules.max_speed_kmh"),
        ("max_speed_kmh=-1", "greater than 0"),
        ("confirm_window=2", "no rule would fire"),
    ],
)
def test_what_is_wrong_is_said(given: str, told: str) -> None:
    with pytest.raises(GivenError, match=re.escape(told)):
        with_given(Rules(), [given])
