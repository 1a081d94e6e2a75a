"""The gate: who is asking, and may this request come from there.

Everything but a short list needs a sign-in. The gate stands before FastAPI and Dash, so
that no route, stream or socket can be added behind its back.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.pages.registry import BY_NAME
from db import accounts
from db.accounts import Session
from db.views import OutageError, Pool

COOKIE = "kawal_session"
OPEN_PATHS = frozenset({"/login", "/healthz", "/readyz", "/favicon.ico"})
OPEN_PREFIXES = ("/assets/",)
FORM_PREFIXES = ("/handover/",)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TRUST_S = 5.0
POOL_TIMEOUT_S = 2.0

current_session: ContextVar[Session | None] = ContextVar("current_session", default=None)


class Sessions:
    """Sign-ins by token. Remembers one for a few seconds, longer while the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[str, tuple[float, Session]] = {}

    def find(self, token: str) -> Session | None:
        """The sign-in of a token, None where there is none.

        Raises OutageError where the database is away and the token was never seen.
        """
        checked_at, session = self._known.get(token, (0.0, None))
        if session is not None and session.expires_at <= datetime.now(UTC):
            self.forget(token)
            return None
        if session is not None and time.monotonic() - checked_at < TRUST_S:
            return session
        return self._ask(token, session)

    def _ask(self, token: str, known: Session | None) -> Session | None:
        try:
            with self._pool.connection(POOL_TIMEOUT_S) as connection:
                session = accounts.session(connection, token)
        except OutageError:
            if known is None:
                raise
            return known
        if session is None:
            self.forget(token)
        else:
            self._known[token] = (time.monotonic(), session)
        return session

    def forget_account(self, login: str) -> None:
        """The same for every sign-in of an account that changed."""
        tokens = [token for token, (_, s) in self._known.items() if s.account.login == login]
        for token in tokens:
            self.forget(token)

    def forget(self, token: str) -> None:
        """Ask the database again the next time."""
        self._known.pop(token, None)


class Gate:
    """ASGI middleware: sign-in, origin, and the headers that guard a browser."""

    def __init__(self, app: ASGIApp, sessions: Sessions, policy: str) -> None:
        self._app = app
        self._sessions = sessions
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, or answer it here."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4401})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        guarded = self._with_headers(send, scope["path"])
        refusal = await self._refuse(request)
        if refusal is not None:
            await refusal(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    async def _refuse(self, request: Request) -> Response | None:
        if request.method not in SAFE_METHODS and not is_same_origin(request):
            return JSONResponse({"error": "origin"}, status_code=403)
        if request.url.path in OPEN_PATHS or request.url.path.startswith(OPEN_PREFIXES):
            return None
        try:
            session = await self._find(request)
        except OutageError:
            return self._outage(request)
        if session is None:
            return _to_sign_in(request)
        current_session.set(session)
        return None

    async def _find(self, request: Request) -> Session | None:
        token = request.cookies.get(COOKIE)
        return await run_in_threadpool(self._sessions.find, token) if token else None

    def _outage(self, request: Request) -> Response:
        headers = {"Retry-After": "2"}
        if is_read(request.url.path):
            # The sign-in page says in words that the database is away.
            return RedirectResponse("/login?outage=1", status_code=303, headers=headers)
        return JSONResponse({"error": "database"}, status_code=503, headers=headers)

    def _with_headers(self, send: Send, path: str) -> Send:
        added = {
            "content-security-policy": self._policy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",  # without a referrer forms would name no origin
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=()",
        }
        # Fingerprints would be better, but our modules import each other by plain name.
        added["cache-control"] = "no-cache" if path.startswith(OPEN_PREFIXES) else "no-store"

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                extra = [(k.encode(), v.encode()) for k, v in added.items()]
                message["headers"] = [
                    *message["headers"],
                    *[(name, value) for name, value in extra if name not in present],
                ]
            await send(message)

        return send_guarded


def is_same_origin(request: Request) -> bool:
    """True where the page that sends this is ours: browsers name it, others must too."""
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


def signed_in() -> Session:
    """The sign-in of the request that is being answered.

    Raises LookupError outside of one.
    """
    session = current_session.get()
    if session is None:
        raise LookupError("no request with a sign-in is being answered")
    return session


def _to_sign_in(request: Request) -> Response:
    if not is_read(request.url.path) or request.method != "GET":
        return JSONResponse({"error": "session"}, status_code=401)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = "/login" if wanted == "/" else f"/login?{urlencode({'next': wanted})}"
    return RedirectResponse(target, status_code=303)


def is_page(path: str) -> bool:
    """Whether a person would read what is at this path."""
    return path == "/" or path.split("/")[1] in BY_NAME


def is_read(path: str) -> bool:
    """Whether a person would read it: a page, or a form that is plain HTML."""
    return is_page(path) or path.startswith(FORM_PREFIXES)


def own_address(wanted: str | None) -> str:
    """Where to go on this screen; the operations screen where `wanted` would lead away from
    it: `//host` and `/\\host` name other hosts."""
    if wanted and wanted.startswith("/") and wanted[1:2] not in ("/", "\\"):
        return wanted
    return "/"
