"""Signs of interference with satellite navigation, and their ends, out of events.

A sign is what one device, or one sensor of the spectrum, shows at one place: a receiver that
reports jamming or loses its fix, places that cannot be, fixes made by software.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from domain.events import Event, Numbers


class SignOrigin(StrEnum):
    """Who shows it: a tracker, or a sensor that measures the spectrum."""

    TRACKER = "TRACKER"
    SPECTRUM = "SPECTRUM"


class Sign(NamedTuple):
    """One sign. `known_at` is when it was certain, `words` what it shows (`sign.*` of the
    catalogues); a sign that has no end by its nature has `lasts` False."""

    known_at: datetime
    began_at: datetime
    device_id: str
    kind: str
    lat_deg: float
    lon_deg: float
    accuracy_m: float
    words: tuple[str, ...]
    lasts: bool = True
    late_by_s: float = 0.0
    origin: SignOrigin = SignOrigin.TRACKER


class Relief(NamedTuple):
    """The signs of `kind` of a device ended at `ended_at`, which was certain at `known_at`."""

    known_at: datetime
    ended_at: datetime
    device_id: str
    kind: str
    late_by_s: float = 0.0


Item = Sign | Relief

# The kind of event that ends each lasting sign; `relocated` is over when it is told.
ENDS = {
    "jamming_started": "jamming_ended",
    "fix_lost": "fix_regained",
    "signal_doubted": "signal_trusted",
    "mock_started": "mock_ended",
}
POINT = "relocated"
KINDS = (*ENDS, *ENDS.values(), POINT)

# A tunnel or a bridge takes the fix for less than this. The report of the end may be a little
# under way, too.
BRIEF = timedelta(seconds=60)
GRACE = timedelta(seconds=5)
LOOK_BACK = BRIEF + GRACE  # events this much older than a piece belong to it
DEFAULT_ACCURACY_M = 100.0

_STARTS = {end: start for start, end in ENDS.items()}
_WORDS = {
    "jamming_started": "jamming",
    "fix_lost": "fix_lost",
    "mock_started": "mock",
    POINT: "jump",
}
_FLAG_WORDS = {"JUMP": "jump", "JAMMING": "jamming", "MOCK": "mock", "ZERO_ISLAND": "fix_lost"}

InFence = Callable[[float, float], bool]


def signs(events: Iterable[Event], in_fence: InFence = lambda _lat, _lon: False) -> list[Item]:
    """Signs and their ends out of current events, each once, in the order of the sweep.

    A fix lost inside a fence is no sign (halls have roofs), nor one that is back soon. Events
    without a place are left out: nobody can tell of which area they speak.
    """
    found = {event.key: event for event in events if event.kind in KINDS}
    regained: dict[str, list[datetime]] = {}
    for event in found.values():
        if event.kind == ENDS["fix_lost"]:
            regained.setdefault(event.device_id, []).append(event.decided_at)
    items: list[Item] = []
    for event in found.values():
        if event.kind in _STARTS:
            late_s = event.late_by_s or 0.0
            kind = _STARTS[event.kind]
            items.append(Relief(event.decided_at, event.event_time, event.device_id, kind, late_s))
        elif (place := _place(event)) is not None:
            if event.kind != "fix_lost":
                items.append(_sign(event, place, event.decided_at))
            elif not _is_brief(event, regained.get(event.device_id, ())) and not in_fence(*place):
                items.append(_sign(event, place, event.decided_at + LOOK_BACK))
    return sorted(items, key=order)


def order(item: Item) -> tuple[datetime, datetime, str, str, bool]:
    """The order of the sweep: when it was certain; of one moment, ends come last."""
    return (item.known_at, item[1], item.device_id, item.kind, isinstance(item, Relief))


def _is_brief(lost: Event, regained: Sequence[datetime]) -> bool:
    return any(lost.decided_at <= at <= lost.decided_at + BRIEF for at in regained)


def _place(event: Event) -> tuple[float, float] | None:
    """Latitude and longitude where the device was: before a jump, since where it jumped to may
    be made up."""
    numbers = event.numbers
    lat_deg, lon_deg = numbers.get("from_lat_deg"), numbers.get("from_lon_deg")
    if not isinstance(lat_deg, float | int) or not isinstance(lon_deg, float | int):
        lat_deg, lon_deg = event.lat_deg, event.lon_deg
    return None if lat_deg is None or lon_deg is None else (lat_deg, lon_deg)


def _sign(event: Event, place: tuple[float, float], known_at: datetime) -> Sign:
    accuracy_m = event.numbers.get("accuracy_m")
    return Sign(
        known_at,
        event.event_time,
        event.device_id,
        event.kind,
        *place,
        accuracy_m if isinstance(accuracy_m, float | int) else DEFAULT_ACCURACY_M,
        _words(event.kind, event.numbers),
        event.kind != POINT,
        event.late_by_s or 0.0,
    )


def _words(kind: str, numbers: Numbers) -> tuple[str, ...]:
    if kind in _WORDS:
        return (_WORDS[kind],)
    names = str(numbers.get("kinds") or "").split(",")
    return tuple(sorted({_FLAG_WORDS[name] for name in names if name in _FLAG_WORDS}))
