"""Two clocks: the simulation's own (virtual) one, and a device's, which may be wrong."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Stamp = Literal["virtual", "wall"]

LATE_S = 5.0  # real seconds behind (or back) from which on the clock starts anew


class VirtualClock:
    """Virtual seconds since the start, at `speed` times real time.

    `speed` None: as fast as possible, the caller moves it on with `advance_to`.
    `stamp` says which time goes on the wire: `virtual` (start + virtual seconds) or
    `wall` (an affine map onto real time, so that at 20 x a fix taken 60 virtual seconds
    ago is stamped 3 real seconds ago, and nothing lies in the future).
    `real` returns seconds since 1970; it is an argument for tests.
    Raises ValueError for a speed that is not positive, or `wall` without a speed.
    """

    def __init__(
        self,
        start: datetime,
        *,
        speed: float | None = None,
        stamp: Stamp = "virtual",
        real: Callable[[], float] = time.time,
    ) -> None:
        if speed is not None and not speed > 0:
            raise ValueError(f"speed: must be above 0, not {speed}")
        if stamp == "wall" and speed is None:
            raise ValueError("stamp: wall needs a speed")
        self._start = start
        self._speed = speed
        self._stamp = stamp
        self._real = real
        self._anchor_real_s = real() if speed is not None else 0.0
        self._last_real_s = self._anchor_real_s
        self._anchor_s = 0.0
        self._seen_s = 0.0

    @property
    def speed(self) -> float | None:
        """Virtual seconds per real second, or None."""
        return self._speed

    @property
    def network_scale(self) -> float:
        """Virtual seconds per second of the network, which does not run faster with us."""
        return self._speed if self._speed is not None else 1.0

    def now_s(self) -> float:
        """Virtual seconds since the start; never goes back."""
        if self._speed is not None:
            since_s = (self._real() - self._anchor_real_s) * self._speed
            self._seen_s = max(self._seen_s, self._anchor_s + since_s)
        return self._seen_s

    def advance_to(self, at_s: float) -> None:
        """Move a clock without speed on to `at_s`."""
        self._seen_s = max(self._seen_s, at_s)

    def real_seconds_until(self, at_s: float) -> float:
        """Real seconds until virtual `at_s`; 0 when past, or as fast as possible."""
        if self._speed is None:
            return 0.0
        return max(0.0, (at_s - self.now_s()) / self._speed)

    def slip_to(self, at_s: float) -> bool:
        """Start anew at `at_s`, what is due next, if real time ran off; say whether.

        That is: `at_s` is more than LATE_S real seconds past, or the machine's clock was
        set back. A machine that slept must not make the trackers live through the missing
        hours all at once.
        """
        if self._speed is None:
            return False
        real_s = self._real()
        late = real_s - self._real_of(at_s) > LATE_S
        set_back = self._last_real_s - real_s > LATE_S
        self._last_real_s = real_s
        if late or set_back:
            self._anchor_real_s, self._anchor_s, self._seen_s = real_s, at_s, at_s
        return late or set_back

    def _real_of(self, at_s: float) -> float:
        return self._anchor_real_s + (at_s - self._anchor_s) / self.network_scale

    def wire_time(self, at_s: float) -> datetime:
        """The time that a right clock puts on the wire at virtual second `at_s`."""
        if self._stamp == "virtual" or self._speed is None:
            return self._start + timedelta(seconds=at_s)
        return datetime.fromtimestamp(self._real_of(at_s), tz=UTC)

    def wire_seconds(self, virtual_s: float) -> float:
        """A virtual duration as the receiver of our time stamps sees it."""
        return virtual_s / self.network_scale if self._stamp == "wall" else virtual_s

    def virtual_seconds(self, wire_s: float) -> float:
        """The inverse of `wire_seconds`."""
        return wire_s * self.network_scale if self._stamp == "wall" else wire_s


@dataclass
class DeviceClock:
    """A device's own clock over the true one: set wrong, drifting, stepping.

    `offset_s` is in seconds of the wire; `drift_ppm` makes it gain (positive) or lose.
    """

    true: VirtualClock
    offset_s: float = 0.0
    drift_ppm: float = 0.0
    _drift_since_s: float = 0.0

    def time(self, at_s: float) -> datetime:
        """What this clock shows at virtual second `at_s` (aware, UTC)."""
        gained_s = (at_s - self._drift_since_s) * self.drift_ppm * 1e-6
        return self.true.wire_time(at_s + gained_s) + timedelta(seconds=self.offset_s)

    def step(self, by_s: float) -> None:
        """Set the clock forward (or back) by `by_s` seconds of the wire."""
        self.offset_s += by_s

    def drift(self, ppm: float, at_s: float) -> None:
        """Drift at `ppm` from now on; what was gained so far is kept."""
        gained_s = (at_s - self._drift_since_s) * self.drift_ppm * 1e-6
        self.offset_s += self.true.wire_seconds(gained_s)
        self.drift_ppm, self._drift_since_s = ppm, at_s

    def set_right(self) -> None:
        """Take the time from the network: no offset, no drift."""
        self.offset_s = self.drift_ppm = 0.0
