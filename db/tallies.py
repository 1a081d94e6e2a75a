"""Tallies: what is due, was sent and was received, and how far the boxes have come.

Rolled up from the villages over districts, regencies and provinces to the nation (code '').
What the figures mean: docs/reference/national-scale.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from db.pool import Connection
from db.sql import queries
from domain.allotment import ballots_due
from domain.manifest_words import Item, Leg
from domain.plan_words import Direction
from domain.settings import Materials

LOCK = 0x74616C79  # "taly": one number that all refreshing processes agree on
LEVELS = (4, 3, 2, 1, 0)  # villages first


class Progress(NamedTuple):
    """How far the boxes of a region's stations are; `at_` those that reached or passed it.

    `level`: 0 nation, 1 province, 2 regency, 3 district, 4 village. `voters`: of each station
    those of the election that has most.
    """

    region_code: str
    parent_code: str | None
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
    open_discrepancies: int
    updated_at: datetime


class Tally(NamedTuple):
    """One item of one election ('-': of none) on one leg; `due` is the same on each leg."""

    region_code: str
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


def refresh(connection: Connection, villages: Iterable[str] | None, materials: Materials) -> None:
    """Recompute the figures of `villages` (codes of any level) and of all that is above them.

    None: of everything, also the ballots that are due, should the reserve have been set anew.
    In one transaction; rows that are right already are not written. To be called after an
    import, after custody has followed it, and when discrepancies come and go.
    """
    sql = queries("tallies")
    with connection.transaction():
        connection.execute(sql["lock"], {"lock": LOCK})
        if villages is None:
            _set_ballots_due(connection, materials)
            villages = [row[0] for row in connection.execute(sql["everywhere"]).fetchall()]
        codes = list(villages)
        if codes:
            _compute(connection, codes, materials)


def regions_of(connection: Connection, manifest_ids: Iterable[str]) -> list[str]:
    """Where the figures of these manifests count: what to refresh after a change to them."""
    wanted = {"manifests": list(manifest_ids)}
    return [row[0] for row in connection.execute(queries("tallies")["regions_of"], wanted)]


def progress_of(connection: Connection, code: str) -> Progress | None:
    """Of the region itself ('' is the nation); None where nothing is known of it."""
    with connection.cursor(row_factory=class_row(Progress)) as cursor:
        return cursor.execute(queries("tallies")["progress_of"], {"code": code}).fetchone()


def progress_children(connection: Connection, code: str) -> list[Progress]:
    """Of the regions right below, by code."""
    with connection.cursor(row_factory=class_row(Progress)) as cursor:
        return cursor.execute(queries("tallies")["progress_children"], {"code": code}).fetchall()


def tally_of(connection: Connection, code: str) -> list[Tally]:
    """Everything that is due, was sent or was received in a region."""
    with connection.cursor(row_factory=class_row(Tally)) as cursor:
        return cursor.execute(queries("tallies")["tally_of"], {"code": code}).fetchall()


def tally_children(
    connection: Connection,
    code: str,
    *,
    direction: Direction = Direction.DISTRIBUTION,
    leg: Leg | None = None,
    item: Item | None = None,
) -> list[Tally]:
    """The same of the regions right below: of one leg and item, or of all."""
    wanted = {"code": code, "direction": direction, "leg": leg, "item": item}
    with connection.cursor(row_factory=class_row(Tally)) as cursor:
        return cursor.execute(queries("tallies")["tally_children"], wanted).fetchall()


def _compute(connection: Connection, codes: list[str], materials: Materials) -> None:
    sql = queries("tallies")
    due = {
        "booths": materials.booths_per_station,
        "ink": materials.ink_per_station,
        "seals": materials.seals_per_box,
    }
    for table in ("wanted", "own_tally", "fresh_tally", "fresh_progress"):
        connection.execute(sql[f"create_{table}"])
    connection.execute(sql["want"], {"codes": codes})
    connection.execute(sql["analyze_wanted"])
    connection.execute(sql["own_due"], due)
    connection.execute(sql["own_flows"])
    connection.execute(sql["analyze_own"])
    connection.execute(sql["own_progress"])
    for level in LEVELS:
        connection.execute(sql["roll_tally"], {"level": level})
        connection.execute(sql["roll_progress"], {"level": level})
        if level == LEVELS[0]:
            connection.execute(sql["analyze_fresh"])
    for step in (
        "spread_due", "drop_stale_tally", "put_tally",
        "sum_progress", "drop_stale_progress", "put_progress", "drop_tables",
    ):  # fmt: skip
        connection.execute(sql[step])


def _set_ballots_due(connection: Connection, materials: Materials) -> None:
    sql = queries("tallies")
    voters = [row[0] for row in connection.execute(sql["electorates"]).fetchall()]
    due = [ballots_due(number, materials) for number in voters]
    connection.execute(sql["set_ballots_due"], {"voters": voters, "due": due})
