"""Verdicts: what becomes of each staged row of a manifest import, and the note of it."""

from __future__ import annotations

from collections import Counter

from db.pool import Connection
from db.sql import queries
from domain.manifest_words import RecordKind

TAKEN = ("NEW", "CHANGED", "MOVED")
SAME = "SAME"
REFUSED = ("ORPHAN", "OLDER", "AHEAD", "OTHER", "TWICE")
MANY = 20_000  # from so many rows on, it pays to count them before they are joined


def judge(connection: Connection, kind: RecordKind, number: int) -> Counter[str]:
    """Judge the rows of one kind and round; how many are in each state but SAME."""
    sql = queries("manifest_verdicts")
    connection.execute(sql["clear_verdict"])
    if connection.execute(sql[f"judge_{kind}"], {"round": number}).rowcount > MANY:
        connection.execute(sql["analyze_verdict"])
    counts = _counts(connection)
    if not any(counts[state] for state in TAKEN):
        return counts
    again = connection.execute(sql[f"again_{kind}"], {"round": number}).rowcount
    return _counts(connection) if again else counts


def _counts(connection: Connection) -> Counter[str]:
    found: dict[str, int] = dict(
        connection.execute(queries("manifest_verdicts")["verdicts"]).fetchall()
    )
    found.pop(SAME, None)
    return Counter(found)


def note(connection: Connection, kind: RecordKind, import_id: int, state: str, most: int) -> None:
    """Write the CHANGED or REFUSED rows, at most so many, to manifest_import_row."""
    states = REFUSED if state == "REFUSED" else (state,)
    connection.execute(
        queries("manifest_verdicts")[f"note_{kind}"],
        {"import_id": import_id, "state": state, "states": list(states), "most": most},
    )


def begin(connection: Connection) -> None:
    """Make the table; inside the transaction of the import."""
    connection.execute(queries("manifest_verdicts")["create_verdict"])


def end(connection: Connection) -> None:
    """Remove the table: an import may be one of several in a larger transaction."""
    connection.execute(queries("manifest_verdicts")["drop_verdict"])
