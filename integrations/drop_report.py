"""Drop report: what became of a dropped file, for the person who dropped it and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

MOST_IN_TEXT = 200  # refused rows that a person reads; the .json has them all


class RefusedRow(NamedTuple):
    """A row that was not taken: where, which field, and why."""

    place: str
    kind: str
    key: str | None
    field: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class DropReport:
    """What became of a file. `refused_whole` where nothing of it could be read."""

    file: str
    size_bytes: int
    sha256: str | None
    taken_at: str
    import_id: int | None = None
    counts: Mapping[str, Mapping[str, int]] | None = None
    refused_whole: str | None = None
    refused: tuple[RefusedRow, ...] = ()

    @property
    def good(self) -> bool:
        """Whether anything was taken."""
        taken = sum(n for states in (self.counts or {}).values() for state, n in states.items()
                    if state != "REFUSED")  # fmt: skip
        return self.refused_whole is None and (taken > 0 or not self.refused)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"refused": [row._asdict() for row in self.refused]}

    def text(self) -> str:
        """For a person."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterable[str]:
        yield f"Berkas / File: {self.file} ({self.size_bytes} bytes)"
        yield f"Dibaca / Read: {self.taken_at}"
        if self.refused_whole is not None:
            yield f"DITOLAK / REFUSED: {self.refused_whole}"
            return
        yield "Jenis / Kind: baru/new, berubah/changed, sama/same, ditolak/refused"
        for kind, states in sorted((self.counts or {}).items()):
            numbers = (states.get(state, 0) for state in ("NEW", "CHANGED", "SAME", "REFUSED"))
            yield f"  {kind}: " + ", ".join(map(str, numbers))
        if self.refused:
            yield "Baris yang ditolak / Rows refused:"
        for row in self.refused[:MOST_IN_TEXT]:
            yield f"  {row.place}: {row.field}: {row.reason}"
        if len(self.refused) > MOST_IN_TEXT:
            more = len(self.refused) - MOST_IN_TEXT
            yield f"  … {more} lagi / more, in the .json beside this"


def write(report: DropReport, beside: Path) -> None:
    """`beside`.report.txt and .report.json, each whole or not at all."""
    stem = beside.name
    _write(beside.with_name(f"{stem}.report.txt"), report.text())
    words = json.dumps(report.document(), ensure_ascii=False, indent=1)
    _write(beside.with_name(f"{stem}.report.json"), words)


def _write(file: Path, text: str) -> None:
    fresh = file.with_name(f".{file.name}.part")
    fresh.write_text(text, "utf-8", errors="replace")
    fresh.replace(file)
