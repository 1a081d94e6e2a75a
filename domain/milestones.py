"""Milestones: by when so much of a region's boxes is to be where, and whether it will be.

H-18 at the regency's warehouse, H-4 at the district, H-1 in the evening at the polling
station, and after the vote back at the warehouse. Deadlines are local: WIT is two hours
before WIB. What is on its way counts by when it is expected, as a band.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from domain.eta import PLAN_SPREAD, TENTH
from domain.manifest_words import Leg
from domain.plan_words import Direction
from domain.regions import Zone
from domain.settings import Milestones, Reconciliation

DAY = timedelta(days=1)
_WIDTH = math.exp(TENTH * PLAN_SPREAD)  # a band by the plan alone reaches so many times as far


class Goal(StrEnum):
    """Where the boxes are to be."""

    REGENCY = "REGENCY"
    DISTRICT = "DISTRICT"
    STATION = "STATION"
    RETURN = "RETURN"


class Status(StrEnum):
    """How a milestone stands, the best first."""

    DONE = "DONE"
    ON_TRACK = "ON_TRACK"  # will be reached, by what is expected
    NOT_DUE = "NOT_DUE"  # is not expected yet, and too far ahead to worry
    AT_RISK = "AT_RISK"  # will be missed, by what is expected, and soon
    MISSED = "MISSED"
    UNKNOWN = "UNKNOWN"  # the region has no boxes


# A box that has come further has passed what lies before: goods may skip a step of the chain.
PASSING: Mapping[Goal, tuple[Leg, ...]] = {
    Goal.REGENCY: (Leg.REGENCY, Leg.DISTRICT, Leg.VILLAGE, Leg.STATION),
    Goal.DISTRICT: (Leg.DISTRICT, Leg.VILLAGE, Leg.STATION),
    Goal.STATION: (Leg.STATION,),
    # A return is named by its lower end. Some say the warehouse's level, and mean the same.
    Goal.RETURN: (Leg.DISTRICT, Leg.REGENCY),
}


class Progress(NamedTuple):
    """Boxes of a region: all, and those that have reached, or passed, each level."""

    boxes: int
    at_regency: int
    at_district: int
    at_village: int
    at_station: int
    returned: int

    def at(self, leg: Leg) -> int:
        """Boxes that have come down to the lower end of `leg`."""
        by_leg = {
            Leg.REGENCY: self.at_regency,
            Leg.DISTRICT: self.at_district,
            Leg.VILLAGE: self.at_village,
            Leg.STATION: self.at_station,
        }
        return by_leg[leg]

    @property
    def out(self) -> int:
        """Boxes that have left the warehouse, and are to come back."""
        return max(self.at_district, self.at_village, self.at_station, self.returned)


class Arrival(NamedTuple):
    """Boxes of open manifests of one leg, and when they are expected at its end."""

    direction: Direction
    leg: Leg
    boxes: int
    early: datetime
    expected: datetime
    late: datetime


class Boxes(NamedTuple):
    """So many boxes: nine times in ten more than `low`, and fewer than `high`."""

    low: int = 0
    expected: int = 0
    high: int = 0


Coming: TypeAlias = Mapping[Goal, Mapping[Leg, Boxes]]
NOTHING: Coming = {}


class Milestone(NamedTuple):
    """How a region stands with one goal. `forecast`: boxes there at the deadline."""

    name: str
    goal: Goal
    deadline: datetime
    warn_from: datetime
    target_pct: float
    boxes: int
    needed: int
    reached: int
    forecast: Boxes
    status: Status

    @property
    def missing(self) -> int:
        """Boxes that are short of the target now."""
        return max(self.needed - self.reached, 0)

    @property
    def reached_pct(self) -> float | None:
        """Of the region's boxes, never rounded up; None where it has none."""
        return self.pct(self.reached)

    @property
    def forecast_pct(self) -> float | None:
        """The same of what is expected at the deadline."""
        return self.pct(self.forecast.expected)

    def pct(self, boxes: int) -> float | None:
        """`boxes` in hundredths of all, with one decimal."""
        return math.floor(1000 * boxes / self.boxes) / 10 if self.boxes else None


class Schedule(NamedTuple):
    """The voting day (H), and what is to be where by how many days before or after it."""

    voting_day: date
    settings: Milestones
    back: Reconciliation

    @property
    def names(self) -> dict[Goal, str]:
        """What each milestone is called: by its days before or after H."""
        return {
            Goal.REGENCY: f"H-{self.settings.regency_days}",
            Goal.DISTRICT: f"H-{self.settings.district_days}",
            Goal.STATION: f"H-{self.settings.station_days}",
            Goal.RETURN: f"H+{self.back.return_days:g}",
        }

    @property
    def targets_pct(self) -> dict[Goal, float]:
        """So many of the boxes, in per cent."""
        return {
            Goal.REGENCY: self.settings.regency_pct,
            Goal.DISTRICT: self.settings.district_pct,
            Goal.STATION: self.settings.station_pct,
            Goal.RETURN: 100.0,
        }

    def deadlines(self, zone: Zone) -> dict[Goal, datetime]:
        """The end of each day in the region's zone, at stations the hour of it; in UTC."""
        voting = datetime.combine(self.voting_day, time(), ZoneInfo(zone)).astimezone(UTC)
        stations_day = voting - self.settings.station_days * DAY
        return {
            Goal.REGENCY: voting - (self.settings.regency_days - 1) * DAY,
            Goal.DISTRICT: voting - (self.settings.district_days - 1) * DAY,
            Goal.STATION: stations_day + timedelta(hours=self.settings.station_hour),
            Goal.RETURN: voting + DAY + timedelta(days=self.back.return_days),
        }


def by_plan(
    direction: Direction,
    leg: Leg,
    boxes: int,
    *,
    departs: datetime,
    arrives: datetime,
    departed: bool,
    now: datetime,
) -> Arrival:
    """When a load that no tracker follows is expected: as planned, after a departure that is
    overdue as much later, and in a band as wide as plans are wrong."""
    start = departs if departed else max(departs, now)
    takes = arrives - departs
    return Arrival(
        direction, leg, boxes, start + takes / _WIDTH, start + takes, start + takes * _WIDTH
    )


def coming(
    arrivals: Iterable[Arrival], due: Mapping[Goal, datetime], now: datetime
) -> dict[Goal, dict[Leg, Boxes]]:
    """Boxes that are on their way, and will have ended a leg by the deadline of each goal."""
    found: dict[Goal, dict[Leg, Boxes]] = {}
    for arrival in arrivals:
        for goal in _goals(arrival):
            legs = found.setdefault(goal, {})
            legs[arrival.leg] = _sum(legs.get(arrival.leg, Boxes()), _by(arrival, due[goal], now))
    return found


def _goals(arrival: Arrival) -> Iterable[Goal]:
    comes_back = arrival.direction is Direction.RETURN
    for goal, legs in PASSING.items():
        if arrival.leg in legs and (goal is Goal.RETURN) == comes_back:
            yield goal


def _by(arrival: Arrival, deadline: datetime, now: datetime) -> Boxes:
    # What has not come by the late end of its band is lost from sight: it may come at any
    # time or never, and nobody should count on it.
    hoped = max(arrival.early, now) <= deadline
    expected = arrival.late >= now and max(arrival.expected, now) <= deadline
    sure = arrival.late >= now and arrival.late <= deadline
    return Boxes(*(arrival.boxes if yes else 0 for yes in (sure, expected, hoped)))


def _sum(one: Boxes, other: Boxes) -> Boxes:
    return Boxes(*(a + b for a, b in zip(one, other, strict=True)))


def together(parts: Iterable[Coming]) -> dict[Goal, dict[Leg, Boxes]]:
    """What is coming to several regions."""
    found: dict[Goal, dict[Leg, Boxes]] = {}
    for part in parts:
        for goal, legs in part.items():
            mine = found.setdefault(goal, {})
            for leg, boxes in legs.items():
                mine[leg] = _sum(mine.get(leg, Boxes()), boxes)
    return found


def milestones(
    progress: Progress,
    on_the_way: Coming,
    schedule: Schedule,
    zone: Zone,
    *,
    is_3t: bool,
    now: datetime,
) -> list[Milestone]:
    """How a region stands with each goal, in their order.

    `is_3t`: it has stations in a frontier or remote area, and is warned earlier.
    """
    settings = schedule.settings
    warn = timedelta(hours=settings.warn_remote_h if is_3t else settings.warn_h)
    targets_pct, due = schedule.targets_pct, schedule.deadlines(zone)
    found = []
    for goal, name in schedule.names.items():
        boxes = progress.out if goal is Goal.RETURN else progress.boxes
        needed = math.ceil(boxes * Fraction(str(targets_pct[goal])) / 100)
        reached, forecast = _counts(goal, progress, on_the_way.get(goal, {}), boxes)
        warn_from = due[goal] - warn
        enough = reached >= needed, forecast.expected >= needed
        status = _status(*enough, warn_from, due[goal], now) if boxes else Status.UNKNOWN
        counts = boxes, needed, reached, forecast
        found.append(
            Milestone(name, goal, due[goal], warn_from, targets_pct[goal], *counts, status)
        )
    return found


def _counts(
    goal: Goal, progress: Progress, legs: Mapping[Leg, Boxes], boxes: int
) -> tuple[int, Boxes]:
    """Boxes that are there, and those that will be at the deadline."""
    if goal is Goal.RETURN:
        there = dict.fromkeys(PASSING[goal], progress.returned)
    else:
        there = {leg: progress.at(leg) for leg in PASSING[goal]}
    sums = [[at + share for share in legs.get(leg, Boxes())] for leg, at in there.items()]
    forecast = Boxes(*(min(boxes, max(each)) for each in zip(*sums, strict=True)))
    return min(boxes, max(there.values())), forecast


def _status(
    reached: bool, expected: bool, warn_from: datetime, deadline: datetime, now: datetime
) -> Status:
    if reached:
        return Status.DONE
    if now >= deadline:
        return Status.MISSED
    if expected:
        return Status.ON_TRACK
    return Status.AT_RISK if now >= warn_from else Status.NOT_DUE
