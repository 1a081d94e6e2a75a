"""The hand-over sheet: paper for two signatures, with a code that leads back to the screen."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

import segno
from fpdf import FPDF

from dashboard.i18n import Texts
from dashboard.pages.naming import HASH_SHOWN, region_name, zone_of
from dashboard.pages.parts import clock, zone_word
from db.manifest_views import Head, UnitRow

# The fonts that every reader of PDF has draw Latin-1: what lies outside is replaced.
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...",
                        "→": ">", "•": "-"})  # fmt: skip
MARGIN_MM = 14
QR_MM = 34
ROW_MM = 6
WIDTHS_MM = (44, 38, 20, 52, 28)
SIGNATURE_MM = 62


def latin(text: str) -> str:
    """`text` as the fonts can draw it; `?` for letters that they do not have."""
    found = []
    for character in text.translate(_PLAIN):
        if ord(character) < 256:
            found.append(character)
            continue
        base = unicodedata.normalize("NFKD", character)[0]
        found.append(base if ord(base) < 256 else "?")
    return "".join(found)


def qr_address(head: Head, where: str) -> str:
    """The address in the code: the manifest, its revision, and where its ledger ended."""
    asked = {"revision": head.revision, "head": (head.hash or "")[:HASH_SHOWN]}
    return f"{where}?{urlencode(asked)}"


class _Sheet(FPDF):
    """Each page says which manifest it is of, and how many there are."""

    def __init__(self, head: Head, t: Texts) -> None:
        super().__init__(format="A4")
        self._head, self._t = head, t
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(True, margin=MARGIN_MM + 6)
        self.set_title(latin(f"{t('sheet.title')} {head.surat_jalan_no or head.manifest_id}"))

    def header(self) -> None:
        """The name of the paper; the heads of the table from the second page on."""
        number = self._head.surat_jalan_no or self._head.manifest_id
        self.set_font("helvetica", "B", 9)
        self.cell(0, 5, latin(f"{self._t('product.name')} - {self._t('sheet.title')}"))
        self.set_x(MARGIN_MM)
        self.cell(0, 5, latin(f"{number} ({self._head.manifest_id})"), align="R")
        self.ln(8)

    def footer(self) -> None:
        """Page n of m."""
        self.set_y(-MARGIN_MM)
        self.set_font("helvetica", "", 8)
        pages = self._t("sheet.page", n=self.page_no(), m="{nb}")
        self.cell(0, 5, latin(pages), align="C")

    def words(self, name: str, value: str) -> None:
        """A name and its value on a line."""
        self.set_font("helvetica", "", 9)
        self.cell(38, 5, latin(name))
        self.set_font("helvetica", "B", 9)
        self.multi_cell(100, 5, latin(value), align="L", new_x="LMARGIN", new_y="NEXT")


def sheet(head: Head, units: Sequence[UnitRow], t: Texts, where: str, now: datetime) -> bytes:
    """The sheet as PDF, in the language of `t`. `where`: the address of the manifest."""
    pdf = _Sheet(head, t)
    pdf.add_page()
    _top(pdf, head, t, where, now)
    _units(pdf, units, t)
    _signatures(pdf, head, t)
    return bytes(pdf.output())


def _top(pdf: _Sheet, head: Head, t: Texts, where: str, now: datetime) -> None:
    tz = zone_of(head.to_region)
    top = pdf.get_y()
    pdf.set_font("helvetica", "B", 16)
    title = head.surat_jalan_no or head.manifest_id
    pdf.multi_cell(140, 8, latin(title), new_x="LMARGIN", new_y="NEXT")
    pdf.words(t("sheet.from"), _place(head.from_name, head.from_place, head.from_region))
    pdf.words(t("sheet.to"), _place(head.to_name, head.to_place, head.to_region))
    departure = clock(head.planned_departure, zone_of(head.from_region), t.language)
    pdf.words(t("manifest.departure"), departure)
    pdf.words(t("manifest.arrival"), clock(head.planned_arrival, tz, t.language))
    carried = " / ".join(filter(None, (head.vehicle, head.carrier, head.escort)))
    pdf.words(t("manifest.vehicle"), carried or "-")
    pdf.words(t("sheet.revision"), f"{head.revision} / {(head.hash or '-')[:HASH_SHOWN]}")
    pdf.words(t("sheet.printed"), clock(now, tz, t.language))
    below = pdf.get_y()
    code = io.BytesIO()
    segno.make(qr_address(head, where), error="m", micro=False).save(code, kind="png", scale=4)
    left = pdf.w - MARGIN_MM - QR_MM
    pdf.image(code, x=left, y=top, w=QR_MM)
    pdf.set_xy(left - 6, top + QR_MM)
    pdf.set_font("helvetica", "", 7)
    pdf.multi_cell(QR_MM + 6, 3, latin(t("sheet.scan")), align="C")
    pdf.set_y(max(below, pdf.get_y()) + 4)


def _place(name: str | None, place_id: str, region: str) -> str:
    return f"{name or place_id}, {region_name(region)}"


def _units(pdf: _Sheet, units: Sequence[UnitRow], t: Texts) -> None:
    pdf.set_font("helvetica", "B", 10)
    pdf.cell(0, 7, latin(t("sheet.units", n=len(units))), new_x="LMARGIN", new_y="NEXT")
    _heads(pdf, t)
    for unit in units:
        if pdf.will_page_break(ROW_MM):
            pdf.add_page()
            _heads(pdf, t)
        election = t(f"election.{unit.election}") if unit.election else "-"
        _row(pdf, (unit.unit_id, _station(unit), election, ", ".join(unit.seals) or "-", ""))


def _station(unit: UnitRow) -> str:
    if unit.station_number is None or unit.region_code is None:
        return unit.station_id or "-"
    return f"TPS {unit.station_number:03} {region_name(unit.region_code).partition(',')[0]}"


def _heads(pdf: _Sheet, t: Texts) -> None:
    names = ("unit", "station", "election", "seals")
    pdf.set_font("helvetica", "B", 8)
    pdf.set_fill_color(230)
    for width, words in zip(
        WIDTHS_MM, [*(t(f"unit_row.{name}") for name in names), t("sheet.seals_read")], strict=True
    ):
        pdf.cell(width, ROW_MM, latin(words), border=1, fill=True)
    pdf.ln(ROW_MM)


def _row(pdf: _Sheet, cells: Sequence[str]) -> None:
    for width, words in zip(WIDTHS_MM, cells, strict=True):
        shown = latin(words)
        size = 8.0
        pdf.set_font("helvetica", "", size)
        while pdf.get_string_width(shown) > width - 2 and size > 4.5:
            size -= 0.5
            pdf.set_font("helvetica", "", size)
        while len(shown) > 1 and pdf.get_string_width(shown) > width - 2:
            shown = f"{shown[:-4]}..."
        pdf.cell(width, ROW_MM, shown, border=1)
    pdf.ln(ROW_MM)


def _signatures(pdf: _Sheet, head: Head, t: Texts) -> None:
    if pdf.will_page_break(SIGNATURE_MM):
        pdf.add_page()
    pdf.ln(5)
    top, width = pdf.get_y(), (pdf.epw - 8) / 2
    for index, who in enumerate(("sheet.gave", "sheet.took")):
        left = MARGIN_MM + index * (width + 8)
        pdf.rect(left, top, width, SIGNATURE_MM - 12)
        at = t("sheet.signed_at", zone=zone_word(zone_of(head.to_region)))
        lines = [t(who), t("sheet.name"), t("sheet.role"), at]
        for number, words in enumerate(lines):
            pdf.set_xy(left + 3, top + 2 + number * 7)
            pdf.set_font("helvetica", "B" if number == 0 else "", 9)
            pdf.cell(width - 6, 6, latin(words))
        pdf.set_xy(left + 3, top + SIGNATURE_MM - 19)
        pdf.set_font("helvetica", "", 8)
        pdf.cell(width - 6, 5, latin(t("sheet.signature")))
