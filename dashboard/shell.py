"""The page: what stands still on it. Scripts draw the live parts into the places named here.

Every word is a span of its own with its key as id, so that one callback changes the
language of the page without touching the map or the list of alerts.
"""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from dashboard.i18n import LANGUAGES, Texts
from dashboard.pages.registry import PAGES
from db.accounts import Account

KPIS = ("in_transit", "arrived", "unacknowledged", "reporting", "silent")
ZONES = ("WIB", "WITA", "WIT")
FILTERS = ("all", "new", "shelved")
GROUPINGS = ("time", "shipment", "cause")
UNSEEN: dict[str, Any] = {"aria-hidden": "true"}
POLITE: dict[str, Any] = {"aria-live": "polite"}
TITLED: dict[str, Any] = {"aria-labelledby": "kpis-title"}
MAP_TOOLS = ("zoom_in", "zoom_out", "fit", "follow", "legend")


def word(t: Texts, key: str, class_name: str = "") -> html.Span:
    """A text of the catalogue that follows the language."""
    return html.Span(t(key), id={"type": "text", "key": key}, className=class_name)


def page(t: Texts, account: Account, exercise: str | None) -> html.Div:
    """The whole page for one person, in one language."""
    return html.Div(
        id="shell",
        children=[
            dcc.Store(id="language", data=t.language),
            dcc.Store(id="selected-alert"),
            *([_exercise(t, exercise)] if exercise else []),
            _header(t, account),
            _banner(),
            _kpis(t),
            html.Main([_map_panel(t), _alert_panel(t)]),
            _note_dialog(t),
            html.Div(id="toast", role="status", **POLITE),
        ],
    )


def _state(name: str) -> dict[str, Any]:
    return {"data-state": name}


def _exercise(t: Texts, words: str) -> html.Div:
    return html.Div(
        [html.Strong(word(t, "exercise.title")), html.Span(words)], className="exercise"
    )


def _header(t: Texts, account: Account) -> html.Header:
    return html.Header(
        className="top",
        children=[
            html.Div(
                className="brand",
                children=[
                    html.Span(className="logo", **UNSEEN),
                    html.Div([html.H1(word(t, "product.name")), word(t, "product.subtitle")]),
                ],
            ),
            _menu(t),
            html.Div(
                className="pulse",
                children=[
                    html.Div(id="connection", **_state("connecting")),
                    html.Div(
                        [word(t, "header.data_age", "label"), html.Span("–", id="data-age")],
                        className="age",
                    ),
                ],
            ),
            html.Div([_clock(zone) for zone in ZONES], className="clocks"),
            html.Div([_language_buttons(t), _theme_button(t), _user(t, account)], className="me"),
        ],
    )


def _menu(t: Texts) -> html.Details:
    """The pages beside this screen."""
    links = [html.A(word(t, page.title), href=f"/{page.name}") for page in PAGES]
    return html.Details([html.Summary(word(t, "page.menu")), html.Nav(links)], id="menu")


def _clock(zone: str) -> html.Div:
    return html.Div(
        [html.Span(zone, className="label"), html.Span(className="time", id=f"clock-{zone}")],
        className="clock",
    )


def _language_buttons(t: Texts) -> html.Div:
    buttons = [
        html.Button(
            [html.Span(code.upper(), **UNSEEN), word(t, f"language.{code}", "sr")],
            id=f"language-{code}",
            className="chip",
            lang=code,
        )
        for code in LANGUAGES
    ]
    return html.Div(buttons, className="chips", role="group")


def _theme_button(t: Texts) -> html.Button:
    return _icon_button(t, "theme", "header.theme")


def _icon_button(t: Texts, name: str, key: str, **more: Any) -> html.Button:
    return html.Button(
        [html.Span(className=f"icon icon-{name}", **UNSEEN), word(t, key, "sr")],
        id=f"button-{name}",
        className="icon-button",
        **more,
    )


def _user(t: Texts, account: Account) -> html.Form:
    return html.Form(
        action="/logout",
        method="POST",
        className="user",
        children=[
            html.Div([html.Strong(account.name), word(t, f"role.{account.role}")]),
            html.Button(word(t, "header.sign_out"), type="submit", className="chip"),
        ],
    )


def _banner() -> html.Div:
    texts = [html.Strong(id="banner-title"), html.Span(id="banner-text")]
    sign = html.Span(className="icon icon-warning", **UNSEEN)
    return html.Div([sign, html.Div(texts)], id="banner", role="alert", hidden=True)


def _kpis(t: Texts) -> html.Section:
    return html.Section(
        id="kpis",
        **TITLED,
        children=[
            html.H2(word(t, "kpi.title"), id="kpis-title", className="sr"),
            *[_kpi(t, name) for name in KPIS],
        ],
    )


def _kpi(t: Texts, name: str) -> html.Div:
    return html.Div(
        id=f"kpi-{name}",
        className="kpi",
        children=[
            word(t, f"kpi.{name}", "label"),
            html.Span("–", className="number"),
            html.Span(className="note"),
        ],
    )


def _map_panel(t: Texts) -> html.Section:
    return html.Section(
        id="map-panel",
        children=[
            html.H2(word(t, "map.title"), className="sr"),
            html.Div(id="map"),
            html.Div(
                className="find",
                children=[
                    html.Label(word(t, "map.find", "sr"), htmlFor="find"),
                    html.Span(className="icon icon-search", **UNSEEN),
                    dcc.Input(id="find", type="search", autoComplete="off", spellCheck=False),
                    html.Div(id="found", role="listbox"),
                ],
            ),
            html.Div(
                [_icon_button(t, name.replace("_", "-"), f"map.{name}") for name in MAP_TOOLS],
                className="map-tools",
                role="group",
            ),
            html.Div(id="selected", hidden=True),
            html.Div(id="legend", hidden=True),
            html.Div(id="map-state", **_state("loading")),
        ],
    )


def _alert_panel(t: Texts) -> html.Aside:
    return html.Aside(
        id="alert-panel",
        children=[
            html.Header(
                [
                    html.H2(word(t, "alerts.title")),
                    html.Div([_grouping(t, name) for name in GROUPINGS], **_chips("group")),
                    html.Div([_filter(t, name) for name in FILTERS], **_chips("filter")),
                ]
            ),
            _flood(),
            html.Ul(id="alert-list"),
            html.Div(id="alert-state", **_state("loading")),
            html.Section(
                id="history-panel",
                hidden=True,
                children=[html.H3(word(t, "history.title")), html.Ol(id="history")],
            ),
            html.Footer(word(t, "alerts.keys"), className="keys"),
        ],
    )


def _chips(name: str) -> dict[str, Any]:
    return {"className": f"chips {name}", "role": "group"}


def _flood() -> html.Div:
    texts = [html.Strong(id="flood-title"), html.Span(id="flood-text")]
    sign = html.Span(className="icon icon-warning", **UNSEEN)
    return html.Div([sign, html.Div(texts)], id="flood", role="status", hidden=True)


def _grouping(t: Texts, name: str) -> html.Button:
    return html.Button(word(t, f"alerts.by_{name}"), id=f"group-{name}", className="chip")


def _filter(t: Texts, name: str) -> html.Button:
    return html.Button(
        [word(t, f"alerts.filter_{name}"), html.Span(id=f"count-{name}", className="count")],
        id=f"filter-{name}",
        className="chip",
    )


def _note_dialog(t: Texts) -> html.Dialog:
    return html.Dialog(
        id="note-dialog",
        children=html.Form(
            method="dialog",
            children=[
                html.H2(id="note-title"),
                html.P(id="note-subject"),
                _asked(t, "assignee", html.Select(id="note-assignee")),
                _asked(t, "minutes", html.Select(id="note-minutes")),
                html.Div(
                    id="ask-note",
                    children=[
                        html.Label(
                            [
                                html.Span(word(t, "note.label"), id="note-optional"),
                                html.Span(word(t, "note.needed"), id="note-needed", hidden=True),
                            ],
                            htmlFor="note-text",
                        ),
                        html.Textarea(id="note-text", maxLength=500, rows=4),
                    ],
                ),
                html.Div(
                    className="buttons",
                    children=[
                        html.Button(
                            word(t, "note.cancel"),
                            value="cancel",
                            className="quiet",
                            formNoValidate=True,
                        ),
                        html.Button(word(t, "note.confirm"), value="confirm", className="main"),
                    ],
                ),
            ],
        ),
    )


def _asked(t: Texts, name: str, control: Any) -> html.Div:
    """What only some steps ask for."""
    label = html.Label(word(t, f"note.{name}"), htmlFor=f"note-{name}")
    return html.Div([label, control], id=f"ask-{name}", hidden=True)
