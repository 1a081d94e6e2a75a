"""One simulated tracker: a vehicle, a board, its firmware, and what happens to them."""

from collections.abc import Sequence
from random import Random

from firmware_sim.board import Board, Surroundings
from firmware_sim.clock import DeviceClock, VirtualClock
from firmware_sim.echo import Echo
from firmware_sim.faults import (
    AnyFault,
    Button,
    Charge,
    ClockFault,
    Deviation,
    Door,
    Duplicates,
    Freeze,
    GnssOutage,
    Jamming,
    Light,
    RadioOutage,
    Reboot,
    Seal,
    Spoof,
    Standstill,
)
from firmware_sim.firmware import Firmware
from firmware_sim.flash import Ring
from firmware_sim.gnss import Receiver, Sky
from firmware_sim.journey import Journey, Motion
from firmware_sim.link import Link
from firmware_sim.modem import Modem
from firmware_sim.radio import Antenna, Circle
from firmware_sim.route import LonLat, Path
from firmware_sim.scenario import Scenario
from firmware_sim.sensors import Occurrence, Sensors
from firmware_sim.settings import Zone
from firmware_sim.timeline import Timeline

BEYOND_CORRIDOR_M = 3_000.0


class BusyError(RuntimeError):
    """A scenario is under way already; the text names it."""


class Tracker:
    """Stepped by `advance` in rising virtual time. Same arguments, same bytes.

    `route`: (longitude, latitude) degrees. `ring`: given when it is to outlive this
    object. `seed` None: the scenario's. `phase_s`: virtual second of the first sample.
    `half_width_m`: of the corridor around the route, which a deviation always leaves.
    `pace`: those who have the same one drive alike, as in a convoy.
    Raises ValueError for a route without length.
    """

    def __init__(
        self,
        device_id: str,
        route: Sequence[LonLat],
        scenario: Scenario,
        link: Link,
        clock: VirtualClock,
        *,
        ring: Ring | None = None,
        seed: int | None = None,
        seal_no: str = "",
        half_width_m: float = 0.0,
        start_fraction: float = 0.0,
        phase_s: float = 0.0,
        pace: str = "",
    ) -> None:
        self.device_id = device_id
        self.scenario = scenario
        self.next_tick_s = phase_s
        self._least_off_m = half_width_m + BEYOND_CORRIDOR_M if half_width_m else 0.0
        self._seed = scenario.seed if seed is None else seed
        self._timeline = Timeline()
        self._timeline.add(scenario.name, scenario.faults, phase_s + scenario.lead_in_s)
        drive_rng = Random(f"{self._seed}:{pace or device_id}:journey")
        self.journey = Journey(route, scenario.drive, drive_rng, start_fraction)
        self._no_sky = _circles(scenario.zones, "gnss", route)
        self.board = self._board(link, clock, ring, route)
        seal = seal_no or f"S-{device_id}"[:40]
        self.firmware = Firmware(self.board, scenario.policy, clock, seal)
        self.board.modem.status = self.firmware.status
        self._motion = self.journey.at(0.0)

    def _rng(self, part: str) -> Random:
        return Random(f"{self._seed}:{self.device_id}:{part}")

    def _board(
        self, link: Link, clock: VirtualClock, ring: Ring | None, route: Sequence[LonLat]
    ) -> Board:
        s = self.scenario
        if ring is None:
            ring = Ring(s.flash.capacity)
        antenna = Antenna(s.radio.signal_dbm, _circles(s.zones, "radio", route), self._rng("radio"))
        modem = Modem(
            self.device_id,
            ring,
            link,
            self._rng("modem"),
            settings=s.radio,
            scale=clock.network_scale,
        )
        return Board(
            DeviceClock(clock, s.clock.offset_s, s.clock.drift_ppm),
            Receiver(s.gnss, self._rng("gnss")),
            Sensors(s.battery),
            antenna,
            ring,
            modem,
        )

    @property
    def motion(self) -> Motion:
        """The truth at the last sample."""
        return self._motion

    def scene(self, at_s: float) -> str | None:
        """The scenario that is under way, if any."""
        if self.journey.off_route:
            return "route-deviation"
        return self._timeline.scene(at_s)

    def inject(self, scenario: Scenario, at_s: float) -> None:
        """Let the faults of `scenario` happen from now on.

        Raises BusyError while another scenario is under way, ValueError for one without faults.
        """
        under_way = self.scene(at_s)
        if under_way is not None:
            raise BusyError(
                f"{self.device_id}: {under_way} is under way; try again when it is over"
            )
        if not scenario.faults:
            raise ValueError(f"scenario {scenario.name}: has no faults to inject")
        self._timeline.add(scenario.name, scenario.faults, at_s)
        self._let_happen(at_s)

    def advance(self, until_s: float) -> None:
        """Take all samples due up to `until_s`."""
        while self.next_tick_s <= until_s:
            self._tick(self.next_tick_s)
            self.next_tick_s += self.scenario.policy.sample_s

    def pump(self, at_s: float) -> None:
        """Serve the network between two samples."""
        self.firmware.pump(at_s, self._motion)

    def shutdown(self, at_s: float) -> None:
        """Switch off in order."""
        self.firmware.shutdown(at_s)

    def _tick(self, at_s: float) -> None:
        self._let_happen(at_s)
        self._motion = self.journey.at(at_s)
        self.board.antenna.out = self._active(RadioOutage)
        self.firmware.step(at_s, Surroundings(self._motion, self._sky()))

    def _let_happen(self, at_s: float) -> None:
        for begins, fault in self._timeline.due(at_s):
            if begins:
                self._begin(fault, at_s)
            else:
                self._end(fault)

    def _active(self, kind: type[AnyFault]) -> bool:
        return any(isinstance(fault, kind) for fault in self._timeline.active)

    def _sky(self) -> Sky:
        active = self._timeline.active
        blocked = self._active(GnssOutage) or any(
            zone.holds(self._motion.point) for zone in self._no_sky
        )
        jamming = max((f.level for f in active if isinstance(f, Jamming)), default=0)
        spoof = next((f for f in reversed(active) if isinstance(f, Spoof)), None)
        frozen = self._active(Freeze)
        if spoof is None:
            return Sky(blocked, jamming, frozen=frozen)
        return Sky(blocked, jamming, spoof.east_m, spoof.north_m, spoof.mock, frozen)

    def _begin(self, fault: AnyFault, at_s: float) -> None:
        sensors = self.board.sensors
        match fault:
            case Deviation():
                off_m = max(fault.distance_km * 1000.0, self._least_off_m)
                self.journey.leave_route(off_m, fault.speed_kmh, fault.dwell_s, fault.side)
            case Standstill():
                self.journey.stand(fault.duration_s)
            case Seal():
                sensors.seal(fault.state)
            case Light():
                sensors.latch(Occurrence("light", light_lux=fault.light_lux))
            case Door():
                sensors.latch(Occurrence("door_opened"))
            case Button():
                sensors.latch(Occurrence(fault.kind))
            case Charge():
                sensors.battery_pct = fault.battery_pct
            case Reboot():
                self.firmware.power_off(at_s + fault.duration_s)
            case Duplicates():
                self.board.modem.echo = Echo(fault.copies, fault.again_after_s)
            case ClockFault():
                self._upset_clock(fault, at_s)

    def _upset_clock(self, fault: ClockFault, at_s: float) -> None:
        self.board.clock.step(fault.step_s)
        if fault.drift_ppm is not None:
            self.board.clock.drift(fault.drift_ppm, at_s)

    def _end(self, fault: AnyFault) -> None:
        match fault:
            case Door():
                self.board.sensors.latch(Occurrence("door_closed"))
            case Duplicates():
                if self.board.modem.echo is not None:
                    self.board.modem.echo.stop()
            case ClockFault() if fault.duration_s > 0:
                self.board.clock.set_right()


def _circles(zones: Sequence[Zone], kind: str, route: Sequence[LonLat]) -> list[Circle]:
    path = Path(route)
    found = []
    for zone in zones:
        if zone.kind != kind:
            continue
        if zone.at_fraction is not None:
            centre = path.point(zone.at_fraction * path.length_m)
        else:
            centre = (zone.lon_deg or 0.0, zone.lat_deg or 0.0)
        found.append(Circle(centre, zone.radius_m))
    return found
