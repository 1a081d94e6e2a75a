"""`kawal evidence`: a signed bundle of what was true and what was known, and its proof."""

from __future__ import annotations

import getpass
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from cli.evidence_key import fingerprint, public_pem, site_key, trusted_id
from cli.facts import Moment
from cli.site import Site
from db.evidence import UnknownSubjectError, alert_subject, gather
from db.pool import Connection, connect
from domain.evidence import document
from domain.evidence_bundle import Verdict, canonical, pack, verify
from domain.evidence_facts import EventFact, Facts, Question
from domain.evidence_report import render
from domain.evidence_tracks import FIX_FIELDS, Fix, fix_row
from domain.readout import csv_lines

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
AT_ONCE = 1000
FLAGS = ("flags", "flags_known_at")


class Evidence(click.Group):
    """A group whose command `make` need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options without a command are those of `make`."""
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group("evidence", cls=Evidence)
def evidence_group() -> None:
    """What was true at a time and what was known of it then, as a signed file."""


# --- make ----------------------------------------------------------------------------------


@evidence_group.command("make")
@click.option("--shipment", help="Of this shipment and the devices that travel with it.")
@click.option("--alert", "alert_id", type=int, help="Of this alert, its shipment and its device.")
@click.option(
    "--at", type=Moment(),
    help="The time in question. Of a shipment: now. Of an alert: when it was raised.",
)  # fmt: skip
@click.option("--since", type=Moment(), help="Facts from this time on; a day before `--at`.")
@click.option("--known-at", type=Moment(), help="What was known by then; the time of `--at`.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path),
    help="File to write. If not given: in this folder, named after the question.",
)  # fmt: skip
def make_command(
    *,
    shipment: str | None,
    alert_id: int | None,
    at: datetime | None,
    since: datetime | None,
    known_at: datetime | None,
    out: Path | None,
) -> None:
    """Write a signed bundle. `make` may be left out."""
    if (shipment is None) == (alert_id is None):
        raise click.UsageError("give either --shipment or --alert")
    site = Site()
    key = site_key(site)
    with connect(site.database_url, "evidence") as connection, tempfile.TemporaryDirectory() as f:
        try:
            question = _question(
                connection,
                shipment_id=shipment,
                alert_id=alert_id,
                at=at,
                since=since,
                known_at=known_at,
            )
            content, made = _content(connection, site, question, Path(f))
        except (UnknownSubjectError, ValueError) as error:
            raise click.ClickException(str(error)) from None
        target = out or Path(_file_name(question))
        pack(target, content, made, key)
    click.echo(target)
    click.echo(f"signed by key {fingerprint(key.public_key())}", err=True)


def _question(
    connection: Connection,
    *,
    shipment_id: str | None,
    alert_id: int | None,
    at: datetime | None,
    since: datetime | None,
    known_at: datetime | None,
) -> Question:
    """With what was not asked filled in."""
    opened_at = None
    if alert_id is not None:
        subject = alert_subject(connection, alert_id)
        shipment_id, opened_at, at = subject.shipment_id, subject.opened_at, at or subject.raised_at
    at = at or datetime.now(UTC)
    since = since or min(at - DAY, (opened_at or at) - HOUR)
    return Question(at, since, known_at or at, shipment_id, alert_id)


def _file_name(question: Question) -> str:
    about = question.shipment_id if question.alert_id is None else f"alert-{question.alert_id}"
    return f"evidence-{about}-{question.at:%Y%m%dT%H%M%SZ}.zip"


def _content(
    connection: Connection, site: Site, question: Question, folder: Path
) -> tuple[dict[str, bytes | Path], dict[str, Any]]:
    """The files of a bundle, and what the manifest says of its making."""
    retention = timedelta(days=site.settings.ingest.retention_days)
    fixes = folder / "fixes.csv"
    with _fixes(fixes) as keep:
        facts = gather(connection, question, retention, keep)
    made = {
        "made_at": facts.made_at,
        "made_by": getpass.getuser(),
        "product": "kawal-logistik",
        "product_version": version("kawal-logistik"),
    }
    answer = document(facts)
    content: dict[str, bytes | Path] = {
        "evidence.json": canonical(answer),
        "fixes.csv": fixes,
        "events.csv": _events(facts),
        "report.html": render(answer, made),
    }
    return content, made


@contextmanager
def _fixes(file: Path) -> Iterator[Callable[[Fix], None]]:
    """Fixes go to the file a thousand at a time: a long track needs no memory."""
    waiting: list[dict[str, Any]] = []
    with file.open("w", encoding="utf-8", newline="") as out:

        def flush() -> None:
            header, *lines = csv_lines(waiting, FIX_FIELDS)
            out.writelines(lines if out.tell() else [header, *lines])
            waiting.clear()

        def keep(fix: Fix) -> None:
            row = fix_row(fix)
            waiting.append({**row, **{name: " ".join(row[name] or ()) for name in FLAGS}})
            if len(waiting) >= AT_ONCE:
                flush()

        yield keep
        flush()


def _events(facts: Facts) -> bytes:
    rows = (event._asdict() for event in facts.events)
    return "".join(csv_lines(rows, EventFact._fields)).encode()


# --- verify --------------------------------------------------------------------------------


@evidence_group.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", "given", help="The public key: a PEM file, or its fingerprint.")
def verify_command(file: Path, given: str | None) -> None:
    """Prove FILE without a database or a network: unchanged, and signed by the key given."""
    trusted = trusted_id(given) if given else None
    verdict = verify(file)
    for name, reason in verdict.faults:
        click.echo(f"{_shown(name or file.name)}: {_shown(reason)}", err=True)
    if not verdict.intact or verdict.key_id is None:
        raise click.ClickException("this is not what was signed; do not rely on it")
    signer = fingerprint(verdict.key_id)
    if trusted is not None and trusted != verdict.key_id:
        raise click.ClickException(
            f"signed by key {signer},\nwhich you did not give; yours is {fingerprint(trusted)}"
        )
    _tell(verdict)
    if trusted is None:
        click.echo(f"Unchanged since it was signed by key {signer}.")
        click.echo("Anyone can sign: compare that key with the one published, or give --key.",
                   err=True)  # fmt: skip
    else:
        click.echo(f"Genuine: unchanged, and signed by the key you gave, {signer}.")


def _tell(verdict: Verdict) -> None:
    manifest, question = verdict.manifest or {}, verdict.question or {}
    for title, source, name in (
        ("shipment", question, "shipment_id"),
        ("alert", question, "alert_id"),
        ("at", question, "at"),
        ("known at", question, "known_at"),
        ("made at", manifest, "made_at"),
        ("made by", manifest, "made_by"),
    ):
        if source.get(name) is not None:
            click.echo(f"{title + ':':10} {_shown(str(source[name]))}")


def _shown(text: str) -> str:
    """Outside text on a terminal: no control characters, no change of direction."""
    return "".join(character if character.isprintable() else "?" for character in text)


# --- key -----------------------------------------------------------------------------------


@evidence_group.command("key")
def key_command() -> None:
    """Print the public key that signs here, to be published before it is needed."""
    public = site_key(Site()).public_key()
    click.echo(public_pem(public), nl=False)
    click.echo(f"fingerprint (SHA-256): {fingerprint(public)}")
