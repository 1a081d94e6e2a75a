"""Handovers: what one person offers and a second takes, both having read the seals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import Field

from domain.custody import CustodyEvent, Note, Paper, Source, derived_uuid, require_two_persons
from domain.custody_states import readings_differ
from domain.custody_words import Step
from domain.manifests import Seals, Signer
from domain.plan import Id, Part


class OfferError(ValueError):
    """An offer that cannot be made or answered so: which field, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class Offered(Part):
    """What is to be handed over. `seals`: the numbers that the giver read on each unit."""

    manifest_id: Id
    place: Id
    units: Annotated[tuple[Id, ...], Field(min_length=1, max_length=10_000)]
    seals: dict[Id, Seals] = Field(default_factory=dict)
    document: Paper | None = None
    note: Note | None = None


class Offer(NamedTuple):
    """An offer as it is kept. `outcome`: ACCEPTED, REFUSED, WITHDRAWN, or None while open."""

    offer_id: int
    offered: Offered
    offered_by: str
    offered_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    outcome: str | None
    event_uuid: str | None


def require_readings(
    offer: Offer, expected: Mapping[str, Sequence[str]], read: Mapping[str, Sequence[str]]
) -> None:
    """Raises OfferError unless the taker has looked at every unit that has, or had, seals.

    To have found none is an answer; not to have looked is not.
    """
    due = {unit for unit in offer.offered.units if expected.get(unit)} | set(offer.offered.seals)
    unread = sorted(due - read.keys())
    if unread:
        raise OfferError("seals", f"read those of {_named(unread)} too (none found: none)")
    strange = sorted(read.keys() - set(offer.offered.units))
    if strange:
        raise OfferError("seals", f"{_named(strange)}: not part of this offer")


def _named(units: Iterable[str]) -> str:
    first, *rest = units
    return f"{first} and {len(rest)} more" if rest else first


def taken(
    offer: Offer,
    *,
    giver: Signer,
    taker: Signer,
    seals: Mapping[str, Sequence[str]],
    shipment_id: str | None,
    region_code: str | None,
    note: str | None,
    now: datetime,
) -> CustodyEvent:
    """The handover of an accepted offer. Seals that are wrong are recorded as found.

    Raises TwoPersonError where giver and taker are one.
    """
    require_two_persons(giver, taker)
    source = Source(key=f"offer/{offer.offered.manifest_id}/{offer.offer_id}")
    notes = [text for text in (offer.offered.note, note) if text]
    return CustodyEvent(
        event_uuid=derived_uuid(source),
        step=Step.HANDOVER,
        event_time=now,
        place=offer.offered.place,
        region_code=region_code,
        shipment_id=shipment_id,
        units=offer.offered.units,
        seals={unit: tuple(numbers) for unit, numbers in seals.items()},
        documents=(offer.offered.document,) if offer.offered.document else (),
        released_by=giver,
        received_by=taker,
        source=source,
        note="\n".join(notes)[:2000] or None,
        doubts=tuple(readings_differ(offer.offered.seals, seals)),
    )
