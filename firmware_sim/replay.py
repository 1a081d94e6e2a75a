"""Publishes a recorded track over MQTT as if its devices were sending it."""

import math
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Literal

from firmware_sim import frame
from firmware_sim.flash import Ring
from firmware_sim.fleet import device_link
from firmware_sim.link import Link
from firmware_sim.modem import Modem
from firmware_sim.mqtt_link import Broker, Login, Network
from firmware_sim.schedule import As, Planned, schedule
from firmware_sim.settings import Radio
from firmware_sim.tracks import Columns, ReadOptions, RefusedRow, Tracks, read_tracks

RING_CAPACITY = 20_000
PROGRESS_EVERY_S = 1.0
LONGEST_WAIT_S = 0.1
LIVE = timedelta(minutes=1)  # an older fix was stored before it is sent
SHORTEST_WAIT_S = 0.005
DEFAULT_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is."""

    fixes: int
    given_out: int
    acknowledged: int


@dataclass(slots=True)
class Summary:
    """How a replay ended. `troubles`: what kept a device from sending, by device id."""

    devices: int = 0
    fixes: int = 0
    published: int = 0
    acknowledged: int = 0
    resent: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    devices_without_credentials: list[str] = field(default_factory=list)
    troubles: dict[str, str] = field(default_factory=dict)

    @property
    def unacknowledged(self) -> int:
        """Fixes that nobody confirmed to have stored."""
        return self.fixes - self.acknowledged

    @property
    def complete(self) -> bool:
        """Whether every readable fix is committed."""
        return self.unacknowledged == 0


def replay(
    file: Path,
    broker: Broker,
    credentials: Callable[[Sequence[str]], Mapping[str, str]],
    *,
    columns: Columns | None = None,
    options: ReadOptions | None = None,
    speed: float = 1.0,
    stamp_as: As = "now",
    longest_gap_s: float = math.inf,
    patience_s: float = DEFAULT_PATIENCE_S,
    stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> Summary:
    """Publish `file` and wait until the application has acknowledged every fix.

    `credentials` is asked once for the passwords of the file's device ids; a device
    that it leaves out is not sent. `speed` 0: as fast as possible. `stamp_as` now: the
    first fix is stamped now and the others follow at `speed` (with speed 0 the last one
    is stamped now, at the recorded distances); recorded: its own times. Gaps longer than
    `longest_gap_s` recorded seconds are shortened to it. Gives up after `patience_s`
    without any acknowledgement. Raises TrackError for an unreadable file.
    """
    tracks = read_tracks(file, columns, options or ReadOptions())
    passwords = credentials(tracks.devices)
    plan = schedule(
        tracks.fixes,
        datetime.now(UTC),
        speed=speed,
        stamp_as=stamp_as,
        longest_gap_s=longest_gap_s,
    )
    epoch = _epoch(file) if stamp_as == "recorded" else int(time.time())
    network = Network()
    try:
        players = {
            name: Player(
                device_link(network, broker, Login(name, passwords[name])),
                [planned for planned in plan if planned.fix.device_id == name],
                epoch,
            )
            for name in tracks.devices
            if name in passwords
        }
        _Session(list(players.values()), network, on_progress).run(stop, patience_s)
    finally:
        network.close()
    return _summary(tracks, players)


def _epoch(file: Path) -> int:
    """The same for the same file, so that a second replay at recorded times adds nothing."""
    return zlib.crc32(file.read_bytes()) % frame.MOST_EPOCH + 1


class Player:
    """One device of a replay: a ring and a modem, fed with its fixes (at least one)."""

    def __init__(self, link: Link, plan: Sequence[Planned], epoch: int) -> None:
        device_id = plan[0].fix.device_id
        self.plan = plan
        self.given = 0
        self.ring = Ring(RING_CAPACITY, first_epoch=epoch)
        self.ring.begin_epoch()
        self._state: Literal["online", "offline"] = "online"
        self.modem = Modem(
            device_id, self.ring, link, Random(device_id), settings=Radio(), status=self._status
        )

    @property
    def done(self) -> bool:
        """Everything was acknowledged."""
        return self.given == len(self.plan) and not len(self.ring)

    @property
    def next_s(self) -> float:
        """When the next fix is due, in seconds after the start."""
        return self.plan[self.given].send_after_s if self.given < len(self.plan) else math.inf

    def feed(self, after_s: float) -> None:
        """Store the fixes that are due, as long as none is overwritten."""
        while self.next_s <= after_s and len(self.ring) < self.ring.capacity:
            self._give(self.plan[self.given])
            self.given += 1

    def close(self, now_s: float) -> None:
        """Say goodbye."""
        self._state = "offline"
        self.modem.close(now_s)

    def _status(self, _at_s: float) -> bytes:
        return frame.status(self._state, firmware="replay")

    def _give(self, planned: Planned) -> None:
        fix = planned.fix
        fields = frame.fields(
            fix_time=planned.fix_time,
            lat_deg=fix.lat_deg,
            lon_deg=fix.lon_deg,
            speed_kmh=fix.speed_kmh,
            course_deg=fix.course_deg,
            altitude_m=fix.altitude_m,
            accuracy_m=fix.accuracy_m,
            buffered=not self.modem.connected or _is_old(planned.fix_time),
        )
        record, _ = self.ring.append("position", fields)
        self.modem.add(record)


def _is_old(fix_time: datetime) -> bool:
    """A recorded fix comes from a store, and says so."""
    return datetime.now(UTC) - fix_time > LIVE


class _Session:
    def __init__(
        self,
        players: Sequence[Player],
        network: Network,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._players, self._network = players, network
        self._on_progress = on_progress
        self._start_s = self._progress_s = self._heard_s = time.monotonic()
        self._heard = 0

    def run(self, stop: Callable[[], bool], patience_s: float) -> None:
        now_s = self._start_s
        while not stop() and not all(player.done for player in self._players):
            for player in self._players:
                player.feed(now_s - self._start_s)
                player.modem.pump(now_s)
            self._network.poll(self._wait_s(now_s))
            now_s = time.monotonic()
            self._report(now_s)
            if self._idle_s(now_s) > patience_s:
                break
        self._report(math.inf)
        for player in self._players:
            player.close(now_s)

    def _wait_s(self, now_s: float) -> float:
        due_s = self._start_s + min(player.next_s for player in self._players)
        return min(LONGEST_WAIT_S, max(SHORTEST_WAIT_S, due_s - now_s))

    def _given(self) -> int:
        return sum(player.given for player in self._players)

    def _acknowledged(self) -> int:
        return sum(player.modem.counters.acknowledged for player in self._players)

    def _idle_s(self, now_s: float) -> float:
        """Seconds since the last acknowledgement while one is owed."""
        heard = self._acknowledged()
        if heard != self._heard or heard == self._given():
            self._heard_s, self._heard = now_s, heard
        return now_s - self._heard_s

    def _report(self, now_s: float) -> None:
        if now_s >= self._progress_s:
            self._progress_s = now_s + PROGRESS_EVERY_S
            fixes = sum(len(player.plan) for player in self._players)
            self._on_progress(Progress(fixes, self._given(), self._acknowledged()))


def _summary(tracks: Tracks, players: Mapping[str, Player]) -> Summary:
    modems = {name: player.modem for name, player in players.items()}
    acknowledged = sum(modem.counters.acknowledged for modem in modems.values())
    return Summary(
        devices=len(players),
        fixes=len(tracks.fixes),
        published=acknowledged + sum(modem.awaited for modem in modems.values()),
        acknowledged=acknowledged,
        resent=sum(modem.counters.resent for modem in modems.values()),
        refused=tracks.refused,
        devices_without_credentials=[d for d in tracks.devices if d not in players],
        troubles={name: modem.trouble for name, modem in modems.items() if modem.trouble},
    )
