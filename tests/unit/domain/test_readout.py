"""Read-out: lines that a program can read again, and a spreadsheet cannot be tricked by."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.readout import csv_lines, moment, ndjson

NOW = datetime(2024, 11, 26, 12, 0, tzinfo=UTC)
WIB = timezone(timedelta(hours=7))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0s", NOW),
        ("90m", NOW - timedelta(minutes=90)),
        ("2h", NOW - timedelta(hours=2)),
        ("1.5d", NOW - timedelta(hours=36)),
        ("2024-11-26T08:00:00+07:00", NOW - timedelta(hours=11)),
        ("2024-11-26T08:00:00Z", NOW - timedelta(hours=4)),
    ],
)
def test_a_time_as_a_person_types_it(text: str, found: datetime) -> None:
    assert moment(text, NOW) == found
    assert moment(text, NOW).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "", "2", "h", "-2h", "2 h", "2w", "2h30m", "kemarin", "2024-11-26", "2024-11-26T08:00:00",
        "2024-13-01T00:00:00Z", "9999999d", "1" * 400 + "d", "0001-01-01T00:00:00+07:00",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"needs an age such as 90m, .* 2024-11-26T08:00:00\+07"):
        moment(text, NOW)


@given(st.text(max_size=30) | st.from_regex(r"\d{1,20}(\.\d+)?[smhd]", fullmatch=True))
def test_no_text_breaks_it(text: str) -> None:
    try:
        found = moment(text, NOW)
    except ValueError:
        return
    assert found.tzinfo is UTC


def test_a_line_of_json_holds_one_row_with_times_in_utc() -> None:
    rows: list[dict[str, Any]] = [
        {"id": 1, "at": NOW.astimezone(WIB), "name": "Gudang “Ñ”\n", "detail": {"since": NOW}},
        {"id": 2, "at": None, "name": "", "detail": {}},
    ]
    lines = list(ndjson(rows))
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)
    assert "Gudang “Ñ”" in lines[0]
    assert [json.loads(line) for line in lines] == [
        {
            "id": 1,
            "at": "2024-11-26T12:00:00Z",
            "name": "Gudang “Ñ”\n",
            "detail": {"since": "2024-11-26T12:00:00Z"},
        },
        rows[1],
    ]


def cells(*rows: dict[str, Any]) -> list[list[str]]:
    """What a reader of CSV finds in the rows, without the header."""
    header, *found = csv.reader(csv_lines(rows, list(rows[0])))
    assert header == list(rows[0])
    return found


def test_values_of_a_csv() -> None:
    row = {
        "at": NOW.astimezone(WIB), "none": None, "number": -1.5, "flag": True,
        "text": 'a,"b"\nc', "detail": {"outside_m": 1300}, "list": [1, 2],
    }  # fmt: skip
    assert cells(row) == [
        [
            "2024-11-26T12:00:00Z", "", "-1.5", "True", 'a,"b"\nc', '{"outside_m": 1300}',
            "[1, 2]",
        ]
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["=1+1", "+62812", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"]
)
def test_text_that_a_spreadsheet_would_run_is_led_by_an_apostrophe(text: str) -> None:
    assert cells({"note": text, "n": -1}) == [[f"'{text}", "-1"]]


@pytest.mark.parametrize("text", ["KWL-0001", "a=b", "'quoted", " =1", "62812"])
def test_other_text_is_as_it_was(text: str) -> None:
    assert cells({"note": text}) == [[text]]


def test_only_the_columns_asked_for_in_that_order() -> None:
    assert list(csv_lines([{"a": 1, "b": 2, "c": 3}], ["c", "a"])) == ["c,a\n", "3,1\n"]


def test_rows_are_written_one_by_one() -> None:
    """A year of positions is never held in memory."""
    taken: list[int] = []

    def rows() -> Any:
        for number in range(3):
            taken.append(number)
            yield {"n": number}

    lines = csv_lines(rows(), ["n"])
    assert (next(lines), taken) == ("n\n", [])
    assert (next(lines), taken) == ("0\n", [0])


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_any_text_survives_a_csv_but_for_the_apostrophe(texts: list[str]) -> None:
    row = {str(number): text for number, text in enumerate(texts)}
    (found,) = cells(row)
    assert [cell.removeprefix("'") for cell in found] == [t.removeprefix("'") for t in texts]
