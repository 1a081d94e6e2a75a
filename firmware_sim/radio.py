"""The air interface: signal strength and coverage."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from firmware_sim.gnss import GaussMarkov
from firmware_sim.route import LonLat, distance_m

NO_SIGNAL_DBM = -140.0
FADING_DB = 6.0
FADING_S = 30.0


@dataclass(frozen=True, slots=True)
class Circle:
    """A dead zone by place."""

    centre: LonLat
    radius_m: float

    def holds(self, point: LonLat) -> bool:
        """Whether `point` lies in it."""
        return distance_m(self.centre, point) <= self.radius_m


@dataclass
class Antenna:
    """Coverage by place (`dead`) and by time (`out`, set by the scenario)."""

    signal_dbm: float
    dead: Sequence[Circle]
    rng: Random
    out: bool = False
    _fading: GaussMarkov = field(init=False)

    def __post_init__(self) -> None:
        self._fading = GaussMarkov(self.rng, FADING_S)

    def covered(self, point: LonLat) -> bool:
        """Whether the network can be reached from `point`."""
        return not self.out and not any(zone.holds(point) for zone in self.dead)

    def strength_dbm(self, at_s: float) -> float:
        """Received signal, -150..0 dBm."""
        return min(0.0, max(-150.0, self.signal_dbm + FADING_DB * self._fading.at(at_s)))
