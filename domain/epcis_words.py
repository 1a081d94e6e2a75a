"""Words of GS1 EPCIS 2.0 and its vocabulary (CBV), and how custody maps to them."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from domain.custody_words import Step
from domain.manifest_words import DocumentKind

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
PREFIX = "kawal"
NAMESPACE = "urn:kawal:epcis:"
EVENT_TYPES = frozenset(
    {
        "ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent",
        "AssociationEvent",
    }
)  # fmt: skip

# What we write: the step of the vocabulary and what the units are after it.
BIZ_STEPS: dict[Step, tuple[str, str | None]] = {
    Step.PACK: ("packing", "in_progress"),
    Step.SEAL: ("packing", "container_closed"),
    Step.LOAD: ("loading", "in_transit"),
    Step.DEPART: ("departing", "in_transit"),
    Step.ARRIVE: ("arriving", "in_progress"),
    Step.HANDOVER: ("accepting", "in_progress"),
    Step.RECEIVE: ("receiving", "in_progress"),
    Step.RETURN: ("receiving", "returned"),
    Step.INSPECT: ("inspecting", None),
    Step.OPEN: ("unpacking", "container_open"),
    Step.RESEAL: ("repackaging", "container_closed"),
    Step.HOLD: ("holding", "in_transit"),
    Step.RELEASE: ("transporting", "in_transit"),
    Step.LOSE: ("inspecting", "unknown"),
    Step.ATTACH: ("other", None),
}
# What we read, where no other system says which step of ours it means.
STEPS: dict[str, Step] = {
    "packing": Step.PACK,
    "loading": Step.LOAD,
    "departing": Step.DEPART,
    "shipping": Step.DEPART,
    "transporting": Step.INSPECT,  # seen on its way
    "arriving": Step.ARRIVE,
    "receiving": Step.RECEIVE,
    "accepting": Step.RECEIVE,  # a handover only where two persons are named
    "inspecting": Step.INSPECT,
    "unpacking": Step.OPEN,
    "repackaging": Step.RESEAL,
    "holding": Step.HOLD,
    "storing": Step.INSPECT,
}
BY_DISPOSITION: dict[tuple[str, str], Step] = {
    ("packing", "container_closed"): Step.SEAL,
    ("receiving", "returned"): Step.RETURN,
    ("accepting", "returned"): Step.RETURN,
    ("inspecting", "stolen"): Step.LOSE,
    ("inspecting", "container_open"): Step.OPEN,
}
DOCUMENT_TYPES: dict[DocumentKind, str] = {
    DocumentKind.SURAT_JALAN: "desadv",
    DocumentKind.BTTB: "recadv",
    DocumentKind.BAST: "recadv",
    DocumentKind.SEAL_RECORD: "urn:kawal:btt:SEAL_RECORD",
}

_WORD = re.compile(
    r"^(?:urn:epcglobal:cbv:(?:bizstep|disp|btt|er):"
    r"|https?://(?:ref|ns)\.gs1\.org/cbv/(?:BizStep|Disp|BTT|ER)-"
    r"|https?://ref\.gs1\.org/standards/epcis/(?:BizStep|Disp|BTT|ER)-"
    r"|(?:cbv|gs1):(?:BizStep|Disp|BTT|ER)-)"
)


def word(value: str) -> str:
    """The bare word of a term of the vocabulary, in whichever of its forms it comes."""
    return _WORD.sub("", value)


def unit_uri(unit: str) -> str:
    """How a unit is named outside."""
    return f"urn:kawal:obj:{unit}"


def place_uri(place: str) -> str:
    """How a facility or a station is named outside."""
    return f"urn:kawal:loc:{place}"


def manifest_uri(manifest: str) -> str:
    """How a manifest is named outside."""
    return f"urn:kawal:bt:MANIFEST:{manifest}"


def document_uri(kind: DocumentKind, number: str) -> str:
    """How a paper is named outside."""
    return f"urn:kawal:bt:{kind}:{quote(number, safe='')}"


def object_id(uri: str) -> str | None:
    """The id in a URI of a unit: ours, or any private one of the form `urn:NAME:**:obj:ID`."""
    return _last(uri, "obj")


def location_id(uri: str) -> str | None:
    """The id in a URI of a place, `urn:NAME:**:loc:ID`."""
    return _last(uri, "loc")


def transaction(uri: str) -> tuple[str, str] | None:
    """The kind and the number in a URI of a transaction of ours: MANIFEST or a DocumentKind."""
    match = re.fullmatch(r"urn:kawal:bt:([A-Z_]+):(.+)", uri)
    return (match[1], unquote(match[2])) if match else None


def _last(uri: str, kind: str) -> str | None:
    match = re.fullmatch(rf"urn:[A-Za-z0-9][A-Za-z0-9-]*:(?:.+:)?{kind}:([^:]+)", uri)
    return unquote(match[1]) if match else None
