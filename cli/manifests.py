"""`kawal manifest`: manifest files into the database, and what the contract says."""

from __future__ import annotations

import getpass
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.site import Site
from db import manifests
from db.pool import connect
from domain.manifest_rows import FileRefusedError, Refused, Row
from domain.manifest_schema import schema
from integrations.manifest_files import read_file

LISTED = 20
LARGEST_BYTES = 8_000_000_000  # a file on one's own disk; a national plan has five million rows


@click.group("manifest")
def manifest_group() -> None:
    """What is carried, for which station, under which seals."""


@manifest_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_command(file: Path) -> None:
    """Import FILE (JSON, JSON lines, CSV, XLSX, ZIP of CSV); bad rows are refused by name."""
    site = Site()
    digest = _sha256(file)
    with _bar(file) as progress, connect(site.database_url, "cli") as connection:
        try:
            report = manifests.store(
                connection,
                read_file(file, largest_bytes=LARGEST_BYTES, on_bytes=progress),
                source="cli",
                name=file.name,
                sha256=digest,
                imported_by=getpass.getuser(),
                materials=site.settings.materials,
            )
        except FileRefusedError as error:
            raise click.ClickException(f"{file.name} is refused: {error}") from None
    _tell(report.counts, report.refused)


@manifest_group.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_command(file: Path) -> None:
    """Read FILE and say what would be refused; nothing is stored."""
    counts: dict[str, Counter[str]] = {}
    refused: list[Refused] = []
    try:
        with _bar(file) as progress:
            for row in read_file(file, largest_bytes=LARGEST_BYTES, on_bytes=progress):
                _count(row, counts, refused)
    except FileRefusedError as error:
        raise click.ClickException(f"{file.name} is refused: {error}") from None
    _tell(counts, tuple(refused))


@manifest_group.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of a manifest document."""
    click.echo(json.dumps(schema(), indent=2))


def _count(row: Row, counts: dict[str, Counter[str]], refused: list[Refused]) -> None:
    states = counts.setdefault(str(row.kind), Counter())
    if isinstance(row, Refused):
        states["REFUSED"] += 1
        if len(refused) < LISTED:
            refused.append(row)
    else:
        states["READ"] += 1


def _tell(counts: Mapping[str, Mapping[str, int]], refused: tuple[Refused, ...]) -> None:
    """The counts, the first refused rows, and status 1 where nothing at all was taken."""
    for kind, states in sorted(counts.items()):
        for state, number in sorted(states.items()):
            if number:
                click.echo(f"{number:10} {kind} {state}")
    for row in refused[:LISTED]:
        click.echo(f"{row.place}: {row.field}: {row.reason}", err=True)
    left_out = sum(states.get("REFUSED", 0) for states in counts.values())
    if left_out > LISTED:
        click.echo(f"... and {left_out - LISTED} more", err=True)
    if left_out and left_out == sum(sum(states.values()) for states in counts.values()):
        raise click.ClickException("every row is refused: nothing was taken")


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def _bar(file: Path) -> Iterator[Callable[[int], None]]:
    """A progress bar over the bytes of a file; nothing of it stays."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task(file.name, total=file.stat().st_size)
        yield lambda read: progress.update(task, completed=read)
