"""What is due, was sent, received, used and damaged in a region, by item and election."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.pages.page import Asked, address, named
from dashboard.pages.parts import empty, table, tag
from db import region_views
from db.pool import Connection
from db.region_views import Tally

PAGE = "regions"
CHAIN = [
    ("DISTRIBUTION", "REGENCY"),
    ("DISTRIBUTION", "DISTRICT"),
    ("DISTRIBUTION", "VILLAGE"),
    ("DISTRIBUTION", "STATION"),
    ("RETURN", "STATION"),
    ("RETURN", "VILLAGE"),
    ("RETURN", "DISTRICT"),
    ("RETURN", "REGENCY"),
]
HEADS = ("item", "due", "sent", "received", "used", "damaged_light", "damaged_heavy", "short")
_ITEMS = ("BALLOT", "BALLOT_BOX", "REVOTE_BALLOT", "BOOTH", "INK", "SEAL", "FORM")


def panel(connection: Connection, asked: Asked, code: str) -> html.Section:
    """The table of one leg, with links to the others."""
    rows = region_views.tallies(connection, code)
    known = [leg for leg in CHAIN if any((row.direction, row.leg) == leg for row in rows)]
    title = html.H2(asked.t("regions.materials"))
    if not known:
        return html.Section([title, empty(asked.t, "regions.materials.empty")], className="panel")
    leg = chosen(asked.query.get("leg", ""), known, rows)
    shown = sorted(
        (row for row in rows if (row.direction, row.leg) == leg),
        key=lambda row: (_ITEMS.index(row.item) if row.item in _ITEMS else 99, row.election),
    )
    return html.Section(
        [title, _legs(asked, code, known, leg), _table(asked, shown, leg)], className="panel"
    )


def chosen(
    wanted: str, known: list[tuple[str, str]], rows: list[Tally]
) -> tuple[str, str]:
    """The leg that the address asks for; else the furthest on which anything was sent."""
    for leg in known:
        if wanted == "-".join(leg):
            return leg
    going = {(row.direction, row.leg) for row in rows if row.sent or row.received}
    return next((leg for leg in reversed(known) if leg in going), known[0])


def _legs(
    asked: Asked, code: str, known: list[tuple[str, str]], current: tuple[str, str]
) -> html.Nav:
    links = []
    for leg in known:
        target = address(PAGE, *([code] if code else []), leg="-".join(leg))
        here = named(aria_current="true") if leg == current else {}
        links.append(html.A(_leg_words(asked, leg), href=target, className="button", **here))
    return html.Nav(
        links, className="actions legs no-print", **named(aria_label=asked.t("regions.legs"))
    )


def _leg_words(asked: Asked, leg: tuple[str, str]) -> str:
    return asked.t(f"regions.leg.{leg[0]}.{leg[1]}")


def _table(asked: Asked, rows: list[Tally], leg: tuple[str, str]) -> html.Div:
    heads = [asked.t(f"regions.tally.{head}") for head in HEADS] + [asked.t("regions.tally.state")]
    return table(
        asked.t("regions.tally.caption", leg=_leg_words(asked, leg)),
        heads,
        [_row(asked, row) for row in rows],
        numbers=range(1, len(HEADS)),
        name="tally",
    )


def _row(asked: Asked, row: Tally) -> list[Any]:
    numbers = [row.due, row.sent, row.received, row.used, row.damaged_light, row.damaged_heavy,
               row.short]  # fmt: skip
    return [_what(asked, row), *[asked.number(number) for number in numbers], _state(asked, row)]


def _what(asked: Asked, row: Tally) -> str:
    item = asked.t(f"regions.item.{row.item}")
    if row.election == "-":
        return item
    return f"{item} · {asked.t(f'regions.election.{row.election}')}"


def _state(asked: Asked, row: Tally) -> Component:
    """What differs, in words; on the way is not missing."""
    return html.Div([tag(words, tone) for words, tone in states(asked, row)], className="tags")


def states(asked: Asked, row: Tally) -> list[tuple[str, Any]]:
    """Words and tone of all that differs, the gravest first; that it agrees where nothing does."""
    t, number = asked.t, asked.number
    found: list[tuple[str, Any]] = []
    if row.short:
        found.append((t("regions.state.short", number=number(row.short)), "bad"))
    if row.received > row.sent:
        found.append((t("regions.state.surplus", number=number(row.received - row.sent)), "warn"))
    if row.sent > row.due and row.due:
        found.append((t("regions.state.over", number=number(row.sent - row.due)), "warn"))
    damaged = row.damaged_light + row.damaged_heavy
    if damaged:
        found.append((t("regions.state.damaged", number=number(damaged)), "warn"))
    if row.due > row.sent:
        found.append((t("regions.state.unsent", number=number(row.due - row.sent)), ""))
    under_way = row.sent - row.received - row.short
    if under_way > 0:
        found.append((t("regions.state.under_way", number=number(under_way)), ""))
    return found or [(t("regions.state.agrees"), "good")]
