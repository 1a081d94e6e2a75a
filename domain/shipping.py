"""Shipping: what the platform of PT Pos says of a parcel, in its own words and in ours.

The words are those of docs/reference/shipping-api.md; a word that is not among them is kept
as it came, with no status of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.plan import Text, Time
from domain.plan_words import ShipmentStatus

FORMAT = "kawal-shipping"
VERSION = 1
LARGEST_RAW = 4096  # characters of an item that are kept

_WORDS = {
    "penerimaan": ShipmentStatus.LOADED,
    "posting loket": ShipmentStatus.LOADED,
    "penerimaan posting loket": ShipmentStatus.LOADED,
    "manifest serah": ShipmentStatus.LOADED,  # in the bag for the next vehicle
    "manifest terima": ShipmentStatus.IN_TRANSIT,  # at a hub on the way
    "diteruskan": ShipmentStatus.IN_TRANSIT,
    "berangkat": ShipmentStatus.IN_TRANSIT,
    "diteruskan berangkat": ShipmentStatus.IN_TRANSIT,
    "tiba di kantor antaran": ShipmentStatus.ARRIVED,  # at the post office of the destination
    "proses antar": ShipmentStatus.IN_TRANSIT,  # the last mile
    "selesai antar": ShipmentStatus.RECEIVED,
    "gagal antar": ShipmentStatus.HELD,
}


class PlatformStatus(NamedTuple):
    """That the platform said `word` of a tracking number at a time. `status` is None where
    the word is unknown; `raw` is the item as it came."""

    tracking_no: str
    at: datetime
    word: str
    status: ShipmentStatus | None
    place: str | None
    raw: str


class RefusedStatus(NamedTuple):
    """An item that cannot be taken: which field, and why."""

    field: str
    reason: str
    raw: str


StatusItem: TypeAlias = PlatformStatus | RefusedStatus


class ListRefusedError(Exception):
    """A document that is no list of status reports."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class _Item(BaseModel):
    """Keys that are not ours are kept in `raw`, and never a reason to refuse."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    tracking_no: Annotated[Text, Field(max_length=64)]
    at: Time
    word: Text
    place: Text | None = None


def status_of(word: str) -> ShipmentStatus | None:
    """Our status for the platform's word, however it is spaced, cased or punctuated."""
    return _WORDS.get(" ".join(re.findall(r"\w+", word.casefold())))


def read_statuses(document: object) -> Iterator[StatusItem]:
    """The items of a document, each taken or refused. Raises ListRefusedError."""
    if not isinstance(document, Mapping):
        raise ListRefusedError("(document)", "must be a JSON object")
    if document.get("format") != FORMAT:
        raise ListRefusedError("format", f"must be {FORMAT!r}")
    if document.get("version") != VERSION:
        raise ListRefusedError("version", f"must be {VERSION}; a later one is not known here")
    items = document.get("statuses")
    if not isinstance(items, list):
        raise ListRefusedError("statuses", "must be a list")
    for place, item in enumerate(items):
        yield _read(item, f"statuses[{place}]")


def _read(item: Any, place: str) -> StatusItem:
    raw = _raw(item)
    try:
        known = _Item.model_validate(item)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        path = ".".join([place, *map(str, fault["loc"])])
        return RefusedStatus(path, fault["msg"].removeprefix("Value error, "), raw)
    return PlatformStatus(
        known.tracking_no, known.at, known.word, status_of(known.word), known.place, raw
    )


def _raw(item: Any) -> str:
    """As JSON that a database takes: it refuses NUL and half characters."""
    text = _json(item)
    return text if len(text) <= LARGEST_RAW else _json({"cut": text[: LARGEST_RAW // 2]})


def _json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:  # NaN
        text = json.dumps({"text": repr(value)}, ensure_ascii=False)
    text = text.encode("utf-8", "replace").decode()
    # The first part passes over escaped backslashes, after which u0000 is plain text.
    return re.sub(r"(\\\\)|\\u0000", lambda found: found[1] or "?", text)
