"""Custody as a GS1 EPCIS 2.0 document (JSON-LD). What maps to what: docs/reference/custody.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.custody import CustodyEvent, Link
from domain.custody_words import Step
from domain.epcis_words import (
    BIZ_STEPS,
    CONTEXT,
    DOCUMENT_TYPES,
    NAMESPACE,
    PREFIX,
    document_uri,
    manifest_uri,
    place_uri,
    unit_uri,
)
from domain.regions import Zone, zone

# Fields that the standard has no place for go out under our own namespace, as they are.
OWN = (
    "step", "shipment_id", "region_code", "time_assumed", "place_assumed", "units_assumed",
    "seals", "broken", "documents", "released_by", "received_by", "source", "note", "corrects",
    "withdrawn", "original", "doubts",
)  # fmt: skip


def document(links: Iterable[Link], created_at: str) -> dict[str, Any]:
    """An EPCISDocument of rows of the ledger. `created_at`: RFC 3339."""
    rows = list(links)
    corrections = {row.body["corrects"]: row for row in rows if row.body.get("corrects")}
    return {
        "@context": [CONTEXT, {PREFIX: NAMESPACE}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": created_at,
        "epcisBody": {"eventList": [event_of(row, corrections) for row in rows]},
    }


def event_of(row: Link, corrections: Mapping[str, Link]) -> dict[str, Any]:
    """One row as an event. `corrections`: the rows that correct another, by its uuid."""
    event = row.event
    biz_step, disposition = BIZ_STEPS[event.step]
    told = {
        **_what(event, row.chain),
        "eventID": f"urn:uuid:{event.event_uuid}",
        "eventTime": row.body["event_time"],
        "eventTimeZoneOffset": _offset(event.event_time, event.region_code),
        "recordTime": row.body["recorded_at"],
        "bizStep": biz_step,
        "disposition": event.disposition or disposition,
        "readPoint": {"id": place_uri(event.place)} if event.place else None,
        "errorDeclaration": _error(corrections.get(str(event.event_uuid))),
        **{f"{PREFIX}:{name}": row.body.get(name) for name in OWN},
        f"{PREFIX}:disposition": event.disposition,
        f"{PREFIX}:chain": row.chain,
        f"{PREFIX}:seq": row.seq,
        f"{PREFIX}:prev_hash": row.prev_hash,
        f"{PREFIX}:hash": row.hash,
        f"{PREFIX}:actor": row.body["actor"],
    }
    return {name: value for name, value in told.items() if value is not None}


def _what(event: CustodyEvent, chain: str) -> dict[str, Any]:
    """Which things, in the kind of event that fits: packed into another, a paper alone, or
    units."""
    units = [unit_uri(unit) for unit in event.units]
    transactions = [{"bizTransaction": manifest_uri(chain)}, *_documents(event)]
    if event.parent and units:
        what: dict[str, Any] = {
            "type": "AggregationEvent",
            "action": "ADD" if event.step is Step.PACK else "OBSERVE",
            "parentID": unit_uri(event.parent),
            "childEPCs": units,
        }
    elif units:
        action = "ADD" if event.step is Step.PACK else "OBSERVE"
        what = {"type": "ObjectEvent", "action": action, "epcList": units}
    else:
        what = {"type": "TransactionEvent", "action": "ADD", "epcList": []}
    return {**what, "bizTransactionList": transactions}


def _documents(event: CustodyEvent) -> Sequence[dict[str, str]]:
    return [
        {
            "type": DOCUMENT_TYPES[paper.kind],
            "bizTransaction": document_uri(paper.kind, paper.number),
        }
        for paper in event.documents
    ]


def _offset(at: datetime, region_code: str | None) -> str:
    place = zone(region_code) if region_code else Zone.WIB
    text = at.astimezone(ZoneInfo(place)).strftime("%z")
    return f"{text[:3]}:{text[3:]}"


def _error(correction: Link | None) -> dict[str, Any] | None:
    if correction is None:
        return None
    if correction.body.get("withdrawn"):
        return {"declarationTime": correction.body["recorded_at"], "reason": "did_not_occur"}
    return {
        "declarationTime": correction.body["recorded_at"],
        "reason": "incorrect_data",
        "correctiveEventIDs": [f"urn:uuid:{correction.body['event_uuid']}"],
    }
