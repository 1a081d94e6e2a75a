"""Puts the screen together: FastAPI below, Dash on it, the gate before both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from dash import Dash
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response

from dashboard import callbacks, pages_app, shell
from dashboard.auth import Gate, Sessions, current_session
from dashboard.feed import Feed
from dashboard.handover_routes import handover_routes
from dashboard.i18n import texts
from dashboard.region_routes import region_routes
from dashboard.routes import api_routes
from dashboard.signin import sign_in_routes
from dashboard.theme import theme_of
from db.accounts import Account, Role
from db.views import OutageError, Pool
from domain.settings import Dashboard, Settings

SHUTDOWN_S = 3
NOBODY = Account("", "", Role.VIEWER, "id")

INDEX = """<!DOCTYPE html>
<html lang="{lang}" data-theme="{theme}">
  <head>
    {metas}
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/logo.svg">
    <link rel="stylesheet" href="/vendor/maplibre-gl.css">
    <link rel="stylesheet" href="/assets/tokens.css">
    <link rel="stylesheet" href="/assets/icons.css">
    <link rel="stylesheet" href="/assets/shell.css">
    <link rel="stylesheet" href="/assets/map.css">
    <link rel="stylesheet" href="/assets/alerts.css">
    {css}
    <script src="/vendor/maplibre-gl.js" defer></script>
    <script src="/assets/js/clientside.js"></script>
    <script type="module" src="/assets/js/main.js"></script>
  </head>
  <body>
    {app_entry}
    <footer hidden>
      {config}
      {scripts}
      {renderer}
    </footer>
  </body>
</html>"""


class Screen(Dash):
    """Dash with a page that starts in the reader's language and theme."""

    def interpolate_index(self, **parts: Any) -> str:  # type: ignore[override]
        """The page before its scripts run."""
        session = current_session.get()
        parts["lang"] = session.account.language if session else "id"
        parts["theme"] = theme_of(self.backend.request_adapter().cookies)
        return INDEX.format(**parts)


def create_app(site: Settings, pool: Pool) -> FastAPI:
    """The application. Its feed runs while the server does; `app.state.feed` is it."""
    settings, work = site.dashboard, site.alerts
    sessions = Sessions(pool)
    feed = Feed(pool, site.rules, settings.tick_ms, work)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        feed.start(asyncio.get_running_loop())
        yield
        feed.stop()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.feed = feed
    app.include_router(sign_in_routes(settings, pool, sessions))
    app.include_router(api_routes(settings, pool, sessions, feed, work))
    app.include_router(region_routes())
    app.include_router(handover_routes(settings, pool))
    app.add_exception_handler(OutageError, _outage)
    app.add_api_route("/healthz", lambda: PlainTextResponse("ok\n"))
    app.add_api_route("/readyz", lambda: _readiness(feed))
    screen = _screen(app, settings, pool, sessions)
    paged = pages_app.mount(app, site, pool, sessions)
    app.add_api_route("/{path:path}", _nothing_here, methods=["GET"])
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    policy = _policy([screen, paged], settings)
    app.add_middleware(pages_app.Addresses)
    app.add_middleware(Gate, sessions=sessions, policy=policy)
    return app


def make_server(
    app: FastAPI, host: str, port: int, ready: Callable[[int], None] = lambda _port: None
) -> uvicorn.Server:
    """A server whose `run()` serves until SIGTERM, SIGINT or `should_exit`.

    `ready` hears the port once connections are accepted.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    return _Server(config, app.state.feed, ready)


def serve(site: Settings, pool: Pool, ready: Callable[[int], None]) -> None:
    """Run the screen where the settings say, until SIGTERM or SIGINT."""
    app = create_app(site, pool)
    make_server(app, site.dashboard.host, site.dashboard.port, ready).run()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, feed: Feed, ready: Callable[[int], None]) -> None:
        super().__init__(config)
        self._feed = feed
        self._ready = ready

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready(self.servers[0].sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        # An open stream would hold the shutdown until its time is out.
        self._feed.close_streams()
        await super().shutdown(sockets)


def _screen(app: FastAPI, settings: Dashboard, pool: Pool, sessions: Sessions) -> Screen:
    t = texts(settings.language)
    screen = Screen(
        __name__,
        server=app,  # type: ignore[arg-type]
        title=t("product.name"),
        update_title=None,  # type: ignore[arg-type]
        include_assets_files=False,
        add_log_handler=False,
        enable_mcp=False,
    )

    def layout() -> Any:
        session = current_session.get()
        account = session.account if session else NOBODY
        return shell.page(texts(account.language), account, settings.exercise)

    screen.layout = layout
    callbacks.register(screen, pool, sessions)
    # The renderer would open a socket for callbacks that we do not have.
    screen.backend.websocket_capability = False
    return screen


def _policy(screens: Sequence[Dash], settings: Dashboard) -> str:
    """What a page may load: nothing from outside but a tile server of one's own."""
    hashes = sorted({known for screen in screens for known in screen.csp_hashes()})
    tiles = f" {_origin(settings.tile_url)}" if settings.tile_url else ""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {' '.join(hashes)}",
            "style-src 'self' 'unsafe-inline'",
            "worker-src 'self' blob:",
            f"connect-src 'self' blob:{tiles}",
            f"img-src 'self' data: blob:{tiles}",
            "font-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _readiness(feed: Feed) -> Response:
    if feed.ready:
        return PlainTextResponse("ready\n")
    return PlainTextResponse("the database does not answer\n", status_code=503)


def _outage(_request: Request, _fault: Exception) -> Response:
    return JSONResponse({"error": "database"}, status_code=503)


def _nothing_here(path: str) -> Response:
    raise HTTPException(404, f"there is nothing at /{path}")
