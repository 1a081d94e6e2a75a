"""When the fixes of a recorded track are sent, and which time they bear."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import Literal

from firmware_sim.track_fix import TrackFix

As = Literal["now", "recorded"]


@dataclass(frozen=True, slots=True)
class Planned:
    """A fix, the time on it, and when it is sent (seconds after the start)."""

    fix: TrackFix
    fix_time: datetime
    send_after_s: float


def schedule(
    fixes: Sequence[TrackFix],
    now: datetime,
    *,
    speed: float = 1.0,
    stamp_as: As = "now",
    longest_gap_s: float = math.inf,
) -> list[Planned]:
    """When each fix (in the order of time) is sent, and as of when. See `replay`.

    Raises ValueError for a negative speed or a gap that is not above 0.
    """
    if not speed >= 0:
        raise ValueError(f"speed: must be 0 or more, not {speed}")
    if not longest_gap_s > 0:
        raise ValueError(f"longest_gap_s: must be above 0, not {longest_gap_s}")
    offsets_s = _offsets(fixes, longest_gap_s)
    pace = speed or 1.0
    begin = now if speed else now - timedelta(seconds=offsets_s[-1] if offsets_s else 0.0)
    return [
        Planned(
            fix,
            fix.fix_time if stamp_as == "recorded" else begin + timedelta(seconds=at_s / pace),
            at_s / pace if speed else 0.0,
        )
        for fix, at_s in zip(fixes, offsets_s, strict=True)
    ]


def _offsets(fixes: Sequence[TrackFix], longest_gap_s: float) -> list[float]:
    """Seconds since the first fix, long gaps shortened."""
    gaps_s = [(b.fix_time - a.fix_time).total_seconds() for a, b in pairwise(fixes)]
    steps_s = [0.0, *(min(gap_s, longest_gap_s) for gap_s in gaps_s)]
    return list(accumulate(steps_s))[: len(fixes)]
