"""Words of a plan: the values that its fields may have."""

from __future__ import annotations

from enum import StrEnum


class FacilityKind(StrEnum):
    """Where boxes are made, kept, handed over or used."""

    PRINTER = "PRINTER"
    KPU_WAREHOUSE = "KPU_WAREHOUSE"
    PPK = "PPK"
    PPS = "PPS"
    TPS = "TPS"
    POST_HUB = "POST_HUB"
    PORT = "PORT"
    AIRPORT = "AIRPORT"


class Signal(StrEnum):
    """Mobile coverage at a facility."""

    OK = "OK"
    WEAK = "WEAK"
    BLANKSPOT = "BLANKSPOT"


class Direction(StrEnum):
    """Out to the polling stations, or back."""

    DISTRIBUTION = "DISTRIBUTION"
    RETURN = "RETURN"


class Mode(StrEnum):
    """What carries a shipment."""

    TRUCK = "TRUCK"
    BOX_VAN = "BOX_VAN"
    MOTORBIKE = "MOTORBIKE"
    OFFROAD = "OFFROAD"
    SHIP = "SHIP"
    BOAT = "BOAT"
    PLANE = "PLANE"
    HELICOPTER = "HELICOPTER"
    HORSE = "HORSE"
    PORTER = "PORTER"


class ShipmentStatus(StrEnum):
    """How far a shipment has come; the last two are off the usual way."""

    PLANNED = "PLANNED"
    PACKED = "PACKED"
    SEALED = "SEALED"
    LOADED = "LOADED"
    IN_TRANSIT = "IN_TRANSIT"
    HELD = "HELD"
    ARRIVED = "ARRIVED"
    RECEIVED = "RECEIVED"
    PARTIALLY_RECEIVED = "PARTIALLY_RECEIVED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    LOST = "LOST"


class DeviceKind(StrEnum):
    """A tracker speaks the wire protocol, a phone OwnTracks."""

    TRACKER = "TRACKER"
    PHONE = "PHONE"
