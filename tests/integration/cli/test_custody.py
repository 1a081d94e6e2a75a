"""`kawal custody` from end to end: hand over, export, prove, tamper, and be caught."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import main
from db import accounts, custody
from db.accounts import Role
from db.pool import Connection, connect
from domain.custody_bundle import CUSTODY, LEDGER
from tests.integration.db.custody_scene import MANIFEST, put_document, put_manifest, put_receipt

Kawal = Callable[..., Result]
SEALS = ("--seal", "BOX-1=S-1,S-2", "--seal", "BOX-2=S-3")


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """To a database in which a manifest was sealed, carried and received."""
    with connect(database_url, "test") as opened:
        put_manifest(opened, status="IN_TRANSIT")
        put_document(opened, "BAST", "BA-1", signers=[{"name": "Sari"}, {"name": "Budi"}])
        put_receipt(opened, {"BOX-1": (["S-1", "S-9"], None)})
        custody.follow_import(opened, [MANIFEST], datetime.now(UTC))
        for login in ("sari", "budi"):
            accounts.create(opened, login, login.title(), "a-long-password", Role.SUPERVISOR)
        accounts.create(opened, "tamu", "Tamu", "a-long-password", Role.VIEWER)
        yield opened


@pytest.fixture
def kawal(
    connection: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Kawal:
    """The command, in a folder and an installation of its own."""
    monkeypatch.setenv("KAWAL_DATABASE_URL", database_url)
    monkeypatch.setenv("KAWAL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, ["custody", *map(str, words)])


@pytest.fixture
def bundle(kawal: Kawal, tmp_path: Path) -> Path:
    made = kawal("export", MANIFEST, "-o", "b.zip")
    assert made.exit_code == 0, made.output
    return tmp_path / "b.zip"


def signed_in(login: str, word: str = "a-long-password") -> tuple[str, ...]:
    return ("--as", login, "--password", word)


def rewrite(bundle: Path, target: Path, change: Callable[[str], str], dropped: str = "") -> Path:
    """A bundle with another ledger, its manifest and signature as they were."""
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            text = old.read(info).decode()
            if info.filename != dropped:
                new.writestr(info, change(text) if info.filename == LEDGER else text)
    return target


def tamper(connection: Connection, words: str) -> None:
    """As a superuser whom no trigger stops."""
    with connection.transaction():
        connection.execute("alter table custody_event disable trigger all")
        connection.execute(words)  # type: ignore[arg-type]
        connection.execute("alter table custody_event enable trigger all")


# --- bundles ---------------------------------------------------------------------------------


def test_a_bundle_is_proved_without_a_database(
    kawal: Kawal, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAWAL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    proved = kawal("verify", bundle)
    assert proved.exit_code == 0, proved.output
    assert "Unchanged" in proved.output
    assert "rows:      6, of which a checkpoint vouches for 6" in proved.output


def change_second_row(text: str) -> str:
    lines = text.splitlines()
    row = json.loads(lines[1])
    row["body"]["seals"]["BOX-1"] = ["S-1", "FALSE"]
    lines[1] = json.dumps(row)
    return "\n".join(lines)


def swap_rows(text: str) -> str:
    first, second, *rest = text.splitlines()
    return "\n".join([second, first, *rest])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (change_second_row, ["M-1, row 2: hash:", "M-1, row 2: kawal:seals:", "ledger.jsonl:"]),
        (swap_rows, ["M-1, row 1: seq: out of order: stands after row 2"]),
        (lambda text: "\n".join(text.splitlines()[:-1]), ["M-1, row 6: seq: was cut off"]),
        (lambda text: "\n".join(text.splitlines()[1:]), ["M-1, row 1: seq: this row is missing"]),
    ],
)
def test_a_changed_bundle_is_refused_and_the_row_named(
    kawal: Kawal, bundle: Path, tmp_path: Path, change: Callable[[str], str], expected: list[str]
) -> None:
    refused = kawal("verify", rewrite(bundle, tmp_path / "c.zip", change))
    assert refused.exit_code == 1
    for words in expected:
        assert words in refused.output


@pytest.mark.parametrize("name", CUSTODY.members)
def test_a_bundle_without_one_of_its_files_is_refused(
    kawal: Kawal, bundle: Path, tmp_path: Path, name: str
) -> None:
    refused = kawal("verify", rewrite(bundle, tmp_path / "c.zip", str, dropped=name))
    assert refused.exit_code == 1
    assert f"{name}: is missing" in refused.output


def test_a_foreign_key_is_refused_by_name(
    kawal: Kawal, bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours = CliRunner().invoke(main, ["evidence", "key"]).output.splitlines()[-1].partition(":")[2]
    assert kawal("verify", bundle, "--key", ours).exit_code == 0
    monkeypatch.setenv("KAWAL_HOME", str(tmp_path / "other"))
    refused = kawal("verify", bundle, "--key", "ab" * 32)
    assert refused.exit_code == 1
    assert "a foreign key signed it" in refused.output


def test_a_manifest_without_a_ledger_has_no_bundle(kawal: Kawal) -> None:
    refused = kawal("export", "M-404")
    assert refused.exit_code == 1
    assert "M-404" in refused.output


# --- the database -------------------------------------------------------------------------------


def test_the_whole_ledger_is_proved_and_a_changed_row_named(
    kawal: Kawal, connection: Connection
) -> None:
    assert kawal("checkpoint").exit_code == 0
    proved = kawal("verify")
    assert (proved.exit_code, proved.output) == (0, "1 chains, 6 rows: nothing was changed.\n")
    tamper(connection, "update custody_event set body = body - 'seals' where seq = 2")
    refused = kawal("verify")
    assert refused.exit_code == 1
    assert "M-1, row 2: hash: the row was changed" in refused.output


def test_a_published_checkpoint_must_be_there(kawal: Kawal) -> None:
    published = kawal("checkpoint").output.split()[0]
    assert kawal("checkpoint").output == "nothing moved since the last\n"
    assert kawal("verify", "--expect", published).exit_code == 0
    assert kawal("verify", "--expect", "0" * 63 + "1").exit_code == 1


def test_a_cut_chain_is_not_signed(kawal: Kawal, connection: Connection) -> None:
    tamper(connection, "delete from custody_event where seq = 6")
    refused = kawal("export", MANIFEST)
    assert refused.exit_code == 1
    assert "M-1, row 6" in refused.output


def test_where_units_are_is_made_again(kawal: Kawal, connection: Connection) -> None:
    connection.execute("delete from unit_state")
    assert kawal("rebuild").output == "3 units\n"
    assert connection.execute("select count(*) from unit_state").fetchone() == (3,)


def test_the_ledger_is_shown_with_its_doubts(kawal: Kawal) -> None:
    shown = kawal("show", MANIFEST).output
    assert "HANDOVER" in shown
    assert "Sari -> Budi" in shown
    assert "! SEAL_UNEXPECTED BOX-1 S-9" in shown


# --- papers -------------------------------------------------------------------------------------


def test_a_file_is_recorded_and_recognised(kawal: Kawal, tmp_path: Path) -> None:
    scan = tmp_path / "bast.pdf"
    scan.write_bytes(b"%PDF signed by two")
    words = ("attach", MANIFEST, scan, "--kind", "BAST", "--number", "BA-1")
    assert "recorded" in kawal(*words).output
    assert "is recorded already" in kawal(*words).output
    assert "BAST BA-1: this very file" in kawal("match", MANIFEST, scan).output
    scan.write_bytes(b"%PDF signed by one")
    refused = kawal("match", MANIFEST, scan)
    assert refused.exit_code == 1
    assert "recorded with a hash: BAST BA-1" in refused.output
    assert kawal("attach", "M-404", scan, "--kind", "BAST", "--number", "1").exit_code == 1
    assert kawal("attach", MANIFEST, scan, "--kind", "BAST", "--number", "\n").exit_code == 2


# --- handover -----------------------------------------------------------------------------------


def test_two_accounts_hand_over_by_command(kawal: Kawal) -> None:
    words = ("offer", MANIFEST, "--place", "PPK-1", "--bast", "BA-2", *SEALS)
    made = kawal(*words, *signed_in("sari"))
    assert made.exit_code == 0, made.output
    assert "M-1  PPK-1  3 units  by sari" in kawal("offers").output
    assert "received_by" in kawal("accept", 1, *SEALS, *signed_in("sari")).output
    assert "read those of BOX-2" in kawal("accept", 1, *SEALS[:2], *signed_in("budi")).output
    taken = kawal("accept", 1, "--seal", "BOX-1=S-1,S-2", "--seal", "BOX-2=", *signed_in("budi"))
    assert taken.exit_code == 0, taken.output
    assert "M-1, row 7: handed over" in taken.output
    assert "look at this: SEAL_MISSING BOX-2 S-3" in taken.output
    assert kawal("offers").output == ""


def test_an_offer_can_be_refused_or_withdrawn(kawal: Kawal) -> None:
    for number, (word, who) in enumerate([("--refuse", "budi"), ("--withdraw", "sari")], start=1):
        kawal("offer", MANIFEST, "--place", "PPK-1", *signed_in("sari"))
        done = kawal("accept", number, word, *signed_in(who))
        assert done.exit_code == 0, done.output
    assert kawal("offers").output == ""


@pytest.mark.parametrize(
    "who", [signed_in("sari", "a-wrong-password"), signed_in("tamu"), signed_in("nobody")]
)
def test_only_who_may_and_proves_it_hands_over(kawal: Kawal, who: tuple[str, ...]) -> None:
    refused = kawal("offer", MANIFEST, "--place", "PPK-1", *who)
    assert refused.exit_code == 1
    assert "unknown, or may only look" in refused.output


def test_a_reading_that_cannot_be_read_is_refused(kawal: Kawal) -> None:
    for words in (("--seal", "BOX-1"), ("--unit", "BOX 1")):
        refused = kawal("offer", MANIFEST, "--place", "PPK-1", *words, *signed_in("sari"))
        assert refused.exit_code in (1, 2)
        assert "BOX-1=S-1" in refused.output or "units.0" in refused.output


# --- EPCIS --------------------------------------------------------------------------------------


def test_epcis_goes_out_and_comes_in(kawal: Kawal, tmp_path: Path) -> None:
    assert kawal("epcis", "export", MANIFEST, "-o", "e.json").exit_code == 0
    came = kawal("epcis", "import", "e.json")
    assert (came.exit_code, came.output) == (0, "0 new, 6 known, 0 put aside\n")
    document = json.loads((tmp_path / "e.json").read_text("utf-8"))
    event = document["epcisBody"]["eventList"][3]
    event["eventID"] = "urn:uuid:7d1f5f0e-8d4b-4a52-9a76-0a3c5d9f1b11"
    (tmp_path / "f.json").write_text(json.dumps([event, {"type": "Other"}]), "utf-8")
    came = kawal("epcis", "import", "f.json")
    assert "1 new, 0 known, 1 put aside" in came.output
    (tmp_path / "g.json").write_text("{", "utf-8")
    assert kawal("epcis", "import", "g.json").exit_code == 1
