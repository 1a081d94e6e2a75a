"""Hand-overs over HTTP: plain forms, two accounts, bad input, and the sheet."""

from __future__ import annotations

import hashlib
import html
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from dashboard import handover_pages, handover_routes
from db import accounts, custody
from db.accounts import Role
from tests.browser.screens import PASSWORD, Operation
from tests.integration.dashboard.conftest import SignIn
from tests.support import manifest_scene as scene

FORM = f"/handover/{scene.ON_THE_WAY}"
PAGE = f"/manifests/{scene.ON_THE_WAY}#handover"
BOX = "KS-3201252003-001-GUB"
SEALS = ("SGL-320125-0101A", "SGL-320125-0101B")
ALL_LISTED = {"place": "PPK-CSR", "whole": "1", "listed": "1"}


@pytest.fixture(autouse=True)
def filled(operation: Operation) -> None:
    accounts.create(operation.connection, "budi", "Budi", PASSWORD, Role.LIAISON, language="en")
    scene.fill(operation.connection, datetime.now(UTC), planned=0)


@pytest.fixture
def sari(sign_in: SignIn) -> httpx.Client:
    return sign_in("sari")


@pytest.fixture
def budi(sign_in: SignIn) -> httpx.Client:
    return sign_in("budi")


@pytest.fixture
def offered(sari: httpx.Client, operation: Operation) -> str:
    """The address of one box that Sari offers with both seals typed."""
    fields = {"place": "PPK-CSR", "unit": BOX, f"seals.{BOX}": ", ".join(SEALS)}
    answer = sari.post(FORM, data={**fields, "number": "BAST/1"})
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    return f"{FORM}/{newest(operation)}"


def newest(operation: Operation) -> int:
    row = operation.connection.execute("select max(offer_id) from handover_offer").fetchone()
    assert row is not None
    return int(row[0])


def handovers(operation: Operation) -> list[Any]:
    links = custody.of_manifest(operation.connection, scene.ON_THE_WAY)
    return [link.event for link in links if link.event.step == "HANDOVER"]


def test_two_people_hand_over(offered: str, budi: httpx.Client, operation: Operation) -> None:
    form = budi.get(offered)
    assert form.status_code == 200
    assert "Sari offers 1 units at PPK-CSR." in form.text
    answer = budi.post(offered, data={"answer": "accept", f"seals.{BOX}": ",".join(SEALS)})
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    (event,) = handovers(operation)
    assert event.units == (BOX,)
    assert event.seals == {BOX: SEALS}
    assert [event.released_by.name, event.received_by.name] == ["Sari (sari)", "Budi (budi)"]
    assert [paper.number for paper in event.documents] == ["BAST/1"]
    assert event.doubts == ()


def test_the_taker_does_not_see_what_the_giver_read(
    sari: httpx.Client, budi: httpx.Client, operation: Operation
) -> None:
    sari.post(FORM, data={"place": "PPK-CSR", "unit": BOX, f"seals.{BOX}": "GIVER-READ-1"})
    offer_id = newest(operation)
    shown = budi.get(f"{FORM}/{offer_id}").text
    assert SEALS[0] in shown
    assert "GIVER-READ-1" not in shown
    budi.post(f"{FORM}/{offer_id}", data={"answer": "accept", f"seals.{BOX}": "-"})
    (event,) = handovers(operation)
    assert event.seals == {BOX: ()}
    assert {str(doubt.code) for doubt in event.doubts} == {"READINGS_DIFFER", "SEAL_MISSING"}


def test_nobody_accepts_his_own_offer(
    offered: str, sari: httpx.Client, operation: Operation
) -> None:
    assert "Anda yang menawarkan" in sari.get(offered).text
    answer = sari.post(offered, data={"answer": "accept", "listed": "1"})
    assert answer.status_code == 422
    assert "Serah terima memerlukan dua orang" in answer.text
    assert handovers(operation) == []


def test_an_offer_is_refused_or_withdrawn(
    offered: str, sari: httpx.Client, budi: httpx.Client, operation: Operation
) -> None:
    assert budi.post(f"{offered}/withdraw", data={"x": ""}).status_code == 409
    assert sari.post(f"{offered}/withdraw", data={"x": ""}).status_code == 303
    again = budi.post(offered, data={"answer": "refuse"})  # nothing is open: the page says why
    assert (again.status_code, again.headers["location"]) == (303, PAGE)
    sari.post(FORM, data=ALL_LISTED)
    offer_id = int(offered.rpartition("/")[2]) + 1
    assert budi.post(f"{FORM}/{offer_id}", data={"answer": "refuse"}).status_code == 303
    outcomes = operation.connection.execute(
        "select outcome, closed_by from handover_offer order by offer_id"
    ).fetchall()
    assert outcomes == [("WITHDRAWN", "sari"), ("REFUSED", "budi")]


def test_all_units_as_listed(sari: httpx.Client, operation: Operation) -> None:
    assert sari.post(FORM, data=ALL_LISTED).status_code == 303
    row = operation.connection.execute("select units, seals from handover_offer").fetchone()
    assert row is not None
    assert len(row[0]) == 9
    assert row[1][BOX] == list(SEALS)
    assert "KRT-01" not in row[1]  # a carton without seals needs no reading


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"place": "PPK-CSR", "listed": "1"}, "Choose at least one unit"),
        ({"place": "ELSEWHERE", "whole": "1", "listed": "1"}, "Choose a place of the list"),
        ({"place": "PPK-CSR", "unit": BOX}, "Type the seals that you read"),
        ({"place": "PPK-CSR", "unit": BOX, f"seals.{BOX}": "S" * 41}, "These are no seal numbers"),
        (ALL_LISTED | {"number": "N" * 500}, "This number is too long"),
        (ALL_LISTED | {"note": "\x07"}, "The note is too long"),
        ({"place": "PPK-CSR", "unit": "KS-OF-OTHERS", "listed": "1"}, "Choose at least one unit"),
    ],
)
def test_bad_input_comes_back_with_the_reason(
    budi: httpx.Client, operation: Operation, fields: dict[str, str], said: str
) -> None:
    answer = budi.post(FORM, data=fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert operation.connection.execute("select 1 from handover_offer").fetchall() == []


def test_what_was_typed_is_kept_and_stays_text(budi: httpx.Client) -> None:
    hostile = '"><img src=x onerror=alert(1)>'
    fields = {"place": "PPK-CSR", "unit": BOX, "number": hostile, "note": hostile}
    answer = budi.post(FORM, data=fields)
    assert hostile not in answer.text
    assert answer.text.count(html.escape(hostile, quote=True).replace("&quot;", "&#34;")) == 2


def test_the_hash_of_a_file_is_kept_and_not_the_file(
    sari: httpx.Client, operation: Operation
) -> None:
    scan = b"%PDF-1.7 signed"
    fields = {**ALL_LISTED, "number": "BAST/9"}
    answer = sari.post(FORM, data=fields, files={"file": ("bast.pdf", scan)})
    assert answer.status_code == 303
    row = operation.connection.execute("select document from handover_offer").fetchone()
    assert row is not None
    assert row[0]["sha256"] == hashlib.sha256(scan).hexdigest()


def test_a_file_without_its_number_and_one_that_is_too_large(
    budi: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = {"file": ("bast.pdf", b"x" * 2000)}
    assert "A file needs the number" in budi.post(FORM, data=ALL_LISTED, files=file).text
    monkeypatch.setattr(handover_routes, "LARGEST_FILE", 1000)
    answer = budi.post(FORM, data={**ALL_LISTED, "number": "B"}, files=file)
    assert (answer.status_code, "The file is too large" in answer.text) == (422, True)
    monkeypatch.setattr(handover_routes, "LARGEST_BODY", 1000)
    assert budi.post(FORM, data=ALL_LISTED, files=file).status_code == 413
    assert handover_pages.LARGEST_FILE <= 10 * 1024 * 1024


def test_a_viewer_only_looks_and_others_sign_in(
    sign_in: SignIn, anybody: httpx.Client, offered: str
) -> None:
    tamu = sign_in("tamu")
    assert tamu.get(FORM).status_code == 403
    assert tamu.post(FORM, data=ALL_LISTED).status_code == 403
    assert tamu.post(offered, data={"answer": "refuse"}).status_code == 403
    assert anybody.get(FORM).headers["location"].startswith("/login?next=")


def test_another_site_cannot_send_the_form(sari: httpx.Client, operation: Operation) -> None:
    answer = sari.post(FORM, data=ALL_LISTED, headers={"Origin": "http://elsewhere.example"})
    assert answer.status_code == 403
    assert operation.connection.execute("select 1 from handover_offer").fetchall() == []


def test_what_is_not_there(sari: httpx.Client) -> None:
    assert sari.get("/handover/M-404").status_code == 404
    assert sari.get(f"{FORM}/404").headers["location"] == PAGE
    assert sari.get("/export/handover/M-404.pdf").status_code == 404


def test_the_sheet_is_a_pdf(sari: httpx.Client) -> None:
    answer = sari.get(f"/export/handover/{scene.ON_THE_WAY}.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert f'filename="{scene.ON_THE_WAY}.pdf"' in answer.headers["content-disposition"]
    assert answer.content.startswith(b"%PDF-")
