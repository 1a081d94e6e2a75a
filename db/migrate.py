"""Forward-only migrations from numbered SQL files.

`NNNN_name.sql` runs on every server; `NNNN_name.apache.sql` and `NNNN_name.community.sql`
only on that edition of TimescaleDB. An advisory lock makes two processes wait for each
other, a checksum refuses a file that changed after it was applied, and each file commits
together with its record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import LiteralString

import psycopg

from db.pool import AWAY, Connection, connect
from db.sql import queries

LOCK = 0x6B61776C  # "kawl": one number that all our migrating processes agree on
NO_TIMESCALE = (
    "this server has no TimescaleDB: add timescaledb to shared_preload_libraries and create the"
    " extension, or use the database that `make up` starts"
)


class MigrationError(Exception):
    """A migration cannot be applied; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file. `edition` is None where it suits every server."""

    name: str
    edition: str | None
    text: LiteralString

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def available() -> list[Migration]:
    """All migrations in the order in which they apply."""
    found = []
    for file in files("db").joinpath("migrations").iterdir():
        if file.name.endswith(".sql"):
            _, *middle, _ = file.name.split(".")
            edition_only = middle[0] if middle else None
            found.append(Migration(file.name, edition_only, file.read_text("utf-8")))
    return sorted(found, key=lambda migration: migration.name)


def edition(connection: Connection) -> str:
    """`apache` or `community`: which licence the TimescaleDB of this server runs under.

    Raises MigrationError where the server has no TimescaleDB.
    """
    row = connection.execute(queries("migrate")["edition"]).fetchone()
    if row is None or row[0] is None:
        raise MigrationError(NO_TIMESCALE)
    return "apache" if row[0] == "apache" else "community"


def versions(connection: Connection) -> tuple[str, str | None]:
    """Of PostgreSQL, and of TimescaleDB in this database (None before the first migration)."""
    row = connection.execute(queries("migrate")["versions"]).fetchone()
    return (row[0].split()[0], row[1]) if row else ("?", None)


def pending(connection: Connection) -> list[str]:
    """Names of the migrations that this server lacks.

    Before the first one its edition is not known, and those for one edition are left out.
    """
    running = edition(connection) if versions(connection)[1] else None
    if connection.execute(queries("migrate")["has_ledger"]).fetchone() == (False,):
        applied: dict[str, str] = {}
    else:
        applied = dict(connection.execute(queries("migrate")["applied"]).fetchall())
    return [m.name for m in _missing(available(), applied, running)]


def migrate(url: str, report: Callable[[str], None] = lambda _name: None) -> list[str]:
    """Apply what is missing and return the names applied, in order.

    Safe to run twice and from several processes at once. Raises MigrationError when the
    server has no TimescaleDB, an applied file has changed, the database was migrated by a
    newer release, or a file fails.
    """
    with connect(url, "migrate") as connection:
        sql = queries("migrate")
        # Held until the connection closes, whatever happens to it.
        connection.execute(sql["lock"], {"lock": LOCK})
        connection.execute(sql["create_ledger"])
        return _apply_missing(connection, report)


def _apply_missing(connection: Connection, report: Callable[[str], None]) -> list[str]:
    applied: dict[str, str] = dict(connection.execute(queries("migrate")["applied"]).fetchall())
    migrations = available()
    _verify(applied, migrations)
    _create_extension(connection)
    done = []
    for migration in _missing(migrations, applied, edition(connection)):
        _apply(connection, migration)
        report(migration.name)
        done.append(migration.name)
    return done


def _create_extension(connection: Connection) -> None:
    try:
        connection.execute(queries("migrate")["create_extension"])
    except psycopg.Error as error:  # not there, not loaded, or not ours to create
        raise MigrationError(f"{NO_TIMESCALE} ({_first_line(error)})") from error


def _missing(
    migrations: list[Migration], applied: dict[str, str], running: str | None
) -> list[Migration]:
    return [
        migration
        for migration in migrations
        if migration.name not in applied
        and migration.edition in (None, running)
        and not _superseded(migration, applied)
    ]


def _superseded(migration: Migration, applied: dict[str, str]) -> bool:
    """An Apache file whose community twin is applied has nothing left to do."""
    twin = migration.name.replace(".apache.", ".community.")
    return migration.edition == "apache" and twin in applied


def _verify(applied: dict[str, str], migrations: list[Migration]) -> None:
    known = {migration.name: migration.checksum for migration in migrations}
    for name, checksum in applied.items():
        if name not in known:
            raise MigrationError(f"{name} was applied by a newer release: update this program")
        if known[name] != checksum:
            raise MigrationError(f"{name} changed after it was applied: write a new migration")


def _apply(connection: Connection, migration: Migration) -> None:
    try:
        with connection.transaction():
            # A file of this package, with no parameters; the simple protocol runs several
            # statements in one call.
            connection.execute(migration.text, prepare=False)
            connection.execute(
                queries("migrate")["record"],
                {"name": migration.name, "checksum": migration.checksum},
            )
    except AWAY:
        raise
    except psycopg.Error as error:
        reason = _first_line(error)
        raise MigrationError(f"{migration.name} failed and changed nothing: {reason}") from error


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0]
