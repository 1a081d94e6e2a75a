"""Checkpoints: every head stands in the tree, and nothing else does."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from domain.custody import ZERO_HASH, Head
from domain.custody_checkpoints import (
    Checkpoint,
    faults,
    heads_faults,
    make,
    standing,
    stands,
)
from domain.evidence_bundle import key_id

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
AT = "2024-11-26T00:00:00Z"


def heads_of(count: int) -> dict[str, Head]:
    return {f"M-{n}": Head(n + 1, f"{n:064x}") for n in range(count)}


def made(count: int = 3, key: Ed25519PrivateKey = KEY) -> Checkpoint:
    return make(AT, count, heads_of(count), ZERO_HASH, key)


@given(st.integers(1, 40))
def test_every_chain_stands_in_its_checkpoint(count: int) -> None:
    heads, checkpoint = heads_of(count), made(count)
    assert heads_faults(checkpoint, "c", heads) == []
    for chain in heads:
        assert stands(standing(checkpoint, heads, chain), chain)


@given(st.integers(2, 20), st.data())
def test_no_other_head_stands_there(count: int, data: st.DataObject) -> None:
    heads, checkpoint = heads_of(count), made(count)
    chain = data.draw(st.sampled_from(sorted(heads)))
    proof = standing(checkpoint, heads, chain)
    assert not stands(proof._replace(head=Head(99, proof.head.hash)), chain)
    assert not stands(proof._replace(head=Head(proof.head.seq, "f" * 64)), chain)
    assert not stands(proof, f"{chain}x")
    assert not stands(proof._replace(path=proof.path[1:]), chain)
    assert not stands(proof._replace(path=("Lzz", *proof.path[1:])), chain)
    assert heads_faults(checkpoint, "c", {**heads, chain: Head(99, "0" * 64)})
    del heads[chain]
    assert heads_faults(checkpoint, "c", heads)


def test_a_checkpoint_is_good_by_its_key() -> None:
    checkpoint = made()
    assert faults(checkpoint, "c") == []
    assert faults(checkpoint, "c", {key_id(KEY.public_key())}, ZERO_HASH) == []
    foreign = faults(checkpoint, "c", {key_id(OTHER.public_key())})
    assert [fault.field for fault in foreign] == ["public_key"]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("at", "2024-11-27T00:00:00Z", {"hash"}),
        ("chains", 4, {"hash"}),
        ("heads_hash", "1" * 64, {"hash"}),
        ("prev_hash", "1" * 64, {"hash", "prev_hash"}),
        ("hash", "1" * 64, {"hash", "signature"}),
        ("signature", base64.b64encode(b"0" * 64).decode(), {"signature"}),
        ("signature", "?", {"signature"}),
        ("public_key", made(key=OTHER).public_key, {"signature"}),
    ],
)
def test_every_field_is_guarded(field: str, value: object, expected: set[str]) -> None:
    changed = made()._replace(**{field: value})
    assert {fault.field for fault in faults(changed, "c", before=ZERO_HASH)} == expected
