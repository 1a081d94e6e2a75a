"""Runner: asks one connector for its pages, and keeps its place.

A page and the step past it are one transaction: whatever is killed between, nothing is lost
and nothing is taken twice. What fails is tried again after growing pauses that are kept in
the database, so that a restart does not hammer a server that asked to be left alone.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Generic

import structlog

from db import connectors, rejections
from db.connectors import ConnectorState
from db.pool import AWAY, Connection
from db.rejections import Rejection
from integrations.connector import (
    Connector,
    CursorLostError,
    ItemT,
    NotModified,
    OutsideError,
    Page,
    PageRefusedError,
    StoppingError,
    Stored,
    until_stopped,
)

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0  # a token that was put right is noticed within this
MOST_PAGES = 1000  # of one run: a long list must not keep the state from being written


class Pull(Generic[ItemT]):
    """A task that takes a connector's pages as far as they go, once it is due."""

    def __init__(
        self,
        connector: Connector[ItemT],
        stop: threading.Event,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._connector = connector
        self._stop = stop
        self._chance = chance
        self.name = connector.name
        self.interval_s = min(1.0, connector.interval_s)  # how often it looks whether it is due

    def run(self, connection: Connection, now: datetime) -> None:
        """Take what there is; raises only one of AWAY, or StoppingError."""
        state = connectors.state(connection, self.name)
        if state.next_attempt_at is not None and now < state.next_attempt_at:
            return
        connectors.attempt(connection, self.name, now)
        try:
            taken = self._take_pages(connection, state)
        except (*AWAY, StoppingError):
            raise
        except CursorLostError as error:
            connectors.begin_again(connection, self.name)
            self._note_failure(connection, state, now, error)
        except Exception as error:  # another connector must not stop for a fault in this one
            self._note_failure(connection, state, now, error)
        else:
            pause_s = self._connector.interval_s if taken < MOST_PAGES else 0.0
            again = now + timedelta(seconds=pause_s)
            connectors.succeed(connection, self.name, now, next_attempt_at=again)
            if taken:
                log.info("pages taken", connector=self.name, pages=taken)

    def _take_pages(self, connection: Connection, state: ConnectorState) -> int:
        cursor, mark = state.cursor, state.etag
        seen = {cursor}
        for taken in range(MOST_PAGES):
            page = self._connector.fetch(cursor, mark)
            if isinstance(page, NotModified):
                return taken
            self._take(connection, page, cursor)
            if page.next is None:
                return taken + 1
            if page.next in seen:
                raise OutsideError(f"its pages go in a circle: {page.next!r} comes again")
            cursor, mark = page.next, None
            seen.add(cursor)
        return MOST_PAGES

    def _take(self, connection: Connection, page: Page, cursor: str | None) -> None:
        try:
            with connection.transaction():
                items = until_stopped(self._connector.parse(page), self._stop)
                stored = self._connector.store(connection, items, page, cursor)
                self._advance(connection, page, cursor, stored)
        except PageRefusedError as error:
            self._note_refusal(connection, error, cursor)
            raise

    def _advance(
        self, connection: Connection, page: Page, cursor: str | None, stored: Stored
    ) -> None:
        """A last page is asked for again, for it may grow; one with a next is behind us."""
        last = page.next is None
        moved = connectors.advance(
            connection,
            self.name,
            was=cursor,
            cursor=cursor if last else page.next,
            mark=page.mark if last else None,
            records=stored.records,
            refused=stored.refused,
        )
        if not moved:
            raise OutsideError("another `kawal integrate` takes the same pages: stop one of them")

    # --- failures ---

    def _note_failure(
        self, connection: Connection, state: ConnectorState, now: datetime, error: Exception
    ) -> None:
        known = isinstance(error, OutsideError | PageRefusedError)
        words = str(error) if known else f"a fault of ours: {type(error).__name__}: {error}"
        log.warning("a connector failed", connector=self.name, error=words, exc_info=not known)
        pause_s = pause_after(state.failures + 1, self._chance())
        if isinstance(error, OutsideError) and error.retry_after_s is not None:
            pause_s = max(pause_s, error.retry_after_s)
        again = now + timedelta(seconds=pause_s)
        connectors.fail(connection, self.name, now, words, next_attempt_at=again)

    def _note_refusal(
        self, connection: Connection, error: PageRefusedError, cursor: str | None
    ) -> None:
        place = (cursor or "the first page").encode()
        rejection = Rejection(
            datetime.now(UTC), f"connector/{self.name}", None, error.field, error.reason, place
        )
        with connection.transaction():
            rejections.record(connection, [rejection])


def pause_after(failures: int, chance: float) -> float:
    """Seconds to wait after so many failures in a row: doubling, up to a minute, and spread by
    `chance` (0..1), so that many clients do not come back at once."""
    longest_s: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures - 1, 16))
    return longest_s * (0.5 + chance / 2)
