"""Flat read models of manifests, units and what happened to them: one for each need of a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from psycopg.rows import args_row

from db.pool import Connection
from db.sql import queries
from domain.plan_words import ShipmentStatus

Row = TypeVar("Row")

UNDER_WAY = (
    *(ShipmentStatus.PLANNED, ShipmentStatus.PACKED, ShipmentStatus.SEALED),
    *(ShipmentStatus.LOADED, ShipmentStatus.IN_TRANSIT, ShipmentStatus.HELD),
)


class Wanted(NamedTuple):
    """Which manifests: None does not narrow. `text` is found in the numbers and names of a
    manifest, or is the whole id of a unit or station, or a whole seal number."""

    text: str | None = None
    region: str | None = None
    status: str | None = None
    leg: str | None = None
    direction: str | None = None
    flawed: bool = False
    late: bool = False


class Totals(NamedTuple):
    """How many manifests fit. `flawed` have open discrepancies."""

    manifests: int
    on_the_way: int
    arrived: int
    late: int
    flawed: int


class Place(NamedTuple):
    """Where in the list a manifest stands: the next page begins after the last one of this."""

    rank: int
    turn: float
    manifest_id: str


class Listed(NamedTuple):
    """A manifest of the list. `eta` where a tracker is with it; `late`: not there in time."""

    manifest_id: str
    revision: int
    shipment_id: str
    surat_jalan_no: str | None
    direction: str
    leg: str
    mode: str | None
    from_place: str
    from_name: str | None
    from_region: str
    to_place: str
    to_name: str | None
    to_region: str
    status: str
    planned_departure: datetime
    planned_arrival: datetime
    percent: float | None
    eta: datetime | None
    fix_time: datetime | None
    discrepancies: int
    late: bool
    rank: int
    turn: float
    boxes: int

    @property
    def place(self) -> Place:
        """Where in the list it stands."""
        return Place(self.rank, self.turn, self.manifest_id)


class Head(NamedTuple):
    """A manifest with who is with it now and what the outside says of it.

    `received`: units that a receipt names. `seq`, `hash`: the head of its ledger.
    """

    manifest_id: str
    revision: int
    shipment_id: str
    surat_jalan_no: str | None
    direction: str
    leg: str
    mode: str | None
    from_place: str
    from_name: str | None
    from_region: str
    to_place: str
    to_name: str | None
    to_region: str
    status: str
    planned_departure: datetime
    planned_arrival: datetime
    carrier: str | None
    vehicle: str | None
    escort: str | None
    tracking_no: str | None
    device_id: str | None
    percent: float | None
    left_m: float | None
    eta: datetime | None
    eta_early: datetime | None
    eta_late: datetime | None
    fix_time: datetime | None
    platform_word: str | None
    platform_status: str | None
    platform_at: datetime | None
    import_id: int
    import_source: str
    import_name: str
    imported_by: str
    imported_at: datetime
    units: int
    boxes: int
    received: int
    seq: int | None
    hash: str | None


class LineSum(NamedTuple):
    """What of one item was sent by a manifest, and what its receipts say. None: no word."""

    item: str
    election: str | None
    sent: int | None
    stations: int
    received: int | None
    used: int | None
    damaged_light: int | None
    damaged_heavy: int | None
    short: int | None


class UnitRow(NamedTuple):
    """A unit of a manifest. `elsewhere`: the ledger has it last on another manifest, or not."""

    unit_id: str
    kind: str
    station_id: str | None
    station_number: int | None
    region_code: str | None
    election: str | None
    parent_id: str | None
    seals: list[str]
    stage: str | None
    place: str | None
    since: datetime | None
    received_at: datetime | None
    seals_found: list[str] | None
    seals_intact: bool | None
    elsewhere: bool


class DocumentRow(NamedTuple):
    """A paper of a manifest."""

    kind: str
    number: str
    issued_at: datetime | None
    signers: list[dict[str, Any]]
    sha256: str | None
    media_type: str | None


class EventRow(NamedTuple):
    """An event of a ledger; `body` without its lists of units and seals."""

    seq: int
    step: str
    event_time: datetime
    recorded_at: datetime
    place: str | None
    place_name: str | None
    region_code: str | None
    units: int
    body: dict[str, Any]
    units_read: int
    actor: str
    hash: str


class ReceiptRow(NamedTuple):
    """A receipt; how many units it names, and on how many the seals were not intact."""

    receipt_id: str
    station_id: str | None
    station_number: int | None
    received_at: datetime
    received_by: str | None
    recorded_at: datetime
    units: int
    broken: int


class DiscrepancyRow(NamedTuple):
    """What does not agree; `alert_id` where its alert is open."""

    discrepancy_id: int
    kind: str
    severity: int
    station_id: str | None
    unit_id: str | None
    item: str | None
    election: str | None
    expected: int | None
    found: int | None
    opened_at: datetime
    gone_at: datetime | None
    alert_id: int | None
    owner: str | None


class Revision(NamedTuple):
    """What a manifest said before a later revision took its place."""

    revision: int
    document: dict[str, Any]
    replaced_at: datetime
    source: str
    name: str


class UnitNow(NamedTuple):
    """Where a unit is, as the ledger says."""

    stage: str
    place: str | None
    place_name: str | None
    region_code: str | None
    station_id: str | None
    election: str | None
    seals: list[str]
    since: datetime
    manifest_id: str


class UnitManifest(NamedTuple):
    """A manifest that names a unit, and what was received of it. `current`: by its newest
    revision; `device_id` is with its shipment now."""

    manifest_id: str
    current: bool
    surat_jalan_no: str | None
    shipment_id: str
    direction: str
    leg: str
    from_place: str
    from_name: str | None
    from_region: str
    to_place: str
    to_name: str | None
    to_region: str
    status: str
    planned_departure: datetime
    planned_arrival: datetime
    kind: str
    station_id: str | None
    station_number: int | None
    region_code: str | None
    election: str | None
    parent_id: str | None
    seals: list[str]
    received_at: datetime | None
    received_by: str | None
    seals_found: list[str] | None
    seals_intact: bool | None
    device_id: str | None


class UnitEvent(NamedTuple):
    """An event of a unit; `seals_read` is None where nobody looked at them."""

    chain: str
    seq: int
    step: str
    event_time: datetime
    place: str | None
    place_name: str | None
    region_code: str | None
    seals_read: list[str] | None
    broken: bool
    body: dict[str, Any]
    actor: str
    hash: str


class UnitDocument(NamedTuple):
    """A paper of a manifest that names a unit."""

    manifest_id: str
    kind: str
    number: str
    issued_at: datetime | None
    signers: list[dict[str, Any]]
    sha256: str | None
    media_type: str | None


class OfferRow(NamedTuple):
    """A handover that was offered; no `outcome` where nobody has answered yet."""

    offer_id: int
    place: str
    place_name: str | None
    units: int
    document: dict[str, Any] | None
    note: str | None
    offered_by: str
    giver: str
    offered_at: datetime
    outcome: str | None
    closed_by: str | None
    closed_at: datetime | None


class FoundUnit(NamedTuple):
    """A unit that a search found."""

    unit_id: str
    kind: str
    station_id: str | None
    station_number: int | None
    region_code: str | None
    election: str | None


def listed(
    connection: Connection,
    wanted: Wanted,
    now: datetime,
    *,
    limit: int,
    after: Place | None = None,
) -> tuple[Totals, list[Listed]]:
    """The totals of all manifests that fit, and a page of them: what is on its way or late, then
    what is still to leave, then what is over. `after` is the last one of the page before."""
    parameters = {
        **wanted._asdict(),
        **_text(wanted.text),
        "now": now,
        "under_way": list(UNDER_WAY),
        "limit": limit,
        "after_rank": after.rank if after else None,
        "after_turn": after.turn if after else None,
        "after_id": after.manifest_id if after else None,
    }
    rows = connection.execute(queries("manifest_views")["listed"], parameters).fetchall()
    size = len(Totals._fields)
    found = [Listed(*row[size:]) for row in rows if row[size] is not None]
    return Totals(*rows[0][:size]), found


def _text(text: str | None) -> dict[str, Any]:
    """A text as it is looked for: in small letters within a name, or as a whole id."""
    words = (text or "").strip()
    ids = [words, words.upper()] if words else []
    return {"text": words.lower() or None, "ids": ids}


def head(connection: Connection, manifest_id: str, now: datetime) -> Head | None:
    """A manifest, None where there is none."""
    found = _rows(connection, Head, "head", {"manifest": manifest_id, "now": now})
    return found[0] if found else None


def newest_of_shipment(connection: Connection, shipment_id: str) -> str | None:
    """The manifest of a shipment, its last leg where it has several."""
    parameters = {"shipment": shipment_id}
    row = connection.execute(queries("manifest_views")["newest_of_shipment"], parameters).fetchone()
    return row[0] if row else None


def lines(connection: Connection, manifest_id: str) -> list[LineSum]:
    """Sent and received of each item and election."""
    return _rows(connection, LineSum, "lines", {"manifest": manifest_id})


def units(
    connection: Connection,
    manifest_id: str,
    *,
    limit: int,
    after: str = "",
    text: str | None = None,
) -> list[UnitRow]:
    """A page of the units of a manifest by their ids, `after` one."""
    parameters = {"manifest": manifest_id, "after": after, "limit": limit, **_text(text)}
    return _rows(connection, UnitRow, "units", parameters)


def documents(connection: Connection, manifest_id: str) -> list[DocumentRow]:
    """The papers of a manifest."""
    return _rows(connection, DocumentRow, "documents", {"manifest": manifest_id})


def custody(connection: Connection, manifest_id: str, limit: int) -> list[EventRow]:
    """The newest events of the ledger of a manifest, the newest first."""
    return _rows(connection, EventRow, "custody", {"manifest": manifest_id, "limit": limit})


def receipts(connection: Connection, manifest_id: str, limit: int) -> list[ReceiptRow]:
    """What was received, in the order of time."""
    return _rows(connection, ReceiptRow, "receipts", {"manifest": manifest_id, "limit": limit})


def discrepancies(connection: Connection, manifest_id: str, limit: int) -> list[DiscrepancyRow]:
    """What does not agree of a manifest, what holds still first."""
    parameters = {"manifest": manifest_id, "limit": limit}
    return _rows(connection, DiscrepancyRow, "discrepancies", parameters)


def revisions(connection: Connection, manifest_id: str) -> list[Revision]:
    """What the manifest said before, the newest first."""
    return _rows(connection, Revision, "revisions", {"manifest": manifest_id})


def stored(connection: Connection, manifest_id: str) -> Mapping[str, Any]:
    """The fields of a manifest as history keeps them; empty where there is none."""
    parameters = {"manifest": manifest_id}
    row = connection.execute(queries("manifest_views")["stored"], parameters).fetchone()
    return row[0] if row else {}


def unit(connection: Connection, unit_id: str) -> UnitNow | None:
    """Where a unit is, None where the ledger does not tell of it."""
    found = _rows(connection, UnitNow, "unit", {"unit": unit_id})
    return found[0] if found else None


def unit_manifests(connection: Connection, unit_id: str, now: datetime) -> list[UnitManifest]:
    """The manifests that name a unit, in the order of its journey."""
    return _rows(connection, UnitManifest, "unit_manifests", {"unit": unit_id, "now": now})


def unit_events(connection: Connection, unit_id: str) -> list[UnitEvent]:
    """All that happened to a unit, in the order of time."""
    return _rows(connection, UnitEvent, "unit_events", {"unit": unit_id})


def unit_documents(connection: Connection, manifests: Sequence[str]) -> list[UnitDocument]:
    """The papers of the manifests of a unit."""
    return _rows(connection, UnitDocument, "unit_documents", {"manifests": list(manifests)})


def unit_discrepancies(
    connection: Connection, unit_id: str, manifests: Sequence[str]
) -> list[DiscrepancyRow]:
    """What does not agree of a unit itself."""
    parameters = {"unit": unit_id, "manifests": list(manifests)}
    return _rows(connection, DiscrepancyRow, "unit_discrepancies", parameters)


def offers(connection: Connection, manifest_id: str, limit: int) -> list[OfferRow]:
    """Handovers that were offered of a manifest, the open ones first."""
    return _rows(connection, OfferRow, "offers", {"manifest": manifest_id, "limit": limit})


def find_units(connection: Connection, text: str, limit: int) -> list[FoundUnit]:
    """Units that have the id, a seal of the number, or the station `text`."""
    parameters = {"ids": _text(text)["ids"], "limit": limit}
    return _rows(connection, FoundUnit, "find_units", parameters)


def _rows(
    connection: Connection, kind: Callable[..., Row], query: str, parameters: dict[str, Any]
) -> list[Row]:
    with connection.cursor(row_factory=args_row(kind)) as cursor:
        return cursor.execute(queries("manifest_views")[query], parameters).fetchall()
