"""The hand-overs of a manifest on its page; their forms are in dashboard/handover_routes.py."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.i18n import Texts
from dashboard.pages import naming, parts
from dashboard.pages.page import Asked
from dashboard.pages.parts import Tone
from db import manifest_views
from db.manifest_views import Head, OfferRow
from db.pool import Connection

SHOWN = 20
OUTCOME_TONES: dict[str, Tone] = {"ACCEPTED": "good", "REFUSED": "bad"}


def form_address(manifest_id: str, offer_id: int | None = None, action: str = "") -> str:
    """Where a hand-over of a manifest is offered, or one that was offered is answered."""
    offer = "" if offer_id is None else f"/{offer_id}"
    return f"/handover/{quote(manifest_id, safe='')}{offer}{f'/{action}' if action else ''}"


def sheet_address(manifest_id: str) -> str:
    """Where the sheet to print and sign is."""
    return f"/export/handover/{quote(manifest_id, safe='')}.pdf"


def section(connection: Connection, asked: Asked, head: Head) -> list[Component]:
    """What was offered, with what the reader may do about it."""
    t, rows = asked.t, manifest_views.offers(connection, head.manifest_id, SHOWN)
    names = ("offer", "place", "units", "paper", "giver", "outcome", "do")
    drawn = parts.table(
        "",
        [t(f"handover.{name}") for name in names],
        [_offer(asked, head, row) for row in rows],
        numbers={0, 2},
    )
    return [
        html.P(t("handover.lead"), className="lead"),
        drawn if rows else parts.empty(t, "handover.none"),
        *_offering(asked, head),
    ]


def _offering(asked: Asked, head: Head) -> list[Component]:
    if not asked.account.role.may_handle_alerts or not head.units:
        return []
    where = form_address(head.manifest_id)
    words = asked.t("handover.begin")
    return [html.Div(html.A(words, href=where, className="button main"), className="actions")]


def _offer(asked: Asked, head: Head, row: OfferRow) -> list[Any]:
    t, tz = asked.t, naming.zone_of(head.to_region)
    paper = row.document or {}
    given = html.Div(
        [html.Span(row.giver), html.Small(parts.when(row.offered_at, tz, t))], className="place"
    )
    return [
        asked.number(row.offer_id),
        naming.place(row.place_name, row.place),
        asked.number(row.units),
        html.Code(paper["number"]) if paper else None,
        given,
        _outcome(t, row, tz),
        _do(asked, head, row),
    ]


def _outcome(t: Texts, row: OfferRow, tz: str) -> Component:
    if row.outcome is None:
        return parts.tag(t("handover.open"), "warn")
    return html.Div(
        [
            parts.tag(t(f"outcome.{row.outcome}"), OUTCOME_TONES.get(row.outcome, "")),
            html.Small([f"{row.closed_by} · ", parts.when(row.closed_at, tz, t)]),
        ],
        className="place",
    )


def _do(asked: Asked, head: Head, row: OfferRow) -> Any:
    if row.outcome is not None or not asked.account.role.may_handle_alerts:
        return None
    t = asked.t
    if row.offered_by == asked.account.login:
        return html.Form(
            [
                dcc.Input(type="hidden", name="language", value=t.language),
                html.Button(t("handover.withdraw"), type="submit"),
            ],
            action=form_address(head.manifest_id, row.offer_id, "withdraw"),
            method="POST",
        )
    where = form_address(head.manifest_id, row.offer_id)
    return html.A(t("handover.answer"), href=where, className="button main")
