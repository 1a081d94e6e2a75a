"""Webhooks: messages that others push to us.

A message is answered only after its commit, and its id is remembered in the same
transaction: whoever got no answer sends again, and nothing is taken twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeAlias

import structlog
from fastapi import APIRouter, Request
from standardwebhooks.webhooks import Webhook as Key
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from db import connectors, rejections
from db.pool import AWAY, Connection, retry_deadlocked
from db.rejections import Rejection
from db.views import Pool
from integrations.connector import PageRefusedError, Stored
from integrations.http import BadJsonError, decode_json
from integrations.signatures import UnsignedError, message_id, verify

log = structlog.get_logger(__name__)

LARGEST_BYTES = 10_000_000  # more is for the pull to fetch
POOL_WAIT_S = 3.0
AGAIN_S = "5"
STRANGER_BURST = 20
STRANGER_PER_S = 1.0
MOST_ADDRESSES = 10_000


class Message(NamedTuple):
    """A signed message and its document."""

    message_id: str
    body: bytes
    document: object

    @property
    def sha256(self) -> str:
        """Of the body, hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()


class Took(NamedTuple):
    """What a message came to: for the state of the connector, and for the sender."""

    stored: Stored
    report: Mapping[str, Any]


Take: TypeAlias = Callable[[Connection, Message], Took]
"""Stores a message in the caller's transaction; raises PageRefusedError."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One way in: where, with which keys, and what is done with a message."""

    name: str  # of the connector
    path: str
    keys: list[Key]
    take: Take


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """An answer other than 200: its status, and what is wrong. `body`: of a signed message;
    of strangers nothing is kept but that they came."""

    def __init__(self, status: int, field: str, reason: str, body: bytes | None = None) -> None:
        super().__init__(f"{field}: {reason}")
        self.status, self.field, self.reason, self.body = status, field, reason, body


@dataclass
class Strangers:
    """A token bucket for each address that sent what is not signed."""

    burst: int = STRANGER_BURST
    per_s: float = STRANGER_PER_S
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def left(self, address: str, now_s: float) -> float:
        """How many unsigned messages this address may still send now."""
        count, at_s = self._buckets.get(address, (float(self.burst), now_s))
        return min(float(self.burst), count + (now_s - at_s) * self.per_s)

    def count(self, address: str, now_s: float) -> None:
        """It sent one."""
        self._buckets[address] = (self.left(address, now_s) - 1, now_s)
        self._buckets.move_to_end(address)
        while len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)


class Webhooks:
    """The ways in, over a pool of connections; `count` hears each answer's status."""

    def __init__(
        self,
        hooks: list[Hook],
        pool: Pool,
        *,
        largest_bytes: int,
        timeout_s: float,
        count: Callable[[str, int], None] = lambda _name, _status: None,
    ) -> None:
        self._pool = pool
        self._largest = min(largest_bytes, LARGEST_BYTES)
        self._timeout_s = timeout_s
        self._count = count
        self._strangers = Strangers()
        self.router = APIRouter()
        for hook in hooks:
            self.router.add_api_route(hook.path, self._endpoint(hook), methods=["POST"])

    def _endpoint(self, hook: Hook) -> Callable[[Request], Any]:
        async def receive(request: Request) -> Response:
            response = await self._receive(hook, request)
            self._count(hook.name, response.status_code)
            return response

        return receive

    async def _receive(self, hook: Hook, request: Request) -> Response:
        try:
            message = await self._message(hook, request)
            answer = await run_in_threadpool(self._commit, hook, message)
        except Refusal as refusal:
            await run_in_threadpool(self._keep, hook, refusal)
            return _refused(refusal)
        except AWAY as error:
            log.warning("a message waits for the database", webhook=hook.name, error=str(error))
            return _refused(Refusal(503, "(server)", "the database is away: send it again"))
        except Exception as error:
            log.exception("a message could not be taken", webhook=hook.name)
            await run_in_threadpool(self._keep_fault, hook, error)
            return _refused(Refusal(500, "(server)", "a fault of ours: send it again later"))
        return JSONResponse(answer)

    # --- reading ---

    async def _message(self, hook: Hook, request: Request) -> Message:
        address = request.client.host if request.client else "?"
        if self._strangers.left(address, time.monotonic()) < 1:
            raise Refusal(429, "(sender)", "too many messages that were not signed")
        try:
            found = message_id(request.headers)
            body = await self._body(request)
            verify(hook.keys, body, request.headers)
        except Refusal:
            self._strangers.count(address, time.monotonic())
            raise
        except UnsignedError as error:
            self._strangers.count(address, time.monotonic())
            raise Refusal(401, "(signature)", str(error)) from None
        return Message(found, body, _document(body))

    async def _body(self, request: Request) -> bytes:
        self._check(request)
        body = bytearray()
        try:
            async with asyncio.timeout(self._timeout_s):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self._largest:
                        raise self._too_large()
        except TimeoutError:
            reason = f"did not come within {self._timeout_s:g} s"
            raise Refusal(408, "(body)", reason) from None
        except ClientDisconnect:
            raise Refusal(400, "(body)", "the connection broke") from None
        return bytes(body)

    def _check(self, request: Request) -> None:
        length = request.headers.get("Content-Length", "")
        if length.isdigit() and int(length) > self._largest:
            raise self._too_large()
        kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json" or request.headers.get("Content-Encoding"):
            raise Refusal(415, "Content-Type", "must be application/json, not packed")

    def _too_large(self) -> Refusal:
        most = f"{self._largest / 1e6:g} MB"
        return Refusal(413, "(body)", f"is larger than {most}: send less, or let us fetch it")

    # --- the database ---

    @retry_deadlocked
    def _commit(self, hook: Hook, message: Message) -> dict[str, Any]:
        now = datetime.now(UTC)
        with self._pool.connection(POOL_WAIT_S) as connection:
            if not connectors.take_message(connection, hook.name, message.message_id, now):
                return {"status": "already taken"}
            try:
                stored, report = hook.take(connection, message)
            except PageRefusedError as error:
                raise Refusal(422, error.field, error.reason, message.body) from None
            connectors.succeed(
                connection, hook.name, now, records=stored.records, refused=stored.refused
            )
        return {"status": "taken", **report}

    def _keep(self, hook: Hook, refusal: Refusal) -> None:
        if refusal.status in (429, 503):
            return
        now = datetime.now(UTC)
        topic, body = f"connector/{hook.name}", refusal.body or b""
        kept = Rejection(now, topic, None, refusal.field, refusal.reason, body)
        with contextlib.suppress(*AWAY), self._pool.connection(POOL_WAIT_S) as connection:
            rejections.record(connection, [kept])
            if refusal.body is not None:  # no stranger can make the connector look broken
                connectors.fail(connection, hook.name, now, f"a message was refused: {refusal}")

    def _keep_fault(self, hook: Hook, error: Exception) -> None:
        words = f"a fault of ours: {type(error).__name__}: {error}"
        with contextlib.suppress(*AWAY), self._pool.connection(POOL_WAIT_S) as connection:
            connectors.fail(connection, hook.name, datetime.now(UTC), words)


def _document(body: bytes) -> object:
    try:
        return decode_json(body)
    except BadJsonError as error:
        raise Refusal(400, "(body)", str(error), body) from None


def _refused(refusal: Refusal) -> Response:
    again = {"Retry-After": AGAIN_S} if refusal.status in (429, 500, 503) else None
    error = {"field": refusal.field, "reason": refusal.reason}
    return JSONResponse({"status": "refused", "error": error}, refusal.status, again)
