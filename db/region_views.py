"""What the pages of regions show: progress, materials, stations, places and arrivals.

A region is named by its dotted code, the nation by the empty one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import args_row, class_row

from db.pool import Connection
from db.sql import queries

LENGTHS = (0, 2, 5, 8, 13)  # characters of a code at each level


class Progress(NamedTuple):
    """How far the boxes of a region are. Those `at_` a level have reached or passed it."""

    region_code: str
    level: int
    stations: int
    voters: int
    boxes: int
    packed: int
    sealed: int
    at_regency: int
    at_district: int
    at_village: int
    at_station: int
    returned: int
    updated_at: datetime | None = None

    @property
    def share_pct(self) -> float | None:
        """Boxes at their station, 0..100; None where there are none."""
        return 100 * self.at_station / self.boxes if self.boxes else None


class Tally(NamedTuple):
    """An item of one election on one leg; election '-' where the item belongs to none."""

    direction: str
    leg: str
    item: str
    election: str
    due: int
    sent: int
    received: int
    used: int
    damaged_light: int
    damaged_heavy: int
    short: int


class StationRow(NamedTuple):
    """A polling station. `electorate`: {election: [voters, ballots due]}; `sent` and
    `received` are ballots on the last leg; `boxes`: [{unit_id, election, stage, manifest_id}];
    `manifests` lead to it or hold something for it."""

    station_id: str
    number: int
    name: str | None
    is_3t: bool
    electorate: Mapping[str, list[int]]
    sent: int
    received: int
    boxes: list[dict[str, Any]]
    manifests: list[str]


class Arrivals(NamedTuple):
    """Receipts of the last leg, within the hour from `hour` on."""

    hour: datetime
    receipts: int


def progress(connection: Connection, code: str) -> Progress | None:
    """Of the region itself; None where nothing is planned in it."""
    with connection.cursor(row_factory=class_row(Progress)) as cursor:
        return cursor.execute(queries("region_views")["progress"], {"code": code}).fetchone()


def children(connection: Connection, code: str) -> list[Progress]:
    """Of the regions right below, by code."""
    with connection.cursor(row_factory=class_row(Progress)) as cursor:
        return cursor.execute(queries("region_views")["children"], {"code": code}).fetchall()


def tallies(connection: Connection, code: str) -> list[Tally]:
    """Everything that is due, was sent or was received there, by leg, item and election."""
    with connection.cursor(row_factory=class_row(Tally)) as cursor:
        return cursor.execute(queries("region_views")["tallies"], {"code": code}).fetchall()


def open_discrepancies(connection: Connection, code: str, level: int) -> dict[str, int]:
    """Open ones by the region that they are in, at `level` (1 to 4); within `code`."""
    row = {"code": code, "length": LENGTHS[level]}
    return dict(connection.execute(queries("region_views")["open_discrepancies"], row).fetchall())


def points(connection: Connection, code: str) -> dict[str, tuple[float, float]]:
    """About where each region right below lies, (longitude, latitude) in degrees: the middle
    of some of its stations, else of its facilities. Those without either are left out."""
    rows = connection.execute(queries("region_views")["points"], {"code": code}).fetchall()
    return {child: (lon_deg, lat_deg) for child, lon_deg, lat_deg in rows}


def stations(connection: Connection, village: str) -> list[StationRow]:
    """The stations of a village by number."""
    with connection.cursor(row_factory=class_row(StationRow)) as cursor:
        return cursor.execute(queries("region_views")["stations"], {"code": village}).fetchall()


def arrivals(connection: Connection, code: str) -> list[Arrivals]:
    """When the stations of a region received, by the hour."""
    query = queries("region_views")["arrivals" if code else "arrivals_of_all"]
    with connection.cursor(row_factory=args_row(Arrivals)) as cursor:
        return cursor.execute(query, {"code": code}).fetchall()
