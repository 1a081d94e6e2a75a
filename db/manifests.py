"""Manifests as imported: stored row by row on its merits, whole imports at once.

A row changes what is stored only by a higher revision. What becomes of each kind of row, and
of a file that comes twice: docs/reference/manifest.md.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from db import changes, manifest_verdicts, tallies
from db.manifest_staging import Staging
from db.pool import Connection
from db.sql import queries
from domain.manifest_rows import ImportReport, Refused, Row, Taken
from domain.manifest_words import RecordKind
from domain.settings import Materials

LOCK = 0x6D616E69  # "mani": one number that all importing processes agree on
# Of one import; what is beyond them is counted, and not kept.
MOST_CHANGED = 10_000
MOST_REFUSED = 100_000
REPORTED = 100  # refused rows in the report itself
PROGRESS_ROWS = 10_000
PAYLOAD_CHARS = 4096  # of a refused row, as much as shows what it was
LARGE = 20_000  # rows after which the planner should look at the tables again
REFUSED_CHUNK = 1000
# What is stored revision by revision, one family after the other for the references.
FAMILIES = (
    (RecordKind.STATION,),
    (RecordKind.MANIFEST, RecordKind.LINE, RecordKind.UNIT, RecordKind.DOCUMENT),
    (RecordKind.RECEIPT, RecordKind.RECEIPT_LINE, RecordKind.RECEIPT_UNIT),
)
OTHER = "other"  # counts rows of which not even the kind can be told
_KINDS = frozenset(map(str, RecordKind))


class Import(NamedTuple):
    """One import; not `finished_at` where it was interrupted."""

    import_id: int
    source: str
    name: str
    sha256: str | None
    imported_by: str
    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, Mapping[str, int]]


class ImportRow(NamedTuple):
    """A changed or refused row: `payload` is {field: [before, after]}, or the row as it came."""

    row_no: int
    place: str
    kind: str
    record_key: str | None
    state: str
    field: str | None
    reason: str | None
    payload: Mapping[str, Any] | None


class Superseded(NamedTuple):
    """A record as it was before the import that replaced it."""

    revision: int
    document: Mapping[str, Any]
    import_id: int
    replaced_at: datetime


def store(
    connection: Connection,
    rows: Iterable[Row],
    *,
    source: str,
    name: str,
    sha256: str | None,
    imported_by: str,
    materials: Materials,
    progress: Callable[[int], None] = lambda _rows: None,
) -> ImportReport:
    """Import `rows` in one transaction, in memory that does not grow with their number.

    Good rows are stored whatever stands beside them. `progress` is told how many rows have
    been read. Imports wait for each other. What `rows` raises undoes the whole import.
    """
    sql = queries("manifests")
    with connection.transaction():
        connection.execute(sql["roomy"])
        started = {"source": source, "name": _sound(name), "sha256": sha256}
        begun = started | {"imported_by": imported_by}
        row = connection.execute(sql["begin_import"], begun).fetchone()
        assert row is not None  # noqa: S101 - returning
        storing = _Import(connection, int(row[0]), materials)
        storing.read(rows, progress)
        connection.execute(sql["lock"], {"lock": LOCK})
        storing.merge()
        storing.follow_up()
        return storing.report()


class _Import:
    """One import in its transaction: read, merge, follow up, report."""

    def __init__(self, connection: Connection, import_id: int, materials: Materials) -> None:
        self._connection = connection
        self._these = {"import_id": import_id}
        self._materials = materials
        self._staging = Staging(connection, materials)
        self._counts: dict[str, Counter[str]] = {}
        self._refused: list[Refused] = []
        self._room = Counter({"CHANGED": MOST_CHANGED, "REFUSED": MOST_REFUSED})
        self._written = 0

    def read(self, rows: Iterable[Row], progress: Callable[[int], None]) -> None:
        """Stage what can be taken, note what cannot."""
        number = 0
        for number, row in enumerate(rows, 1):
            if isinstance(row, Taken):
                self._staging.add(row)
            else:
                self._refuse(row)
            if number % PROGRESS_ROWS == 0:
                progress(number)
        self._write_refused()
        progress(number)

    def merge(self) -> None:
        """Judge and store what is staged, kind by kind in the order of the references."""
        rounds = self._staging.finish()
        self._connection.execute(queries("manifests")["create_touched"])
        manifest_verdicts.begin(self._connection)
        for kind, staged in self._staging.staged.items():
            self._count(kind, "SAME", staged)
        for family, number in product(FAMILIES, rounds):
            for kind in family:
                if self._staging.staged[kind]:
                    self._merge_kind(kind, number)
        manifest_verdicts.end(self._connection)
        self._staging.close()

    def follow_up(self) -> None:
        """What hangs on the manifests: reconciliation, roll-ups, whoever listens."""
        sql = queries("manifests")
        if self._written:
            if self._written > LARGE:
                self._connection.execute(sql["analyze"])
            self._connection.execute(sql["touch_more"], self._these)
            self._connection.execute(sql["mark_touched"])
            self._connection.execute(sql["reconcile_touched"])
            regions = self._connection.execute(sql["touched_regions"], self._these).fetchall()
            tallies.refresh(
                self._connection, [code for (code,) in regions if code], self._materials
            )
            changes.notify(self._connection)
        self._connection.execute(sql["drop_touched"])

    def report(self) -> ImportReport:
        """Close the import's record."""
        sql = queries("manifests")
        counts = {kind: dict(states) for kind, states in self._counts.items()}
        self._connection.execute(sql["end_import"], self._these | {"counts": Jsonb(counts)})
        limited = self._these | {"limit": REPORTED}
        first = self._connection.execute(sql["first_refused"], limited).fetchall()
        return ImportReport(self._these["import_id"], counts, tuple(Refused(*row) for row in first))

    def _merge_kind(self, kind: RecordKind, number: int) -> None:
        judged = manifest_verdicts.judge(self._connection, kind, number)
        refused = sum(judged[state] for state in manifest_verdicts.REFUSED)
        for state, rows in (
            ("NEW", judged["NEW"]),
            ("CHANGED", judged["CHANGED"]),
            ("REFUSED", refused),
        ):
            self._count(kind, state, rows)
            self._count(kind, "SAME", -rows)
        self._note(kind, "REFUSED", refused)
        self._note(kind, "CHANGED", judged["CHANGED"])
        if written := sum(judged[state] for state in manifest_verdicts.TAKEN):
            self._put(kind, changed=judged["CHANGED"] > 0)
            self._written += written

    def _put(self, kind: RecordKind, *, changed: bool) -> None:
        sql = queries("manifests")
        if changed:
            self._connection.execute(sql[f"history_{kind}"], self._these)
        self._connection.execute(sql[f"put_{kind}"], self._these)
        if kind is RecordKind.STATION:
            self._connection.execute(sql["drop_electorate"])
            self._connection.execute(sql["put_electorate"])
        self._connection.execute(sql[f"touch_{kind}"])

    def _note(self, kind: RecordKind, state: str, rows: int) -> None:
        if rows and self._room[state] > 0:
            import_id, most = self._these["import_id"], self._room[state]
            manifest_verdicts.note(self._connection, kind, import_id, state, most)
            self._room[state] -= rows

    def _count(self, kind: str, state: str, rows: int) -> None:
        self._counts.setdefault(str(kind), Counter(NEW=0, CHANGED=0, SAME=0, REFUSED=0))
        self._counts[str(kind)][state] += rows

    def _refuse(self, row: Refused) -> None:
        self._count(row.kind if row.kind in _KINDS else OTHER, "REFUSED", 1)
        if self._room["REFUSED"] > 0:
            self._room["REFUSED"] -= 1
            self._refused.append(row)
        if len(self._refused) >= REFUSED_CHUNK:
            self._write_refused()

    def _write_refused(self) -> None:
        with (
            self._connection.cursor() as cursor,
            cursor.copy(queries("manifests")["copy_refused"]) as copy,
        ):
            for row in self._refused:
                copy.write_row(_noted(row, self._these["import_id"]))
        self._refused.clear()


def imports(connection: Connection, limit: int = 100) -> list[Import]:
    """The newest imports, newest first."""
    with connection.cursor(row_factory=class_row(Import)) as cursor:
        return cursor.execute(queries("manifests")["imports"], {"limit": limit}).fetchall()


def import_rows(
    connection: Connection,
    import_id: int,
    *,
    state: str | None = None,
    limit: int = 500,
    offset: int = 0,
) -> list[ImportRow]:
    """Changed and refused rows of an import (`state`: CHANGED or REFUSED alone), in order."""
    wanted = {"import_id": import_id, "state": state, "limit": limit, "offset": offset}
    with connection.cursor(row_factory=class_row(ImportRow)) as cursor:
        return cursor.execute(queries("manifests")["import_rows"], wanted).fetchall()


def history(connection: Connection, kind: RecordKind, key: str) -> list[Superseded]:
    """What a record was before, newest first. `key` as domain.manifests.key has it."""
    with connection.cursor(row_factory=class_row(Superseded)) as cursor:
        wanted = {"kind": kind, "key": key}
        return cursor.execute(queries("manifests")["history"], wanted).fetchall()


def _noted(row: Refused, import_id: int) -> tuple[object, ...]:
    return (
        import_id,
        row.row_no,
        _sound(row.place),
        _sound(row.kind),
        row.record_key and _sound(row.record_key),
        "REFUSED",
        _sound(row.field),
        _sound(row.reason),
        None if row.payload is None else _payload(row.payload),
    )


def _payload(payload: Mapping[str, Any]) -> str:
    """As JSON that the database takes, whatever came: one bad row must not cost the others."""
    try:
        text = _sound(json.dumps(payload, ensure_ascii=False, allow_nan=False, default=str))
    except (TypeError, ValueError):
        text = json.dumps({"text": _sound(repr(payload))[:PAYLOAD_CHARS]})
    # Escaped, a NUL has come past the check of the text.
    text = text.replace("\\u0000", "\\ufffd")
    return text if len(text) <= PAYLOAD_CHARS else json.dumps({"text": text[:PAYLOAD_CHARS]})


def _sound(text: str) -> str:
    """Without what PostgreSQL cannot keep: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
