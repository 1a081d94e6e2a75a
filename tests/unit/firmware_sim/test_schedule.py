"""When recorded fixes are sent, and as of when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firmware_sim.schedule import schedule
from firmware_sim.track_fix import TrackFix

NOW = datetime(2026, 1, 1, tzinfo=UTC)
THEN = datetime(2008, 12, 11, tzinfo=UTC)
FIXES = [
    TrackFix("A", THEN + timedelta(seconds=s), -7.0, 110.0, 10.0) for s in (0, 10, 70, 100_000)
]


def planned(**options: Any) -> list[tuple[float, float]]:
    """(stamp after NOW, sending after the start) in seconds."""
    return [
        ((plan.fix_time - NOW).total_seconds(), plan.send_after_s)
        for plan in schedule(FIXES, NOW, **options)
    ]


def test_as_now_each_fix_is_stamped_when_it_is_sent() -> None:
    assert planned(speed=10) == [(0, 0), (1, 1), (7, 7), (10_000, 10_000)]


def test_as_fast_as_possible_nothing_lies_in_the_future() -> None:
    assert planned(speed=0) == [(-100_000, 0), (-99_990, 0), (-99_930, 0), (0, 0)]


def test_recorded_times_stay() -> None:
    for speed in (0, 10):
        plan = schedule(FIXES, NOW, speed=speed, stamp_as="recorded")
        assert [p.fix_time for p in plan] == [fix.fix_time for fix in FIXES]
    assert [after for _, after in planned(speed=10, stamp_as="recorded")] == [0, 1, 7, 10_000]


def test_long_gaps_can_be_shortened() -> None:
    assert planned(speed=10, longest_gap_s=30) == [(0, 0), (1, 1), (4, 4), (7, 7)]
    assert planned(speed=0, longest_gap_s=30) == [(-70, 0), (-60, 0), (-30, 0), (0, 0)]


def test_no_fixes_no_plan() -> None:
    assert schedule([], NOW) == []


@pytest.mark.parametrize(
    ("options", "field"), [({"speed": -1}, "speed"), ({"longest_gap_s": 0}, "longest_gap_s")]
)
def test_bad_options_are_refused(options: dict[str, float], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: must be"):
        planned(**options)
