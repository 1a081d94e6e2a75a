"""Map and charts of a region: where its boxes are, and when they came."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from dash import dcc, html
from plotly.graph_objects import Figure

from dashboard import figures
from dashboard.figures import Part
from dashboard.pages.page import Asked, address, named
from dashboard.pages.parts import empty, zone_word
from dashboard.region_points import province_points
from db import region_views
from db.pool import Connection
from db.region_views import Progress
from domain.regions import Level, Zone, find

STAGES = ("returned", "at_station", "at_village", "at_district", "at_regency", "before")


def columns(
    connection: Connection, asked: Asked, here: Progress, below: list[Progress]
) -> html.Div:
    """The map beside the stages of the regions below."""
    known = dict(province_points()) if not here.region_code else {}
    known |= region_views.points(connection, here.region_code) if here.region_code else {}
    gaps = region_views.open_discrepancies(connection, here.region_code, Level(here.level + 1))
    marks = [_mark(asked, row, known, gaps) for row in below if row.region_code in known]
    return html.Div([_map(asked, here, marks), _stages(asked, below)], className="columns pictures")


def _map(asked: Asked, here: Progress, marks: list[dict[str, Any]]) -> html.Section:
    title = html.H2(asked.t("regions.map"))
    if not marks:
        return html.Section([title, empty(asked.t, "regions.map.empty")], className="panel")
    told = {
        "marks": marks,
        "province": int(here.region_code[:2]) if here.region_code else None,
        "words": {key: asked.t(f"regions.map.{key}") for key in ("title", "failed")},
    }
    picture = html.Div(className="area-map", **named(data_area_map=json.dumps(told)))
    return html.Section([title, picture, _legend(asked)], className="panel")


def _mark(
    asked: Asked,
    row: Progress,
    known: Mapping[str, tuple[float, float]],
    gaps: Mapping[str, int],
) -> dict[str, Any]:
    lon_deg, lat_deg = known[row.region_code]
    share = asked.percent(row.share_pct)
    count = gaps.get(row.region_code, 0)
    words = asked.t("regions.map.mark", name=_name(row.region_code), share=share,
                    boxes=asked.number(row.boxes))  # fmt: skip
    if count:
        words += " " + asked.t("regions.map.mark.gaps", number=asked.number(count))
    return {
        "name": _name(row.region_code),
        "href": address("regions", row.region_code),
        "lon": round(lon_deg, 4),
        "lat": round(lat_deg, 4),
        "boxes": row.boxes,
        "share": row.share_pct or 0,
        "gaps": count,
        "words": words,
    }


def _legend(asked: Asked) -> html.P:
    return html.P(
        [
            html.Span(className="pie none", **named(aria_hidden="true")),
            asked.t("regions.map.none"),
            html.Span(className="pie half", **named(aria_hidden="true")),
            asked.t("regions.map.half"),
            html.Span(className="pie all", **named(aria_hidden="true")),
            asked.t("regions.map.all"),
            html.Span("!", className="pie gap", **named(aria_hidden="true")),
            asked.t("regions.map.gap"),
        ],
        className="map-key",
    )


def _stages(asked: Asked, below: Sequence[Progress]) -> html.Section:
    title = html.H2(asked.t("regions.stages"))
    parts = [
        Part(asked.t(f"regions.stages.{stage}"), [split(row)[stage] for row in below])
        for stage in STAGES
    ]
    figure = figures.stacked_shares([_name(row.region_code) for row in below], parts)
    return html.Section([title, chart(figure, asked.t("regions.stages.alt"))], className="panel")


def split(row: Progress) -> dict[str, int]:
    """Boxes by the furthest place that they have reached; together they are all boxes."""
    reached = [row.returned, row.at_station, row.at_village, row.at_district, row.at_regency]
    found, passed = {}, 0
    for stage, count in zip(STAGES, [*reached, row.boxes], strict=True):
        found[stage] = max(0, count - passed)
        passed = max(passed, count)
    return found


def arrivals(connection: Connection, asked: Asked, here: Progress) -> html.Section:
    """When the stations received, by the hour."""
    rows = region_views.arrivals(connection, here.region_code)
    title = html.H2(asked.t("regions.arrivals"))
    if not rows:
        return html.Section([title, empty(asked.t, "regions.arrivals.empty")], className="panel")
    tz = zone_of(here.region_code)
    words = asked.t("regions.arrivals.hour"), asked.t("regions.arrivals.sum")
    figure = figures.over_time(
        [row.hour.astimezone(ZoneInfo(tz)) for row in rows], [row.receipts for row in rows], words
    )
    note = html.P(asked.t("regions.arrivals.zone", zone=zone_word(tz)), className="lead")
    return html.Section([title, note, chart(figure, asked.t("regions.arrivals"))],
                        className="panel")  # fmt: skip


def zone_of(code: str) -> str:
    """The time zone of a region; of the nation, that of its capital."""
    region = find(code[:2]) if code else None
    return region.tz if region else Zone.WIB


def chart(figure: Figure, words: str) -> html.Div:
    """A chart that a reader of the screen hears the name of."""
    graph = dcc.Graph(figure=figure, config={"displayModeBar": False, "responsive": True})
    return html.Div(graph, className="chart", role="img", **named(aria_label=words))


def _name(code: str) -> str:
    region = find(code)
    return region.name if region else code
