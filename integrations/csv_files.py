"""CSV files, in the dialects that people really send.

The separator is `;`, `,`, a tab or `|`, told by a first line `sep=;` or by the header. A row
that cannot be read is refused by the line of the file where it begins, and the next line is
read as a row again.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from io import TextIOBase
from typing import NamedTuple

from domain.manifest_columns import is_heading
from domain.manifest_rows import FileRefusedError, Row
from domain.manifest_words import RecordKind
from integrations.table_files import Numbered, Table, kind_of, trimmed
from integrations.text_files import LINE_CHARS, Opener, encoding_of, is_cut, skip_line, text_of

SEPARATORS = ";,\t|"
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
QUOTED_LINES = 100  # that one row may run over
QUOTED_CHARS = 1 << 16
LOST_QUOTES = 50  # so often in a file is looked for the end of a quote that has none


class Header(NamedTuple):
    """How a file is written, and what is in it."""

    kind: RecordKind
    headings: list[str]
    separator: str
    encoding: str


def header_of(opener: Opener, name: str) -> Header:
    """Reads as far as the header.

    Raises FileRefusedError where there is none, or where it does not tell what the file holds.
    """
    encoding = encoding_of(opener)
    with text_of(opener, encoding) as text:
        separator, headings = _head(text)
    return Header(kind_of(name, headings), headings, separator, encoding)


def read_csv(opener: Opener, *, prefix: str, header: Header) -> Iterator[Row]:
    """The rows of one file; `prefix` stands before each row's number."""
    kind, headings, separator, encoding = header
    table = Table(kind, headings, prefix)
    with text_of(opener, encoding) as text:
        records = numbered_records(text, separator)
        for _, cells in records:  # up to the header, which is known
            if not isinstance(cells, str) and trimmed(cells) == headings:
                break
        yield from table.rows(records)


def _head(text: TextIOBase) -> tuple[str, list[str]]:
    """The separator, and the headings."""
    given = None
    while line := text.readline(LINE_CHARS):
        if is_cut(line):
            break
        if given is None and (match := _SEP_LINE.fullmatch(line.rstrip("\r\n"))):
            given = match[1]
        elif line.strip(f'\r\n {SEPARATORS}"'):
            return _headings(line, text, given)
    raise FileRefusedError("(header)", "there is no line with the names of the columns")


def _headings(line: str, text: TextIOBase, given: str | None) -> tuple[str, list[str]]:
    ahead = [line, *(text.readline(LINE_CHARS) for _ in range(QUOTED_LINES))]
    found = []
    for separator in given or SEPARATORS:
        _, cells = next(numbered_records(_Lines(ahead), separator))
        headings = trimmed(cells) if not isinstance(cells, str) else []
        found.append((sum(map(is_heading, headings)), len(headings), separator, headings))
    known, _, separator, headings = max(found)
    if not known:
        raise FileRefusedError("(header)", "no column of a manifest is named in the first line")
    return separator, headings


class _Lines(TextIOBase):
    """Lines that were read already."""

    def __init__(self, lines: list[str]) -> None:
        self._left = deque(lines)

    def readline(self, _size: int | None = -1, /) -> str:  # type: ignore[override]
        return self._left.popleft() if self._left else ""


def numbered_records(text: TextIOBase, separator: str) -> Iterator[Numbered]:
    """Each row with the number of the line that it begins on; its cells, or why it has none."""
    waiting: deque[str] = deque()  # lines that were looked at for the end of a quote
    line_no = lost = 0
    while line := waiting.popleft() if waiting else text.readline(LINE_CHARS):
        line_no += 1
        if is_cut(line):
            skip_line(text, line)
            yield line_no, f"is longer than {LINE_CHARS} characters"
        elif '"' not in line:
            yield line_no, line.rstrip("\r\n").split(separator)
        else:
            cells, ahead = _quoted(line, waiting, text, separator, lost < LOST_QUOTES)
            yield line_no, cells
            if isinstance(cells, str):
                lost += len(ahead) > 0
                waiting.extendleft(reversed(ahead))
            else:
                line_no += len(ahead)


def _quoted(
    line: str, waiting: deque[str], text: TextIOBase, separator: str, look: bool
) -> tuple[list[str] | str, list[str]]:
    """A row with quotes in it, and the further lines that it runs over; or why it cannot be
    read, and the lines that were looked at in vain."""
    ahead: list[str] = []
    row = line
    while True:
        cells = _split(row, separator)
        if cells is not None:
            return cells, ahead
        while True:
            more = waiting.popleft() if waiting else text.readline(LINE_CHARS) if look else ""
            ahead += [more] if more else []
            row += more
            if not more or len(ahead) > QUOTED_LINES or len(row) > QUOTED_CHARS:
                return 'a quote (") is opened and not closed', ahead
            if '"' in more:
                break


def _split(row: str, separator: str) -> list[str] | str | None:
    """The cells; None: a quote is still open; or what is wrong."""
    try:
        return next(csv.reader([row], delimiter=separator, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None
        if "field larger" in str(error):
            return "a cell is too long"
        return 'a quote (") within a cell in quotes must be doubled ("")'
