"""The forms of hand-overs as they are shown, empty or with what is wrong beside each field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from dashboard.auth import signed_in
from dashboard.handover_forms import Form, Sent, field_of
from dashboard.i18n import texts
from dashboard.pages.handovers import form_address
from dashboard.pages.page import address
from dashboard.pages.registry import PAGES
from dashboard.rendering import render
from dashboard.theme import theme_of
from db import handover_offers, manifest_views
from db.manifest_views import Head, UnitRow
from db.pool import Connection
from domain.handovers import Offer
from domain.plan_words import ShipmentStatus
from domain.settings import Dashboard

MEGABYTE = 1024 * 1024
LARGEST_FILE = 10 * MEGABYTE
SHOWN_UNITS = 500
AT_THE_START = (ShipmentStatus.PLANNED, ShipmentStatus.PACKED, ShipmentStatus.SEALED)
NO_FAULTS: Mapping[str, str] = {}


class Answered(NamedTuple):
    """An open offer, and the form that answered it with its faults."""

    offer: Offer
    form: Form = NO_FAULTS
    faults: Mapping[str, str] = NO_FAULTS


class Forms:
    """Both forms."""

    def __init__(self, settings: Dashboard) -> None:
        self._settings = settings

    def offer(
        self,
        request: Request,
        connection: Connection,
        head: Head,
        sent: Sent,
        faults: Mapping[str, str] = NO_FAULTS,
    ) -> Response:
        """The form that offers units."""
        units = manifest_views.units(
            connection, head.manifest_id, limit=SHOWN_UNITS, text=request.query_params.get("unit")
        )
        names = [unit.unit_id for unit in units]
        expected = handover_offers.expected_seals(connection, head.manifest_id, names)
        places = [(head.from_place, head.from_name), (head.to_place, head.to_name)]
        start = head.status in AT_THE_START
        return self._page(
            request,
            head,
            faults,
            title="handover.begin",
            here=form_address(head.manifest_id),
            form=sent.fields,
            rows=[_row(unit, sent, expected[unit.unit_id]) for unit in units],
            places=[(place, name or place) for place, name in places],
            default_place=head.from_place if start else head.to_place,
            total=head.units,
        )

    def answer(
        self, request: Request, connection: Connection, head: Head, answered: Answered
    ) -> Response:
        """The form that takes what was offered; without the giver's readings."""
        offer = answered.offer
        units = offer.offered.units
        expected = handover_offers.expected_seals(connection, head.manifest_id, units)
        rows = [
            {"unit": unit, "expected": expected[unit], "field": field_of(unit)} for unit in units
        ]
        givers = {row.offer_id: row.giver
                  for row in manifest_views.offers(connection, head.manifest_id, 200)}  # fmt: skip
        return self._page(
            request,
            head,
            answered.faults,
            title="handover.answer",
            here=form_address(head.manifest_id, offer.offer_id),
            form=answered.form,
            rows=rows,
            offer=offer,
            giver=givers.get(offer.offer_id, offer.offered_by),
            own=offer.offered_by == signed_in().account.login,
            total=len(rows),
        )

    def _page(
        self, request: Request, head: Head, faults: Mapping[str, str], **values: Any
    ) -> Response:
        account = signed_in().account
        usual: dict[str, Any] = {"offer": None, "own": False, "places": [], "default_place": ""}
        shown = render(
            "handover.html",
            **(usual | values),
            t=texts(account.language),
            theme=theme_of(request.cookies),
            exercise=self._settings.exercise,
            account=account,
            pages=PAGES,
            head=head,
            faults=faults,
            shown=len(values["rows"]),
            largest_mb=LARGEST_FILE // MEGABYTE,
            back=f"{address('manifests', head.manifest_id)}#handover",
        )
        return HTMLResponse(shown, status_code=422 if faults else 200)


def _row(unit: UnitRow, sent: Sent, expected: tuple[str, ...]) -> dict[str, Any]:
    return {
        "unit": unit.unit_id,
        "station": unit.station_id,
        "expected": expected,
        "field": field_of(unit.unit_id),
        "picked": sent.units is None or unit.unit_id in sent.units,
    }
