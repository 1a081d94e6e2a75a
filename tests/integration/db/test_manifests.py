"""Manifests: what an import stores, what it refuses, and that nothing depends on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import changes, manifests
from db.pool import Connection, connect
from domain.manifest_rows import ImportReport, Refused, Row, Taken
from domain.manifest_words import RecordKind
from domain.settings import Materials
from tests.integration.db.conftest import TABLES as NAMES_OF_TABLES
from tests.integration.db.manifest_scene import (
    EVERYTHING,
    district,
    line,
    manifest,
    receipt,
    receipt_line,
    station,
    store,
    stored,
    taken,
    unit,
)
from tests.support.processes import until


def reasons(report: ImportReport) -> list[tuple[str, str | None, str, str]]:
    """(kind, key, field, reason) of what was refused."""
    return [(row.kind, row.record_key, row.field, row.reason) for row in report.refused]


def states(report: ImportReport) -> dict[str, int]:
    """How many rows of any kind are in each state."""
    return {state: report.count(state) for state in ("NEW", "CHANGED", "SAME", "REFUSED")}


def one(connection: Connection, query: str) -> Any:
    """The first value of the first row."""
    row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]


def test_a_row_of_each_kind_is_stored_with_all_its_fields(connection: Connection) -> None:
    report = store(connection, district())
    assert states(report) == {"NEW": 14, "CHANGED": 0, "SAME": 0, "REFUSED": 0}
    found = stored(connection)
    assert {name for name, rows in found.items() if not rows} == {"record_history"}
    assert found["electorate"][0] == {
        "station_id": "T-1", "election": "GOVERNOR", "voters": 501, "ballots_due": 514,
    }  # fmt: skip
    document = found["manifest_document"][0]
    assert document["signers"] == [
        {"name": "Ani", "role": None, "organisation": None, "signed_at": None}
    ]
    (box,) = [row for row in found["manifest_unit"] if row["unit_id"] == "BOX-1"]
    assert (box["seals"], box["station_id"]) == (["A-1", "A-2"], "T-1")
    assert sorted(row["election"] for row in found["receipt_line"]) == ["-", "GOVERNOR"]


def test_the_same_again_changes_nothing_but_the_list_of_imports(connection: Connection) -> None:
    store(connection, district())
    before = stored(connection, EVERYTHING)
    report = store(connection, district())
    assert states(report) == {"NEW": 0, "CHANGED": 0, "SAME": 14, "REFUSED": 0}
    assert stored(connection, EVERYTHING) == before
    assert [found.import_id for found in manifests.imports(connection)] == [2, 1]


def test_a_higher_revision_supersedes_and_the_old_row_is_kept_whole(
    connection: Connection,
) -> None:
    store(connection, district())
    report = store(connection, [manifest(revision=2, vehicle="B 1 X"), line(1, revision=2, qty=9)])
    assert states(report) == {"NEW": 0, "CHANGED": 2, "SAME": 0, "REFUSED": 0}
    (was,) = manifests.history(connection, RecordKind.LINE, "M-1/1")
    assert (was.revision, was.import_id, was.document["qty"]) == (1, 2, 514)
    noted = manifests.import_rows(connection, report.import_id)
    assert {row.record_key: row.payload for row in noted} == {
        "M-1": {"revision": [1, 2], "vehicle": [None, "B 1 X"]},
        "M-1/1": {"revision": [1, 2], "qty": [514, 9]},
    }
    # What the second revision leaves out is no longer current.
    assert one(connection, "select array_agg(line_no) from current_line") == [1]
    assert one(connection, "select count(*) from current_unit") == 0


def test_the_same_content_under_a_higher_revision_moves_along(connection: Connection) -> None:
    store(connection, [manifest(), line(1)])
    report = store(connection, [manifest(revision=2), line(1, revision=2)])
    assert states(report) == {"NEW": 0, "CHANGED": 0, "SAME": 2, "REFUSED": 0}
    assert one(connection, "select revision from current_line") == 2
    assert stored(connection)["record_history"] == []


def test_the_voters_of_a_station_are_part_of_it(connection: Connection) -> None:
    store(connection, [station(1)])
    report = store(connection, [station(1, revision=2, voters={"GOVERNOR": 7})])
    (row,) = manifests.import_rows(connection, report.import_id)
    assert row.payload == {
        "revision": [1, 2],
        "voters": [{"GOVERNOR": 501, "MAYOR": 501}, {"GOVERNOR": 7}],
    }
    assert [(e["election"], e["voters"]) for e in stored(connection)["electorate"]] == [
        ("GOVERNOR", 7)
    ]


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        (
            line(1, qty=1),
            ("line", "M-1/1", "revision",
             "revision 1 is stored already with other content: raise the revision"),
        ),
        (
            manifest("M-2", revision=2),
            ("manifest", "M-2", "revision", "revision 2 is older than the stored 4"),
        ),
        (
            line(1, manifest="M-2", revision=3),
            ("line", "M-2/1", "revision", "revision 3 is older than the stored 4"),
        ),
        (
            line(7, manifest="M-9"),
            ("line", "M-9/7", "manifest", "no manifest M-9 is known"),
        ),
        (
            receipt("R-9", manifest="M-9"),
            ("receipt", "R-9", "manifest", "no manifest M-9 is known"),
        ),
        (
            receipt_line(receipt="R-9"),
            ("receipt_line", "R-9/BALLOT/GOVERNOR", "receipt", "no receipt R-9 is known"),
        ),
        (
            unit("BOX-9", revision=2),
            ("unit", "M-1/BOX-9", "revision",
             "manifest M-1 is stored at revision 1: its revision 2 must come first"),
        ),
    ],
)  # fmt: skip
def test_a_row_that_does_not_fit_is_refused_and_those_beside_it_are_stored(
    connection: Connection, row: Taken, wanted: tuple[str, str, str, str]
) -> None:
    store(connection, [*district(), manifest("M-2", revision=4)])
    before = stored(connection)
    report = store(connection, [station(9), row, station(10)])
    assert reasons(report) == [wanted]
    assert states(report) == {"NEW": 2, "CHANGED": 0, "SAME": 0, "REFUSED": 1}
    after = stored(connection)
    assert len(after["station"]) == len(before["station"]) + 2
    for table in ("manifest", "manifest_line", "manifest_unit", "receipt", "receipt_line"):
        assert after[table] == before[table]
    (noted,) = manifests.import_rows(connection, report.import_id, state="REFUSED")
    assert noted.place == row.place
    assert noted.payload is not None
    assert noted.payload["revision"] == row.record.revision


def test_of_two_rows_of_one_record_the_later_is_refused_with_the_place_of_the_first(
    connection: Connection,
) -> None:
    rows = [
        manifest(),
        line(1, qty=5),
        line(1, qty=6)._replace(place="lines.csv:9"),
        line(1, qty=5),
    ]
    report = store(connection, rows)
    assert reasons(report) == [
        ("line", "M-1/1", "revision", "revision 1 came already at line.csv:1 with other content")
    ]
    assert report.counts["line"] == {"NEW": 1, "CHANGED": 0, "SAME": 1, "REFUSED": 1}
    assert one(connection, "select qty from manifest_line") == 5


def test_a_refused_row_does_not_stand_in_the_way_of_a_good_one_of_the_same_name(
    connection: Connection,
) -> None:
    report = store(connection, [manifest(), receipt(manifest="M-9"), receipt()])
    assert report.counts["receipt"] == {"NEW": 1, "CHANGED": 0, "SAME": 0, "REFUSED": 1}


def test_several_revisions_in_one_import_are_stored_one_after_the_other(
    connection: Connection,
) -> None:
    rows = [line(1, revision=3, qty=3), manifest(revision=3), line(1, qty=1), manifest()]
    report = store(connection, rows)
    assert states(report) == {"NEW": 2, "CHANGED": 1, "SAME": 1, "REFUSED": 0}
    assert one(connection, "select qty from current_line") == 3
    (was,) = manifests.history(connection, RecordKind.LINE, "M-1/1")
    assert was.document["qty"] == 1


def test_of_very_many_revisions_the_newest_are_stored(connection: Connection) -> None:
    rows = [station(1, revision=n, name=f"Station {n}") for n in range(1, 31)]
    report = store(connection, rows)
    assert states(report) == {"NEW": 1, "CHANGED": 19, "SAME": 0, "REFUSED": 10}
    assert one(connection, "select name from station") == "Station 30"


def test_rows_that_came_refused_are_kept_with_what_can_be_kept_of_them(
    connection: Connection,
) -> None:
    nasty = {"id": "a\0b", "half": "\ud800", "number": float("nan")}
    rows: list[Row] = [
        Refused(3, "lines.csv:3\0", "line", None, "qty", "must be a number", {"qty": "ü; 'x"}),
        station(1),
        Refused(4, 'Sheet "\ud800":4', "garble", "k\0", "", "what is it?", nasty),
        Refused(5, "lines.csv:5", "line", None, "qty", "is too long", {"qty": "9" * 100_000}),
    ]
    report = store(connection, rows)
    assert report.counts["line"]["REFUSED"] == 2
    assert report.counts["other"]["REFUSED"] == 1
    assert report.counts["station"]["NEW"] == 1
    first, second, third = manifests.import_rows(connection, report.import_id)
    assert first.payload == {"qty": "ü; 'x"}
    assert (second.kind, second.place) == ("garble", 'Sheet "?":4')
    assert third.payload is not None
    assert len(third.payload["text"]) == manifests.PAYLOAD_CHARS


def test_words_that_the_copy_could_take_for_its_own_are_stored_as_they_are(
    connection: Connection,
) -> None:
    seals = ['a"b', "c\\d", "{e,f}", "NULL", "\\N"]
    carrier = 'PT "Maju\\tak" \\N, {x}'
    store(connection, [
        manifest(carrier=carrier, escort="\\N"),
        unit("BOX-1", seals=seals),
        taken("document", manifest="M-1", kind="BAST", number="a\\b", signers=[{"name": '"\\"'}]),
    ])  # fmt: skip
    found = stored(connection)
    assert (found["manifest"][0]["carrier"], found["manifest"][0]["escort"]) == (carrier, "\\N")
    assert found["manifest_unit"][0]["seals"] == sorted(seals)
    document = found["manifest_document"][0]
    assert (document["number"], document["signers"][0]["name"]) == ("a\\b", '"\\"')


def test_the_order_of_seals_says_nothing(connection: Connection) -> None:
    store(connection, [manifest(), unit("BOX-1", seals=["A-1", "A-2"])])
    report = store(connection, [unit("BOX-1", seals=["A-2", "A-1"])])
    assert report.counts["unit"]["SAME"] == 1


def test_rows_that_fail_midway_undo_the_whole_import(connection: Connection) -> None:
    def broken() -> Iterator[Taken]:
        yield station(1)
        raise ValueError("the file ends here")

    with pytest.raises(ValueError, match="ends here"):
        store(connection, broken())
    assert manifests.imports(connection) == []
    assert stored(connection)["station"] == []
    assert states(store(connection, [station(1)]))["NEW"] == 1


def test_an_import_may_be_one_of_several_in_a_larger_transaction(connection: Connection) -> None:
    with connection.transaction():
        store(connection, [manifest()])
        report = store(connection, [line(1), manifest()])
    assert states(report) == {"NEW": 1, "CHANGED": 0, "SAME": 1, "REFUSED": 0}


def test_the_notes_have_a_limit_and_the_counts_do_not(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests, "MOST_REFUSED", 3)
    monkeypatch.setattr(manifests, "MOST_CHANGED", 1)
    store(connection, [station(1), station(2)])
    rows: list[Row] = [
        *(Refused(n, f"f:{n}", "line", None, "x", "is wrong") for n in range(2)),
        *(line(n, manifest="M-9") for n in range(1, 5)),
        *(station(n, revision=2, name="New") for n in (1, 2)),
    ]
    report = store(connection, rows)
    assert states(report) == {"NEW": 0, "CHANGED": 2, "SAME": 0, "REFUSED": 6}
    noted = manifests.import_rows(connection, report.import_id)
    assert sorted(row.state for row in noted) == ["CHANGED", *["REFUSED"] * 3]


def test_touched_manifests_are_due_and_listeners_are_told(
    connection: Connection, other_connection: Connection
) -> None:
    store(connection, [*district(), manifest("M-2"), manifest("M-3")])
    store(connection, [receipt("R-2", manifest="M-2")])
    other_connection.execute(f"listen {changes.CHANNEL}")
    for rows, due in (
        ([receipt_line(item="BALLOT", election="MAYOR")], ["M-1"]),
        ([station(2, revision=2, name="New")], ["M-1"]),
        ([receipt("R-2", revision=2, manifest="M-3")], ["M-2", "M-3"]),
        ([receipt("R-2", revision=2, manifest="M-3")], None),
    ):
        connection.execute("delete from reconcile_due")
        store(connection, rows)
        found = "select array_agg(manifest_id order by 1) from reconcile_due"
        assert one(connection, found) == due
    assert len(list(other_connection.notifies(timeout=0.5))) == 3


def test_two_imports_wait_for_each_other(connection: Connection, module_url: str) -> None:
    reports: list[ImportReport] = []

    def other() -> None:
        with connect(module_url, "second") as second:
            reports.append(store(second, district()))

    thread = threading.Thread(target=other)
    with connection.transaction():
        store(connection, district())
        thread.start()
        waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        until(lambda: one(connection, waits) == 1, 20, "the second import waits")
    thread.join(timeout=20)
    assert [states(report)["SAME"] for report in reports] == [14]


def test_progress_is_told_how_many_rows_were_read(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests, "PROGRESS_ROWS", 4)
    told: list[int] = []
    store(connection, district(), progress=told.append)
    assert told == [4, 8, 12, 14]


def test_the_reserve_is_that_of_the_settings(connection: Connection) -> None:
    store(connection, [station(1, voters={"GOVERNOR": 1000})], materials=Materials(reserve_pct=2.2))
    assert stored(connection)["electorate"][0]["ballots_due"] == 1022


# --- whatever the way, the same end ------------------------------------------------------

REVISIONS = st.integers(1, 3)
NAMES = st.sampled_from(["1", "2"])


@st.composite
def _rows(draw: st.DrawFn) -> Taken:
    kind = draw(st.sampled_from(["station", "manifest", "line", "unit", "receipt", "receipt_line"]))
    name, revision = draw(NAMES), draw(REVISIONS)
    # Content follows from the revision: two rows of one revision are the same.
    word = "x" if revision == 2 else ""
    match kind:
        case "station":
            return station(int(name), revision=revision, name=word or None)
        case "manifest":
            return manifest(f"M-{name}", revision=revision, vehicle=word or None)
        case "line":
            number = draw(st.integers(1, 2))
            return line(number, manifest=f"M-{name}", revision=revision, qty=len(word))
        case "unit":
            return unit("BOX-1", manifest=f"M-{name}", revision=revision, seals=list(word))
        case "receipt":
            return receipt(f"R-{name}", revision=revision, received_by=word or None)
        case _:
            return receipt_line(receipt=f"R-{name}", revision=revision, received=8 + len(word))


IMPORTS = st.lists(_rows(), max_size=14)
ORDER = list(RecordKind)
FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def end_of(connection: Connection, *imports: Sequence[Row]) -> dict[str, Any]:
    """What is stored after these imports into empty tables."""
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        names = [row[0] for row in connection.execute(NAMES_OF_TABLES).fetchall()]
        for name in names:
            connection.execute(
                psycopg.sql.SQL("delete from {}").format(psycopg.sql.Identifier(name))
            )
    for rows in imports:
        store(connection, rows)
    return stored(connection)


@FEW
@given(rows=IMPORTS)
def test_twice_is_once(connection: Connection, rows: list[Taken]) -> None:
    assert end_of(connection, rows, rows) == end_of(connection, rows)


@FEW
@given(data=st.data(), rows=IMPORTS)
def test_the_order_of_rows_says_nothing(
    connection: Connection, data: st.DataObject, rows: list[Taken]
) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert end_of(connection, shuffled) == end_of(connection, rows)


@FEW
@given(data=st.data(), rows=IMPORTS)
def test_an_import_may_be_split_where_the_references_are_in_order(
    connection: Connection, data: st.DataObject, rows: list[Taken]
) -> None:
    rows.sort(key=lambda row: ("receipt" in row.kind, row.record.revision, ORDER.index(row.kind)))
    at = data.draw(st.integers(0, len(rows)))
    assert end_of(connection, rows[:at], rows[at:]) == end_of(connection, rows)
