"""What the marker of a fix says, apart from its age, which the browser counts on."""

from __future__ import annotations

from enum import IntEnum

from db.views import PositionRow
from domain.positions import Flag
from domain.quality import UNUSABLE

STANDING_BELOW_KMH = 3.0
DOUBTED = UNUSABLE | int(Flag.FUTURE)


class Marker(IntEnum):
    """Each has a shape of its own; `assets/js/icons.js` draws them."""

    MOVING = 0
    STOPPED = 1
    DOUBTED = 2
    LATE = 3


def marker(position: PositionRow, late_after_s: float) -> Marker:
    """Doubt comes before lateness, and lateness before movement."""
    if position.flags & DOUBTED:
        return Marker.DOUBTED
    delay_s = (position.received_at - position.fix_time).total_seconds()
    if position.buffered or delay_s > late_after_s:
        return Marker.LATE
    return Marker.MOVING if _is_moving(position) else Marker.STOPPED


def _is_moving(position: PositionRow) -> bool:
    if position.speed_kmh is None:
        return position.course_deg is not None
    return position.speed_kmh >= STANDING_BELOW_KMH
