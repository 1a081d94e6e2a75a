"""What a form of a hand-over says, and what is wrong with it; without any database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from domain.custody import Note, Paper
from domain.handovers import Offered
from domain.manifest_words import DocumentKind
from domain.manifests import Seals

NONE_FOUND = "-"
LISTED = "listed"  # the box that says that every seal is as the manifest has it
_SEALS = TypeAdapter(Seals)
_NOTE = TypeAdapter(Note)
_BETWEEN = re.compile(r"[,;|\n\r\t]+")

Form = Mapping[str, str]


class Sent(NamedTuple):
    """What a form sent: its fields, the units that were ticked (None: no form was sent yet), and
    the hash of its file."""

    fields: Form
    units: Sequence[str] | None
    digest: str | None
    too_large: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Seals by unit, and for each field that is wrong the key of what is said beside it."""

    seals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)


def field_of(unit: str) -> str:
    """The name of the field for the seals of a unit."""
    return f"seals.{unit}"


def read_seals(form: Form, units: Iterable[str], expected: Mapping[str, Sequence[str]]) -> Reading:
    """What was read on each of `units`: the numbers typed, none where that is what was typed
    (`-`), those expected where the form confirms all; else a fault where any were due."""
    seals: dict[str, tuple[str, ...]] = {}
    faults: dict[str, str] = {}
    for unit in units:
        typed = form.get(field_of(unit), "").strip()
        if typed:
            found = _numbers(typed)
            if found is None:
                faults[field_of(unit)] = "handover.fault.seal"
            else:
                seals[unit] = found
        elif form.get(LISTED) and expected.get(unit):
            seals[unit] = tuple(expected[unit])
        elif expected.get(unit):
            faults[field_of(unit)] = "handover.fault.unread"
    return Reading(seals, faults)


def _numbers(typed: str) -> tuple[str, ...] | None:
    if typed == NONE_FOUND:
        return ()
    numbers = [part.strip() for part in _BETWEEN.split(typed) if part.strip()]
    try:
        return tuple(_SEALS.validate_python(tuple(dict.fromkeys(numbers))))
    except ValidationError:
        return None


def read_note(form: Form) -> tuple[str | None, Mapping[str, str]]:
    """The note, None where there is none, and what is wrong with it."""
    text = form.get("note", "").strip()
    try:
        return (_NOTE.validate_python(text) if text else None), {}
    except ValidationError:
        return None, {"note": "handover.fault.note"}


def read_paper(form: Form, digest: str | None) -> tuple[Paper | None, Mapping[str, str]]:
    """The BAST with the hash of its file where there was one, and what is wrong with it."""
    number = form.get("number", "").strip()
    if not number:
        return None, ({"number": "handover.fault.number"} if digest else {})
    try:
        return Paper(kind=DocumentKind.BAST, number=number, sha256=digest), {}
    except ValidationError:
        return None, {"number": "handover.fault.bad_number"}


def read_offer(
    form: Form,
    chosen: Sequence[str],
    expected: Mapping[str, Sequence[str]],
    *,
    manifest_id: str,
    places: Sequence[str],
    digest: str | None,
) -> tuple[Offered | None, Mapping[str, str]]:
    """What is offered, or what is wrong with the form. `chosen`: the units to hand over."""
    faults: dict[str, str] = {}
    if not chosen:
        faults["units"] = "handover.fault.units"
    if form.get("place") not in places:
        faults["place"] = "handover.fault.place"
    reading = read_seals(form, chosen, expected)
    paper, bad_paper = read_paper(form, digest)
    note, bad_note = read_note(form)
    faults |= {**reading.faults, **bad_paper, **bad_note}
    if faults:
        return None, faults
    offered = Offered(
        manifest_id=manifest_id,
        place=form["place"],
        units=tuple(chosen),
        seals=dict(reading.seals),
        document=paper,
        note=note,
    )
    return offered, {}
