"""Regions: from the nation down to the stations of a village, each with an address."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.pages import regions_children, regions_materials, regions_picture, regions_stations
from dashboard.pages.page import Asked, NoSuchPageError, address, link, named
from dashboard.pages.parts import empty, table, tag
from db import region_views
from db.pool import Connection
from db.region_views import Progress
from domain.regions import Level, Region, find, level_of, path, search

PAGE = "regions"
SEARCH_LONGEST = 100  # characters; no name is longer
FOUND_AT_MOST = 20


def draw(connection: Connection, asked: Asked) -> list[Component]:
    """A region, or the nation where the address names none."""
    code = _code(asked)
    here = region_views.progress(connection, code)
    if code and find(code) is None and here is None:
        raise NoSuchPageError("regions.unknown")
    parts = [_head(asked, code), _search(asked, code)]
    if here is None:
        return [*parts, _nothing_planned(asked, code)]
    parts.append(_numbers(connection, asked, here))
    if here.level == Level.VILLAGE:
        parts.append(regions_stations.panel(connection, asked, code))
    else:
        below = region_views.children(connection, code)
        parts.append(regions_picture.columns(connection, asked, here, below))
        parts.append(regions_children.panel(connection, asked, here, below))
    parts.append(regions_materials.panel(connection, asked, code))
    parts.append(regions_picture.arrivals(connection, asked, here))
    return parts


def _code(asked: Asked) -> str:
    if len(asked.path) > 1:
        raise NoSuchPageError("regions.unknown")
    return asked.path[0] if asked.path else ""


def name_of(asked: Asked, code: str) -> str:
    """What people call a region; its code where the list does not have it (yet)."""
    if not code:
        return asked.t("regions.nation")
    region = find(code)
    return region.name if region else code


def _head(asked: Asked, code: str) -> html.Div:
    region = find(code) if code else None
    return html.Div(
        [
            crumbs(asked, code),
            html.H1(name_of(asked, code)),
            html.P(_kind(asked, code, region), className="lead"),
        ]
    )


def crumbs(asked: Asked, code: str) -> html.Nav:
    """The way from the nation down; each step a link but the last."""
    steps: list[Component] = [link(asked.t("regions.nation"), PAGE)]
    steps += [link(region.name, PAGE, region.code) for region in path(code)[:-1]] if code else []
    here = html.Span(name_of(asked, code), **named(aria_current="page"))
    return html.Nav(
        [*(steps if code else []), here],
        className="crumbs",
        **named(aria_label=asked.t("regions.way")),
    )


def _kind(asked: Asked, code: str, region: Region | None) -> str:
    if not code:
        return asked.t("regions.nation.lead")
    if region is None:
        return asked.t("regions.lead.unlisted", code=code)
    return asked.t("regions.lead", kind=region.kind, code=code, zone=region.tz.name)


def _search(asked: Asked, code: str) -> html.Div:
    wanted = asked.query.get("q", "")[:SEARCH_LONGEST].strip()
    form = html.Form(
        [
            html.Label(
                [asked.t("regions.search"),
                 dcc.Input(name="q", type="search", value=wanted, size="40",
                           placeholder=asked.t("regions.search.hint"))]
            ),
            html.Button(asked.t("regions.search.go"), type="submit"),
        ],
        className="filters",
        action=address(PAGE, *([code] if code else [])),
        method="GET",
        role="search",
    )  # fmt: skip
    return html.Div([form, *([_found(asked, wanted)] if wanted else [])])


def _found(asked: Asked, wanted: str) -> Component:
    found = search(wanted, limit=FOUND_AT_MOST)
    if not found:
        return empty(asked.t, "regions.search.nothing")
    rows = [
        [link(region.name, PAGE, region.code), region.kind, html.Code(region.code), _above(region)]
        for region in found
    ]
    heads = ["regions.region", "regions.kind", "regions.code", "regions.lies_in"]
    caption = asked.t("regions.search.found", text=wanted)
    return table(caption, [asked.t(head) for head in heads], rows)


def _above(region: Region) -> str:
    return ", ".join(above.name for above in reversed(path(region.code)[:-1]))


def _nothing_planned(asked: Asked, code: str) -> html.Div:
    t = asked.t
    notice = [html.H2(t("regions.empty")), html.P(t("regions.empty.todo"))]
    parts: list[Component] = [html.Div(notice, className="notice empty-region")]
    if code and level_of(code) < Level.VILLAGE:
        parts.append(html.P(link(t("regions.nation"), PAGE)))
    return html.Div(parts)


def _numbers(connection: Connection, asked: Asked, here: Progress) -> html.Div:
    within = region_views.open_discrepancies(connection, here.region_code, Level.NATION)
    open_ones = sum(within.values())
    t, number = asked.t, asked.number
    share = t("regions.of_boxes", share=asked.percent(here.share_pct))
    gaps = link(t("regions.to_discrepancies"), "discrepancies", region=here.region_code)
    return html.Div(
        [
            _card(t("regions.stations"), number(here.stations)),
            _card(t("regions.voters"), number(here.voters)),
            _card(t("regions.boxes"), number(here.boxes)),
            _card(t("regions.at_station"), number(here.at_station), share),
            _card(t("regions.returned"), number(here.returned)),
            _card(t("regions.discrepancies"),
                  [number(open_ones), *([" ", tag(t("regions.open"), "warn")] if open_ones else [])],
                  gaps),
        ],
        className="cards",
    )  # fmt: skip


def _card(words: str, number: object, note: object = None) -> html.Div:
    parts = [html.Span(words), html.Strong(number, className="number")]
    return html.Div([*parts, html.Span(note, className="note")], className="card")
