"""The pages beside the operations screen: one Dash application that draws by address.

The operations screen keeps its own, with the map and the stream; here a page is what the
database says at the time of asking, so that it can be linked, printed and read aloud.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote

from dash import Input, Output, dcc, html
from dash.development.base_component import Component
from fastapi import FastAPI, Form
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.auth import POOL_TIMEOUT_S, Sessions, is_page, own_address, signed_in
from dashboard.document import Document
from dashboard.i18n import LANGUAGES, Texts, texts
from dashboard.pages.page import Asked, NoSuchPageError, named
from dashboard.pages.registry import BY_NAME, PAGES
from db.accounts import Account
from db.views import OutageError, Pool
from domain.settings import Settings

PREFIX = "/pages/"  # of what Dash itself asks for; the pages are at /manifests and so on


class Addresses:
    """ASGI middleware: every address of a page is answered by the one document of the pages,
    which asks for what belongs there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, to the document where it asks for a page."""
        path = scope.get("path", "/")
        if scope["type"] == "http" and path != "/" and is_page(path) and scope["method"] == "GET":
            scope = {**scope, "path": PREFIX, "raw_path": PREFIX.encode()}
        await self._app(scope, receive, send)


class Paged(Document):
    """The pages. What they show is drawn by address, so its callbacks are not in the layout."""

    own_css = '<link rel="stylesheet" href="/assets/pages.css">'
    own_scripts = '<script type="module" src="/assets/js/pages.js"></script>'
    body_class = "paged"


def mount(app: FastAPI, settings: Settings, pool: Pool, sessions: Sessions) -> Paged:
    """Add the pages to `app`."""
    paged = Paged("kawal-pages", app, settings.dashboard.language, PREFIX)
    paged.config.suppress_callback_exceptions = True
    paged.layout = _layout
    _draws(paged, settings, pool)

    @app.post("/language")
    async def language(code: str = Form(), back: str = Form("/")) -> Response:
        if code in LANGUAGES:
            login = signed_in().account.login
            await run_in_threadpool(sessions.set_language, login, code)
        return RedirectResponse(own_address(back), status_code=303)

    return paged


def _layout() -> Component:
    return html.Div([dcc.Location(id="where", refresh=False), html.Div(id="root")])


def _draws(paged: Paged, settings: Settings, pool: Pool) -> None:
    @paged.callback(
        Output("root", "children"), Input("where", "pathname"), Input("where", "search")
    )
    async def draw(pathname: str | None, search: str | None) -> list[Component]:
        account = signed_in().account
        name, path = _split(pathname or "/")
        asked = Asked(
            path,
            dict(parse_qsl((search or "").removeprefix("?"))),
            account,
            texts(account.language),
            datetime.now(UTC),
            settings,
        )
        here = (pathname or "/") + (search or "")
        return await run_in_threadpool(_drawn, pool, name, asked, here, settings)


def _split(pathname: str) -> tuple[str, tuple[str, ...]]:
    name, *path = [unquote(part) for part in pathname.strip("/").split("/")]
    return name, tuple(path)


def _drawn(pool: Pool, name: str, asked: Asked, here: str, settings: Settings) -> list[Component]:
    t, page = asked.t, BY_NAME.get(name)
    try:
        if page is None:
            raise NoSuchPageError("page.nothing_here")
        with pool.connection(POOL_TIMEOUT_S) as connection:
            drawn = page.draw(connection, asked)
    except NoSuchPageError as missing:
        drawn = [_notice(t, "missing", str(missing), "page.nothing_here.todo")]
    except OutageError:
        drawn = [_notice(t, "outage", "page.outage", "page.outage.todo")]
    exercise = settings.dashboard.exercise
    return [
        html.A(t("page.skip"), href="#page", className="skip"),
        *([html.Div([html.Strong(t("exercise.title")), exercise], className="exercise")]
          if exercise else []),
        _header(t, asked.account, name, here),
        html.Main(drawn, id="page", tabIndex=-1),
        _foot(t, asked.now),
    ]  # fmt: skip


def _notice(t: Texts, state: str, key: str, todo: str) -> html.Div:
    return html.Div([html.H2(t(key)), html.P(t(todo))], className=f"notice {state}")


def _header(t: Texts, account: Account, current: str, here: str) -> html.Header:
    links = [html.A(t("page.operations"), href="/")]
    for page in PAGES:
        now = named(aria_current="page") if page.name == current else {}
        links.append(html.A(t(page.title), href=f"/{page.name}", **now))
    return html.Header(
        className="top",
        children=[
            html.Div(
                [html.Span(className="logo", **named(aria_hidden="true")),
                 html.Strong(t("product.name"))],
                className="brand",
            ),
            html.Nav(links, **named(aria_label=t("page.menu"))),
            html.Div([_languages(t, here), _theme(t), _user(t, account)], className="me"),
        ],
    )  # fmt: skip


def _languages(t: Texts, here: str) -> html.Form:
    return html.Form(
        [
            dcc.Input(type="hidden", name="back", value=here),
            *[
                html.Button(code.upper(), name="code", value=code, className="chip", type="submit",
                            title=t(f"language.{code}"),
                            **named(aria_pressed=str(code == t.language).lower()))
                for code in LANGUAGES
            ],
        ],
        action="/language",
        method="POST",
        className="chips",
    )  # fmt: skip


def _theme(t: Texts) -> html.Button:
    return html.Button(
        html.Span(className="icon icon-theme", **named(aria_hidden="true")),
        id="button-theme",
        className="icon-button",
        title=t("header.theme"),
        **named(aria_label=t("header.theme")),
    )


def _user(t: Texts, account: Account) -> html.Form:
    return html.Form(
        [
            html.Div([html.Strong(account.name), html.Span(t(f"role.{account.role}"))]),
            html.Button(t("header.sign_out"), type="submit", className="chip"),
        ],
        action="/logout",
        method="POST",
        className="user",
    )


def _foot(t: Texts, now: datetime) -> html.P:
    """When this was read: a page is not live, and says so."""
    return html.P(
        [html.Span(t("page.read_at")), html.Time(dateTime=now.isoformat(), className="read-at"),
         html.Span(className="read-age", **named(data_read_s=str(math.floor(now.timestamp()))))],
        className="foot",
    )  # fmt: skip
