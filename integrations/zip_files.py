"""ZIP files of CSV files. Nothing is unpacked onto the disk, and nothing without end."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from domain.manifest_reasons import plain
from domain.manifest_rows import FileRefusedError, Row
from domain.manifest_words import RecordKind
from integrations.csv_files import header_of, read_csv
from integrations.text_files import Opener

MEMBERS = 1000
INFLATES = 20  # times the largest file, unpacked
_ORDER = list(RecordKind)
_TABLES = (".csv", ".tsv", ".txt")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


@contextmanager
def opened(opener: Opener, *, largest_bytes: int) -> Iterator[zipfile.ZipFile]:
    """A ZIP whose members may be read: not too many, not too large, not encrypted.

    Raises FileRefusedError; also where a member turns out to be broken as it is read.
    """
    try:
        with opener() as file, zipfile.ZipFile(file) as archive:
            _check(archive.infolist(), largest_bytes)
            yield archive
    except _BROKEN as error:
        raise FileRefusedError("(ZIP)", plain(f"is broken ({error})")) from None


def _check(members: list[zipfile.ZipInfo], largest_bytes: int) -> None:
    if len(members) > MEMBERS:
        raise FileRefusedError("(ZIP)", f"holds more than {MEMBERS} files")
    size = sum(member.file_size for member in members)
    if size > largest_bytes * INFLATES:
        megabytes = largest_bytes * INFLATES // 1_000_000
        raise FileRefusedError("(ZIP)", f"holds more than {megabytes} MB unpacked")
    for member in members:
        name = plain(member.filename)
        if member.flag_bits & 0x1:
            raise FileRefusedError(name, "is encrypted: send it without a password")
        # What else there is inflates without bound in one step.
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileRefusedError(name, "is compressed in an unusual way: use deflate")


def read_zip(archive: zipfile.ZipFile, name: str) -> Iterator[Row]:
    """The rows of all tables in it: stations first, then manifests, then what belongs to them."""
    found = []
    for member in archive.infolist():
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if member.is_dir() or "__MACOSX" in path.parts or path.name.startswith((".", "~$")):
            continue
        shown = plain(path.name)
        if path.suffix.lower() not in _TABLES:
            raise FileRefusedError(shown, "is no CSV file: a ZIP may hold CSV files only")
        opener: Opener = partial(_member, archive, member)
        found.append((header_of(opener, path.stem), opener, shown))
    if not found:
        raise FileRefusedError("(ZIP)", "holds no CSV file")
    for header, opener, shown in sorted(found, key=lambda each: _ORDER.index(each[0].kind)):
        yield from read_csv(opener, prefix=f"{name}/{shown}:", header=header)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    return cast(BinaryIO, archive.open(member))
