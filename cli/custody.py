"""`kawal custody`: the ledger proved, checkpointed, written to a file and to EPCIS."""

from __future__ import annotations

import getpass
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click
from pydantic import ValidationError

from cli.custody_handover import accept_command, offer_command, offers_command
from cli.evidence_key import fingerprint, site_key, trusted_id
from cli.site import Site
from db import custody, custody_checkpoints
from db.custody_checkpoints import LedgerError
from db.pool import Connection, connect
from db.unit_states import text_of
from domain import epcis
from domain.custody import CustodyEvent, Fault, Link, Paper, Source, derived_uuid
from domain.custody_bundle import CUSTODY, Proof, content
from domain.custody_bundle import verify as verify_bundle
from domain.custody_checkpoints import Checkpoint
from domain.custody_words import Step
from domain.evidence_bundle import key_id, pack
from domain.manifest_words import DocumentKind
from integrations.epcis_capture import capture, reasons

MOST_FAULTS = 100
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW_FILE = click.Path(dir_okay=False, path_type=Path)
key_option = click.option(
    "--key", "given", multiple=True,
    help="A public key that may have signed: a PEM file, or its fingerprint.",
)  # fmt: skip


@click.group("custody")
def custody_group() -> None:
    """Who had which boxes when, under which seals: the ledger, and its proof."""


def _open(site: Site) -> Connection:
    return connect(site.database_url, "custody")


# --- show, attach, match -----------------------------------------------------------------------


@custody_group.command("show")
@click.argument("manifest")
def show_command(manifest: str) -> None:
    """Print the ledger of MANIFEST, with what is doubtful."""
    with _open(Site()) as connection:
        links = _chain(connection, manifest)
    for link in links:
        event = link.event
        signers = [s.name for s in (event.released_by, event.received_by) if s]
        assumed = "~" if event.time_assumed else ""
        words = [f"{link.seq:>4}", f"{assumed}{text_of(event.event_time)}", f"{event.step:9}",
                 event.place or "-", f"{len(event.units)} units", " -> ".join(signers)]  # fmt: skip
        click.echo(_shown("  ".join(word for word in words if word)))
        if event.corrects:
            click.echo(f"      {'withdraws' if event.withdrawn else 'corrects'} {event.corrects}")
        for doubt in event.doubts:
            said = " ".join(filter(None, (doubt.code, doubt.unit, doubt.detail)))
            click.echo(_shown(f"      ! {said}"))


def _chain(connection: Connection, manifest: str) -> list[Link]:
    links = custody.of_manifest(connection, manifest)
    if not links:
        raise click.ClickException(f"the ledger has nothing of manifest {manifest}")
    return links


@custody_group.command("attach")
@click.argument("manifest")
@click.argument("file", type=_FILE)
@click.option("--kind", type=click.Choice([k.value for k in DocumentKind]), required=True,
              help="What paper it is.")  # fmt: skip
@click.option("--number", required=True, help="Its number.")
def attach_command(manifest: str, file: Path, kind: str, number: str) -> None:
    """Record the SHA-256 of FILE as that of a paper of MANIFEST; the file stays where it is."""
    digest, now = file_sha256(file), datetime.now(UTC)
    try:
        paper = Paper(kind=DocumentKind(kind), number=number, sha256=digest)
    except ValidationError as error:
        raise click.BadParameter(error.errors()[0]["msg"], param_hint="--number") from None
    with _open(Site()) as connection, connection.transaction():
        if not custody.carried(connection, [manifest]):
            raise click.ClickException(f"there is no manifest {manifest}")
        event = attachment(manifest, paper, now)
        rows = custody.append(connection, manifest, [event], getpass.getuser(), now)
    click.echo(f"{digest}  {'recorded' if rows else 'is recorded already'}")


def attachment(manifest: str, paper: Paper, now: datetime) -> CustodyEvent:
    """That a paper with this file belongs to a manifest: the same however often it is told."""
    source = Source(key=f"attach/{manifest}/{paper.kind}/{paper.number}")
    return CustodyEvent(
        event_uuid=derived_uuid(source, paper.sha256),
        step=Step.ATTACH,
        event_time=now,
        documents=(paper,),
        source=source,
    )


def file_sha256(file: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@custody_group.command("match")
@click.argument("manifest")
@click.argument("file", type=_FILE)
def match_command(manifest: str, file: Path) -> None:
    """Say which recorded paper of MANIFEST FILE is, unchanged; fails where it is none."""
    digest = file_sha256(file)
    with _open(Site()) as connection:
        papers = [
            (link.seq, paper)
            for link in _chain(connection, manifest)
            for paper in link.event.documents
        ]
    found = [(seq, paper) for seq, paper in papers if paper.sha256 == digest]
    for seq, paper in found:
        click.echo(_shown(f"row {seq}: {paper.kind} {paper.number}: this very file"))
    if not found:
        hashed = [paper for _, paper in papers if paper.sha256]
        known = ", ".join(f"{paper.kind} {paper.number}" for paper in hashed) or "none"
        raise click.ClickException(
            _shown(f"no paper of {manifest} is this file; recorded with a hash: {known}")
        )


# --- checkpoint, export, verify ------------------------------------------------------------------


@custody_group.command("checkpoint")
def checkpoint_command() -> None:
    """Sign the ends of all chains that moved. Print the hash somewhere else, and keep it."""
    site = Site()
    with _open(site) as connection:
        made = _checkpoint(connection, site)
    click.echo(f"{made.hash}  {made.chains} chains" if made else "nothing moved since the last")


def _checkpoint(connection: Connection, site: Site) -> Checkpoint | None:
    try:
        return custody_checkpoints.checkpoint(connection, site_key(site), datetime.now(UTC))
    except LedgerError as error:
        raise click.ClickException(str(error)) from None


@custody_group.command("export")
@click.argument("manifest")
@click.option("-o", "--out", type=_NEW_FILE, help="File to write; custody-MANIFEST.zip.")
def export_command(manifest: str, out: Path | None) -> None:
    """Write the ledger of MANIFEST as a signed file that anybody can prove without a database."""
    site, target = Site(), out or Path(f"custody-{manifest}.zip")
    key = site_key(site)
    with _open(site) as connection:
        _chain(connection, manifest)
        _checkpoint(connection, site)
        links = _chain(connection, manifest)
        (carried,) = custody.carried(connection, [manifest])
        proofs = custody_checkpoints.standings(connection, manifest)
    at = text_of(datetime.now(UTC))
    made = {
        "made_at": at,
        "made_by": getpass.getuser(),
        "product": "kawal-logistik",
        "product_version": version("kawal-logistik"),
        "chain": manifest,
        "head": {"seq": links[-1].seq, "hash": links[-1].hash},
    }
    pack(target, content(links, proofs, carried, at), made, key, CUSTODY)
    click.echo(target)
    click.echo(f"signed by key {fingerprint(key.public_key())}", err=True)


@custody_group.command("verify")
@click.argument("file", type=_FILE, required=False)
@key_option
@click.option("--expect", help="Hash of a checkpoint that was published: it must be there.")
def verify_command(file: Path | None, given: tuple[str, ...], expect: str | None) -> None:
    """Prove FILE, without a database; or, without FILE, the whole ledger in the database.

    Whatever was changed, removed or put in another order is named. Fails if anything was.
    """
    trusted = [trusted_id(one) for one in given]
    if file is None:
        _verify_database(trusted, expect)
    elif expect is not None:
        raise click.UsageError("--expect is for the database: leave FILE out")
    else:
        _verify_file(file, trusted)


def _verify_file(file: Path, trusted: Sequence[str]) -> None:
    proof = verify_bundle(file, trusted)
    for name, reason in proof.verdict.faults:
        click.echo(_shown(f"{name or file.name}: {reason}"), err=True)
    _tell(proof.faults)
    if not proof.intact or proof.verdict.key_id is None:
        raise click.ClickException("this is not what was signed; do not rely on it")
    signer = fingerprint(proof.verdict.key_id)
    if trusted and proof.verdict.key_id not in trusted:
        raise click.ClickException(f"signed by key {signer},\nwhich you did not give")
    _say(proof)
    if trusted:
        click.echo(f"Genuine: unchanged, and signed by a key you gave, {signer}.")
    else:
        click.echo(f"Unchanged since it was signed by key {signer}.")
        click.echo("Anyone can sign: compare that key with the one published, or give --key.",
                   err=True)  # fmt: skip


def _say(proof: Proof) -> None:
    made = proof.verdict.manifest or {}
    click.echo(_shown(f"manifest:  {proof.chain}"))
    click.echo(_shown(f"made at:   {made.get('made_at')}"))
    click.echo(f"rows:      {proof.rows}, of which a checkpoint vouches for {proof.covered}")


def _verify_database(trusted: Sequence[str], expect: str | None) -> None:
    site = Site()
    trusted = trusted or [key_id(site_key(site).public_key())]
    with _open(site) as connection:
        chains, rows, faults = custody_checkpoints.verify(connection, trusted, expect)
    _tell(faults)
    if faults:
        raise click.ClickException("the ledger was changed; what is wrong stands above")
    click.echo(f"{chains} chains, {rows} rows: nothing was changed.")


def _tell(faults: Sequence[Fault]) -> None:
    for fault in faults[:MOST_FAULTS]:
        click.echo(_shown(str(fault)), err=True)
    if len(faults) > MOST_FAULTS:
        click.echo(f"and {len(faults) - MOST_FAULTS} more", err=True)


def _shown(text: str) -> str:
    """Outside text on a terminal: no control characters, no change of direction."""
    return "".join(character if character.isprintable() else "?" for character in text)


@custody_group.command("rebuild")
def rebuild_command() -> None:
    """Make again, from the ledger, where each box is."""
    with _open(Site()) as connection, connection.transaction():
        count = custody.rebuild_states(connection)
    click.echo(f"{count} units")


# --- EPCIS ---------------------------------------------------------------------------------


@custody_group.group("epcis")
def epcis_group() -> None:
    """Exchange custody in the form of GS1 EPCIS 2.0."""


@epcis_group.command("import")
@click.argument("file", type=_FILE)
def import_command(file: Path) -> None:
    """Take an EPCIS 2.0 document; events that are not custody of known boxes are put aside."""
    try:
        document = json.loads(file.read_text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{file}: is no JSON ({error})") from None
    with _open(Site()) as connection:
        report = capture(connection, document, getpass.getuser(), datetime.now(UTC))
    for line in reasons(report.aside):
        click.echo(_shown(line), err=True)
    click.echo(f"{report.new} new, {report.same} known, {len(report.aside)} put aside")


@epcis_group.command("export")
@click.argument("manifest")
@click.option("-o", "--out", type=_NEW_FILE, help="File to write; if not given: the terminal.")
def epcis_export_command(manifest: str, out: Path | None) -> None:
    """Write the ledger of MANIFEST as an EPCIS 2.0 document."""
    with _open(Site()) as connection:
        links = _chain(connection, manifest)
    document = epcis.document(links, text_of(datetime.now(UTC)))
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if out is None:
        click.echo(text)
    else:
        out.write_text(f"{text}\n", "utf-8")
        click.echo(f"{out}: {len(links)} events", err=True)


for command in (offer_command, offers_command, accept_command):
    custody_group.add_command(command)
