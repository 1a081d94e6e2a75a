"""Many trackers against a broker: the running demo, or one tracker alone."""

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from firmware_sim import frame
from firmware_sim.clock import Stamp, VirtualClock
from firmware_sim.control import FleetControl
from firmware_sim.flash import Ring
from firmware_sim.fleet_file import Entry, check
from firmware_sim.mqtt_link import Broker, Login, MqttLink, Network
from firmware_sim.runner import run_live
from firmware_sim.scenario import Scenario, load
from firmware_sim.tracker import Tracker

FAREWELL_S = 3.0  # real seconds in which the last acknowledgements may come
PROGRESS_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How a fleet is doing; numbers count since its start. `trouble`: of one device."""

    at_s: float
    devices: int
    connected: int
    moving: int
    records_sent: int
    records_acknowledged: int
    records_held: int
    trouble: str | None = None


ProgressCallback = Callable[[Progress], None]


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; call from the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


def run_fleet(
    entries: Sequence[Entry],
    broker: Broker,
    *,
    speed: float = 1.0,
    stamp: Stamp = "virtual",
    start: datetime | None = None,
    control: Login | None = None,
    flash_folder: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
    duration_s: float = float("inf"),
    on_progress: ProgressCallback = lambda _progress: None,
) -> Progress:
    """Run until `stop()` or for `duration_s` virtual seconds; the last Progress.

    `speed`: virtual seconds per real one. `start` None: now. `control`: listen for
    scenarios as this user (see control.inject). `flash_folder`: rings are files there
    and survive this process; None: in memory. Raises FleetError, ScenarioError,
    FlashError before anything is sent.
    """
    check(entries)
    clock = VirtualClock(start or datetime.now(UTC), speed=speed, stamp=stamp)
    fleet = _Fleet(entries, broker, clock, flash_folder)
    try:
        return fleet.run(control, stop, duration_s, on_progress)
    finally:
        fleet.close()


def run_alone(
    scenario: str | Scenario,
    entry: Entry,
    broker: Broker,
    *,
    speed: float = 1.0,
    stamp: Stamp = "virtual",
    stop: Callable[[], bool] = lambda: False,
    duration_s: float | None = None,
    on_progress: ProgressCallback = lambda _progress: None,
) -> Progress:
    """Run one tracker through a whole scenario (`duration_s` None: as long as it says)."""
    played = load(scenario) if isinstance(scenario, str) else scenario
    clock = VirtualClock(datetime.now(UTC), speed=speed, stamp=stamp)
    fleet = _Fleet([entry], broker, clock, played=played)
    try:
        wanted_s = played.duration_s if duration_s is None else duration_s
        return fleet.run(None, stop, wanted_s, on_progress)
    finally:
        fleet.close()


class _Fleet:
    def __init__(
        self,
        entries: Sequence[Entry],
        broker: Broker,
        clock: VirtualClock,
        flash_folder: Path | None = None,
        played: Scenario | None = None,
    ) -> None:
        self._broker, self._clock = broker, clock
        self._network = Network()
        self._trackers: dict[object, Tracker] = {}
        self._next_progress_s = 0.0
        for number, entry in enumerate(entries):
            scenario = _adapted(played or load(entry.scenario), entry)
            ring = _ring(flash_folder, entry.device_id, scenario.flash.capacity)
            link = device_link(self._network, broker, Login(entry.device_id, entry.password))
            self._trackers[link] = Tracker(
                entry.device_id,
                entry.route,
                scenario,
                link,
                self._clock,
                ring=ring,
                seed=entry.seed,
                seal_no=entry.seal_no,
                half_width_m=entry.half_width_m,
                start_fraction=entry.start_fraction,
                phase_s=float(number % 20),
                pace=entry.pace,
            )

    def run(
        self,
        login: Login | None,
        stop: Callable[[], bool],
        duration_s: float,
        on_progress: ProgressCallback,
    ) -> Progress:
        trackers = {tracker.device_id: tracker for tracker in self._trackers.values()}
        control = None
        if login is not None:
            control = FleetControl(self._network, self._broker, login, trackers, self._clock)

        def each_round(at_s: float) -> None:
            if control is not None:
                control.serve(at_s)
            if time.monotonic() >= self._next_progress_s:
                self._next_progress_s = time.monotonic() + PROGRESS_EVERY_S
                on_progress(self._progress(at_s))

        run_live(
            self._trackers,
            self._clock,
            self._network,
            stop=stop,
            until_s=duration_s,
            each_round=each_round,
        )
        if control is not None:
            control.close()
        self._say_farewell()
        last = self._progress(self._clock.now_s())
        on_progress(last)
        return last

    def close(self) -> None:
        self._network.close()
        for tracker in self._trackers.values():
            tracker.board.ring.close()

    def _say_farewell(self) -> None:
        """Let what is under way be acknowledged, then switch off in order."""
        until_s = time.monotonic() + FAREWELL_S
        while self._owed() and time.monotonic() < until_s:
            self._network.poll(0.1)
            for tracker in self._trackers.values():
                tracker.pump(self._clock.now_s())
        for tracker in self._trackers.values():
            tracker.shutdown(self._clock.now_s())

    def _owed(self) -> bool:
        return any(
            tracker.board.modem.connected and len(tracker.board.ring)
            for tracker in self._trackers.values()
        )

    def _progress(self, at_s: float) -> Progress:
        boards = [tracker.board for tracker in self._trackers.values()]
        return Progress(
            at_s=at_s,
            devices=len(boards),
            connected=sum(board.modem.connected for board in boards),
            moving=sum(tracker.motion.moving for tracker in self._trackers.values()),
            records_sent=sum(board.modem.counters.records for board in boards),
            records_acknowledged=sum(board.modem.counters.acknowledged for board in boards),
            records_held=sum(len(board.ring) for board in boards),
            trouble=self._trouble(),
        )

    def _trouble(self) -> str | None:
        troubles = (
            f"{tracker.device_id}: {tracker.board.modem.trouble}"
            for tracker in self._trackers.values()
            if tracker.board.modem.trouble is not None
        )
        return next(troubles, None)


def device_link(network: Network, broker: Broker, login: Login) -> MqttLink:
    """The link of one device, as the wire protocol asks for it."""
    device_id = login.username
    return MqttLink(
        network,
        broker,
        login,
        will=(frame.topic(device_id, "status"), frame.last_will()),
        listen=[(frame.topic(device_id, "ack"), 0), (frame.topic(device_id, "command"), 1)],
    )


def _ring(folder: Path | None, device_id: str, capacity: int) -> Ring:
    """A ring that no earlier run's numbers can meet: its first epoch is the time."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    file = None if folder is None else folder / f"{device_id}.ring"
    return Ring(capacity, file=file, first_epoch=int(time.time()))


def _adapted(scenario: Scenario, entry: Entry) -> Scenario:
    drive = {
        "speed_kmh": entry.speed_kmh,
        "loop": entry.loop,
        "dwell_start_s": entry.dwell_start_s,
        "dwell_end_s": entry.dwell_end_s,
    }
    policy = {"moving_interval_s": entry.report_interval_s}
    return scenario.model_copy(
        update={
            "drive": scenario.drive.model_copy(update=_given(drive)),
            "policy": scenario.policy.model_copy(update=_given(policy)),
        }
    )


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}
