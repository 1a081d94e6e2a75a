"""The receiver: what it believes, how far off that is, and what it says about it.

Errors are correlated in time, as recorded by stationary receivers (a first-order
Gauss-Markov process fits them better than white noise: Sensors 2020, 20(21), 6050,
doi:10.3390/s20216050; a correlation of about a minute: D. Wilson, "Correlation of
errors" of a Garmin 12XL). The horizontal error is hdop x the error of one range.
"""

from dataclasses import dataclass, field, replace
from math import atan2, cos, degrees, exp, hypot, log, pi, sin, sqrt
from random import Random

from firmware_sim.journey import Motion
from firmware_sim.route import LonLat, moved
from firmware_sim.settings import Gnss

# 68 % of a round two-dimensional normal error lie within this many sigmas of one axis.
RADIUS_68 = sqrt(2.0 * log(1.0 / 0.32))
COLD_AFTER_S = 4 * 3600.0  # how long an ephemeris serves
COURSE_FROM_KMH = 3.0  # below this a course is noise
SPEED_SIGMA_MS = 0.15
JAMMED_SATELLITES = 4.5  # lost under jamming of level 1
JAMMED_NOISE = 2.0  # and ranging is so much worse


@dataclass(frozen=True, slots=True)
class Sky:
    """What reaches the antenna."""

    blocked: bool = False
    jamming: int = 0
    spoof_east_m: float = 0.0
    spoof_north_m: float = 0.0
    mock: bool = False
    frozen: bool = False

    @property
    def dead(self) -> bool:
        """No fix is possible."""
        return self.blocked or self.jamming >= 2


@dataclass(frozen=True, slots=True)
class Fix:
    """One position as the receiver gives it; `course_deg` None when it stands."""

    lon_deg: float
    lat_deg: float
    speed_kmh: float
    course_deg: float | None
    accuracy_m: float
    hdop: float
    satellites: int
    jamming: int
    mock: bool


@dataclass
class GaussMarkov:
    """First-order Gauss-Markov process with unit variance."""

    rng: Random
    correlation_s: float
    value: float = 0.0
    _at_s: float | None = None

    def at(self, at_s: float) -> float:
        """The value at `at_s`, not before the last one asked for."""
        if self._at_s is None:
            self.value = self.rng.gauss(0.0, 1.0)
        elif at_s > self._at_s:
            keep = exp(-(at_s - self._at_s) / self.correlation_s)
            self.value = keep * self.value + sqrt(1.0 - keep * keep) * self.rng.gauss(0.0, 1.0)
        self._at_s = at_s
        return self.value


@dataclass
class Receiver:
    """A GNSS receiver: off until `start`, then it needs its time to first fix."""

    settings: Gnss
    rng: Random
    on: bool = False
    _first_fix_s: float | None = None
    _last_fix_s: float = float("-inf")
    _sampled_s: float = 0.0
    _held: LonLat | None = None
    _bounce_until_s: float = 0.0
    _bounce_m: tuple[float, float] = (0.0, 0.0)
    _east: GaussMarkov = field(init=False)
    _north: GaussMarkov = field(init=False)
    _in_view: GaussMarkov = field(init=False)

    def __post_init__(self) -> None:
        correlation_s = self.settings.correlation_s
        self._east = GaussMarkov(self.rng, correlation_s)
        self._north = GaussMarkov(self.rng, correlation_s)
        self._in_view = GaussMarkov(self.rng, 5 * correlation_s)

    def start(self) -> None:
        """Power on."""
        self.on = True
        self._first_fix_s = None

    def stop(self) -> None:
        """Power off."""
        self.on = False

    def forget(self) -> None:
        """Lose time and ephemeris, so that the next start is a cold one."""
        self._last_fix_s = float("-inf")

    def sample(self, at_s: float, motion: Motion, sky: Sky) -> Fix | None:
        """The fix at `at_s`, or None while off, without sky or still searching."""
        if not self.on:
            return None
        if sky.dead:
            self._first_fix_s = None
            return None
        if self._first_fix_s is None:
            self._first_fix_s = at_s + self._search_s(at_s)
        if at_s < self._first_fix_s:
            return None
        self._last_fix_s = at_s
        return self._held_fix(self._fix(at_s, motion, sky), sky.frozen)

    def _held_fix(self, fix: Fix, frozen: bool) -> Fix:
        """While it hangs, the place of the last fix before."""
        if frozen and self._held is not None:
            return replace(fix, lon_deg=self._held[0], lat_deg=self._held[1])
        self._held = fix.lon_deg, fix.lat_deg
        return fix

    def _search_s(self, at_s: float) -> float:
        cold = at_s - self._last_fix_s > COLD_AFTER_S
        typical_s = self.settings.cold_start_s if cold else self.settings.hot_start_s
        return typical_s * self.rng.uniform(0.7, 1.3)

    def _fix(self, at_s: float, motion: Motion, sky: Sky) -> Fix:
        satellites = self._satellites(at_s, sky)
        hdop = 0.5 + 5.0 / (satellites - 2)
        sigma_m = hdop * self.settings.uere_m / sqrt(2.0) * (JAMMED_NOISE if sky.jamming else 1.0)
        bounce_east_m, bounce_north_m = self._bounce(at_s)
        lon, lat = moved(
            motion.point,
            sigma_m * self._east.at(at_s) + bounce_east_m + sky.spoof_east_m,
            sigma_m * self._north.at(at_s) + bounce_north_m + sky.spoof_north_m,
        )
        speed_kmh, course = self._velocity(motion)
        # A reflection shows only partly in the receiver's own estimate.
        accuracy_m = RADIUS_68 * sigma_m + 0.5 * hypot(bounce_east_m, bounce_north_m)
        return Fix(lon, lat, speed_kmh, course, accuracy_m, hdop, satellites, sky.jamming, sky.mock)

    def _satellites(self, at_s: float, sky: Sky) -> int:
        seen = self.settings.satellites + 1.2 * self._in_view.at(at_s)
        return max(4, round(seen - (JAMMED_SATELLITES if sky.jamming else 0.0)))

    def _bounce(self, at_s: float) -> tuple[float, float]:
        """Multipath: now and then, for some seconds, tens of metres to one side."""
        elapsed_s = min(60.0, max(0.0, at_s - self._sampled_s))
        self._sampled_s = at_s
        if at_s < self._bounce_until_s:
            return self._bounce_m
        chance = 1.0 - exp(-self.settings.multipath_per_h * elapsed_s / 3600.0)
        if self.rng.random() >= chance:
            return 0.0, 0.0
        far_m = self.settings.multipath_m * self.rng.uniform(0.5, 1.5)
        angle = self.rng.uniform(0.0, 2 * pi)
        self._bounce_until_s = at_s + self.rng.uniform(5.0, 20.0)
        self._bounce_m = (far_m * sin(angle), far_m * cos(angle))
        return self._bounce_m

    def _velocity(self, motion: Motion) -> tuple[float, float | None]:
        speed_ms = abs(motion.speed_kmh / 3.6 + self.rng.gauss(0.0, SPEED_SIGMA_MS))
        swing_deg = degrees(atan2(self.rng.gauss(0.0, SPEED_SIGMA_MS), max(speed_ms, 0.1)))
        if speed_ms * 3.6 < COURSE_FROM_KMH:
            return speed_ms * 3.6, None
        return speed_ms * 3.6, (motion.course_deg + swing_deg) % 360.0
