"""JSON: a whole document, and JSON Lines, one flat record a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from domain.manifest_reasons import DEEPEST, Fault, faults, key_given, payload, plain, told
from domain.manifest_rows import FileRefusedError, Refused, Row, Taken
from domain.manifest_schema import FORMAT, NESTED, OWN_ID, RECORD_KEY, SECTIONS, VERSION, Header
from domain.manifest_words import RecordKind
from domain.manifests import RECORDS
from domain.plan_reasons import path_of, quoted
from integrations.text_files import LINE_CHARS, Opener, is_cut, skip_line, text_of

WHOLE = "(document)"


def parsed(text: str) -> Any:
    """A JSON text; a key given twice in one object is kept as a fault of it.

    Raises ValueError, with what is wrong.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"is not JSON ({error.msg} at {where})") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None


class Repeated(dict[str, Any]):
    """An object that has a key twice: `key`."""

    key = ""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    repeated = Repeated(found)
    repeated.key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return repeated


def checked_header(document: object) -> dict[str, Any]:
    """The document as an object, if it is of our format and version.

    Raises FileRefusedError.
    """
    if not isinstance(document, dict):
        raise FileRefusedError(WHOLE, "must be an object, beginning with {")
    if isinstance(document, Repeated):
        raise FileRefusedError(plain(document.key), "is given twice in one object")
    for field, wanted in (("format", FORMAT), ("version", VERSION)):
        if document.get(field) != wanted or isinstance(document.get(field), bool):
            given = f", not {_shown(document[field])}" if field in document else ""
            raise FileRefusedError(field, f"must be {json.dumps(wanted)}{given}")
    rest = {k: v for k, v in document.items() if k not in SECTIONS}
    try:
        Header.__pydantic_validator__.validate_json(_dumped(rest), strict=True, by_name=False)
    except ValidationError as error:
        fault = told(faults(error, Header, rest, path_of))
        raise FileRefusedError(*fault) from None
    except ValueError as error:
        raise FileRefusedError(WHOLE, str(error)) from None
    return document


def read_document(document: object, place: str = "") -> Iterator[Row]:
    """The records of a JSON document that was parsed already, each taken or refused.

    `place` stands before the path of each. A part takes the id and the revision of the manifest
    or receipt that it stands in, and is refused with it.

    Raises FileRefusedError where it is no such document.
    """
    sound = checked_header(document)
    for section in SECTIONS:
        if not isinstance(sound.get(section, []), list):
            raise FileRefusedError(section, "must be a list")
    return _Reading(place).document(sound)


class _Reading:
    """Counts the records of one document."""

    def __init__(self, place: str) -> None:
        self._prefix = f"{place}:" if place else ""
        self._row_no = 0

    def document(self, document: Mapping[str, Any]) -> Iterator[Row]:
        for section, kind in SECTIONS.items():
            for at, values in enumerate(document.get(section, ())):
                yield from self._with_parts(kind, values, f"{section}[{at}]")

    def _with_parts(self, kind: RecordKind, values: object, path: str) -> Iterator[Row]:
        nested = NESTED.get(kind, {})
        inner = {name: values.get(name, []) for name in nested} if isinstance(values, dict) else {}
        bad = next((name for name, parts in inner.items() if not isinstance(parts, list)), None)
        own = _without(values, nested)
        row = self._row(kind, own, path, Fault(bad, "must be a list") if bad else None)
        yield row
        for name, parts in inner.items():
            for at, part in enumerate(parts if isinstance(parts, list) else ()):
                yield self._part(row, nested[name], part, f"{path}.{name}[{at}]")

    def _part(self, whole: Row, kind: RecordKind, part: object, path: str) -> Row:
        owner = OWN_ID[kind]
        if isinstance(whole, Refused):
            fault = Fault(owner, f"the {owner} that it belongs to is refused")
            return self._row(kind, part, path, fault)
        given = next((n for n in (owner, "revision") if isinstance(part, dict) and n in part), None)
        if given:
            fault = Fault(given, f"must not be given here: it is that of the {owner} around it")
            return self._row(kind, part, path, fault)
        if not isinstance(part, dict) or isinstance(part, Repeated):
            return self._row(kind, part, path)
        record: Any = whole.record
        row = self._row(kind, {**part, owner: record.id, "revision": record.revision}, path)
        return row._replace(payload=payload(part)) if isinstance(row, Refused) else row

    def _row(self, kind: RecordKind, values: object, path: str, fault: Fault | None = None) -> Row:
        self._row_no += 1
        return row_of(self._row_no, f"{self._prefix}{path}", kind, values, fault)


def _without(values: object, nested: Mapping[str, RecordKind]) -> object:
    if not isinstance(values, dict) or isinstance(values, Repeated):
        return values
    return {name: value for name, value in values.items() if name not in nested}


def row_of(
    row_no: int, place: str, kind: RecordKind, values: object, fault: Fault | None = None
) -> Row:
    """A flat record of JSON, by the strict types of JSON: "12" is no number."""
    found = fault or _object_fault(values)
    if found is None:
        record = RECORDS[kind]
        try:
            made = record.__pydantic_validator__.validate_json(
                _dumped(values), strict=True, by_name=False
            )
            return Taken(row_no, place, kind, made)
        except ValidationError as error:
            found = told(faults(error, record, values, path_of))
        except ValueError as error:
            found = Fault(WHOLE, str(error))
    shown = payload(values) if isinstance(values, dict) else {"": payload(values)}
    return Refused(row_no, place, kind, key_given(kind, values), *found, shown)


def _object_fault(values: object) -> Fault | None:
    if not isinstance(values, dict):
        return Fault("(record)", "must be an object, in { }")
    if key := _twice(values):
        return Fault(plain(key), "is given twice in one object")
    return None


def _twice(values: object, depth: int = 0) -> str | None:
    """The first key that some object within has twice, as deep as records go."""
    if isinstance(values, Repeated):
        return values.key
    inner: Iterable[object] = ()
    if isinstance(values, dict | list):
        inner = values.values() if isinstance(values, dict) else values
    for each in inner:
        if depth < DEEPEST and isinstance(each, dict | list) and (key := _twice(each, depth + 1)):
            return key
    return None


def _dumped(values: object) -> str:
    """Raises ValueError where it is not of JSON's types, or too deep."""
    try:
        return json.dumps(values)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except TypeError as error:
        raise ValueError(f"is not of the types of JSON ({error})") from None


def _shown(value: object) -> str:
    return quoted(payload(value, depth=5))


# --- files -----------------------------------------------------------------------------------


def read_json(opener: Opener, encoding: str, *, prefix: str, largest_bytes: int) -> Iterator[Row]:
    """A document, or JSON Lines: told apart by the first line."""
    with text_of(opener, encoding) as text:
        header = _header_line(text.readline(LINE_CHARS))
        if header is not None:
            checked_header(header)
            yield from _lines(text, prefix)
            return
    with text_of(opener, encoding) as text:
        whole = text.read(largest_bytes + 1)
    if len(whole) > largest_bytes:
        megabytes = largest_bytes >> 20
        reason = f"a JSON document of more than {megabytes} MB must be sent as JSON Lines"
        raise FileRefusedError(WHOLE, reason)
    try:
        document = parsed(whole)
    except ValueError as error:
        raise FileRefusedError(WHOLE, str(error)) from None
    del whole
    yield from read_document(document, prefix.removesuffix(":"))


def _header_line(line: str) -> dict[str, Any] | None:
    """The first line of JSON Lines: an object of its own, without any records."""
    try:
        found = parsed(line)
    except ValueError:
        return None
    is_header = isinstance(found, dict) and not any(section in found for section in SECTIONS)
    return found if is_header else None


def _lines(text: Any, prefix: str) -> Iterator[Row]:
    row_no = 1
    while line := text.readline(LINE_CHARS):
        row_no += 1
        place = f"{prefix}{row_no}"
        if is_cut(line):
            skip_line(text, line)
            reason = f"is longer than {LINE_CHARS} characters"
            yield Refused(row_no, place, "?", None, "(record)", reason)
        elif not line.isspace():
            yield _line(line, row_no, place)


def _line(line: str, row_no: int, place: str) -> Row:
    try:
        values = parsed(line)
    except ValueError as error:
        shown = {"": payload(line)}
        return Refused(row_no, place, "?", None, "(record)", plain(str(error)), shown)
    word = values.pop(RECORD_KEY, None) if isinstance(values, dict) else None
    if not isinstance(word, str) or word not in _KINDS:
        fault = _object_fault(values) or Fault(
            RECORD_KEY, f"must be one of {', '.join(_KINDS)}, not {_shown(word)}"
        )
        shown = {RECORD_KEY: payload(word), "": payload(values)}
        return Refused(row_no, place, "?", None, *fault, shown)
    return row_of(row_no, place, _KINDS[word], values)


_KINDS: dict[str, RecordKind] = {kind.value: kind for kind in RecordKind}
