"""File drop: a folder from which manifest files are taken once they are complete.

A file is taken when it has not changed between two looks, imported in one transaction, and
only then moved to `done` or `refused` with a report beside it. Killed between, the file is
still there and comes again, which changes nothing. Nothing is ever deleted or overwritten.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import structlog

from db import connectors, manifests
from db.pool import AWAY, Connection
from domain.manifest_rows import ImportReport
from domain.settings import Materials
from integrations.connector import StoppingError, tally, until_stopped
from integrations.drop_report import DropReport, RefusedRow, write
from integrations.manifest_files import FileRefusedError, read_file

log = structlog.get_logger(__name__)

LOOK_S = 1.0
PAGE_ROWS = 1000
# What programs write before a file is whole: browsers, sync tools, Excel, editors.
TEMPORARY_ENDS = (".part", ".tmp", ".crdownload", ".download", ".swp", ".filepart", "~")
TEMPORARY_STARTS = (".", "~$", "~")


class Look(NamedTuple):
    """What a file looked like; one that is still being written changes."""

    size: int
    mtime_ns: int
    inode: int


class FileDrop:
    """A task that watches one folder (not the folders in it)."""

    name = "file-drop"
    interval_s = LOOK_S

    def __init__(
        self, folder: Path, materials: Materials, largest_bytes: int, stop: threading.Event
    ) -> None:
        self._folder = folder
        self._materials = materials
        self._largest = largest_bytes
        self._stop = stop
        self._looks: dict[str, Look] = {}
        self._stuck: dict[str, Look] = {}  # taken, and could not be moved

    def run(self, connection: Connection, now: datetime) -> None:
        """Look once, and take what has not changed since the last look."""
        try:
            looks = self._look()
        except OSError as error:
            words = f"the folder {self._folder.name} cannot be read: {error.strerror}"
            connectors.fail(connection, self.name, now, words)
            return
        ready = [name for name, look in looks.items() if self._looks.get(name) == look]
        self._looks = looks
        for name in sorted(ready):
            if self._stuck.get(name) == looks[name]:
                continue
            if not self._take(connection, self._folder / name, now):
                self._stuck[name] = looks[name]
            if self._stop.is_set():
                raise StoppingError

    def _look(self) -> dict[str, Look]:
        for folder in ("", "done", "refused"):
            (self._folder / folder).mkdir(parents=True, exist_ok=True)
        found = {}
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if is_temporary(entry.name):
                    continue
                seen = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(seen.st_mode):  # a link could lead anywhere
                    found[entry.name] = Look(seen.st_size, seen.st_mtime_ns, seen.st_ino)
        return found

    def _take(self, connection: Connection, file: Path, now: datetime) -> bool:
        """False where the file is still there, and is better left alone until it changes."""
        try:
            report = self._import(connection, file, now)
            self._put_away(file, report)
        except (*AWAY, StoppingError):
            raise
        except FileNotFoundError:
            return True  # taken away by whoever put it there
        except OSError as error:
            words = f"{file.name} cannot be read or moved: {error.strerror}"
            connectors.fail(connection, self.name, now, words)
            return False
        except Exception as error:  # the next file must not wait for a fault in this one
            log.exception("a file could not be imported", file=file.name)
            words = f"a fault of ours: {type(error).__name__}: {error}"
            connectors.fail(connection, self.name, now, f"{file.name}: {words}")
            self._put_away(file, self._whole(file, now, words))
        return True

    def _import(self, connection: Connection, file: Path, now: datetime) -> DropReport:
        size = file.stat().st_size
        if size > self._largest:
            most = f"{self._largest / 1e6:g} MB (KAWAL_INTEGRATIONS_LARGEST_MB)"
            return self._refuse(connection, file, now, f"is larger than {most}")
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        try:
            with connection.transaction():
                stored = manifests.store(
                    connection,
                    until_stopped(read_file(file, largest_bytes=self._largest), self._stop),
                    source="file-drop",
                    name=file.name,
                    sha256=digest,
                    imported_by="file-drop",
                    materials=self._materials,
                )
                connectors.succeed(connection, self.name, now, **tally(stored)._asdict())
        except FileRefusedError as error:
            return self._refuse(connection, file, now, f"{error.field}: {error.reason}")
        return self._report(connection, file, now, digest, stored)

    # --- reports ---

    def _report(
        self,
        connection: Connection,
        file: Path,
        now: datetime,
        digest: str,
        stored: ImportReport,
    ) -> DropReport:
        refused = tuple(_refused(connection, stored)) if stored.count("REFUSED") else ()
        size, at = file.stat().st_size, now.astimezone(UTC).isoformat(timespec="seconds")
        return DropReport(
            file.name, size, digest, at, stored.import_id, stored.counts, refused=refused
        )

    def _refuse(self, connection: Connection, file: Path, now: datetime, words: str) -> DropReport:
        connectors.succeed(connection, self.name, now, refused=1)
        return self._whole(file, now, words)

    def _whole(self, file: Path, now: datetime, words: str) -> DropReport:
        at = now.astimezone(UTC).isoformat(timespec="seconds")
        return DropReport(file.name, file.stat().st_size, None, at, refused_whole=words)

    def _put_away(self, file: Path, report: DropReport) -> None:
        aim = free_name(self._folder / ("done" if report.good else "refused") / file.name)
        write(report, aim)
        file.rename(aim)
        log.info("file taken", file=file.name, to=aim.parent.name, counts=report.counts)


def is_temporary(name: str) -> bool:
    """Whether a file of this name is not meant, or not yet."""
    return name.startswith(TEMPORARY_STARTS) or name.lower().endswith(TEMPORARY_ENDS)


def free_name(wanted: Path) -> Path:
    """`wanted`, or with a number where there is one of that name."""
    number, found = 1, wanted
    while found.exists() or found.with_name(f"{found.name}.report.txt").exists():
        number += 1
        found = wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
    return found


def _refused(connection: Connection, stored: ImportReport) -> Iterator[RefusedRow]:
    offset = 0
    while page := manifests.import_rows(
        connection, stored.import_id, state="REFUSED", limit=PAGE_ROWS, offset=offset
    ):
        offset += len(page)
        yield from (
            RefusedRow(row.place, row.kind, row.record_key, row.field, row.reason) for row in page
        )
