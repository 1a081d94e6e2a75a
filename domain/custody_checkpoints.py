"""Checkpoints: the heads of chains at a time, as a Merkle tree whose root is signed.

One chain can be proved to stand in a checkpoint by a path of a few hashes, without showing any
other. The tree is that of RFC 6962, section 2.1.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.custody import ZERO_HASH, Fault, Head
from domain.evidence_bundle import key_id

SUBJECT = "checkpoint"


class Checkpoint(NamedTuple):
    """A signed state of the ledger. `at`: RFC 3339. `heads_hash`: the root over the heads that
    moved since the last. `hash`: over all that stands before it here, and so over the one
    before."""

    at: str
    chains: int
    heads_hash: str
    prev_hash: str
    hash: str
    public_key: str
    signature: str


class Standing(NamedTuple):
    """That a chain stands in a checkpoint: its head there, and the path to the root."""

    checkpoint: Checkpoint
    head: Head
    path: tuple[str, ...]  # "L<hash>" or "R<hash>": on which side the other half is


def make(
    at: str, chains: int, heads: Mapping[str, Head], prev_hash: str, key: Ed25519PrivateKey
) -> Checkpoint:
    """Sign `heads`, those that moved since the checkpoint whose hash is `prev_hash`."""
    root = _root(_leaves(heads)).hex()
    digest = _hash(at, chains, root, prev_hash)
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    signature = base64.b64encode(key.sign(bytes.fromhex(digest))).decode()
    return Checkpoint(at, chains, root, prev_hash, digest, public, signature)


def _hash(at: str, chains: int, root: str, prev_hash: str) -> str:
    told: Any = {"at": at, "chains": chains, "heads_hash": root, "prev_hash": prev_hash}
    return hashlib.sha256(rfc8785.dumps(told)).hexdigest()


def standing(checkpoint: Checkpoint, heads: Mapping[str, Head], chain: str) -> Standing:
    """The proof for one of `heads`, which are all that the checkpoint has."""
    position = sorted(heads).index(chain)
    return Standing(checkpoint, heads[chain], tuple(_path(_leaves(heads), position)))


# --- proving -----------------------------------------------------------------------------------


def faults(
    checkpoint: Checkpoint, name: str, trusted: Collection[str] = (), before: str | None = None
) -> list[Fault]:
    """What does not agree in a checkpoint. `trusted`: ids of the keys that may have signed (none:
    any); `before`: the hash of the one before it, where known."""
    found = []
    expected = _hash(checkpoint.at, checkpoint.chains, checkpoint.heads_hash, checkpoint.prev_hash)
    if checkpoint.hash != expected:
        found.append(Fault(name, None, "hash", "was changed: the hash is not of what it says"))
    if before is not None and checkpoint.prev_hash != before:
        found.append(Fault(name, None, "prev_hash", "the checkpoint before it is missing"))
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(checkpoint.public_key))
        public.verify(base64.b64decode(checkpoint.signature), bytes.fromhex(checkpoint.hash))
    except (ValueError, InvalidSignature):
        return [*found, Fault(name, None, "signature", "does not fit: it was changed")]
    if trusted and key_id(public) not in trusted:
        found.append(Fault(name, None, "public_key", f"a foreign key signed it: {key_id(public)}"))
    return found


def heads_faults(checkpoint: Checkpoint, name: str, heads: Mapping[str, Head]) -> list[Fault]:
    """Whether the heads that are kept beside a checkpoint are those that were signed."""
    if _root(_leaves(heads)).hex() == checkpoint.heads_hash:
        return []
    return [Fault(name, None, "heads", "are not those that were signed")]


def stands(proof: Standing, chain: str) -> bool:
    """Whether the path leads from the chain's head to the root that was signed."""
    digest = _leaf(chain, proof.head)
    try:
        for step in proof.path:
            other = bytes.fromhex(step[1:])
            digest = _node(other, digest) if step[:1] == "L" else _node(digest, other)
    except ValueError:
        return False
    return digest.hex() == proof.checkpoint.heads_hash


# --- the tree ------------------------------------------------------------------------------------


def _leaves(heads: Mapping[str, Head]) -> list[bytes]:
    return [_leaf(chain, heads[chain]) for chain in sorted(heads)]


def _leaf(chain: str, head: Head) -> bytes:
    return hashlib.sha256(b"\0" + rfc8785.dumps([chain, head.seq, head.hash])).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return bytes.fromhex(ZERO_HASH)
    if len(leaves) == 1:
        return leaves[0]
    half = _half(len(leaves))
    return _node(_root(leaves[:half]), _root(leaves[half:]))


def _path(leaves: Sequence[bytes], position: int) -> Iterator[str]:
    """From the leaf upward."""
    if len(leaves) <= 1:
        return
    half = _half(len(leaves))
    if position < half:
        yield from _path(leaves[:half], position)
        yield f"R{_root(leaves[half:]).hex()}"
    else:
        yield from _path(leaves[half:], position - half)
        yield f"L{_root(leaves[:half]).hex()}"


def _half(count: int) -> int:
    """The largest power of two below `count`."""
    half: int = 1 << (count - 1).bit_length() - 1
    return half
