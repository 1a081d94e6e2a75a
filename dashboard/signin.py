"""Signing in and out: plain pages that work without any script."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.auth import COOKIE, POOL_TIMEOUT_S, Sessions, own_address
from dashboard.delays import Delays
from dashboard.i18n import LANGUAGES, texts
from dashboard.rendering import render
from dashboard.theme import theme_of
from db import accounts
from db.accounts import Account
from db.views import OutageError, Pool
from domain.settings import Dashboard

LANGUAGE_COOKIE = "kawal_language"
YEAR_S = 365 * 24 * 3600


def sign_in_routes(settings: Dashboard, pool: Pool, sessions: Sessions) -> APIRouter:
    """GET and POST /login, POST /logout."""
    router = APIRouter()
    delays = Delays()

    @router.get("/login")
    def show(request: Request) -> Response:
        token = request.cookies.get(COOKIE)
        try:
            if token and sessions.find(token):
                wanted = own_address(request.query_params.get("next"))
                return RedirectResponse(wanted, status_code=303)
        except OutageError:
            return _page(request, settings, "login.outage", status=503)
        return _page(request, settings, None)

    @router.post("/login")
    def sign_in(
        request: Request,
        login: Annotated[str, Form(max_length=64)] = "",
        password: Annotated[str, Form(max_length=1024)] = "",
        wanted: Annotated[str, Form(alias="next", max_length=2000)] = "/",
    ) -> Response:
        login = login.strip().lower()
        keys = (f"login {login}", f"address {request.client.host if request.client else ''}")
        if wait_s := delays.wait_s(keys, time.monotonic()):
            return _page(request, settings, "login.wait", login, wait_s, wanted=wanted, status=429)
        try:
            signed_in = _verify(pool, settings, login, password)
        except OutageError:
            return _page(request, settings, "login.outage", login, wanted=wanted, status=503)
        if signed_in is None:
            delays.failed(keys, time.monotonic())
            return _page(request, settings, "login.wrong", login, wanted=wanted, status=401)
        delays.succeeded(keys)
        return _welcome(settings, *signed_in, own_address(wanted))

    @router.post("/logout")
    def sign_out(request: Request) -> Response:
        token = request.cookies.get(COOKIE)
        if token:
            sessions.forget(token)
            with pool.connection(POOL_TIMEOUT_S) as connection:
                accounts.close_session(connection, token)
        response = RedirectResponse("/login", status_code=303)
        response.delete_cookie(COOKIE)
        return response

    return router


def _verify(
    pool: Pool, settings: Dashboard, login: str, password: str
) -> tuple[Account, str] | None:
    with pool.connection(POOL_TIMEOUT_S) as connection:
        account = accounts.verify(connection, login, password)
        if account is None:
            return None
        lifetime = timedelta(hours=settings.session_hours)
        return account, accounts.open_session(connection, account.login, lifetime)


def _welcome(settings: Dashboard, account: Account, token: str, wanted: str) -> Response:
    response = RedirectResponse(wanted, status_code=303)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(settings.session_hours * 3600),
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookie,
    )
    response.set_cookie(LANGUAGE_COOKIE, account.language, max_age=YEAR_S, samesite="lax")
    return response


def _page(
    request: Request,
    settings: Dashboard,
    message: str | None,
    login: str = "",
    wait_s: float = 0.0,
    *,
    wanted: str | None = None,
    status: int = 200,
) -> Response:
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    words = texts(asked if asked in LANGUAGES else settings.language)
    html = render(
        "login.html",
        t=words,
        languages=LANGUAGES,
        theme=theme_of(request.cookies),
        exercise=settings.exercise,
        message=words(message, seconds=math.ceil(wait_s)) if message else None,
        outage=message == "login.outage",
        login=login,
        wanted=own_address(wanted or request.query_params.get("next")),
    )
    response = HTMLResponse(html, status_code=status)
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, words.language, max_age=YEAR_S, samesite="lax")
    return response
