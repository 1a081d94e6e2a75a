"""A manifest in which all is in order, to be put in disorder by tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.custody_words import Step
from domain.discrepancies import Discrepancy
from domain.geofences import Geofence
from domain.manifest_words import DocumentKind, Election, Item, Leg, UnitKind
from domain.plan_words import Direction, ShipmentStatus
from domain.reconciliation import reconcile
from domain.reconciliation_case import (
    Boxes,
    Carried,
    Case,
    Counted,
    Crossing,
    Due,
    Fix,
    Handled,
    Head,
    Paper,
    Person,
    PlatformStatus,
    Receipt,
    SeenUnit,
    SentLine,
    SentUnit,
    StationPlace,
    Tracking,
)
from domain.settings import Reconciliation

AT = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NOW = AT + 6 * HOUR
SETTINGS = Reconciliation()
VILLAGE = "33.72.01.1001"
STATION = "TPS-1"
FENCE = Geofence("FAC-TPS-1", -7.55, 110.83, radius_m=100.0)
NORTH = 1 / 111_195  # degrees to a metre
SARI, BUDI = Person("Sari", "PPS Laweyan"), Person("Budi", "KPPS 1")

HEAD = Head(
    manifest_id="M-1", shipment_id="SHP-1", direction=Direction.DISTRIBUTION, leg=Leg.STATION,
    from_place="PPS-1", to_place=STATION, from_region=VILLAGE, to_region=VILLAGE,
    surat_jalan_no="SJ-1", carrier="PT Pos", escort="Polsek Laweyan",
    status=ShipmentStatus.RECEIVED, known_at=AT - 24 * HOUR,
)  # fmt: skip
BALLOTS = Counted(Item.BALLOT, Election.GOVERNOR, 513, 2, 1, 0)
SEEN = SeenUnit("BOX-1", ("S-1", "S-2"), True)
RECEIPT = Receipt("R-1", STATION, AT + 2 * HOUR, "Budi", (BALLOTS,), (SEEN,))
TRACKING = Tracking(
    devices=(Carried("KWL-0001", AT - HOUR),),
    crossings=(
        Crossing("KWL-0001", "PPS-1", AT - 2 * HOUR, True),
        Crossing("KWL-0001", "PPS-1", AT, False),
        Crossing("KWL-0001", "FAC-TPS-1", AT + 110 * MINUTE, True),
        Crossing("KWL-0001", "FAC-TPS-1", AT + 150 * MINUTE, False),
    ),
    fixes=(Fix("KWL-0001", AT + 2 * HOUR, FENCE.lat_deg, FENCE.lon_deg, 5.0),),
    departures=(AT,),
    fences={"FAC-TPS-1": FENCE, "PPS-1": Geofence("PPS-1", -7.50, 110.80, radius_m=100.0)},
)
SOUND = Case(
    head=HEAD,
    lines=(
        SentLine(1, Item.BALLOT, Election.GOVERNOR, STATION, 513),
        SentLine(2, Item.BOOTH, None, STATION, 4),
    ),
    units=(SentUnit("BOX-1", UnitKind.BOX, STATION, Election.GOVERNOR, None, ("S-1", "S-2")),),
    papers=(Paper(DocumentKind.BAST, "BAST-1", AT + 2 * HOUR, (SARI, BUDI)),),
    receipts=(RECEIPT,),
    custody=(
        Handled("E-1", Step.DEPART, AT, "PPS-1", ("BOX-1",)),
        Handled(
            "E-2", Step.HANDOVER, AT + 2 * HOUR, STATION, ("BOX-1",),
            (("BOX-1", ("s-1", "S-2")),), (), SARI, BUDI,
        ),
    ),
    tracking=TRACKING,
    platform=(PlatformStatus(AT + 125 * MINUTE, "Selesai Antar", ShipmentStatus.RECEIVED),),
    dues=(Due(STATION, Election.GOVERNOR, 500, 513),),
    stations={STATION: StationPlace(VILLAGE, "FAC-TPS-1")},
)  # fmt: skip


def receipt(**other: Any) -> Receipt:
    """The receipt, changed."""
    return RECEIPT._replace(**other)


def ballots(received: int, damaged: int = 0, short: int = 0) -> Receipt:
    """A receipt that counted so many ballots."""
    return receipt(lines=(Counted(Item.BALLOT, Election.GOVERNOR, received, damaged, 0, short),))


def fix(
    minutes: float, metres_north: float, accuracy_m: float = 5.0, device: str = "KWL-0001"
) -> Fix:
    """So many minutes after AT, so far from the middle of the station's fence."""
    lat = FENCE.lat_deg + metres_north * NORTH
    return Fix(device, AT + minutes * MINUTE, lat, FENCE.lon_deg, accuracy_m)


def tracked(**other: Any) -> Tracking:
    """The tracking, changed."""
    return replace(TRACKING, **other)


def case(**other: Any) -> Case:
    """The case, changed; fields of its head by their own names."""
    head = {name: other.pop(name) for name in HEAD._fields if name in other}
    return replace(SOUND, head=HEAD._replace(**head), **other)


def found(given: Case, now: datetime = NOW) -> list[Discrepancy]:
    """What does not agree."""
    return reconcile(given, SETTINGS, now)


def kinds(given: Case, now: datetime = NOW) -> list[str]:
    """The kinds of it."""
    return [one.kind for one in found(given, now)]


def boxes(*unit_ids: str, at: datetime | None = None, pending: bool = False) -> Boxes:
    """Boxes by their numbers."""
    return Boxes(frozenset(unit_ids), len(unit_ids), at, pending)
