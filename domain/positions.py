"""A position is one fix of one device."""

from __future__ import annotations

from datetime import datetime
from enum import IntFlag
from typing import NamedTuple


class Flag(IntFlag):
    """Why a fix is doubted. A flagged fix is kept. `quality.UNUSABLE` are the flags that leave
    it out of rules that need a good one; the others are only noted."""

    NONE = 0
    FUTURE = 1  # fix time ahead of the receipt
    JUMP = 2  # no vehicle moves that fast from the last good fix
    ZERO_ISLAND = 4  # 0/0, what a receiver without a fix reports
    INACCURATE = 8  # error circle larger than the rules can use
    MOCK = 16  # set by software
    JAMMING = 32  # receiver reports critical jamming
    DUPLICATE_TIME = 64  # another fix of the device has the same time
    STALE = 128  # sent as live, and old
    FROZEN = 256  # the place does not change although the speed says that it should
    LOW_SATELLITES = 512  # too few for a fix in three dimensions
    JAMMING_WARNING = 1024  # receiver reports jamming that it still withstands


class Position(NamedTuple):
    """One fix. Times are aware and UTC; None means not reported.

    `accuracy_m` is the radius of 68 % confidence. `epoch` and `seq` are 0 where the
    device does not number its fixes (OwnTracks).
    """

    device_id: str
    fix_time: datetime
    epoch: int
    seq: int
    received_at: datetime
    lat_deg: float
    lon_deg: float
    speed_kmh: float | None
    course_deg: float | None
    altitude_m: float | None
    accuracy_m: float
    hdop: float | None
    satellites: int | None
    battery_pct: float | None
    signal_dbm: float | None
    buffered: bool
    jamming: int
    mock: bool
    source: str
    flags: int

    @property
    def age_at_receipt_s(self) -> float:
        """Seconds from the fix to its receipt; negative for a clock that runs ahead."""
        return (self.received_at - self.fix_time).total_seconds()
