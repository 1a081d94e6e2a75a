"""`/manifests`: all manifests, narrowed by the address; below it, each by its id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.i18n import Texts
from dashboard.pages import manifest, naming, parts
from dashboard.pages.page import Asked, NoSuchPageError, Page, address
from db import manifest_views
from db.manifest_views import Listed, Place, Totals, Wanted
from db.pool import Connection
from domain import regions
from domain.manifest_words import Leg
from domain.plan_words import Direction, ShipmentStatus

PAGE_ROWS = 50
LONGEST = 100  # characters of a search
SHOWN = ("late", "flawed")
NARROWING = ("q", "region", "status", "leg", "direction", "show")
BY_SHIPMENT = "of-shipment"


class Meant(NamedTuple):
    """What was typed as a region: the one it is taken for, and others that it may mean."""

    text: str
    code: str | None
    others: Sequence[regions.Region] = ()


def draw(connection: Connection, asked: Asked) -> list[Component]:
    """The list, or the manifest that the path names."""
    match asked.path:
        case ():
            return _list(connection, asked)
        case (name, shipment_id) if name == BY_SHIPMENT:
            found = manifest_views.newest_of_shipment(connection, shipment_id)
            if found is None:
                raise NoSuchPageError("manifests.no_shipment")
            return manifest.draw(connection, asked, found)
        case (manifest_id,):
            return manifest.draw(connection, asked, manifest_id)
    raise NoSuchPageError("page.nothing_here")


def _list(connection: Connection, asked: Asked) -> list[Component]:
    place = find_place(asked.query.get("region", ""))
    wanted = _wanted(asked, place)
    totals, rows = manifest_views.listed(
        connection, wanted, asked.now, limit=PAGE_ROWS + 1, after=_after(asked.query.get("after"))
    )
    return [
        html.Div(
            [html.H1(asked.t("page.manifests")), html.P(asked.t("manifests.lead"))],
            className="heading",
        ),
        _filters(asked, place),
        *_meant(asked, place),
        _cards(asked, totals),
        _table(asked, rows[:PAGE_ROWS]) if rows else _empty(asked),
        *_onward(asked, rows),
    ]


# --- what is asked for ---


def find_place(text: str) -> Meant:
    """The region that a code or a name means; no code where there is none of it."""
    words = text.strip()[:LONGEST]
    if not words:
        return Meant("", None)
    try:
        code = regions.normalise(words)
    except ValueError:
        found = regions.search(words, limit=6)
        return Meant(words, found[0].code if found else words, found[1:])
    return Meant(words, code)


def _wanted(asked: Asked, place: Meant) -> Wanted:
    query = asked.query
    return Wanted(
        text=query.get("q", "").strip()[:LONGEST] or None,
        region=place.code,
        status=_one_of(ShipmentStatus, query.get("status")),
        leg=_one_of(Leg, query.get("leg")),
        direction=_one_of(Direction, query.get("direction")),
        flawed=query.get("show") == "flawed",
        late=query.get("show") == "late",
    )


def _one_of(words: Any, value: str | None) -> str | None:
    return value if value in {str(word) for word in words} else None


def _after(text: str | None) -> Place | None:
    """Where the page before ended; from the beginning where that cannot be read."""
    found = re.fullmatch(r"([0-9])_(-?[0-9]{1,12}(?:\.[0-9]{1,6})?)_(.+)", text or "")
    return Place(int(found[1]), float(found[2]), found[3]) if found else None


# --- filters ---


def _filters(asked: Asked, place: Meant) -> Component:
    t, query = asked.t, asked.query
    return html.Form(
        [
            _field(t("manifests.search"), _text("q", query.get("q", "")), "wide"),
            _field(
                t("manifests.region"),
                html.Div([_text("region", place.text, "regions"), _provinces()]),
            ),
            _choice(t, "status", ShipmentStatus, query.get("status")),
            _choice(t, "leg", Leg, query.get("leg")),
            _choice(t, "direction", Direction, query.get("direction")),
            _choice(t, "show", SHOWN, query.get("show")),
            html.Div(
                [
                    html.Button(t("manifests.apply"), type="submit", className="main"),
                    html.A(t("manifests.clear"), href="/manifests", className="button"),
                ],
                className="actions",
            ),
        ],
        action="/manifests",
        method="GET",
        className="filters panel",
        role="search",
    )


def _field(words: str, control: Any, kind: str = "") -> html.Label:
    return html.Label([words, control], className=kind)


def _text(name: str, value: str, choices: str | None = None) -> Component:
    more: dict[str, Any] = {"list": choices} if choices else {}
    return dcc.Input(name=name, value=value, type="search", maxLength=LONGEST, **more)


def _provinces() -> html.Datalist:
    names = [html.Option(value=region.name) for region in regions.children()]
    return html.Datalist(names, id="regions")


def _choice(t: Texts, name: str, values: Any, chosen: str | None) -> html.Label:
    prefix = "manifests.show" if name == "show" else name
    options = [html.Option(t("manifests.any"), value="")]
    for value in values:
        picked: dict[str, Any] = {"selected": "selected"} if value == chosen else {}
        options.append(html.Option(t(f"{prefix}.{value}"), value=str(value), **picked))
    return _field(t(f"manifests.by_{name}"), html.Select(options, name=name))


def _meant(asked: Asked, place: Meant) -> list[Component]:
    """Which region was taken, with those above it and others of that name."""
    if not place.code:
        return []
    t, path = asked.t, regions.path(place.code)
    if not path:
        return [html.P(t("manifests.no_region", text=place.text), className="empty")]
    steps = [html.A(region.name, href=_changed(asked, region=region.code)) for region in path]
    others = [
        html.A(naming.region_name(region.code), href=_changed(asked, region=region.code))
        for region in place.others
    ]
    also = [html.Span([t("manifests.also"), " ", *_listed(others)])] if others else []
    return [
        html.Div([html.Nav(steps, className="crumbs"), *also], className="meant"),
    ]


def _listed(links: Sequence[Component]) -> list[Any]:
    return [part for one in links for part in (one, " · ")][:-1]


def _changed(asked: Asked, **changes: str) -> str:
    """The same list with something else asked for, from its beginning."""
    kept = {name: asked.query.get(name, "") for name in NARROWING}
    return address("manifests", **(kept | changes))


# --- what is there ---


def _cards(asked: Asked, totals: Totals) -> Component:
    t = asked.t
    cards = [
        (t("manifests.total"), totals.manifests, "", None),
        (t("manifests.on_the_way"), totals.on_the_way, "", _changed(asked, status="IN_TRANSIT")),
        (t("manifests.arrived"), totals.arrived, "", None),
        (t("manifests.late"), totals.late, "is-warn", _changed(asked, show="late")),
        (t("manifests.flawed"), totals.flawed, "is-bad", _changed(asked, show="flawed")),
    ]
    return html.Div(
        [_card(asked, words, count, kind, where) for words, count, kind, where in cards],
        className="cards",
    )


def _card(asked: Asked, words: str, count: int, kind: str, where: str | None) -> Component:
    inside = [
        html.Span(words, className="label"),
        html.Span(asked.number(count), className="number"),
    ]
    name = f"card {kind if count else ''}".strip()
    if where is None or not count:
        return html.Div(inside, className=name)
    return html.A(inside, href=where, className=name)


def _table(asked: Asked, rows: Sequence[Listed]) -> Component:
    t = asked.t
    heads = [
        t("manifests.paper"),
        t("manifests.way"),
        t("manifests.leg"),
        t("manifests.boxes"),
        t("manifests.status"),
        t("manifests.planned"),
        t("manifests.expected"),
        t("manifests.open"),
    ]
    drawn = parts.table(
        t("manifests.caption"), heads, [_row(asked, row) for row in rows], numbers={3, 7}
    )
    return html.Section(drawn, className="panel")


def _row(asked: Asked, row: Listed) -> list[Any]:
    t, tz = asked.t, naming.zone_of(row.to_region)
    where = address("manifests", row.manifest_id)
    mode = t(f"mode.{row.mode}") if row.mode else ""
    late = [parts.tag(t("manifests.is_late"), "warn")] if row.late else []
    open_ones = parts.tag(asked.number(row.discrepancies), "bad") if row.discrepancies else "0"
    return [
        html.Div(
            [
                html.A(row.surat_jalan_no or row.manifest_id, href=where),
                html.Small(row.manifest_id),
            ],
            className="place",
        ),
        html.Div(
            [
                naming.place(row.from_name, row.from_place, row.from_region),
                html.Span("→", className="arrow"),
                naming.place(row.to_name, row.to_place, row.to_region),
            ],
            className="way",
        ),
        html.Div(
            [
                html.Span(t(f"leg.{row.leg}")),
                html.Small(" · ".join(filter(None, (t(f"direction.{row.direction}"), mode)))),
            ],
            className="place leg",
        ),
        asked.number(row.boxes),
        html.Div([naming.status_tag(t, row.status), *late], className="tags"),
        parts.when(row.planned_arrival, tz, t),
        _expected(asked, row, tz),
        open_ones,
    ]


def _expected(asked: Asked, row: Listed, tz: str) -> Any:
    if row.percent is None:
        return None
    way = parts.bar(row.percent, asked.percent(row.percent))
    return html.Div([parts.when(row.eta, tz, asked.t), way], className="place")


def _empty(asked: Asked) -> Component:
    t = asked.t
    narrowed = any(asked.query.get(name) for name in (*NARROWING, "after"))
    key = "manifests.none_fit" if narrowed else "manifests.none"
    return html.Div([html.H2(t(key)), html.P(t(f"{key}.todo"))], className="notice")


def _onward(asked: Asked, rows: Sequence[Listed]) -> list[Component]:
    t, links = asked.t, []
    if asked.query.get("after"):
        links.append(html.A(t("manifests.first"), href=_changed(asked), className="button"))
    if len(rows) > PAGE_ROWS:
        last = rows[PAGE_ROWS - 1]
        where = "_".join(map(str, last.place))
        words = t("manifests.next", n=PAGE_ROWS)
        links.append(html.A(words, href=_changed(asked, after=where), className="button"))
    return [html.Nav(links, className="actions")] if links else []


PAGE = Page("manifests", "page.manifests", draw)
