"""Fixes of an evidence bundle, taken one by one as they are streamed: a tally in bounded
memory, the newest fix of each device in either view, and the fixes that are doubted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from domain.positions import Flag, Position
from domain.states import effective_time

MOST_FLAGGED = 10_000  # listed one by one in evidence.json; fixes.csv has them all
Key = tuple[str, datetime, int, int]


class Reflag(NamedTuple):
    """A row of `position_reflag`: a fix that was judged anew at `at`."""

    device_id: str
    fix_time: datetime
    epoch: int
    seq: int
    at: datetime
    flags_before: int
    flags_after: int

    @property
    def key(self) -> Key:
        """Which fix."""
        return self[:4]


class Fix(NamedTuple):
    """A stored fix and what was known of it: `flags_then` is None where nothing was."""

    position: Position
    flags_then: int | None


def flags_at(flags_now: int, history: Iterable[Reflag], known: datetime) -> int:
    """The flags of a fix as they stood at `known`; `history` is in the order of time."""
    return next((row.flags_before for row in history if row.at > known), flags_now)


def flag_names(flags: int | None) -> list[str] | None:
    """`Flag` by names, which do not change; bits that this version does not know as numbers."""
    return None if flags is None else list(_names(flags))


@cache  # a track has few different ones, and an IntFlag is slow to take apart
def _names(flags: int) -> tuple[str, ...]:
    known = [flag for flag in Flag if flag & flags]
    rest = flags & ~sum(int(flag) for flag in known)
    return (*(str(flag.name) for flag in known), *([str(rest)] if rest else []))


def fix_row(fix: Fix) -> dict[str, Any]:
    """A fix as a row of fixes.csv and of evidence.json."""
    return {
        **fix.position._asdict(),
        "flags": flag_names(fix.position.flags),
        "known_at": fix.flags_then is not None,
        "flags_known_at": flag_names(fix.flags_then),
    }


FIX_FIELDS = (*Position._fields, "known_at", "flags_known_at")


@dataclass(slots=True)
class _Side:
    """A device in one view."""

    fixes: int = 0
    newest: Position | None = None

    def add(self, position: Position, not_live: int) -> None:
        self.fixes += 1
        if not position.flags & not_live and (
            self.newest is None or _order(position) > _order(self.newest)
        ):
            self.newest = position


@dataclass(slots=True)
class Tracks:
    """`add` every fix. `not_live`: flags of fixes that move no marker."""

    device_ids: Sequence[str]
    known_at: datetime
    not_live: int
    history: Mapping[Key, Sequence[Reflag]] = field(default_factory=dict)
    count: int = 0
    flagged_count: int = 0
    first: Fix | None = None
    last: Fix | None = None
    flagged: list[Fix] = field(default_factory=list)
    _now: dict[str, _Side] = field(default_factory=dict)
    _then: dict[str, _Side] = field(default_factory=dict)

    def add(self, position: Position) -> Fix:
        """Take the next fix of a device, in the order of fix time; returns it as known."""
        fix = Fix(position, self._flags_then(position))
        self.count += 1
        if self.first is None or _order(position) < _order(self.first.position):
            self.first = fix
        if self.last is None or _order(position) >= _order(self.last.position):
            self.last = fix
        self._now.setdefault(position.device_id, _Side()).add(position, self.not_live)
        if fix.flags_then is not None:
            same = fix.flags_then == position.flags
            then = position if same else position._replace(flags=fix.flags_then)
            self._then.setdefault(position.device_id, _Side()).add(then, self.not_live)
        if position.flags or fix.flags_then:
            self._doubt(fix)
        return fix

    def _flags_then(self, position: Position) -> int | None:
        if position.received_at > self.known_at:
            return None
        return flags_at(position.flags, self.history.get(position[:4], ()), self.known_at)

    def _doubt(self, fix: Fix) -> None:
        self.flagged_count += 1
        if len(self.flagged) < MOST_FLAGGED:
            self.flagged.append(fix)

    def devices(self, *, by_now: bool) -> list[dict[str, Any]]:
        """Each device with its number of fixes and its newest, now or as it was known."""
        sides = self._now if by_now else self._then
        return [_device(name, sides.get(name, _Side())) for name in sorted(self.device_ids)]

    def summary(self) -> dict[str, Any]:
        """Counts, the first and the last fix, and those that are or were doubted."""
        return {
            "file": "fixes.csv",
            "count": self.count,
            "first": self.first and fix_row(self.first),
            "last": self.last and fix_row(self.last),
            "flagged_count": self.flagged_count,
            "flagged": [fix_row(fix) for fix in self.flagged],
        }


def _device(device_id: str, side: _Side) -> dict[str, Any]:
    newest = side.newest
    position = newest and {**newest._asdict(), "flags": flag_names(newest.flags)}
    return {"device_id": device_id, "fixes": side.fixes, "position": position}


def _order(position: Position) -> tuple[datetime, int, int]:
    return effective_time(position), position.epoch, position.seq


def later_flags(
    reflags: Iterable[Reflag], known_at: datetime
) -> Iterator[tuple[str, list[str] | None, list[str] | None]]:
    """(fix, flags then, flags now) of every fix that was judged anew after `known_at`."""
    changed: dict[Key, list[Reflag]] = {}
    for row in reflags:
        if row.at > known_at:
            changed.setdefault(row.key, []).append(row)
    for key, rows in sorted(changed.items()):
        was, now = rows[0].flags_before, rows[-1].flags_after
        if was != now:
            yield f"{key[0]}/{key[2]}.{key[3]}", flag_names(was), flag_names(now)
