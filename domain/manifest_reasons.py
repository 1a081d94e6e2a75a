"""Reasons: why a record of a manifest is refused, in words for who made the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from enum import StrEnum
from math import isfinite
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.manifest_words import RecordKind
from domain.manifests import KEYS, SEAL_PATTERN, SHA256_PATTERN
from domain.plan import Part
from domain.plan_reasons import Loc, quoted, reason_of

LONGEST = 2000  # characters of a value that is kept with a refusal
DEEPEST = 6
EXACT = 1 << 53  # whole numbers that JSON's readers agree on
TOLD = 4  # faults of one record that are told
_OF_MODEL = re.compile(r"(?:Value error, )?(\w+)(?:, \w+)*: (.+)", re.DOTALL)


class Fault(NamedTuple):
    """A field and what is wrong with it."""

    field: str
    reason: str


def faults(
    error: ValidationError, record: type[Part], values: Any, name: Callable[[Loc], str]
) -> list[Fault]:
    """What pydantic found wrong with `values`; `name` says what a place in them is called."""
    return [_fault(detail, record, values, name) for detail in error.errors(include_url=False)]


def _fault(
    detail: ErrorDetails, record: type[Part], values: Any, name: Callable[[Loc], str]
) -> Fault:
    loc = tuple(step for step in detail["loc"] if step != "[key]")
    if not loc and (match := _OF_MODEL.fullmatch(detail["msg"])):
        return Fault(name((match[1],)), match[2])
    return Fault(name(loc), _reason(detail, loc, record, values))


_PATTERNS = {
    SHA256_PATTERN: "must be 64 hexadecimal digits in small letters",
    SEAL_PATTERN: "must be text without | and control characters, and not blank at either end",
}
_HALF = re.compile("surrogate|hex escape")  # \\ud800 with no second half behind it
_PARSED = {"int_parsing": "must be a whole number", "float_parsing": "must be a number"}


def _reason(detail: ErrorDetails, loc: Loc, record: type[Part], values: Any) -> str:
    kind, shown = detail["type"], quoted(detail["input"])
    if kind == "extra_forbidden":
        return "is not a field of this record" + close(str(loc[-1]), field_names(record))
    if kind == "string_unicode" or (kind == "json_invalid" and _HALF.search(detail["msg"])):
        return "holds bytes that are not text in the encoding of the file"
    if kind == "enum":
        words = re.sub(r"'([A-Z_]+)'", r"\1", str(detail["ctx"]["expected"]))
        return f"must be {words}, not {shown}"
    reason = _PARSED.get(kind) or _PATTERNS.get(detail.get("ctx", {}).get("pattern", ""))
    return f"{reason}, not {shown}" if reason else reason_of(detail, values)


def field_names(record: type[Part]) -> list[str]:
    """The fields of a record as the contract names them."""
    return [about.alias or name for name, about in record.model_fields.items()]


def close(name: str, known: Iterable[str]) -> str:
    """A hint at what may have been meant."""
    found = get_close_matches(name, list(known), n=1)
    return f": did you mean {found[0]}?" if found else ""


def told(found: list[Fault]) -> Fault:
    """One fault that tells of all: a record is refused once."""
    (first, *others) = found
    more = [f"{fault.field}: {fault.reason}" for fault in others[: TOLD - 1]]
    if len(others) >= TOLD:
        more.append(f"{len(others) - TOLD + 1} more")
    return Fault(plain(first.field), plain("; ".join([first.reason, *more])))


def plain(text: str) -> str:
    """Text that a database and a terminal take: no NUL, no half characters, not endless."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:LONGEST])
    return shown if len(text) <= LONGEST else f"{shown}…"


def _storable(text: str) -> str:
    """As `plain`, with its line breaks and tabs."""
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return re.sub("[\\x00\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", short)


def payload(value: Any, depth: int = 0) -> Any:
    """A row as it came, fit to be stored as JSON."""
    if isinstance(value, dict) and depth < DEEPEST:
        items = list(value.items())[:LONGEST]
        return {plain(str(name)): payload(each, depth + 1) for name, each in items}
    if isinstance(value, list | tuple) and depth < DEEPEST:
        return [payload(each, depth + 1) for each in value[:LONGEST]]
    if isinstance(value, dict | list | tuple):
        return "…"
    return value if _is_json(value) else _storable(_text(value))


def _is_json(value: object) -> bool:
    """Whether it is a value that every reader of JSON takes as it is."""
    if isinstance(value, float):
        return isfinite(value)
    return (
        value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < EXACT)
    )


def _text(value: object) -> str:
    if isinstance(value, StrEnum):
        return value.value
    try:
        return str(value)
    except ValueError:  # an integer of thousands of digits
        return "a number of too many digits"


def key_given(kind: RecordKind, values: Any) -> str | None:
    """What would name the record in reports (`manifests.key`), where its fields tell."""
    if not isinstance(values, dict):
        return None
    parts = [values.get(name.removesuffix("_id")) for name in KEYS[kind]]
    if not isinstance(parts[0], str | int):
        return None
    return plain("/".join("-" if part is None else _text(part) for part in parts))[:200]
