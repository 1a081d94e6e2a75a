"""One manifest on one page: where it is, what it carries, under which seals and papers, and
all that happened to it. The bar of links at the top leads to each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.i18n import Texts
from dashboard.pages import handovers, naming, parts
from dashboard.pages.page import Asked, NoSuchPageError, address, link, named
from db import manifest_views
from db.manifest_views import (
    DiscrepancyRow,
    DocumentRow,
    EventRow,
    Head,
    LineSum,
    ReceiptRow,
    Revision,
    UnitRow,
)
from db.pool import Connection

UNIT_ROWS = 100
EVENT_ROWS = 200
RECEIPT_ROWS = 200
DISCREPANCY_ROWS = 100
KM = 1000
# Columns of a record that say nothing of a manifest.
BOOKKEEPING = frozenset({"content_hash", "import_id", "changed_xid", "revision"})


def draw(connection: Connection, asked: Asked, manifest_id: str) -> list[Component]:
    """The page of a manifest. Raises NoSuchPageError where there is none."""
    head = manifest_views.head(connection, manifest_id, asked.now)
    if head is None:
        raise NoSuchPageError("manifest.unknown")
    text, after = asked.query.get("unit"), asked.query.get("after", "")
    units = manifest_views.units(
        connection, manifest_id, limit=UNIT_ROWS + 1, after=after, text=text
    )
    documents = manifest_views.documents(connection, manifest_id)
    events = manifest_views.custody(connection, manifest_id, EVENT_ROWS)
    receipts = manifest_views.receipts(connection, manifest_id, RECEIPT_ROWS)
    open_ones = manifest_views.discrepancies(connection, manifest_id, DISCREPANCY_ROWS)
    revisions = manifest_views.revisions(connection, manifest_id)
    return [
        _heading(asked, head, open_ones),
        *_paper(asked, head, events),
        _menu(asked, head, documents, receipts, open_ones),
        html.Div([_journey(asked, head), _now(asked, head)], className="columns"),
        _part(asked.t, "lines", _lines(asked, manifest_views.lines(connection, manifest_id))),
        _part(asked.t, "units", *_units(asked, head, units)),
        _part(asked.t, "documents", _documents(asked, head, documents)),
        _part(asked.t, "handover", *handovers.section(connection, asked, head)),
        _part(asked.t, "custody", *_custody(asked, head, events)),
        _part(asked.t, "receipts", _receipts(asked, receipts)),
        _part(asked.t, "discrepancies", discrepancy_table(asked, open_ones, head.to_region)),
        _part(asked.t, "history", _history(connection, asked, head, revisions)),
    ]


def _part(t: Texts, name: str, *inside: Any) -> html.Section:
    return html.Section([html.H2(t(f"manifest.{name}")), *inside], id=name, className="panel")


# --- the head ---


def _heading(asked: Asked, head: Head, open_ones: Sequence[DiscrepancyRow]) -> Component:
    t = asked.t
    tags = [
        naming.status_tag(t, head.status),
        parts.tag(t(f"direction.{head.direction}")),
        parts.tag(t(f"leg.{head.leg}")),
        parts.tag(t("manifest.revision", n=head.revision)),
        *([parts.tag(t("manifests.is_late"), "warn")] if _is_late(asked, head) else []),
        *([parts.tag(t("manifest.flawed"), "bad")] if any(not d.gone_at for d in open_ones)
          else []),
    ]  # fmt: skip
    crumbs = html.Nav(
        [
            link(t("page.manifests"), "manifests"),
            link(naming.region_name(head.to_region[:5]), "manifests", region=head.to_region[:5]),
            html.Span(head.manifest_id),
        ],
        className="crumbs",
    )
    return html.Div(
        [
            crumbs,
            html.Div([html.H1(head.surat_jalan_no or head.manifest_id), *tags], className="titled"),
            _actions(asked, head),
        ],
        className="heading",
    )


def _paper(asked: Asked, head: Head, events: Sequence[EventRow]) -> list[Component]:
    """Whether a printed sheet, whose code led here, is still what the screen says."""
    printed = asked.query.get("head")
    if printed is None:
        return []
    t, revision = asked.t, asked.query.get("revision")
    since = [event.seq for event in events if event.hash.startswith(printed)] if printed else [0]
    if not since:
        return [html.P(t("paper.unknown"), className="paper bad", role="alert")]
    newer = (head.seq or 0) - since[0]
    if newer or revision != str(head.revision):
        return [html.P(t("paper.older", n=asked.number(newer)), className="paper warn")]
    return [html.P(t("paper.same", n=head.revision), className="paper good")]


def _is_late(asked: Asked, head: Head) -> bool:
    expected = max(asked.now, head.eta or asked.now)
    return head.status in manifest_views.UNDER_WAY and expected > head.planned_arrival


def _actions(asked: Asked, head: Head) -> Component:
    t = asked.t
    sheet = html.A(t("manifest.sheet"), href=handovers.sheet_address(head.manifest_id),
                   className="button", download="")  # fmt: skip
    printing = html.Button(t("manifest.print"), type="button", **named(data_print="1"))
    device = [naming.on_map(t, head.device_id)] if head.device_id else []
    return html.Div([*device, sheet, printing], className="actions")


def _menu(
    asked: Asked,
    head: Head,
    documents: Sequence[DocumentRow],
    receipts: Sequence[ReceiptRow],
    open_ones: Sequence[DiscrepancyRow],
) -> Component:
    counts: list[tuple[str, int | None]] = [
        ("lines", None),
        ("units", head.units),
        ("documents", len(documents)),
        ("handover", None),
        ("custody", head.seq or 0),
        ("receipts", len(receipts)),
        ("discrepancies", sum(1 for one in open_ones if one.gone_at is None)),
        ("history", None),
    ]
    return html.Nav(
        [_jump(asked, name, count) for name, count in counts],
        className="jumps",
        **named(aria_label=asked.t("manifest.parts")),
    )


def _jump(asked: Asked, name: str, count: int | None) -> html.A:
    shown = [] if count is None else [html.Span(asked.number(count), className="count")]
    return html.A([asked.t(f"manifest.{name}"), *shown], href=f"#{name}")


def _journey(asked: Asked, head: Head) -> Component:
    t, tz = asked.t, naming.zone_of(head.to_region)
    from_tz = naming.zone_of(head.from_region)
    return html.Section(
        [
            html.H2(t("manifest.journey")),
            html.Div(
                [
                    naming.place(head.from_name, head.from_place, head.from_region),
                    html.Span("→", className="arrow"),
                    naming.place(head.to_name, head.to_place, head.to_region),
                ],
                className="way big",
            ),
            parts.facts(
                [
                    (t("manifest.departure"), parts.when(head.planned_departure, from_tz, t)),
                    (t("manifest.arrival"), parts.when(head.planned_arrival, tz, t)),
                    (t("manifest.mode"), t(f"mode.{head.mode}") if head.mode else None),
                    (t("manifest.vehicle"), head.vehicle),
                    (t("manifest.escort"), head.escort),
                    (t("manifest.carrier"), head.carrier),
                    (t("manifest.shipment"), head.shipment_id),
                    (t("manifest.import"), _import(asked, head)),
                ]
            ),
        ],
        className="panel",
    )


def _import(asked: Asked, head: Head) -> Component:
    at = parts.when(head.imported_at, naming.zone_of(head.to_region), asked.t)
    words = asked.t("manifest.import_of", name=head.import_name, source=head.import_source)
    return html.Div([html.Span(words), html.Small(at)], className="place")


def _now(asked: Asked, head: Head) -> Component:
    t = asked.t
    return html.Section(
        [
            html.H2(t("manifest.now")),
            *_progress(asked, head),
            _received(asked, head),
            *_platform(asked, head),
        ],
        className="panel",
    )


def _progress(asked: Asked, head: Head) -> list[Component]:
    t, tz = asked.t, naming.zone_of(head.to_region)
    if head.device_id is None and head.percent is None:
        return [parts.empty(t, "manifest.no_tracker")]
    if head.percent is None:
        return [parts.empty(t, "manifest.no_progress")]
    words = asked.percent(head.percent)
    span = [parts.when(head.eta_early, tz, t), " – ", parts.when(head.eta_late, tz, t)]
    left = asked.number(round((head.left_m or 0) / KM, 1))
    return [
        html.Div([html.Strong(words, className="number"), parts.bar(head.percent, words)],
                 className="progress"),
        parts.facts(
            [
                (t("manifest.left"), t("unit.km", n=left)),
                (t("manifest.eta"), parts.when(head.eta, tz, t) if head.eta else None),
                (t("manifest.eta_span"), html.Span(span) if head.eta_early else None),
                (t("manifest.fix"), parts.when(head.fix_time, tz, t)),
            ]
        ),
    ]  # fmt: skip


def _received(asked: Asked, head: Head) -> Component:
    t = asked.t
    share = 100 * head.received / head.units if head.units else None
    words = t("manifest.received_of", n=asked.number(head.received), m=asked.number(head.units))
    return html.Div([html.Span(words), parts.bar(share, words)], className="progress")


def _platform(asked: Asked, head: Head) -> list[Component]:
    t, tz = asked.t, naming.zone_of(head.to_region)
    if not head.tracking_no:
        return []
    status = t(f"status.{head.platform_status}") if head.platform_status else None
    said = html.Span([head.platform_word, *([f" ({status})"] if status else [])])
    pairs: list[tuple[str, Any]] = [(t("manifest.tracking_no"), html.Code(head.tracking_no))]
    if head.platform_word:
        pairs.append((t("manifest.platform"), said))
        pairs.append((t("manifest.platform_at"), parts.when(head.platform_at, tz, t)))
    else:
        pairs.append((t("manifest.platform"), t("manifest.platform_silent")))
    return [parts.facts(pairs)]


# --- what it carries ---


def _lines(asked: Asked, lines: Sequence[LineSum]) -> Component:
    t = asked.t
    if not lines:
        return parts.empty(t, "manifest.no_lines")
    names = ("item", "stations", "sent", "received", "short", "damaged", "used", "difference")
    return parts.table(
        t("manifest.lines_caption"),
        [t(f"line.{name}") for name in names],
        [_line(asked, line) for line in lines],
        numbers=set(range(1, len(names))),
    )


def _line(asked: Asked, line: LineSum) -> list[Any]:
    difference = None if line.received is None else line.received - (line.sent or 0)
    damaged = (
        None if line.received is None else (line.damaged_light or 0) + (line.damaged_heavy or 0)
    )
    shown: Any = asked.number(difference)
    if difference:
        shown = parts.tag(f"{'+' if difference > 0 else '−'}{asked.number(abs(difference))}",
                          "warn")  # fmt: skip
    return [
        naming.item(asked.t, line.item, line.election),
        asked.number(line.stations or None),
        asked.number(line.sent),
        asked.number(line.received),
        asked.number(line.short),
        asked.number(damaged),
        asked.number(line.used),
        shown,
    ]


def _units(asked: Asked, head: Head, units: Sequence[UnitRow]) -> list[Component]:
    t = asked.t
    search = html.Form(
        [
            html.Label([t("manifest.find_unit"),
                        dcc.Input(name="unit", value=asked.query.get("unit", ""),
                                  type="search", maxLength=100)]),
            html.Button(t("manifests.apply"), type="submit"),
        ],
        action=f"{address('manifests', head.manifest_id)}#units",
        method="GET",
        className="filters",
    )  # fmt: skip
    if not head.units:
        return [parts.empty(t, "manifest.no_units")]
    if not units:
        return [search, parts.empty(t, "manifest.no_such_unit")]
    names = ("unit", "station", "election", "seals", "stage", "received", "seals_found")
    drawn = parts.table(
        t("manifest.units_caption", n=asked.number(head.units), boxes=asked.number(head.boxes)),
        [t(f"unit_row.{name}") for name in names],
        [_unit(asked, head, unit) for unit in units[:UNIT_ROWS]],
    )
    return [search, drawn, *_more_units(asked, head, units)]


def _unit(asked: Asked, head: Head, unit: UnitRow) -> list[Any]:
    t, tz = asked.t, naming.zone_of(head.to_region)
    inside = [html.Small(t("manifest.inside", parent=unit.parent_id))] if unit.parent_id else []
    moved = [html.Small(t("manifest.elsewhere"))] if unit.elsewhere and unit.stage else []
    return [
        html.Div(
            [link(unit.unit_id, "boxes", unit.unit_id),
             html.Small(t(f"unit_kind.{unit.kind}")), *inside],
            className="place",
        ),
        naming.station(unit.station_number, unit.station_id, unit.region_code),
        t(f"election.{unit.election}") if unit.election else None,
        naming.seals(unit.seals),
        html.Div([naming.stage_tag(t, unit.stage), *moved], className="place"),
        parts.when(unit.received_at, tz, t),
        naming.seals_found(t, unit.seals, unit.seals_found),
    ]  # fmt: skip


def _more_units(asked: Asked, head: Head, units: Sequence[UnitRow]) -> list[Component]:
    t, links = asked.t, []
    here = {"unit": asked.query.get("unit")}
    if asked.query.get("after"):
        first = f"{address('manifests', head.manifest_id, **here)}#units"
        links.append(html.A(t("manifest.first_units"), href=first, className="button"))
    if len(units) > UNIT_ROWS:
        after = {**here, "after": units[UNIT_ROWS - 1].unit_id}
        where = f"{address('manifests', head.manifest_id, **after)}#units"
        links.append(html.A(t("manifests.next", n=UNIT_ROWS), href=where, className="button"))
    return [html.Nav(links, className="actions")] if links else []


# --- papers and what happened ---


def _documents(asked: Asked, head: Head, documents: Sequence[DocumentRow]) -> Component:
    if not documents:
        return parts.empty(asked.t, "manifest.no_documents")
    return document_table(asked, documents, head.to_region)


def document_table(
    asked: Asked, documents: Sequence[Any], region: str, manifests: Mapping[int, Any] | None = None
) -> Component:
    """Papers with who signed them; `manifests`: a link for each row, in a column of its own."""
    t, tz = asked.t, naming.zone_of(region)
    names = ["paper", "number", "issued", "signers", "file"]
    rows = [
        [
            t(f"document.{row.kind}"),
            html.Code(row.number),
            parts.when(row.issued_at, tz, t),
            naming.signers(row.signers),
            _file(t, row),
            *([manifests[n]] if manifests else []),
        ]
        for n, row in enumerate(documents)
    ]
    heads = [t(f"document.{name}") for name in (*names, *(["manifest"] if manifests else []))]
    return parts.table("", heads, rows)


def _file(t: Texts, row: Any) -> Any:
    if not row.sha256:
        return html.Span(t("document.no_file"), className="muted")
    return html.Div(
        [html.Span(t("document.hashed")), naming.short_hash(row.sha256)], className="place"
    )


def _custody(asked: Asked, head: Head, events: Sequence[EventRow]) -> list[Component]:
    t = asked.t
    if not events:
        return [parts.empty(t, "manifest.no_custody")]
    names = ("seq", "step", "time", "where", "signers", "units", "papers", "doubts", "hash")
    note = t("custody.head", seq=asked.number(head.seq or 0))
    drawn = parts.table(
        t("custody.caption", n=asked.number(len(events))),
        [t(f"custody.{name}") for name in names],
        [_event(asked, event, head.to_region) for event in events],
        numbers={0},
    )
    return [html.P([note, " ", naming.short_hash(head.hash)], className="lead"), drawn]


def _event(asked: Asked, event: EventRow, region: str) -> list[Any]:
    t = asked.t
    units = t("custody.units_of", n=asked.number(event.units), m=asked.number(event.units_read))
    return [
        asked.number(event.seq),
        t(f"custody_step.{event.step}"),
        naming.event_time(t, event.event_time, event.region_code or region, event.body),
        naming.place(event.place_name, event.place, event.region_code),
        naming.given_and_taken(t, event.body),
        units,
        naming.papers(event.body),
        naming.doubts(t, event.body),
        html.Div([naming.short_hash(event.hash), html.Small(event.actor)], className="place"),
    ]


def _receipts(asked: Asked, receipts: Sequence[ReceiptRow]) -> Component:
    t = asked.t
    if not receipts:
        return parts.empty(t, "manifest.no_receipts")
    names = ("receipt", "station", "at", "by", "units", "broken", "recorded")
    return parts.table(
        "",
        [t(f"receipt.{name}") for name in names],
        [_receipt(asked, row) for row in receipts],
        numbers={4, 5},
    )


def _receipt(asked: Asked, row: ReceiptRow) -> list[Any]:
    t, tz = asked.t, naming.zone_of(row.station_id)
    broken = parts.tag(asked.number(row.broken), "bad") if row.broken else "0"
    return [
        html.Code(row.receipt_id),
        naming.station(row.station_number, row.station_id, None),
        parts.when(row.received_at, tz, t),
        row.received_by,
        asked.number(row.units),
        broken,
        parts.when(row.recorded_at, tz, t),
    ]


def discrepancy_table(asked: Asked, rows: Sequence[DiscrepancyRow], region: str) -> Component:
    """What does not agree, with who has it and a link to its alert."""
    t = asked.t
    if not rows:
        return parts.empty(t, "manifest.no_discrepancies")
    names = ("what", "severity", "about", "expected", "found", "since", "owner")
    return parts.table(
        "",
        [t(f"flaw.{name}") for name in names],
        [_discrepancy(asked, row, region) for row in rows],
        numbers={3, 4},
    )


def _discrepancy(asked: Asked, row: DiscrepancyRow, region: str) -> list[Any]:
    t, tz = asked.t, naming.zone_of(region)
    words: list[Any] = [html.Span(t(f"rule.{row.kind}"))]
    if row.gone_at:
        words.append(html.Small([t("flaw.gone"), " ", parts.when(row.gone_at, tz, t)]))
    elif row.alert_id:
        words.append(html.Small(html.A(t("flaw.alert"), href=f"/#alert={row.alert_id}")))
    about: list[Any] = [link(row.unit_id, "boxes", row.unit_id)] if row.unit_id else []
    about += [html.Span(row.station_id)] if row.station_id else []
    about += [html.Small(naming.item(t, row.item, row.election))] if row.item else []
    return [
        html.Div(words, className="place"),
        naming.severity_tag(t, row.severity) if not row.gone_at else parts.tag(t("flaw.closed")),
        html.Div(about, className="place") if about else None,
        asked.number(row.expected),
        asked.number(row.found),
        parts.when(row.opened_at, tz, t),
        row.owner,
    ]


# --- where it comes from ---


def _history(
    connection: Connection, asked: Asked, head: Head, revisions: Sequence[Revision]
) -> Component:
    t, tz = asked.t, naming.zone_of(head.to_region)
    if not revisions:
        return parts.empty(t, "manifest.no_history")
    after: Mapping[str, Any] = manifest_views.stored(connection, head.manifest_id)
    rows = []
    for revision in revisions:
        rows.append(
            [
                t("manifest.revision", n=revision.revision),
                parts.when(revision.replaced_at, tz, t),
                f"{revision.source} · {revision.name}",
                _changes(revision.document, after),
            ]
        )
        after = revision.document
    names = ("revision_head", "replaced", "came_by", "changes")
    return parts.table("", [t(f"manifest.{name}") for name in names], rows)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Component]:
    return [
        html.Div([html.Code(name), f" {_said(before[name])} → {_said(after.get(name))}"])
        for name in sorted(before)
        if name not in BOOKKEEPING and before[name] != after.get(name)
    ]


def _said(value: Any) -> str:
    return parts.NOTHING if value is None else str(value)
