"""Recorded facts read back: what was printed comes in as it was, and the rest is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.positions import Position
from domain.readout import ndjson
from domain.recorded import read_recorded

TIME = datetime(2024, 11, 26, 1, 0, 0, 250_000, tzinfo=UTC)
FIX = Position(
    "D-1", TIME, 3, 9, TIME, -7.0, 110.0, 55.5, 90.0, 12.0, 8.0, 0.9, 11, 80.0, -71.0, True, 1,
    True, "wire", 0,
)  # fmt: skip
EVENT = {
    "event_id": 7, "kind": "sos", "origin": "DEVICE", "device_id": "D-1", "late_by_s": None,
    "event_time": "2024-11-26T08:00:00+07:00", "recorded_at": "2024-11-26T01:00:01Z",
    "lat_deg": None, "lon_deg": None, "detail": {"battery_pct": 20, "note": "x"},
    "superseded_at": None,
}  # fmt: skip


def line(fix: Position = FIX, **changed: Any) -> str:
    (text,) = ndjson([{**fix._asdict(), "flags": "JUMP MOCK", **changed}])
    return text


def test_a_position_comes_back_as_it_went_but_for_its_flags() -> None:
    found = read_recorded([line(), "\n"])
    assert found.positions == [FIX]
    assert found.refused == []


def test_what_was_not_reported_comes_back_as_none() -> None:
    bare = FIX._replace(speed_kmh=None, course_deg=None, altitude_m=None, hdop=None,
                        satellites=None, battery_pct=None, signal_dbm=None)  # fmt: skip
    assert read_recorded([line(bare)]).positions == [bare]


def test_a_report_of_a_device_comes_back_with_its_receipt() -> None:
    (report,) = read_recorded([json.dumps(EVENT)]).reports
    assert report.event_time == datetime(2024, 11, 26, 1, tzinfo=UTC)
    assert (report.received_at - report.event_time).total_seconds() == 1
    assert (report.kind, report.seq, report.battery_pct, report.note) == ("sos", 7, 20, "x")


def test_what_the_rules_found_themselves_is_left_out() -> None:
    rows = [{**EVENT, "origin": "RULE"}, {**EVENT, "superseded_at": "2024-11-26T02:00:00Z"}]
    found = read_recorded(map(json.dumps, rows))
    assert (found.reports, found.left_out) == ([], 2)


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        ("{", "line", "is not JSON"),
        ("[1]", "line", "is not a JSON object"),
        ("{}", "line", "neither fix_time nor event_time"),
        (line(fix_time="26/11/2024"), "fix_time", "is not a time"),
        (line(fix_time="2024-11-26T01:00:00"), "fix_time", "has no zone"),
        (line(lat_deg=91), "lat_deg", "is not within"),
        (line(lat_deg="-7"), "lat_deg", "must be a number"),
        (line(device_id=""), "device_id", "must be a text"),
        (line(accuracy_m=None), "accuracy_m", "must be a number"),
        (line().replace("110.0", "NaN"), "line", "is no number of JSON"),
    ],
)
def test_what_cannot_be_read_is_refused_by_line_and_field(
    text: str, field: str, reason: str
) -> None:
    found = read_recorded([line(), text, line()])
    ((number, where, why),) = found.refused
    assert (number, where) == (2, field)
    assert reason in why
    assert len(found.positions) == 2
