"""Discrepancies: what does not agree, told as one piece of work for each kind and manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from domain.alerts import Severity
from domain.events import Event, Numbers, Origin
from domain.reconciliation_words import SEVERITY, DiscrepancyKind, found_kind, gone_kind

Evidence = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """What does not agree, of what, since when in event time, and the proof.

    `expected` and `found` are counts of whatever the kind counts. `ref` tells apart what the
    other parts do not: the receipt, paper or event in question. `numbers` do not depend on
    the time at which it is looked at.
    """

    kind: DiscrepancyKind
    manifest_id: str
    shipment_id: str
    region_code: str
    opened_at: datetime
    station_id: str | None = None
    unit_id: str | None = None
    item: str | None = None
    election: str | None = None
    ref: str | None = None
    expected: int | None = None
    found: int | None = None
    numbers: Numbers = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()

    @property
    def severity(self) -> Severity:
        """How grave this kind is."""
        return SEVERITY[self.kind]

    @property
    def key(self) -> str:
        """The same discrepancy has the same key, however often it is found."""
        parts = (
            self.kind,
            self.manifest_id,
            self.station_id,
            self.unit_id,
            self.item,
            self.election,
            self.ref,
        )
        return "/".join(part or "-" for part in parts)

    @property
    def alert_key(self) -> str:
        """Its alert: 300 short stations of one manifest are one piece of work."""
        return alert_key(self.kind, self.manifest_id)

    @property
    def label(self) -> str:
        """What a person calls that in which it lies."""
        named = (self.station_id, self.unit_id, self.item, self.election, self.ref)
        return " ".join(part for part in named if part)

    @property
    def off_by(self) -> int:
        """How far expected and found lie apart."""
        return abs((self.expected or 0) - (self.found or 0))


def alert_key(kind: DiscrepancyKind, manifest_id: str) -> str:
    """As domain.events.Event makes it for the events below."""
    return f"{kind}/{manifest_id}/-"


def gathered(together: Sequence[Discrepancy]) -> dict[str, float | str | None]:
    """The numbers of those of one kind and manifest: how many, their sums, the first of them,
    and the numbers of that which is furthest off."""
    worst = min(together, key=lambda one: (-one.off_by, one.key))
    counted = [one for one in together if one.expected is not None or one.found is not None]
    numbers = dict(worst.numbers) | _names(worst.manifest_id)
    numbers |= {"cases": len(together), "first": worst.label or None}
    if counted:
        numbers["expected"] = sum(one.expected or 0 for one in counted)
        numbers["found"] = sum(one.found or 0 for one in counted)
    return numbers


def _names(manifest_id: str) -> dict[str, float | str | None]:
    return {"manifest": manifest_id, "link": f"/manifests/{manifest_id}"}


def told(
    kind: DiscrepancyKind, together: Sequence[Discrepancy], place: str | None, now: datetime
) -> Event:
    """The event that there are such discrepancies, or more or others than were told.

    `place` is the facility that the manifest goes to, where there is one.
    """
    first = min(together, key=lambda one: (one.opened_at, one.key))
    about = _About(first.manifest_id, first.shipment_id, place)
    return _event(found_kind(kind), about, (first.opened_at, now), gathered(together))


def over(
    kind: DiscrepancyKind, manifest_id: str, shipment_id: str, place: str | None, now: datetime
) -> Event:
    """The event that none of them is left open."""
    about = _About(manifest_id, shipment_id, place)
    return _event(gone_kind(kind), about, (now, now), _names(manifest_id))


class _About(NamedTuple):
    manifest_id: str
    shipment_id: str
    place: str | None


def _event(kind: str, about: _About, times: tuple[datetime, datetime], numbers: Numbers) -> Event:
    since, now = times
    device = numbers.get("device")
    return Event(
        kind=kind,
        origin=Origin.RULE,
        device_id=device if isinstance(device, str) else "",
        event_time=since,
        decided_at=now,
        shipment_id=about.shipment_id or None,
        facility_id=about.place,
        numbers=numbers,
        ordinal=f"{about.manifest_id}/{now.isoformat()}",
        group_id=about.manifest_id,
    )
