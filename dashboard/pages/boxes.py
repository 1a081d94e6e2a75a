"""`/boxes`: find a unit by its id, a seal or its station; `/boxes/{unit}`: its whole journey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.i18n import Texts
from dashboard.pages import manifest, naming, parts
from dashboard.pages.page import Asked, NoSuchPageError, Page, link, named
from db import manifest_views
from db.manifest_views import UnitEvent, UnitManifest, UnitNow
from db.pool import Connection
from domain.custody_words import Step

FOUND_ROWS = 50
SEALING = frozenset({Step.SEAL, Step.RESEAL})


class Moment(NamedTuple):
    """A line of the journey. `expected`: the seals that the unit should have had then."""

    at: datetime
    words: Any
    where: Any
    time: Any
    people: Any
    expected: Sequence[str]
    read: Sequence[str] | None
    papers: Any
    doubts: Any
    manifest_id: str


def draw(connection: Connection, asked: Asked) -> list[Component]:
    """The search, or the unit that the path names."""
    match asked.path:
        case ():
            return _search(connection, asked)
        case (unit_id,):
            return _unit(connection, asked, unit_id)
    raise NoSuchPageError("page.nothing_here")


# --- the search ---


def _search(connection: Connection, asked: Asked) -> list[Component]:
    t, text = asked.t, asked.query.get("q", "").strip()[:100]
    found = manifest_views.find_units(connection, text, FOUND_ROWS) if text else []
    if len(found) == 1:
        return _unit(connection, asked, found[0].unit_id)
    heading = html.Div([html.H1(t("page.boxes")), html.P(t("boxes.lead"))], className="heading")
    if not text:
        return [heading, search_form(t, text)]
    if not found:
        none = html.Div(
            [html.H2(t("boxes.none")), html.P(t("boxes.none.todo"))], className="notice"
        )
        return [heading, search_form(t, text), none]
    rows = [
        [
            link(row.unit_id, "boxes", row.unit_id),
            t(f"unit_kind.{row.kind}"),
            naming.station(row.station_number, row.station_id, row.region_code),
            t(f"election.{row.election}") if row.election else None,
        ]
        for row in found
    ]
    heads = [t(f"unit_row.{name}") for name in ("unit", "kind", "station", "election")]
    drawn = html.Section(parts.table(t("boxes.several"), heads, rows), className="panel")
    return [heading, search_form(t, text), drawn]


def search_form(t: Texts, text: str) -> Component:
    """Where a box, seal or station is looked for."""
    return html.Form(
        [
            html.Label(
                [t("boxes.search"), dcc.Input(name="q", value=text, type="search", maxLength=100)],
                className="wide",
            ),
            html.Button(t("boxes.find"), type="submit", className="main"),
        ],
        action="/boxes",
        method="GET",
        className="filters panel",
        role="search",
    )


# --- one unit ---


def _unit(connection: Connection, asked: Asked, unit_id: str) -> list[Component]:
    manifests = manifest_views.unit_manifests(connection, unit_id, asked.now)
    events = manifest_views.unit_events(connection, unit_id)
    if not manifests and not events:
        raise NoSuchPageError("boxes.unknown")
    now = manifest_views.unit(connection, unit_id)
    names = [row.manifest_id for row in manifests]
    region = (now and now.region_code) or (manifests[-1].to_region if manifests else "")
    documents = manifest_views.unit_documents(connection, names)
    flaws = manifest_views.unit_discrepancies(connection, unit_id, names)
    links = {n: link(row.manifest_id, "manifests", row.manifest_id)
             for n, row in enumerate(documents)}  # fmt: skip
    t = asked.t
    return [
        _heading(t, unit_id, now),
        search_form(t, ""),
        html.Div([_where(asked, now, manifests), _what(asked, manifests)],
                 className="columns"),
        _section(t, "journey", _journey(asked, unit_id, manifests, events)),
        _section(t, "manifests", _manifests(asked, manifests)),
        _section(
            t,
            "documents",
            manifest.document_table(asked, documents, region, links)
            if documents
            else parts.empty(t, "manifest.no_documents"),
        ),
        _section(t, "discrepancies", manifest.discrepancy_table(asked, flaws, region)),
    ]  # fmt: skip


def _section(t: Texts, name: str, inside: Any) -> html.Section:
    return html.Section([html.H2(t(f"boxes.{name}")), inside], id=name, className="panel")


def _heading(t: Texts, unit_id: str, now: UnitNow | None) -> Component:
    stage = [naming.stage_tag(t, now.stage)] if now else []
    crumbs = html.Nav([html.A(t("page.boxes"), href="/boxes"), html.Span(unit_id)],
                      className="crumbs")  # fmt: skip
    printing = html.Button(t("manifest.print"), type="button", **named(data_print="1"))
    return html.Div(
        [
            crumbs,
            html.Div([html.H1(unit_id), *stage], className="titled"),
            html.Div(printing, className="actions"),
        ],
        className="heading",
    )


def _where(asked: Asked, now: UnitNow | None, manifests: Sequence[UnitManifest]) -> Component:
    t = asked.t
    if now is None:
        shown: list[Any] = [parts.empty(t, "boxes.no_ledger")]
    else:
        tz = naming.zone_of(now.region_code)
        shown = [
            naming.stage_tag(t, now.stage),
            parts.facts(
                [
                    (t("boxes.at"), naming.place(now.place_name, now.place, now.region_code)
                     if now.place else None),
                    (t("boxes.since"), parts.when(now.since, tz, t)),
                    (t("boxes.seals"), naming.seals(now.seals)),
                    (t("boxes.manifest"), link(now.manifest_id, "manifests", now.manifest_id)),
                ]
            ),
        ]  # fmt: skip
    last = next((row for row in reversed(manifests) if row.device_id), None)
    device = (
        [html.Div(naming.on_map(t, last.device_id), className="actions")]
        if (last and last.device_id)
        else []
    )
    return html.Section([html.H2(t("boxes.now")), *shown, *device], className="panel")


def _what(asked: Asked, manifests: Sequence[UnitManifest]) -> Component:
    t = asked.t
    if not manifests:
        return html.Section(parts.empty(t, "boxes.on_no_manifest"), className="panel")
    row = next((one for one in reversed(manifests) if one.current), manifests[-1])
    return html.Section(
        [
            html.H2(t("boxes.what")),
            parts.facts(
                [
                    (t("unit_row.kind"), t(f"unit_kind.{row.kind}")),
                    (t("unit_row.election"), t(f"election.{row.election}")
                     if row.election else None),
                    (t("unit_row.station"),
                     naming.station(row.station_number, row.station_id, row.region_code)
                     if row.station_id else None),
                    (t("boxes.inside"), link(row.parent_id, "boxes", row.parent_id)
                     if row.parent_id else None),
                    (t("boxes.planned_seals"), naming.seals(row.seals)),
                ]
            ),
        ],
        className="panel",
    )  # fmt: skip


def _manifests(asked: Asked, manifests: Sequence[UnitManifest]) -> Component:
    t = asked.t
    if not manifests:
        return parts.empty(t, "boxes.on_no_manifest")
    names = ("paper", "way", "leg", "status", "planned")
    return parts.table(
        "",
        [t(f"manifests.{name}") for name in names],
        [_manifest(t, row) for row in manifests],
    )


def _manifest(t: Texts, row: UnitManifest) -> list[Any]:
    left_out = [] if row.current else [parts.tag(t("boxes.left_out"), "warn")]
    return [
        html.Div(
            [
                link(row.surat_jalan_no or row.manifest_id, "manifests", row.manifest_id),
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
        html.Div([html.Span(t(f"leg.{row.leg}")), html.Small(t(f"direction.{row.direction}"))],
                 className="place"),
        html.Div([naming.status_tag(t, row.status), *left_out], className="tags"),
        parts.when(row.planned_arrival, naming.zone_of(row.to_region), t),
    ]  # fmt: skip


# --- the journey ---


def _journey(
    asked: Asked, unit_id: str, manifests: Sequence[UnitManifest], events: Sequence[UnitEvent]
) -> Component:
    t = asked.t
    moments = _moments(t, unit_id, manifests, events)
    if not moments:
        return parts.empty(t, "boxes.no_journey")
    names = ("time", "step", "where", "signers", "seals_due", "seals_read", "papers", "doubts")
    return parts.table(
        t("boxes.journey_caption"),
        [t(f"custody.{name}") for name in (*names, "manifest")],
        [_moment(t, moment) for moment in moments],
    )


def _moment(t: Texts, moment: Moment) -> list[Any]:
    return [
        moment.time,
        moment.words,
        moment.where,
        moment.people,
        naming.seals(moment.expected),
        naming.seals_found(t, moment.expected, moment.read)
        if moment.read is not None
        else html.Span(t("seal.not_read"), className="muted"),
        moment.papers,
        moment.doubts,
        link(moment.manifest_id, "manifests", moment.manifest_id),
    ]


def _moments(
    t: Texts, unit_id: str, manifests: Sequence[UnitManifest], events: Sequence[UnitEvent]
) -> list[Moment]:
    """Events of the ledger in the order of time, each with the seals that were due then: those
    of the last sealing, before it those of the manifest."""
    planned = {row.manifest_id: row.seals for row in manifests}
    sealed: Sequence[str] | None = None
    found = []
    for event in events:
        due = planned.get(event.chain, []) if sealed is None else sealed
        if event.step in SEALING and event.seals_read is not None:
            due = due if event.step == Step.SEAL else event.seals_read
            sealed = event.seals_read
        found.append(_of_event(t, unit_id, event, due))
    told = {event.chain for event in events if event.step in (Step.RECEIVE, Step.RETURN)}
    found += [_of_receipt(t, row) for row in manifests
              if row.received_at and row.manifest_id not in told]  # fmt: skip
    return sorted(found, key=lambda moment: moment.at)


def _of_event(t: Texts, unit_id: str, event: UnitEvent, due: Sequence[str]) -> Moment:
    return Moment(
        at=event.event_time,
        time=naming.event_time(t, event.event_time, event.region_code, event.body),
        words=html.Strong(t(f"custody_step.{event.step}")),
        where=naming.place(event.place_name, event.place, event.region_code),
        people=naming.given_and_taken(t, event.body),
        expected=due,
        read=event.seals_read,
        papers=naming.papers(event.body),
        doubts=naming.doubts(t, event.body, unit_id),
        manifest_id=event.chain,
    )


def _of_receipt(t: Texts, row: UnitManifest) -> Moment:
    assert row.received_at is not None  # noqa: S101  (what the caller asked)
    body: Mapping[str, Any] = {}
    broken = [parts.tag(t("seal.broken"), "bad")] if row.seals_intact is False else []
    return Moment(
        at=row.received_at,
        time=naming.event_time(t, row.received_at, row.to_region, dict(body)),
        words=html.Strong(t("boxes.receipt")),
        where=naming.place(row.to_name, row.to_place, row.to_region),
        people=row.received_by,
        expected=row.seals,
        read=row.seals_found,
        papers=None,
        doubts=broken or None,
        manifest_id=row.manifest_id,
    )


PAGE = Page("boxes", "page.boxes", draw)
