"""Batch: collect messages until there are enough or the first has waited long enough."""

from __future__ import annotations

from ingest.decode import Raw


class Batch:
    """Pure: `now_s` is any clock that only goes forward."""

    def __init__(self, size: int, wait_s: float) -> None:
        self._size = size
        self._wait_s = wait_s
        self._first_s = 0.0
        self.messages: list[Raw] = []

    def add(self, message: Raw, now_s: float) -> None:
        """Take one message in."""
        if not self.messages:
            self._first_s = now_s
        self.messages.append(message)

    def room(self) -> int:
        """How many messages still fit."""
        return self._size - len(self.messages)

    def remaining_s(self, now_s: float) -> float:
        """Seconds until the batch is due; the full wait while it is empty."""
        if not self.messages:
            return self._wait_s
        return max(self._first_s + self._wait_s - now_s, 0.0)

    def due(self, now_s: float) -> bool:
        """Full, or its first message has waited long enough."""
        if not self.messages:
            return False
        return self.room() <= 0 or self.remaining_s(now_s) <= 0
