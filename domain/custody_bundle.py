"""The file of one chain of custody, and its proof without a database.

A bundle as that of evidence is (docs/reference/custody.md): a ZIP whose manifest of hashes is
signed. Beyond it every row is proved by itself, so that what was changed is named.
"""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from domain import epcis
from domain.custody import Fault, Head, Link, verify_chain
from domain.custody_checkpoints import Checkpoint, Standing, faults, stands
from domain.custody_records import Carried
from domain.evidence_bundle import MANIFEST, SIGNATURE, Form, Verdict, canonical
from domain.evidence_bundle import verify as verify_files

LEDGER, CHECKPOINTS, EPCIS, RECORD = "ledger.jsonl", "checkpoints.json", "epcis.json", "record.json"
_MOST = 256 << 20
CUSTODY = Form(
    "kawal-custody",
    (LEDGER, CHECKPOINTS, EPCIS, RECORD),
    {
        **dict.fromkeys((LEDGER, CHECKPOINTS, EPCIS, RECORD), _MOST),
        MANIFEST: 64 << 10,
        SIGNATURE: 8 << 10,
    },
)
_LOCAL_HEADER = struct.Struct("<26xHH")  # the lengths of name and extra field
_FORMLESS = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def content(
    links: Sequence[Link], proofs: Iterable[Standing], carried: Carried, made_at: str
) -> dict[str, bytes]:
    """The files of a bundle but for the manifest. `made_at`: RFC 3339."""
    return {
        LEDGER: b"".join(canonical(link._asdict()) for link in links),
        CHECKPOINTS: canonical([_told(proof) for proof in proofs]),
        EPCIS: canonical(epcis.document(links, made_at)),
        RECORD: canonical(
            {
                "manifest": _plain(carried.manifest),
                "units": [_plain(unit) for unit in carried.units],
                "documents": [_plain(document) for document in carried.documents],
            }
        ),
    }


def _told(proof: Standing) -> dict[str, Any]:
    return {**proof.checkpoint._asdict(), "head": proof.head._asdict(), "path": proof.path}


def _plain(record: BaseModel) -> dict[str, Any]:
    return record.model_dump(mode="json", by_alias=True, exclude_none=True)


# --- proving -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Proof:
    """What became of proving a bundle. `covered`: up to which row a checkpoint vouches."""

    verdict: Verdict
    chain: str = ""
    rows: int = 0
    covered: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Whether nothing at all was found."""
        return self.verdict.intact and not self.faults


def verify(file: Path, trusted: Collection[str] = ()) -> Proof:
    """Prove a bundle by itself. Never raises for what is in the file; writes nothing.

    `trusted`: ids of the keys that may have signed the checkpoints (none: the one that signed
    the bundle).
    """
    proof = Proof(verify_files(file, CUSTODY))
    texts = _texts(file)
    links = list(_links(texts.get(LEDGER, b""), proof))
    made = proof.verdict.manifest or {}
    proof.chain = str(made.get("chain") or (links[0].chain if links else ""))
    proof.rows = len(links)
    proof.faults += verify_chain(links, proof.chain, _head(made))
    signers = trusted or ({proof.verdict.key_id} if proof.verdict.key_id else ())
    if CHECKPOINTS in texts:
        _prove_checkpoints(texts[CHECKPOINTS], links, signers, proof)
    if EPCIS in texts:
        _compare_epcis(texts[EPCIS], links, proof)
    if RECORD in texts:
        _compare_record(texts[RECORD], proof)
    return proof


def _head(made: Mapping[str, Any]) -> Head | None:
    head = made.get("head")
    if not isinstance(head, dict):
        return None
    seq, digest = head.get("seq"), head.get("hash")
    return Head(seq, digest) if isinstance(seq, int) and isinstance(digest, str) else None


def _texts(file: Path) -> dict[str, bytes]:
    """The bytes as they lie in the file, also where their sum no longer fits: what is wrong is
    to be named. None beyond its limit."""
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(file) as archive, file.open("rb") as raw:
            for info in archive.infolist():
                stored = info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1
                if info.filename in CUSTODY.content and stored and info.file_size <= _MOST:
                    raw.seek(info.header_offset)
                    header = raw.read(_LOCAL_HEADER.size)
                    raw.seek(sum(_LOCAL_HEADER.unpack(header)), 1)
                    found.setdefault(info.filename, raw.read(info.file_size))
    except (*_FORMLESS, zipfile.BadZipFile, OSError, EOFError, struct.error, NotImplementedError):
        pass  # the verdict says so already
    return found


def _links(text: bytes, proof: Proof) -> Iterator[Link]:
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            told = json.loads(line)
            link = Link(**told)
            if not (isinstance(link.seq, int) and isinstance(link.body, dict)):
                raise ValueError("seq or body is missing")
            if not all(isinstance(part, str) for part in (link.chain, link.prev_hash, link.hash)):
                raise ValueError("a hash is no text")
        except _FORMLESS as error:
            proof.faults.append(Fault(LEDGER, number, "line", f"is no row ({error})"))
        else:
            yield link


def _prove_checkpoints(
    text: bytes, links: Sequence[Link], trusted: Collection[str], proof: Proof
) -> None:
    by_seq = {link.seq: link for link in links}
    try:
        for number, told in enumerate(json.loads(text)):
            name = f"{CHECKPOINTS}[{number}]"
            one = _standing(told)
            proof.faults += faults(one.checkpoint, name, trusted)
            if not stands(one, proof.chain):
                reason = "the path does not lead from this chain to what was signed"
                proof.faults.append(Fault(name, None, "path", reason))
            row = by_seq.get(one.head.seq)
            if row is None or row.hash != one.head.hash:
                reason = f"is not the row that the checkpoint of {one.checkpoint.at} has"
                proof.faults.append(Fault(proof.chain, one.head.seq, "hash", reason))
            proof.covered = max(proof.covered, one.head.seq)
    except _FORMLESS as error:
        proof.faults.append(Fault(CHECKPOINTS, None, "form", f"holds no checkpoints ({error})"))


def _standing(told: dict[str, Any]) -> Standing:
    head, path = Head(**told.pop("head")), tuple(told.pop("path"))
    if not isinstance(head.seq, int):
        raise TypeError("head.seq is no number")
    return Standing(Checkpoint(**told), head, path)


def _compare_epcis(text: bytes, links: Sequence[Link], proof: Proof) -> None:
    """The EPCIS document follows from the ledger: where they differ, the field is named."""
    try:
        told = json.loads(text)
        events = told["epcisBody"]["eventList"]
        expected = epcis.document(links, told["creationDate"])["epcisBody"]["eventList"]
    except ValidationError:
        reason = "a row of the ledger is no event, so that it has no EPCIS form"
        proof.faults.append(Fault(proof.chain, None, "body", reason))
        return
    except _FORMLESS as error:
        proof.faults.append(Fault(EPCIS, None, "form", f"is no EPCIS document ({error})"))
        return
    if len(events) != len(links):
        reason = f"{len(events)} events for {len(links)} rows"
        proof.faults.append(Fault(EPCIS, None, "eventList", reason))
    for link, event, due in zip(links, events, expected, strict=False):
        for name in _differences(event, json.loads(canonical(due))):
            reason = "is not the same in the ledger and in epcis.json"
            proof.faults.append(Fault(proof.chain, link.seq, name, reason))


def _differences(one: Any, other: Any) -> list[str]:
    if not isinstance(one, dict):
        return ["event"]
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def _compare_record(text: bytes, proof: Proof) -> None:
    try:
        manifest_id = json.loads(text)["manifest"]["id"]
    except _FORMLESS as error:
        proof.faults.append(Fault(RECORD, None, "form", f"is no record ({error})"))
        return
    if manifest_id != proof.chain:
        reason = f"is {manifest_id}, the ledger is that of {proof.chain}"
        proof.faults.append(Fault(RECORD, None, "manifest.id", reason))
