"""The file of a bundle: a ZIP whose manifest is signed (docs/reference/evidence.md).

Evidence is one form of it, custody (docs/reference/custody.md) another.

Its members are stored, not compressed: what is hashed is what lies in the file, nothing can
grow when it is read, and the same answer makes the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

CONTENT = ("evidence.json", "fixes.csv", "events.csv", "report.html")
MANIFEST, SIGNATURE = "manifest.json", "signature.json"
MOST_BYTES = 2 << 30  # of a file inside
MOST_JSON_BYTES = {"evidence.json": 256 << 20, MANIFEST: 64 << 10, SIGNATURE: 8 << 10}


class Form(NamedTuple):
    """A kind of bundle: its name, the files that it holds, and the largest that each may be
    (others: MOST_BYTES)."""

    name: str
    content: tuple[str, ...]
    most_bytes: Mapping[str, int] = MOST_JSON_BYTES

    @property
    def members(self) -> tuple[str, ...]:
        """All files of such a bundle, in their order."""
        return (*self.content, MANIFEST, SIGNATURE)


EVIDENCE = Form("kawal-evidence", CONTENT)
MEMBERS = EVIDENCE.members
_CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the time of making is in the manifest
_LOCAL_HEADER, _CENTRAL_HEADER, _END = 30, 46, 22
# What zipfile raises on bytes that are no ZIP, or no longer.
_BROKEN = (
    zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, EOFError, OSError,
    struct.error, OverflowError,
)  # fmt: skip


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no blanks, UTF-8; times as RFC 3339 in UTC."""
    text = json.dumps(
        value,
        default=_plain,
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
        sort_keys=True,
    )
    return text.encode() + b"\n"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"no JSON for {type(value).__name__}")


def key_id(key: Ed25519PublicKey) -> str:
    """The fingerprint of a public key: SHA-256 of its 32 bytes, hexadecimal."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


# --- making --------------------------------------------------------------------------------


def pack(
    target: Path,
    content: Mapping[str, bytes | Path],
    made: Mapping[str, Any],
    key: Ed25519PrivateKey,
    form: Form = EVIDENCE,
) -> None:
    """Write a bundle to `target`, whole or not at all.

    `content`: bytes, or the path of a file, for each that the form holds. `made`: who, when
    and with what, for the manifest.
    """
    if set(content) != set(form.content):
        raise ValueError(f"a bundle holds {', '.join(form.content)}")
    begun = target.with_name(f"{target.name}.part")
    try:
        with zipfile.ZipFile(begun, "w", zipfile.ZIP_STORED) as archive:
            files = [_put(archive, name, content[name]) for name in form.content]
            manifest = canonical({"format": form.name, "version": 1, **made, "files": files})
            _put(archive, MANIFEST, manifest)
            _put(archive, SIGNATURE, canonical(_sign(manifest, key)))
        begun.replace(target)
    finally:
        begun.unlink(missing_ok=True)


def _put(archive: zipfile.ZipFile, name: str, source: bytes | Path) -> dict[str, Any]:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system, info.external_attr = 3, 0o644 << 16
    digest, size = hashlib.sha256(), 0
    opened = source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
    with opened as source_file, archive.open(info, "w", force_zip64=False) as member:
        for chunk in _chunks(source_file):
            member.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return {"name": name, "sha256": digest.hexdigest(), "size": size}


def _chunks(file: BinaryIO | Any) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _sign(manifest: bytes, key: Ed25519PrivateKey) -> dict[str, str]:
    return _signature(key.public_key(), key.sign(manifest))


def _signature(public: Ed25519PublicKey, signature: bytes) -> dict[str, str]:
    return {
        "algorithm": "Ed25519",
        "file": MANIFEST,
        "key_id": key_id(public),
        "public_key": base64.b64encode(public.public_bytes_raw()).decode(),
        "signature": base64.b64encode(signature).decode(),
    }


# --- proving -------------------------------------------------------------------------------


@dataclass(slots=True)
class Verdict:
    """What became of proving a bundle. `key_id` is of the key that really signed it."""

    faults: list[tuple[str, str]] = field(default_factory=list)
    key_id: str | None = None
    manifest: dict[str, Any] | None = None
    question: dict[str, Any] | None = None

    @property
    def intact(self) -> bool:
        """Whether not a byte was changed since it was signed, by whatever key."""
        return not self.faults

    def blame(self, name: str, reason: str) -> None:
        """Note a fault of a file of the bundle, or of the bundle itself (no name)."""
        self.faults.append((name, reason))


def verify(file: Path, form: Form = EVIDENCE) -> Verdict:
    """Prove a bundle by itself. Never raises for what is in the file; writes nothing.

    Every file is read in pieces and none beyond its limit, so a hostile bundle costs no more
    than reading it.
    """
    verdict = Verdict()
    try:
        with zipfile.ZipFile(file) as archive:
            _verify(archive, file.stat().st_size, verdict, form)
    except _BROKEN as error:
        verdict.blame("", f"this is no whole bundle: cut short, or not a ZIP ({error})")
    return verdict


def _verify(archive: zipfile.ZipFile, file_size: int, verdict: Verdict, form: Form) -> None:
    infos = _members(archive, verdict, form)
    if not verdict.faults:
        _look_between(archive, file_size, verdict)
    signed = _signed_manifest(archive, infos, verdict, form)
    if signed is None:
        return
    verdict.manifest = signed
    expected = {entry["name"]: entry for entry in signed["files"]}
    for name in form.content:
        if name not in expected:
            verdict.blame(name, "is not named in the manifest")
        elif name in infos:
            _compare(archive, infos[name], expected[name], verdict)
    if verdict.intact and form is EVIDENCE:
        verdict.question = _question(archive, infos["evidence.json"], verdict)


def _question(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, verdict: Verdict
) -> dict[str, Any] | None:
    try:
        return dict(json.loads(archive.read(info))["question"])
    except (*_BROKEN, KeyError, TypeError, RecursionError) as error:
        verdict.blame(info.filename, f"has not the form of an answer ({error})")
        return None


def _members(archive: zipfile.ZipFile, verdict: Verdict, form: Form) -> dict[str, zipfile.ZipInfo]:
    infos: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        limit = form.most_bytes.get(info.filename, MOST_BYTES)
        if info.filename not in form.members:
            verdict.blame(info.filename, "does not belong in a bundle")
        elif info.filename in infos:
            verdict.blame(info.filename, "is there twice")
        elif info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            verdict.blame(info.filename, "is compressed or encrypted, which no bundle is")
        elif info.file_size != info.compress_size or info.file_size > limit:
            verdict.blame(info.filename, f"has a size that no bundle has ({info.file_size} bytes)")
        else:
            infos[info.filename] = info
    present = {info.filename for info in archive.infolist()}
    for name in form.members:
        if name not in present:
            verdict.blame(name, "is missing")
    return infos


def _look_between(archive: zipfile.ZipFile, file_size: int, verdict: Verdict) -> None:
    """Nothing may hide before, between or after the files."""
    infos, end = archive.infolist(), 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        bare = not info.extra and not info.comment
        if info.header_offset != end or not bare:
            verdict.blame(info.filename, "has bytes beside it that belong to no file")
        end = info.header_offset + _LOCAL_HEADER + len(info.filename) + info.file_size
    end += sum(_CENTRAL_HEADER + len(info.filename) for info in infos) + _END
    if end != file_size or archive.comment:
        verdict.blame("", "there are bytes that belong to no file")


def _signed_manifest(
    archive: zipfile.ZipFile, infos: Mapping[str, zipfile.ZipInfo], verdict: Verdict, form: Form
) -> dict[str, Any] | None:
    """The manifest, if the signature over it fits and it has the form of one."""
    if MANIFEST not in infos or SIGNATURE not in infos:
        return None
    try:
        manifest = archive.read(infos[MANIFEST])
    except _BROKEN as error:
        verdict.blame(MANIFEST, f"is damaged ({error})")
        return None
    try:
        verdict.key_id = _check_signature(manifest, archive.read(infos[SIGNATURE]))
    except InvalidSignature:
        verdict.blame(MANIFEST, "was changed after it was signed: the signature does not fit")
        return None
    except (*_BROKEN, KeyError, TypeError, RecursionError) as error:
        verdict.blame(SIGNATURE, f"is damaged ({error})")
        return None
    return _read_manifest(manifest, verdict, form)


def _check_signature(manifest: bytes, text: bytes) -> str:
    given = json.loads(text)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(given["public_key"]))
    signature = base64.b64decode(given["signature"])
    # The same signature can be written in several ways; only one is ours.
    if text != canonical(_signature(public, signature)):
        raise ValueError("not as a signature is written")
    public.verify(signature, manifest)
    return key_id(public)


def _read_manifest(text: bytes, verdict: Verdict, form: Form) -> dict[str, Any] | None:
    """Signed, but perhaps not by us: its form is checked all the same."""
    try:
        manifest = json.loads(text)
        if (manifest["format"], manifest["version"]) != (form.name, 1):
            raise ValueError("another format")
        for entry in manifest["files"]:
            named = entry["name"] in form.content
            if not named or not re.fullmatch("[0-9a-f]{64}", entry["sha256"]):
                raise ValueError("a file is not described as it must be")
            entry["size"] += 0
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        verdict.blame(MANIFEST, f"has not the form of a manifest ({error})")
        return None
    return dict(manifest)


def _compare(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    expected: Mapping[str, Any],
    verdict: Verdict,
) -> None:
    digest = hashlib.sha256()
    try:
        with archive.open(info) as member:
            for chunk in _chunks(member):
                digest.update(chunk)
    except _BROKEN as error:
        verdict.blame(info.filename, f"was changed ({error})")
        return
    if info.file_size != expected["size"]:
        sizes = f"{info.file_size} bytes, signed were {expected['size']}"
        verdict.blame(info.filename, f"was changed: {sizes}")
    elif digest.hexdigest() != expected["sha256"]:
        verdict.blame(info.filename, "was changed: its SHA-256 is not the one that was signed")
