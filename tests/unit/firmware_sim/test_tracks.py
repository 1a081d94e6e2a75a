"""Recorded tracks: what is read, and what is refused with its reason."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.tracks import (
    Columns,
    ReadOptions,
    RefusedRow,
    TrackError,
    Tracks,
    read_tracks,
    sniff_delimiter,
)

COLUMNS = Columns(
    device="tracker", time="t", lat="Y", lon="X", speed="v", course="c", accuracy="acc"
)
GPX = """<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
<trkpt lat="-7.0" lon="110.0"><ele>12.5</ele><time>2024-11-26T03:00:00Z</time></trkpt>
<trkpt lat="-7.1" lon="110.1"></trkpt>
<trkpt lat="-97.1" lon="110.1"><time>2024-11-26T03:00:20Z</time></trkpt>
<trkpt lat="-7.2" lon="110.2"><time>2024-11-26T10:00:10+07:00</time></trkpt>
</trkseg></trk></gpx>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def read(
    folder: Path, text: str, columns: Columns | None = COLUMNS, name: str = "a.csv", **options: Any
) -> Tracks:
    file = folder / name
    file.write_text(text, "utf-8")
    return read_tracks(file, columns, ReadOptions(**options))


def test_rows_become_fixes_in_the_order_of_time(folder: Path) -> None:
    tracks = read(
        folder,
        "X;Y;tracker;t;v;c;acc\n"
        "110.5;-7.5;19;2008-12-11 04:42:16+00;36;360;7.5\n"
        "110.4;-7.4;2;2008-12-11T11:42:14+07:00;;;\n",
        device_prefix="GEO-",
    )
    first, second = tracks.fixes
    assert tracks.refused == []
    assert tracks.devices == ["GEO-19", "GEO-2"]
    assert (first.device_id, first.fix_time) == (
        "GEO-2",
        datetime(2008, 12, 11, 4, 42, 14, tzinfo=UTC),
    )
    assert (first.accuracy_m, first.speed_kmh, first.course_deg) == (10.0, None, None)
    assert (second.lat_deg, second.lon_deg, second.accuracy_m) == (-7.5, 110.5, 7.5)
    assert (second.speed_kmh, second.course_deg) == (36, 0)


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("x;-7;1;2024-01-01T00:00Z;;;", "lon", "'x' is not a number"),
        (";-7;1;2024-01-01T00:00Z;;;", "lon", "column X is empty"),
        ("110;-97;1;2024-01-01T00:00Z;;;", "lat", "-97 is not within -90..90"),
        ("110;nan;1;2024-01-01T00:00Z;;;", "lat", "nan is not within -90..90"),
        ("110;1_0;1;2024-01-01T00:00Z;;;", "lat", "'1_0' is not a number"),
        ("110;-7;1;2024-01-01 00:00;;;", "time", "has no zone; give a time zone for the file"),
        ("110;-7;1;yesterday;;;", "time", "'yesterday' is not a time (ISO 8601)"),
        ("110;-7;1;²²²²²²²²²²;;;", "time", "'²²²²²²²²²²' is not a time (ISO 8601)"),
        ("110;-7;1;1970-01-01T00:00Z;;;", "time", "year 1970 is not within 1980..2099"),
        ("110;-7;a/b;2024-01-01T00:00Z;;;", "device", "'a/b' is not 1 to 64 of"),
        ("110;-7;;2024-01-01T00:00Z;;;", "device", "column tracker is empty"),
        ("110;-7;1;2024-01-01T00:00Z;-1;;", "speed", "-1 is not within 0..2000"),
        ("110;-7;1;2024-01-01T00:00Z;;;0", "accuracy", "0 is not within 0.001..100000"),
        ("110", "device", "column tracker is empty"),
    ],
)
def test_a_bad_row_is_refused_and_its_neighbours_kept(
    folder: Path, row: str, field: str, reason: str
) -> None:
    good = "110;-7;1;2024-01-01T00:00Z;;;"
    tracks = read(folder, f"X;Y;tracker;t;v;c;acc\n{good}\n{row}\n{good}\n")
    assert len(tracks.fixes) == 2
    (refused,) = tracks.refused
    assert (refused.line, refused.field) == (3, field)
    assert refused.reason.startswith(reason)


def test_bytes_of_another_encoding_spoil_only_their_row(folder: Path) -> None:
    file = folder / "a.csv"
    file.write_bytes(
        b"X;Y;tracker;t\n110;-7;caf\xe9;2024-01-01T00:00Z\n110;-7;1;2024-01-01T00:00Z\n"
    )
    columns = Columns(device="tracker", time="t", lat="Y", lon="X")
    tracks = read_tracks(file, columns, ReadOptions())
    assert len(tracks.fixes) == 1
    assert [(bad.line, bad.field) for bad in tracks.refused] == [(2, "device")]
    latin = read_tracks(file, Columns(time="t", lat="Y", lon="X"), ReadOptions(encoding="latin-1"))
    assert len(latin.fixes) == 2


def test_times_without_a_zone_need_one_for_the_file(folder: Path) -> None:
    text = "lat,lon,t\n-7,110,2024-11-26 10:15:07\n"
    columns = Columns(time="t", lat="lat", lon="lon")
    assert len(read(folder, text, columns).refused) == 1
    tracks = read(folder, text, columns, timezone="Asia/Jakarta", device="A")
    assert tracks.fixes[0].fix_time == datetime(2024, 11, 26, 3, 15, 7, tzinfo=UTC)
    with pytest.raises(TrackError, match="timezone 'Jakarta': unknown"):
        read(folder, text, columns, timezone="Jakarta")


@pytest.mark.parametrize("text", ["1732590907", "1732590907000", "2024-11-26T03:15:07Z"])
def test_times_may_be_seconds_or_milliseconds(folder: Path, text: str) -> None:
    tracks = read(folder, f"lat,lon,t\n-7,110,{text}\n", Columns(time="t", lat="lat", lon="lon"))
    assert tracks.fixes[0].fix_time == datetime(2024, 11, 26, 3, 15, 7, tzinfo=UTC)


def test_without_a_device_column_the_file_or_the_caller_names_it(folder: Path) -> None:
    text, columns = "lat,lon,t\n-7,110,2024-11-26T03:15:07Z\n", Columns("t", "lat", "lon")
    assert read(folder, text, columns, name="truk-7.csv").devices == ["truk-7"]
    assert read(folder, text, columns, device="KWL-1").devices == ["KWL-1"]


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("a,b,c", ","), ("a;b;c", ";"), ("a\tb\tc", "\t"), ("a|b|c", "|"), ('a;"b, c";d', ";")],
)
def test_the_delimiter_is_found_in_the_header(header: str, delimiter: str) -> None:
    assert sniff_delimiter(header) == delimiter


def test_a_byte_order_mark_is_no_part_of_the_first_column(folder: Path) -> None:
    tracks = read(
        folder, "\ufefflat,lon,t\n-7,110,2024-11-26T03:15:07Z\n", Columns("t", "lat", "lon")
    )
    assert len(tracks.fixes) == 1


def test_a_decimal_comma_is_read(folder: Path) -> None:
    tracks = read(
        folder, "lat;lon;t\n-7,25;110,5;2024-11-26T03:15:07Z\n", Columns("t", "lat", "lon")
    )
    assert (tracks.fixes[0].lat_deg, tracks.fixes[0].lon_deg) == (-7.25, 110.5)


def test_a_missing_column_is_told_with_those_there_are(folder: Path) -> None:
    with pytest.raises(TrackError, match=r"a\.csv: no column v, c; the file has: X, Y, tracker, t"):
        read(folder, "X;Y;tracker;t;acc\n", COLUMNS)


def test_an_unreadable_file_is_told(folder: Path) -> None:
    with pytest.raises(TrackError, match=r"none\.csv"):
        read_tracks(folder / "none.csv", COLUMNS, ReadOptions())
    with pytest.raises(TrackError, match="unknown encoding: klingon"):
        read(folder, "X\n", COLUMNS, encoding="klingon")
    with pytest.raises(TrackError, match="needs the names of its columns"):
        read(folder, "X\n", None)
    with pytest.raises(TrackError, match=r"a\.gpx"):
        read(folder, "<gpx", None, name="a.gpx")


def test_gpx_points_become_fixes(folder: Path) -> None:
    tracks = read(folder, GPX, None, name="trip.gpx")
    assert [fix.fix_time.minute * 60 + fix.fix_time.second for fix in tracks.fixes] == [0, 10]
    assert tracks.fixes[0].altitude_m == 12.5
    assert tracks.devices == ["trip"]
    assert tracks.refused == [
        RefusedRow(2, "time", "the point has none"),
        RefusedRow(3, "lat", "-97.1 is not within -90..90"),
    ]
