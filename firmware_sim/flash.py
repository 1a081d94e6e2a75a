"""The flash ring: records wait here until the application has acknowledged them."""

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from firmware_sim.frame import MOST_EPOCH, Fields, Key, Kind, Record, encode
from firmware_sim.slots import FlashError, SlotFile

MOST_RECORD_BYTES = 600
"""Longest record on the wire; 50 of them fit the largest payload."""


class Ring:
    """Keeps the newest `capacity` records, in memory or also in `file`.

    With a file it survives the process (killed or not), not the machine's power.
    `first_epoch` is the epoch of the first boot of a new ring: a ring without a file
    forgets its epochs, so let it be one that the server has not seen.
    Raises FlashError when the file is in use, of another shape, or unreadable.
    """

    def __init__(self, capacity: int, *, file: Path | None = None, first_epoch: int = 1) -> None:
        if not 1 <= first_epoch <= MOST_EPOCH:
            raise ValueError(f"first_epoch: must be 1..{MOST_EPOCH}, not {first_epoch}")
        self.capacity = capacity
        self._epochs: OrderedDict[int, OrderedDict[int, Record]] = OrderedDict()
        self._used = 0
        self._epoch, self._seq = first_epoch - 1, 0
        self._slots = None if file is None else SlotFile(file, capacity)
        if self._slots is not None:
            self._epoch = max(self._slots.epoch, self._epoch)
            for record in self._slots.records():
                self._hold(record)

    def __len__(self) -> int:
        return self._used

    def __iter__(self) -> Iterator[Record]:
        """All records held, oldest first."""
        for held in self._epochs.values():
            yield from held.values()

    @property
    def epoch(self) -> int:
        """The present epoch."""
        return self._epoch

    @property
    def last_seq(self) -> int:
        """The number of the newest record of this epoch, 0 for none."""
        return self._seq

    def begin_epoch(self) -> int:
        """A boot: the counter starts again at 1 under a new epoch."""
        if self._epoch >= MOST_EPOCH:
            raise FlashError("flash: no epoch left")
        self._epoch, self._seq = self._epoch + 1, 0
        if self._slots is not None:
            self._slots.write_epoch(self._epoch)
        return self._epoch

    def append(self, kind: Kind, fields: Fields) -> tuple[Record, bool]:
        """Store a record under the next number; say whether the oldest was overwritten.

        Raises ValueError for a record that is too long for a slot.
        """
        record = Record(self._epoch, self._seq + 1, kind, fields)
        if len(encode([record])) > MOST_RECORD_BYTES:
            raise ValueError(f"{kind}: longer than {MOST_RECORD_BYTES} bytes")
        overwritten = self._used >= self.capacity
        if overwritten:
            self._drop(next(iter(self)))
        self._seq += 1
        self._hold(record)
        if self._slots is not None:
            self._slots.write(record)
        return record, overwritten

    def get(self, key: Key) -> Record | None:
        """The record, if it is still held."""
        return self._epochs.get(key[0], OrderedDict()).get(key[1])

    def oldest_seq(self, epoch: int) -> int | None:
        """The lowest seq of `epoch` that is still held."""
        held = self._epochs.get(epoch)
        return next(iter(held)) if held else None

    def free(self, epoch: int, seq: int) -> list[Record]:
        """An application acknowledgement: let go of `epoch` up to `seq`, and only that.

        A number that was never given out frees nothing: it is not about our records.
        """
        held = self._epochs.get(epoch)
        if not held or epoch > self._epoch or seq > self._newest(epoch, held):
            return []
        done = []
        while held and next(iter(held)) <= seq:
            done.append(next(iter(held.values())))
            self._drop(done[-1])
        return done

    def close(self) -> None:
        """Give the file back."""
        if self._slots is not None:
            self._slots.close()

    def _newest(self, epoch: int, held: OrderedDict[int, Record]) -> int:
        return self._seq if epoch == self._epoch else next(reversed(held))

    def _hold(self, record: Record) -> None:
        self._epochs.setdefault(record.epoch, OrderedDict())[record.seq] = record
        self._used += 1

    def _drop(self, record: Record) -> None:
        held = self._epochs[record.epoch]
        del held[record.seq]
        if not held:
            del self._epochs[record.epoch]
        self._used -= 1
        if self._slots is not None:
            self._slots.erase(record.key)
