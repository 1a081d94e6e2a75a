"""Hand-overs by plain forms: one account offers, another reads for itself and answers.

Bad input brings the form back with what was typed and the reason beside the field.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from dashboard.auth import POOL_TIMEOUT_S, signed_in
from dashboard.handover_forms import Sent, read_note, read_offer, read_seals
from dashboard.handover_pages import LARGEST_FILE, MEGABYTE, Answered, Forms
from dashboard.handover_sheet import sheet
from dashboard.i18n import texts
from dashboard.pages.page import address
from db import handover_offers, manifest_views
from db.manifest_views import Head
from db.pool import Connection
from db.views import Pool
from domain.handovers import Offer, OfferError
from domain.settings import Dashboard

LARGEST_BODY = LARGEST_FILE + MEGABYTE
MOST_FIELDS = 2500
MOST_UNITS = 10_000  # of one offer
EMPTY = Sent({}, None, None)
CHUNK = 64 * 1024


def handover_routes(settings: Dashboard, pool: Pool) -> APIRouter:
    """Everything below /handover, and the sheet to print."""
    router = APIRouter()
    desk = _Desk(settings, pool)

    @router.get("/handover/{manifest_id}")
    def offering(request: Request, manifest_id: str) -> Response:
        return desk.show_offer(request, manifest_id)

    @router.post("/handover/{manifest_id}")
    async def offer(request: Request, manifest_id: str) -> Response:
        sent = await _sent(request)
        return await run_in_threadpool(desk.offer, request, manifest_id, sent)

    @router.get("/handover/{manifest_id}/{offer_id}")
    def answering(request: Request, manifest_id: str, offer_id: int) -> Response:
        return desk.show_answer(request, manifest_id, offer_id)

    @router.post("/handover/{manifest_id}/{offer_id}")
    async def answer(request: Request, manifest_id: str, offer_id: int) -> Response:
        sent = await _sent(request)
        return await run_in_threadpool(desk.answer, request, manifest_id, offer_id, sent)

    @router.post("/handover/{manifest_id}/{offer_id}/withdraw")
    def withdraw(manifest_id: str, offer_id: int) -> Response:
        return desk.withdraw(manifest_id, offer_id)

    @router.get("/export/handover/{manifest_id}.pdf")
    def printed(request: Request, manifest_id: str) -> Response:
        return desk.sheet(request, manifest_id)

    return router


async def _sent(request: Request) -> Sent:
    """The form of a request. Raises HTTPException where it is too large to be read."""
    size = request.headers.get("content-length", "")
    if not size.isdigit() or int(size) > LARGEST_BODY:
        raise HTTPException(413, f"file: at most {LARGEST_FILE // MEGABYTE} MB")
    async with request.form(max_files=1, max_fields=MOST_FIELDS) as form:
        digest, too_large = await _digest(form)
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        units = [str(value) for value in form.getlist("unit")]
    return Sent(fields, list(dict.fromkeys(units)), digest, too_large)


async def _digest(form: FormData) -> tuple[str | None, bool]:
    """SHA-256 of the file, which is not kept; and whether it is too large."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return None, False
    if (file.size or 0) > LARGEST_FILE:
        return None, True
    whole = hashlib.sha256()
    while chunk := await file.read(CHUNK):
        whole.update(chunk)
    return whole.hexdigest(), False


class _Desk:
    """What each address does, for who is signed in."""

    def __init__(self, settings: Dashboard, pool: Pool) -> None:
        self._forms, self._pool = Forms(settings), pool

    def show_offer(self, request: Request, manifest_id: str) -> Response:
        """The empty form of an offer."""
        _require_role()
        with self._pool.connection(POOL_TIMEOUT_S) as connection:
            return self._forms.offer(request, connection, _head(connection, manifest_id), EMPTY)

    def offer(self, request: Request, manifest_id: str, sent: Sent) -> Response:
        """Offer what the form says."""
        _require_role()
        account = signed_in().account
        with self._pool.connection(POOL_TIMEOUT_S) as connection:
            head = _head(connection, manifest_id)
            units = manifest_views.units(connection, manifest_id, limit=MOST_UNITS)
            known = [unit.unit_id for unit in units]
            ticked = set(sent.units or ())
            chosen = known if sent.fields.get("whole") else [u for u in known if u in ticked]
            expected = handover_offers.expected_seals(connection, manifest_id, chosen)
            offered, faults = read_offer(
                sent.fields,
                chosen,
                expected,
                manifest_id=manifest_id,
                places=[head.from_place, head.to_place],
                digest=sent.digest,
            )
            if sent.too_large:
                offered, faults = None, {**faults, "file": "handover.fault.file"}
            if offered is None:
                return self._forms.offer(request, connection, head, sent, faults)
            handover_offers.offer(connection, offered, account.login, datetime.now(UTC))
        return _back(manifest_id)

    def show_answer(self, request: Request, manifest_id: str, offer_id: int) -> Response:
        """The form for who takes, or says no; to the giver, how to withdraw."""
        _require_role()
        with self._pool.connection(POOL_TIMEOUT_S) as connection:
            head = _head(connection, manifest_id)
            found = _open_offer(connection, manifest_id, offer_id)
            if found is None:
                return _back(manifest_id)
            return self._forms.answer(request, connection, head, Answered(found))

    def answer(self, request: Request, manifest_id: str, offer_id: int, sent: Sent) -> Response:
        """Accept with what was read, or refuse."""
        _require_role()
        by, now = signed_in().account.login, datetime.now(UTC)
        with self._pool.connection(POOL_TIMEOUT_S) as connection:
            head = _head(connection, manifest_id)
            found = _open_offer(connection, manifest_id, offer_id)
            if found is None:
                return _back(manifest_id)
            units = found.offered.units
            expected = handover_offers.expected_seals(connection, manifest_id, units)
            due = {unit: expected[unit] or found.offered.seals.get(unit, ()) for unit in units}
            reading, (note, bad_note) = read_seals(sent.fields, units, due), read_note(sent.fields)
            faults = {**reading.faults, **bad_note}
            if found.offered_by == by:
                faults = {"form": "handover.fault.same_person"}
            try:
                if sent.fields.get("answer") == "refuse":
                    handover_offers.refuse(connection, offer_id, by, now)
                    return _back(manifest_id)
                if not faults:
                    handover_offers.accept(connection, offer_id, by, reading.seals, now, note=note)
                    return _back(manifest_id)
            except OfferError as error:
                faults = {"form": f"handover.fault.{_KNOWN.get(error.field, 'form')}"}
            return self._forms.answer(
                request, connection, head, Answered(found, sent.fields, faults)
            )

    def withdraw(self, manifest_id: str, offer_id: int) -> Response:
        """Take an offer of one's own back; where that is no longer so, the page shows it."""
        _require_role()
        with self._pool.connection(POOL_TIMEOUT_S) as connection:
            if _open_offer(connection, manifest_id, offer_id) is None:
                return _back(manifest_id)
            try:
                handover_offers.withdraw(
                    connection, offer_id, signed_in().account.login, datetime.now(UTC)
                )
            except OfferError as error:
                raise HTTPException(409, str(error)) from None
        return _back(manifest_id)

    def sheet(self, request: Request, manifest_id: str) -> Response:
        """The sheet as a PDF."""
        account = signed_in().account
        with self._pool.connection(POOL_TIMEOUT_S) as connection:
            head = _head(connection, manifest_id)
            units = manifest_views.units(connection, manifest_id, limit=MOST_UNITS)
        where = f"{request.url.scheme}://{request.url.netloc}{address('manifests', manifest_id)}"
        drawn = sheet(head, units, texts(account.language), where, datetime.now(UTC))
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in manifest_id)
        headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
        return Response(drawn, media_type="application/pdf", headers=headers)


_KNOWN = {"offer_id": "closed", "seals": "unread", "by": "own"}


def _require_role() -> None:
    if not signed_in().account.role.may_handle_alerts:
        raise HTTPException(403, "role: a viewer only looks")


def _head(connection: Connection, manifest_id: str) -> Head:
    head = manifest_views.head(connection, manifest_id, datetime.now(UTC))
    if head is None:
        raise HTTPException(404, f"there is no manifest {manifest_id}")
    return head


def _open_offer(connection: Connection, manifest_id: str, offer_id: int) -> Offer | None:
    """None where somebody has answered it: the page of the manifest says who."""
    offers = handover_offers.offers_open(connection, manifest_id)
    return next((offer for offer in offers if offer.offer_id == offer_id), None)


def _back(manifest_id: str) -> Response:
    return RedirectResponse(f"{address('manifests', manifest_id)}#handover", status_code=303)
