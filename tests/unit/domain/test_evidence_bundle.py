"""An evidence bundle: whatever is changed in the file is found and named."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import evidence_bundle
from domain.evidence_bundle import (
    MANIFEST,
    MEMBERS,
    SIGNATURE,
    Verdict,
    canonical,
    key_id,
    pack,
    verify,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
QUESTION = {"shipment_id": "S-1", "at": "2024-11-26T01:00:00Z"}
MADE = {"made_at": datetime(2024, 11, 26, 2, tzinfo=UTC), "made_by": "sari"}
TEXTS: dict[str, bytes] = {
    "evidence.json": canonical({"question": QUESTION, "differences": []}),
    "fixes.csv": b"device_id,seq\nKWL-0001,1\nKWL-0001,2\n",
    "events.csv": b"event_id\n7\n",
    "report.html": b"<!doctype html><title>Bukti</title>",
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound one, not to be changed."""
    file = tmp_path_factory.mktemp("bundle") / "sound.zip"
    pack(file, TEXTS, MADE, KEY)
    return file


def faults(verdict: Verdict) -> dict[str, str]:
    assert not verdict.intact
    return dict(verdict.faults)


def members(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(
    bundle: Path, folder: Path, change: Callable[[dict[str, bytes]], Any], **options: Any
) -> Path:
    """A bundle made anew with changed members, as a forger without the key would do it."""
    found = members(bundle)
    change(found)
    file = folder / "changed.zip"
    with zipfile.ZipFile(file, "w", **options) as archive:
        for name, text in found.items():
            archive.writestr(name, text)
    return file


# --- sound -------------------------------------------------------------------------------


def test_a_bundle_is_proved_by_itself(bundle: Path) -> None:
    verdict = verify(bundle)
    assert verdict.faults == []
    assert verdict.key_id == key_id(KEY.public_key())
    assert verdict.question == QUESTION
    assert verdict.manifest is not None
    assert verdict.manifest["made_by"] == "sari"
    assert {f["name"]: (f["sha256"], f["size"]) for f in verdict.manifest["files"]} == {
        name: (hashlib.sha256(text).hexdigest(), len(text)) for name, text in TEXTS.items()
    }
    assert tuple(members(bundle)) == MEMBERS


def test_the_same_answer_makes_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    large = tmp_path / "fixes.csv"
    large.write_bytes(TEXTS["fixes.csv"])
    again = tmp_path / "again.zip"
    pack(again, {**TEXTS, "fixes.csv": large}, dict(reversed(MADE.items())), KEY)
    assert again.read_bytes() == bundle.read_bytes()


def test_a_bundle_that_fails_on_the_way_leaves_no_half(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        pack(tmp_path / "a.zip", {**TEXTS, "fixes.csv": tmp_path / "gone.csv"}, MADE, KEY)
    with pytest.raises(ValueError, match=r"a bundle holds evidence\.json"):
        pack(tmp_path / "a.zip", {"evidence.json": b"{}"}, MADE, KEY)
    assert list(tmp_path.iterdir()) == []


def test_canonical_json_is_the_same_for_the_same_value() -> None:
    when = datetime(2024, 11, 26, 8, 0, 0, 5000, tzinfo=timezone(timedelta(hours=7)))
    assert canonical({"b": [1.5, None], "a": when, "é": "é"}) == (
        '{"a":"2024-11-26T01:00:00.005000Z","b":[1.5,null],"é":"é"}\n'.encode()
    )
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(float("nan"))
    with pytest.raises(TypeError, match="no JSON for object"):
        canonical(object())


# --- changed -------------------------------------------------------------------------------


def _contents(file: Path) -> dict[str, tuple[int, int]]:
    """Where in the file each member's bytes lie."""
    with zipfile.ZipFile(file) as archive:
        return {
            info.filename: (info.header_offset + 30 + len(info.filename), info.file_size)
            for info in archive.infolist()
        }


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_byte_of_any_file_that_is_changed_is_found_and_named(
    bundle: Path, tmp_path: Path, data: st.DataObject
) -> None:
    places = _contents(bundle)
    name = data.draw(st.sampled_from(MEMBERS))
    start, size = places[name]
    at = start + data.draw(st.integers(0, size - 1))
    mask = data.draw(st.integers(1, 255))
    text = bytearray(bundle.read_bytes())
    text[at] ^= mask
    changed = tmp_path / "changed.zip"
    changed.write_bytes(text)
    assert name in faults(verify(changed))


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_change_whose_checksums_were_mended_is_found_all_the_same(
    bundle: Path, tmp_path: Path, data: st.DataObject
) -> None:
    """By a forger who knows ZIP but has no key."""
    name = data.draw(st.sampled_from(MEMBERS))
    text = bytearray(members(bundle)[name])
    text[data.draw(st.integers(0, len(text) - 1))] ^= data.draw(st.integers(1, 255))
    changed = rewritten(bundle, tmp_path, lambda found: found.update({name: bytes(text)}))
    blamed = faults(verify(changed))
    assert name in blamed or (name == SIGNATURE and MANIFEST in blamed)


@given(at=st.integers(min_value=0), mask=st.integers(1, 255))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_byte_of_the_container_is_found_or_changes_no_file(
    bundle: Path, tmp_path: Path, at: int, mask: int
) -> None:
    text = bytearray(bundle.read_bytes())
    text[at % len(text)] ^= mask
    changed = tmp_path / "changed.zip"
    changed.write_bytes(text)
    assert not verify(changed).intact or members(changed) == members(bundle)


@given(size=st.integers(min_value=0))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_bundle_that_was_cut_short_is_found(bundle: Path, tmp_path: Path, size: int) -> None:
    text = bundle.read_bytes()
    changed = tmp_path / "changed.zip"
    changed.write_bytes(text[: size % len(text)])
    assert "cut short" in faults(verify(changed))[""]


@given(noise=st.binary(max_size=300))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_no_bundle_is_said_to_be_none(tmp_path: Path, noise: bytes) -> None:
    file = tmp_path / "noise.zip"
    file.write_bytes(noise)
    assert not verify(file).intact


@pytest.mark.parametrize("name", MEMBERS)
def test_a_file_that_is_missing_is_named(bundle: Path, tmp_path: Path, name: str) -> None:
    changed = rewritten(bundle, tmp_path, lambda found: found.pop(name))
    assert faults(verify(changed))[name] == "is missing"


@pytest.mark.parametrize(
    "name", ["notes.txt", "../../etc/passwd", "/etc/passwd", "fixes.csv\u202e"]
)
def test_a_file_that_does_not_belong_is_named_and_never_written(
    bundle: Path, tmp_path: Path, name: str
) -> None:
    changed = rewritten(bundle, tmp_path, lambda found: found.update({name: b"x"}))
    assert faults(verify(changed))[name] == "does not belong in a bundle"
    assert list(tmp_path.iterdir()) == [changed]


def test_a_file_that_is_there_twice_is_named(bundle: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.zip"
    shutil.copy(bundle, changed)
    with zipfile.ZipFile(changed, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("fixes.csv", b"device_id,seq\n")
    assert faults(verify(changed))["fixes.csv"] == "is there twice"


@pytest.mark.parametrize("where", ["before", "after", "between", "comment"])
def test_bytes_that_hide_beside_the_files_are_found(
    bundle: Path, tmp_path: Path, where: str
) -> None:
    changed, text = tmp_path / "changed.zip", bundle.read_bytes()
    changed.write_bytes(b"hidden" + text if where == "before" else text)
    if where == "after":
        changed.write_bytes(text + b"hidden")
    if where == "comment":
        with zipfile.ZipFile(changed, "a") as archive:
            archive.comment = b"hidden"
    if where == "between":
        changed.write_bytes(_with_a_gap(text))
    assert not verify(changed).intact


def _with_a_gap(text: bytes) -> bytes:
    """The directory is moved, as the end says, and the bytes before it belong to no file."""
    end = len(text) - 22
    (offset,) = struct.unpack_from("<I", text, end + 16)
    moved = struct.pack("<I", offset + 6)
    return text[:offset] + b"hidden" + text[offset : end + 16] + moved + text[end + 20 :]


def test_the_gap_is_one_that_a_reader_of_zip_does_not_see(bundle: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(_with_a_gap(bundle.read_bytes()))) as archive:
        assert archive.testzip() is None


# --- hostile ---------------------------------------------------------------------------------


def test_a_zip_bomb_is_refused_unread(bundle: Path, tmp_path: Path) -> None:
    bomb = rewritten(
        bundle,
        tmp_path,
        lambda found: found.update({"fixes.csv": bytes(50 << 20)}),
        compression=zipfile.ZIP_DEFLATED,
    )
    assert bomb.stat().st_size < 1 << 20
    assert "compressed" in faults(verify(bomb))["fixes.csv"]


def test_a_file_beyond_its_limit_is_refused(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_bundle, "MOST_BYTES", 10)
    monkeypatch.setitem(evidence_bundle.MOST_JSON_BYTES, MANIFEST, 10)
    blamed = faults(verify(bundle))
    assert "has a size that no bundle has" in blamed["fixes.csv"]
    assert "has a size that no bundle has" in blamed[MANIFEST]


def test_a_bundle_signed_anew_names_the_key_that_signed_it(tmp_path: Path) -> None:
    """It is intact: whose key it is must be compared."""
    file = tmp_path / "forged.zip"
    pack(file, TEXTS, MADE, OTHER_KEY)
    verdict = verify(file)
    assert verdict.intact
    assert verdict.key_id == key_id(OTHER_KEY.public_key()) != key_id(KEY.public_key())


def test_a_key_in_the_place_of_another_is_found(bundle: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged.zip"
    pack(forged, TEXTS, MADE, OTHER_KEY)
    other = json.loads(members(forged)[SIGNATURE])

    def swap(found: dict[str, bytes]) -> None:
        own = json.loads(found[SIGNATURE])
        found[SIGNATURE] = canonical({**own, "key_id": other["key_id"]})

    assert SIGNATURE in faults(verify(rewritten(bundle, tmp_path, swap)))


@pytest.mark.parametrize(
    "manifest",
    [
        [],
        {"format": "kawal-evidence", "version": 2, "files": []},
        {"format": "kawal-evidence", "version": 1, "files": [{"name": "fixes.csv"}]},
        {
            "format": "kawal-evidence",
            "version": 1,
            "files": [{"name": "fixes.csv", "sha256": "0" * 64, "size": "1"}],
        },
    ],
)
def test_a_signed_manifest_of_another_form_is_refused(
    bundle: Path, tmp_path: Path, manifest: Any
) -> None:
    text = canonical(manifest)

    def sign(found: dict[str, bytes]) -> None:
        found[MANIFEST] = text
        found[SIGNATURE] = canonical(evidence_bundle._sign(text, OTHER_KEY))

    assert "form of a manifest" in faults(verify(rewritten(bundle, tmp_path, sign)))[MANIFEST]


def test_a_manifest_that_leaves_a_file_out_is_refused(bundle: Path, tmp_path: Path) -> None:
    def sign(found: dict[str, bytes]) -> None:
        manifest = json.loads(found[MANIFEST])
        manifest["files"] = [f for f in manifest["files"] if f["name"] != "fixes.csv"]
        found[MANIFEST] = canonical(manifest)
        found[SIGNATURE] = canonical(evidence_bundle._sign(found[MANIFEST], OTHER_KEY))

    verdict = verify(rewritten(bundle, tmp_path, sign))
    assert faults(verdict) == {"fixes.csv": "is not named in the manifest"}


@pytest.mark.parametrize("text", [b"[", b"[]", b"{}", b"[" * 100_000, b"\xff"])
def test_an_answer_of_no_form_is_refused_though_it_is_signed(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "odd.zip"
    pack(file, {**TEXTS, "evidence.json": text}, MADE, KEY)
    assert "form of an answer" in faults(verify(file))["evidence.json"]
