"""A tracked shipment FROM -> TO that takes ballots and a box to a station at TO."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from db import events, plan, positions
from db.pool import Connection
from domain.events import Event, Origin
from domain.manifest_rows import Row
from tests.integration.db.manifest_scene import store, taken
from tests.integration.db.support import fix as make_fix
from tests.support import journeys

AT = journeys.START
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DEVICE = "KWL-0001"
SHIPMENT = f"SHP-{DEVICE}"
VILLAGE = "33.74.01.1001"
STATION, MANIFEST, RECEIPT = "TPS-1", "M-1", "R-1"
ARRIVED, LEFT = AT + 110 * MINUTE, AT + 150 * MINUTE
RECEIVED = AT + 2 * HOUR
NOW = AT + 6 * HOUR


def put_plan(connection: Connection) -> None:
    """The plan: device, shipment, fences."""
    plan.store(connection, journeys.plan((DEVICE,)), "sari", "{}")


def station(number: int = 1, **other: Any) -> Row:
    """A station whose voters are due 513 ballots."""
    fields = {"id": f"TPS-{number}", "region": VILLAGE, "number": number, "facility": "TO",
              "voters": {"GOVERNOR": 500}}  # fmt: skip
    return taken("station", number, **fields | other)


def manifest(**other: Any) -> Row:
    """What goes there, escorted and with its papers."""
    return taken("manifest", **{
        "id": MANIFEST, "shipment": SHIPMENT, "leg": "STATION", "from": "FROM", "to": STATION,
        "from_region": VILLAGE, "to_region": VILLAGE, "surat_jalan_no": "SJ-1",
        "escort": "Polsek", "planned_departure": AT.isoformat(),
        "planned_arrival": (AT + 3 * HOUR).isoformat(), "status": "IN_TRANSIT",
    } | other)  # fmt: skip


def line(qty: int = 513, number: int = 1, **other: Any) -> Row:
    """Ballots for a station."""
    return taken("line", number, **{
        "manifest": MANIFEST, "line_no": number, "item": "BALLOT", "election": "GOVERNOR",
        "station": f"TPS-{number}", "qty": qty,
    } | other)  # fmt: skip


def unit(name: str = "BOX-1", **other: Any) -> Row:
    """A sealed box."""
    return taken("unit", **{
        "manifest": MANIFEST, "id": name, "kind": "BOX", "station": STATION,
        "election": "GOVERNOR", "seals": ["S-1", "S-2"],
    } | other)  # fmt: skip


def sent(**other: Any) -> list[Row]:
    """Everything up to the departure."""
    return [station(), manifest(**other), line(), unit()]


def receipt(received: int = 513, revision: int = 1, number: int = 1, **other: Any) -> list[Row]:
    """The station says what it received."""
    name = f"R-{number}"
    return [
        taken("receipt", id=name, manifest=MANIFEST, station=f"TPS-{number}", revision=revision,
              received_at=RECEIVED.isoformat(), received_by="Budi", **other),
        taken("receipt_line", receipt=name, item="BALLOT", election="GOVERNOR",
              received=received, revision=revision),
    ]  # fmt: skip


def put(connection: Connection, *rows: Row) -> None:
    """Import them."""
    store(connection, rows)


def seen(connection: Connection, kind: str, at: datetime, place: str = "TO") -> None:
    """The rules found that the device crossed a fence, or departed."""
    event = Event(
        kind, Origin.RULE, DEVICE, event_time=at, decided_at=at + MINUTE, shipment_id=SHIPMENT,
        facility_id=place,
    )  # fmt: skip
    events.record(connection, [event])


def fixed(connection: Connection, at: datetime, lon_deg: float) -> None:
    """A fix of the device."""
    fix = make_fix(
        round((at - AT) / MINUTE) + 600, DEVICE, fix_time=at, lat_deg=-7.0, lon_deg=lon_deg,
        received_at=at + HOUR, speed_kmh=0.0, accuracy_m=8.0, battery_pct=80.0,
    )  # fmt: skip
    with connection.transaction():
        positions.copy_positions(connection, [fix])


def events_of(connection: Connection) -> list[tuple[Any, ...]]:
    """(kind, group) of the events of reconciliation, oldest first."""
    return connection.execute(
        "select kind, group_id from event where group_id is not null order by event_id"
    ).fetchall()


def alerts_of(connection: Connection) -> list[tuple[Any, ...]]:
    """(rule, severity, whether it holds) of all alerts, oldest first."""
    return connection.execute(
        "select rule, severity, cleared_at is null from alert order by alert_id"
    ).fetchall()
