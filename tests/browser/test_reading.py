"""Languages, themes, sizes and contrast: everybody can read the screen."""

import re
from typing import Any

import pytest

from dashboard import i18n
from domain.positions import Flag
from tests.browser.conftest import WALL, Visit, Visitor
from tests.browser.screens import Operation, until

BOGOR = (106.87, -6.55)
# Visible text and the contrast of each with what lies behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """
(() => {
  const parse = (text) => {
    const numbers = text.match(/[\\d.]+/g).map(Number);
    const scale = text.startsWith("color(") ? 255 : 1;
    return [...numbers.slice(0, 3).map((v) => v * scale), numbers[3] ?? 1];
  };
  const over = (top, below) =>
    top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3]));
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      layers.unshift(parse(getComputedStyle(at).backgroundColor));
    }
    return layers.reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour.map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const seen = { opacityProperty: true, visibilityProperty: true };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    const text = walk.currentNode.textContent.trim();
    if (!text || !element.checkVisibility(seen)) continue;
    if (element.closest(".sr, script, style, .exercise, .maplibregl-map")) continue;
    const below = ground(element);
    const ink = over(parse(getComputedStyle(element).color), below);
    const [high, low] = [light(ink), light(below)].sort((x, y) => y - x);
    found.push([text, (high + 0.05) / (low + 0.05)]);
  }
  return found;
})()
"""
NAMELESS = """
[...document.querySelectorAll("#shell button, #shell input, #shell textarea")]
  .filter((e) => !(e.textContent.trim() || e.labels?.[0]?.textContent.trim()))
  .map((e) => e.outerHTML)
"""
CLIPPED = """
[...document.querySelectorAll("h1, h2, h3, p, button, .number, .time, #data-age")]
  .filter((e) => e.checkVisibility() && !e.closest(".sr") && !e.querySelector(":scope > .sr"))
  .filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline")
  .map((e) => e.textContent)
"""


def show_everything(operation: Operation) -> None:
    operation.plan(shipments=4)
    operation.report("TRK-1", *BOGOR)
    operation.report("TRK-2", 106.9, -6.6, flags=int(Flag.INACCURATE))
    operation.report("TRK-3", 106.95, -6.65, buffered=True)
    operation.happen("seal_cut", "TRK-1", numbers={"seal_no": "A-1"})
    operation.happen("corridor_left", "TRK-2", late_by_s=2580.0, numbers={"outside_m": 2380})
    operation.happen("silence", "TRK-3", numbers={"silent_s": 95.0, "interval_s": 30.0})
    operation.happen("battery_low", "TRK-4", numbers={"battery_pct": 12.0})


def open_all(visitor: Visitor) -> None:
    """Everything that can be opened, opened."""
    visitor.wait("document.querySelectorAll('#alert-list .card').length === 4")
    visitor.page.click("#button-legend")
    visitor.ask("kawal.live.select('TRK-2')")
    visitor.page.keyboard.press("j")
    until(lambda: visitor.page.query_selector("#history li"))


def test_the_language_changes_without_a_reload(visit: Visit, operation: Operation) -> None:
    show_everything(operation)
    visitor = visit()
    visitor.sign_in()
    open_all(visitor)
    visitor.ask("window.same = true")
    assert visitor.text("#kpi-in_transit .label") == "Dalam perjalanan"
    visitor.page.click("#language-en")
    until(lambda: visitor.text("#kpi-in_transit .label") == "In transit")
    until(lambda: "Seal cut in transit" in visitor.text("#alert-list"))
    until(lambda: "2.4 km" in visitor.text("#alert-list"))
    until(lambda: "Fix doubted" in visitor.text("#selected"))
    until(lambda: "Raised" in visitor.text("#history"))
    assert "Moving, heading" in visitor.text("#legend")
    assert visitor.ask("[window.same, document.documentElement.lang].join()") == "true,en"
    visitor.page.reload()
    until(lambda: visitor.text("#kpi-in_transit .label") == "In transit")


def test_both_themes_can_be_read_and_every_control_has_a_name(
    visit: Visit, operation: Operation
) -> None:
    show_everything(operation)
    visitor = visit()
    visitor.sign_in()
    open_all(visitor)
    until(lambda: visitor.markers() == ["TRK-1", "TRK-2", "TRK-3"])
    assert visitor.ask(NAMELESS) == []
    assert too_faint(visitor) == []
    view = visitor.ask("kawal.live.map.getZoom()")
    visitor.page.click("#button-theme")
    visitor.wait("kawal.live.ready && kawal.live.map.getStyle().name === 'kawal-light'")
    assert too_faint(visitor) == []
    until(lambda: visitor.markers() == ["TRK-1", "TRK-2", "TRK-3"])
    assert visitor.ask("kawal.live.map.getZoom()") == view
    visitor.page.reload()
    assert visitor.ask("document.documentElement.dataset.theme") == "light"


def too_faint(visitor: Visitor) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = visitor.ask(CONTRASTS)
    assert len(found) > 80
    return [(text, round(ratio, 2)) for text, ratio in found if ratio < 4.5]


def test_nothing_is_cut_off_and_numbers_are_large_on_the_wall(
    visit: Visit, operation: Operation
) -> None:
    show_everything(operation)
    visitor = visit(WALL)
    visitor.sign_in()
    visitor.wait("document.querySelectorAll('#alert-list .card').length === 4")
    sizes: list[float] = visitor.ask(
        "[...document.querySelectorAll('.kpi .number, #data-age, .clock .time,"
        " .card.is-new .big:not(.name)')].map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert len(sizes) >= 12
    assert min(sizes) >= 28
    for width, height in ((1920, 1080), (1366, 768), (390, 844)):
        visitor.page.set_viewport_size({"width": width, "height": height})
        until(lambda width=width: visitor.ask("innerWidth") == width)  # type: ignore[misc]
        assert visitor.ask("document.documentElement.scrollWidth <= innerWidth"), width
        assert visitor.ask(CLIPPED) == [], width
        if width > 1000:
            assert visitor.ask("document.documentElement.scrollHeight <= innerHeight"), width


# Words that are the same in every language, and names of the people of these tests.
ANY_LANGUAGE = re.compile(r"\b(WIB|WITA|WIT|ID|EN|Sari|Nov|Des|Jan|Natural Earth|km|m)\b")


def without_brackets(text: str) -> str:
    """The text without what stands in brackets, which may hold brackets."""
    inner = re.compile(r"⟦[^⟦⟧]*⟧")
    while inner.search(text):
        text = inner.sub("", text)
    return text


def test_no_text_of_the_page_is_outside_the_catalogue(
    visit: Visit, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every text of the catalogue in brackets, and all data without letters, what is
    left to read on the page without a bracket comes from nowhere."""
    bracketed = {key: f"⟦{text}⟧" for key, text in i18n.catalogue("id").items()}
    monkeypatch.setattr(i18n, "catalogue", lambda _language: bracketed)
    show_everything(operation)
    operation.connection.execute("update facility set name = '1'")
    operation.connection.execute("update shipment set surat_jalan_no = '2'")
    operation.connection.execute("update device set name = '3'")
    visitor = visit()
    visitor.sign_in()
    open_all(visitor)
    texts: list[Any] = visitor.ask(CONTRASTS)
    bare = [without_brackets(ANY_LANGUAGE.sub("", text)) for text, _ in texts]
    bare = [text for text in bare if not re.search(r"TRK-\d|A-1", text)]
    assert [text for text in bare if re.search(r"[A-Za-z]{2}", text)] == []
    assert sum("⟦" in text for text, _ in texts) > 60
