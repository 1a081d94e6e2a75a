"""Journeys: a vehicle drives, and what its device makes of it is delivered."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np

from bench.detection.deliveries import deliver
from bench.detection.driving import drive
from bench.detection.orders import Orders, Vehicle
from bench.detection.roads import Road


class Start(NamedTuple):
    """Who begins when, reporting how often; a phone or a tracker."""

    device_id: str
    shipment_id: str | None
    at: datetime
    interval_s: float = 30.0
    phone: bool = False


def travel(start: Start, road: Road, orders: Orders, rng: np.random.Generator) -> Vehicle:
    """Drive the journey and deliver what the device made of it."""
    truth = drive(road, orders, rng, start.interval_s)
    if orders.when:
        orders.when(orders, truth)
    device_id, shipment_id, at, interval_s, phone = start
    vehicle = Vehicle(device_id, shipment_id, road, at, interval_s, truth, [], [])
    deliver(vehicle, orders, rng, phone=phone)
    return vehicle
