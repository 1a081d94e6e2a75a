"""A wait that grows with each wrong password, for the login and for the address."""

from __future__ import annotations

from collections.abc import Iterable

FREE_FAILURES = 4
LONGEST_WAIT_S = 60.0
FORGET_AFTER_S = 900.0
MOST_KEYS = 10_000


class Delays:
    """Failures by key. Times are seconds of one clock, given by the caller."""

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, float]] = {}

    def wait_s(self, keys: Iterable[str], now: float) -> float:
        """Seconds until the next try is heard; 0 where it is now."""
        return max((self._wait_s(key, now) for key in keys), default=0.0)

    def failed(self, keys: Iterable[str], now: float) -> None:
        """Count a wrong password."""
        if len(self._failures) >= MOST_KEYS:
            self._forget_old(now)
        for key in keys:
            count, _ = self._recent(key, now)
            self._failures[key] = (count + 1, now)

    def succeeded(self, keys: Iterable[str]) -> None:
        """Start again from none."""
        for key in keys:
            self._failures.pop(key, None)

    def _wait_s(self, key: str, now: float) -> float:
        count, last = self._recent(key, now)
        if count < FREE_FAILURES:
            return 0.0
        pause = min(2.0 ** (count - FREE_FAILURES + 1), LONGEST_WAIT_S)
        return max(last + pause - now, 0.0)

    def _recent(self, key: str, now: float) -> tuple[int, float]:
        count, last = self._failures.get(key, (0, now))
        return (0, now) if now - last > FORGET_AFTER_S else (count, last)

    def _forget_old(self, now: float) -> None:
        kept = sorted(self._failures.items(), key=lambda item: item[1][1])[-MOST_KEYS // 2 :]
        self._failures = {key: entry for key, entry in kept if now - entry[1] <= FORGET_AFTER_S}
