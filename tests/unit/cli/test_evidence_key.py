"""The key that signs evidence: made once, for us alone, and known by its fingerprint."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cli.evidence_key import fingerprint, public_pem, site_key, trusted_id
from cli.site import Site
from domain.evidence_bundle import key_id
from domain.settings import Evidence, Settings


def site(folder: Path, key_file: Path | None = None) -> Site:
    return Site(Settings(evidence=Evidence(key_file=key_file)), folder)


def test_the_key_is_made_once_and_only_we_can_read_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first, again = site_key(site(home)), site_key(site(home))
    assert first.private_bytes_raw() == again.private_bytes_raw()
    (file,) = home.iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == ("evidence.key", 0o600)


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    a, b = (site_key(site(tmp_path / name)).public_key() for name in "ab")
    assert key_id(a) != key_id(b)


def test_a_given_key_is_used_and_none_is_made(tmp_path: Path) -> None:
    made = site_key(site(tmp_path / "a"))
    given = site_key(site(tmp_path / "b", tmp_path / "a/evidence.key"))
    assert given.private_bytes_raw() == made.private_bytes_raw()
    assert not (tmp_path / "b").exists()


def test_a_given_key_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="No such file"):
        site_key(site(tmp_path, tmp_path / "gone.pem"))
    other = tmp_path / "other.pem"
    other.write_text("not a key")
    with pytest.raises(click.ClickException, match=r"other\.pem \(evidence\.key_file\)"):
        site_key(site(tmp_path, other))
    key = generate_private_key(SECP256R1())
    other.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(click.ClickException, match="holds no Ed25519 key"):
        site_key(site(tmp_path, other))


def test_a_public_key_is_known_by_its_file_or_its_fingerprint(tmp_path: Path) -> None:
    public = site_key(site(tmp_path / "home")).public_key()
    file = tmp_path / "kawal.pem"
    file.write_text(public_pem(public))
    spoken = fingerprint(public)
    assert len(spoken.split()) == 16
    for given in (str(file), spoken, spoken.upper(), key_id(public), spoken.replace(" ", ":")):
        assert trusted_id(given) == key_id(public)


def test_what_is_no_public_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(click.BadParameter, match="neither a fingerprint of 64"):
        trusted_id("abcd")
    file = tmp_path / "a.pem"
    file.write_text("nothing")
    with pytest.raises(click.BadParameter, match="neither a fingerprint of 64"):
        trusted_id(str(file))
