"""Discrepancies: recorded as found, told through one alert a kind and manifest, and listed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from db import discrepancies
from db.discrepancies import Recorded
from db.pool import Connection
from domain.discrepancies import Discrepancy
from domain.reconciliation_words import DiscrepancyKind
from tests.integration.db.reconciliation_scene import AT, NOW, VILLAGE, alerts_of, events_of

MINUTE = timedelta(minutes=1)


def short(number: int = 1, found: int | None = 80, **other: Any) -> Discrepancy:
    """Station TPS-<number> received too few ballots."""
    usual: dict[str, Any] = {
        "kind": DiscrepancyKind.BALLOTS_SHORT, "manifest_id": "M-1", "shipment_id": "SHP-1",
        "region_code": VILLAGE, "opened_at": AT, "station_id": f"TPS-{number}", "item": "BALLOT",
        "election": "GOVERNOR", "expected": 100, "found": found,
        "evidence": ({"kind": "receipt", "id": f"R-{number}"},),
    }  # fmt: skip
    return Discrepancy(**usual | other)


def note() -> Discrepancy:
    """A receipt that nobody can prove."""
    return short(
        9, kind=DiscrepancyKind.UNPROVEN_RECEIPT, item=None, election=None, ref="R/9",
        expected=None, found=None,
    )  # fmt: skip


def record(connection: Connection, *found: Discrepancy, minutes: float = 0) -> Recorded:
    with connection.transaction():
        return discrepancies.record(connection, ["M-1"], found, now=NOW + minutes * MINUTE)


def test_three_hundred_stations_are_one_alert(connection: Connection) -> None:
    done = record(connection, *(short(number) for number in range(1, 301)))
    assert done == Recorded(300, 0, 0, frozenset({VILLAGE}))
    assert alerts_of(connection) == [("BALLOTS_SHORT", 1, True)]
    detail, opened_at, device = connection.execute(
        "select detail, opened_at, device_id from alert"
    ).fetchone() or ({}, None, None)
    assert (detail["cases"], detail["expected"], detail["found"]) == (300, 30_000, 24_000)
    assert (opened_at, device) == (AT, None)


def test_the_same_again_changes_nothing(connection: Connection) -> None:
    record(connection, short(), note())
    before = connection.execute("select *, xmin from discrepancy order by 1").fetchall()
    assert record(connection, note(), short(), minutes=5) == Recorded(0, 0, 0, frozenset())
    assert connection.execute("select *, xmin from discrepancy order by 1").fetchall() == before
    assert len(events_of(connection)) == 1


def test_what_changes_is_told_again_and_what_goes_clears(connection: Connection) -> None:
    record(connection, short(), short(2))
    assert record(connection, short(found=90), minutes=1) == Recorded(0, 1, 1, frozenset({VILLAGE}))
    (detail,) = connection.execute("select detail from alert").fetchone() or ({},)
    assert (detail["cases"], detail["found"]) == (1, 90)
    assert record(connection, minutes=2).gone == 1
    assert alerts_of(connection) == [("BALLOTS_SHORT", 1, False)]
    assert [one.state for one in discrepancies.of_manifest(connection, "M-1")] == ["GONE"] * 2


def test_one_that_is_back_is_told_anew(connection: Connection) -> None:
    for minutes, found in ((0, [short()]), (1, []), (2, [short()]), (3, [])):
        record(connection, *found, minutes=minutes)
    assert [kind.rpartition("_")[2] for kind, _ in events_of(connection)] == ["found", "gone"] * 2
    assert [one.state for one in discrepancies.of_manifest(connection, "M-1")] == ["GONE"] * 2


def test_a_note_is_listed_and_rings_nobody(connection: Connection) -> None:
    record(connection, note())
    (listed,) = discrepancies.queue(connection)
    assert (listed.kind, listed.alert_id, listed.severity) == ("UNPROVEN_RECEIPT", None, 4)
    assert events_of(connection) == []


def test_other_manifests_are_left_alone(connection: Connection) -> None:
    record(connection, short())
    with connection.transaction():
        discrepancies.record(connection, ["M-2"], [short(manifest_id="M-2")], now=NOW)
    record(connection, minutes=1)
    (left,) = discrepancies.queue(connection)
    assert left.manifest_id == "M-2"


def test_the_queue_in_its_order_page_by_page(connection: Connection) -> None:
    grave = [short(number, opened_at=AT + number * MINUTE) for number in (1, 2, 3)]
    record(connection, *grave, note())
    whole = discrepancies.queue(connection)
    assert [one.station_id for one in whole] == ["TPS-3", "TPS-2", "TPS-1", "TPS-9"]
    pages, after = [], None
    while page := discrepancies.queue(connection, limit=1, after=after):
        pages += page
        after = page[-1]
    assert pages == whole


def test_the_queue_is_filtered(connection: Connection) -> None:
    other = short(2, region_code="51.71.01.1001", kind=DiscrepancyKind.SURPLUS)
    record(connection, short(), other, short(10))

    def asked(**by: Any) -> list[str]:
        return sorted(str(one.station_id) for one in discrepancies.queue(connection, **by))

    assert asked() == ["TPS-1", "TPS-10", "TPS-2"]
    assert asked(region="51") == ["TPS-2"]
    assert asked(kind="BALLOTS_SHORT") == ["TPS-1", "TPS-10"]
    assert asked(text="tps-1") == ["TPS-1", "TPS-10"]
    assert asked(text="TPS_1") == []
    assert asked(owner="-") == ["TPS-1", "TPS-10", "TPS-2"]
    assert asked(owner="sari") == []
    assert asked(state="GONE") == []


def test_counts_by_kind(connection: Connection) -> None:
    record(connection, short(), short(2), note())
    assert [count[:5] for count in discrepancies.counts(connection, "33")] == [
        ("BALLOTS_SHORT", 1, 2, 2, 0),
        ("UNPROVEN_RECEIPT", 4, 1, 1, 0),
    ]
    assert discrepancies.counts(connection, "51") == []


def test_one_with_a_slash_in_its_reference_is_found_again(connection: Connection) -> None:
    paper = short(kind=DiscrepancyKind.ONE_SIGNER, ref="BAST/001/2024", expected=2, found=1)
    record(connection, paper)
    (detail,) = connection.execute("select detail from alert").fetchone() or ({},)
    assert detail["first"].endswith("BAST/001/2024")
