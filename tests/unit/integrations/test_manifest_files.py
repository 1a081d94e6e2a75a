"""Manifest files as people really send them."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.manifest_cells import written
from domain.manifest_columns import COLUMNS, Column
from domain.manifest_documents import json_lines, to_document, value_at
from domain.manifest_rows import FileRefusedError, Refused, Row, Taken
from domain.manifest_words import RecordKind
from domain.manifests import AnyRecord
from integrations import json_files, text_files, xlsx_files, zip_files
from integrations.manifest_files import read_document, read_file
from tests.support.manifest_records import MANIFEST, Records, records, sound

LARGEST = 10_000_000
Read = Callable[..., list[Row]]

HEADER = "manifest;line_no;item;election;station;qty"
GOOD = "M-1;{};BALLOT;MAYOR;T-1;512"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads bytes, or text, as a file of that name."""

    def rows(content: bytes | str, name: str = "lines.csv", **options: Any) -> list[Row]:
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return list(read_file(file, **{"largest_bytes": LARGEST, **options}))

    return rows


def taken(rows: Iterable[Row]) -> list[Any]:
    """The records; none may have been refused."""
    rows = list(rows)
    assert [row for row in rows if isinstance(row, Refused)] == []
    return [row.record for row in rows if isinstance(row, Taken)]


def refused(rows: list[Row]) -> Refused:
    """The one row that is refused."""
    (row,) = (row for row in rows if isinstance(row, Refused))
    return row


def lines(*rows: str, header: str = HEADER, end: str = "\r\n") -> str:
    return end.join([header, *rows]) + end


def manifest_csv(**changed: str) -> str:
    values = {name: str(value) for name, value in (MANIFEST | changed).items()}
    return ";".join(values) + "\n" + ";".join(values.values()) + "\n"


# --- dialects ----------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_any_dialect(read: Read, separator: str, end: str, encoding: str) -> None:
    text = lines(GOOD.format(1), "", GOOD.format(2), end=end).replace(";", separator)
    rows = read(text.encode(encoding))
    assert [(row.row_no, row.place) for row in rows] == [(2, "lines.csv:2"), (4, "lines.csv:4")]
    assert [(each.line_no, each.qty, each.election) for each in taken(rows)] == [
        (1, 512, "MAYOR"),
        (2, 512, "MAYOR"),
    ]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;\r\n", ";;;;;"])
def test_a_line_before_the_header(read: Read, first: str) -> None:
    assert len(taken(read(f"{first}\r\n" + lines(GOOD.format(1))))) == 1


def test_windows_1252_and_text_that_was_cut_in_the_middle_of_a_letter(read: Read) -> None:
    old = manifest_csv(carrier="PT Kafé – Ekspedisi").encode("cp1252")
    assert taken(read(old, "manifests.csv"))[0].carrier == "PT Kafé – Ekspedisi"
    # More sound letters than broken: UTF-8, and only the row with the break is refused.
    header, row = manifest_csv(carrier="PT Kafé – Ekspedisi").encode().splitlines()
    cut = row.replace("é".encode(), "é".encode()[:1])
    rows = read(b"\n".join([header, row, row, cut]), "manifests.csv")
    assert isinstance(rows[0], Taken)
    assert rows[0].record.carrier == "PT Kafé – Ekspedisi"  # type: ignore[union-attr]
    assert (refused(rows).row_no, refused(rows).field) == (4, "carrier")
    assert "not text in the encoding" in refused(rows).reason


def test_quotes_and_line_breaks_within_them(read: Read) -> None:
    text = (
        "number;manifest;kind;signer_1_name;signer_2_name\n"
        '"BAST;1";M-1;BAST;"Budi ""Bud""\nSantoso";Siti\n'
        '5" pipa;M-1;BAST;;\n'
        "BAST-3;M-1;BAST;;\n"
    )
    rows = read(text, "documents.csv")
    assert [row.row_no for row in rows] == [2, 4, 5]
    first, second, _ = taken(rows)
    assert (first.number, [each.name for each in first.signers]) == (
        "BAST;1",
        ['Budi "Bud" Santoso', "Siti"],
    )
    assert second.number == '5" pipa'


def test_a_quote_that_is_never_closed_costs_one_row(read: Read) -> None:
    rows = read(lines(GOOD.format(1), 'M-1;2;"INK;;;5', *(GOOD.format(n) for n in range(3, 400))))
    assert (refused(rows).row_no, refused(rows).field) == (3, "(row)")
    assert "not closed" in refused(rows).reason
    assert len(rows) == 399
    assert [row.row_no for row in rows] == list(range(2, 401))


def test_a_quote_within_quotes_must_be_doubled(read: Read) -> None:
    rows = read(lines('M-1;1;INK;;"PT "Pos" Jaya";5', GOOD.format(2)))
    assert "must be doubled" in refused(rows).reason
    assert isinstance(rows[1], Taken)


def test_rows_of_another_length(read: Read) -> None:
    rows = read(lines("M-1;1;INK", GOOD.format(2) + ";;;", GOOD.format(3) + ";extra"))
    short, fits, long = rows
    assert isinstance(short, Refused)
    assert (short.place, short.reason) == ("lines.csv:2", "has 3 of the 6 columns of the header")
    assert isinstance(fits, Taken)
    assert isinstance(long, Refused)
    assert long.reason == "has more than the 6 columns of the header"
    assert long.payload is not None
    assert long.payload["(column 7)"] == "extra"


def test_a_column_without_a_name_may_be_empty(read: Read) -> None:
    rows = read(lines(";" + GOOD.format(1), "x;" + GOOD.format(2), header=";" + HEADER))
    assert isinstance(rows[0], Taken)
    assert (refused(rows).row_no, refused(rows).field) == (3, "(column 1)")
    assert refused(rows).reason == "has a value, and the column has no name"


def test_a_line_without_end_costs_one_row(read: Read) -> None:
    rows = read(lines("x" * (text_files.LINE_CHARS * 2 + 5), GOOD.format(2)))
    assert "is longer than" in refused(rows).reason
    assert rows[1].row_no == 3


def test_nul_bytes_cost_one_row_and_are_not_kept(read: Read) -> None:
    row = refused(read(lines(GOOD.format(1), "M-\0001;2;INK;;;5", GOOD.format(3))))
    assert (row.row_no, row.field, row.record_key) == (
        3,
        "manifest",
        "M-\N{REPLACEMENT CHARACTER}1/2",
    )
    assert "\0" not in json.dumps(row, ensure_ascii=False)


def test_the_payload_is_the_row_as_it_came(read: Read) -> None:
    row = refused(read(lines("M-1;1;INKS;;;5")))
    assert (row.kind, row.record_key, row.field) == ("line", "M-1/1", "item")
    assert row.payload == dict(
        zip(HEADER.split(";"), ["M-1", "1", "INKS", "", "", "5"], strict=True)
    )


def test_all_faults_of_a_row_are_told(read: Read) -> None:
    row = refused(read(lines("M 1;x;INKS;;;-5")))
    assert row.field == "line_no"
    assert {word.split(": ")[0] for word in row.reason.split("; ")[1:]} == {
        "qty",
        "manifest",
        "item",
    }


# --- headings ----------------------------------------------------------------------------


def test_indonesian_headings_and_words(read: Read) -> None:
    text = (
        "Nomor Surat-Jalan;ID;Pengiriman;ARAH;Tahap;Moda;Asal;Tujuan;Kode Wilayah Asal;"
        "wilayah_tujuan;Rencana Berangkat;Rencana Tiba;Pengawalan\n"
        "SJ/1;M-1;S-1;distribusi;Kecamatan;truk;A;B;32.73;32.73.01;"
        "20/11/2024 08.00;20-11-2024 10:30:15;Polrestabes\n"
    )
    (manifest,) = taken(read(text, "export.csv"))
    assert (manifest.surat_jalan_no, manifest.leg, manifest.mode) == ("SJ/1", "DISTRICT", "TRUCK")
    assert manifest.planned_departure == datetime(2024, 11, 20, 1, tzinfo=UTC)
    assert manifest.planned_arrival == datetime(2024, 11, 20, 3, 30, 15, tzinfo=UTC)


def test_faults_are_told_by_the_heading_of_the_file(read: Read) -> None:
    header = "Manifes;No;Jenis Barang;TPS;Jumlah"
    row = refused(read(lines("M-1;1;TINTA;T-1;banyak", header=header)))
    assert (row.field, row.reason) == ("Jumlah", 'must be a whole number, not "banyak"')


@pytest.mark.parametrize(
    "name",
    ["KPU_lines_2024-11-20.csv", "line.csv", "Rincian.csv", "kawal-manifest-lines.csv",
     "data.csv", "LINES (1).csv", "lines2024.txt", "units_lines.csv"],
)  # fmt: skip
def test_the_name_tells_the_kind_or_else_the_header(read: Read, name: str) -> None:
    (row,) = read(lines(GOOD.format(1)), name)
    assert isinstance(row, Taken)
    assert row.kind is RecordKind.LINE


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        ("", "(file)", "empty"),
        ("\n\n", "(header)", "no line"),
        ("a;b;c\n1;2;3\n", "(header)", "no column"),
        (lines(header=HEADER + ";colour"), "colour", "is not a column of a table of line"),
        (lines(header=HEADER + ";electoin"), "electoin", "is not a column of a table of line"),
        (lines(header=HEADER.replace("qty", "qtty")), "qtty", "did you mean qty?"),
        (lines(header=HEADER.replace(";qty", "")), "qty", "must have"),
        (lines(header=HEADER + ";Jumlah"), "Jumlah", 'is given twice (as "qty")'),
        (lines(header=HEADER.replace("item", "")), "item", "must have"),
        ("<html><table>", "(file)", "HTML"),
        (b"%PDF-1.7", "(file)", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "(file)", ".xls"),
        (b"\x1f\x8b\x08\x00", "(file)", "gzip"),
        (b"PK\x03\x04 and no more", "(ZIP)", "broken"),
    ],
)
def test_a_file_that_cannot_be_read(
    read: Read, content: str | bytes, field: str, words: str
) -> None:
    with pytest.raises(FileRefusedError) as caught:
        read(content)
    assert caught.value.field == field
    assert words in caught.value.reason


def test_a_name_and_header_that_tell_nothing(read: Read) -> None:
    with pytest.raises(FileRefusedError, match="neither the name nor the header"):
        read("manifest;revision\nM-1;1\n", "data.csv")


def test_a_file_that_is_too_large(read: Read) -> None:
    with pytest.raises(FileRefusedError, match="at most 0 MB"):
        read(lines(GOOD.format(1)), largest_bytes=10)


# --- cells ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "number"),
    [("512", 512), (" 512 ", 512), ("512,0", 512), ("512.00", 512), ("1.234", 1234),
     ("1,234", 1234), ("1.234,0", 1234), ("1,234.00", 1234), ("1.234.567", 1234567),
     ("1.000.000", 1_000_000), ('"=""512"""', 512), ("'512", 512), ("0", 0), ("0,0", 0)],
)  # fmt: skip
def test_whole_numbers(read: Read, cell: str, number: int) -> None:
    (line,) = taken(read(lines(f"M-1;1;INK;;;{cell}")))
    assert line.qty == number


@pytest.mark.parametrize(
    ("cell", "words"),
    [("1.000", "may mean 1 or 1000"), ("1,000", "may mean"), ("12,5", "whole number"),
     ("1.2345", "whole"), ("-5", "whole"), ("5 lembar", "whole"), ("1e3", "whole"),
     ("1_000", "whole"), ("٥", "whole"), ("1" * 5000, "whole"), ("#N/A", "whole"),
     ("", "is required"), ("2000000000", "less than or equal")],
)  # fmt: skip
def test_what_is_no_whole_number(read: Read, cell: str, words: str) -> None:
    row = refused(read(lines(f"M-1;1;INK;;;{cell}")))
    assert row.field == "qty"
    assert words in row.reason


@pytest.mark.parametrize(
    ("cell", "seals"),
    [("A1|A2", ("A1", "A2")), ("A1 | A2 |", ("A1", "A2")), ("A1 A2", ("A1", "A2")),
     ("A1, A2;A3", ("A1", "A2", "A3")), ("A 1|", ("A 1",)), ('"A1\nA2"', ("A1", "A2")),
     ('"=""001"""', ("001",)), ("'001|002", ("001", "002")), ("A-1", ("A-1",)), ("", ())],
)  # fmt: skip
def test_seals(read: Read, cell: str, seals: tuple[str, ...]) -> None:
    quoted = f'"{cell}"' if ";" in cell else cell
    (unit,) = taken(read(f"manifest;id;kind;seals\nM-1;K-1;kotak;{quoted}\n", "units.csv"))
    assert unit.seals == seals
    assert unit.kind == "BOX"


@pytest.mark.parametrize(
    ("cell", "words"), [("A1 A1", "listed twice"), ("3,27301E+12", "shortened")]
)
def test_seals_that_cannot_be(read: Read, cell: str, words: str) -> None:
    row = refused(read(f"manifest;id;kind;seals\nM-1;K-1;BOX;{cell}\n", "units.csv"))
    assert row.field == "seals"
    assert words in row.reason


@pytest.mark.parametrize(
    ("cell", "code"),
    [("32.73.01", "32.73.01"), ("'32.73", "32.73"), (" 32.73 ", "32.73"), ("32", "32")],
)
def test_regions(read: Read, cell: str, code: str) -> None:
    assert taken(read(manifest_csv(to_region=cell), "manifests.csv"))[0].to_region == code


@pytest.mark.parametrize(
    ("cell", "words"),
    [("32.1", "was read as a number"), ("32,73", "was read as a number"),
     ("32.730", "read as a number"), ("3273", "write 32.73"),
     ("3273011001", "write 32.73.01.1001"), ("Bandung", "Kemendagri"),
     ("32.73.1", "Kemendagri"), ("99.01", "99")],
)  # fmt: skip
def test_regions_that_a_spreadsheet_broke(read: Read, cell: str, words: str) -> None:
    row = refused(read(manifest_csv(to_region=cell), "manifests.csv"))
    assert row.field == "to_region"
    assert words in row.reason


@pytest.mark.parametrize(
    "cell",
    ["20/11/2024 14:05", "20-11-2024 14.05", "2024-11-20 14:05:00", "20.11.2024 14:05",
     "20/11/2024 14:05 WIB", "20/11/2024 15:05 wita", "20/11/2024 16:05:00 WIT",
     "2024-11-20 14:05:00+07:00", "2024-11-20T07:05:00Z"],
)  # fmt: skip
def test_times(read: Read, cell: str) -> None:
    (manifest,) = taken(read(manifest_csv(planned_arrival=cell), "manifests.csv"))
    assert manifest.planned_arrival == datetime(2024, 11, 20, 7, 5, tzinfo=UTC)


def test_a_local_time_is_of_the_place_where_it_is_read_off_the_clock(read: Read) -> None:
    local = {"planned_departure": "20/11/2024 08:00", "planned_arrival": "20/11/2024 12:00"}
    text = manifest_csv(from_region="32.73", to_region="91.03", **local)
    (manifest,) = taken(read(text, "manifests.csv"))
    assert manifest.planned_departure == datetime(2024, 11, 20, 1, tzinfo=UTC)  # WIB
    assert manifest.planned_arrival == datetime(2024, 11, 20, 3, tzinfo=UTC)  # WIT


@pytest.mark.parametrize(
    ("cell", "words"),
    [("20/11/2024", "no time of day"), ("11/20/2024 14:05", "day/month/year"),
     ("45616,5", "no time"), ("besok", "no time"), ("29/02/2023 10:00", "no such time"),
     ("2024-11-20T25:00:00Z", "no such")],
)  # fmt: skip
def test_times_that_cannot_be(read: Read, cell: str, words: str) -> None:
    row = refused(read(manifest_csv(planned_arrival=cell), "manifests.csv"))
    assert row.field == "planned_arrival"
    assert words in row.reason


def test_a_time_whose_zone_nothing_tells_is_refused(read: Read) -> None:
    row = refused(read("id;manifest;received_at\nR-1;M-1;20/11/2024 14:05\n", "receipts.csv"))
    assert (row.field, row.record_key) == ("received_at", "R-1")
    assert "has no time zone: write it with its zone" in row.reason


@pytest.mark.parametrize(
    ("cell", "is_3t"), [("TRUE", True), ("FALSE", False), ("Ya", True), ("TIDAK", False),
                        ("1", True), ("0", False), ("", False), ("benar", True)],
)  # fmt: skip
def test_true_and_false(read: Read, cell: str, is_3t: bool) -> None:
    header = "id;region;number;voters_mayor;3T;lintang;bujur"
    text = f"{header}\nT-1;32.73.01.1001;1;512;{cell};-6,9;107.6\n"
    (station,) = taken(read(text, "tps.csv"))
    assert (station.is_3t, station.voters, station.lat_deg) == (is_3t, {"MAYOR": 512}, -6.9)


def test_t_is_true_to_some_and_tidak_to_others(read: Read) -> None:
    text = "id;region;number;voters_mayor;is_3t\nT-1;32.73.01.1001;1;512;T\n"
    assert refused(read(text, "tps.csv")).field == "is_3t"


def test_faults_of_nested_fields_name_their_column(read: Read) -> None:
    text = "id;region;number;DPT Gubernur;voters_mayor\nT-1;32.73.01.1001;1;99999;512\n"
    assert refused(read(text, "tps.csv")).field == "DPT Gubernur"
    header = "manifest;kind;number;signer_2_name;signer_1_jabatan"
    with pytest.raises(FileRefusedError):
        read(f"{header}\nM-1;BAST;1;Siti;\n", "documents.csv")
    header = "manifest;kind;number;signer_2_name;penandatangan_1_jabatan"
    row = refused(read(f"{header}\nM-1;BAST;1;Siti;Ketua\n", "documents.csv"))
    assert (row.field, row.reason) == ("signer_1_name", "is required")


@pytest.mark.parametrize(
    ("cell", "text"),
    [("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"), ("'=1+1", "=1+1"), ('"=""001"""', "001"),
     ("'001", "001"), ("''01", "'01"), ("'Aisyiyah", "'Aisyiyah"), ('"  PT\r\n  Pos "', "PT Pos"),
     ("'1,5E+3", "1,5E+3")],
)  # fmt: skip
def test_text_is_text(read: Read, cell: str, text: str) -> None:
    assert taken(read(manifest_csv(carrier=cell), "manifests.csv"))[0].carrier == text


# --- ZIP -----------------------------------------------------------------------------------


def zipped(members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def test_a_zip_is_read_in_the_order_of_its_kinds(read: Read) -> None:
    content = zipped({
        "../../lines.csv": lines(GOOD.format(1)),
        "__MACOSX/._lines.csv": b"\0\5",
        "folder/.DS_Store": b"\0",
        "folder/KPU manifests.csv": manifest_csv().encode("utf-16"),
    })  # fmt: skip
    rows = read(content, "KPU.zip")
    taken(rows)
    assert [row.place for row in rows] == ["KPU.zip/KPU manifests.csv:2", "KPU.zip/lines.csv:2"]


def _encrypted() -> bytes:
    content = bytearray(zipped({"lines.csv": "x"}, zipfile.ZIP_STORED))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped({}), "holds no CSV file"),
        (zipped({"readme.pdf": "x"}), "is no CSV file"),
        (zipped({"inner.zip": zipped({"lines.csv": "x"})}), "is no CSV file"),
        (zipped({"lines.csv": "x"}, zipfile.ZIP_BZIP2), "unusual"),
        (zipped({f"lines{n}.csv": "" for n in range(zip_files.MEMBERS + 1)}), "more than"),
        (zipped({"lines.csv": b"\n" * (LARGEST * zip_files.INFLATES + 1)}), "unpacked"),
        (_encrypted(), "password"),
    ],
    ids=["empty", "pdf", "zip", "bzip2", "many", "bomb", "encrypted"],
)
def test_zips_that_are_refused(read: Read, content: bytes, words: str) -> None:
    with pytest.raises(FileRefusedError, match=words):
        read(content, "x.zip")


def test_a_zip_that_is_damaged_inside_is_refused_as_it_is_read(read: Read) -> None:
    content = bytearray(
        zipped({"lines.csv": lines(*map(GOOD.format, range(1, 9)))}, zipfile.ZIP_STORED)
    )
    at = content.index(b"BALLOT")
    content[at : at + 3] = b"XXX"
    with pytest.raises(FileRefusedError, match="broken"):
        read(bytes(content), "x.zip")


# --- XLSX ----------------------------------------------------------------------------------


def book(fill: Callable[[Any], None]) -> bytes:
    made = io.BytesIO()
    workbook = xlsxwriter.Workbook(made, {"in_memory": True})
    fill(workbook)
    workbook.close()
    return made.getvalue()


def test_a_workbook_with_typed_cells(read: Read) -> None:
    def fill(workbook: Any) -> None:
        clock = workbook.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        sheet = workbook.add_worksheet("Rincian")
        sheet.write_row(0, 0, ["Manifes", "No", "Barang", "Jumlah", "TPS"])
        sheet.write_row(1, 0, ["M-1", 1.0, "TINTA"])
        sheet.write_formula(1, 3, "=1+1", "", 2)
        sheet.write_row(3, 0, ["M-1", 2, "INK", 2.5, 17])
        manifests = workbook.add_worksheet("manifest")
        manifests.write_row(2, 1, [*MANIFEST, "tracking_no"])
        manifests.write_row(3, 1, [*MANIFEST.values(), 12345])
        manifests.write_datetime(3, 9, datetime(2024, 11, 20, 8), clock)  # noqa: DTZ001
        manifests.write_datetime(3, 10, datetime(2024, 11, 20, 14, 5), clock)  # noqa: DTZ001
        hidden = workbook.add_worksheet("Catatan")
        hidden.write(0, 0, "what is this?")
        hidden.hide()
        workbook.add_worksheet("Sheet3")

    first, line, bad = read(book(fill), "anything.xlsx")
    assert isinstance(first, Taken)
    manifest: Any = first.record
    assert (first.place, manifest.tracking_no) == ('Sheet "manifest":4', "12345")
    assert manifest.planned_departure == datetime(2024, 11, 20, 1, tzinfo=UTC)
    assert manifest.planned_arrival == datetime(2024, 11, 20, 7, 5, tzinfo=UTC)
    assert isinstance(line, Taken)
    assert line.place == 'Sheet "Rincian":2'
    assert isinstance(bad, Refused)
    assert (bad.place, bad.row_no, bad.field) == ('Sheet "Rincian":4', 4, "Jumlah")


def _sheet(name: str, heading: str, cell: Any) -> bytes:
    """A manifest of which one cell is changed, with its type."""

    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet(name)
        values = MANIFEST | {heading: cell}
        sheet.write_row(0, 0, list(values))
        sheet.write_row(1, 0, list(values.values()))
        if isinstance(cell, date):
            style = workbook.add_format({"num_format": "dd/mm/yyyy"})
            sheet.write_datetime(1, list(values).index(heading), cell, style)

    return book(fill)


@pytest.mark.parametrize(
    ("heading", "cell", "words"),
    [
        ("to_region", 32.1, "was read as a number"),
        ("to_region", 32.73, "was read as a number"),
        ("to_region", 3273011001, "has no dots"),
        ("tracking_no", 1234567890123456789, "15 digits"),
        ("tracking_no", date(2024, 11, 20), "was read as a date"),
        ("tracking_no", True, "truth value"),
        ("leg", 3, "must be word"),
        ("planned_arrival", 45616.5, "must be time"),
    ],
)
def test_cells_that_a_spreadsheet_changed(read: Read, heading: str, cell: Any, words: str) -> None:
    row = refused(read(_sheet("manifests", heading, cell), "x.xlsx"))
    assert row.field == heading
    assert words in row.reason


def test_a_sheet_that_says_nothing_of_itself_is_refused_by_name(read: Read) -> None:
    def fill(workbook: Any) -> None:
        workbook.add_worksheet("Petunjuk").write(0, 0, "Isilah dengan benar")

    with pytest.raises(FileRefusedError, match="Petunjuk"):
        read(book(fill), "x.xlsx")
    with pytest.raises(FileRefusedError, match="no sheet with anything"):
        read(book(lambda workbook: workbook.add_worksheet("lines")), "x.xlsx")


@pytest.mark.parametrize(("at", "words"), [((1_048_575, 100), "cells"), ((5, 16_383), "columns")])
def test_one_far_cell_does_not_take_all_memory(read: Read, at: tuple[int, int], words: str) -> None:
    with pytest.raises(FileRefusedError, match=words):
        read(book(lambda workbook: workbook.add_worksheet("lines").write(*at, 1)), "x.xlsx")


def test_a_workbook_that_inflates_is_refused(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_files, "UNPACKED_BYTES", 1000)
    with pytest.raises(FileRefusedError, match="unpacked"):
        read(_sheet("manifests", "leg", "STATION"), "x.xlsx")


# --- JSON ----------------------------------------------------------------------------------


def document(**sections: Any) -> dict[str, Any]:
    return {"format": "kawal-manifest", "version": 1, **sections}


LINE = {"line_no": 1, "item": "INK", "qty": 2}


def test_parts_have_the_id_and_revision_of_their_whole() -> None:
    whole = MANIFEST | {"revision": 3, "lines": [LINE], "units": [{"id": "K-1", "kind": "BOX"}]}
    receipt = {"id": "R-1", "revision": 2, "manifest": "M-1", "received_at": "2024-11-20T03:00:00Z"}
    counted = receipt | {"lines": [{"item": "INK", "received": 2}], "units": [{"unit": "K-1"}]}
    rows = list(read_document(document(manifests=[whole], receipts=[counted]), "page 2"))
    assert [(row.row_no, row.place, row.kind) for row in rows] == [
        (1, "page 2:manifests[0]", "manifest"),
        (2, "page 2:manifests[0].lines[0]", "line"),
        (3, "page 2:manifests[0].units[0]", "unit"),
        (4, "page 2:receipts[0]", "receipt"),
        (5, "page 2:receipts[0].lines[0]", "receipt_line"),
        (6, "page 2:receipts[0].units[0]", "receipt_unit"),
    ]
    _, line, unit, _, count, found = taken(rows)
    assert (line.manifest_id, line.revision, unit.revision) == ("M-1", 3, 3)
    assert (count.receipt_id, count.revision, found.revision) == ("R-1", 2, 2)


def test_what_belongs_to_a_refused_whole_is_refused_with_it() -> None:
    whole, part = read_document(document(manifests=[MANIFEST | {"leg": "X", "lines": [LINE]}]))
    assert isinstance(whole, Refused)
    assert (whole.place, whole.record_key, whole.field) == ("manifests[0]", "M-1", "leg")
    assert isinstance(part, Refused)
    assert part.reason == "the manifest that it belongs to is refused"


@pytest.mark.parametrize(
    ("part", "field", "words"),
    [
        (LINE | {"qty": "2"}, "qty", "must be a whole number"),
        (LINE | {"qty": True}, "qty", "must be a whole number"),
        (LINE | {"qty": 2.5}, "qty", "whole number"),
        (LINE | {"qty": None}, "qty", "whole number"),
        (LINE | {"manifest": "M-1"}, "manifest", "must not be given here"),
        (LINE | {"revision": 1}, "revision", "must not be given here"),
        (LINE | {"quantity": 1}, "quantity", "is not a field of this record"),
        (LINE | {"item": "BALLOT"}, "election", "needs its election"),
        (LINE | {"station": "\ud800"}, "(document)", "not text"),
        ([LINE], "(record)", "must be an object"),
        (None, "(record)", "must be an object"),
    ],
)
def test_parts_that_are_refused(part: object, field: str, words: str) -> None:
    whole = MANIFEST | {"lines": [part, LINE | {"line_no": 2}]}
    rows = list(read_document(document(manifests=[whole])))
    assert (refused(rows).place, refused(rows).field) == ("manifests[0].lines[0]", field)
    assert words in refused(rows).reason
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        ([], "(document)", "must be an object"),
        ({}, "format", "must be"),
        (document(version=2), "version", "must be 1, not 2"),
        (document(version=True), "version", "must be 1"),
        (document(format="kawal-plan"), "format", "kawal-plan"),
        (document(stations={}), "stations", "must be a list"),
        (document(station=[]), "station", "is not a field"),
        (document(issued_at="today"), "issued_at", "must be a time"),
    ],
)
def test_documents_that_are_refused(content: Any, field: str, words: str) -> None:
    with pytest.raises(FileRefusedError) as caught:
        list(read_document(content))
    assert caught.value.field == field
    assert words in caught.value.reason


def test_an_object_nested_without_end_is_one_refusal(read: Read) -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    (row,) = read_document(document(stations=[deep]))
    assert isinstance(row, Refused)
    with pytest.raises(FileRefusedError, match="nested too deeply"):
        read("[" * 100_000, "x.json")


def test_the_examples_in_the_docs_are_sound(read: Read) -> None:
    page = Path(__file__).parents[3] / "docs/reference/manifest.md"
    examples = re.findall(r"```(json|text)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    names = ["x.json", "x.jsonl", "x.csv"]
    for (_, example), name in zip(examples, names, strict=True):
        assert taken(read(example, name))


def test_json_lines(read: Read) -> None:
    text = "\n".join([
        json.dumps(document(source="KPU")),
        json.dumps({"record": "line", "manifest": "M-1", **LINE}),
        "",
        json.dumps({"record": "lines", "manifest": "M-1", **LINE}),
        "{oops",
        '{"record": "line", "manifest": "M-1", "line_no": 1, "item": "INK", "qty": 2, "qty": 3}',
        '{"record": "station", "voters": {"MAYOR": 1, "MAYOR": 2}}',
        "x" * (text_files.LINE_CHARS + 5),
        json.dumps({"record": "unit", "manifest": "M-1", "id": "K-1", "kind": "BOX"}),
    ])  # fmt: skip
    rows = read(text.encode("utf-8-sig"), "kpu.jsonl")
    assert [row.row_no for row in rows] == [2, 4, 5, 6, 7, 8, 9]
    assert [row.kind for row in rows if isinstance(row, Taken)] == ["line", "unit"]
    told = [(row.field, row.reason) for row in rows if isinstance(row, Refused)]
    assert [field for field, _ in told] == ["record", "(record)", "qty", "MAYOR", "(record)"]
    assert "must be one of station, manifest" in told[0][1]
    assert told[2][1] == told[3][1] == "is given twice in one object"


def test_a_document_that_is_too_large_for_memory_is_sent_as_json_lines(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.manifest_files.DOCUMENT_BYTES", 100)
    with pytest.raises(FileRefusedError, match="JSON Lines"):
        read(json.dumps(document(stations=[], source="x" * 100)), "x.json")


# --- anything ------------------------------------------------------------------------------

slow = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def table(kind: RecordKind, rows: list[AnyRecord], separator: str, order: random.Random) -> str:
    columns = list(COLUMNS[kind].values())
    order.shuffle(columns)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow([order.choice([str.upper, str.lower])(each.name) for each in columns])
    for row in rows:
        values = row.model_dump(by_alias=True)
        writer.writerow([written(each, value_at(values, each)) for each in columns])
        if order.random() < 0.2:
            out.write(separator * (len(columns) - 1) + "\n")
    return out.getvalue()


def by_kind(given: Records) -> dict[RecordKind, list[AnyRecord]]:
    return {kind: [r for k, r in given if k is kind] for kind in RecordKind}


def sorted_records(given: Records) -> Records:
    return [(kind, record) for kind, own in by_kind(given).items() for record in own]


def pairs(rows: Iterable[Row]) -> Records:
    taken(rows := list(rows))
    return [(row.kind, row.record) for row in rows if isinstance(row, Taken)]


dialects = st.tuples(
    st.sampled_from(";,\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)


@slow
@given(records(), dialects, st.randoms(use_true_random=False))
def test_what_is_written_as_csv_is_read_back(
    tmp_path: Path, given: Records, dialect: tuple[str, str, str], order: random.Random
) -> None:
    separator, encoding, end = dialect
    members: dict[str, str | bytes] = {}
    for kind, own in by_kind(given).items():
        text = table(kind, own, separator, order).replace("\n", end)
        members[f"KPU_{kind}s_2024.csv"] = text.encode(encoding)
    file = tmp_path / "all.zip"
    file.write_bytes(zipped(members))
    assert pairs(read_file(file, largest_bytes=LARGEST)) == sorted_records(given)


@slow
@given(records())
def test_what_is_written_as_json_is_read_back(tmp_path: Path, given: Records) -> None:
    file = tmp_path / "all.json"
    file.write_text("".join(json_lines(given)), "utf-8")
    assert pairs(read_file(file, largest_bytes=LARGEST)) == given
    whole = to_document(given, source="test")
    assert sorted_records(pairs(read_document(whole))) == sorted_records(given)
    file.write_text(json.dumps(whole, indent=1), "utf-8")
    assert sorted_records(pairs(read_file(file, largest_bytes=LARGEST))) == sorted_records(given)


def cell(column: Column, value: object) -> object:
    """As a spreadsheet would hold it."""
    if isinstance(value, float) and float(f"{value:.16G}") != value:
        return str(value)  # it keeps no more digits
    return value if isinstance(value, int | float) else written(column, value)


def workbook_of(given: Records) -> bytes:
    def fill(workbook: Any) -> None:
        for kind, own in by_kind(given).items():
            sheet = workbook.add_worksheet(kind)
            columns = list(COLUMNS[kind].values())
            rows = [r.model_dump(by_alias=True) for r in own]
            sheet.write_row(0, 0, [each.name for each in columns])
            for at, values in enumerate(rows, 1):
                for across, each in enumerate(columns):
                    if (found := cell(each, value_at(values, each))) != "":
                        write = sheet.write_string if isinstance(found, str) else sheet.write
                        write(at, across, found)

    return book(fill)


@slow
@given(records())
def test_what_is_written_as_xlsx_is_read_back(tmp_path: Path, given: Records) -> None:
    file = tmp_path / "all.xlsx"
    file.write_bytes(workbook_of(given))
    found = pairs(read_file(file, largest_bytes=LARGEST))
    assert found == sorted_records(given)


SEEDS = [
    lines(GOOD.format(1), 'M-1;2;"IN""K";;;5').encode(),
    manifest_csv().encode("utf-16"),
    json.dumps(document(manifests=[MANIFEST | {"lines": [LINE]}])).encode(),
    "".join(json_lines(sound())).encode(),
    zipped({"lines.csv": lines(GOOD.format(1))}, zipfile.ZIP_STORED),
    zipped({"lines.csv": lines(GOOD.format(1))}),
    workbook_of(sound()),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    content = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content) - 1))
        change = draw(st.sampled_from("-+x"))
        if change == "x":
            content[at] = draw(st.integers(0, 255))
        elif change == "+":
            content[at:at] = draw(st.binary(max_size=5))
        else:
            del content[at : at + draw(st.integers(1, 200))]
        content = content or bytearray(b"x")
    return bytes(content)


def strings(value: object) -> Iterator[str]:
    """All that a row would store."""
    if isinstance(value, str):
        yield value
    inner = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    if isinstance(inner, list | tuple):
        for each in inner:
            yield from strings(each)


@settings(max_examples=300, parent=slow)
@given(
    st.binary(max_size=200) | mutated(),
    st.sampled_from(["lines.csv", "x.csv", "manifests.txt", "x.xlsx", "x.zip", "x.json"]),
)
def test_no_bytes_at_all_do_harm(tmp_path: Path, content: bytes, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with suppress(FileRefusedError):
        for row in read_file(file, largest_bytes=LARGEST):
            for text in strings(row if isinstance(row, Refused) else [row.place]):
                text.encode()  # no half characters, and
                assert "\0" not in text  # nothing else that PostgreSQL does not store


def test_reading_tells_how_far_it_has_come(read: Read) -> None:
    told: list[int] = []
    text = lines(*map(GOOD.format, range(1, 20_000)))
    read(text, on_bytes=told.append)
    assert told == sorted(told)
    assert told[-1] == len(text)


def test_keys_that_are_twice_in_an_object_are_seen() -> None:
    found = json_files.parsed('{"a": 1, "b": 2, "a": 3}')
    assert isinstance(found, json_files.Repeated)
    assert found.key == "a"
