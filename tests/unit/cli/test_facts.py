"""Facts on the command line: what is printed of times, flags and refused messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import click
import pytest
from rich.console import Console

from cli.facts import EVENT_FIELDS, Moment, _row, _table, _write
from db.rejections import StoredRejection
from domain.positions import Flag, Position

START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
FIX = Position(
    "KWL-0001", START, 1, 7, START, -7.0, 110.0, None, None, None, 8.0, None, None, None, None,
    False, 0, False, "wire", int(Flag.JUMP | Flag.MOCK),
)  # fmt: skip


def test_a_time_that_nobody_can_read_is_refused_with_what_is_expected() -> None:
    with pytest.raises(click.BadParameter, match="needs an age such as 90m"):
        Moment().convert("kemarin", None, None)
    before = datetime.now(UTC)
    found = Moment().convert("2h", None, None) + timedelta(hours=2)
    assert before <= found <= datetime.now(UTC)
    assert Moment().convert(START, None, None) is START


def test_flags_are_printed_by_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    _write("ndjson", [_row(FIX), _row(FIX._replace(flags=0))], Position._fields)
    doubted, sound = map(json.loads, capsys.readouterr().out.splitlines())
    assert (doubted["flags"], sound["flags"]) == ("JUMP MOCK", "")
    assert (doubted["fix_time"], doubted["speed_kmh"]) == ("2024-11-26T01:00:00Z", None)
    assert list(doubted) == list(Position._fields)


def test_the_columns_of_a_table_of_positions(capsys: pytest.CaptureFixture[str]) -> None:
    _write("csv", [_row(FIX)], Position._fields)
    header, line = capsys.readouterr().out.splitlines()
    assert header.split(",") == list(Position._fields)
    assert line.startswith("KWL-0001,2024-11-26T01:00:00Z,1,7,")


def test_events_have_their_columns_even_when_there_are_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _write("csv", [], EVENT_FIELDS)
    assert capsys.readouterr().out == ",".join(EVENT_FIELDS) + "\n"


def test_outside_text_reaches_the_terminal_as_text() -> None:
    """No colours, no links, no control characters, whatever a device sends."""
    bad = StoredRejection(
        START, START, 3, "kawal/v1/[red]x[/red]\x1b[2J", None, "note", "is \x07 wrong",
        b'{"note":"\x1b]8;;[bold]"}', 20,
    )  # fmt: skip
    console = Console(width=250, force_terminal=False)
    with console.capture() as capture:
        console.print(_table([bad]))
    said = capture.get()
    assert "[red]x[/red]?[2J" in said
    assert "is ? wrong" in said
    assert r"\x1b]8;;[bold]" in said
    assert all(character.isprintable() or character == "\n" for character in said)
