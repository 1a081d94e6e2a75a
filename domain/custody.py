"""Custody: an append-only ledger of what happened to units, one hash chain for each manifest.

The form of a row, what its hash covers and how it is proved: docs/reference/custody.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NamedTuple
from uuid import UUID, uuid5

import rfc8785
from pydantic import Field

from domain.custody_words import DoubtCode, Stage, Step
from domain.manifest_words import DocumentKind
from domain.manifests import Seals, Sha256, Signer
from domain.plan import Id, Part, RegionCode, Text, Time

__all__ = ["Doubt", "DoubtCode", "Stage", "Step"]

ZERO_HASH = "0" * 64
NAMESPACE = UUID("5a4c1f0e-9d0b-5a3e-8f60-6b6177616c31")  # of events that follow from records
# As many lines as it takes, but nothing that a terminal or a database would choke on.
Note = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
Key = Annotated[str, Field(max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]


class TwoPersonError(ValueError):
    """A handover without two different persons. `field` says which of them is at fault."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class Doubt(Part):
    """What should be looked at, of which unit, and the seal in question."""

    code: DoubtCode
    unit: Id | None = None
    detail: Text | None = None


class Paper(Part):
    """A document that goes with an event; the SHA-256 is of its file."""

    kind: DocumentKind
    number: Text
    sha256: Sha256 | None = None


class Source(Part):
    """What an event was made from: `manifest/M-1/PACK`, `receipt/R-1`, `offer/12`, `epcis/...`."""

    key: Key
    revision: int = 1


class CustodyEvent(Part):
    """One thing that happened to units, as it is recorded.

    `time_assumed`, `place_assumed`, `units_assumed`: not said by the source, and taken from
    the manifest.
    `seals`: the numbers found on each unit that was looked at. `broken`: units whose seals
    were found open. `corrects`: the event that this one takes the place of, or, where it is
    `withdrawn`, that it says not to have been. `original`: the JSON text that another system
    sent.
    """

    event_uuid: UUID
    step: Step
    event_time: Time
    time_assumed: bool = False
    place: Id | None = None
    place_assumed: bool = False
    region_code: RegionCode | None = None
    shipment_id: Id | None = None
    units: tuple[Id, ...] = ()
    units_assumed: bool = False
    parent: Id | None = None
    seals: dict[Id, Seals] = Field(default_factory=dict)
    broken: tuple[Id, ...] = ()
    documents: tuple[Paper, ...] = ()
    released_by: Signer | None = None
    received_by: Signer | None = None
    disposition: Text | None = None
    source: Source
    note: Note | None = None
    corrects: UUID | None = None
    withdrawn: bool = False
    original: str | None = None
    doubts: tuple[Doubt, ...] = ()


def derived_uuid(source: Source, facts: Any = None) -> UUID:
    """The id of an event that follows from a record: the same however often it is made."""
    return uuid5(NAMESPACE, f"{source.key}#{source.revision}#{rfc8785.dumps(facts).decode()}")


def require_two_persons(giver: Signer | None, taker: Signer | None) -> None:
    """Raises TwoPersonError unless both are named and are not the same person."""
    if giver is None:
        raise TwoPersonError("released_by", "a handover needs the person who gave")
    if taker is None:
        raise TwoPersonError("received_by", "a handover needs the person who took")
    if _folded(giver.name) == _folded(taker.name):
        raise TwoPersonError("received_by", f"must be another person than {giver.name!r}")


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


# --- the chain -------------------------------------------------------------------------------


class Link(NamedTuple):
    """A row of the ledger. `body` is the event with who recorded it and when."""

    chain: str
    seq: int
    body: Mapping[str, Any]
    prev_hash: str
    hash: str

    @property
    def event(self) -> CustodyEvent:
        """The event in it. Raises pydantic.ValidationError where it is none."""
        body = {k: v for k, v in self.body.items() if k not in ("actor", "recorded_at")}
        return CustodyEvent.model_validate(body)


class Fault(NamedTuple):
    """What does not agree: in which chain, which row (None: the chain as a whole), what of it."""

    chain: str
    seq: int | None
    field: str
    reason: str

    def __str__(self) -> str:
        row = "" if self.seq is None else f", row {self.seq}"
        return f"{self.chain}{row}: {self.field}: {self.reason}"


class Head(NamedTuple):
    """The end of a chain."""

    seq: int
    hash: str


def body_of(event: CustodyEvent, actor: str, recorded_at: str) -> dict[str, Any]:
    """What is hashed and stored: plain JSON, without what is empty."""
    whole = event.model_dump(mode="json")
    kept = {name: value for name, value in whole.items() if value not in (None, [], {}, False)}
    return {**_bare(kept), "actor": actor, "recorded_at": recorded_at}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(inner) for name, inner in value.items() if inner is not None}
    return [_bare(inner) for inner in value] if isinstance(value, list) else value


def hash_of(body: Mapping[str, Any], prev_hash: str, chain: str, seq: int) -> str:
    """SHA-256 over the RFC 8785 form of a row, hexadecimal.

    Raises rfc8785.CanonicalizationError for what has no such form.
    """
    row: Any = {"body": body, "chain": chain, "prev_hash": prev_hash, "seq": seq}
    return hashlib.sha256(rfc8785.dumps(row)).hexdigest()


def link(event: CustodyEvent, chain: str, head: Head | None, actor: str, at: str) -> Link:
    """The row that comes after `head`; `at` is when it is recorded, RFC 3339."""
    before = head or Head(0, ZERO_HASH)
    body = body_of(event, actor, at)
    seq = before.seq + 1
    return Link(chain, seq, body, before.hash, hash_of(body, before.hash, chain, seq))


def verify_chain(links: Iterable[Link], chain: str, head: Head | None = None) -> list[Fault]:
    """Everything that does not agree in a chain, in the order in which it was kept.

    `head`, where known, is how the chain must end at least.
    """
    rows = list(links)
    faults = [*_foreign(rows, chain), *_order(rows, chain)]
    by_seq = {row.seq: row for row in rows}
    for row in rows:
        faults += _row_faults(row, by_seq.get(row.seq - 1))
    return faults + (_end_faults(by_seq, chain, head) if head else [])


def _foreign(rows: list[Link], chain: str) -> list[Fault]:
    return [
        Fault(chain, row.seq, "chain", f"belongs to {row.chain!r}")
        for row in rows
        if row.chain != chain
    ]


def _order(rows: list[Link], chain: str) -> list[Fault]:
    found: set[int] = set()
    faults = []
    highest = max((row.seq for row in rows), default=0)
    for place, row in enumerate(rows):
        if row.seq in found:
            faults.append(Fault(chain, row.seq, "seq", "is there twice"))
        elif place and row.seq < rows[place - 1].seq:
            after = rows[place - 1].seq
            faults.append(Fault(chain, row.seq, "seq", f"out of order: stands after row {after}"))
        found.add(row.seq)
    missing = sorted(set(range(1, min(highest, len(rows) * 2 + 1000))) - found)
    return faults + [Fault(chain, seq, "seq", "this row is missing") for seq in missing]


def _row_faults(row: Link, before: Link | None) -> list[Fault]:
    faults = []
    try:
        computed = hash_of(row.body, row.prev_hash, row.chain, row.seq)
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        return [Fault(row.chain, row.seq, "body", f"has no canonical form ({error})")]
    if computed != row.hash:
        reason = "the row was changed: its hash is not that of what it says"
        faults.append(Fault(row.chain, row.seq, "hash", reason))
    expected = before.hash if before else ZERO_HASH
    if (row.seq == 1 or before) and row.prev_hash != expected:
        blamed = f"row {row.seq - 1}, or this one, was put in place of another"
        faults.append(
            Fault(row.chain, row.seq, "prev_hash", f"is not the hash before it: {blamed}")
        )
    return faults


def _end_faults(by_seq: Mapping[int, Link], chain: str, head: Head) -> list[Fault]:
    row = by_seq.get(head.seq)
    if row is None:
        ends = max(by_seq, default=0)
        return [Fault(chain, head.seq, "seq", f"was cut off: the chain ends at row {ends}")]
    if row.hash != head.hash:
        return [Fault(chain, head.seq, "hash", "is not the one of the head that was kept")]
    return []
