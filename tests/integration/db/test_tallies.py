"""Tallies: due, sent and received from the villages to the nation, and where the boxes are."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import tallies
from db.pool import Connection
from domain.allotment import due, total
from domain.manifest_rows import Taken
from domain.manifest_words import Item, Leg
from domain.manifests import Station
from domain.plan_words import Direction
from domain.settings import Materials
from tests.integration.db.manifest_scene import (
    DISTRICT,
    MATERIALS,
    VILLAGES,
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

ABOVE = (DISTRICT, "32.73", "32", "")
FIELDS = ("due", "sent", "received", "used", "damaged_light", "damaged_heavy", "short")


def figures(
    connection: Connection, code: str, item: str = "BALLOT", election: str = "GOVERNOR",
    *, leg: str = "STATION", direction: str = "DISTRIBUTION",
) -> tuple[int, ...] | None:  # fmt: skip
    """(due, sent, received, used, damaged light, heavy, short) of one item in a region."""
    for row in tallies.tally_of(connection, code):
        if (row.item, row.election, row.leg, row.direction) == (item, election, leg, direction):
            return tuple(getattr(row, name) for name in FIELDS)
    return None


def progress(connection: Connection, code: str) -> tallies.Progress:
    """Of a region that has any."""
    found = tallies.progress_of(connection, code)
    assert found is not None
    return found


def levels(found: tallies.Progress) -> int:
    """How many levels its boxes have reached, added up."""
    return found.at_regency + found.at_district + found.at_village + found.at_station


def put_state(
    connection: Connection, name: str, stage: str, manifest_id: str = "M-1", **other: Any
) -> None:
    """What custody would say of a box."""
    row = {"seals": ["A-1"], "unit": name, "stage": stage, "manifest": manifest_id} | other
    connection.execute(
        "insert into unit_state (unit_id, manifest_id, stage, seals, since, event_uuid)"
        " values (%(unit)s, %(manifest)s, %(stage)s, %(seals)s, now(), %(uuid)s)"
        " on conflict (unit_id) do update set manifest_id = excluded.manifest_id,"
        " stage = excluded.stage, seals = excluded.seals",
        row | {"uuid": uuid4()},
    )
    tallies.refresh(connection, VILLAGES, MATERIALS)


def test_lines_and_receipts_count_at_the_village_of_their_station_and_above(
    connection: Connection,
) -> None:
    store(connection, district())
    assert figures(connection, VILLAGES[0]) == (514, 514, 510, 400, 2, 1, 4)
    assert figures(connection, VILLAGES[1]) == (515, 514, 0, 0, 0, 0, 0)
    for code in ABOVE:
        assert figures(connection, code) == (1029, 1028, 510, 400, 2, 1, 4)


def test_what_names_no_station_counts_where_its_manifest_leads_to(connection: Connection) -> None:
    store(connection, [
        *district(),
        manifest("M-2", leg="VILLAGE", to_region=VILLAGES[1]),
        line(1, manifest="M-2", item="FORM", election=None, station=None, qty=30),
        line(2, manifest="M-2", item="FORM", election=None, station="T-99", qty=5),
        receipt("R-2", manifest="M-2", station=None),
        receipt_line(receipt="R-2", item="FORM", election=None, received=35, used=None),
    ])  # fmt: skip
    assert figures(connection, DISTRICT, "INK", "-") == (4, 8, 2, 0, 0, 0, 0)
    assert figures(connection, VILLAGES[0], "INK", "-") == (2, 0, 2, 0, 0, 0, 0)
    for code in (VILLAGES[1], *ABOVE):
        assert figures(connection, code, "FORM", "-", leg="VILLAGE") == (0, 35, 35, 0, 2, 1, 4)
    assert figures(connection, VILLAGES[0], "FORM", "-", leg="VILLAGE") is None


def test_what_comes_back_counts_where_it_comes_from(connection: Connection) -> None:
    back = {"direction": "RETURN", "leg": "VILLAGE", "from_region": VILLAGES[0]}
    store(connection, [
        *district(),
        manifest("M-2", **back),
        line(1, manifest="M-2", station=None, qty=30),
    ])  # fmt: skip
    for code in (VILLAGES[0], *ABOVE):
        found = figures(connection, code, leg="VILLAGE", direction="RETURN")
        assert found is not None
        assert found[1] == 30


def test_what_is_due_is_the_same_on_every_leg(connection: Connection) -> None:
    store(connection, [
        *district(),
        manifest("M-2", leg="DISTRICT", from_region="32.73"),
        line(1, manifest="M-2", station="T-2", qty=7),
    ])  # fmt: skip
    for code in ABOVE:
        assert figures(connection, code, leg="DISTRICT") == (1029, 7, 0, 0, 0, 0, 0)
    assert figures(connection, VILLAGES[0], leg="DISTRICT") is None


def test_a_cancelled_manifest_sends_nothing_nor_does_what_a_later_revision_leaves_out(
    connection: Connection,
) -> None:
    store(connection, district())
    store(connection, [manifest(revision=2), line(1, revision=2)])
    assert figures(connection, "") == (1029, 514, 510, 400, 2, 1, 4)
    store(connection, [manifest(revision=3, status="CANCELLED"), line(1, revision=3)])
    assert figures(connection, "") == (1029, 0, 510, 400, 2, 1, 4)
    assert progress(connection, "").boxes == 0


def test_figures_that_lost_their_cause_go(connection: Connection) -> None:
    store(connection, [station(1), manifest(), line(1)])
    moved = "32.04.05.2001"
    store(connection, [station(1, revision=2, region=moved)])
    assert figures(connection, VILLAGES[0]) is None
    assert tallies.progress_of(connection, VILLAGES[0]) is None
    assert tallies.progress_of(connection, "32.73") is None
    for code in (moved, "32.04", "32", ""):
        assert figures(connection, code) == (514, 514, 0, 0, 0, 0, 0)
        assert progress(connection, code).stations == 1


@pytest.mark.parametrize(
    ("stage", "reached"),
    [
        ("PACKED", 2), ("SEALED", 2), ("IN_TRANSIT", 2), ("ARRIVED", 2), ("RECEIVED", 4),
        ("OPENED", 4), ("LOST", 2),
    ],
)  # fmt: skip
def test_a_box_has_reached_what_it_was_received_at_or_left_from(
    connection: Connection, stage: str, reached: int
) -> None:
    rows = [row for row in district() if "receipt" not in row.kind]
    store(connection, rows)  # from the district to the stations
    assert (levels(progress(connection, "")), progress(connection, "").packed) == (0, 0)
    put_state(connection, "BOX-1", stage)
    for code in (VILLAGES[0], *ABOVE):
        found = progress(connection, code)
        assert (levels(found), found.packed, found.returned) == (reached, 1, 0)
    assert (progress(connection, "").boxes, progress(connection, "").stations) == (2, 2)
    assert progress(connection, VILLAGES[1]).packed == 0


def test_the_papers_say_where_a_box_is_as_well_as_the_ledger(connection: Connection) -> None:
    rows = [row for row in district() if "receipt" not in row.kind]
    store(connection, rows)
    for status, packed, sealed, reached in (
        ("PACKED", 2, 0, 4), ("SEALED", 2, 2, 4), ("RECEIVED", 2, 2, 4),
    ):  # fmt: skip
        revision = 1 + len(stored(connection)["record_history"]) + 1
        units = [unit("BOX-1", revision=revision), unit("BOX-2", revision=revision, station="T-2")]
        store(connection, [manifest(revision=revision, status=status), *units])
        found = progress(connection, "")
        assert (found.packed, found.sealed, levels(found)) == (packed, sealed, reached)
        connection.execute("delete from record_history where kind <> 'manifest'")
    store(connection, [receipt(), taken("receipt_unit", receipt="R-1", unit="BOX-1")])
    assert (progress(connection, "").at_station, levels(progress(connection, ""))) == (1, 6)


def test_a_box_is_sealed_with_a_seal_on_it_and_once_it_went_on(connection: Connection) -> None:
    store(connection, [row for row in district() if "receipt" not in row.kind])
    for stage, seals, sealed in (("PACKED", [], 0), ("PACKED", ["A"], 1), ("LOADED", [], 1)):
        put_state(connection, "BOX-1", stage, seals=seals)
        assert progress(connection, "").sealed == sealed


def test_a_box_on_several_legs_is_one_and_is_back_at_the_warehouse(connection: Connection) -> None:
    back = {"direction": "RETURN", "leg": "DISTRICT", "to_region": "32.73"}
    store(connection, [*district(), manifest("M-2", **back), unit("BOX-2", manifest="M-2")])
    put_state(connection, "BOX-2", "IN_TRANSIT", "M-2")
    found = progress(connection, "32.73")
    assert (found.boxes, found.at_station, found.returned) == (2, 2, 0)  # BOX-1 has its receipt
    put_state(connection, "BOX-2", "RETURNED", "M-2")
    assert progress(connection, "32.73").returned == 1


def test_open_discrepancies_count_at_every_level_above(connection: Connection) -> None:
    store(connection, district())
    connection.execute(
        "insert into discrepancy (discrepancy_key, kind, severity, region_code, detail, evidence,"
        " opened_at, alert_key) values ('k', 'SHORT', 2, %(code)s, '{}', '[]', now(), 'a')",
        {"code": VILLAGES[0]},
    )
    tallies.refresh(connection, [VILLAGES[0]], MATERIALS)
    open_now = [row["open_discrepancies"] for row in stored(connection)["region_progress"]]
    assert sorted(open_now) == [0, 1, 1, 1, 1, 1]
    connection.execute("update discrepancy set gone_at = now()")
    tallies.refresh(connection, None, MATERIALS)
    assert {row["open_discrepancies"] for row in stored(connection)["region_progress"]} == {0}


def test_a_new_reserve_is_taken_when_everything_is_computed_anew(connection: Connection) -> None:
    store(connection, district())
    tallies.refresh(connection, None, Materials(reserve_pct=10))
    assert figures(connection, VILLAGES[0]) == (552, 514, 510, 400, 2, 1, 4)


def test_the_regions_right_below(connection: Connection) -> None:
    store(connection, [*district(), station(3, region="31.71.01.1001")])
    assert [row.region_code for row in tallies.progress_children(connection, "")] == ["31", "32"]
    below = [row.region_code for row in tallies.progress_children(connection, DISTRICT)]
    assert below == list(VILLAGES)
    found = tallies.tally_children(connection, DISTRICT, leg=Leg.STATION, item=Item.BOOTH)
    assert [(row.region_code, row.due) for row in found] == [(code, 4) for code in VILLAGES]
    assert tallies.tally_children(connection, "", direction=Direction.RETURN) == []
    assert len(tallies.tally_children(connection, "")) == 14


def test_regions_of_manifests(connection: Connection) -> None:
    store(connection, [*district(), manifest("M-2", to_region="32.04")])
    assert sorted(tallies.regions_of(connection, ["M-1"])) == [DISTRICT, *VILLAGES]
    assert tallies.regions_of(connection, ["M-2"]) == ["32.04"]


def test_what_is_right_already_is_not_written(connection: Connection) -> None:
    store(connection, district())
    query = "select array_agg(xmin::text order by region_code) from region_progress"
    before = connection.execute(query).fetchone()
    tallies.refresh(connection, None, MATERIALS)
    assert connection.execute(query).fetchone() == before


# --- against the arithmetic, and against computing everything anew ------------------------

FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
VOTERS = st.dictionaries(
    st.sampled_from(["GOVERNOR", "REGENT", "MAYOR"]), st.integers(0, 650), max_size=2
)
CODES = st.sampled_from([*VILLAGES, "32.04.05.2001", "31.71.01.1001"])
STATIONS = st.lists(st.tuples(CODES, VOTERS), max_size=6)


def clear(connection: Connection) -> None:
    """Empty the tables of the scene, without the wait that a truncate of many costs."""
    for table in (
        "tally", "region_progress", "electorate", "station", "manifest_line", "manifest_unit",
        "receipt_line", "receipt", "reconcile_due", "record_history", "manifest",
    ):  # fmt: skip
        connection.execute(f"delete from {table}")  # type: ignore[arg-type]  # noqa: S608


@FEW
@given(where=STATIONS, pct=st.sampled_from([0, 2, 2.2, 2.5, 7]), seals=st.integers(0, 6))
def test_what_is_due_is_what_the_arithmetic_says(
    connection: Connection, where: list[tuple[str, dict[str, int]]], pct: float, seals: int
) -> None:
    clear(connection)
    materials = Materials(reserve_pct=pct, seals_per_box=seals)
    rows = [station(n, region=code, voters=v) for n, (code, v) in enumerate(where, 1)]
    store(connection, rows, materials=materials)
    known = [row.record for row in rows if isinstance(row.record, Station)]
    for code in ("", "32", "32.73", DISTRICT, *VILLAGES, "31.71.01.1001"):
        inside = [one for one in known if one.region.startswith(code)]
        wanted = {
            (str(d.item), str(d.election or "-")): d.qty
            for d in total(d for one in inside for d in due(one, materials))
        }
        found = {(t.item, t.election): t.due for t in tallies.tally_of(connection, code)}
        assert found == wanted


@st.composite
def _changes(draw: st.DrawFn) -> Taken:
    number, revision = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    name, where = f"M-{number}", f"T-{draw(st.integers(1, 3))}"
    kinds = ["station", "manifest", "line", "unit", "receipt", "receipt_line"]
    match draw(st.sampled_from(kinds)):
        case "station":
            return station(number, revision=revision, region=draw(CODES))
        case "manifest":
            status = draw(st.sampled_from(["PLANNED", "SEALED", "CANCELLED"]))
            return manifest(name, revision=revision, to_region=draw(CODES), status=status)
        case "line":
            fields = {
                "station": draw(st.sampled_from([where, None])),
                "qty": draw(st.integers(0, 9)),
            }
            return line(number, manifest=name, revision=revision, **fields)
        case "unit":
            return unit(f"BOX-{number}", manifest=name, revision=revision, station=where)
        case "receipt":
            of = f"M-{draw(st.integers(1, 3))}"
            return receipt(f"R-{number}", manifest=of, revision=revision, station=where)
        case _:
            return receipt_line(receipt=f"R-{number}", revision=revision)


@FEW
@given(imports=st.lists(st.lists(_changes(), max_size=8), max_size=4))
def test_kept_by_imports_the_figures_are_those_of_everything_anew(
    connection: Connection, imports: list[list[Taken]]
) -> None:
    clear(connection)
    for rows in imports:
        store(connection, rows)
    kept = stored(connection)
    connection.execute("delete from tally")
    connection.execute("delete from region_progress")
    tallies.refresh(connection, None, MATERIALS)
    anew = stored(connection)
    assert kept["tally"] == anew["tally"]
    assert kept["region_progress"] == [
        row for row in anew["region_progress"] if row["region_code"] or imports
    ]


@FEW
@given(rows=st.lists(_changes(), max_size=15))
def test_each_region_is_at_least_the_sum_of_those_below_it_and_the_nation_is_the_sum(
    connection: Connection, rows: list[Taken]
) -> None:
    clear(connection)
    store(connection, rows)
    found: dict[tuple[str, ...], Counter[str]] = {}
    below: dict[tuple[str, ...], Counter[str]] = {}
    for row in stored(connection)["tally"]:
        key = (row["direction"], row["leg"], row["item"], row["election"])
        numbers = Counter({name: row[name] for name in FIELDS[1:]})
        found[row["region_code"], *key] = numbers
        if row["parent_code"] is not None:
            below.setdefault((row["parent_code"], *key), Counter()).update(numbers)
    for at, numbers in below.items():
        assert all(found[at][name] >= numbers[name] for name in FIELDS[1:])
        if not at[0]:  # no manifest leads to the whole nation
            assert +found[at] == +numbers
