"""Checkpoints: what a rule over several devices remembered at times gone by.

The newest few are in memory, so that what is a little late costs little; some are stored as
snapshots, from which a restart goes on. What comes late drops those that it makes untrue: the
stored ones in its own transaction, so that no crash can forget that there is work to do.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from pydantic import TypeAdapter

from db import snapshots
from db.pool import Connection

KEPT = 60
APART = timedelta(seconds=15)  # nearer ones are not both kept
SETTLED = timedelta(minutes=10)  # most of what comes late is not later than this
STORED_EVERY = timedelta(minutes=30)


class State(Protocol):
    """What a fold remembers after everything up to `at`."""

    @property
    def at(self) -> datetime:
        """Up to and including that time."""
        ...


S = TypeVar("S", bound=State)


class Checkpoints(Generic[S]):
    """Of one fold. `key` must be no name of a device; `reach`: what is further back is too
    late to change anything."""

    def __init__(self, key: str, kind: TypeAdapter[S], reach: timedelta) -> None:
        self.dirty = True  # something may have come since the newest
        self._key, self._kind, self._reach = key, kind, reach
        self._kept: deque[S] = deque(maxlen=KEPT)
        self._stored_at: datetime | None = None  # at most this; None: not known

    @property
    def newest(self) -> S | None:
        """The state to go on from, where it is in memory."""
        return self._kept[-1] if self._kept else None

    def disturb(self, connection: Connection, at: datetime) -> None:
        """Something came, in the caller's transaction, that counts for `at`."""
        newest = self.newest
        if newest is not None and at <= newest.at - self._reach:
            return
        self.dirty = True
        if newest is not None and at > newest.at:
            return
        while self._kept and self._kept[-1].at >= at:
            self._kept.pop()
        if self._stored_at is None or self._stored_at >= at:
            snapshots.discard_from(connection, self._key, at)

    def load(self, connection: Connection, otherwise: S) -> S:
        """The state to go on from; `otherwise` where none is kept."""
        if not self._kept:
            found = snapshots.newest_of(connection, self._key, self._kind) or otherwise
            self._kept.append(found)
            self._stored_at = found.at
        return self._kept[-1]

    def keep(self, connection: Connection, state: S, now: datetime) -> None:
        """The transaction that made `state` has committed. Now and then one is stored that is
        old enough to last."""
        if len(self._kept) > 1 and self._kept[-1].at - self._kept[-2].at < APART:
            self._kept.pop()
        self._kept.append(state)
        self.dirty = False
        old = next((s for s in reversed(self._kept) if s.at <= now - SETTLED), None)
        if old is None or (self._stored_at and old.at - self._stored_at < STORED_EVERY):
            return
        snapshots.save_of(connection, self._key, old.at, old, self._kind)
        self._stored_at = old.at

    def forget(self) -> None:
        """Drop the memory; the next load takes what is stored."""
        self._kept.clear()
        self._stored_at, self.dirty = None, True


def next_stop(at: datetime, until: datetime, piece: timedelta) -> datetime:
    """How far to go at once from `at`: a long way back is gone in pieces, and one of them ends
    where late data seldom reaches."""
    settled = until - SETTLED
    return min(at + piece, settled if at < settled else until)
