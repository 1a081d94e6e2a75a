"""Chains of custody to prove, and events as Hypothesis makes them up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st

from domain.custody import NAMESPACE, CustodyEvent, Doubt, Head, Link, Paper, Source, link
from domain.custody_words import DoubtCode, Step
from domain.manifest_words import DocumentKind
from domain.manifests import Signer

CHAIN = "M-1"
START = datetime(2024, 11, 25, 1, tzinfo=UTC)
STEPS = (Step.PACK, Step.SEAL, Step.DEPART, Step.HANDOVER, Step.RECEIVE)


def event(step: Step, number: int = 0, **more: Any) -> CustodyEvent:
    """Something that happened to two boxes, `number` hours after the start."""
    usual: dict[str, Any] = {
        "event_uuid": uuid5(NAMESPACE, f"{step}{number}"),
        "units": ("BOX-1", "BOX-2"),
        "place": "PPK-1",
        "region_code": "32.73.01",
        "source": Source(key=f"test/{number}"),
    }
    return CustodyEvent(step=step, event_time=START + timedelta(hours=number), **{**usual, **more})


def chain_of(events: Sequence[CustodyEvent], chain: str = CHAIN) -> list[Link]:
    """The rows of a chain."""
    rows: list[Link] = []
    for one in events:
        head = Head(rows[-1].seq, rows[-1].hash) if rows else None
        rows.append(link(one, chain, head, "sari", "2024-11-26T00:00:00Z"))
    return rows


def usual_chain() -> list[Link]:
    """Five rows with seals, signers and a paper."""
    more: dict[Step, dict[str, Any]] = {
        Step.SEAL: {"seals": {"BOX-1": ("S-1", "S-2"), "BOX-2": ("S-3",)}},
        Step.HANDOVER: {"released_by": Signer(name="Sari"), "received_by": Signer(name="Budi")},
        Step.RECEIVE: {"documents": (Paper(kind=DocumentKind.BTTB, number="B/1 2024"),)},
    }
    return chain_of([event(step, at, **more.get(step, {})) for at, step in enumerate(STEPS)])


def end(rows: Sequence[Link]) -> Head:
    """How a chain ends."""
    return Head(rows[-1].seq, rows[-1].hash)


_ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True)
_texts = st.from_regex(r"[A-Za-z0-9À-ÿ/][A-Za-z0-9À-ÿ/ %:#?]{0,12}[A-Za-z0-9/]", fullmatch=True)
_times = st.datetimes(datetime(2024, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_signers = st.builds(Signer, name=_texts, role=st.none() | _texts, signed_at=st.none() | _times)
_units = st.lists(_ids, unique=True, max_size=4)
_seals = st.lists(_texts, unique=True, max_size=3).map(tuple)
_papers = st.builds(
    Paper,
    kind=st.sampled_from(DocumentKind),
    number=_texts,
    sha256=st.none() | st.just("0" * 64),
)
_doubts = st.builds(Doubt, code=st.sampled_from(DoubtCode), unit=st.none() | _ids)

events = st.builds(
    CustodyEvent,
    event_uuid=st.uuids(version=4),
    step=st.sampled_from(Step),
    event_time=_times,
    time_assumed=st.booleans(),
    place_assumed=st.booleans(),
    units_assumed=st.booleans(),
    place=st.none() | _ids,
    region_code=st.sampled_from([None, "32.73", "53.01", "94.01.02"]),
    shipment_id=st.none() | _ids,
    units=_units.map(tuple),
    parent=st.none() | _ids,
    seals=st.dictionaries(_ids, _seals, max_size=3),
    broken=_units.map(tuple),
    documents=st.lists(_papers, max_size=2).map(tuple),
    released_by=st.none() | _signers,
    received_by=st.none() | _signers,
    disposition=st.sampled_from([None, "damaged", "stolen"]),
    source=st.builds(Source, key=_texts, revision=st.integers(1, 9)),
    note=st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=20)
    .filter(lambda text: "\x7f" not in text),
    corrects=st.none() | st.uuids(version=4),
    withdrawn=st.booleans(),
    original=st.none() | st.just('{"type": "ObjectEvent"}'),
    doubts=st.lists(_doubts, max_size=2).map(tuple),
)  # fmt: skip

SOMEBODY = UUID(int=7)
