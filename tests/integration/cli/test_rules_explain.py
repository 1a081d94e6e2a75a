"""`kawal rules explain` and `kawal rules show` over a real journey with rules of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import main
from db import explanations, rule_sets
from db import plan as stored_plan
from db.alerts import UnknownAlertError
from db.pool import Connection, connect
from domain.plan import Plan, dump
from domain.settings import Rules
from domain.thresholds import Source
from tests.support.ingesting import EVENTS, Ingest
from tests.support.journeys import START, along, astray, plan, record, single

Kawal = Callable[..., Result]
LIVE = START + timedelta(minutes=10)


def ruled() -> Plan:
    document = plan().model_dump(mode="json", by_alias=True)
    document["operation"]["rules"] = {"confirm_fixes": 2, "convoy_behind_m": 7000}
    document["operation"]["leg_rules"] = [{"modes": ["TRUCK"], "rules": {"stop_after_s": 240}}]
    document["shipments"][0]["rules"] = {"corridor_margin_m": 150}
    return Plan.model_validate(document)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with connect(database_url, "test") as opened:
        stored_plan.store(opened, ruled(), "sari", dump(ruled()))
        rule_sets.note_settings(opened, Rules(), START - timedelta(days=2))
        yield opened


@pytest.fixture
def ingest(connection: Connection) -> Ingest:
    return Ingest(connection)


@pytest.fixture
def kawal(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kawal:
    """The command, in a folder and an installation of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAWAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAWAL_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *words: CliRunner().invoke(main, words)


def raised(ingest: Ingest) -> int:
    ingest.fixes(along(1, 5, start=110.18), at=LIVE)
    ingest.fixes(astray(10, 16), at=LIVE)
    ((alert_id,),) = ingest.rows("select alert_id from alert")
    return int(alert_id)


def test_an_alert_is_explained_by_its_numbers_and_by_who_set_the_thresholds(
    ingest: Ingest, kawal: Kawal
) -> None:
    alert_id = raised(ingest)
    english = kawal("rules", "explain", str(alert_id), "--lang", "en")
    assert english.exit_code == 0, english.output
    assert "Outside means more than 150 m with the error circle of 8 m deducted," in english.output
    assert "2 fixes agreed; 2 of the last 4 are needed." in english.output
    assert "corridor_margin_m = 150 m (from the shipment itself)" in english.output
    assert "confirm_fixes = 2 (from the operation in the plan)" in english.output
    assert "confirm_window = 4 (from the settings)" in english.output
    assert "2024-11-26 08:04:30 WIB" in english.output
    indonesian = kawal("rules", "explain", str(alert_id)).output
    assert "Kendaraan keluar dari koridor rutenya" in indonesian
    assert "(dari kirimannya sendiri)" in indonesian


def test_what_late_data_disproved_is_told(ingest: Ingest, kawal: Kawal) -> None:
    wide = [record(seq, 110.2, -7.03) for seq in (20, 40)]
    ingest.fixes([*along(1, 3, start=110.199), *wide], at=START + timedelta(minutes=31))
    between = [record(seq, 110.2) for seq in range(10, 59) if seq not in (20, 40)]
    ingest.fixes(between, at=START + timedelta(minutes=40))
    ((alert_id,),) = ingest.rows("select alert_id from alert where rule = 'CORRIDOR_DEVIATION'")
    told = kawal("rules", "explain", str(alert_id), "--lang", "en").output
    assert "Data that came late disproved it" in told
    assert "corridor_left at" in told


def test_a_report_that_came_late_says_how_late(ingest: Ingest, kawal: Kawal) -> None:
    ingest.fixes(along(1, 40), at=LIVE + timedelta(minutes=10))
    opened = {"seq": 41, "event": "sos", "event_time": START.isoformat(), "note": "banjir [b]"}
    ingest.take((EVENTS, single(opened)), at=START + timedelta(hours=2))
    ((alert_id,),) = ingest.rows("select alert_id from alert where rule = 'SOS'")
    told = kawal("rules", "explain", str(alert_id), "--lang", "en").output
    assert "Note: banjir [b]" in told
    assert "its data was 2 h under way" in told


def test_the_version_and_its_sources_are_known_after_the_settings_have_changed(
    connection: Connection, ingest: Ingest
) -> None:
    alert_id = raised(ingest)
    before = explanations.case(connection, alert_id)
    rule_sets.note_settings(connection, Rules(confirm_window=9), START + timedelta(hours=1))
    after = explanations.case(connection, alert_id)
    assert after.thresholds == before.thresholds
    assert after.thresholds is not None
    assert after.thresholds.source("corridor_margin_m") is Source.SHIPMENT
    assert after.thresholds.version == ingest.rows("select rules_version from alert")[0][0]


def test_an_alert_that_is_not_there(connection: Connection, kawal: Kawal) -> None:
    refused = kawal("rules", "explain", "4711")
    assert refused.exit_code == 1
    assert "there is no alert 4711" in refused.output
    with pytest.raises(UnknownAlertError):
        explanations.case(connection, 4711)


def row(output: str, name: str) -> list[str]:
    (line,) = [each for each in output.splitlines() if f" {name} " in each]
    return [cell.strip() for cell in line.strip("│ ").split("│")]


def test_the_thresholds_in_force_with_their_origin(connection: Connection, kawal: Kawal) -> None:
    shown = kawal("rules", "show", "--shipment", "SHP-KWL-0001")
    assert shown.exit_code == 0, shown.output
    assert row(shown.output, "corridor_margin_m")[1:] == ["150", "shipment"]
    assert row(shown.output, "stop_after_s")[1:] == ["240", "leg"]
    assert row(shown.output, "confirm_fixes")[1:] == ["2", "operation"]
    assert row(shown.output, "late_after_s")[1:] == ["120", "settings (nowhere else)"]
    everywhere = kawal("rules", "show").output
    assert row(everywhere, "corridor_margin_m")[1:] == ["0", "settings"]
    assert row(everywhere, "convoy_behind_m")[1:] == ["7000", "operation"]
    assert "has no shipment 'SHP-9'" in kawal("rules", "show", "--shipment", "SHP-9").output


def test_the_history_says_who_changed_what(connection: Connection, kawal: Kawal) -> None:
    rule_sets.note_settings(connection, Rules(confirm_window=9), START)
    told = kawal("rules", "show", "--history").output
    assert "confirm_window: 4.0 → 9.0" in told
    assert "sari" in told
