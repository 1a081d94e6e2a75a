"""Staging: rows of a manifest import, copied as they come into temporary tables of their kind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any, TypeAlias

from db.pool import Connection
from db.sql import queries
from domain.allotment import ballots_due
from domain.manifest_rows import Taken
from domain.manifest_words import RecordKind
from domain.manifests import (
    Document,
    Line,
    Manifest,
    Receipt,
    ReceiptLine,
    ReceiptUnit,
    Station,
    Unit,
)
from domain.settings import Materials

CHUNK = 10_000  # rows of one kind that wait for their COPY
MOST_REVISIONS = 20  # of one record, in one import
NULL = "\\N"
_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
Cells: TypeAlias = tuple[str | None, ...]


class Staging:
    """The staged rows of one import, inside its transaction; `close` before the next.

    `staged` counts them by kind.
    """

    def __init__(self, connection: Connection, materials: Materials) -> None:
        self._connection = connection
        self._materials = materials
        self._waiting: dict[RecordKind, list[str]] = {}
        self._rows = 0
        self._parted = False
        self.staged: Counter[RecordKind] = Counter()

    def add(self, row: Taken) -> None:
        """Take one row; it is in the database at the latest after `finish`."""
        waiting = self._waiting.get(row.kind)
        if waiting is None:
            self._connection.execute(queries("manifest_staging")[f"create_{row.kind}"])
            waiting = self._waiting[row.kind] = []
        self._rows += 1
        waiting.append(self._copied(row))
        if len(waiting) >= CHUNK:
            self._flush(row.kind)

    def finish(self) -> list[int]:
        """Copy what still waits; the rounds to be stored one after the other (see set_rounds)."""
        sql = queries("manifest_staging")
        if not self._waiting:
            return []
        self._connection.execute(sql["create_revision"])
        self._parted = True
        for kind in self._waiting:
            self._flush(kind)
            self._connection.execute(sql[f"analyze_{kind}"])
            self._connection.execute(sql[f"revisions_{kind}"])
        several = self._connection.execute(sql["set_rounds"], {"most": MOST_REVISIONS}).rowcount
        if several:
            for kind in self._waiting:
                self._connection.execute(sql[f"round_{kind}"])
        return [row[0] for row in self._connection.execute(sql["rounds"]).fetchall()]

    def close(self) -> None:
        """Remove the tables: an import may be one of several in a larger transaction."""
        sql = queries("manifest_staging")
        for kind in self._waiting:
            self._connection.execute(sql[f"drop_{kind}"])
        if self._parted:
            self._connection.execute(sql["drop_revision"])

    def _flush(self, kind: RecordKind) -> None:
        waiting = self._waiting[kind]
        self.staged[kind] += len(waiting)
        with (
            self._connection.cursor() as cursor,
            cursor.copy(queries("manifest_staging")[f"copy_{kind}"]) as copy,
        ):
            copy.write("".join(waiting))
        waiting.clear()

    def _copied(self, row: Taken) -> str:
        """The row in the text form of COPY, with the hash of its content."""
        names, cells_of = COLUMNS[row.kind], CELLS[row.kind]
        cells = cells_of(row.record)
        # Fields without a value are not part of the content, so that a later release may
        # know more of them and still see that a record is the same.
        content = "\t".join(
            [f"{n}={c}" for n, c in zip(names, cells, strict=True) if c is not None]
        )
        digest = blake2b(content.encode(), digest_size=16).hexdigest()
        if row.kind is RecordKind.STATION:
            cells = (*cells, _ballots(row.record, self._materials))
        if "\\" in content:
            cells = tuple([c and c.replace("\\", "\\\\") for c in cells])
        return "\t".join([
            f"{self._rows}\t{row.row_no}\t{_place(row.place)}\t1\t{row.record.revision}",
            f"\\\\x{digest}",
            *[NULL if c is None else c for c in cells],
        ]) + "\n"  # fmt: skip


def _place(text: str) -> str:
    """In the text form of COPY; a place has the names of files and sheets in it."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    sound = text.encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in sound).replace(
        "\\", "\\\\"
    )


def _voters(station: Station) -> dict[str, int]:
    return {election.value: voters for election, voters in station.voters.items()}


def _ballots(station: Any, materials: Materials) -> str:
    return _json({e: ballots_due(voters, materials) for e, voters in _voters(station).items()})


def _opt(value: object) -> str | None:
    return None if value is None else str(value)


def _bool(value: bool | None) -> str | None:
    return None if value is None else "t" if value else "f"


def _seals(seals: Iterable[str]) -> str:
    """An array in the order of the numbers: in which order they were listed says nothing."""
    quoted = (seal.replace("\\", "\\\\").replace('"', '\\"') for seal in sorted(seals))
    return "{" + ",".join([f'"{seal}"' for seal in quoted]) + "}"


def _station(r: Station) -> Cells:
    return (
        r.id, r.region, str(r.number), r.name, r.facility_id, _opt(r.lat_deg), _opt(r.lon_deg),
        _bool(r.is_3t), _json(_voters(r)),
    )  # fmt: skip


def _manifest(r: Manifest) -> Cells:
    return (
        r.id, r.shipment_id, r.surat_jalan_no, r.direction, r.leg, r.mode, r.from_place,
        r.to_place, r.from_region, r.to_region, r.carrier, r.vehicle, r.escort, r.tracking_no,
        r.planned_departure.isoformat(), r.planned_arrival.isoformat(), r.status,
    )  # fmt: skip


def _line(r: Line) -> Cells:
    return (r.manifest_id, str(r.line_no), r.item, r.election, r.station_id, str(r.qty))


def _unit(r: Unit) -> Cells:
    return (
        r.manifest_id, r.id, r.kind, r.station_id, r.election, r.parent_id, _seals(r.seals)
    )  # fmt: skip


def _document(r: Document) -> Cells:
    signers = [signer.model_dump(mode="json") for signer in r.signers]
    issued = None if r.issued_at is None else r.issued_at.isoformat()
    return (r.manifest_id, r.kind, r.number, issued, _json(signers), r.sha256, r.media_type)


def _receipt(r: Receipt) -> Cells:
    return (r.id, r.manifest_id, r.station_id, r.received_at.isoformat(), r.received_by)


def _receipt_line(r: ReceiptLine) -> Cells:
    counts = (r.received, r.used, r.damaged_light, r.damaged_heavy, r.short)
    return (r.receipt_id, r.item, r.election or "-", *[_opt(count) for count in counts])


def _receipt_unit(r: ReceiptUnit) -> Cells:
    return (r.receipt_id, r.unit_id, _seals(r.seals), _bool(r.seals_intact))


CELLS: dict[RecordKind, Callable[[Any], Cells]] = {
    RecordKind.STATION: _station,
    RecordKind.MANIFEST: _manifest,
    RecordKind.LINE: _line,
    RecordKind.UNIT: _unit,
    RecordKind.DOCUMENT: _document,
    RecordKind.RECEIPT: _receipt,
    RecordKind.RECEIPT_LINE: _receipt_line,
    RecordKind.RECEIPT_UNIT: _receipt_unit,
}
# In the order of CELLS and of the COPY statements.
COLUMNS: dict[RecordKind, tuple[str, ...]] = {
    kind: tuple(names.split())
    for kind, names in {
        RecordKind.STATION: (
            "station_id region_code number name facility_id lat_deg lon_deg is_3t voters"
        ),
        RecordKind.MANIFEST: (
            "manifest_id shipment_id surat_jalan_no direction leg mode from_place to_place"
            " from_region to_region carrier vehicle escort tracking_no planned_departure"
            " planned_arrival status"
        ),
        RecordKind.LINE: "manifest_id line_no item election station_id qty",
        RecordKind.UNIT: "manifest_id unit_id kind station_id election parent_id seals",
        RecordKind.DOCUMENT: "manifest_id kind number issued_at signers sha256 media_type",
        RecordKind.RECEIPT: "receipt_id manifest_id station_id received_at received_by",
        RecordKind.RECEIPT_LINE: (
            "receipt_id item election received used damaged_light damaged_heavy short"
        ),
        RecordKind.RECEIPT_UNIT: "receipt_id unit_id seals seals_intact",
    }.items()
}
