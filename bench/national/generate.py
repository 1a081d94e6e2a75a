"""A national plan from a seed: every village, its stations, and what each district sends them.

The regions are those of the Ministry of Home Affairs; numbers of stations and voters add up to
those of the 2024 regional elections, and where they lie is drawn. Rows are made as they are
asked for.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from domain import regions
from domain.allotment import due
from domain.manifest_rows import Taken
from domain.manifest_words import Election, Leg, RecordKind, UnitKind
from domain.manifests import AnyRecord, Line, Manifest, Station, Unit
from domain.plan_words import ShipmentStatus
from domain.settings import Materials

STATIONS = 435_296
VOTERS = (333, 600)  # on average 466.5: 203 million in all
NO_GOVERNOR, NO_REGENT = "34", "31"  # DI Yogyakarta, and the cities of DKI Jakarta
FIRST_CITY = 71
START = datetime(2024, 11, 24, 1, tzinfo=UTC)
STATUSES = (ShipmentStatus.PLANNED, ShipmentStatus.SEALED, ShipmentStatus.IN_TRANSIT)


class District(NamedTuple):
    """A district and how many stations each of its villages has."""

    code: str
    villages: Mapping[str, int]


def districts(stations: int = STATIONS, seed: int = 1) -> list[District]:
    """All districts with a station, `stations` in all: three times as many in a kelurahan."""
    rng = random.Random(seed)
    villages = list(_villages())
    weights = [rng.uniform(0.2, 1.8) * (3 if code[9] == "1" else 1) for code in villages]
    share = stations / sum(weights)
    upto = [round(share * part) for part in accumulate(weights)]
    found: dict[str, dict[str, int]] = {}
    for code, before, after in zip(villages, [0, *upto[:-1]], upto, strict=True):
        if after > before:
            found.setdefault(code[:8], {})[code] = after - before
    return [District(code, counts) for code, counts in found.items()]


def _villages() -> Iterator[str]:
    for province in regions.children():
        for regency in regions.children(province.code):
            for district in regions.children(regency.code):
                yield from (village.code for village in regions.children(district.code))


def elections(code: str) -> tuple[Election, ...]:
    """What is elected in the district `code`."""
    below = Election.MAYOR if int(code[3:5]) >= FIRST_CITY else Election.REGENT
    if code.startswith(NO_GOVERNOR):
        return (below,)
    return (Election.GOVERNOR,) if code.startswith(NO_REGENT) else (Election.GOVERNOR, below)


def rows(plan: Iterable[District], materials: Materials, seed: int = 1) -> Iterator[Taken]:
    """The records of the plan, district by district, as a file of them would have them."""
    rng = random.Random(seed)
    records = (record for district in plan for record in _records(district, materials, rng))
    for row_no, record in enumerate(records, 1):
        yield Taken(row_no, f"national.csv:{row_no}", KINDS[type(record)], record)


def _records(district: District, materials: Materials, rng: random.Random) -> Iterator[AnyRecord]:
    """One manifest to the stations of a district, with a line for each item of each."""
    manifest = _manifest(district.code, rng)
    yield manifest
    line_no = 0
    for station in _stations(district, rng):
        yield station
        for item, election, qty, _ in due(station, materials):
            line_no += 1
            yield Line(
                manifest_id=manifest.id, line_no=line_no, item=item, election=election,
                station_id=station.id, qty=qty,
            )  # fmt: skip
        for election in station.voters:
            yield _box(manifest.id, station, election, materials.seals_per_box)


def _stations(district: District, rng: random.Random) -> Iterator[Station]:
    chosen = elections(district.code)
    for village, stations in district.villages.items():
        for number in range(1, stations + 1):
            voters = rng.randint(*VOTERS)
            yield Station(
                id=f"{village}-{number:03}", region=village, number=number,
                voters=dict.fromkeys(chosen, voters), is_3t=rng.random() < 0.05,
            )  # fmt: skip


def _manifest(district: str, rng: random.Random) -> Manifest:
    leaves = START + timedelta(hours=rng.randrange(48))
    return Manifest(
        id=f"M-{district}", shipment_id=f"S-{district}", leg=Leg.STATION,
        from_place=f"PPK-{district}", to_place=f"KPPS-{district}", from_region=district,
        to_region=district, planned_departure=leaves, planned_arrival=leaves + timedelta(hours=9),
        status=rng.choice(STATUSES), carrier="PT Pos Indonesia",
    )  # fmt: skip


def _box(manifest_id: str, station: Station, election: Election, seals: int) -> Unit:
    name = f"{station.id}-{election[0]}"
    return Unit(
        manifest_id=manifest_id, id=f"B-{name}", kind=UnitKind.BOX, station_id=station.id,
        election=election, seals=tuple(f"{name}-{number}" for number in range(seals)),
    )  # fmt: skip


def count(plan: Iterable[District]) -> int:
    """How many rows there will be, for the bar."""
    number = 0
    for district in plan:
        chosen = len(elections(district.code))
        number += 1 + sum(district.villages.values()) * (1 + 2 * chosen + 3 + chosen)
    return number


KINDS: dict[type[AnyRecord], RecordKind] = {
    Station: RecordKind.STATION,
    Manifest: RecordKind.MANIFEST,
    Line: RecordKind.LINE,
    Unit: RecordKind.UNIT,
}
