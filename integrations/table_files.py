"""Tables: rows under headings to records, for CSV files and spreadsheets alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from domain.manifest_cells import ASCII_BLANKS, CellError, read
from domain.manifest_columns import (
    COLUMNS,
    CellType,
    Column,
    column_of,
    headed_kind,
    lacking,
    named_kind,
    normalised,
)
from domain.manifest_reasons import Fault, close, faults, key_given, payload, plain, told
from domain.manifest_rows import FileRefusedError, Refused, Row, Taken
from domain.manifest_words import RecordKind
from domain.manifests import RECORDS
from domain.plan_reasons import Loc, quoted
from domain.regions import Zone, zone

_UNNAMED = Column("", CellType.TEXT, must=False, path=("",))

# One row of a table: its number, and its cells or why it cannot be read.
Numbered = tuple[int, Sequence[object] | str]


def trimmed(cells: Sequence[object]) -> list[str]:
    """The headings, without empty ones at the end."""
    found = ["" if cell is None else str(cell).strip() for cell in cells]
    while found and not found[-1]:
        found.pop()
    return found


def is_blank(cells: Sequence[object]) -> bool:
    """Whether nothing is written in a row."""
    return not any(
        cell is not None and (not isinstance(cell, str) or cell.strip(ASCII_BLANKS))
        for cell in cells
    )


def kind_of(name: str, headings: Sequence[str]) -> RecordKind:
    """What kind of records a table holds, by its name or else by its headings.

    Raises FileRefusedError where neither tells.
    """
    kind = named_kind(name) or headed_kind(headings)
    if kind is None:
        raise FileRefusedError(
            plain(name),
            "neither the name nor the header tells what it holds: name it after one of "
            + ", ".join(RecordKind),
        )
    return kind


class Table:
    """A table of one kind of records, under its headings.

    Raises FileRefusedError for a column that is unknown, missing or given twice.
    """

    def __init__(self, kind: RecordKind, headings: Sequence[str], prefix: str) -> None:
        self.kind, self.prefix = kind, prefix
        self.columns = [self._column(heading) for heading in headings]
        self.headings = [name or f"(column {at})" for at, name in enumerate(headings, 1)]
        names = [column.name for column in self.columns]
        for at, name in enumerate(names):
            if name and name in names[:at]:
                first = headings[names.index(name)]
                raise FileRefusedError(plain(headings[at]), f"is given twice (as {quoted(first)})")
        if missing := lacking(kind, names):
            raise FileRefusedError(missing[0], f"is a column that a table of {kind} must have")
        self._heading_of = dict(zip(names, headings, strict=True))
        self._at = {name: at for at, name in enumerate(names)}

    def _column(self, heading: str) -> Column:
        column = column_of(self.kind, heading) if heading else _UNNAMED
        if column is None:
            known = [each.name for each in COLUMNS[self.kind].values()]
            hint = close(normalised(heading), known) or f"; those are {', '.join(known)}"
            raise FileRefusedError(
                plain(heading), f"is not a column of a table of {self.kind}{hint}"
            )
        return column

    def rows(self, numbered: Iterable[Numbered]) -> Iterator[Row]:
        """Each row taken or refused. The usual one goes straight to the record; whatever is
        odd in a cell goes through `manifest_cells.read` first."""
        validate = RECORDS[self.kind].__pydantic_validator__.validate_python
        kind, prefix, straight = self.kind, self.prefix, _Straight(self.columns)
        for row_no, cells in numbered:
            if (values := straight.values(cells)) is not None:
                try:
                    made = validate(values, by_name=False)
                except ValidationError:
                    pass  # read cell by cell below, which takes it or tells why not
                else:
                    yield Taken(row_no, f"{prefix}{row_no}", kind, made)
                    continue
            if isinstance(cells, str) or not is_blank(cells):
                yield self._row(row_no, cells)

    def _row(self, row_no: int, cells: Sequence[object] | str) -> Row:
        if isinstance(cells, str):
            return self._refused(row_no, Fault("(row)", cells), (), None)
        if fault := self._width_fault(cells):
            return self._refused(row_no, fault, cells, None)
        values, found = self._values(cells)
        record = RECORDS[self.kind]
        try:
            made = record.__pydantic_validator__.validate_python(values, by_name=False)
        except ValidationError as error:
            bad = {fault.field for fault in found}
            seen = faults(error, record, values, self._heading)
            found += [fault for fault in seen if fault.field not in bad]
        if found:
            return self._refused(row_no, told(found), cells, key_given(self.kind, values))
        return Taken(row_no, f"{self.prefix}{row_no}", self.kind, made)

    def _width_fault(self, cells: Sequence[object]) -> Fault | None:
        width = len(self.columns)
        if len(cells) < width:
            return Fault("(row)", f"has {len(cells)} of the {width} columns of the header")
        if len(cells) > width and not is_blank(cells[width:]):
            return Fault("(row)", f"has more than the {width} columns of the header")
        return None

    def _values(self, cells: Sequence[object]) -> tuple[dict[str, Any], list[Fault]]:
        values: dict[str, Any] = {}
        found: list[Fault] = []
        for column, heading, cell in zip(self.columns, self.headings, cells, strict=False):
            if column is _UNNAMED and not is_blank([cell]):
                found.append(Fault(heading, "has a value, and the column has no name"))
                continue
            try:
                value = read(column, cell, self._zone(column, cells))
            except CellError as error:
                found.append(Fault(plain(heading), str(error)))
                continue
            if value is not None:
                _put(values, column.path, value)
        if self.kind is RecordKind.STATION:
            values.setdefault("voters", {})
        if "signers" in values:
            signers = values["signers"]
            values["signers"] = [signers.get(n, {}) for n in range(max(signers) + 1)]
        return values, found

    def _zone(self, column: Column, cells: Sequence[object]) -> Zone | None:
        """Of the region whose time a time of `column` is, where the row names it."""
        if column.zone_of is None or column.zone_of not in self._at:
            return None
        at = self._at[column.zone_of]
        try:
            return zone(str(read(self.columns[at], cells[at])))
        except ValueError:
            return None

    def _heading(self, loc: Loc) -> str:
        """What the file calls the column of a field."""
        if not loc:
            return "(row)"
        for column in self.columns:
            if column.path == loc[: len(column.path)]:
                return plain(self._heading_of[column.name])
        name = str(loc[0])
        return f"signer_{int(loc[1]) + 1}_{loc[2]}" if name == "signers" and len(loc) > 2 else name

    def _refused(
        self, row_no: int, fault: Fault, cells: Sequence[object], key: str | None
    ) -> Refused:
        names = [
            *self.headings,
            *(f"(column {n + 1})" for n in range(len(self.headings), len(cells))),
        ]
        pairs = zip(names, cells, strict=False)
        row = {name: payload(cell) for name, cell in pairs if cell or name[:1] != "("}
        place = f"{self.prefix}{row_no}"
        return Refused(row_no, place, self.kind, key, *fault, payload(row) if row else None)


class _Straight:
    """The way of a row that needs no second look at its cells: five million of them."""

    def __init__(self, columns: Sequence[Column]) -> None:
        def of(cell: CellType) -> list[int]:
            return [at for at, column in enumerate(columns) if column.cell is cell]

        self._width = len(columns)
        self._names = [column.path[0] for column in columns]
        self._wholes, self._texts = of(CellType.WHOLE), of(CellType.TEXT)
        self._yes_nos, self._seals = of(CellType.YES_NO), of(CellType.SEALS)
        self._voters = [
            (at, column.path[1]) for at, column in enumerate(columns) if column.path[0] == "voters"
        ]
        self._possible = "signers" not in self._names and _UNNAMED not in columns

    def values(self, cells: Sequence[object] | str) -> dict[Any, Any] | None:
        """Of a record; None where a cell may mean something else than pydantic takes it for."""
        if not self._possible or not isinstance(cells, list) or len(cells) != self._width:
            return None
        for at in self._wholes:  # pydantic takes 1.000 for 1
            cell = cells[at]
            if not isinstance(cell, str) or (cell and not (cell.isascii() and cell.isdecimal())):
                return None
        for at in self._texts:  # by which a spreadsheet tells text, or lost its digits
            if not isinstance(cells[at], str) or cells[at][:1] in _MARKS or "E+" in cells[at]:
                return None
        for at in self._yes_nos:  # pydantic takes T for true
            if cells[at] not in ("", "TRUE", "FALSE"):
                return None
        values: dict[Any, Any] = {n: c for n, c in zip(self._names, cells, strict=True) if c}
        for at in self._seals:
            if cells[at]:
                values["seals"] = _parts(cells[at])
        if self._voters:
            values["voters"] = {name: cells[at] for at, name in self._voters if cells[at]}
        return values


_MARKS = ("'", "=")


def _parts(seals: object) -> list[str] | None:
    """Where nothing but `|` can stand between them; None, which no record takes: look again."""
    if isinstance(seals, str) and (
        seals.isalnum() or ("|" in seals and not seals.startswith(_MARKS))
    ):
        return seals.split("|")
    return None


def _put(values: dict[str, Any], path: tuple[str | int, ...], value: object) -> None:
    inner: dict[Any, Any] = values
    for step in path[:-1]:
        inner = inner.setdefault(step, {})
    inner[path[-1]] = value
