"""Documents: records written as a manifest file, in each form that is read back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from domain.manifest_cells import written
from domain.manifest_columns import COLUMNS, Column
from domain.manifest_schema import FORMAT, NESTED, OWN_ID, RECORD_KEY, SECTIONS, VERSION
from domain.manifest_words import RecordKind
from domain.manifests import AnyRecord

Records = Iterable[tuple[RecordKind, AnyRecord]]
_SECTION_OF = {kind: section for section, kind in SECTIONS.items()}
_LIST_OF = {part: name for parts in NESTED.values() for name, part in parts.items()}
_OF = {part: whole for whole, parts in NESTED.items() for part in parts.values()}


def to_values(record: AnyRecord) -> dict[str, Any]:
    """A record as the values of a flat JSON object; what is not given is left out."""
    return record.model_dump(mode="json", by_alias=True, exclude_none=True)


def to_document(records: Records, **header: str) -> dict[str, Any]:
    """The JSON document of `records`. `header`: source, issued_at.

    Raises ValueError for a part without its manifest or receipt, or of another revision of
    it: a document cannot say that.
    """
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION, **header}
    wholes: dict[tuple[RecordKind, str], dict[str, Any]] = {}
    parts = []
    for kind, record in records:
        values = to_values(record)
        if kind in OWN_ID:
            parts.append((kind, values))
        else:
            document.setdefault(_SECTION_OF[kind], []).append(values)
            wholes[kind, values["id"]] = values
    for kind, values in parts:
        own = values.pop(OWN_ID[kind])
        whole = wholes.get((_OF[kind], own))
        if whole is None or whole["revision"] != values.pop("revision"):
            raise ValueError(f"a {kind} belongs to {OWN_ID[kind]} {own}, which is not among them")
        whole.setdefault(_LIST_OF[kind], []).append(values)
    return document


def json_lines(records: Records, **header: str) -> Iterator[str]:
    """The lines of JSON Lines, the header first."""
    yield _line({"format": FORMAT, "version": VERSION, **header})
    for kind, record in records:
        yield _line({RECORD_KEY: kind.value, **to_values(record)})


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"


def csv_table(
    kind: RecordKind, records: Iterable[AnyRecord], *, separator: str = ","
) -> Iterator[str]:
    """The lines of a CSV file, by RFC 4180, which a spreadsheet opens without harm."""
    columns = list(COLUMNS[kind].values())
    yield _csv_line([column.name for column in columns], separator)
    for record in records:
        values = record.model_dump(by_alias=True)
        yield _csv_line([written(each, value_at(values, each)) for each in columns], separator)


def value_at(values: Mapping[str, Any], column: Column) -> object:
    """The value of a column in a record's values."""
    found: Any = values
    for step in column.path:
        if isinstance(step, int):
            found = found[step] if step < len(found) else {}
        else:
            found = found.get(step)
    return found


def _csv_line(cells: list[str], separator: str) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=separator, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
