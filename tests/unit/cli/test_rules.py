"""`kawal rules test`: recorded tracks in, the alerts that would have been raised out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.rules import rules_group
from domain.plan import dump
from domain.positions import Position
from domain.readout import ndjson
from tests.support.journeys import INTERVAL, START, plan

COLUMNS = ["--device-column", "who", "--time-column", "when", "--lat-column", "y",
           "--lon-column", "x"]  # fmt: skip
IN, OUT = -7.015, -7.025


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a plan in it."""
    (tmp_path / "plan.json").write_text(dump(plan(["D-1"])), "utf-8")
    return tmp_path


def track(folder: Path, name: str = "night.csv", device: str = "D-1") -> Path:
    """Ten minutes on the road, ten minutes off it, ten minutes on it."""
    rows = ["who;when;y;x"]
    for step in range(60):
        lat = OUT if 20 <= step < 40 else IN
        when = (START + step * INTERVAL).isoformat()
        rows.append(f"{device};{when};{lat};{110.1 + step * 0.004:.6f}")
    file = folder / name
    file.write_text("\n".join(rows), "utf-8")
    return file


def run(folder: Path, *arguments: str | Path) -> Result:
    texts = ["test", str(folder / "plan.json"), *map(str, arguments)]
    return CliRunner().invoke(rules_group, texts)


def alerts(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_csv_track_is_judged_and_the_alert_is_printed_with_its_numbers(folder: Path) -> None:
    (alert,) = alerts(run(folder, track(folder), *COLUMNS, "--format", "ndjson"))
    assert alert["rule"] == "CORRIDOR_DEVIATION"
    assert alert["shipment_id"] == "SHP-D-1"
    assert alert["opened_at"] == "2024-11-26T01:10:00Z"
    assert alert["cleared_at"] == "2024-11-26T01:20:00Z"
    assert alert["delay_s"] == 60
    assert alert["numbers"]["half_width_m"] == 2000


def test_people_get_a_table_and_a_summary(folder: Path) -> None:
    printed = run(folder, track(folder), *COLUMNS).stdout
    assert "DEVIATION" in printed
    assert "60 fixes, 0 reports, 0.5 h on a shipment" in printed
    assert "1 alerts, 2033.9 per 1,000 h" in printed


def test_other_thresholds_can_be_tried(folder: Path) -> None:
    tried = run(folder, track(folder), *COLUMNS, "--format", "ndjson",
                "--set", "rules.corridor_margin_m=5000")  # fmt: skip
    assert alerts(tried) == []


def test_the_thresholds_of_this_installation_hold(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAWAL_RULES_CORRIDOR_MARGIN_M", "5000")
    assert alerts(run(folder, track(folder), *COLUMNS, "--format", "ndjson")) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("rules.corridor_margin=5", "did you mean rules.corridor_margin_m?"),
        ("rules.corridor_margin_m", "needs the form rules.NAME=VALUE"),
        ("rules.corridor_margin_m=wide", "rules.corridor_margin_m"),
        ("confirm_fixes=9", "no rule would fire"),
    ],
)
def test_a_wrong_threshold_is_named(folder: Path, given: str, told: str) -> None:
    result = run(folder, track(folder), *COLUMNS, "--set", given)
    assert result.exit_code == 2
    assert told in result.output


def test_a_device_that_the_plan_does_not_know_is_told(folder: Path) -> None:
    result = run(folder, track(folder, device="D-9"), *COLUMNS)
    assert "D-9: not a device of this plan" in result.stderr
    assert "0.0 h on a shipment" in result.stdout


def test_several_files_are_one_night(folder: Path) -> None:
    """The second brings no fix twice, and silence between them is judged."""
    files = track(folder, "a.csv"), track(folder, "b.csv")
    found = alerts(run(folder, *files, *COLUMNS, "--format", "ndjson"))
    assert [alert["rule"] for alert in found] == ["CORRIDOR_DEVIATION"]


def test_gpx_needs_no_columns(folder: Path) -> None:
    points = "".join(
        f'<trkpt lat="{OUT if step >= 20 else IN}" lon="{110.1 + step * 0.004:.6f}">'
        f"<time>{(START + step * INTERVAL).isoformat()}</time></trkpt>"
        for step in range(40)
    )
    file = folder / "D-1.gpx"
    file.write_text(
        '<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><trkseg>{points}</trkseg></trk></gpx>",
        "utf-8",
    )
    found = alerts(run(folder, file, "--format", "ndjson"))
    assert [alert["rule"] for alert in found] == ["CORRIDOR_DEVIATION"]


def test_csv_without_columns_is_refused_with_what_is_missing(folder: Path) -> None:
    assert "--time-column" in run(folder, track(folder)).output


def test_a_bad_plan_is_refused_with_its_faults(folder: Path) -> None:
    (folder / "plan.json").write_text('{"format": "kawal-plan"}', "utf-8")
    result = run(folder, track(folder), *COLUMNS)
    assert result.exit_code == 1
    assert "plan.json is refused" in result.output


# --- the night read out of the database -------------------------------------------------


def positions(late: timedelta) -> Iterable[dict[str, Any]]:
    for step in range(40):
        time = START + step * INTERVAL
        fix = Position(
            "D-1", time, 1, step + 1, time + late, OUT if step >= 20 else IN,
            110.1 + step * 0.004, 60.0, None, None, 8.0, None, None, None, None, True, 0, False,
            "wire", 0,
        )  # fmt: skip
        yield {**fix._asdict(), "flags": "INACCURATE"}


def test_what_kawal_positions_printed_can_be_judged_again(folder: Path) -> None:
    file = folder / "night.ndjson"
    file.write_text("".join(ndjson(positions(timedelta(hours=2)))), "utf-8")
    (alert,) = alerts(run(folder, file, "--format", "ndjson"))
    assert alert["late_by_s"] == 7200
    assert alert["delay_s"] == 7260


def test_reports_of_devices_are_judged_and_lines_that_are_none_are_told(folder: Path) -> None:
    event = {
        "event_id": 7, "kind": "seal_cut", "origin": "DEVICE", "device_id": "D-1",
        "event_time": "2024-11-26T01:05:00Z", "recorded_at": "2024-11-26T01:05:01Z",
        "detail": {"seal_no": "A-1"}, "superseded_at": None,
    }  # fmt: skip
    rows = [*positions(timedelta(seconds=1)), event, {**event, "origin": "RULE"}]
    file = folder / "night.ndjson"
    file.write_text("".join(ndjson(rows)) + "half a li\n", "utf-8")
    result = run(folder, file, "--format", "ndjson")
    assert [alert["rule"] for alert in alerts(result)] == ["SEAL_CUT", "CORRIDOR_DEVIATION"]
    assert "line 43: line: is not JSON" in result.stderr
