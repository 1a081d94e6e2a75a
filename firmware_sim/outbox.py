"""Which records to send next: alarms first, then the oldest; again until acknowledged."""

from heapq import heappop, heappush

from firmware_sim.flash import Ring
from firmware_sim.frame import Key, Record

RESEND_FIRST_S = 30.0
RESEND_MOST_S = 600.0


def resend_after_s(times_sent: int) -> float:
    """Seconds to wait for the acknowledgement after having sent so many times."""
    return float(min(RESEND_MOST_S, RESEND_FIRST_S * 2.0 ** (times_sent - 1)))


class Outbox:
    """An order over the ring's records. Lost at a reboot, then made anew from the ring.

    Times are seconds of one clock; `scale` of its seconds pass in one of the network's.
    """

    def __init__(self, ring: Ring, scale: float = 1.0) -> None:
        self._ring = ring
        self._scale = scale
        self._ready: list[tuple[bool, int, int]] = []
        self._waiting: list[tuple[float, Key]] = []
        self._due_s: dict[Key, float] = {}
        self._sent: dict[Key, int] = {}
        for record in ring:
            self.add(record)

    def add(self, record: Record) -> None:
        """A record to be sent as soon as may be."""
        heappush(self._ready, (not record.alarm, record.epoch, record.seq))

    def take(self, at_s: float, most: int) -> list[Record]:
        """The records of the next message: one kind, one epoch; [] when nothing is due.

        They count as sent at `at_s` and come again when nobody acknowledges them.
        """
        self._wake(at_s)
        batch: list[Record] = []
        while self._ready and len(batch) < most:
            key = self._ready[0][1:]
            record = self._ring.get(key)
            if record is None or key in self._due_s:
                heappop(self._ready)
                self._tidy(key)
            elif batch and not _alike(batch[0], record):
                break
            else:
                heappop(self._ready)
                self._wait(record, at_s)
                batch.append(record)
        return batch

    def times_sent(self, key: Key) -> int:
        """How often the record was sent, not counting what the broker did not take."""
        return self._sent.get(key, 0)

    def put_back(self, keys: list[Key]) -> None:
        """The broker did not take them: they count as unsent."""
        for key in keys:
            record = self._ring.get(key)
            if record is not None and self._due_s.pop(key, None) is not None:
                self._sent[key] -= 1
                self.add(record)

    def forget(self, records: list[Record]) -> None:
        """They were acknowledged."""
        for record in records:
            self._due_s.pop(record.key, None)
            self._sent.pop(record.key, None)

    def _wait(self, record: Record, at_s: float) -> None:
        times = self._sent.get(record.key, 0) + 1
        due_s = at_s + self._scale * resend_after_s(times)
        self._sent[record.key], self._due_s[record.key] = times, due_s
        heappush(self._waiting, (due_s, record.key))

    def _wake(self, at_s: float) -> None:
        while self._waiting and self._waiting[0][0] <= at_s:
            due_s, key = heappop(self._waiting)
            if self._due_s.get(key) != due_s:
                continue
            del self._due_s[key]
            record = self._ring.get(key)
            if record is not None:
                self.add(record)
            self._tidy(key)

    def _tidy(self, key: Key) -> None:
        """An overwritten record needs no count."""
        if self._ring.get(key) is None:
            self._sent.pop(key, None)


def _alike(a: Record, b: Record) -> bool:
    return (a.kind, a.epoch, a.alarm) == (b.kind, b.epoch, b.alarm)
