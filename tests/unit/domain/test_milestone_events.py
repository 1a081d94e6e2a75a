"""What is told of milestones, and told once."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from domain.milestone_events import tell
from domain.milestones import NOTHING, Goal, Milestone, Progress, Schedule, milestones
from domain.regions import zone
from domain.settings import Milestones, Reconciliation

MERAUKE = "93.01"
SCHEDULE = Schedule(date(2024, 11, 27), Milestones(), Reconciliation())
DEADLINE = SCHEDULE.deadlines(zone(MERAUKE))[Goal.STATION]
H = timedelta(hours=1)


def at_station(boxes: int, now: datetime, goal: Goal = Goal.STATION) -> Milestone:
    here = Progress(100, 100, 100, 100, boxes, 0)
    judged = milestones(here, NOTHING, SCHEDULE, zone(MERAUKE), is_3t=False, now=now)
    return next(each for each in judged if each.goal is goal)


def test_a_warning_before_and_a_miss_after() -> None:
    warned = tell(MERAUKE, at_station(90, DEADLINE - H), None, None, DEADLINE - H)
    assert warned is not None
    assert (warned.kind, warned.event_time) == ("milestone_at_risk", DEADLINE - H)
    later = DEADLINE + H
    missed = tell(MERAUKE, at_station(90, later), warned.kind, warned.event_time, later)
    assert missed is not None
    assert (missed.kind, missed.event_time) == ("milestone_missed", DEADLINE)
    # The same work for a person, from the warning on.
    assert missed.alert_key == warned.alert_key == "MILESTONE/93.01/H-1/-"
    assert missed.key != warned.key


def test_the_numbers_are_those_that_decided() -> None:
    event = tell(MERAUKE, at_station(90, DEADLINE), None, None, DEADLINE)
    assert event is not None
    assert event.numbers == {
        "region": "Kabupaten Merauke",
        "milestone": "H-1",
        "deadline": "2024-11-26T09:00:00Z",  # 18:00 WIT
        "target_pct": 100.0,
        "reached_pct": 90.0,
        "forecast_pct": 90.0,
        "boxes": 100,
        "missing": 10,
        "region_code": "93.01",
        "tz": "Asia/Jayapura",
    }


@pytest.mark.parametrize(
    ("boxes", "after", "last", "kind"),
    [
        (90, -H, "milestone_at_risk", None),
        (90, H, "milestone_missed", None),
        (100, -H, "milestone_at_risk", "milestone_reached"),
        (100, H, "milestone_missed", "milestone_reached"),
        (90, -30 * H, "milestone_at_risk", "milestone_on_track"),
        (90, -H, "milestone_on_track", "milestone_at_risk"),
        (90, H, "milestone_reached", "milestone_missed"),
        (100, -H, None, None),
        (100, H, "milestone_reached", None),
        (90, -30 * H, None, None),
    ],
)
def test_only_what_is_news(
    boxes: int, after: timedelta, last: str | None, kind: str | None
) -> None:
    now = DEADLINE + after
    event = tell(MERAUKE, at_station(boxes, now), last, now - H if last else None, now)
    assert (event.kind if event else None) == kind


def test_what_is_missed_again_is_another_event() -> None:
    reached_at, now = DEADLINE + H, DEADLINE + 2 * H
    event = tell(MERAUKE, at_station(90, now), "milestone_reached", reached_at, now)
    assert event is not None
    assert event.event_time == now


def test_the_return_rings_nobody() -> None:
    now = SCHEDULE.deadlines(zone(MERAUKE))[Goal.RETURN] + H
    assert tell(MERAUKE, at_station(90, now, Goal.RETURN), None, None, now) is None
