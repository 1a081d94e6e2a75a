"""What the scripts of the page ask the server for."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from dashboard.alert_steps import Group, Step, acknowledge_group, refusal, take_step
from dashboard.auth import COOKIE, POOL_TIMEOUT_S, Sessions, signed_in
from dashboard.basemap import Theme, style
from dashboard.feed import Feed
from dashboard.i18n import texts
from dashboard.stream import events
from db import explanations, views
from db.alerts import UnknownAlertError
from db.views import Pool
from domain.explanations import explain
from domain.quality import UNUSABLE
from domain.settings import Alerts, Dashboard
from domain.wording import Writer

TRACK_LONGEST = timedelta(hours=24)
TRACK_POINTS = 2000
SERVER_ONLY = "explain."  # sentences that are written here, not by the page


def api_routes(
    settings: Dashboard, pool: Pool, sessions: Sessions, feed: Feed, work: Alerts
) -> APIRouter:
    """Everything below /api, /stream and /vendor."""
    router = APIRouter()

    @router.get("/stream")
    async def stream(request: Request) -> Response:
        token = request.cookies.get(COOKIE, "")
        last = request.headers.get("last-event-id") or request.query_params.get("last")
        return StreamingResponse(
            events(feed, last, lambda: sessions.find(token) is not None),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    @router.get("/api/plan")
    def plan(request: Request) -> Response:
        tag = f'"{feed.plan_tag}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return JSONResponse(feed.plan(), headers=headers)

    @router.get("/api/style")
    def map_style(theme: Theme) -> dict[str, Any]:
        return style(theme, settings.tile_url)

    @router.get("/api/texts")
    def catalogue(lang: Literal["id", "en"]) -> dict[str, str]:
        words = texts(lang).catalogue.items()
        return {key: text for key, text in words if not key.startswith(SERVER_ONLY)}

    @router.get("/api/session")
    def session() -> dict[str, Any]:
        account = signed_in().account
        return {
            "login": account.login,
            "name": account.name,
            "may_handle": account.role.may_handle_alerts,
            "may_shelve_critical": account.role.may_shelve_critical,
            "shelve_longest_h": work.shelve_longest_h,
        }

    @router.get("/api/handlers")
    def handlers() -> Any:
        with pool.connection(POOL_TIMEOUT_S) as connection:
            return [row._asdict() for row in views.handlers(connection)]

    @router.get("/api/track/{device_id}")
    def track(device_id: str, minutes: int = 60) -> Any:
        reach = min(timedelta(minutes=max(minutes, 1)), TRACK_LONGEST)
        with pool.connection(POOL_TIMEOUT_S) as connection:
            since = datetime.now(UTC) - reach
            points = views.track(connection, device_id, since, TRACK_POINTS)
        return {
            "line": [point[:2] for point in points if not point.flags & UNUSABLE],
            "doubted": [point[:2] for point in points if point.flags & UNUSABLE],
            "unusable": UNUSABLE,
        }

    @router.post("/api/alerts/{alert_id}/steps")
    def step_on(alert_id: int, step: Step) -> Response:
        return take_step(pool, work, alert_id, step)

    @router.post("/api/alerts/acknowledge")
    def acknowledge_all(group: Group) -> Response:
        return acknowledge_group(pool, group)

    @router.get("/api/alerts/{alert_id}/explanation")
    def explanation(alert_id: int, lang: Literal["id", "en"]) -> Response:
        with pool.connection(POOL_TIMEOUT_S) as connection:
            try:
                case = explanations.case(connection, alert_id)
            except UnknownAlertError:
                return refusal("unknown", 404)
        writer = Writer(texts(lang), lang, case.alert.tz)
        return JSONResponse([writer.write(sentence) for sentence in explain(case)])

    @router.get("/vendor/{name}")
    def vendor(name: Literal["maplibre-gl.js", "maplibre-gl.css"]) -> Response:
        headers = {"Cache-Control": "private, max-age=86400"}
        return FileResponse(maplibre_folder() / name, headers=headers)

    return router


def maplibre_folder() -> Path:
    """Where the wheel `maplibre` keeps MapLibre GL JS.

    Its package is never imported: that would load pandas for two files. Raises
    FileNotFoundError where the wheel is missing.
    """
    spec = importlib.util.find_spec("maplibre")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("MapLibre GL JS: install the wheel `maplibre`")
    return Path(spec.origin).with_name("srcjs")
