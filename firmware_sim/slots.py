"""The file under the flash ring."""

import fcntl
import json
import os
import struct
import zlib
from collections import deque
from pathlib import Path
from typing import Any

from firmware_sim.frame import Key, Record


class FlashError(RuntimeError):
    """The ring's file cannot be used; says why."""


class SlotFile:
    """Fixed slots behind two copies of a header, each guarded by a checksum.

    A slot torn by a crash in mid-write fails its checksum and counts as empty.
    """

    MAGIC = b"KWLR"
    HEAD = struct.Struct("<4sIIQI")  # magic, slot bytes, capacity, epoch, crc
    HEAD_BYTES = 64
    SLOT = struct.Struct("<BHI")  # used, length, crc
    SLOT_BYTES = 704

    def __init__(self, file: Path, capacity: int) -> None:
        self.capacity = capacity
        self.epoch = 0
        self._name = file.name
        self._places: dict[Key, int] = {}
        self._free: deque[int] = deque()
        self._fd = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._open(file)
        except BaseException:
            os.close(self._fd)
            raise

    def _open(self, file: Path) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FlashError(f"flash {file.name}: in use by another process") from None
        if os.fstat(self._fd).st_size == 0:
            self.write_epoch(0)
            os.ftruncate(self._fd, self._offset(self.capacity))
        else:
            self.epoch = self._read_epoch()

    def _offset(self, slot: int) -> int:
        return 2 * self.HEAD_BYTES + slot * self.SLOT_BYTES

    def _read_epoch(self) -> int:
        found = [self._read_head(copy) for copy in (0, 1)]
        epochs = [epoch for epoch in found if epoch is not None]
        if not epochs:
            raise FlashError(f"flash {self._name}: no ring of {self.capacity} records")
        return max(epochs)

    def _read_head(self, copy: int) -> int | None:
        raw = os.pread(self._fd, self.HEAD.size, copy * self.HEAD_BYTES)
        if len(raw) < self.HEAD.size:
            return None
        magic, slot_bytes, capacity, epoch, crc = self.HEAD.unpack(raw)
        shape = (magic, slot_bytes, capacity) == (self.MAGIC, self.SLOT_BYTES, self.capacity)
        return int(epoch) if shape and crc == zlib.crc32(raw[:-4]) else None

    def write_epoch(self, epoch: int) -> None:
        """Two copies one after the other, so that one of them is always whole."""
        self.epoch = epoch
        head = self.HEAD.pack(self.MAGIC, self.SLOT_BYTES, self.capacity, epoch, 0)[:-4]
        for copy in (0, 1):
            raw = head + struct.pack("<I", zlib.crc32(head))
            os.pwrite(self._fd, raw, copy * self.HEAD_BYTES)

    def records(self) -> list[Record]:
        """All whole records in the order of their numbers. Call once, before writing."""
        found = []
        for slot in range(self.capacity):
            record = self._read(slot)
            if record is None:
                self._free.append(slot)
            else:
                self._places[record.key] = slot
                found.append(record)
        return sorted(found, key=lambda record: record.key)

    def _read(self, slot: int) -> Record | None:
        raw = os.pread(self._fd, self.SLOT_BYTES, self._offset(slot))
        if len(raw) < self.SLOT.size:
            return None
        used, length, crc = self.SLOT.unpack_from(raw)
        body = raw[self.SLOT.size : self.SLOT.size + length]
        if not used or zlib.crc32(body) != crc:
            return None
        found: dict[str, Any] = json.loads(body)
        return Record(found["epoch"], found["seq"], found["kind"], found["fields"])

    def write(self, record: Record) -> None:
        """Into the next free slot; the ring has dropped the oldest when none was free."""
        body = json.dumps(
            {
                "epoch": record.epoch,
                "seq": record.seq,
                "kind": record.kind,
                "fields": record.fields,
            },
            separators=(",", ":"),
            ensure_ascii=False,
        ).encode()
        slot = self._free.popleft()
        self._places[record.key] = slot
        raw = self.SLOT.pack(1, len(body), zlib.crc32(body)) + body
        os.pwrite(self._fd, raw, self._offset(slot))

    def erase(self, key: Key) -> None:
        """Clear the slot's mark; its bytes may stay."""
        slot = self._places.pop(key)
        self._free.append(slot)
        os.pwrite(self._fd, b"\0", self._offset(slot))

    def close(self) -> None:
        """Release the file."""
        os.close(self._fd)
