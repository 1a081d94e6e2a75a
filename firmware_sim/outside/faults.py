"""Faults: what the servers of others do on bad days, switched on by tests and rehearsals."""

from __future__ import annotations

import asyncio
import threading
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, get_args

from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

Fault = Literal[
    "error", "throttle", "busy", "slow", "dribble", "endless", "bomb", "garbage", "cut",
    "deep", "html", "redirect",
]  # fmt: skip
FAULTS: tuple[str, ...] = get_args(Fault)
CHUNK = b'{"padding": "' + b"x" * 65_536 + b'", '
UNPACKED_MIB = 256
DEPTH = 100_000
BROKEN = {
    "garbage": b"\x00\xff\xfe not JSON",
    "cut": b'{"format": "kawal-manifest", "version": 1, "mani',
}


@dataclass
class Switch:
    """Which fault the next answers have; `times` None: until it is switched off."""

    fault: Fault | None = None
    times: int | None = None
    retry_after_s: int = 1
    slow_s: float = 60.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def set(self, fault: Fault | None, times: int | None = None, retry_after_s: int = 1) -> None:
        """Switch over."""
        with self._lock:
            self.fault, self.times, self.retry_after_s = fault, times, retry_after_s

    def take(self) -> Fault | None:
        """The fault of this answer."""
        with self._lock:
            found = self.fault
            if found is not None and self.times is not None:
                self.times -= 1
                if self.times <= 0:
                    self.fault = None
            return found


async def answer(fault: Fault, switch: Switch) -> Response:
    """An answer with the fault."""
    if fault == "slow":
        await asyncio.sleep(switch.slow_s)
    return _bad_status(fault, switch.retry_after_s) or _bad_body(fault)


def _bad_status(fault: Fault, retry_after_s: int) -> Response | None:
    wait = {"Retry-After": str(retry_after_s)}
    match fault:
        case "error" | "slow":
            return PlainTextResponse("internal error", 500)
        case "throttle":
            return PlainTextResponse("too many requests", 429, wait)
        case "busy":
            return PlainTextResponse("maintenance", 503, wait)
        case "redirect":
            return RedirectResponse("http://127.0.0.1:9/elsewhere", 302)
    return None


def _bad_body(fault: Fault) -> Response:
    kind = "application/json"
    match fault:
        case "bomb":
            return Response(_bomb(), 200, {"Content-Encoding": "gzip"}, kind)
        case "deep":
            return Response(b"[" * DEPTH + b"]" * DEPTH, 200, media_type=kind)
        case "endless":
            return StreamingResponse(_forever(CHUNK, 0.0), 200, media_type=kind)
        case "dribble":
            return StreamingResponse(_forever(b" ", 0.1), 200, media_type=kind)
        case "html":
            page = b"<html><body>Masuk ke jaringan</body></html>"
            return Response(page, 200, media_type="text/html")
    return Response(BROKEN[fault], 200, media_type=kind)


@cache
def _bomb() -> bytes:
    packing = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    mebibyte = b" " * 1024 * 1024
    return b"".join(packing.compress(mebibyte) for _ in range(UNPACKED_MIB)) + packing.flush()


async def _forever(chunk: bytes, pause_s: float) -> AsyncIterator[bytes]:
    while True:
        yield chunk
        await asyncio.sleep(pause_s)
