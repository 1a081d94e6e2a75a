"""The sheet on paper: what it says, on how many pages, and where its code leads."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.handover_sheet import latin, qr_address, sheet
from dashboard.i18n import texts
from db.manifest_views import Head, UnitRow

NOW = datetime(2024, 11, 25, 3, tzinfo=UTC)
WHERE = "https://kawal.example/manifests/M-1"
HASH = "0123456789abcdef" * 4


def head(**other: object) -> Head:
    fields: dict[str, object] = dict.fromkeys(Head._fields)
    fields |= {
        "manifest_id": "M-1",
        "revision": 2,
        "surat_jalan_no": "SJ/3201/1",
        "from_place": "GUDANG-BGR",
        "from_name": "Gudang KPU Bogor",
        "from_region": "32.01",
        "to_place": "PPK-1",
        "to_name": "PPK Paniai",
        "to_region": "94.03",
        "planned_departure": NOW,
        "planned_arrival": NOW + timedelta(hours=4),
        "hash": HASH,
        "seq": 4,
    }
    return Head(**(fields | other))  # type: ignore[arg-type]


def unit(number: int, **other: object) -> UnitRow:
    fields: dict[str, object] = dict.fromkeys(UnitRow._fields)
    fields |= {
        "unit_id": f"BOX-{number:04}",
        "kind": "BOX",
        "seals": [f"S-{number}A", f"S-{number}B"],
    }
    return UnitRow(**(fields | other))  # type: ignore[arg-type]


def pages(pdf: bytes) -> list[str]:
    """What is drawn on each page, as the operators of PDF."""
    streams = re.findall(
        rb"/Filter /FlateDecode\n/Length \d+\n>>\nstream\n(.*?)\nendstream", pdf, re.S
    )
    plain = [zlib.decompress(stream) for stream in streams]
    return [text.decode("latin-1") for text in plain if b"BT " in text]


def draw(units: int = 3, language: str = "id", **other: object) -> list[str]:
    rows = [unit(number) for number in range(units)]
    return pages(sheet(head(**other), rows, texts(language), WHERE, NOW))


def test_it_says_who_what_and_when() -> None:
    (page,) = draw()
    for words in ("SJ/3201/1", "PPK Paniai, Kabupaten Paniai, Papua Tengah", "BOX-0002",
                  "S-2A, S-2B", "Yang menerima", "Halaman 1 dari", HASH[:12]):  # fmt: skip
        assert words in page, words


def test_times_name_the_zone_of_their_place() -> None:
    (page,) = draw()
    assert "10.00 WIB" in page  # it leaves Bogor
    assert "16.00 WIT" in page  # and comes to Paniai
    assert "WIT\\)" in page  # in the box of the signature


def test_the_language_of_the_account() -> None:
    (page,) = draw(language="en")
    assert "Handed over by" in page
    assert "Yang menyerahkan" not in page


def test_each_page_has_the_heads_and_says_which_manifest_it_is_of() -> None:
    found = draw(units=120)
    assert len(found) > 3
    assert all("\\(M-1\\)" in page and "Segel terbaca" in page for page in found[:-1])
    assert "".join(found).count("BOX-") == 120
    assert "Yang menerima" in found[-1]


@pytest.mark.parametrize("units", range(20, 42))
def test_the_signatures_stay_on_one_page(units: int) -> None:
    found = draw(units=units)
    assert [page for page in found if "Yang menyerahkan" in page] == [found[-1]]
    assert "Tanda tangan" in found[-1]


def test_the_code_leads_to_the_manifest_as_it_was() -> None:
    assert qr_address(head(), WHERE) == f"{WHERE}?revision=2&head={HASH[:12]}"
    assert qr_address(head(hash=None), WHERE) == f"{WHERE}?revision=2&head="


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Ma’ruf – “Gudang”", 'Ma\'ruf - "Gudang"'),
        ("Łódź", "?ód" + "z"),
        ("مرحبا", "?????"),
        ("é→中", "é>?"),
    ],
)
def test_letters_that_the_font_has_not(text: str, drawn: str) -> None:
    assert latin(text) == drawn


def test_text_of_any_script_and_length_is_drawn() -> None:
    strange = "中文" * 200
    rows = [unit(1, unit_id="X" * 64, seals=["S" * 40] * 30, station_id="مرحبا")]
    drawn = sheet(head(to_name=strange, vehicle="🚚", surat_jalan_no=strange), rows, texts("en"),
                  WHERE, NOW)  # fmt: skip
    assert pages(drawn)
