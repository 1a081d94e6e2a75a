"""Tracks: the newest fix by each view, flags as they stood, and a list that is bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import evidence_tracks
from domain.evidence_tracks import FIX_FIELDS, Reflag, Tracks, fix_row, flag_names, later_flags
from domain.positions import Flag, Position

START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KNOWN = START + 30 * MINUTE
NOT_LIVE = int(Flag.ZERO_ISLAND | Flag.JUMP)
JUMP = int(Flag.JUMP)


def fix(minute: float, received: float | None = None, **other: Any) -> Position:
    at = START + minute * MINUTE
    position = Position(
        "KWL-0001", at, 1, int(minute * 10), START + (minute if received is None else received)
        * MINUTE, -7.0, 110.0, None, None, None, 8.0, None, None, None, None, False, 0, False,
        "wire", 0,
    )  # fmt: skip
    return position._replace(**other)


def reflag(position: Position, at: float, before: int, after: int) -> Reflag:
    return Reflag(*position[:4], START + at * MINUTE, before, after)


def tracks(*rows: Reflag) -> Tracks:
    history: dict[Any, list[Reflag]] = {}
    for row in rows:
        history.setdefault(row.key, []).append(row)
    return Tracks(["KWL-0001", "KWL-0002"], KNOWN, NOT_LIVE, history)


def newest(found: Tracks, *, by_now: bool) -> int | None:
    position = found.devices(by_now=by_now)[0]["position"]
    return None if position is None else int(position["seq"])


def test_a_fix_that_came_later_was_not_known() -> None:
    found = tracks()
    found.add(fix(1))
    late = found.add(fix(2, received=31))
    assert (newest(found, by_now=False), newest(found, by_now=True)) == (10, 20)
    assert (late.flags_then, fix_row(late)["known_at"]) == (None, False)
    assert [device["fixes"] for device in found.devices(by_now=False)] == [1, 0]
    assert found.devices(by_now=True)[1]["position"] is None


def test_flags_are_those_that_stood_then() -> None:
    position = fix(2, flags=JUMP)
    found = tracks(reflag(position, 20, JUMP, 0), reflag(position, 40, 0, JUMP))
    found.add(fix(1))
    kept = found.add(position)
    assert kept.flags_then == 0
    assert (newest(found, by_now=False), newest(found, by_now=True)) == (20, 10)
    assert fix_row(kept)["flags"] == ["JUMP"]
    assert fix_row(kept)["flags_known_at"] == []


def test_what_was_judged_anew_after_that_time_is_told_once() -> None:
    a, b, c = fix(1), fix(2), fix(3)
    rows = [
        reflag(a, 20, 0, JUMP), reflag(a, 40, JUMP, 0),
        reflag(b, 40, 0, JUMP), reflag(b, 50, JUMP, 0),
        reflag(c, 10, 0, JUMP),
    ]  # fmt: skip
    assert list(later_flags(rows, KNOWN)) == [("KWL-0001/1.10", ["JUMP"], [])]


def test_a_fix_with_a_clock_ahead_counts_for_its_receipt() -> None:
    found = tracks()
    found.add(fix(5))
    found.add(fix(500, received=4, flags=int(Flag.FUTURE)))
    assert newest(found, by_now=True) == 50


def test_every_doubted_fix_is_counted_and_only_so_many_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evidence_tracks, "MOST_FLAGGED", 2)
    found = tracks()
    for minute in range(5):
        found.add(fix(minute, flags=int(Flag.MOCK) if minute else 0))
    summary = found.summary()
    assert (summary["count"], summary["flagged_count"], len(summary["flagged"])) == (5, 4, 2)
    assert (summary["first"]["seq"], summary["last"]["seq"]) == (0, 40)
    assert set(summary["first"]) == set(FIX_FIELDS)


def test_no_fix_at_all() -> None:
    summary = tracks().summary()
    assert (summary["count"], summary["first"], summary["last"]) == (0, None, None)


def test_flags_have_names_and_unknown_bits_are_not_lost() -> None:
    assert flag_names(None) is None
    assert flag_names(int(Flag.JUMP | Flag.MOCK)) == ["JUMP", "MOCK"]
    assert flag_names(1 << 30 | int(Flag.FUTURE)) == ["FUTURE", str(1 << 30)]
