"""XLSX files: one sheet for each kind of records, read by calamine.

Calamine holds a sheet as a full rectangle of cells, so what a file holds is looked at first:
one cell at XFD1048576 would take all memory.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO, cast

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from domain.manifest_reasons import plain
from domain.manifest_rows import FileRefusedError, Row
from domain.manifest_words import RecordKind
from integrations.table_files import Numbered, Table, is_blank, kind_of, trimmed

UNPACKED_BYTES = 1 << 29
CELLS = 12_000_000
COLUMNS = 200
CHUNK_BYTES = 1 << 20
IN_MEMORY_BYTES = 1 << 24
_ORDER = list(RecordKind)
_REFERENCE = re.compile(rb'\br="([A-Z]{1,4})?(\d{1,9})"')
_ROW = re.compile(rb"<(?:\w+:)?row[\s>/]")
_CELL = re.compile(rb"<(?:\w+:)?c[\s>/]")


def read_xlsx(archive: zipfile.ZipFile) -> Iterator[Row]:
    """The rows of all sheets that are not hidden: stations first, then manifests.

    Raises FileRefusedError where the workbook, or the head of a sheet, cannot be read.
    """
    with SpooledTemporaryFile(IN_MEMORY_BYTES) as copy:
        _copy_sound(archive, cast(IO[bytes], copy))
        copy.seek(0)
        try:
            book = CalamineWorkbook.from_filelike(cast(BinaryIO, copy))
            sheets = [_Sheet(book.get_sheet_by_name(name)) for name in _shown(book)]
        except (CalamineError, ValueError, KeyError) as error:
            raise FileRefusedError("(XLSX)", plain(f"cannot be read ({error})")) from None
        tables = [sheet for sheet in sheets if sheet.headings]
        if not tables:
            raise FileRefusedError("(XLSX)", "holds no sheet with anything in it")
        kinds = {sheet.name: kind_of(sheet.name, sheet.headings) for sheet in tables}
        for sheet in sorted(tables, key=lambda each: _ORDER.index(kinds[each.name])):
            prefix = f'Sheet "{plain(sheet.name)}":'
            yield from Table(kinds[sheet.name], sheet.headings, prefix).rows(sheet.rows())


def _shown(book: CalamineWorkbook) -> list[str]:
    return [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.visible is SheetVisibleEnum.Visible and sheet.typ is SheetTypeEnum.WorkSheet
    ]


class _Sheet:
    def __init__(self, sheet: CalamineSheet) -> None:
        self.name, self._sheet = sheet.name, sheet
        self.headings: list[str] = []
        for _, cells in self._numbered():
            if not is_blank(cells):
                self.headings = trimmed(cells)
                break

    def _numbered(self) -> Iterator[tuple[int, list[Any]]]:
        """With the numbers that the spreadsheet shows; from A1, whatever comes first."""
        return enumerate(self._sheet.iter_rows(), 1)

    def rows(self) -> Iterator[Numbered]:
        """Those below the headings."""
        numbered = self._numbered()
        for _, cells in numbered:
            if not is_blank(cells):
                break
        width = len(self.headings)
        for row_no, cells in numbered:
            # Empty cells at the end of a row are left out by some writers: none is lost.
            yield row_no, [*cells, *([None] * (width - len(cells)))]


def _copy_sound(archive: zipfile.ZipFile, copy: IO[bytes]) -> None:
    """A copy that holds what was looked at and nothing else, whatever the ZIP says of itself."""
    total = 0
    with zipfile.ZipFile(copy, "w") as target:
        for name in dict.fromkeys(archive.namelist()):
            if not name.endswith((".xml", ".rels")):
                continue  # pictures and macros
            bounds = _Bounds()
            with archive.open(name) as source, target.open(name, "w") as written:
                while chunk := source.read(CHUNK_BYTES):
                    total += len(chunk)
                    if total > UNPACKED_BYTES:
                        limit = UNPACKED_BYTES >> 20
                        raise FileRefusedError("(XLSX)", f"holds more than {limit} MB unpacked")
                    if "worksheets/" in name.lower():
                        bounds.look_at(chunk)
                    written.write(chunk)


class _Bounds:
    """How far the cells of a sheet reach, told from its XML piece by piece."""

    def __init__(self) -> None:
        self._rows = self._columns = self._row_tags = self._cell_tags = 0
        self._rest = b""

    def look_at(self, chunk: bytes) -> None:
        """Raises FileRefusedError where they reach too far."""
        text = self._rest + chunk
        self._rest = text[-32:]
        for letters, digits in _REFERENCE.findall(text):
            self._rows = max(self._rows, int(digits))
            self._columns = max(self._columns, _column_no(letters))
        self._row_tags += len(_ROW.findall(chunk))
        rows = max(self._rows, self._row_tags)
        if self._columns > COLUMNS:
            raise FileRefusedError("(XLSX)", f"has a sheet of more than {COLUMNS} columns")
        if rows * max(self._columns, 1) > CELLS:
            raise FileRefusedError("(XLSX)", f"has a sheet of more than {CELLS} cells: send CSV")


def _column_no(letters: bytes) -> int:
    """1 for A, 27 for AA; 0 without letters, as of a row."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
