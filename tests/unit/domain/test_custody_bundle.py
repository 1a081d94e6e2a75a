"""The file of a chain: whatever is changed in it is found, and row and field are named."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.custody import ZERO_HASH, Head, hash_of
from domain.custody_bundle import CHECKPOINTS, CUSTODY, EPCIS, LEDGER, RECORD, content, verify
from domain.custody_checkpoints import make, standing
from domain.custody_records import Carried
from domain.evidence_bundle import MANIFEST, canonical, key_id, pack
from domain.manifests import Manifest, Unit
from tests.unit.domain.custody_chains import CHAIN, end, usual_chain

KEY, FOREIGN = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
AT = "2024-11-26T00:00:00Z"
ROWS = usual_chain()
CARRIED = Carried(
    Manifest.model_validate(
        {
            "id": CHAIN,
            "shipment": "SHP-1",
            "leg": "DISTRICT",
            "from": "GUDANG",
            "to": "PPK-1",
            "from_region": "32.73",
            "to_region": "32.73.01",
            "planned_departure": "2024-11-25T08:00:00+07:00",
            "planned_arrival": "2024-11-25T14:00:00+07:00",
        }
    ),
    [Unit(manifest_id=CHAIN, id="BOX-1", kind="BOX", seals=("S-1", "S-2"))],
)
Change = Callable[[list[dict[str, Any]]], None]


def files() -> dict[str, bytes]:
    heads = {CHAIN: end(ROWS), "M-2": Head(3, "a" * 64), "M-0": Head(1, "b" * 64)}
    checkpoint = make(AT, 3, heads, ZERO_HASH, KEY)
    return content(ROWS, [standing(checkpoint, heads, CHAIN)], CARRIED, AT)


MADE = {"chain": CHAIN, "head": end(ROWS)._asdict()}


def write(target: Path, inside: Mapping[str, bytes], key: Ed25519PrivateKey = KEY) -> Path:
    pack(target, inside, MADE, key, CUSTODY)
    return target


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write(tmp_path / "b.zip", files())


def named(file: Path, *trusted: str) -> set[tuple[str, int | None, str]]:
    return {(fault.chain, fault.seq, fault.field) for fault in verify(file, trusted).faults}


def with_rows(change: Change) -> dict[str, bytes]:
    """The files with another ledger, everything else as it was."""
    rows = [json.loads(line) for line in files()[LEDGER].splitlines()]
    change(rows)
    return {**files(), LEDGER: b"".join(canonical(row) for row in rows)}


def test_a_bundle_is_proved(bundle: Path) -> None:
    proof = verify(bundle)
    assert proof.verdict.faults == []
    assert proof.faults == []
    assert (proof.intact, proof.chain, proof.rows, proof.covered) == (True, CHAIN, 5, 5)
    assert verify(bundle, [key_id(KEY.public_key())]).intact
    assert named(bundle, key_id(FOREIGN.public_key())) == {
        (f"{CHECKPOINTS}[0]", None, "public_key")
    }


def test_nothing_of_another_chain_is_in_it(bundle: Path) -> None:
    assert b"M-2" not in bundle.read_bytes()


def set_place(rows: list[dict[str, Any]]) -> None:
    rows[2]["body"]["place"] = "ELSEWHERE"


def set_place_and_hash(rows: list[dict[str, Any]]) -> None:
    set_place(rows)
    rows[2]["hash"] = hash_of(rows[2]["body"], rows[2]["prev_hash"], CHAIN, 3)


def set_seal(rows: list[dict[str, Any]]) -> None:
    rows[1]["body"]["seals"]["BOX-1"][0] = "S-9"


def swap(rows: list[dict[str, Any]]) -> None:
    rows[1], rows[3] = rows[3], rows[1]


def drop_middle(rows: list[dict[str, Any]]) -> None:
    del rows[2]


def cut_end(rows: list[dict[str, Any]]) -> None:
    del rows[4]


@pytest.mark.parametrize("key", [KEY, FOREIGN], ids=["own key", "foreign key"])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (set_place, {(CHAIN, 3, "hash"), (CHAIN, 3, "readPoint")}),
        (set_place_and_hash, {(CHAIN, 4, "prev_hash"), (CHAIN, 3, "readPoint")}),
        (set_seal, {(CHAIN, 2, "hash"), (CHAIN, 2, "kawal:seals")}),
        (swap, {(CHAIN, 3, "seq"), (CHAIN, 2, "seq")}),
        (drop_middle, {(CHAIN, 3, "seq"), (EPCIS, None, "eventList")}),
        (cut_end, {(CHAIN, 5, "seq"), (CHAIN, 5, "hash"), (EPCIS, None, "eventList")}),
    ],
)
def test_a_changed_row_is_named_even_when_all_is_signed_again(
    tmp_path: Path,
    change: Change,
    expected: set[tuple[str, int | None, str]],
    key: Ed25519PrivateKey,
) -> None:
    file = write(tmp_path / "b.zip", with_rows(change), key)
    found = named(file)
    assert expected <= found
    assert ((f"{CHECKPOINTS}[0]", None, "public_key") in found) == (key is FOREIGN)
    assert not verify(file).intact


def test_a_row_that_is_changed_in_place_is_named_though_no_sum_fits(bundle: Path) -> None:
    text = bundle.read_bytes()
    bundle.write_bytes(text.replace(b'"S-3"', b'"S-X"', 1))
    proof = verify(bundle)
    assert {name for name, _ in proof.verdict.faults} == {LEDGER}
    assert {(fault.seq, fault.field) for fault in proof.faults} >= {(2, "hash"), (2, "kawal:seals")}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (LEDGER, b"nonsense\n", (LEDGER, 1, "line")),
        (LEDGER, b'{"chain": "M-1"}\n', (LEDGER, 1, "line")),
        (LEDGER, b"[]\n" * 3, (LEDGER, 3, "line")),
        (CHECKPOINTS, b"{}x", (CHECKPOINTS, None, "form")),
        (CHECKPOINTS, b'[{"head": {}}]', (CHECKPOINTS, None, "form")),
        (EPCIS, b"[]", (EPCIS, None, "form")),
        (EPCIS, b"[" * 100_000, (EPCIS, None, "form")),
        (RECORD, b'{"manifest": {"id": "M-2"}}', (RECORD, None, "manifest.id")),
        (RECORD, b"null", (RECORD, None, "form")),
    ],
)
def test_files_of_another_form_are_named_and_do_not_crash(
    tmp_path: Path, name: str, text: bytes, expected: tuple[str, int | None, str]
) -> None:
    assert expected in named(write(tmp_path / "b.zip", {**files(), name: text}))


@pytest.mark.parametrize("dropped", [*CUSTODY.members])
def test_a_dropped_file_is_named(bundle: Path, tmp_path: Path, dropped: str) -> None:
    target = tmp_path / "c.zip"
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            if info.filename != dropped:
                new.writestr(info, old.read(info))
    assert (dropped, "is missing") in verify(target).verdict.faults


def test_a_bundle_of_evidence_is_none_of_custody(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "c.zip"
    pack(target, files(), {**MADE}, KEY, CUSTODY._replace(name="kawal-evidence"))
    assert [name for name, _ in verify(target).verdict.faults] == [MANIFEST]


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_no_single_byte_of_any_file_can_be_changed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = write(tmp_path_factory.mktemp("bundle") / "b.zip", files())
    with zipfile.ZipFile(file) as archive:
        info = data.draw(st.sampled_from(archive.infolist()))
    text = bytearray(file.read_bytes())
    begin = info.header_offset + 30 + len(info.filename)
    at = data.draw(st.integers(begin, begin + info.file_size - 1))
    text[at] ^= data.draw(st.integers(1, 255))
    file.write_bytes(bytes(text))
    assert not verify(file).intact
