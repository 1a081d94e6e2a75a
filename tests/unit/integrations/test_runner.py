"""Pauses between tries."""

from __future__ import annotations

import pytest

from integrations.runner import LONGEST_PAUSE_S, pause_after


@pytest.mark.parametrize(("failures", "longest_s"), [(1, 1), (2, 2), (5, 16), (7, 60), (999, 60)])
def test_pauses_grow_and_are_spread_by_half(failures: int, longest_s: float) -> None:
    assert pause_after(failures, 1.0) == longest_s <= LONGEST_PAUSE_S
    assert pause_after(failures, 0.0) == longest_s / 2
