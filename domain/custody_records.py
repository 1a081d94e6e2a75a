"""Records: the custody events that follow from a manifest, its papers and its receipts.

Made again they are the same. What a later revision says otherwise becomes a correcting event,
what it no longer says a withdrawal; the ledger itself is never rewritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.custody import CustodyEvent, Doubt, Paper, Source, TwoPersonError, derived_uuid
from domain.custody import require_two_persons as _two
from domain.custody_words import DoubtCode, Step
from domain.manifest_words import DocumentKind
from domain.manifests import Document, Manifest, Signer, Unit
from domain.plan_words import Direction, ShipmentStatus

_RANKS = {
    ShipmentStatus.PLANNED: 0,
    ShipmentStatus.PACKED: 1,
    ShipmentStatus.SEALED: 2,
    ShipmentStatus.LOADED: 3,
    ShipmentStatus.IN_TRANSIT: 4,
    ShipmentStatus.HELD: 4,
    ShipmentStatus.ARRIVED: 5,
    ShipmentStatus.REJECTED: 5,
    ShipmentStatus.PARTIALLY_RECEIVED: 5,
    ShipmentStatus.RECEIVED: 6,
}
# The usual order of steps: what is assumed of one is not later than what is known of the next.
_STEP_RANKS = {
    Step.PACK: 1, Step.SEAL: 2, Step.LOAD: 3, Step.DEPART: 4, Step.HOLD: 4, Step.RELEASE: 4,
    Step.ARRIVE: 5, Step.RECEIVE: 6, Step.RETURN: 6,
}  # fmt: skip
_NOBODY = UUID(int=0)


class Received(NamedTuple):
    """A receipt with the seals found on each unit, and whether they were whole (None: not
    said). `boxes`: how many ballot boxes it counts, None where it counts none.
    `region_code`: of its station."""

    receipt_id: str
    revision: int
    station_id: str | None
    region_code: str | None
    received_at: datetime
    received_by: str | None
    units: Mapping[str, tuple[Sequence[str], bool | None]]
    boxes: int | None = None


class Carried(NamedTuple):
    """A manifest with its current parts and its receipts."""

    manifest: Manifest
    units: Sequence[Unit]
    documents: Sequence[Document] = ()
    receipts: Sequence[Received] = ()


def follow(carried: Carried, recorded: Iterable[CustodyEvent], now: datetime) -> list[CustodyEvent]:
    """The events that the ledger of the manifest lacks, in the order of the journey.

    `recorded`: all events of its chain, oldest first.
    """
    told = list(recorded)
    newest = {event.source.key: event for event in told}
    drafts = list(_drafts(carried, now))
    _assume_times(drafts, told, carried, now)
    fresh = [event for draft in drafts if (event := _unless_told(draft, newest))]
    fresh += _withdrawals(carried, drafts, newest, now)
    return [*fresh, *_holds(carried, told, now)]


# --- what the records say ------------------------------------------------------------------


def _drafts(carried: Carried, now: datetime) -> Iterator[CustodyEvent]:
    rank = _RANKS.get(carried.manifest.status, 0)
    papers = {kind: _papers(carried, kind) for kind in DocumentKind}
    leaving = papers[DocumentKind.SURAT_JALAN]
    sealed = any(unit.seals for unit in carried.units)
    if rank >= 1:
        yield from _packed(carried, now)
    if sealed and (rank >= 2 or papers[DocumentKind.SEAL_RECORD]):
        yield _seal(carried, papers[DocumentKind.SEAL_RECORD], now)
    if rank >= 3:
        yield _of_status(carried, Step.LOAD, now, leaving if rank == 3 else ())
    if rank >= 4:
        yield _of_status(carried, Step.DEPART, now, leaving)
    if rank >= 5:
        yield _of_status(carried, Step.ARRIVE, now)
    if carried.manifest.status is ShipmentStatus.LOST:
        yield _of_status(carried, Step.LOSE, now)
    used = {DocumentKind.SURAT_JALAN: rank >= 3, DocumentKind.SEAL_RECORD: sealed}
    for document in carried.documents:
        if not used.get(document.kind):
            yield _of_document(carried, document, now)
    for receipt in carried.receipts:
        yield _of_receipt(carried, receipt)
    if rank == 6 and not carried.receipts and not papers[DocumentKind.BTTB]:
        yield _of_status(carried, _received(carried), now)


def _received(carried: Carried) -> Step:
    return Step.RETURN if carried.manifest.direction is Direction.RETURN else Step.RECEIVE


def _papers(carried: Carried, kind: DocumentKind) -> list[Document]:
    return [document for document in carried.documents if document.kind is kind]


def _draft(carried: Carried, step: Step, key: str, **more: Any) -> CustodyEvent:
    manifest = carried.manifest
    there = more.pop("there", step in (Step.ARRIVE, Step.RECEIVE, Step.RETURN))
    usual = {
        "event_uuid": _NOBODY,
        "place": manifest.to_place if there else manifest.from_place,
        "region_code": manifest.to_region if there else manifest.from_region,
        "shipment_id": manifest.shipment_id,
        "source": Source(key=key, revision=more.pop("revision", manifest.revision)),
        "units": tuple(unit.id for unit in carried.units),
    }
    return CustodyEvent(step=step, **{**usual, **more})


def _of_status(
    carried: Carried, step: Step, now: datetime, documents: Sequence[Document] = ()
) -> CustodyEvent:
    """What the status of the manifest says; when, only a paper may say."""
    issued = [document.issued_at for document in documents if document.issued_at]
    manifest = carried.manifest
    there = step in (Step.ARRIVE, Step.RECEIVE, Step.RETURN)
    assumed = manifest.planned_arrival if there else manifest.planned_departure
    return _draft(
        carried,
        step,
        f"manifest/{manifest.id}/{step}",
        event_time=min(issued) if issued else min(now, assumed),
        time_assumed=not issued,
        documents=tuple(map(_paper, documents)),
    )


def _packed(carried: Carried, now: datetime) -> Iterator[CustodyEvent]:
    """One event for what stands by itself, and one for each unit that others are packed in."""
    inside: dict[str | None, list[str]] = {None: []}
    for unit in carried.units:
        inside.setdefault(unit.parent_id, []).append(unit.id)
    event = _of_status(carried, Step.PACK, now)
    for parent, units in inside.items():
        key = event.source.key if parent is None else f"{event.source.key}/{parent}"
        source = event.source.model_copy(update={"key": key})
        if units or parent is None:
            yield event.model_copy(
                update={"units": tuple(units), "parent": parent, "source": source}
            )


def _seal(carried: Carried, records: Sequence[Document], now: datetime) -> CustodyEvent:
    sealed = {unit.id: unit.seals for unit in carried.units if unit.seals}
    event = _of_status(carried, Step.SEAL, now, records)
    return event.model_copy(update={"units": tuple(sealed), "seals": sealed})


def _paper(document: Document) -> Paper:
    return Paper(kind=document.kind, number=document.number, sha256=document.sha256)


def _of_document(carried: Carried, document: Document, now: datetime) -> CustodyEvent:
    manifest = carried.manifest
    key = f"document/{manifest.id}/{document.kind}/{document.number}"
    signed = [signer.signed_at for signer in document.signers if signer.signed_at]
    at = max(signed) if signed else document.issued_at
    more: dict[str, Any] = {
        "documents": (_paper(document),),
        "event_time": at or min(now, manifest.planned_arrival),
        "time_assumed": at is None,
        **dict(zip(("released_by", "received_by"), document.signers, strict=False)),
    }
    if document.kind is DocumentKind.BAST:
        return _handover(carried, key, at, more)
    if document.kind is DocumentKind.BTTB and not carried.receipts:
        return _draft(carried, _received(carried), key, units_assumed=True, **more)
    return _draft(carried, Step.ATTACH, key, units=(), **more)


def _handover(
    carried: Carried, key: str, at: datetime | None, more: dict[str, Any]
) -> CustodyEvent:
    """A handover record that two persons signed; with fewer it is a paper and no handover."""
    there = _is_there(carried, at)
    try:
        _two(more.get("released_by"), more.get("received_by"))
    except TwoPersonError as error:
        doubt = Doubt(code=DoubtCode.ONE_SIGNER, detail=error.field)
        return _draft(carried, Step.ATTACH, key, units=(), there=there, doubts=(doubt,), **more)
    return _draft(
        carried, Step.HANDOVER, key, there=there, place_assumed=True, units_assumed=True, **more
    )


def _is_there(carried: Carried, at: datetime | None) -> bool:
    """Whether a record belongs to the end of the leg and not to its beginning."""
    manifest = carried.manifest
    if at is None:
        return _RANKS.get(manifest.status, 0) >= 5 or bool(carried.receipts)
    return abs(at - manifest.planned_arrival) <= abs(at - manifest.planned_departure)


def _of_receipt(carried: Carried, receipt: Received) -> CustodyEvent:
    units = _with_contents(carried, receipt.units) if receipt.units else _part(carried, receipt)
    return _draft(
        carried,
        _received(carried) if units else Step.ATTACH,
        f"receipt/{receipt.receipt_id}",
        revision=receipt.revision,
        event_time=receipt.received_at,
        place=receipt.station_id or carried.manifest.to_place,
        region_code=receipt.region_code or carried.manifest.to_region,
        units=units,
        units_assumed=bool(units) and not receipt.units,
        seals={unit: seals for unit, (seals, _) in receipt.units.items() if seals},
        broken=tuple(unit for unit, (_, intact) in receipt.units.items() if intact is False),
        received_by=Signer(name=receipt.received_by) if receipt.received_by else None,
    )


def _with_contents(carried: Carried, units: Iterable[str]) -> tuple[str, ...]:
    """Those units, and all that are packed in them."""
    inside: dict[str, list[str]] = {}
    for unit in carried.units:
        if unit.parent_id:
            inside.setdefault(unit.parent_id, []).append(unit.id)
    found = dict.fromkeys(units)
    waiting = list(found)
    while waiting:
        waiting = [one for unit in waiting for one in inside.get(unit, ()) if one not in found]
        found |= dict.fromkeys(waiting)
    return tuple(found)


def _part(carried: Carried, receipt: Received) -> tuple[str, ...]:
    """The units that a receipt is for which names none: all of its station, or none where it
    counts fewer boxes than there are."""
    station = receipt.station_id
    part = [u for u in carried.units if station is None or u.station_id == station]
    boxes = sum(unit.kind == "BOX" for unit in part)
    if receipt.boxes is not None and receipt.boxes < boxes:
        return ()
    return tuple(unit.id for unit in part)


# --- beside what the ledger says --------------------------------------------------------------


def _assume_times(
    drafts: list[CustodyEvent], told: Sequence[CustodyEvent], carried: Carried, now: datetime
) -> None:
    """What is assumed lies between what is known to have come before it, and after it."""
    own = {draft.source.key for draft in drafts}
    others = [event for event in told if event.source.key not in own and not event.withdrawn]
    timed = [(_rank(event, carried), event) for event in (*others, *drafts)]
    for at, draft in enumerate(drafts):
        if draft.time_assumed:
            rank = _rank(draft, carried)
            after = [e.event_time for r, e in timed if r > rank and not e.time_assumed]
            before = [e.event_time for r, e in timed if r <= rank and e not in drafts]
            before += [e.event_time for e in drafts[:at] if _rank(e, carried) <= rank]
            earliest = max([draft.event_time, *before])
            drafts[at] = draft.model_copy(update={"event_time": min([earliest, now, *after])})


def _rank(event: CustodyEvent, carried: Carried) -> float:
    if event.step is Step.HANDOVER:
        return 5.5 if event.place == carried.manifest.to_place else 2.5
    return _STEP_RANKS.get(event.step, 0)


def _unless_told(draft: CustodyEvent, newest: Mapping[str, CustodyEvent]) -> CustodyEvent | None:
    before = newest.get(draft.source.key)
    facts = _facts(draft)
    if before and not before.withdrawn and _facts(before) == facts:
        return None
    return draft.model_copy(
        update={
            "event_uuid": derived_uuid(draft.source, facts),
            "corrects": before.event_uuid if before and not before.withdrawn else None,
        }
    )


def _facts(event: CustodyEvent) -> dict[str, Any]:
    """What makes an event another one: not when it was assumed to be, nor its revision."""
    left_out = {"event_uuid", "source", "corrects", "doubts", "note"}
    if event.time_assumed:
        left_out.add("event_time")
    return event.model_dump(mode="json", exclude=left_out)


def _withdrawals(
    carried: Carried,
    drafts: Sequence[CustodyEvent],
    newest: Mapping[str, CustodyEvent],
    now: datetime,
) -> Iterator[CustodyEvent]:
    """A manifest that was cancelled or lost does not say how far it had come."""
    manifest = carried.manifest
    still = {draft.source.key for draft in drafts}
    kept = () if manifest.status in _RANKS else ("manifest/",)
    for key, event in newest.items():
        ours = key.startswith((f"manifest/{manifest.id}/", f"document/{manifest.id}/", "receipt/"))
        held = event.step in (Step.HOLD, Step.RELEASE)
        if ours and not (key in still or event.withdrawn or held or key.startswith(kept)):
            source = Source(key=key, revision=manifest.revision)
            yield CustodyEvent(
                event_uuid=derived_uuid(source, f"withdraws {event.event_uuid}"),
                step=Step.ATTACH,
                event_time=now,
                source=source,
                shipment_id=manifest.shipment_id,
                corrects=event.event_uuid,
                withdrawn=True,
            )


def _holds(carried: Carried, told: Sequence[CustodyEvent], now: datetime) -> Iterator[CustodyEvent]:
    """Held, or let go: a status that comes and goes."""
    steps = [event.step for event in told if event.step in (Step.HOLD, Step.RELEASE)]
    was, held = steps[-1:] == [Step.HOLD], carried.manifest.status is ShipmentStatus.HELD
    if was == held:
        return
    step = Step.HOLD if held else Step.RELEASE
    manifest = carried.manifest
    draft = _draft(
        carried,
        step,
        f"manifest/{manifest.id}/{step}/{manifest.revision}",
        event_time=now,
        time_assumed=True,
        place=None,
    )
    yield draft.model_copy(update={"event_uuid": derived_uuid(draft.source, str(step))})
