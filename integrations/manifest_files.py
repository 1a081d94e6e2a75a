"""Manifest files: whatever form one comes in, it is read as a stream of rows.

CSV, a ZIP of CSV files, XLSX, a JSON document or JSON Lines (docs/reference/manifest.md). The
content tells the form, not the name; of a CSV file the name tells what is in it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from typing_extensions import Buffer

from domain.manifest_reasons import plain
from domain.manifest_rows import FileRefusedError, Row
from integrations.csv_files import header_of, read_csv
from integrations.json_files import read_document, read_json
from integrations.text_files import Opener, encoding_of, text_of
from integrations.xlsx_files import read_xlsx
from integrations.zip_files import opened, read_zip

DOCUMENT_BYTES = 64 << 20  # of JSON that must be held in memory as a whole
_REFUSED_STARTS = {
    b"\xd0\xcf\x11\xe0": "is an old .xls file or has a password: save it as .xlsx or CSV",
    b"%PDF": "is a PDF: send CSV, XLSX or JSON",
    b"\x1f\x8b": "is packed with gzip: send it as a ZIP or unpacked",
    b"Rar!": "is a RAR archive: send a ZIP",
    b"7z\xbc\xaf": "is a 7z archive: send a ZIP",
}


def read_file(
    path: Path, *, largest_bytes: int, on_bytes: Callable[[int], None] | None = None
) -> Iterator[Row]:
    """The rows of a file, each taken or refused, in bounded memory.

    `on_bytes` is told, now and then, how many bytes of the file have been read for rows.
    Raises FileRefusedError, at the first row or later, where the whole cannot be read.
    """
    size = path.stat().st_size
    if size > largest_bytes:
        raise FileRefusedError(
            "(file)", f"has {size / 1e6:,.1f} MB, at most {largest_bytes / 1e6:,.0f} MB are read"
        )
    if not size:
        raise FileRefusedError("(file)", "is empty")
    opener: Opener = partial(_open, path, None)
    with opener() as file:
        start = file.read(8)
    for bytes_, reason in _REFUSED_STARTS.items():
        if start.startswith(bytes_):
            raise FileRefusedError("(file)", reason)
    name, counted = plain(path.name), partial(_open, path, on_bytes)
    if start.startswith(b"PK"):
        with opened(counted, largest_bytes=largest_bytes) as archive:
            is_book = "xl/workbook.xml" in archive.namelist()
            yield from read_xlsx(archive) if is_book else read_zip(archive, name)
    else:
        yield from _text_rows(opener, counted, path, largest_bytes)


def _text_rows(opener: Opener, counted: Opener, path: Path, largest_bytes: int) -> Iterator[Row]:
    encoding = encoding_of(opener)
    with text_of(opener, encoding) as text:
        start = text.read(4096).lstrip()
    prefix = f"{plain(path.name)}:"
    if start.startswith(("{", "[")):
        limit = min(largest_bytes, DOCUMENT_BYTES)
        yield from read_json(counted, encoding, prefix=prefix, largest_bytes=limit)
    elif start.startswith("<"):
        reason = "is HTML or XML, whatever its name says: save it as .xlsx or CSV"
        raise FileRefusedError("(file)", reason)
    else:
        yield from read_csv(counted, prefix=prefix, header=header_of(opener, path.stem))


def _open(path: Path, on_bytes: Callable[[int], None] | None) -> BinaryIO:
    raw = path.open("rb", buffering=0)
    source = raw if on_bytes is None else _Counted(raw, on_bytes)
    return cast(BinaryIO, io.BufferedReader(source, 1 << 18))


class _Counted(io.RawIOBase):
    """Tells where reading has come to."""

    def __init__(self, raw: io.FileIO, tell: Callable[[int], None]) -> None:
        self._raw, self._tell = raw, tell

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._raw.seek(offset, whence)

    def readinto(self, buffer: Buffer, /) -> int | None:
        count: int | None = self._raw.readinto(buffer)
        self._tell(self._raw.tell())
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


__all__ = ["FileRefusedError", "read_document", "read_file"]
