"""EPCIS documents of other systems, read into custody events or put aside with the reason.

Both versions of the vocabulary's words, old and new names of fields, and extensions of anybody
are understood or passed through; nothing is lost, since the event's own JSON goes along.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID, uuid5

from pydantic import ValidationError

from domain.custody import NAMESPACE, CustodyEvent, Source, derived_uuid
from domain.custody_words import Step
from domain.epcis import OWN
from domain.epcis_words import (
    BY_DISPOSITION,
    EVENT_TYPES,
    PREFIX,
    STEPS,
    location_id,
    object_id,
    transaction,
    word,
)
from domain.manifest_words import DocumentKind

MOST_EVENTS = 100_000
_HELD_BY = {"AggregationEvent": "childEPCs"}
_NOT_CUSTODY = {
    "TransformationEvent": "says that things became other things, which boxes do not",
    "AssociationEvent": "says what is mounted on what, which is not custody",
}
_UUID_URN = re.compile(r"urn:uuid:([0-9a-fA-F-]{36})")


class Understood(NamedTuple):
    """An event that is custody. `chain`: the manifest that it names, None where it names none;
    `papers`: numbers of delivery notes by which the manifest may be found. `ours`: it was
    written by this product. `error`: it was declared wrong at this time. `original`: its JSON."""

    event: CustodyEvent
    chain: str | None
    papers: tuple[str, ...]
    ours: bool
    error: str | None
    original: str


class Aside(NamedTuple):
    """An event that is kept, and not taken: which field, why, and the event as JSON text."""

    place: str
    field: str
    reason: str
    original: str


Told: TypeAlias = Understood | Aside


class _AsideError(ValueError):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


def events(document: object) -> Iterator[Told]:
    """Every event of a document: an EPCISDocument, an EPCISQueryDocument, one event, or a list.

    Never raises for what is in it.
    """
    for place, event in _listed(document):
        original = json.dumps(event, ensure_ascii=True)
        try:
            if not isinstance(event, dict):
                raise _AsideError("", "is no event: a JSON object is expected")
            yield _understand(event, original)
        except _AsideError as aside:
            yield Aside(place, aside.field, aside.reason, original)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            yield Aside(place, field, first["msg"], original)


def _listed(document: object) -> Iterator[tuple[str, object]]:
    at, found = _event_list(document)
    if not isinstance(found, list):
        yield at, found
        return
    for number, event in enumerate(found[:MOST_EVENTS]):
        yield f"{at}[{number}]", event
    if len(found) > MOST_EVENTS:
        yield at, f"more than {MOST_EVENTS} events in one document"


def _event_list(document: object) -> tuple[str, object]:
    if not isinstance(document, dict):
        return "", document
    body = document.get("epcisBody")
    if body is None and _type(document) not in ("EPCISDocument", "EPCISQueryDocument"):
        return "", document
    where = "epcisBody"
    for name in ("queryResults", "resultsBody"):
        if isinstance(body, dict) and name in body:
            body, where = body[name], f"{where}.{name}"
    if isinstance(body, dict):
        for name in ("eventList", "event"):
            if name in body:
                return f"{where}.{name}", body[name]
    return where, []


def _type(event: Mapping[str, Any]) -> str:
    value = event.get("type", event.get("isA", event.get("@type", "")))
    return str(value).rpartition(":")[2].rpartition("/")[2]


# --- one event -------------------------------------------------------------------------------


def _understand(event: dict[str, Any], original: str) -> Understood:
    kind = _type(event)
    if kind in _NOT_CUSTODY:
        raise _AsideError("type", f"{kind} {_NOT_CUSTODY[kind]}")
    if kind not in EVENT_TYPES:
        raise _AsideError("type", f"{kind or 'none'} is no type of event that is known here")
    transactions = [pair for uri in _transactions(event) if (pair := transaction(uri))]
    chain = next((number for name, number in transactions if name == "MANIFEST"), None)
    ours = f"{PREFIX}:hash" in event
    fields = _own_fields(event) | _standard_fields(event, kind)
    if not fields["units"] and chain is None:
        raise _AsideError(_HELD_BY.get(kind, "epcList"), "names no thing that is a unit here")
    fields["step"] = _step(event, kind, fields)
    fields.setdefault("source", Source(key=f"epcis/{_event_id(event, original)}"[:400]))
    if not ours:
        fields["original"] = original
        fields["documents"] = _papers(event)
    return Understood(
        CustodyEvent.model_validate(fields),
        chain,
        tuple(number for name, number in transactions if name == DocumentKind.SURAT_JALAN),
        ours,
        _error(event),
        original,
    )


def _own_fields(event: Mapping[str, Any]) -> dict[str, Any]:
    """What this product, or one that follows its extension, has said beyond the standard."""
    return {
        name: event[f"{PREFIX}:{name}"]
        for name in (*OWN, "disposition")
        if f"{PREFIX}:{name}" in event and name != "step"
    }


def _standard_fields(event: Mapping[str, Any], kind: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "event_uuid": _uuid(event),
        "event_time": _time(event.get("eventTime")),
        "units": _units(event, kind),
        "parent": object_id(_text(event.get("parentID", ""), "parentID")),
    }
    place = _place(event)
    if place:
        fields["place"] = place
    if f"{PREFIX}:hash" not in event and "disposition" in event:
        fields["disposition"] = word(_text(event["disposition"], "disposition"))
    return fields


def _step(event: Mapping[str, Any], kind: str, fields: Mapping[str, Any]) -> Step:
    own = event.get(f"{PREFIX}:step")
    if own is not None:
        if not isinstance(own, str) or own not in Step.__members__:
            raise _AsideError(f"{PREFIX}:step", f"{str(own)[:40]!r} is no step")
        return Step(own)
    if not fields["units"]:
        return Step.ATTACH
    biz_step = word(_text(event.get("bizStep", ""), "bizStep"))
    disposition = word(_text(event.get("disposition", ""), "disposition"))
    if biz_step == "accepting" and "released_by" in fields and "received_by" in fields:
        return Step.HANDOVER
    if not biz_step and kind == "AggregationEvent":
        return Step.OPEN if event.get("action") == "DELETE" else Step.PACK
    step = BY_DISPOSITION.get((biz_step, disposition)) or STEPS.get(biz_step)
    if step is None:
        raise _AsideError("bizStep", f"{biz_step or 'none'} is no step of custody")
    return step


def _event_id(event: Mapping[str, Any], original: str) -> str:
    given = event.get("eventID")
    return str(given) if given else str(uuid5(NAMESPACE, original))


def _uuid(event: Mapping[str, Any]) -> UUID:
    """The id that it came with where that is a UUID, else one that is always the same."""
    given = event.get("eventID")
    match = _UUID_URN.fullmatch(given) if isinstance(given, str) else None
    if match:
        try:
            return UUID(match[1])
        except ValueError:
            raise _AsideError("eventID", f"{given} is no UUID") from None
    name = given if isinstance(given, str) and given else json.dumps(event, sort_keys=True)
    return uuid5(NAMESPACE, f"epcis {name}")


def _time(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(_text(value, "eventTime"))
    except ValueError as error:
        raise _AsideError("eventTime", f"is no time ({error})") from None
    if at.tzinfo is None:
        raise _AsideError("eventTime", "must have its zone, such as +07:00")
    return at


def _units(event: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    found = event.get(_HELD_BY.get(kind, "epcList"), ())
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise _AsideError(_HELD_BY.get(kind, "epcList"), "must be a list")
    ids = (object_id(_text(uri, "epcList")) for uri in found)
    return tuple(dict.fromkeys(unit for unit in ids if unit))


def _place(event: Mapping[str, Any]) -> str | None:
    for name in ("readPoint", "bizLocation"):
        given = event.get(name)
        uri = given.get("id") if isinstance(given, dict) else given
        place = location_id(uri) if isinstance(uri, str) else None
        if place:
            return place
    return None


def _transactions(event: Mapping[str, Any]) -> list[str]:
    given = event.get("bizTransactionList", ())
    if not isinstance(given, list):
        return []
    return [
        one["bizTransaction"]
        for one in given
        if isinstance(one, dict) and isinstance(one.get("bizTransaction"), str)
    ]


def _papers(event: Mapping[str, Any]) -> list[dict[str, str]]:
    pairs = [pair for uri in _transactions(event) if (pair := transaction(uri))]
    known = DocumentKind.__members__
    return [{"kind": name, "number": number} for name, number in pairs if name in known]


def _error(event: Mapping[str, Any]) -> str | None:
    declared = event.get("errorDeclaration")
    if not isinstance(declared, dict):
        return None
    return str(declared.get("declarationTime", ""))


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise _AsideError(field, "must be text")
    return value


def withdrawal(told: Understood, now: datetime) -> CustodyEvent | None:
    """The event that takes back one that its own system has declared wrong."""
    if told.error is None or told.ours:
        return None
    source = Source(key=told.event.source.key)
    return CustodyEvent(
        event_uuid=derived_uuid(source, f"error {told.error}"),
        step=Step.ATTACH,
        event_time=now,
        source=source,
        corrects=told.event.event_uuid,
        withdrawn=True,
        original=told.event.original,
    )
