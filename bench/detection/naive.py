"""The naive rules: what a first draft does with every fix as it comes.

Point in polygon, distance to the line, one fix decides; no accuracy, no hysteresis, no
order of time. The limits are those of our rule book.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from bench.detection.measured import Seen, gaps, measure
from bench.detection.orders import Vehicle
from bench.detection.scenes import WAYPOINT_M, Scene
from bench.detection.world import Alarm, World, receipts, reported
from domain.geodesy import ground_m
from domain.settings import Rules

RULES = Rules()
SLOW_KMH = 5.0
SUPPORTED = frozenset({
    "CORRIDOR_DEVIATION", "WRONG_DESTINATION", "UNPLANNED_STOP", "WRONG_WAY", "WAYPOINT_SKIPPED",
    "JUMP", "SPOOFING", "FROZEN", "SILENCE", "CONVOY_SPLIT", "ESCORT_LOST", "SEAL_CUT",
    "SEAL_OPENED", "SOS", "JAMMING",
})  # fmt: skip


class _Switch:
    """An alarm each time that a condition becomes true."""

    def __init__(self, device_id: str) -> None:
        self.alarms: list[Alarm] = []
        self._device_id, self._on = device_id, set[str]()

    def turn(
        self, rule: str, on: bool, fix_time: datetime, known_at: datetime, of: str = ""
    ) -> None:
        key = rule + of
        if on and key not in self._on:
            self._on.add(key)
            self.alarms.append(Alarm(rule, self._device_id, fix_time, known_at))
        elif not on:
            self._on.discard(key)


def alarms(world: World) -> Iterator[Alarm]:
    """What the naive rules say."""
    for vehicle in world.vehicles:
        yield from reported(vehicle)
        if vehicle.shipment_id:
            yield from _vehicle(vehicle)
    for scene in world.scenes:
        if scene.convoy:
            yield from _convoy(scene)


def _vehicle(vehicle: Vehicle) -> Iterator[Alarm]:
    switch = _Switch(vehicle.device_id)
    seen = measure(vehicle)
    _places(vehicle, seen, switch)
    _progress(vehicle, seen, switch)
    _receiver(seen, switch)
    yield from switch.alarms
    yield from _silences(vehicle, seen)


def _places(vehicle: Vehicle, seen: list[Seen], switch: _Switch) -> None:
    own = {vehicle.road.from_facility, vehicle.road.to_facility}
    standing: datetime | None = None
    for fix in seen:
        p = fix.position
        slow = p.speed_kmh is None or p.speed_kmh <= SLOW_KMH
        standing = (standing or p.fix_time) if slow else None
        stood_s = (p.fix_time - standing).total_seconds() if standing else 0.0
        stopped = stood_s > RULES.unplanned_stop_s and not fix.inside
        wrong = bool(fix.inside - own) and slow
        for rule, on in (
            ("CORRIDOR_DEVIATION", fix.outside_m > 0),
            ("WRONG_DESTINATION", wrong),
            ("UNPLANNED_STOP", stopped),
        ):
            switch.turn(rule, on, p.fix_time, p.received_at)


def _progress(vehicle: Vehicle, seen: list[Seen], switch: _Switch) -> None:
    furthest = 0.0
    points = vehicle.road.route["waypoints"]
    parts = [(w, vehicle.road.length_m * (i + 1) / 4) for i, w in enumerate(points)]
    near: set[str] = set()
    for fix in seen:
        p = fix.position
        furthest = max(furthest, fix.along_m)
        back = furthest - fix.along_m > RULES.wrong_way_m
        switch.turn("WRONG_WAY", back, p.fix_time, p.received_at)
        for point, along_m in parts:
            if abs(fix.along_m - along_m) > 2000:
                if fix.along_m > along_m and point["id"] not in near:
                    switch.turn("WAYPOINT_SKIPPED", True, p.fix_time, p.received_at, point["id"])
                continue
            place = point["lat_deg"], point["lon_deg"]
            if ground_m(p.lat_deg, p.lon_deg, *place) <= WAYPOINT_M:
                near.add(point["id"])


def _receiver(seen: list[Seen], switch: _Switch) -> None:
    for before, after in pairwise(seen):
        a, b = before.position, after.position
        seconds = abs((b.fix_time - a.fix_time).total_seconds())
        moved = ground_m(a.lat_deg, a.lon_deg, b.lat_deg, b.lon_deg)
        fast = seconds > 0 and moved / seconds * 3.6 > RULES.max_speed_kmh
        stuck = moved == 0 and seconds > 0 and (b.speed_kmh or 0) > RULES.frozen_speed_kmh
        for rule, on in (("JUMP", fast), ("FROZEN", stuck), ("SPOOFING", b.mock)):
            switch.turn(rule, on, b.fix_time, b.received_at)


def _silences(vehicle: Vehicle, seen: list[Seen]) -> Iterator[Alarm]:
    """Nothing for two intervals; not where the last one is inside the receiver's fence."""
    arrived = {f.position.received_at for f in seen if vehicle.road.to_facility in f.inside}
    heard = receipts(vehicle)
    limit_s = max(RULES.silence_intervals * vehicle.interval_s, RULES.silence_at_least_s)
    for last, _ in gaps([*heard, heard[-1] + timedelta(days=1)], limit_s):
        if last not in arrived:
            yield Alarm("SILENCE", vehicle.device_id, last, last + timedelta(seconds=limit_s))


def _convoy(scene: Scene) -> Iterator[Alarm]:
    """The newest fix of each, however old it is."""
    escorts = set(scene.convoy[1]) if scene.convoy else set()
    switches = {v.device_id: _Switch(v.device_id) for v in scene.vehicles}
    newest: dict[str, tuple[float, float]] = {}
    deliveries = sorted(
        (p for v in scene.vehicles for p in v.deliveries), key=lambda p: p.received_at
    )
    for p in deliveries:
        newest[p.device_id] = p.lat_deg, p.lon_deg
        if len(newest) < len(switches):
            continue
        escort = p.device_id in escorts
        others = [at for name, at in newest.items() if name != p.device_id and name not in escorts]
        near = min(ground_m(p.lat_deg, p.lon_deg, *other) for other in others)
        rule, limit = (
            ("ESCORT_LOST", RULES.convoy_escort_m) if escort
            else ("CONVOY_SPLIT", RULES.convoy_behind_m)
        )  # fmt: skip
        switches[p.device_id].turn(rule, near > limit, p.fix_time, p.received_at)
    for switch in switches.values():
        yield from switch.alarms
