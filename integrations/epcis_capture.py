"""Capture of EPCIS documents: into the ledger what is custody of our units, aside the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from db import custody
from db.pool import Connection
from db.rejections import Rejection, record
from domain.custody import CustodyEvent, Source, TwoPersonError
from domain.epcis_reading import Aside, Understood, events, withdrawal

TOPIC = "connector/epcis"


@dataclass(slots=True)
class CaptureReport:
    """What became of the events of a document: how many rows are new, how many events the
    ledger had already, and what was put aside."""

    new: int = 0
    same: int = 0
    aside: list[Aside] = field(default_factory=list)


def capture(connection: Connection, document: object, actor: str, now: datetime) -> CaptureReport:
    """Take an EPCIS document (JSON, already parsed) in one transaction.

    Events of units that we know go into the chains of their manifests; every other is kept
    as a rejection with its reason. Sent again it changes nothing. Never raises for what is in
    the document.
    """
    report = CaptureReport()
    with connection.transaction():
        for told in events(document):
            if isinstance(told, Aside):
                report.aside.append(told)
            else:
                _take(connection, told, report, actor, now)
        record(connection, [_rejection(one, now) for one in report.aside])
    return report


def _take(
    connection: Connection, told: Understood, report: CaptureReport, actor: str, now: datetime
) -> None:
    reason = _clash(connection, told)
    parts = [] if reason else _parts(connection, told)
    if reason or not parts:
        names = ", ".join(told.event.units[:3])
        report.aside.append(_aside(told, "epcList", reason or f"no manifest has {names or 'it'}"))
        return
    before = report.new
    for chain, event in parts:
        try:
            report.new += len(custody.append(connection, chain, [event], actor, now))
        except TwoPersonError as error:
            report.aside.append(_aside(told, error.field, error.reason))
            return
        undone = withdrawal(told._replace(event=event), now)
        if undone:
            report.new += len(custody.append(connection, chain, [undone], actor, now))
    report.same += report.new == before


def _clash(connection: Connection, told: Understood) -> str | None:
    """Why an event that has the id of one in the ledger is not that one, if so."""
    known = custody.find(connection, told.event.event_uuid)
    if known is None or told.error is not None:
        return None
    asked = (told.event.step, told.event.event_time, set(told.event.units), told.event.place)
    there = (known.step, known.event_time, set(known.units), known.place)
    return None if asked == there else "the ledger has an event of this id that says otherwise"


def _parts(connection: Connection, told: Understood) -> list[tuple[str, CustodyEvent]]:
    """The event for each manifest that its units belong to: one as a rule."""
    event = _ours(connection, told)
    known = custody.find_chain(connection, event.event_uuid)
    if known is not None:
        return [(known, event)]
    chains = custody.chains_of(
        connection, event.units, event.event_time, named=told.chain, papers=told.papers
    )
    if len(chains) <= 1:
        return [(chain, _only(event, units)) for chain, units in chains.items()]
    return [
        (chain, _only(event, units, uuid=uuid5(event.event_uuid, chain)))
        for chain, units in chains.items()
    ]


def _ours(connection: Connection, told: Understood) -> CustodyEvent:
    """What others say of corrections and of sources holds for what they have sent alone."""
    event = told.event
    corrects = event.corrects
    if corrects:
        target = custody.find(connection, corrects)
        if target is None or not target.source.key.startswith("epcis/"):
            corrects = None
    source = Source(key=f"epcis/{event.event_uuid}")
    return event.model_copy(
        update={
            "source": source,
            "corrects": corrects,
            "withdrawn": event.withdrawn and corrects is not None,
            "doubts": (),
            "original": told.original,
        }
    )


def _only(event: CustodyEvent, units: Sequence[str], uuid: UUID | None = None) -> CustodyEvent:
    kept = set(units)
    return event.model_copy(
        update={
            "event_uuid": uuid or event.event_uuid,
            "units": tuple(unit for unit in event.units if unit in kept),
            "seals": {unit: seals for unit, seals in event.seals.items() if unit in kept},
        }
    )


def _aside(told: Understood, name: str, reason: str) -> Aside:
    return Aside(str(told.event.event_uuid), name, reason, told.original)


def _rejection(aside: Aside, now: datetime) -> Rejection:
    path = ".".join(part for part in (aside.place, aside.field) if part)
    return Rejection(now, TOPIC, None, path, aside.reason, aside.original.encode())


def reasons(asides: Iterable[Aside]) -> list[str]:
    """One line for each that was put aside."""
    return [f"{one.place}: {one.field}: {one.reason}" for one in asides]
