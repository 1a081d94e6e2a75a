"""The key that signs evidence: made at first use, or given; only its public half goes out."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from cli.site import Site
from domain.evidence_bundle import key_id

MOST_BYTES = 16 << 10  # of a PEM file


def site_key(site: Site) -> Ed25519PrivateKey:
    """This installation's key. Raises click.ClickException where a given file holds none."""
    given = site.settings.evidence.key_file
    file = given or site.home / "evidence.key"
    if given is None and not file.exists():
        _make(file)
    try:
        key = load_pem_private_key(file.read_bytes()[:MOST_BYTES], password=None)
    except (OSError, ValueError, TypeError) as error:
        raise click.ClickException(f"{file} (evidence.key_file): {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise click.ClickException(f"{file} (evidence.key_file): holds no Ed25519 key")
    return key


def _make(file: Path) -> None:
    """Whole or not at all, never readable by others, and never over a key that is there."""
    text = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass  # another process was faster: its key is the one
    finally:
        fresh.unlink()


def public_pem(key: Ed25519PublicKey) -> str:
    """A public key as the text of a PEM file."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def fingerprint(key: Ed25519PublicKey | str) -> str:
    """A key's id in groups of four, to be read aloud."""
    whole = key if isinstance(key, str) else key_id(key)
    return " ".join(re.findall("....", whole))


def trusted_id(given: str) -> str:
    """The id of a public key from a PEM file or from a fingerprint.

    Raises click.BadParameter.
    """
    digits = re.sub(r"[\s:]", "", given).lower()
    if re.fullmatch("[0-9a-f]{64}", digits):
        return digits
    try:
        key = load_pem_public_key(Path(given).read_bytes()[:MOST_BYTES])
    except (OSError, ValueError) as error:
        reason = f"neither a fingerprint of 64 hexadecimal digits nor a PEM file: {error}"
        raise click.BadParameter(reason) from None
    if not isinstance(key, Ed25519PublicKey):
        raise click.BadParameter(f"{given} holds no Ed25519 public key")
    return key_id(key)
