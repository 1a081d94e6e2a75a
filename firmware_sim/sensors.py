"""The board's other senses: battery, seal, light, door, buttons."""

from collections import deque
from dataclasses import dataclass, field

from firmware_sim.journey import Motion
from firmware_sim.settings import Battery

CUT_OFF_PCT = 0.5  # the board switches itself off
RESTART_PCT = 3.0


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something a sensor latched, with the fields that the event carries."""

    event: str
    light_lux: float | None = None
    with_seal: bool = False


@dataclass
class Sensors:
    """Charge in percent, and a latch of occurrences that waits until it is read."""

    settings: Battery
    battery_pct: float = field(init=False)
    _latched: deque[Occurrence] = field(default_factory=deque)
    _at_s: float = 0.0

    def __post_init__(self) -> None:
        self.battery_pct = self.settings.start_pct

    def advance(self, at_s: float, motion: Motion, awake: bool) -> None:
        """Drain or charge the battery up to `at_s`; asleep it drains at a tenth."""
        hours = max(0.0, at_s - self._at_s) / 3600.0
        self._at_s = at_s
        rate = self.settings.charge_pct_per_h if motion.parked else 0.0
        rate -= self.settings.drain_pct_per_h * (1.0 if awake else 0.1)
        self.battery_pct = min(100.0, max(0.0, self.battery_pct + rate * hours))

    @property
    def flat(self) -> bool:
        """Too little charge to run."""
        return self.battery_pct <= CUT_OFF_PCT

    @property
    def charged(self) -> bool:
        """Enough charge to start."""
        return self.battery_pct >= RESTART_PCT

    def latch(self, occurrence: Occurrence) -> None:
        """A sensor fires; it is kept until the firmware reads it, even while off."""
        self._latched.append(occurrence)

    def seal(self, state: str) -> None:
        """The seal is `closed`, `opened` or `cut`."""
        self.latch(Occurrence(f"seal_{state}", with_seal=True))

    def read(self) -> list[Occurrence]:
        """All that was latched since the last reading, in order."""
        found = list(self._latched)
        self._latched.clear()
        return found
