"""Tallies: what is due, was sent and was received, rolled up from the villages to the nation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from db.pool import Connection
from db.sql import queries
from domain.settings import Materials

LOCK = 0x74616C79  # "taly": one number that all refreshing processes agree on
VILLAGE = 4
# Characters of a code of each level, and of the one above; the nation's is empty.
LENGTHS = {4: 13, 3: 8, 2: 5, 1: 2, 0: 0}
ABOVE = {4: 8, 3: 5, 2: 2, 1: 0, 0: None}


def refresh(connection: Connection, villages: Iterable[str] | None, materials: Materials) -> None:
    """Make the sums of these villages, and of all above them, again; None: of all there are.

    In the caller's transaction. What a manifest has for a region as a whole, and no station,
    is counted at that region.
    """
    sql = queries("tallies")
    connection.execute(sql["lock"], {"lock": LOCK})
    chosen = None if villages is None else sorted(set(villages))
    of_leaves = {"villages": chosen, **_shares(materials)}
    connection.execute(sql["clear_leaves"], of_leaves)
    connection.execute(sql["put_leaves"], of_leaves)
    for level, length in LENGTHS.items():
        # Above the villages everything is summed anew: a region may have lines of its own.
        codes = chosen if level == VILLAGE else None
        parameters = {"level": level, "length": length, "above": ABOVE[level], "codes": codes}
        connection.execute(sql["clear_level"], parameters)
        connection.execute(sql["put_level"], parameters)
        connection.execute(sql["clear_progress"], parameters)
        if level == VILLAGE:
            connection.execute(sql["put_village_progress"], {"villages": chosen})
        else:
            connection.execute(sql["put_progress"], parameters)


def _shares(materials: Materials) -> dict[str, Any]:
    return {
        "booths_per_station": materials.booths_per_station,
        "ink_per_station": materials.ink_per_station,
        "seals_per_box": materials.seals_per_box,
    }
