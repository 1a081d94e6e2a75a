"""What happens on the page by Dash: language, theme, and the history of an alert."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, html
from starlette.concurrency import run_in_threadpool

from dashboard.auth import POOL_TIMEOUT_S, Sessions, signed_in
from dashboard.i18n import LANGUAGES, Texts, texts
from db import views
from db.views import Pool, StepRow
from domain.regions import Zone


def register(app: Dash, pool: Pool, sessions: Sessions) -> None:
    """Add every callback to `app`."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("kawal", "theme"),
        Output("button-theme", "data-theme"),
        Input("button-theme", "n_clicks"),
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("kawal", "language"),
        Output("shell", "lang"),
        Input("language", "data"),
    )

    @app.callback(
        Output("language", "data"),
        [Input(f"language-{code}", "n_clicks") for code in LANGUAGES],
        prevent_initial_call=True,
    )
    async def choose_language(*_clicks: int | None) -> str:
        language = str(ctx.triggered_id).removeprefix("language-")
        login = signed_in().account.login
        await run_in_threadpool(sessions.set_language, login, language)
        return language

    @app.callback(
        Output({"type": "text", "key": ALL}, "children"),
        Input("language", "data"),
        State({"type": "text", "key": ALL}, "id"),
        prevent_initial_call=True,
    )
    def translate(language: str, ids: list[dict[str, str]]) -> list[str]:
        t = texts(language)
        return [t(name["key"]) for name in ids]

    @app.callback(
        Output("history", "children"),
        Input("selected-alert", "data"),
        Input("language", "data"),
    )
    async def show_history(selected: dict[str, Any] | None, language: str) -> list[html.Li]:
        if not selected:
            return []
        steps = await run_in_threadpool(_steps, pool, int(selected["id"]))
        zone = ZoneInfo(str(selected["tz"]))
        return [history_line(step, zone, texts(language)) for step in steps]


def history_line(step: StepRow, zone: ZoneInfo, t: Texts) -> html.Li:
    """One step: when, what, by whom, for whom, until when, and the note."""
    by_rules = step.actor == "rules"
    children = [
        html.Time(clock_time(step.at, zone, t.language)),
        html.Strong(t(f"step.{step.trigger}")),
        html.Span(t("history.by_rules") if by_rules else step.actor),
    ]
    if step.assignee:
        children.append(html.Span(t("history.to", name=step.assignee)))
    if step.until:
        until = clock_time(step.until, zone, t.language)
        children.append(html.Span(t("history.until", time=until)))
    if step.note:
        children.append(html.Q(step.note))
    return html.Li(children)


def clock_time(at: datetime, zone: ZoneInfo, language: str) -> str:
    """A time in `zone` with the zone's name: 26 Nov 14.05.07 WIB."""
    text = format_datetime(at.astimezone(zone), "d MMM HH:mm:ss", locale=language)
    names = {zone.value: zone.name for zone in Zone}
    if language == "id":
        text = text.replace(":", ".")
    return f"{text} {names.get(zone.key, zone.key)}"


def _steps(pool: Pool, alert_id: int) -> list[StepRow]:
    with pool.connection(POOL_TIMEOUT_S) as connection:
        return views.alert_steps(connection, alert_id)
