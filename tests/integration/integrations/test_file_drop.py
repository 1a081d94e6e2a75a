"""Files dropped into a folder, in the forms that people send, into the real database."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from db import connectors, manifests
from db.pool import Connection
from domain.manifest_rows import Row
from domain.settings import Materials
from integrations import file_drop
from integrations.connector import StoppingError
from integrations.file_drop import FileDrop, is_temporary
from tests.support.kpu_documents import broken, document

NOW = datetime(2024, 11, 25, 8, tzinfo=UTC)
LARGEST = 200_000
STATIONS = "id;number;region;voters.GOVERNOR;name\nT-1;1;32.73.01.1001;500;SDN Cibadak – Ñ\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "drop"
    found.mkdir()
    return found


@pytest.fixture
def drop(folder: Path) -> FileDrop:
    return FileDrop(folder, Materials(), LARGEST, threading.Event())


def looks(drop: FileDrop, connection: Connection, times: int = 2) -> None:
    for _ in range(times):
        drop.run(connection, NOW)


def put(folder: Path, name: str, content: Any) -> Path:
    file = folder / name
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    file.write_bytes(body)
    return file


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_file())


def report(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{name}.report.json").read_text("utf-8"))
    return found


def test_a_file_is_taken_when_it_has_not_changed_between_two_looks(
    connection: Connection, folder: Path, drop: FileDrop
) -> None:
    put(folder, "a.json", document(1))
    looks(drop, connection, 1)
    put(folder, "a.json", document(1, boxes=2))
    looks(drop, connection, 1)
    assert names(folder) == ["a.json"]
    looks(drop, connection, 1)
    assert names(folder) == []
    assert names(folder / "done") == ["a.json", "a.json.report.json", "a.json.report.txt"]
    assert report(folder / "done", "a.json")["counts"]["unit"]["NEW"] == 2
    assert "baru/new" in (folder / "done/a.json.report.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("station.csv", STATIONS.encode("utf-8-sig")),
        ("station.csv", STATIONS.encode("cp1252")),
        ("station.csv", STATIONS.replace(";", ",").replace("\n", "\r\n").encode()),
        ("Data Final (2) - FIX.json", document(1)),
    ],
)
def test_dialects(
    connection: Connection, folder: Path, drop: FileDrop, name: str, content: Any
) -> None:
    put(folder, name, content)
    looks(drop, connection)
    assert name in names(folder / "done")
    found = report(folder / "done", name)
    assert (found["counts"]["station"]["NEW"], found["refused"]) == (1, [])


def test_the_same_again_changes_nothing_and_overwrites_nothing(
    connection: Connection, folder: Path, drop: FileDrop
) -> None:
    for _ in range(2):
        put(folder, "a.json", document(1))
        looks(drop, connection)
    assert {"a.json", "a (2).json"} <= set(names(folder / "done"))
    again = report(folder / "done", "a (2).json")
    assert {state: n for state, n in again["counts"]["manifest"].items() if n} == {"SAME": 1}
    assert connectors.state(connection, "file-drop").records == 3


def test_refused_rows_stand_in_the_report(
    connection: Connection, folder: Path, drop: FileDrop
) -> None:
    put(folder, "a.json", broken(1))
    looks(drop, connection)
    refused = report(folder / "done", "a.json")["refused"]
    assert any(row["field"] == "planned_arrival" and row["place"] for row in refused)
    assert "planned_arrival" in (folder / "done/a.json.report.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (("empty.csv", b""), "empty"),
        (("a.json", b'{"format": "other"}'), "format"),
        (("a.pdf", b"%PDF-1.7"), "PDF"),
        (("large.json", b" " * (LARGEST + 1)), "KAWAL_INTEGRATIONS_LARGEST_MB"),
        (("none.json", {**document(1), "stations": [], "manifests": [{"id": 7}]}), "manifests[0]"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(
    connection: Connection, folder: Path, drop: FileDrop, bad: tuple[str, Any], reason: str
) -> None:
    name, content = bad
    put(folder, name, content)
    put(folder, "zz-good.json", document(1))
    looks(drop, connection)
    assert name in names(folder / "refused")
    assert reason in (folder / f"refused/{name}.report.txt").read_text("utf-8")
    assert "zz-good.json" in names(folder / "done")


@pytest.mark.parametrize(
    "name", [".hidden.json", "~$Manifest.xlsx", "a.json.part", "a.csv.crdownload", "a.TMP", "a~"]
)
def test_files_that_are_not_meant_are_left_alone(
    connection: Connection, folder: Path, drop: FileDrop, name: str
) -> None:
    assert is_temporary(name)
    put(folder, name, document(1))
    looks(drop, connection, 3)
    assert names(folder) == [name]


def test_links_and_folders_are_left_alone(
    connection: Connection, folder: Path, drop: FileDrop, tmp_path: Path
) -> None:
    outside = put(tmp_path, "secret.json", document(1))
    (folder / "link.json").symlink_to(outside)
    (folder / "sub.json").mkdir()
    looks(drop, connection, 3)
    assert manifests.imports(connection) == []
    assert outside.exists()


def test_a_stop_in_mid_file_leaves_it_to_the_next_process(
    connection: Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "a.json", document(1))
    stop = threading.Event()
    read_file = file_drop.read_file

    def stopped(path: Path, *, largest_bytes: int) -> Iterator[Row]:
        for row in read_file(path, largest_bytes=largest_bytes):
            yield row
            stop.set()

    monkeypatch.setattr(file_drop, "read_file", stopped)
    with pytest.raises(StoppingError):
        looks(FileDrop(folder, Materials(), LARGEST, stop), connection)
    assert manifests.imports(connection) == []
    monkeypatch.undo()
    looks(FileDrop(folder, Materials(), LARGEST, threading.Event()), connection)
    assert connectors.state(connection, "file-drop").records == 3
    assert names(folder) == []


def test_a_fault_of_ours_does_not_hold_up_the_next_file(
    connection: Connection, folder: Path, drop: FileDrop, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "a.json", document(1))
    put(folder, "b.json", document(2))
    read_file = file_drop.read_file

    def faulty(path: Path, *, largest_bytes: int) -> Iterator[Row]:
        if path.name == "a.json":
            raise ZeroDivisionError("ours")
        return read_file(path, largest_bytes=largest_bytes)

    monkeypatch.setattr(file_drop, "read_file", faulty)
    looks(drop, connection)
    assert "fault of ours" in (folder / "refused/a.json.report.txt").read_text("utf-8")
    assert "b.json" in names(folder / "done")
