"""Where the vehicle truly is: it follows a route, stops, turns back, leaves the route."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import sqrt
from random import Random

from firmware_sim.route import LonLat, Path, Side, course_deg, detour, turn_deg
from firmware_sim.settings import Drive

TICK_S = 1.0
SPEED_UP_MS2 = 1.0  # a laden lorry
SLOW_DOWN_MS2 = 1.2
LOOK_AHEAD_M = 800.0
BENDS = ((80.0, 15.0), (45.0, 30.0), (25.0, 50.0))  # turn of at least deg: at most km/h
WOBBLE_S = 40.0  # how long a driver keeps to a speed a little above or below
CREEP_MS = 0.3  # the last metre to a stop


@dataclass(frozen=True, slots=True)
class Motion:
    """The truth at one moment. `parked`: stands at an end of the route."""

    point: LonLat
    speed_kmh: float
    course_deg: float
    parked: bool

    @property
    def moving(self) -> bool:
        """What an accelerometer feels."""
        return self.speed_kmh > 1.0


@dataclass(slots=True)
class _Limit:
    at_m: float
    speed_ms: float
    hold_s: float = 0.0
    end: bool = False


@dataclass(slots=True)
class _Leg:
    """One drive along a path; its first `detour_m` metres may be a way off the route."""

    path: Path
    limits: list[_Limit]
    base_m: float = 0.0  # where on the route the leg's detour ends
    detour_m: float = 0.0
    detour_ms: float = 0.0


def _bends(path: Path) -> list[_Limit]:
    limits = []
    for at_m, a, b in zip(path.at_m[1:-1], path.courses, path.courses[1:], strict=False):
        turn = turn_deg(a, b)
        kmh = next((kmh for least, kmh in BENDS if turn >= least), None)
        if kmh is not None:
            limits.append(_Limit(at_m, kmh / 3.6))
    return limits


@dataclass
class Journey:
    """Follows `route` as `drive` says; moves on a fixed grid of one second.

    Positions between two grid points are interpolated, so that asking more often
    changes nothing. Ask in rising time. Points are (longitude, latitude) degrees.
    Raises ValueError when the route has fewer than two different vertices.
    """

    route: Sequence[LonLat]
    drive: Drive
    rng: Random
    start_fraction: float = 0.0
    _tick: int = 0
    _along_m: float = 0.0
    _speed_ms: float = 0.0
    _wobble: float = 0.0
    _hold_until_s: float = 0.0
    _parked: bool = True
    _outward: bool = True
    _leg: _Leg = field(init=False)
    _base: Path = field(init=False)
    _before: Motion = field(init=False)
    _now: Motion = field(init=False)

    def __post_init__(self) -> None:
        self._base = Path(self.route)
        self._leg = self._new_leg(self._base)
        self._along_m = self.start_fraction * self._base.length_m
        self._parked = self.start_fraction in (0.0, 1.0)
        if self._parked:
            self._hold_until_s = self.drive.dwell_start_s
        self._pass_limits()
        self._before = self._now = self._motion(self._base.course(self._along_m))

    @property
    def off_route(self) -> bool:
        """Whether the vehicle is on a detour."""
        return self._along_m < self._leg.detour_m

    @property
    def remaining_m(self) -> float:
        """Metres to the end of the present leg."""
        return self._leg.path.length_m - self._along_m

    @property
    def fraction(self) -> float:
        """How far along the present leg of the route, 0..1."""
        return min(1.0, max(0.0, self._route_m() / self._base.length_m))

    def at(self, at_s: float) -> Motion:
        """The truth at virtual second `at_s`; not before the last one asked for."""
        while self._tick * TICK_S < at_s:
            self._step()
        part = 1.0 - (self._tick * TICK_S - at_s) / TICK_S
        if part >= 1.0 or self._tick == 0:
            return self._now
        return _between(self._before, self._now, max(0.0, part))

    def leave_route(self, off_m: float, speed_kmh: float, dwell_s: float, side: Side) -> None:
        """Leave here and now, wait `dwell_s` at the far end, come back further on."""
        leg, here_m = self._leg, self._along_m
        way = detour(leg.path, here_m, off_m, side)
        out, back = Path(way.out), Path(way.back)
        rest = leg.path.after(way.rejoin_m)
        base_m = leg.base_m + way.rejoin_m - leg.detour_m
        path = Path([*way.out, *way.back[1:], *rest[1:]])
        self._leg = _Leg(path, [], base_m, out.length_m + back.length_m, speed_kmh / 3.6)
        self._leg.limits = self._limits(path, _Limit(out.length_m, 0.0, dwell_s))
        self._along_m, self._hold_until_s, self._parked = 0.0, 0.0, False
        self._pass_limits()

    def stand(self, duration_s: float) -> None:
        """Brake at once and stand for `duration_s`."""
        stop_m = self._along_m + self._speed_ms**2 / (2 * SLOW_DOWN_MS2) + 1.0
        if self._tick * TICK_S < self._hold_until_s or stop_m >= self._leg.path.length_m:
            self._hold_until_s = max(self._hold_until_s, self._tick * TICK_S + duration_s)
            return
        self._leg.limits.append(_Limit(stop_m, 0.0, duration_s))
        self._leg.limits.sort(key=lambda limit: limit.at_m, reverse=True)

    def _new_leg(self, path: Path) -> _Leg:
        return _Leg(path, self._limits(path, *self._planned(path)))

    def _planned(self, path: Path) -> list[_Limit]:
        if not self._outward:
            return []
        return [_Limit(s.at_fraction * path.length_m, 0.0, s.duration_s) for s in self.drive.stops]

    def _limits(self, path: Path, *stops: _Limit) -> list[_Limit]:
        """All limits, the nearest one last (a stack)."""
        end = _Limit(path.length_m, 0.0, self.drive.dwell_end_s, end=True)
        return sorted([*_bends(path), *stops, end], key=lambda limit: limit.at_m, reverse=True)

    def _pass_limits(self) -> None:
        limits = self._leg.limits
        while len(limits) > 1 and limits[-1].at_m < self._along_m - 0.5:
            limits.pop()

    def _route_m(self) -> float:
        return self._leg.base_m + self._along_m - self._leg.detour_m

    def _cruise_ms(self) -> float:
        if self.off_route:
            return self._leg.detour_ms
        fraction = self.fraction if self._outward else 1.0 - self.fraction
        kmh = self.drive.speed_kmh
        for part in self.drive.profile:
            if fraction >= part.from_fraction:
                kmh = part.speed_kmh
        return kmh / 3.6 * max(0.3, 1.0 + self._wobble)

    def _near(self) -> Iterator[_Limit]:
        for limit in reversed(self._leg.limits):
            if limit.at_m - self._along_m > LOOK_AHEAD_M:
                return
            yield limit

    def _allowed_ms(self) -> float:
        allowed = self._cruise_ms()
        for limit in self._near():
            ahead_m = max(0.0, limit.at_m - self._along_m)
            braking = sqrt(limit.speed_ms**2 + 2 * SLOW_DOWN_MS2 * ahead_m)
            allowed = min(allowed, max(braking, CREEP_MS))
        return allowed

    def _step(self) -> None:
        self._tick += 1
        self._before = self._now
        self._wobble += -self._wobble * TICK_S / WOBBLE_S + self.rng.gauss(
            0.0, self.drive.speed_variation * sqrt(2 * TICK_S / WOBBLE_S)
        )
        if self._tick * TICK_S <= self._hold_until_s:
            self._speed_ms = 0.0
        else:
            self._drive_on()
        self._now = self._motion(self._leg.path.course(self._along_m))

    def _drive_on(self) -> None:
        if self._at_end() and not self._turn_back():
            return
        self._parked = False
        self._speed_ms = max(0.0, min(self._allowed_ms(), self._speed_ms + SPEED_UP_MS2 * TICK_S))
        stop = next((x for x in self._near() if x.speed_ms == 0.0), None)
        wanted_m = self._along_m + self._speed_ms * TICK_S
        if stop is not None and wanted_m >= stop.at_m - 0.5:
            self._arrive(stop)
        else:
            self._along_m = wanted_m
            self._pass_limits()

    def _arrive(self, stop: _Limit) -> None:
        self._along_m, self._speed_ms = stop.at_m, 0.0
        self._hold_until_s = self._tick * TICK_S + stop.hold_s
        self._parked = stop.end
        if not stop.end:
            self._leg.limits.remove(stop)

    def _at_end(self) -> bool:
        return self._along_m >= self._leg.path.length_m - 0.5

    def _turn_back(self) -> bool:
        """Start the way back if the journey loops; else stand there for good."""
        self._speed_ms, self._parked = 0.0, True
        if not self.drive.loop:
            return False
        self._outward = not self._outward
        base = self._base.vertices if self._outward else self._base.vertices[::-1]
        self._leg, self._along_m = self._new_leg(Path(base)), 0.0
        return True

    def _motion(self, course: float) -> Motion:
        point = self._leg.path.point(self._along_m)
        return Motion(point, self._speed_ms * 3.6, course, self._parked)


def _between(a: Motion, b: Motion, part: float) -> Motion:
    point = (
        a.point[0] + part * (b.point[0] - a.point[0]),
        a.point[1] + part * (b.point[1] - a.point[1]),
    )
    speed = a.speed_kmh + part * (b.speed_kmh - a.speed_kmh)
    course = course_deg(a.point, b.point) if a.point != b.point else b.course_deg
    return Motion(point, speed, course, b.parked)
