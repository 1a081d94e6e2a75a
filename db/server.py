"""A private PostgreSQL with TimescaleDB from the unpacked runtime."""

import contextlib
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from db.process import RuntimeServer, ServerError

SUPERUSER = "kawal"
_BIN = "usr/lib/postgresql/17/bin"

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path is limited to 107 bytes
    "max_connections": "60",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "lz4",
    "random_page_cost": "1.1",
    "max_locks_per_transaction": "256",  # a read over many chunks locks each of them
    "jit": "off",  # its library is not unpacked, and short queries only lose by it
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    # The Apache edition has no jobs to run, and a scheduler in every database would keep
    # that database from being copied or dropped.
    "timescaledb.max_background_workers": "0",
}


class DatabaseServer(RuntimeServer):
    """A PostgreSQL cluster of our own below `data_dir`, on 127.0.0.1 at `port`.

    The folder holds `pgdata`, the superuser's `password`, `zoneinfo` and `server.log`.
    `settings` override SETTINGS. A supervisor stops it with `stop_signal` (SIGINT, a fast
    shutdown): SIGTERM would wait for every client to leave.
    """

    program = f"{_BIN}/postgres"
    stop_signal = signal.SIGINT

    def __init__(
        self, runtime: Path, data_dir: Path, port: int, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(runtime, data_dir, port)
        self.settings = {**SETTINGS, "port": str(port), **(settings or {})}
        self.pgdata = self.data_dir / "pgdata"

    def initialise(self) -> None:
        """Make the cluster if it is not there, and write the settings; repeat at every start.

        A server that runs on the cluster goes on, with the settings that it began with.
        """
        self._write_password()
        self._link_timezones()
        if not self.pgdata.exists():
            self._make_cluster()
        self.write_file(self.pgdata / "kawal.conf", _conf(self.settings))

    def argv(self) -> list[str]:
        """Time zones are found relative to the working folder (deploy/runtime.sh)."""
        postgres = str(self.path_of(self.program))
        return ["env", f"--chdir={self.pgdata}", postgres, "-D", str(self.pgdata)]

    def mark(self) -> str:
        """PostgreSQL keeps the path of its cluster in the command line of every process."""
        return str(self.pgdata)

    def url(self, database: str) -> str:
        """Connection URL, with the superuser's password, of a database of this cluster."""
        password = self._password_file.read_text(encoding="ascii").strip()
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}/{quote(database)}"

    def refusal(self) -> str | None:
        """Why no connection is accepted now, or None if one is."""
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError as error:
            return str(error)
        return None

    def reclaim(self) -> None:
        """Stop an orphan on the same cluster, and remove a pid file that names a stranger."""
        super().reclaim()
        pid = self._recorded_pid()
        # PostgreSQL itself removes the file if that pid is free; a reused one stops its start.
        if pid is not None and Path(f"/proc/{pid}").exists():
            (self.pgdata / "postmaster.pid").unlink(missing_ok=True)

    def leaders(self, pids: list[int]) -> list[int]:
        """Only the postmaster: its children end with it, and take SIGINT for something else."""
        return [pid for pid in pids if pid == self._recorded_pid()]

    def create_database(self, name: str, template: str = "template1") -> None:
        """Make a database as a copy of `template`, to which nobody may be connected."""
        words = sql.SQL("create database {} template {}")
        self._administer(words.format(sql.Identifier(name), sql.Identifier(template)))

    def ensure_database(self, name: str) -> None:
        """Make an empty database of that name unless there is one."""
        with contextlib.suppress(psycopg.errors.DuplicateDatabase):
            self.create_database(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, if it is there, with whoever is connected to it."""
        words = sql.SQL("drop database if exists {} with (force)")
        self._administer(words.format(sql.Identifier(name)))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    @property
    def _password_file(self) -> Path:
        return self.data_dir / "password"

    def _write_password(self) -> None:
        if not self._password_file.exists():
            _ = self.account  # makes the folder
            self.write_file(self._password_file, secrets.token_urlsafe(32) + "\n")

    def _link_timezones(self) -> None:
        link = self.data_dir / "zoneinfo"
        link.unlink(missing_ok=True)
        link.symlink_to(self.runtime / "usr/share/zoneinfo")

    def _make_cluster(self) -> None:
        partial = self.data_dir / "pgdata.partial"
        shutil.rmtree(partial, ignore_errors=True)
        command = [
            *(*self.account.prefix, str(self.path_of(f"{_BIN}/initdb"))),
            *("--pgdata", str(partial), "--username", SUPERUSER),
            *("--pwfile", str(self._password_file), "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
            *("--data-checksums", "--no-instructions", "--set", "timezone=UTC"),
        ]
        beside_timezones = self.runtime / "usr/share/postgresql"
        done = subprocess.run(
            command, cwd=beside_timezones, check=False, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise ServerError(f"initdb failed:\n{done.stderr.strip()}")
        with (partial / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write("include 'kawal.conf'\n")
        partial.rename(self.pgdata)

    def _recorded_pid(self) -> int | None:
        try:
            text = (self.pgdata / "postmaster.pid").read_text(encoding="utf-8")
            return int(text.split("\n", 1)[0])
        except (OSError, ValueError):
            return None


def _conf(settings: Mapping[str, str]) -> str:
    lines = (
        f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()
    )
    return "# Written by db/server.py at every start.\n" + "\n".join(lines) + "\n"
