"""Messages that are sent more often than they should be."""

from dataclasses import dataclass, field
from heapq import heappop, heappush


@dataclass(slots=True)
class Echo:
    """The fault `duplicates`: messages are sent again, at once and later."""

    copies: int = 0
    again_after_s: float = 0.0
    waiting: list[tuple[float, int, str, bytes]] = field(default_factory=list)
    stopped: bool = False
    _number: int = 0

    def add(self, at_s: float, topic: str, payload: bytes) -> None:
        """Note a message that was just sent."""
        if self.stopped:
            return
        for due_s in [at_s] * self.copies + [at_s + self.again_after_s]:
            self._number += 1
            heappush(self.waiting, (due_s, self._number, topic, payload))

    def due(self, at_s: float) -> list[tuple[str, bytes]]:
        """Messages that are to be sent again now."""
        found = []
        while self.waiting and self.waiting[0][0] <= at_s:
            found.append(heappop(self.waiting)[2:])
        return found

    def stop(self) -> None:
        """Add no more; what waits is still sent."""
        self.stopped = True
