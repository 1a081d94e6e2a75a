"""Shipments: their status as far as a tracker can tell it."""

from __future__ import annotations

from collections.abc import Sequence

from db.pool import Connection
from db.sql import queries
from domain.events import Event

_STEP = {
    "shipment_departed": "depart",
    "shipment_arrived": "arrive",
    "destination_left": "depart",
}


def advance(connection: Connection, events: Sequence[Event]) -> None:
    """Move shipments on as events say, inside the caller's transaction.

    What people have recorded (received, rejected, cancelled) is never undone by a fix.
    """
    for event in events:
        query = _STEP.get(event.kind)
        if query is not None:
            parameters = {"shipment_id": event.shipment_id}
            connection.execute(queries("shipments")[query], parameters)
