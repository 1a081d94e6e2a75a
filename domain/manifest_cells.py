"""Cells: the values of a manifest's table, read from what people and spreadsheets write.

What can be meant in two ways is refused with what to write instead, never guessed.
`read` takes text (of CSV) and typed cells (of a spreadsheet); `written` makes the text that
`read` takes back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from domain.manifest_columns import CellType, Column
from domain.plan import RFC3339_PATTERN
from domain.plan_reasons import quoted
from domain.regions import CODE_PATTERN, Zone

ASCII_BLANKS = " \t\r\n"
EXACT = 10**15  # a spreadsheet keeps 15 digits of a number


class CellError(ValueError):
    """A cell that cannot be read; the message says why."""


# Shown by spreadsheets as text: ="001", '001, and '=1+1 of a writer that prevents formulas.
_MARKED = re.compile(r"'(?=['=+@\-0-9])")
_AS_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+")


def _text(cell: str) -> str:
    """Without a spreadsheet's mark of text, and on one line."""
    cell = cell.strip(ASCII_BLANKS)
    if _MARKED.match(cell):
        return cell[1:]
    if match := _AS_FORMULA.fullmatch(cell):
        return match[1].replace('""', '"').strip(ASCII_BLANKS)
    if _SHORTENED.fullmatch(cell):
        raise CellError(
            f"{quoted(cell)} is a long number that a spreadsheet shortened, its digits are lost:"
            " make the column text and enter it again"
        )
    if "\n" in cell or "\r" in cell:
        return re.sub(r"[ \t]*[\r\n][ \t\r\n]*", " ", cell)
    return cell


def _id(cell: str) -> str:
    return _text(cell.strip()).strip()


_GROUPED = re.compile(r"([0-9]{1,3})(?:([.,])([0-9]{3}))(?:\2[0-9]{3})*(?:(?!\2)[.,](0+))?")
_ENDS_IN_ZERO = re.compile(r"([0-9]+)[.,]0+")


def _whole(cell: str) -> object:
    """`1.234`, `1,234`, `1.234,0` and `12,0` are whole numbers; `1.000` may be 1 or 1000."""
    cell = _id(cell)
    if re.fullmatch(r"[1-9][0-9]{0,2}[.,]000", cell):
        raise CellError(
            f"{quoted(cell)} may mean {cell[:-4]} or {cell[:-4]}000: write it without separators"
        )
    if re.fullmatch(r"[0-9]{1,12}", cell):
        return int(cell)
    if (match := _GROUPED.fullmatch(cell)) and not cell.startswith("0"):
        whole = cell[: match.start(4) - 1] if match[4] else cell
        return int(whole.replace(match[2], ""))
    if match := _ENDS_IN_ZERO.fullmatch(cell):
        return int(match[1]) if len(match[1]) <= 12 else cell
    raise CellError(f"must be a whole number, not {quoted(cell)}")


def _number(cell: str) -> float:
    cell = _id(cell)
    if not re.fullmatch(r"[+-]?[0-9]{1,9}(?:[.,][0-9]{0,20})?(?:[eE][+-]?[0-9]{1,3})?", cell):
        raise CellError(f"must be a number such as -6.9175, not {quoted(cell)}")
    return float(cell.replace(",", "."))


_YES = {"TRUE", "YES", "Y", "YA", "1", "BENAR"}
_NO = {"FALSE", "NO", "N", "TIDAK", "0", "SALAH"}


def _yes_no(cell: str) -> bool:
    word = _id(cell).upper()
    if word not in _YES | _NO:  # T is `true` to some and `tidak` to others
        raise CellError(f"must be TRUE or FALSE (YA or TIDAK), not {quoted(cell)}")
    return word in _YES


_LOST_DOTS = re.compile(r"[0-9]{4}|[0-9]{6}|[0-9]{10}")
_AS_NUMBER = re.compile(r"[0-9]{1,2}(?:[.,][0-9]*)?")


_READ_AS_NUMBER = (
    "was read as a number by a spreadsheet, which drops zeros and dots (32.10 becomes 32.1):"
    " make the column text and enter the code again"
)


def _region(cell: str) -> str:
    cell = _id(cell)
    if re.fullmatch(CODE_PATTERN, cell):
        return cell
    if _LOST_DOTS.fullmatch(cell):
        parts = (cell[:2], cell[2:4], cell[4:6], cell[6:])
        dotted = ".".join(part for part in parts if part)
        raise CellError(f"{quoted(cell)} has no dots: write {dotted}, if that is what is meant")
    if _AS_NUMBER.fullmatch(cell):
        raise CellError(f"{quoted(cell)} {_READ_AS_NUMBER}")
    return cell


_LOCAL = re.compile(
    r"(?:(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{4})|(?P<Y>\d{4})[/-](?P<M>\d{1,2})"
    r"[/-](?P<D>\d{1,2}))(?:[ T]+(?P<h>\d{1,2})[.:](?P<min>\d{2})(?:[.:](?P<s>\d{2})(?:\.\d+)?)?"
    r"(?: *(?P<zone>WIB|WITA|WIT|Z|[+-]\d{2}:\d{2}))?)?",
    re.IGNORECASE | re.ASCII,
)
_ZONED = "write it with its zone, such as 2024-11-20T14:05:00+07:00"


def _time(cell: str, zone: Zone | None) -> object:
    """RFC 3339; or day/month/year with a clock time, of the zone named or of the place."""
    cell = _id(cell)
    if re.fullmatch(RFC3339_PATTERN, cell):
        return cell
    match = _LOCAL.fullmatch(cell)
    if match is None:
        raise CellError(f"{quoted(cell)} is no time: {_ZONED}")
    if match["h"] is None:
        raise CellError(f"{quoted(cell)} has no time of day: {_ZONED}")
    found = match.groupdict(default="")
    year, month, day = (int(found[a] or found[b]) for a, b in ("yY", "mM", "dD"))
    try:
        hour, minute, second = (int(found[part] or 0) for part in ("h", "min", "s"))
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError as error:
        raise CellError(
            f"{quoted(cell)} is no such time, read as day/month/year ({error}): {_ZONED}"
        ) from None
    return _zoned(local, found["zone"].upper(), zone, cell)


def _zoned(local: datetime, named: str, zone: Zone | None, shown: object) -> object:
    if named and named not in Zone.__members__:
        return f"{local.isoformat()}{named}"
    zone = Zone[named] if named else zone
    if zone is None:
        raise CellError(f"{quoted(str(shown))} has no time zone: {_ZONED}")
    return local.replace(tzinfo=ZoneInfo(zone.value))


# What people write for the words of the contract; the column tells which of two is meant.
INDONESIAN = {
    "GUBERNUR": "GOVERNOR", "PEMILIHAN_GUBERNUR": "GOVERNOR", "PILGUB": "GOVERNOR",
    "BUPATI": "REGENT", "PEMILIHAN_BUPATI": "REGENT", "PILBUP": "REGENT",
    "WALIKOTA": "MAYOR", "WALI_KOTA": "MAYOR", "PEMILIHAN_WALI_KOTA": "MAYOR", "PILWALKOT": "MAYOR",
    "SURAT_SUARA": "BALLOT", "KOTAK_SUARA": "BALLOT_BOX", "BILIK": "BOOTH", "BILIK_SUARA": "BOOTH",
    "TINTA": "INK", "SEGEL": "SEAL", "FORMULIR": "FORM", "SURAT_SUARA_PSU": "REVOTE_BALLOT",
    "KARDUS": "CARTON", "KARTON": "CARTON", "BUNDEL": "BUNDLE", "IKAT": "BUNDLE",
    "KONTAINER": "CONTAINER", "PETI_KEMAS": "CONTAINER",
    "KABUPATEN": "REGENCY", "KABUPATEN_KOTA": "REGENCY", "KECAMATAN": "DISTRICT",
    "PPK": "DISTRICT", "DESA": "VILLAGE", "KELURAHAN": "VILLAGE", "PPS": "VILLAGE",
    "TPS": "STATION", "KPPS": "STATION",
    "TRUK": "TRUCK", "MOBIL_BOKS": "BOX_VAN", "MOTOR": "MOTORBIKE", "SEPEDA_MOTOR": "MOTORBIKE",
    "KAPAL": "SHIP", "PERAHU": "BOAT", "PESAWAT": "PLANE", "HELIKOPTER": "HELICOPTER",
    "KUDA": "HORSE", "JALAN_KAKI": "PORTER",
    "DISTRIBUSI": "DISTRIBUTION", "PENGEMBALIAN": "RETURN",
    "DIRENCANAKAN": "PLANNED", "DIKEMAS": "PACKED", "DISEGEL": "SEALED", "DIMUAT": "LOADED",
    "DALAM_PERJALANAN": "IN_TRANSIT", "TERTAHAN": "HELD", "TIBA": "ARRIVED",
    "DITERIMA": "RECEIVED", "DITERIMA_SEBAGIAN": "PARTIALLY_RECEIVED", "DITOLAK": "REJECTED",
    "DIBATALKAN": "CANCELLED", "HILANG": "LOST",
    "BERITA_ACARA_SERAH_TERIMA": "BAST", "BERITA_ACARA_SEGEL": "SEAL_RECORD",
    "KOTAK": "BOX BALLOT_BOX", "KOTA": "REGENCY",
}  # fmt: skip


def _word(cell: str, words: type[StrEnum]) -> str:
    word = re.sub(r"[\W_]+", "_", _id(cell).upper()).strip("_")
    meant = [
        each for each in (word, *INDONESIAN.get(word, "").split()) if each in words.__members__
    ]
    return meant[0] if meant else cell


def _seals(cell: str) -> tuple[str, ...]:
    """Between `|` where there is one, or else between blanks, commas and semicolons."""
    marked = _AS_FORMULA.fullmatch(cell.strip()) or _MARKED.match(cell.strip())
    cell = _text(cell) if marked or _SHORTENED.fullmatch(cell.strip()) else cell
    parts = cell.split("|") if "|" in cell else re.split(r"[\s,;]+", cell)
    found = (part.strip(ASCII_BLANKS) for part in parts)
    return tuple(part for part in found if part)


def read(column: Column, cell: object, zone: Zone | None = None) -> object | None:
    """The value of one cell; None where it is empty. `zone`: of a time that names none.

    Raises CellError, with what is wrong and what to write instead.
    """
    if cell is None or (isinstance(cell, str) and not cell.strip(ASCII_BLANKS)):
        return None
    found = (_of_text if isinstance(cell, str) else _typed)(column, cell, zone)
    return found if found != "" else None


def _of_text(column: Column, cell: Any, zone: Zone | None) -> object:
    if column.cell is CellType.TIME:
        return _time(cell, zone)
    if column.words is not None:
        return _word(cell, column.words)
    if column.name == "sha256":
        return _id(cell).lower()
    return _READ[column.cell](cell)


_READ: dict[CellType, Callable[[str], object]] = {
    CellType.TEXT: _text,
    CellType.ID: _id,
    CellType.WHOLE: _whole,
    CellType.NUMBER: _number,
    CellType.YES_NO: _yes_no,
    CellType.REGION: _region,
    CellType.SEALS: _seals,
}
_OF_TEXT = (CellType.TEXT, CellType.ID, CellType.SEALS, CellType.REGION)


def _typed(column: Column, cell: Any, zone: Zone | None) -> object:
    """A cell that a spreadsheet gave a type to. Text that it took for a number is refused
    where the number does not tell what the text was."""
    if isinstance(cell, bool):
        return _typed_as(column, cell, CellType.YES_NO, "is a truth value in the spreadsheet")
    if isinstance(cell, int | float):
        return _typed_number(column, cell)
    if isinstance(cell, datetime):
        _typed_as(column, cell, CellType.TIME, "was read as a date by a spreadsheet")
        local = cell + timedelta(microseconds=500)  # its clock is a fraction of a day
        return _zoned(local.replace(microsecond=local.microsecond // 1000 * 1000), "", zone, cell)
    if isinstance(cell, date | time | timedelta):
        _typed_as(column, cell, CellType.TIME, "was read as a date by a spreadsheet")
        raise CellError(f"{quoted(str(cell))} is a date or a time alone: {_ZONED}")
    raise CellError(f"is of no known type: {quoted(str(cell))}")


def _typed_as(column: Column, cell: object, type_: CellType, reason: str) -> object:
    if column.cell is not type_:
        raise CellError(f"{reason}, not {column.cell}: {quoted(str(cell))}; make the column text")
    return cell


def _typed_number(column: Column, cell: float) -> object:
    if column.cell is CellType.NUMBER:
        return cell
    if column.cell is CellType.YES_NO and cell in (0, 1):
        return bool(cell)
    whole = int(cell) if abs(cell) < EXACT and cell == int(cell) else None
    if column.cell is CellType.WHOLE and whole is not None:
        return whole
    if column.cell in _OF_TEXT and whole is not None and whole >= 0:
        return read(column, str(whole))
    if column.cell is CellType.REGION:
        raise CellError(f"{quoted(cell)} {_READ_AS_NUMBER}")
    if column.cell in _OF_TEXT and whole is None and abs(cell) >= EXACT:
        raise CellError(
            "is a number of more than 15 digits, and a spreadsheet keeps no more: make the"
            " column text and enter it again"
        )
    raise CellError(f"must be {column.cell}, not the number {quoted(cell)}")


def written(column: Column, value: object) -> str:
    """The text of a cell that `read` takes back, and that no spreadsheet runs as a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, tuple | list):
        return _led("|".join(value) + ("|" if _needs_bar(value) else ""))
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return _led(str(value)) if column.cell in _OF_TEXT else str(value)


def _needs_bar(seals: tuple[str, ...] | list[str]) -> bool:
    return len(seals) == 1 and re.search(r"[\s,;]", seals[0]) is not None


def _led(text: str) -> str:
    marked = text.startswith(("=", "+", "-", "@")) or _MARKED.match(text)
    return f"'{text}" if marked or _SHORTENED.fullmatch(text) else text
