"""Traccar's published logic as a baseline, in our own words, with its shipped defaults.

After its documentation and sources (docs/reference/detection.md): only a position that is
not older than the newest of its device is looked at for geofences and motion; a geofence of
a polyline holds what lies within its distance; leaving and entering are told at the first
position on the other side; a device is no longer online after 600 s without data; what a
device reports as an alarm is always told. Of the filters only that for positions more than
a day ahead is on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bench.detection.measured import gaps, measure
from bench.detection.orders import Vehicle
from bench.detection.world import Alarm, World, receipts, reported

STATUS_TIMEOUT_S = 600.0  # status.timeout
FILTER_FUTURE = timedelta(days=1)  # filter.future of the shipped configuration
SUPPORTED = frozenset({
    "CORRIDOR_DEVIATION", "SILENCE", "SEAL_CUT", "SEAL_OPENED", "SOS", "JAMMING",
})  # fmt: skip


def alarms(world: World) -> Iterator[Alarm]:
    """What a Traccar with the corridor as polyline geofence of each device would say."""
    for vehicle in world.vehicles:
        yield from reported(vehicle)
        if vehicle.shipment_id:
            yield from _corridor(vehicle)
            yield from _offline(vehicle)


def _corridor(vehicle: Vehicle) -> Iterator[Alarm]:
    newest: datetime | None = None
    inside = True
    for seen in measure(vehicle):
        p = seen.position
        if p.fix_time - p.received_at > FILTER_FUTURE:
            continue
        if newest is not None and p.fix_time < newest:
            continue  # an outdated position: kept, and no event
        newest = p.fix_time
        if inside and seen.outside_m > 0:
            yield Alarm("CORRIDOR_DEVIATION", vehicle.device_id, p.fix_time, p.received_at)
        inside = seen.outside_m == 0


def _offline(vehicle: Vehicle) -> Iterator[Alarm]:
    heard = receipts(vehicle)
    for last, _ in gaps([*heard, heard[-1] + timedelta(days=1)], STATUS_TIMEOUT_S):
        known = last + timedelta(seconds=STATUS_TIMEOUT_S)
        yield Alarm("SILENCE", vehicle.device_id, last, known)
