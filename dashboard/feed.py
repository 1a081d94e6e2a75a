"""The feed: one thread looks at the database, every browser hears what is new to it."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog

from dashboard.messages import milliseconds
from dashboard.picture import Picture
from db.views import Changes, Pool, Watch, watch
from domain.settings import Alerts, Rules

PLAN_EVERY_S = 1.0
WHOLE_EVERY_S = 60.0  # nobody deletes rows, but a restored database would
RETRY_EVERY_S = 1.0
CONNECT_TIMEOUT_S = 2.0
LOST_AFTER_S = 5.0  # a server that hangs raises nothing
COUNT_EVERY_S = 0.5  # all browsers share one count

_log = structlog.get_logger("kawal.dashboard")


class Feed:
    """Reads while it runs; survives any outage of the database and says so meanwhile."""

    def __init__(self, pool: Pool, rules: Rules, tick_ms: int, work: Alerts | None = None) -> None:
        self.instance = secrets.token_hex(4)
        self.closing = False
        self._pool = pool
        self._tick_s = tick_ms / 1000
        self._picture = Picture(rules, work)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kawal-feed", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell = asyncio.Event()
        self._lost_since: datetime | None = None
        self._looked_at: datetime | None = None
        self._deltas: dict[int | None, str] = {}
        self._count = _Every(COUNT_EVERY_S)
        self._totals: dict[str, int] = {}
        self._flood: dict[str, float] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look; the browsers' streams run in `loop`."""
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        """End the thread; waits for the look under way, not for a server that hangs."""
        self._stop.set()
        self._thread.join(timeout=CONNECT_TIMEOUT_S)

    def close_streams(self) -> None:
        """Let every open stream end, so that the server can shut down at once."""
        self.closing = True
        self._ring()

    @property
    def ready(self) -> bool:
        """True while the database answers."""
        return self._looked_at is not None and self._outage() is None

    @property
    def plan_tag(self) -> str:
        """Changes whenever the plan does."""
        return f"{self.instance}-{self._picture.plan_version}"

    def plan(self) -> dict[str, Any]:
        """Facilities, fences and routes as GeoJSON."""
        with self._lock:
            return self._picture.plan()

    def delta(self, since: int | None) -> tuple[int, str] | None:
        """The version now and the JSON of what a browser at `since` lacks; None for nothing.

        Browsers at the same version share one text.
        """
        with self._lock:
            version = self._picture.version
            if since == version or self._looked_at is None:
                return None
            if since not in self._deltas:
                self._deltas[since] = _json(self._picture.delta(since))
            return version, self._deltas[since]

    def heartbeat(self) -> str:
        """JSON of the server's time, outage and flood if there is one, and the totals."""
        now = datetime.now(UTC)
        outage = self._outage()
        with self._lock:
            picture = self._picture
            newest = picture.newest_received_at
            if self._count.due():
                self._totals = picture.totals(now)._asdict()
                flood = picture.flood(now)
                self._flood = flood._asdict() if flood else None
            return _json(
                {
                    "t": milliseconds(now),
                    "instance": self.instance,
                    "seq": picture.version,
                    "plan": self.plan_tag,
                    "newest": milliseconds(newest) if newest else None,
                    "stale_after_s": picture.stale_after_s(),
                    "lost_since": milliseconds(outage) if outage else None,
                    "loaded": self._looked_at is not None,
                    "totals": self._totals,
                    "flood": self._flood,
                }
            )

    async def news(self, timeout_s: float) -> None:
        """Return when the picture changes, at the latest after `timeout_s`."""
        bell = self._bell
        with suppress(TimeoutError):
            await asyncio.wait_for(bell.wait(), timeout_s)

    def _outage(self) -> datetime | None:
        if self._lost_since is not None or self._looked_at is None:
            return self._lost_since
        hangs = (datetime.now(UTC) - self._looked_at).total_seconds() > LOST_AFTER_S
        return self._looked_at if hangs else None

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with watch(self._pool, CONNECT_TIMEOUT_S) as looking:
                    self._look_until_stopped(looking)
            except Exception as fault:  # a dead thread would freeze every screen
                self._lose(fault)
                self._stop.wait(RETRY_EVERY_S)

    def _look_until_stopped(self, looking: Watch) -> None:
        plan, whole = _Every(PLAN_EVERY_S), _Every(WHOLE_EVERY_S)
        while not self._stop.is_set():
            self._take(looking.look(at_plan=plan.due(), whole=whole.due()))
            # Half a tick of rest at least, however fast the writers notify.
            self._stop.wait(self._tick_s / 2)
            looking.wait(self._tick_s / 2)

    def _take(self, changes: Changes) -> None:
        with self._lock:
            news = self._picture.apply(changes) or self._looked_at is None
            self._looked_at = datetime.now(UTC)
            if news:
                self._deltas.clear()
        if self._lost_since is not None:
            _log.info("database regained", lost_since=self._lost_since.isoformat())
            self._lost_since = None
        if news:
            self._ring()

    def _lose(self, fault: Exception) -> None:
        if self._lost_since is None and not self._stop.is_set():
            self._lost_since = self._looked_at or datetime.now(UTC)
            _log.warning("database lost", reason=str(fault).strip())

    def _ring(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ring_in_loop)

    def _ring_in_loop(self) -> None:
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()


class _Every:
    """True at first, and then once a period."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._next_at = 0.0

    def due(self) -> bool:
        now = time.monotonic()
        if now < self._next_at:
            return False
        self._next_at = now + self._period_s
        return True


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
