"""Outlook: how far a shipment is and when it is expected, in the words of the screen."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from domain.eta import arrival
from domain.journeys import Journey
from domain.states import DeviceState
from domain.way import stretch_at


class Outlook(NamedTuple):
    """`fix_time` is that of the newest good fix, from which the rest follows; no ETA without
    times in the plan, nor after the arrival."""

    shipment_id: str
    device_id: str
    along_m: float
    length_m: float
    percent: float
    fix_time: datetime
    eta_early: datetime | None
    eta: datetime | None
    eta_late: datetime | None
    wrong_way: bool
    stretch_mode: str


def outlook(device_id: str, state: DeviceState, journey: Journey, now: datetime) -> Outlook | None:
    """None without a way, before the first fix on it, and for the state of another journey."""
    progress, way = state.progress, journey.way
    if way is None or way.length_m <= 0 or state.shipment_id != journey.shipment_id:
        return None
    if progress.along_m is None or progress.at is None:
        return None
    band = arrival(progress, journey, now)
    along = min(max(progress.along_m, 0.0), way.length_m)
    return Outlook(
        shipment_id=journey.shipment_id,
        device_id=device_id,
        along_m=round(along),
        length_m=round(way.length_m, 1),
        percent=round(100 * along / way.length_m, 1),
        fix_time=progress.at.time,
        eta_early=band.early if band else None,
        eta=band.expected if band else None,
        eta_late=band.late if band else None,
        wrong_way=progress.turn.back,
        stretch_mode=stretch_at(way, along).mode,
    )
