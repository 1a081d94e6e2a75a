"""`kawal manifest` from end to end: import, import again, supersede, export, read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import main
from domain.manifest_documents import csv_table, to_document
from domain.manifest_rows import Taken
from domain.manifest_words import RecordKind
from integrations.manifest_files import read_document, read_file
from tests.support.manifest_records import SOUND, Records, sound

Kawal = Callable[..., Result]


@pytest.fixture
def kawal(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kawal:
    """The command, in a folder and an installation of its own."""
    monkeypatch.setenv("KAWAL_DATABASE_URL", database_url)
    monkeypatch.setenv("KAWAL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, ["manifest", *map(str, words)])


def write_tables(folder: Path) -> list[Path]:
    """A CSV file of each kind, those that need others first."""
    files = []
    for kind, record in reversed(sound()):
        file = folder / f"KPU_{kind}s.csv"
        file.write_text("".join(csv_table(kind, [record], separator=";")), "utf-8")
        files.append(file)
    return files


def counts(result: Result) -> dict[str, list[int]]:
    """new, changed, same and refused of each kind in the report."""
    rows = (line.split() for line in result.output.splitlines() if line.startswith("  "))
    return {row[0]: list(map(int, row[1:])) for row in rows if len(row) == 5 and row[1].isdigit()}


def test_tables_are_taken_in_order_and_come_again_without_effect(
    kawal: Kawal, tmp_path: Path
) -> None:
    files = write_tables(tmp_path)
    first = kawal("import", *files)
    assert first.exit_code == 0, first.output
    assert counts(first) == {kind: [1, 0, 0, 0] for kind in RecordKind}
    again = kawal("import", *files)
    assert again.exit_code == 0, again.output
    assert counts(again) == {kind: [0, 0, 1, 0] for kind in RecordKind}


def test_an_exported_manifest_is_what_was_imported(kawal: Kawal, tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text(json.dumps(to_document(sound())), "utf-8")
    assert kawal("import", "all.json").exit_code == 0
    own: Records = [pair for pair in sound() if pair[0] is not RecordKind.STATION]
    exported = kawal("export", "M-1")
    assert exported.exit_code == 0, exported.output
    rows = list(read_document(json.loads(exported.output)))
    assert [(row.kind, row.record) for row in rows if isinstance(row, Taken)] == own
    named = kawal("export", "M-1", "--form", "csv")
    assert named.output == "manifest-M-1.zip\n"
    rows = list(read_file(tmp_path / "manifest-M-1.zip", largest_bytes=10**6))
    assert [(row.kind, row.record) for row in rows if isinstance(row, Taken)] == own
    same = kawal("import", "manifest-M-1.zip")
    assert counts(same) == {kind: [0, 0, 1, 0] for kind, _ in own}


def test_a_later_revision_leaves_parts_out_of_the_export(kawal: Kawal, tmp_path: Path) -> None:
    document: dict[str, Any] = to_document(sound())
    (tmp_path / "one.json").write_text(json.dumps(document), "utf-8")
    document["manifests"][0] |= {"revision": 2, "units": [], "carrier": "PT Pos"}
    (tmp_path / "two.json").write_text(json.dumps(document), "utf-8")
    assert kawal("import", "one.json", "two.json").exit_code == 0
    (exported,) = json.loads(kawal("export", "M-1").output)["manifests"]
    assert (exported["revision"], exported["carrier"], "units" in exported) == (2, "PT Pos", False)


def test_the_refused_are_told_and_the_others_taken(kawal: Kawal, tmp_path: Path) -> None:
    station = SOUND[RecordKind.STATION]
    rows = [f"T-{n};{station['region']};{n};512" for n in range(1, 31)]
    bad = [f"T-{n};32.1;{n};512" for n in range(31, 56)]
    header = "id;kode_wilayah;number;voters_mayor"
    (tmp_path / "tps.csv").write_text("\n".join([header, *rows, *bad]), "utf-8")
    result = kawal("import", "tps.csv")
    assert result.exit_code == 0, result.output
    assert counts(result) == {"station": [30, 0, 0, 25]}
    told = [line for line in result.output.splitlines() if "kode_wilayah: " in line]
    assert len(told) == 20
    assert told[0].startswith('  tps.csv:32: kode_wilayah: "32.1" was read as a number')
    assert "... and 5 more" in result.output


@pytest.mark.parametrize(
    ("content", "words"),
    [("nothing;known\n", "(header)"), ("id;region;number;voters_mayor\n;;;x\n", "1")],
)
def test_it_fails_where_nothing_is_taken(
    kawal: Kawal, tmp_path: Path, content: str, words: str
) -> None:
    (tmp_path / "tps.csv").write_text(content, "utf-8")
    result = kawal("import", "tps.csv")
    assert result.exit_code == 1
    assert "nothing was taken" in result.output
    assert words in result.output


def test_there_is_no_export_of_what_is_not_known(kawal: Kawal) -> None:
    result = kawal("export", "M-404")
    assert result.exit_code == 1
    assert "there is no manifest M-404" in result.output
