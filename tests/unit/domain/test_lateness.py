"""Expected late: only when even the early end of the band is, and told once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from domain.events import Event
from domain.positions import Position
from tests.support.roads import START, Road, drive, fix, plan, run, steps

ROAD = Road([(0, 0), (100_000, 0)])
KINDS = ("late_arrival_expected", "on_time_again", "arrived_late")


def paced(from_m: float, to_m: float, hours_a_100_km: float, start_s: float = 0) -> list[Position]:
    every_s = 400 / 100_000 * hours_a_100_km * 3600
    return drive(ROAD, steps(from_m, to_m), every_s=every_s, start_s=start_s)


def lateness(positions: list[Position], hours: float = 10.0) -> list[Event]:
    _, events = run(plan(ROAD.vertices, hours=hours), positions)
    return [event for event in events if event.kind in KINDS]


def test_at_the_plans_pace_or_a_little_slower_nobody_is_called() -> None:
    assert lateness(paced(0, 99_000, 10)) == []
    assert lateness(paced(0, 99_000, 10.9)) == []


def test_much_slower_is_told_once_with_times_and_before_the_planned_arrival() -> None:
    (found,) = lateness(paced(0, 90_000, 20))
    assert found.kind == "late_arrival_expected"
    assert found.event_time < START + timedelta(hours=10)
    assert found.numbers["planned"] == "2024-11-26T10:00:00Z"
    eta = datetime.fromisoformat(str(found.numbers["eta"]))
    assert START + timedelta(hours=13) < eta < START + timedelta(hours=24)
    assert found.numbers["late_s"] == pytest.approx((eta - START).total_seconds() - 36_000, abs=1)
    assert found.alert_key is not None


def test_who_makes_up_for_it_is_on_time_again() -> None:
    slow = paced(0, 45_000, 17)
    fast = paced(45_000, 99_000, 3, start_s=(slow[-1].fix_time - START).total_seconds() + 30)
    events = lateness([*slow, *fast])
    assert [e.kind for e in events] == ["late_arrival_expected", "on_time_again"]
    assert events[0].alert_key == events[1].alert_key


def test_the_arrival_ends_it() -> None:
    slow = paced(0, 100_000, 20)
    there = [fix(72_000 + 600 + 30 * n, (100_000, 0)) for n in range(4)]
    events = lateness([*slow, *there])
    assert [e.kind for e in events] == ["late_arrival_expected", "arrived_late"]
    assert float(events[1].numbers["late_s"] or 0) == pytest.approx(36_000, rel=0.05)


def test_waiting_at_the_start_is_no_late_arrival_yet() -> None:
    assert lateness([fix(600 * n, (0, 0)) for n in range(120)]) == []
