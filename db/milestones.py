"""Milestones of regions: how far their boxes are, and what is on its way to them.

What is on its way is reckoned for all regions at once and kept (`reckon`), for it means
looking at every open manifest; how a region stands follows from that and from its newest
progress in one small query.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from db.pool import Connection
from db.sql import queries
from domain.manifest_words import Leg
from domain.milestones import (
    Arrival,
    Boxes,
    Coming,
    Goal,
    Milestone,
    Progress,
    Schedule,
    by_plan,
    coming,
    milestones,
    together,
)
from domain.plan_words import Direction
from domain.regions import zone


class RegionMilestones(NamedTuple):
    """How a region stands. `reckoned_at`: when its forecast was made; None: never."""

    region_code: str
    is_3t: bool
    reckoned_at: datetime | None
    milestones: list[Milestone]


class Told(NamedTuple):
    """What was told last of a regency's milestone."""

    group_id: str
    kind: str
    event_time: datetime


class _Load(NamedTuple):
    region_code: str
    direction: str
    leg: str
    departed: bool
    arrived: bool
    planned_departure: datetime
    planned_arrival: datetime
    eta_early: datetime | None
    eta: datetime | None
    eta_late: datetime | None
    boxes: int

    def arrival(self, now: datetime) -> Arrival:
        """When it is expected: as its tracker says, or else as planned."""
        direction, leg = Direction(self.direction), Leg(self.leg)
        if self.arrived:
            return Arrival(direction, leg, self.boxes, now, now, now)
        if self.eta is not None:
            early, late = self.eta_early or self.eta, self.eta_late or self.eta
            return Arrival(direction, leg, self.boxes, early, self.eta, late)
        return by_plan(
            direction,
            leg,
            self.boxes,
            departs=self.planned_departure,
            arrives=self.planned_arrival,
            departed=self.departed,
            now=now,
        )


class _Row(NamedTuple):
    region_code: str
    boxes: int
    at_regency: int
    at_district: int
    at_village: int
    at_station: int
    returned: int
    coming: dict[str, dict[str, list[int]]] | None
    reckoned_at: datetime | None
    is_3t: bool

    def judged(self, schedule: Schedule, now: datetime) -> RegionMilestones:
        """How the region stands."""
        progress = Progress(
            self.boxes, self.at_regency, self.at_district, self.at_village, self.at_station,
            self.returned,
        )  # fmt: skip
        coming_here = {
            Goal(goal): {Leg(leg): Boxes(*boxes) for leg, boxes in legs.items()}
            for goal, legs in (self.coming or {}).items()
        }
        judged = milestones(
            progress, coming_here, schedule, zone(self.region_code), is_3t=self.is_3t, now=now
        )
        return RegionMilestones(self.region_code, self.is_3t, self.reckoned_at, judged)


def voting_day(connection: Connection) -> date | None:
    """That of the newest plan; None where it names none."""
    row = connection.execute(queries("milestones")["voting_day"]).fetchone()
    return row[0] if row else None


def reckon(connection: Connection, schedule: Schedule, now: datetime) -> int:
    """Keep what is on its way to each regency and province, inside the caller's transaction;
    returns how many regions have any."""
    loads: defaultdict[str, list[Arrival]] = defaultdict(list)
    with connection.cursor(row_factory=class_row(_Load)) as cursor:
        for load in cursor.execute(queries("milestones")["on_the_way"]):
            loads[load.region_code].append(load.arrival(now))
    found = {
        code: coming(arrivals, schedule.deadlines(zone(code)), now)
        for code, arrivals in loads.items()
    }
    provinces: defaultdict[str, list[Coming]] = defaultdict(list)
    for code, on_the_way in found.items():
        provinces[code[:2]].append(on_the_way)
    found |= {code: together(parts) for code, parts in provinces.items()}
    rows = [{"region_code": code, "coming": on_the_way} for code, on_the_way in found.items()]
    connection.execute(queries("milestones")["put_forecasts"], {"rows": Jsonb(rows), "now": now})
    return len(rows)


def of_children(
    connection: Connection, parent_code: str, schedule: Schedule, now: datetime
) -> list[RegionMilestones]:
    """The regions right below one, by code: provinces of the nation (''), regencies of a
    province. Of districts there is no forecast: what is there is all that counts."""
    with connection.cursor(row_factory=class_row(_Row)) as cursor:
        sql = queries("milestones")["children"]
        rows = cursor.execute(sql, {"parent_code": parent_code}).fetchall()
    return [row.judged(schedule, now) for row in rows]


def of_regencies(
    connection: Connection, schedule: Schedule, now: datetime
) -> list[RegionMilestones]:
    """All regencies and cities that have stations, by code."""
    with connection.cursor(row_factory=class_row(_Row)) as cursor:
        rows = cursor.execute(queries("milestones")["regencies"]).fetchall()
    return [row.judged(schedule, now) for row in rows]


def told(connection: Connection, kinds: Sequence[str]) -> dict[str, Told]:
    """The newest current event of these kinds of each group, by the group's id."""
    with connection.cursor(row_factory=class_row(Told)) as cursor:
        rows = cursor.execute(queries("milestones")["told"], {"kinds": list(kinds)}).fetchall()
    return {row.group_id: row for row in rows}
