"""Rows: the records of a manifest file with the place where each stood, taken or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from domain.manifest_words import RecordKind
from domain.manifests import AnyRecord


class Taken(NamedTuple):
    """A record that says what it should. `place` is what a person calls it: `lines.csv:17`."""

    row_no: int
    place: str
    kind: RecordKind
    record: AnyRecord


class Refused(NamedTuple):
    """A row that cannot be taken: which field, and why. `payload` is the row as it came."""

    row_no: int
    place: str
    kind: str
    record_key: str | None
    field: str
    reason: str
    payload: Mapping[str, Any] | None = None


Row: TypeAlias = Taken | Refused


class FileRefusedError(ValueError):
    """A file, or a document, that cannot be read at all: `field` is what is wrong with it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did: counts[kind][NEW | CHANGED | SAME | REFUSED], and the first rows
    that a person should look at (all of them are in manifest_import_row)."""

    import_id: int
    counts: Mapping[str, Mapping[str, int]]
    refused: tuple[Refused, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def count(self, state: str) -> int:
        """How many records of any kind are in `state`."""
        return sum(states.get(state, 0) for states in self.counts.values())
