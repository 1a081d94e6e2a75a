"""From the dot to the box, the seal and the BAST, in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page

from db import accounts
from db.accounts import Role
from tests.browser.conftest import DESK, WALL, Visit, Visitor
from tests.browser.screens import PASSWORD, Operation
from tests.browser.test_reading import CONTRASTS
from tests.support import manifest_scene as scene

BOGOR = (106.87, -6.55)
HOSTILE = '<img src=x onerror="window.hit=1">'
DRAWN = "document.querySelector('main h1, main .notice')"
TOP_OF = "document.getElementById('{}').getBoundingClientRect().top"
CLIPPED = """
[...document.querySelectorAll("h1, h2, .card, .tag, .button, button, #menu summary, nav a")]
  .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline")
  .map((e) => e.textContent)
"""


@pytest.fixture(autouse=True)
def filled(operation: Operation) -> None:
    operation.plan(shipments=3)
    operation.report("TRK-1", *BOGOR)
    operation.report("TRK-2", 106.94, -6.68)
    scene.fill(operation.connection, datetime.now(UTC), planned=55)


def enter(visitor: Visitor, login: str = "sari") -> None:
    """Sign in without waiting for the map, which the pages do not have."""
    visitor.page.goto(f"{visitor.screen.url}/login?next=/manifests")
    visitor.page.fill("#login", login)
    visitor.page.fill("#password", PASSWORD)
    visitor.page.click("button[type=submit]")
    visitor.wait(DRAWN)


def go(visitor: Visitor, address: str) -> None:
    visitor.page.goto(visitor.screen.url + address)
    visitor.wait(DRAWN)


def follow(page: Page, visitor: Visitor, selector: str) -> None:
    page.click(selector)
    visitor.wait(DRAWN)


def test_from_the_dot_to_a_seal_and_the_bast_in_two_clicks(
    visit: Visit, operation: Operation
) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.ask("kawal.live.select('TRK-2')")  # the dot is chosen
    visitor.wait("document.querySelector('#selected .manifest-link')")
    follow(visitor.page, visitor, "#selected .manifest-link")  # one
    assert scene.RECEIVED in visitor.text("main")
    visitor.page.click(".jumps a[href='#units']")  # two: the seals
    visitor.wait(f"Math.abs({TOP_OF.format('units')}) < 300")
    assert scene.FOUND_SEAL in visitor.text("#units")
    visitor.page.click(".jumps a[href='#documents']")  # or: the BAST
    visitor.wait(f"Math.abs({TOP_OF.format('documents')}) < 400")
    assert scene.BAST in visitor.text("#documents")
    visitor.page.click("a[href='/#device=TRK-2']")  # and back
    visitor.wait("window.kawal?.live?.selected === 'TRK-2'")
    visitor.wait("!document.getElementById('selected').hidden")
    visitor.wait("kawal.live.ready && kawal.live.map.getBounds().contains([106.94, -6.68])")


def test_from_a_seal_to_its_box_manifest_and_dot(visit: Visit) -> None:
    visitor = visit()
    enter(visitor)
    go(visitor, "/boxes")
    visitor.page.fill("main input[name=q]", scene.SENT_SEAL)
    follow(visitor.page, visitor, "main button[type=submit]")
    visitor.wait(f"document.querySelector('h1')?.textContent === '{scene.SWAPPED_BOX}'")
    assert f"{scene.SENT_SEAL} tidak ada" in visitor.text("#journey")
    follow(visitor.page, visitor, f"#journey a[href='/manifests/{scene.RECEIVED}']")
    visitor.wait("document.querySelector('h1')?.textContent === 'SJ-0002'")


def test_an_alert_leads_to_the_manifest(visit: Visit, operation: Operation) -> None:
    operation.happen("seal_cut", "TRK-1", numbers={"seal_no": "A-1"})
    visitor = visit()
    visitor.sign_in()
    visitor.wait("document.querySelector('#alert-list .manifest-link')")
    follow(visitor.page, visitor, "#alert-list .manifest-link")
    assert scene.ON_THE_WAY in visitor.text("main")


def test_filters_stay_in_the_address(visit: Visit) -> None:
    visitor = visit()
    enter(visitor)
    visitor.page.fill("input[name=region]", "Kabupaten Bogor")
    visitor.page.select_option("select[name=status]", "RECEIVED")
    visitor.page.click("main button[type=submit]")
    visitor.wait("location.search.includes('status=RECEIVED')")
    visitor.wait("document.querySelectorAll('main tbody tr').length === 1")
    for _ in range(2):  # as it is, and loaded again
        assert visitor.page.input_value("input[name=region]") == "Kabupaten Bogor"
        assert visitor.page.input_value("select[name=status]") == "RECEIVED"
        visitor.page.reload()
        visitor.wait("document.querySelectorAll('main tbody tr').length === 1")
    visitor.page.click("a[href='/manifests'].button")
    visitor.wait("document.querySelectorAll('main tbody tr').length === 50")
    follow(visitor.page, visitor, "main > nav a.button")
    visitor.wait("document.querySelectorAll('main tbody tr').length === 8")


def test_two_people_hand_over(visit: Visit, operation: Operation) -> None:
    accounts.create(operation.connection, "budi", "Budi", PASSWORD, Role.LIAISON)
    sari, budi = visit(), visit()
    enter(sari)
    go(sari, f"/manifests/{scene.ON_THE_WAY}")
    sari.page.click("#handover a.main")
    sari.page.click("button.main")
    sari.wait("document.querySelector('.fault')")
    sari.forgive("422")
    sari.page.check("input[name=listed]")
    sari.page.fill("#number", "BAST/UJI/1")
    sari.page.click("button.main")
    sari.wait(DRAWN)
    assert "Menunggu penerima" in sari.text("#handover")
    assert sari.page.locator("#handover a.main").count() == 1  # only to offer another

    enter(budi, "budi")
    go(budi, f"/manifests/{scene.ON_THE_WAY}")
    budi.page.click("#handover td a.main")
    budi.page.check("input[name=listed]")
    budi.page.fill("[name='seals.KS-3201252003-001-GUB']", "SGL-320125-0101A")
    budi.page.click("button[value=accept]")
    budi.wait(DRAWN)
    assert "Budi" in budi.text("#handover")
    said = budi.text("#custody")
    for words in ("Serah terima", "Sari (sari)", "Budi (budi)", "BAST/UJI/1", "Bacaan berbeda"):
        assert words in said, words


def test_hostile_names_stay_text(visit: Visit, operation: Operation) -> None:
    row = operation.connection.execute(
        "update manifest set surat_jalan_no = %(x)s, vehicle = %(x)s, escort = 'javascript:alert(1)',"
        " carrier = %(x)s where manifest_id = %(id)s returning manifest_id",
        {"x": HOSTILE, "id": scene.ON_THE_WAY},
    ).fetchone()
    assert row is not None
    operation.connection.execute(
        "insert into manifest_unit (manifest_id, unit_id, revision, kind, seals, content_hash)"
        " values (%s, %s, 1, 'BOX', %s, '')",
        (scene.ON_THE_WAY, HOSTILE, ["javascript:alert(1)", HOSTILE]),
    )
    visitor = visit()
    enter(visitor)
    for address in (
        "/manifests",
        f"/manifests/{scene.ON_THE_WAY}",
        f"/handover/{scene.ON_THE_WAY}",
        f"/manifests?q={HOSTILE}",
        f"/boxes?q={HOSTILE}",
    ):
        go(visitor, address)
        assert HOSTILE in visitor.page.content().replace("&lt;", "<").replace("&gt;", ">").replace(
            "&quot;", '"'
        ).replace("&#34;", '"')
        assert visitor.ask("document.querySelectorAll('img').length") == 0
    assert visitor.ask("window.hit") is None
    unsafe = "[...document.links].filter((a) => !a.href.startsWith(location.origin)).length"
    assert visitor.ask(unsafe) == 0


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [WALL, DESK])
def test_every_page_can_be_read(visit: Visit, size: dict[str, int], theme: str) -> None:
    visitor = visit(size)
    cookie = {"name": "kawal_theme", "value": theme, "url": visitor.screen.url}
    visitor.context.add_cookies([cookie])  # type: ignore[list-item]
    enter(visitor)
    for address in (
        "/manifests",
        f"/manifests/{scene.RECEIVED}",
        f"/boxes/{scene.SWAPPED_BOX}",
        f"/handover/{scene.ON_THE_WAY}",
        "/manifests?q=none",
    ):
        go(visitor, address)
        assert visitor.ask("document.documentElement.dataset.theme") == theme
        assert visitor.ask(CLIPPED) == [], address
        assert visitor.ask("document.documentElement.scrollWidth") <= size["width"], address
        faint = [pair for pair in visitor.ask(CONTRASTS) if pair[1] < 4.5]
        assert faint == [], address


def test_both_languages(visit: Visit) -> None:
    visitor = visit()
    enter(visitor)
    go(visitor, f"/manifests/{scene.RECEIVED}")
    assert "Buku penguasaan" in visitor.text("main")
    visitor.page.click("button[value=en]")
    visitor.wait("document.documentElement.lang === 'en'")
    visitor.wait(DRAWN)
    said = visitor.text("main")
    assert "Custody ledger" in said
    assert "Buku penguasaan" not in said


def test_a_printed_manifest_is_a_document(visit: Visit, tmp_path: Path) -> None:
    visitor = visit()
    enter(visitor)
    go(visitor, f"/manifests/{scene.RECEIVED}")
    visitor.page.emulate_media(media="print")
    for gone in (".top", ".jumps", ".actions", "form"):
        assert not visitor.page.locator(gone).first.is_visible(), gone
    assert visitor.page.locator("#documents").is_visible()
    ground = "getComputedStyle(document.body).backgroundColor"
    assert visitor.ask(ground) == "rgb(255, 255, 255)"
    assert visitor.page.pdf(path=tmp_path / "page.pdf").startswith(b"%PDF")


def test_a_sheet_is_checked_against_the_screen(visit: Visit, operation: Operation) -> None:
    row = operation.connection.execute(
        "select hash from custody_head where chain = %s", (scene.ON_THE_WAY,)
    ).fetchone()
    assert row is not None
    where, now = f"/manifests/{scene.ON_THE_WAY}", row[0][:12]
    visitor = visit()
    enter(visitor)
    for query, words in (
        (f"revision=1&head={now}", "Kertas ini sesuai"),
        (f"revision=9&head={now}", "Kertas ini lebih tua"),
        ("revision=1&head=ffffffffffff", "Kertas ini tidak cocok"),
    ):
        go(visitor, f"{where}?{query}")
        assert words in visitor.text(".paper")


def test_the_menu_of_the_operations_screen(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.page.click("#menu summary")
    assert visitor.ask(CLIPPED) == []
    visitor.page.click("#map")
    assert not visitor.page.locator("#menu nav").is_visible()
    visitor.page.click("#menu summary")
    follow(visitor.page, visitor, "#menu a[href='/manifests']")
    assert visitor.text("h1") == "Manifes"
