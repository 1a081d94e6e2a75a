"""The regions right below one, each with its progress; every column can be sorted by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dash import html
from dash.development.base_component import Component

from dashboard.pages.page import Asked, address, link, named
from dashboard.pages.parts import NOTHING, bar, tag
from db import region_views
from db.pool import Connection
from db.region_views import Progress
from domain.regions import Level, find

PAGE = "regions"


class Child(NamedTuple):
    """A region below, with what is known of it."""

    name: str
    progress: Progress
    discrepancies: int


class Column(NamedTuple):
    """A column: the key of its words and of the address, what it sorts by, how it is drawn."""

    key: str
    by: Callable[[Child], Any]
    cell: Callable[[Asked, Child], Any]
    is_number: bool = True


def panel(
    connection: Connection, asked: Asked, here: Progress, below: list[Progress]
) -> html.Section:
    """The table of the regions right below."""
    level = Level(here.level + 1)
    gaps = region_views.open_discrepancies(connection, here.region_code, level)
    rows = ordered(children(below, gaps), asked.query.get("sort", "name"))
    title = asked.t(f"regions.below.{level}")
    return html.Section(
        [html.H2(title), _table(asked, here.region_code, title, rows)], className="panel"
    )


def children(below: list[Progress], gaps: Mapping[str, int]) -> list[Child]:
    """The rows of the table, unsorted."""
    return [Child(_name(row.region_code), row, gaps.get(row.region_code, 0)) for row in below]


def ordered(rows: list[Child], sort: str) -> list[Child]:
    """By a column's key, backwards after a minus; by name where there is no such column."""
    column = _BY_KEY.get(sort.removeprefix("-"), COLUMNS[0])
    by_code = sorted(rows, key=lambda row: row.progress.region_code)
    return sorted(by_code, key=column.by, reverse=sort.startswith("-"))


def _name(code: str) -> str:
    region = find(code)
    return region.name if region else code


def _count(field: str) -> Column:
    return Column(
        field,
        lambda row: getattr(row.progress, field),
        lambda asked, row: asked.number(getattr(row.progress, field)),
    )


def _share(asked: Asked, row: Child) -> Component:
    here = row.progress
    label = asked.t(
        "regions.share.label", done=asked.number(here.at_station), all=asked.number(here.boxes)
    )
    shown = html.Span(asked.percent(here.share_pct), className="number")
    return html.Div([bar(here.share_pct, label), shown], className="share")


def _gaps(asked: Asked, row: Child) -> Any:
    if not row.discrepancies:
        return NOTHING
    count = tag(asked.number(row.discrepancies), "warn")
    return link(count, "discrepancies", region=row.progress.region_code)


COLUMNS = (
    Column(
        "name",
        lambda row: row.name.casefold(),
        lambda _asked, row: link(row.name, PAGE, row.progress.region_code),
        is_number=False,
    ),
    _count("stations"),
    _count("voters"),
    _count("boxes"),
    _count("at_regency"),
    _count("at_district"),
    _count("at_village"),
    Column("share", lambda row: row.progress.share_pct or 0.0, _share, is_number=False),
    _count("returned"),
    Column("discrepancies", lambda row: row.discrepancies, _gaps),
)
_BY_KEY = {column.key: column for column in COLUMNS}


def _table(asked: Asked, code: str, caption: str, rows: list[Child]) -> html.Div:
    sort = asked.query.get("sort", "name")
    heads = [_head(asked, code, column, sort) for column in COLUMNS]
    body = [html.Tr([_cell(asked, column, row) for column in COLUMNS]) for row in rows]
    drawn = html.Table(
        [
            html.Caption(asked.t("regions.below.caption", what=caption), className="sr"),
            html.Thead(html.Tr(heads)),
            html.Tbody(body),
        ]
    )
    return html.Div(drawn, className="scroll sortable")


def _head(asked: Asked, code: str, column: Column, sort: str) -> html.Th:
    active = sort.removeprefix("-") == column.key
    # Numbers begin with the largest, names with A; a second click turns it round.
    first = column.key if column.key == "name" else f"-{column.key}"
    other = first.removeprefix("-") if first.startswith("-") else f"-{first}"
    target = address(PAGE, *([code] if code else []), sort=other if sort == first else first)
    order = ("descending" if sort.startswith("-") else "ascending") if active else "none"
    mark = {"descending": " ▼", "ascending": " ▲", "none": ""}[order]
    return html.Th(
        html.A([asked.t(f"regions.column.{column.key}"), html.Span(mark)], href=target),
        scope="col",
        className="number" if column.is_number else "",
        **named(aria_sort=order),
    )


def _cell(asked: Asked, column: Column, row: Child) -> Component:
    shown = column.cell(asked, row)
    if column.key == "name":
        return html.Th(shown, scope="row")
    return html.Td(shown, className="number" if column.is_number else "")
