"""Handover offers: one account offers, another takes, and the ledger has both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from db import custody, unit_states
from db.pool import Connection
from db.sql import queries
from domain.custody import Link
from domain.handovers import Offer, Offered, OfferError, require_readings, taken
from domain.manifests import Signer


def offer(connection: Connection, offered: Offered, by: str, now: datetime) -> int:
    """Offer units to whoever takes them; the offer's number. `by` is the giver's account.

    Raises OfferError where there is no such manifest or account.
    """
    _manifest(connection, offered)
    _signer(connection, by)
    fields = offered.model_dump(mode="json")
    row = connection.execute(
        queries("handover_offers")["offer"],
        {
            **fields,
            "seals": Jsonb(fields["seals"]),
            "document": Jsonb(fields["document"]) if offered.document else None,
            "offered_by": by,
            "offered_at": now,
        },
    ).fetchone()
    assert row is not None  # noqa: S101  (an insert that returns)
    return int(row[0])


def accept(
    connection: Connection,
    offer_id: int,
    by: str,
    seals: Mapping[str, Sequence[str]],
    now: datetime,
    *,
    note: str | None = None,
) -> Link:
    """Take what was offered, having read its `seals`; the row of the ledger.

    Both happen or neither does. Seals that are not as expected are recorded as found, with
    their doubts. Raises OfferError where the offer is closed or a unit was not looked at, and
    TwoPersonError where the taker is the giver.
    """
    with connection.transaction():
        found = _open_offer(connection, offer_id)
        shipment_id, region_code = _manifest(connection, found.offered)
        require_readings(found, _expected(connection, found), seals)
        event = taken(
            found,
            giver=_signer(connection, found.offered_by),
            taker=_signer(connection, by),
            seals=seals,
            shipment_id=shipment_id,
            region_code=region_code,
            note=note,
            now=now,
        )
        (row,) = custody.append(connection, found.offered.manifest_id, [event], by, now)
        _close(connection, offer_id, "ACCEPTED", by=by, now=now, event_uuid=event.event_uuid)
        return row


def refuse(connection: Connection, offer_id: int, by: str, now: datetime) -> None:
    """Say no to an offer of somebody else. Raises OfferError."""
    with connection.transaction():
        if _open_offer(connection, offer_id).offered_by == by:
            raise OfferError("by", "whoever offered may withdraw, and not refuse")
        _signer(connection, by)
        _close(connection, offer_id, "REFUSED", by=by, now=now)


def withdraw(connection: Connection, offer_id: int, by: str, now: datetime) -> None:
    """Take an offer of one's own back. Raises OfferError."""
    with connection.transaction():
        if _open_offer(connection, offer_id).offered_by != by:
            raise OfferError("by", "only the person who offered may withdraw")
        _close(connection, offer_id, "WITHDRAWN", by=by, now=now)


def offers_open(
    connection: Connection, manifest_id: str | None = None, limit: int = 200
) -> list[Offer]:
    """Offers that nobody has answered, oldest first."""
    rows = connection.execute(
        queries("handover_offers")["open_offers"], {"manifest_id": manifest_id, "limit": limit}
    ).fetchall()
    return [_offer(row) for row in rows]


def expected_seals(
    connection: Connection, manifest_id: str, units: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The seals that units should travel under: of their last sealing, else of the manifest."""
    states = unit_states.states(connection, units)
    planned = unit_states.planned(connection, [manifest_id], units)
    found = {}
    for unit in units:
        sealed = states[unit].seals if unit in states else ()
        found[unit] = sealed or tuple(planned.get((manifest_id, unit), (None, ()))[1])
    return found


def _expected(connection: Connection, found: Offer) -> dict[str, tuple[str, ...]]:
    return expected_seals(connection, found.offered.manifest_id, found.offered.units)


def _open_offer(connection: Connection, offer_id: int) -> Offer:
    """Locked, so that of two answers at once the second finds it closed."""
    row = connection.execute(
        queries("handover_offers")["lock_offer"], {"offer_id": offer_id}
    ).fetchone()
    if row is None:
        raise OfferError("offer_id", f"there is no offer {offer_id}")
    found = _offer(row)
    if found.outcome:
        raise OfferError("offer_id", f"was {found.outcome.lower()} by {found.closed_by}")
    return found


def _offer(row: Sequence[Any]) -> Offer:
    names = ("manifest_id", "place", "units", "seals", "document")
    offered = Offered.model_validate({**dict(zip(names, row[1:6], strict=True)), "note": row[8]})
    uuid = str(row[12]) if row[12] else None
    return Offer(row[0], offered, row[6], row[7], row[9], row[10], row[11], uuid)


def _close(
    connection: Connection,
    offer_id: int,
    outcome: str,
    *,
    by: str,
    now: datetime,
    event_uuid: UUID | None = None,
) -> None:
    connection.execute(
        queries("handover_offers")["close_offer"],
        {"offer_id": offer_id, "by": by, "at": now, "outcome": outcome, "event_uuid": event_uuid},
    )


def _manifest(connection: Connection, offered: Offered) -> tuple[str, str | None]:
    row = connection.execute(
        queries("handover_offers")["where_to"],
        {"manifest_id": offered.manifest_id, "place": offered.place},
    ).fetchone()
    if row is None:
        raise OfferError("manifest_id", f"there is no manifest {offered.manifest_id}")
    return row[0], row[1]


def _signer(connection: Connection, login: str) -> Signer:
    """With the account, since two people may have one name."""
    row = connection.execute(queries("handover_offers")["signer"], {"login": login}).fetchone()
    if row is None:
        raise OfferError("by", f"there is no account {login}")
    return Signer(name=f"{row[0].strip()[:130]} ({login})", role=row[1])
