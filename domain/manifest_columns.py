"""Columns: the records of a manifest as tables, for CSV files and spreadsheets.

A heading is read without regard to case, blanks and punctuation, and may be Indonesian
(ALIASES). The kind of a table is told by the name of its file or sheet, or else by its headings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import Any, get_args

from pydantic import AwareDatetime

from domain.manifest_words import Election, RecordKind
from domain.manifests import RECORDS, Signer

SIGNERS = (1, 2)


class CellType(StrEnum):
    """How a cell is read."""

    TEXT = "text"
    ID = "id"
    WHOLE = "whole number"
    NUMBER = "number"
    YES_NO = "true or false"
    TIME = "time"
    REGION = "region"
    WORD = "word"
    SEALS = "seals"


@dataclass(frozen=True, slots=True)
class Column:
    """One of a table.

    `path` is where the value stands in the record: ("voters", "MAYOR"), ("signers", 0, "name").
    `zone_of` names the column of the region whose time zone a time without one is in."""

    name: str
    cell: CellType
    must: bool
    path: tuple[str | int, ...]
    words: type[StrEnum] | None = None
    zone_of: str | None = None


_IDS = {"id", "manifest", "shipment", "facility", "from", "to", "station", "parent", "receipt"}
_TYPES = {
    **dict.fromkeys((*_IDS, "unit", "sha256"), CellType.ID),
    **dict.fromkeys(("region", "from_region", "to_region"), CellType.REGION),
    "seals": CellType.SEALS,
}
_PLAIN = {
    bool: CellType.YES_NO,
    int: CellType.WHOLE,
    float: CellType.NUMBER,
    AwareDatetime: CellType.TIME,
}
_ZONES = {"planned_departure": "from_region", "planned_arrival": "to_region"}


def _base(annotation: Any) -> Any:
    """The type within `X | None` and `Annotated[X, ...]`."""
    inner = [each for each in get_args(annotation) if each is not NoneType]
    return _base(inner[0]) if inner else annotation


def _column(name: str, annotation: Any, must: bool, path: tuple[str | int, ...]) -> Column:
    base = _base(annotation)
    if isinstance(base, type) and issubclass(base, StrEnum):
        return Column(name, CellType.WORD, must, path, base)
    type_ = _TYPES.get(name) or _PLAIN.get(base, CellType.TEXT)
    return Column(name, type_, must, path, None, _ZONES.get(name))


def _columns(kind: RecordKind) -> Iterator[Column]:
    for field, about in RECORDS[kind].model_fields.items():
        name = about.alias or field
        if name == "voters":
            for election in Election:
                path = ("voters", election.value)
                yield Column(f"voters_{election.lower()}", CellType.WHOLE, False, path)
        elif name == "signers":
            for number in SIGNERS:
                for part, of in Signer.model_fields.items():
                    column = f"signer_{number}_{part}"
                    yield _column(column, of.annotation, False, ("signers", number - 1, part))
        else:
            yield _column(name, about.annotation, about.is_required(), (name,))


COLUMNS: dict[RecordKind, dict[str, Column]] = {
    kind: {column.name: column for column in _columns(kind)} for kind in RecordKind
}
_VOTERS = tuple(f"voters_{election.lower()}" for election in Election)

# Of a column, whatever the kind; then of `id` and `number`, which differ by kind.
ALIASES: dict[str, tuple[str, ...]] = {
    "revision": ("revisi", "versi"),
    "region": ("kode_wilayah", "kode_desa", "kode_kelurahan", "kode_desa_kelurahan", "wilayah"),
    "voters_governor": ("dpt_gubernur", "pemilih_gubernur"),
    "voters_regent": ("dpt_bupati", "pemilih_bupati"),
    "voters_mayor": ("dpt_walikota", "dpt_wali_kota", "pemilih_walikota"),
    "name": ("nama", "nama_tps"),
    "facility": ("fasilitas", "kode_fasilitas"),
    "lat_deg": ("lintang", "latitude", "lat"),
    "lon_deg": ("bujur", "longitude", "lon", "long"),
    "is_3t": ("3t", "daerah_3t"),
    "shipment": ("pengiriman", "kode_pengiriman", "nomor_pengiriman"),
    "surat_jalan_no": ("nomor_surat_jalan", "no_surat_jalan", "surat_jalan"),
    "direction": ("arah",),
    "leg": ("tahap", "ruas"),
    "mode": ("moda", "jenis_kendaraan"),
    "from": ("asal", "dari"),
    "to": ("tujuan", "ke"),
    "from_region": ("wilayah_asal", "kode_wilayah_asal"),
    "to_region": ("wilayah_tujuan", "kode_wilayah_tujuan"),
    "carrier": ("pengangkut", "ekspedisi"),
    "vehicle": ("kendaraan", "nomor_kendaraan", "nopol"),
    "escort": ("pengawalan", "pengawal"),
    "status": ("status_pengiriman",),
    "tracking_no": ("nomor_resi", "no_resi", "resi"),
    "planned_departure": ("rencana_berangkat", "jadwal_berangkat"),
    "planned_arrival": ("rencana_tiba", "jadwal_tiba"),
    "manifest": ("manifes", "nomor_manifes", "kode_manifes", "manifest_id"),
    "line_no": ("nomor_baris", "no_baris", "no"),
    "item": ("barang", "jenis_barang", "jenis_logistik"),
    "election": ("pemilihan", "jenis_pemilihan"),
    "station": ("tps", "kode_tps", "id_tps", "station_id"),
    "qty": ("jumlah", "banyaknya", "kuantitas"),
    "parent": ("induk", "wadah", "parent_id"),
    "seals": ("segel", "nomor_segel", "no_segel"),
    "issued_at": ("tanggal_terbit", "diterbitkan"),
    "sha256": ("hash_berkas",),
    "media_type": ("jenis_berkas",),
    "received_at": ("waktu_terima", "diterima_pada", "tanggal_terima"),
    "received_by": ("penerima", "diterima_oleh"),
    "receipt": ("penerimaan", "tanda_terima", "nomor_penerimaan", "receipt_id"),
    "received": ("diterima", "jumlah_diterima"),
    "used": ("digunakan", "terpakai", "jumlah_digunakan"),
    "damaged_light": ("rusak_ringan",),
    "damaged_heavy": ("rusak_berat",),
    "short": ("kurang", "jumlah_kurang"),
    "unit": ("kotak", "nomor_kotak", "kode_kotak", "unit_id"),
    "seals_intact": ("segel_utuh",),
    **{
        f"signer_{n}_{part}": (f"penandatangan_{n}_{word}",)
        for n in SIGNERS
        for part, word in (
            ("name", "nama"), ("role", "jabatan"), ("organisation", "instansi"),
            ("signed_at", "waktu"),
        )
    },
}  # fmt: skip
ALIASES_OF: dict[RecordKind, dict[str, tuple[str, ...]]] = {
    RecordKind.STATION: {
        "id": ("kode_tps", "id_tps", "station_id"),
        "number": ("nomor_tps", "no_tps", "nomor"),
    },
    RecordKind.MANIFEST: {"id": ("nomor_manifes", "kode_manifes", "manifest_id")},
    RecordKind.UNIT: {
        "id": ("nomor_kotak", "kode_kotak", "unit_id"),
        "kind": ("jenis", "jenis_kemasan"),
    },
    RecordKind.DOCUMENT: {
        "kind": ("jenis", "jenis_dokumen"),
        "number": ("nomor", "nomor_dokumen"),
    },
    RecordKind.RECEIPT: {"id": ("nomor_penerimaan", "nomor_tanda_terima", "receipt_id")},
}

# What a file or sheet may be called, in English or Indonesian.
NAMES: dict[RecordKind, tuple[str, ...]] = {
    RecordKind.STATION: ("station", "stations", "tps"),
    RecordKind.MANIFEST: ("manifest", "manifests", "manifes"),
    RecordKind.LINE: ("line", "lines", "baris", "rincian", "rincian_muatan"),
    RecordKind.UNIT: ("unit", "units", "kotak", "koli"),
    RecordKind.DOCUMENT: ("document", "documents", "dokumen"),
    RecordKind.RECEIPT: ("receipt", "receipts", "penerimaan", "tanda_terima"),
    RecordKind.RECEIPT_LINE: ("receipt_line", "receipt_lines", "rincian_penerimaan"),
    RecordKind.RECEIPT_UNIT: ("receipt_unit", "receipt_units", "kotak_diterima"),
}
_KINDS = {name: kind for kind, names in NAMES.items() for name in names}


def normalised(heading: str) -> str:
    """`Nomor Surat-Jalan ` is `nomor_surat_jalan`."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    return re.sub(r"[\W_]+", "_", text).strip("_")


@cache
def _headings(kind: RecordKind) -> dict[str, Column]:
    aliases = ALIASES | ALIASES_OF.get(kind, {})
    found: dict[str, Column] = {}
    for name, column in COLUMNS[kind].items():
        for each in aliases.get(name, ()):
            found.setdefault(each, column)
    return found | COLUMNS[kind]  # a name of the contract is no alias of another


def column_of(kind: RecordKind, heading: str) -> Column | None:
    """The column that `heading` means in a table of `kind`; None: it has no such column."""
    return _headings(kind).get(normalised(heading))


@cache
def is_heading(heading: str) -> bool:
    """Whether any kind of table has such a column."""
    return any(column_of(kind, heading) for kind in RecordKind)


def named_kind(name: str) -> RecordKind | None:
    """The kind that a file's or sheet's name tells, whatever stands around it:
    `KPU_receipt-lines_2024-11-20`; None: it tells none, or more than one."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", name)
    text, found = f"_{normalised(split)}_", set()
    for word in sorted(_KINDS, key=len, reverse=True):
        if f"_{word}_" in text:
            found.add(_KINDS[word])
            text = text.replace(f"_{word}_", "_._")
    if len(found) > 1:  # manifest_lines.csv: the lines of a manifest
        found.discard(RecordKind.MANIFEST)
    return found.pop() if len(found) == 1 else None


def headed_kind(headings: Sequence[str]) -> RecordKind | None:
    """The one kind of table that has all these headings, and needs no others."""
    fits = [kind for kind in RecordKind if _fits(kind, headings)]
    return fits[0] if len(fits) == 1 else None


def _fits(kind: RecordKind, headings: Sequence[str]) -> bool:
    columns = [column_of(kind, heading) for heading in headings if heading]
    known = [column.name for column in columns if column]
    return len(known) == len(columns) and not any(lacking(kind, known))


def lacking(kind: RecordKind, names: Iterable[str]) -> list[str]:
    """The columns that a table of `kind` must have and that are not among `names`."""
    given = set(names)
    found = [c.name for c in COLUMNS[kind].values() if c.must and c.name not in given]
    if kind is RecordKind.STATION and not given.intersection(_VOTERS):
        found.append(" or ".join(_VOTERS))
    return found
