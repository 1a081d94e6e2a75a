"""Orders: what is special about one journey, and what the vehicle did in truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from bench.detection.noise import Floats
from bench.detection.roads import Road
from domain.events import DeviceEvent
from domain.positions import Position


@dataclass(slots=True)
class Orders:
    """What is special about one journey. Times are seconds from its start, `u` metres driven.

    `stops`: (u, seconds). `turn`: (u, metres back). `aside`: (from_m, to_m, metres beside the
    plan's line). `ends_at_m`: it stays there. `dead`: no coverage, fixes are delivered after.
    `off`: the device is off. `jams`: the receiver is jammed. `spoof`: (from, to, east, north).
    `stand_s`: how long it stands before it leaves. `when` sets times once the truth is known.
    """

    stops: list[tuple[float, float]] = field(default_factory=list)
    turn: tuple[float, float] | None = None
    aside: list[tuple[float, float, float]] = field(default_factory=list)
    ends_at_m: float | None = None
    dead: list[tuple[float, float]] = field(default_factory=list)
    off: list[tuple[float, float]] = field(default_factory=list)
    jams: list[tuple[float, float]] = field(default_factory=list)
    spoof: tuple[float, float, float, float] | None = None
    mock: tuple[float, float] | None = None
    frozen: tuple[float, float] | None = None
    reports: list[tuple[float, str]] = field(default_factory=list)
    rests: bool = True
    stand_s: float | None = None
    pace: Pace | None = None
    when: Callable[[Orders, Truth], None] | None = None


class Truth(NamedTuple):
    """Where the vehicle was at the times of its reports; not what the receiver said."""

    times_s: Floats
    along_m: Floats
    lat: Floats
    lon: Floats
    speed_kmh: Floats


class Pace(NamedTuple):
    """Metres driven against seconds of driving; shared by the vehicles of a convoy."""

    times_s: Floats
    driven_m: Floats


@dataclass(slots=True)
class Vehicle:
    """One device of one journey. `deliveries` are in the order of receipt, some come twice."""

    device_id: str
    shipment_id: str | None
    road: Road
    start: datetime
    interval_s: float
    truth: Truth
    deliveries: list[Position]
    reports: list[DeviceEvent]

    def at(self, seconds: float) -> datetime:
        """The time so long after the start."""
        return self.start + timedelta(seconds=seconds)
