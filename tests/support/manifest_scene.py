"""Believable manifests from Bogor and elsewhere: one on its way, one received with a seal that
is not the one that was sent, one late, and many that are planned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from db import custody, manifests
from db.pool import Connection
from domain.manifest_rows import Row, Taken
from domain.manifest_words import RecordKind
from domain.manifests import RECORDS, Manifest
from domain.settings import Materials

ON_THE_WAY = "MNF-3201-0001"
RECEIVED = "MNF-3201-0002"
LATE = "MNF-7371-0001"
# Of the one that was received: seal 2B was sent, and another one found.
SWAPPED_BOX, SENT_SEAL, FOUND_SEAL = "KS-3201252001-001-GUB", "SGL-320125-0201B", "SGL-999999-0001"
BAST = "BAST/3201/XI/2024/0002"
VILLAGES = ("32.01.25.2001", "32.01.25.2002", "32.01.25.2003", "32.01.25.2004")
ELECTIONS = {"GUB": "GOVERNOR", "BUP": "REGENT"}
HOUR = timedelta(hours=1)
DISTRICTS = ("32.04.05", "33.74.01", "35.78.02", "51.71.01", "73.71.02", "94.03.05", "91.05.03")


def fill(connection: Connection, now: datetime, planned: int = 70) -> None:
    """Store the scene by the parts that imports use; `now` is within the journey of the first.

    Shipments SHP-1 and SHP-2 are those of tests/browser/screens.py.
    """
    _store(connection, list(_first_revisions(now)), "kpu-2024-11-24.json", now)
    _store(connection, list(_second_revision(now)), "kpu-2024-11-25.json", now)
    _store(connection, list(_planned(now, planned)), "kpu-nasional.csv", now)
    _find_discrepancy(connection, now)


def _store(connection: Connection, rows: list[Row], name: str, now: datetime) -> None:
    with connection.transaction():
        manifests.store(
            connection,
            rows,
            source="kpu-pull",
            name=name,
            sha256=None,
            imported_by="connector",
            materials=Materials(),
        )
    touched = {row.record.id for row in rows
               if isinstance(row, Taken) and isinstance(row.record, Manifest)}  # fmt: skip
    with connection.transaction():
        custody.follow_import(connection, touched, now)


def taken(kind: str, /, **fields: Any) -> Row:
    """A row of the contract."""
    word = RecordKind(kind)
    return Taken(1, f"{kind}.csv:1", word, RECORDS[word].model_validate(fields))


def _first_revisions(now: datetime) -> Iterator[Row]:
    for village in VILLAGES:
        for number in (1, 2):
            yield _station(village, number)
    yield _manifest(ON_THE_WAY, "SHP-1", now - 2 * HOUR, now + 3 * HOUR, status="IN_TRANSIT")
    yield from _load(ON_THE_WAY, VILLAGES[2:], "01")
    yield _paper(ON_THE_WAY, "SURAT_JALAN", "SJ-0001", now - 3 * HOUR, 1)
    yield _manifest(RECEIVED, "SHP-2", now - 30 * HOUR, now - 25 * HOUR, status="IN_TRANSIT")
    yield from _load(RECEIVED, VILLAGES[:2], "02")
    yield _paper(RECEIVED, "SURAT_JALAN", "SJ-0002", now - 31 * HOUR, 1)
    yield _manifest(
        LATE, "SHP-9", now - 20 * HOUR, now - 6 * HOUR, status="IN_TRANSIT",
        to="PPK-TALLO", to_region="73.71.02", from_region="73.71", mode="SHIP",
        surat_jalan_no="SJ/7371/XI/2024/0001", tracking="P2411250001234",
    )  # fmt: skip


def _second_revision(now: datetime) -> Iterator[Row]:
    """That it arrived, with a BAST, and a receipt of which one box has another seal."""
    arrival = now - 25 * HOUR
    yield _manifest(RECEIVED, "SHP-2", now - 30 * HOUR, arrival, status="RECEIVED", revision=2)
    yield from _load(RECEIVED, VILLAGES[:2], "02", revision=2)
    yield _paper(RECEIVED, "SURAT_JALAN", "SJ-0002", now - 31 * HOUR, 1, revision=2)
    yield _paper(RECEIVED, "BAST", BAST, arrival, 2, revision=2, sha256="9f" * 32)
    yield taken(
        "receipt", id="TT-0002", manifest=RECEIVED, received_at=arrival + HOUR / 4,
        received_by="Dewi Lestari",
    )  # fmt: skip
    yield taken(
        "receipt_line", receipt="TT-0002", item="BALLOT", election="GOVERNOR", received=1178,
        damaged_light=2, damaged_heavy=1, short=6,
    )  # fmt: skip
    yield taken("receipt_line", receipt="TT-0002", item="BALLOT_BOX", election="GOVERNOR",
                received=4)  # fmt: skip
    yield taken("receipt_line", receipt="TT-0002", item="INK", received=8)
    for unit, seals in _boxes(VILLAGES[:2], "02"):
        found = [FOUND_SEAL if seal == SENT_SEAL else seal for seal in seals]
        yield taken("receipt_unit", receipt="TT-0002", unit=unit, seals=found,
                    seals_intact=found == list(seals))  # fmt: skip


def _planned(now: datetime, count: int) -> Iterator[Row]:
    for number in range(1, count + 1):
        district = DISTRICTS[number % len(DISTRICTS)]
        departure = now + number * HOUR
        yield _manifest(
            f"MNF-{district[:5].replace('.', '')}-{1000 + number}", f"SHP-{1000 + number}",
            departure, departure + 5 * HOUR,
            status=("PLANNED", "SEALED", "LOADED")[number % 3],
            **{"from": f"GUDANG-{district[:5]}"}, to=f"PPK-{district}",
            from_region=district[:5], to_region=district,
            surat_jalan_no=f"SJ/{district.replace('.', '')}/XI/2024/{number:04}",
        )  # fmt: skip
        for box in range(1, 3 + number % 5):
            yield taken(
                "unit", manifest=f"MNF-{district[:5].replace('.', '')}-{1000 + number}",
                id=f"KS-{1000 + number}-{box:03}", kind="BOX",
                seals=(f"SGL-{1000 + number}-{box}",),
            )  # fmt: skip


def _station(village: str, number: int) -> Row:
    return taken(
        "station", id=f"{village}-{number:03}", region=village, number=number,
        voters={"GOVERNOR": 287 + number, "REGENT": 286 + number},
    )  # fmt: skip


def _manifest(
    manifest_id: str, shipment: str, departure: datetime, arrival: datetime, **other: Any
) -> Row:
    usual = {
        "from": "GUDANG-BGR",
        "to": "PPK-CSR",
        "from_region": "32.01",
        "to_region": "32.01.25",
        "leg": "DISTRICT",
        "mode": "TRUCK",
        "surat_jalan_no": f"SJ-{shipment.rpartition('-')[2]:>04}",
        "carrier": "PT Pos Indonesia",
        "vehicle": "F 8123 KPU",
        "escort": "Bripka Andi Saputra",
    }
    if tracking := other.pop("tracking", None):
        other["tracking_no"] = tracking
    return taken(
        "manifest", id=manifest_id, shipment=shipment, planned_departure=departure,
        planned_arrival=arrival, **{**usual, **other},
    )  # fmt: skip


def _boxes(villages: tuple[str, ...], series: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    number = 0
    for village in villages:
        for station in (1, 2):
            for short in ELECTIONS:
                number += 1
                stem = f"SGL-320125-{series}{number:02}"
                name = f"KS-{village.replace('.', '')}-{station:03}-{short}"
                yield name, (f"{stem}A", f"{stem}B")


def _load(
    manifest_id: str, villages: tuple[str, ...], series: str, revision: int = 1
) -> Iterator[Row]:
    for unit, seals in _boxes(villages, series):
        digits, number, short = unit.split("-")[1:]
        station = next(v for v in villages if v.replace(".", "") == digits) + f"-{number}"
        yield taken(
            "unit", manifest=manifest_id, id=unit, kind="BOX", station=station, seals=seals,
            election=ELECTIONS[short], revision=revision,
        )  # fmt: skip
    yield taken("unit", manifest=manifest_id, id=f"KRT-{series}", kind="CARTON", revision=revision)
    lines = [("BALLOT", "GOVERNOR", 1184), ("BALLOT", "REGENT", 1180),
             ("BALLOT_BOX", "GOVERNOR", 4), ("BALLOT_BOX", "REGENT", 4),
             ("BOOTH", None, 16), ("INK", None, 8)]  # fmt: skip
    for line_no, (item, election, qty) in enumerate(lines, 1):
        yield taken("line", manifest=manifest_id, line_no=line_no, item=item, election=election,
                    qty=qty, revision=revision)  # fmt: skip


def _paper(
    manifest_id: str, kind: str, number: str, at: datetime, signers: int, **other: Any
) -> Row:
    people = (
        {"name": "Rahmat Hidayat", "role": "Kepala gudang", "organisation": "KPU Kabupaten Bogor"},
        {"name": "Dewi Lestari", "role": "Ketua", "organisation": "PPK Cisarua"},
    )
    return taken("document", manifest=manifest_id, kind=kind, number=number, issued_at=at,
                 signers=people[:signers], **other)  # fmt: skip


def _find_discrepancy(connection: Connection, now: datetime) -> None:
    connection.execute(
        "insert into discrepancy (discrepancy_key, kind, severity, manifest_id, shipment_id,"
        " unit_id, region_code, expected, found, detail, evidence, opened_at, alert_key)"
        " values ('scene-1', 'SEAL_MISMATCH', 1, %(manifest)s, 'SHP-2', %(unit)s, '32.01.25',"
        " 2, 1, %(detail)s, '[]', %(at)s, 'SEAL_MISMATCH/' || %(manifest)s),"
        " ('scene-2', 'SHORT', 3, %(manifest)s, 'SHP-2', null, '32.01.25', 1184, 1178, '{}', '[]',"
        " %(at)s, 'SHORT/' || %(manifest)s)",
        {
            "manifest": RECEIVED,
            "unit": SWAPPED_BOX,
            "detail": Jsonb({"missing": [SENT_SEAL], "unexpected": [FOUND_SEAL]}),
            "at": now - 24 * HOUR,
        },
    )
