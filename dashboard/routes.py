"""What the scripts of the page ask the server for."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from dashboard.auth import COOKIE, POOL_TIMEOUT_S, Sessions, signed_in
from dashboard.basemap import Theme, style
from dashboard.feed import Feed
from dashboard.i18n import texts
from dashboard.stream import events
from db import alerts, views
from db.views import OutageError, Pool
from domain.alerts import StepRefusedError, Trigger
from domain.settings import Dashboard

TRACK_LONGEST = timedelta(hours=24)
TRACK_POINTS = 2000


class Step(BaseModel):
    """What a person does with an alert."""

    trigger: Literal["ACKNOWLEDGE", "START", "RESOLVE", "DISMISS"]
    note: str | None = Field(None, max_length=500)


def api_routes(settings: Dashboard, pool: Pool, sessions: Sessions, feed: Feed) -> APIRouter:
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
        return dict(texts(lang).catalogue)

    @router.get("/api/session")
    def session() -> dict[str, Any]:
        account = signed_in().account
        return {"name": account.name, "may_handle": account.role.may_handle_alerts}

    @router.get("/api/track/{device_id}")
    def track(device_id: str, minutes: int = 60) -> Any:
        reach = min(timedelta(minutes=max(minutes, 1)), TRACK_LONGEST)
        with pool.connection(POOL_TIMEOUT_S) as connection:
            since = datetime.now(UTC) - reach
            return views.track(connection, device_id, since, TRACK_POINTS)

    @router.post("/api/alerts/{alert_id}/steps")
    def take_step(alert_id: int, step: Step) -> Response:
        return _take_step(pool, alert_id, step)

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


def _take_step(pool: Pool, alert_id: int, step: Step) -> Response:
    account = signed_in().account
    if not account.role.may_handle_alerts:
        return _refusal("role", 403)
    note = (step.note or "").strip() or None
    try:
        with pool.connection(POOL_TIMEOUT_S) as connection:
            alerts.transition(connection, alert_id, Trigger(step.trigger), account.login, note)
    except alerts.UnknownAlertError:
        return _refusal("unknown", 404)
    except StepRefusedError:
        return _refusal("refused", 409)
    except OutageError:
        return _refusal("database", 503)
    return Response(status_code=204)


def _refusal(reason: str, status: int) -> Response:
    """The page says the reason in the language of its reader."""
    return JSONResponse({"error": reason}, status_code=status)
