"""`kawal evidence` from end to end: make, prove, tamper, and be caught."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import main
from db import alerts, events, positions
from db import plan as stored_plan
from db.pool import Connection, connect
from domain.chart import chart
from domain.events import Event, Origin
from domain.plan import dump
from domain.settings import Rules
from ingest.decode import Raw
from ingest.evaluate import Evaluator
from ingest.pipeline import Pipeline
from tests.integration.db.support import fix
from tests.support.journeys import plan, record, single

DEVICE, OTHER, SHIPMENT = "KWL-0001", "KWL-0002", "SHP-KWL-0001"
MINUTE = timedelta(minutes=1)
NOW = datetime.now(UTC)
START = NOW - 60 * MINUTE

Kawal = Callable[..., Result]


@pytest.fixture
def connection(database_url: str) -> Connection:
    """To a database in which a lorry left its corridor."""
    opened = connect(database_url, "test")
    document = plan([DEVICE, OTHER], start=START)
    stored_plan.store(opened, document, "sari", dump(document))
    made = [fix(n, DEVICE, fix_time=START + n * MINUTE) for n in (1, 2, 3)]
    made = [p._replace(received_at=p.fix_time + timedelta(seconds=2)) for p in made]
    left = Event(
        "corridor_left", Origin.RULE, DEVICE, START + 2 * MINUTE, START + 3 * MINUTE, SHIPMENT,
        numbers={"outside_m": 900},
    )  # fmt: skip
    with opened.transaction():
        positions.copy_positions(opened, made)
        alerts.record(opened, events.record(opened, [left]), now=NOW)
    return opened


@pytest.fixture
def kawal(
    connection: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Kawal:
    """The command, in a folder and an installation of its own."""
    connection.close()
    monkeypatch.setenv("KAWAL_DATABASE_URL", database_url)
    monkeypatch.setenv("KAWAL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, ["evidence", *map(str, words)])


@pytest.fixture
def bundle(kawal: Kawal, tmp_path: Path) -> Path:
    made = kawal("--shipment", SHIPMENT, "--at", "0s", "--since", "2h", "--out", "b.zip")
    assert made.exit_code == 0, made.output
    return tmp_path / "b.zip"


def member(bundle: Path, name: str) -> str:
    with zipfile.ZipFile(bundle) as archive:
        return archive.read(name).decode()


def test_a_bundle_is_made_and_proved(kawal: Kawal, bundle: Path) -> None:
    answer = json.loads(member(bundle, "evidence.json"))
    assert (answer["fixes"]["count"], len(answer["events"]), len(answer["alerts"])) == (3, 1, 1)
    rows = list(csv.DictReader(io.StringIO(member(bundle, "fixes.csv"))))
    assert [(row["seq"], row["lat_deg"], row["known_at"]) for row in rows] == [
        ("1", "-7.0", "True"), ("2", "-7.0", "True"), ("3", "-7.0", "True"),
    ]  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(member(bundle, "events.csv")))
    assert (row["kind"], json.loads(row["detail"])) == ("corridor_left", {"outside_m": 900})
    assert "<h1>Bukti" in member(bundle, "report.html")
    key = kawal("key").output
    fingerprint = key.rpartition("): ")[2].strip()
    (bundle.parent / "kawal.pem").write_text(key)
    for given in (fingerprint, "kawal.pem"):
        proved = kawal("verify", bundle, "--key", given)
        assert proved.exit_code == 0, proved.output
        assert (
            f"Genuine: unchanged, and signed by the key you gave, {fingerprint}." in proved.output
        )
        assert f"shipment:  {SHIPMENT}" in proved.output


def test_without_a_key_it_is_said_that_anyone_can_sign(kawal: Kawal, bundle: Path) -> None:
    proved = kawal("verify", bundle)
    assert proved.exit_code == 0
    assert "Unchanged since it was signed by key" in proved.output
    assert "Genuine" not in proved.output
    assert "compare that key with the one published" in proved.output


def test_another_key_than_the_one_given_is_named(kawal: Kawal, bundle: Path) -> None:
    refused = kawal("verify", bundle, "--key", "ab" * 32)
    assert refused.exit_code == 1
    assert "which you did not give; yours is abab" in refused.output


def test_what_was_tampered_with_is_named(kawal: Kawal, bundle: Path) -> None:
    text = bundle.read_bytes()
    assert text.count(b"-7.0,110.002") == 1
    bundle.write_bytes(text.replace(b"-7.0,110.002", b"-7.0,110.902"))
    refused = kawal("verify", bundle)
    assert refused.exit_code == 1
    assert "fixes.csv: was changed" in refused.output
    assert "do not rely on it" in refused.output
    assert "evidence.json" not in refused.output


def test_a_hostile_name_reaches_the_terminal_as_text(kawal: Kawal, bundle: Path) -> None:
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr("a\x1b[2J\u202eb", b"x")
    refused = kawal("verify", bundle)
    assert refused.exit_code == 1
    assert "a?[2J?b: does not belong in a bundle" in refused.output


def test_the_flags_that_a_real_late_delivery_changes_are_told_both_ways(
    kawal: Kawal, database_url: str, tmp_path: Path
) -> None:
    """The first fix that was known was the wild one; one that came late proves it."""
    with connect(database_url, "test") as opened:
        rules = Rules()
        evaluator = Evaluator(rules)
        evaluator.survey = chart(stored_plan.load(opened), rules)
        pipeline = Pipeline(rules, evaluator)

        def deliver(*seqs: int) -> datetime:
            raws = [
                Raw(f"kawal/v1/{OTHER}/position", single(_record(seq)), datetime.now(UTC))
                for seq in seqs
            ]
            pipeline.process(opened, raws)
            return datetime.now(UTC)

        for seq in (2, 3, 4, 5, 6):
            then = deliver(seq)
        deliver(1)
    made = kawal("--shipment", f"SHP-{OTHER}", "--at", then.isoformat(), "--out", "late.zip")
    assert made.exit_code == 0, made.output
    answer = json.loads(member(tmp_path / "late.zip", "evidence.json"))
    changed = {
        row["id"].rpartition(".")[2]: (row["known_at"], row["true_at"])
        for row in answer["differences"]
        if row["subject"] == "fix"
    }
    assert changed["2"] == ([], ["JUMP"])
    assert changed["3"] == (["JUMP"], [])
    rows = csv.DictReader(io.StringIO(member(tmp_path / "late.zip", "fixes.csv")))
    flags = {row["seq"]: (row["flags_known_at"], row["flags"], row["known_at"]) for row in rows}
    assert flags["1"] == ("", "", "False")
    assert flags["2"] == ("", "JUMP", "True")


def _record(seq: int) -> dict[str, object]:
    """On the road at walking pace, but for the second, which is far away."""
    time = (NOW - (10 - seq) * MINUTE).isoformat().replace("+00:00", "Z")
    lon = 118.0 if seq == 2 else 110.4 + seq / 1000
    return record(seq, lon, fix_time=time, speed_kmh=6.0, buffered=True)


def test_a_bundle_of_an_alert_is_of_the_time_when_it_was_raised(
    kawal: Kawal, tmp_path: Path
) -> None:
    made = kawal("--alert", 1)
    assert made.exit_code == 0, made.output
    (file,) = tmp_path.glob("evidence-alert-1-*.zip")
    answer = json.loads(member(file, "evidence.json"))
    question, (alert,) = answer["question"], answer["known_at"]["alerts"]
    assert (question["shipment_id"], question["alert_id"]) == (SHIPMENT, 1)
    assert question["at"] == question["known_at"]
    assert (alert["state"], alert["holds"], alert["numbers"]) == ("NEW", True, {"outside_m": 900})
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        ([], "give either --shipment or --alert", 2),
        (["--shipment", "S-1", "--alert", "1"], "give either --shipment or --alert", 2),
        (["--shipment", "S-9"], "there is no shipment S-9", 1),
        (["--alert", "99"], "there is no alert 99", 1),
        (["--shipment", SHIPMENT, "--at", "2099-01-01T00:00:00Z"], "has not come yet", 1),
        (["--shipment", SHIPMENT, "--at", "kemarin"], "needs an age such as 90m", 2),
    ],
)
def test_a_question_that_cannot_be_answered(
    kawal: Kawal, tmp_path: Path, words: list[str], said: str, code: int
) -> None:
    refused = kawal("make", *words)
    assert (refused.exit_code, said in refused.output) == (code, True), refused.output
    assert list(tmp_path.glob("*.zip*")) == []
