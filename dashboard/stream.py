"""The stream to one browser: server-sent events, at the pace that the browser can take."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable

from starlette.concurrency import run_in_threadpool

from dashboard.feed import Feed

HEARTBEAT_S = 1.0
CHECK_EVERY_S = 10.0
RECONNECT_MS = 1000


async def events(
    feed: Feed, last_event_id: str | None, is_signed_in: Callable[[], bool]
) -> AsyncIterator[str]:
    """Heartbeats and pictures until the server closes or the sign-in ends.

    `last_event_id` is what the browser had before the connection broke: of the same
    server run it gets only what is new, else the whole picture.
    """
    since = _version(feed, last_event_id)
    checked_at = time.monotonic()
    yield f"retry: {RECONNECT_MS}\n\n"
    beat_at = 0.0
    while not feed.closing:
        now = time.monotonic()
        if now - checked_at >= CHECK_EVERY_S:
            checked_at = now
            if not await run_in_threadpool(is_signed_in):
                yield _event("expired", "{}")
                return
        if now >= beat_at:
            beat_at = now + HEARTBEAT_S
            yield _event("heartbeat", feed.heartbeat())
        news = feed.delta(since)
        if news is not None:
            since, text = news
            # The transport makes us wait here while the browser is slow; what changes
            # meanwhile comes in one piece with the next round.
            yield _event("picture", text, f"{feed.instance}-{since}")
        await feed.news(max(beat_at - time.monotonic(), 0.0))


def _version(feed: Feed, last_event_id: str | None) -> int | None:
    instance, _, version = (last_event_id or "").partition("-")
    return int(version) if instance == feed.instance and version.isdigit() else None


def _event(name: str, data: str, event_id: str | None = None) -> str:
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {name}\ndata: {data}\n\n"
