"""Small parts that pages are put together from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from dash import html
from dash.development.base_component import Component

from dashboard.i18n import Texts
from dashboard.pages.page import named
from domain.regions import Zone

Tone = Literal["", "good", "warn", "bad"]
NOTHING = "–"
_FORM = "EEE d MMM y HH.mm"
_ZONES = {zone.value: zone.name for zone in Zone}


def table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    numbers: Collection[int] = (),
    name: str = "",
) -> html.Div:
    """A table that scrolls by itself where it is too wide. `numbers`: the columns (from 0) that
    are set to the right. The first cell of a row is its heading."""
    head = [html.Th(words, scope="col", **_side(n, numbers)) for n, words in enumerate(heads)]
    body = [html.Tr([_cell(n, cell, numbers) for n, cell in enumerate(row)]) for row in rows]
    parts = [html.Caption(caption)] if caption else []
    drawn = html.Table([*parts, html.Thead(html.Tr(head)), html.Tbody(body)])
    return html.Div(drawn, className=f"scroll {name}".strip())


def _side(column: int, numbers: Collection[int]) -> dict[str, Any]:
    return {"className": "number"} if column in numbers else {}


def _cell(column: int, words: Any, numbers: Collection[int]) -> Component:
    shown = NOTHING if words in (None, "") else words
    if column == 0:
        return html.Th(shown, scope="row", **_side(column, numbers))
    return html.Td(shown, **_side(column, numbers))


def tag(words: Any, tone: Tone = "", title: str = "") -> html.Span:
    """A word with the shape of its tone before it (pages.css), so that colour is never alone."""
    more: dict[str, Any] = {"title": title} if title else {}
    return html.Span(words, className=f"tag {tone}".strip(), **more)


def bar(pct: float | None, label: str) -> html.Div:
    """A bar filled to 0..100; None: nothing is known, and it is empty."""
    width = min(100.0, max(0.0, pct or 0.0))
    return html.Div(
        html.Span(style={"width": f"{width:.2f}%"}),
        className="bar",
        role="img",
        title=label,
        **named(aria_label=label),
    )


def zone_word(tz: str) -> str:
    """What people call a time zone: WIB of Asia/Jakarta."""
    return _ZONES.get(tz, tz)


def clock(at: datetime, tz: str, language: str) -> str:
    """A time in words, with its zone: Sen 25 Nov 2024 08.00 WIB."""
    local = at.astimezone(ZoneInfo(tz))
    form = _FORM if language == "id" else _FORM.replace(".", ":")
    return f"{format_datetime(local, form, locale=language)} {zone_word(tz)}"


def when(at: datetime | None, tz: str, t: Texts) -> Any:
    """A time in the zone `tz` with the zone's name; a dash where there is none."""
    if at is None:
        return NOTHING
    return html.Time(clock(at, tz, t.language), dateTime=at.isoformat())


def empty(t: Texts, key: str) -> html.P:
    """That there is nothing, and what to do about it."""
    return html.P(t(key), className="empty")


def facts(pairs: Sequence[tuple[str, Any]]) -> html.Dl:
    """Names and values; those without a value are left out."""
    shown = [(name, value) for name, value in pairs if value not in (None, "")]
    return html.Dl(
        [part for name, value in shown for part in (html.Dt(name), html.Dd(value))],
        className="facts",
    )
