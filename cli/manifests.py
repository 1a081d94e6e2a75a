"""`kawal manifest`: import what KPU sends, look at a file first, and write one out again."""

from __future__ import annotations

import getpass
import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from cli.site import Site
from db import manifest_export, manifests
from db.pool import Connection, connect
from domain.manifest_columns import named_kind
from domain.manifest_documents import csv_table, to_document
from domain.manifest_reasons import plain
from domain.manifest_rows import FileRefusedError, ImportReport, Refused, Row
from domain.manifest_schema import schema
from domain.manifest_words import RecordKind
from domain.manifests import AnyRecord
from domain.settings import Materials
from integrations.manifest_files import read_file

LARGEST_BYTES = 8_000_000_000  # a file on one's own disk; a national plan has five million rows
LISTED = 20
ROWS_AT_ONCE = 10_000
TAKEN = ("NEW", "CHANGED", "SAME")
_ORDER = list(RecordKind)

_files = click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
Counts = Mapping[str, Mapping[str, int]]
Tell = Callable[[int], None]


@click.group("manifest")
def manifest_group() -> None:
    """What is carried, for which station, under which seals, and what was received."""


# --- import and check ------------------------------------------------------------------------


@manifest_group.command("import")
@_files
def import_command(files: tuple[Path, ...]) -> None:
    """Import FILES: CSV, a ZIP of CSV, XLSX, JSON or JSON Lines.

    Each file is one import. Bad rows are refused by name, all others are taken; a file that
    comes again changes nothing. Ends with 1 where nothing at all was taken.
    """
    site, taken = Site(), 0
    with connect(site.database_url, "cli") as connection:
        for file in _in_order(files):
            try:
                report = _import(connection, file, site.settings.materials)
            except FileRefusedError as error:
                _tell_refused(file, error)
            else:
                taken += sum(report.count(state) for state in TAKEN)
                _tell(file, report)
    if not taken:
        raise click.ClickException("nothing was taken")


def _import(connection: Connection, file: Path, materials: Materials) -> ImportReport:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    with _progress(file) as (on_bytes, on_rows):
        return manifests.store(
            connection,
            read_file(file, largest_bytes=LARGEST_BYTES, on_bytes=on_bytes),
            source="cli",
            name=file.name,
            sha256=digest,
            imported_by=getpass.getuser(),
            materials=materials,
            progress=on_rows,
        )


@manifest_group.command("check")
@_files
def check_command(files: tuple[Path, ...]) -> None:
    """Read FILES and say what would be refused; nothing is stored.

    Needs no database, and so cannot tell what is known already. Ends with 1 where nothing at
    all could be read.
    """
    good = 0
    for file in _in_order(files):
        try:
            counts, refused = _read(file)
        except FileRefusedError as error:
            _tell_refused(file, error)
            continue
        good += sum(states["READ"] for states in counts.values())
        click.echo(f"{plain(file.name)}:")
        _tell_counts(counts, ("READ", "REFUSED"))
        _tell_rows(refused, sum(states["REFUSED"] for states in counts.values()))
    if not good:
        raise click.ClickException("nothing could be read")


def _read(file: Path) -> tuple[dict[str, Counter[str]], list[Refused]]:
    """How many rows of each kind are good and not, and the first that are not."""
    counts: dict[str, Counter[str]] = {}
    refused: list[Refused] = []
    with _progress(file) as (on_bytes, on_rows):
        rows = read_file(file, largest_bytes=LARGEST_BYTES, on_bytes=on_bytes)
        for number, row in enumerate(rows, 1):
            _count(row, counts, refused)
            if number % ROWS_AT_ONCE == 0:
                on_rows(number)
    return counts, refused


def _count(row: Row, counts: dict[str, Counter[str]], refused: list[Refused]) -> None:
    states = counts.setdefault(str(row.kind), Counter())
    states["REFUSED" if isinstance(row, Refused) else "READ"] += 1
    if isinstance(row, Refused) and len(refused) < LISTED:
        refused.append(row)


def _in_order(files: Iterable[Path]) -> list[Path]:
    """Tables last, and among them stations before manifests before what belongs to those."""

    def place(file: Path) -> int:
        kind = named_kind(file.stem) if file.suffix.lower() in (".csv", ".tsv", ".txt") else None
        return _ORDER.index(kind) if kind else 0

    return sorted(files, key=place)


# --- what the person sees --------------------------------------------------------------------


class _Rows(ProgressColumn):
    """Rows so far, and rows a second."""

    def render(self, task: Task) -> Text:
        rows = int(task.fields["rows"])
        return Text(f"{rows:,} rows, {rows / max(task.elapsed or 0, 0.1):,.0f}/s")


@contextmanager
def _progress(file: Path) -> Iterator[tuple[Tell, Tell]]:
    """A bar over the bytes of a file, on a terminal; told of bytes and of rows."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), _Rows(), TimeRemainingColumn(),
    )  # fmt: skip
    size = file.stat().st_size
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(plain(file.name), total=size, rows=0)
        yield (
            lambda read: bar.update(task, completed=read),
            lambda rows: bar.update(task, rows=rows),
        )


def _tell(file: Path, report: ImportReport) -> None:
    click.echo(f"{plain(file.name)}: import {report.import_id}")
    _tell_counts(report.counts, (*TAKEN, "REFUSED"))
    for warning in report.warnings:
        click.echo(f"  warning: {plain(warning)}", err=True)
    _tell_rows(report.refused, report.count("REFUSED"))


def _tell_counts(counts: Counts, states: tuple[str, ...]) -> None:
    click.echo(f"  {'':14}" + "".join(f"{state.lower():>10}" for state in states))
    order = {str(kind): at for at, kind in enumerate(_ORDER)}
    for kind in sorted(counts, key=lambda each: order.get(each, len(order))):
        numbers = [counts[kind].get(state, 0) for state in states]
        if any(numbers):
            click.echo(f"  {plain(kind):14}" + "".join(f"{number:10}" for number in numbers))


def _tell_rows(refused: Iterable[Refused], total: int) -> None:
    shown = list(islice(refused, LISTED))
    for row in shown:
        click.echo(f"  {plain(row.place)}: {plain(row.field)}: {plain(row.reason)}", err=True)
    if total > len(shown):
        click.echo(f"  ... and {total - len(shown)} more", err=True)


def _tell_refused(file: Path, error: FileRefusedError) -> None:
    click.echo(f"{plain(file.name)} is refused, nothing of it was taken: {error}", err=True)


# --- schema and export -----------------------------------------------------------------------


@manifest_group.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of a manifest document."""
    click.echo(json.dumps(schema(), indent=2))


@manifest_group.command("export")
@click.argument("manifest")
@click.option("--form", type=click.Choice(["json", "csv"]), default="json", show_default=True,
              help="A JSON document, or a ZIP of CSV files.")  # fmt: skip
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path),
    help="File to write. If not given: JSON goes to standard output, a ZIP into this folder.",
)  # fmt: skip
def export_command(manifest: str, form: str, out: Path | None) -> None:
    """Write MANIFEST, what belongs to it now and its receipts, as a file that can be imported."""
    with connect(Site().database_url, "cli") as connection:
        records = manifest_export.load(connection, manifest)
    if not records:
        raise click.ClickException(f"there is no manifest {plain(manifest)}")
    if form == "csv":
        target = out or Path(f"manifest-{manifest}.zip")
        _write_tables(target, records)
        click.echo(target)
        return
    document = to_document(records, source="kawal", issued_at=f"{datetime.now(UTC):%FT%TZ}")
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, "utf-8")


def _write_tables(target: Path, records: list[tuple[RecordKind, AnyRecord]]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind in RecordKind:
            if own := [record for each, record in records if each is kind]:
                # The mark tells a spreadsheet that it is UTF-8.
                archive.writestr(f"{kind}.csv", "\ufeff" + "".join(csv_table(kind, own)))
