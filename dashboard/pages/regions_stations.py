"""The stations of a village, with their ballots and boxes."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.pages.page import Asked, link
from dashboard.pages.parts import empty, table, tag
from db import region_views
from db.pool import Connection
from db.region_views import StationRow

HEADS = ("station", "voters", "due", "sent", "received", "boxes", "manifests")
_THERE = {"RECEIVED", "OPENED"}
_TONES = {"LOST": "bad", "HELD": "warn"}


def panel(connection: Connection, asked: Asked, village: str) -> html.Section:
    """The table of the stations."""
    rows = region_views.stations(connection, village)
    title = html.H2(asked.t("regions.stations.title"))
    if not rows:
        return html.Section([title, empty(asked.t, "regions.stations.empty")], className="panel")
    drawn = table(
        asked.t("regions.stations.caption"),
        [asked.t(f"regions.stations.{head}") for head in HEADS],
        [_row(asked, row) for row in rows],
        numbers=(1, 2, 3, 4),
        name="stations",
    )
    return html.Section([title, drawn], className="panel")


def _row(asked: Asked, row: StationRow) -> list[Any]:
    elections = sorted(row.electorate)
    return [
        _station(asked, row),
        _lines(asked, row, 0),
        _lines(asked, row, 1),
        _sent(asked, row.sent, sum(row.electorate[name][1] for name in elections)),
        asked.number(row.received),
        html.Div([_box(asked, box) for box in row.boxes], className="boxes") if row.boxes else None,
        html.Div([link(name, "manifests", name) for name in row.manifests], className="boxes"),
    ]


def _station(asked: Asked, row: StationRow) -> Component:
    number = asked.t("regions.stations.number", number=f"{row.number:03}")
    return html.Div(
        [
            html.Strong(number),
            *([html.Div(row.name)] if row.name else []),
            html.Div(html.Code(row.station_id), className="note"),
            *([tag(asked.t("regions.stations.remote"))] if row.is_3t else []),
        ]
    )


def _lines(asked: Asked, row: StationRow, which: int) -> list[Component]:
    """Voters (0) or ballots due (1), a line an election."""
    return [
        html.Div(
            [html.Span(asked.t(f"regions.election.{name}"), className="note"), " ",
             asked.number(numbers[which])]
        )
        for name, numbers in sorted(row.electorate.items())
    ]  # fmt: skip


def _sent(asked: Asked, sent: int, due: int) -> list[Any]:
    shown: list[Any] = [html.Div(asked.number(sent))]
    if sent and sent < due:
        shown.append(tag(asked.t("regions.state.unsent", number=asked.number(due - sent)), "warn"))
    if sent > due:
        shown.append(tag(asked.t("regions.state.over", number=asked.number(sent - due)), "warn"))
    return shown


def _box(asked: Asked, box: dict[str, Any]) -> Component:
    stage = box["stage"] or "NONE"
    tone: Any = "good" if stage in _THERE else _TONES.get(stage, "")
    election = [asked.t(f"regions.election.{box['election']}"), " "] if box["election"] else []
    return html.Div(
        [link(html.Code(box["unit_id"]), "boxes", box["unit_id"]), " ",
         html.Span(election, className="note"), tag(asked.t(f"regions.stage.{stage}"), tone)]
    )  # fmt: skip
