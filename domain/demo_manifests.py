"""The demonstration's manifests: what its shipments carry, for which polling stations.

Made up over the real regions: stations, voters, boxes, seals and papers are invented, from a
seed, so that the same plan has the same boxes tomorrow. The documents are of the contract
that KPU would send (docs/reference/manifest.md).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from domain.allotment import ballots_due
from domain.manifest_words import Election, Leg, UnitKind
from domain.plan import Facility, Plan, Shipment
from domain.plan_words import FacilityKind
from domain.regions import Kind, Level, Region, children, dotted, kind_of, level_of
from domain.settings import Materials

SOURCE = "KPU (peragaan / demonstration)"
REVISIONS_FROM = datetime(2024, 1, 1, tzinfo=UTC)
LEGS = {FacilityKind.PPK: Leg.DISTRICT, FacilityKind.PPS: Leg.VILLAGE}
VOTERS = (280, 600)
SEALS_A_BOX = 2
Document = dict[str, Any]


class Station(NamedTuple):
    """A polling station of the demonstration."""

    station_id: str
    region: str
    number: int
    voters: int
    elections: tuple[Election, ...]
    lat_deg: float
    lon_deg: float
    is_3t: bool


def demo_manifests(plan: Plan, now: datetime, materials: Materials) -> dict[str, Document]:
    """The documents by file name, in the order in which KPU publishes them.

    One with the stations, and one with a manifest for each shipment of `plan`.
    """
    facilities = {facility.id: facility for facility in plan.facilities}
    loads = {
        shipment.id: list(_stations(shipment, facilities[shipment.to_facility]))
        for shipment in plan.shipments
    }
    stations = {each.station_id: each for load in loads.values() for each in load}
    revision = max(1, int((now - REVISIONS_FROM) / timedelta(minutes=1)))
    stamp = f"{now.timestamp():011.0f}"
    documents = {
        f"{stamp}-0001-stations.json": _document(stations=list(map(_station, stations.values())))
    }
    for number, shipment in enumerate(plan.shipments, 2):
        manifest = _manifest(shipment, facilities, loads[shipment.id], revision, materials)
        documents[f"{stamp}-{number:04}-{shipment.id}.json"] = _document(manifests=[manifest])
    return documents


def _document(**parts: Any) -> Document:
    return {"format": "kawal-manifest", "version": 1, "source": SOURCE, **parts}


def _stations(shipment: Shipment, served: Facility) -> Iterator[Station]:
    """So many stations as the shipment's boxes are for, spread over the villages served."""
    # Its surat jalan says whom the load is for: one that goes to a port goes on from there.
    region = dotted((shipment.surat_jalan_no or "").split("/")[1])
    villages = [each.code for each in _villages(region)]
    elections = _elections(region)
    count = math.ceil((shipment.box_count or 0) / len(elections))
    numbers: dict[str, int] = {}
    for index in range(count):
        village = villages[index % len(villages)]
        # Two shipments to one warehouse are for different stations.
        numbers[village] = numbers.get(village, _first_number(shipment)) + 1
        station_id = f"{village}-{numbers[village]:03}"
        yield Station(
            station_id,
            village,
            numbers[village],
            _drawn(station_id, *VOTERS),
            elections,
            _near(served.lat_deg, f"{station_id} lat"),
            _near(served.lon_deg, f"{station_id} lon"),
            served.is_3t,
        )


def _drawn(text: str, low: int, high: int) -> int:
    """A number from `low` to `high`, always the same for a text."""
    return low + int.from_bytes(sha256(text.encode()).digest()[:4]) % (high - low + 1)


def _near(degrees: float, text: str) -> float:
    """Within some five kilometres."""
    return round(degrees + _drawn(text, -5000, 5000) / 100_000, 5)


def _first_number(shipment: Shipment) -> int:
    return 100 * int((shipment.surat_jalan_no or "").split("/")[2])


def _villages(code: str) -> list[Region]:
    if level_of(code) is Level.DISTRICT:
        return children(code)
    return [village for district in children(code) for village in children(district.code)]


def _elections(region: str) -> tuple[Election, ...]:
    if region.startswith(("31", "34")):
        return (Election.GOVERNOR,)  # no regent or mayor is elected there
    city = kind_of(region[:5]) is Kind.CITY
    return (Election.GOVERNOR, Election.MAYOR if city else Election.REGENT)


def _station(station: Station) -> Document:
    return {
        "id": station.station_id,
        "region": station.region,
        "number": station.number,
        "voters": {election.value: station.voters for election in station.elections},
        "lat_deg": station.lat_deg,
        "lon_deg": station.lon_deg,
        "is_3t": station.is_3t,
    }


def _manifest(
    shipment: Shipment,
    facilities: Mapping[str, Facility],
    stations: list[Station],
    revision: int,
    materials: Materials,
) -> Document:
    start, end = facilities[shipment.from_facility], facilities[shipment.to_facility]
    boxes = [(each, election) for each in stations for election in each.elections]
    boxes = boxes[: shipment.box_count or 0]
    return {
        "id": f"M-{shipment.id}",
        "revision": revision,
        "shipment": shipment.id,
        "surat_jalan_no": shipment.surat_jalan_no,
        "direction": shipment.direction.value,
        "leg": LEGS.get(end.kind, Leg.REGENCY).value,
        "mode": shipment.mode.value,
        "from": shipment.from_facility,
        "to": shipment.to_facility,
        "from_region": start.region,
        "to_region": end.region,
        "carrier": shipment.carrier,
        "vehicle": shipment.vehicle,
        "escort": shipment.escort,
        "tracking_no": tracking_no(shipment),
        "planned_departure": _time(shipment.planned_departure),
        "planned_arrival": _time(shipment.planned_arrival),
        "status": shipment.status.value,
        "lines": list(_lines(boxes, materials)),
        "units": [_unit(shipment, *box) for box in boxes],
        "documents": _papers(shipment),
    }


def tracking_no(shipment: Shipment) -> str | None:
    """The number under which the post carries a shipment; None where it does not."""
    by_post = "pos" in (shipment.carrier or "").split()
    return f"PPL{shipment.id.replace('-', '')}ID" if by_post else None


def _lines(
    boxes: Sequence[tuple[Station, Election]], materials: Materials
) -> Iterator[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for station, election in boxes:
        of_it = {"election": election.value, "station": station.station_id}
        rows.append({"item": "BALLOT", "qty": ballots_due(station.voters, materials), **of_it})
        rows.append({"item": "BALLOT_BOX", "qty": 1, **of_it})
    per_station = Counter(station.station_id for station, _ in boxes)
    for station_id, its_boxes in per_station.items():
        of_it = {"station": station_id}
        rows.append({"item": "BOOTH", "qty": materials.booths_per_station, **of_it})
        rows.append({"item": "INK", "qty": materials.ink_per_station, **of_it})
        rows.append({"item": "SEAL", "qty": its_boxes * materials.seals_per_box, **of_it})
    for number, row in enumerate(rows, 1):
        yield {"line_no": number, **row}


def _unit(shipment: Shipment, station: Station, election: Election) -> Document:
    unit_id = f"KS-{station.station_id}-{election.value[0]}"
    first = _drawn(f"{shipment.id}/{unit_id}", 100_000, 899_998)
    return {
        "id": unit_id,
        "kind": UnitKind.BOX.value,
        "station": station.station_id,
        "election": election.value,
        "seals": [f"S{first + number}" for number in range(SEALS_A_BOX)],
    }


def _papers(shipment: Shipment) -> list[Document]:
    return [
        {
            "kind": "SURAT_JALAN",
            "number": shipment.surat_jalan_no or f"SJ/{shipment.id}",
            "issued_at": _time(shipment.planned_departure - timedelta(hours=2)),
            "signers": [{"name": "Kepala gudang pengirim", "organisation": "KPU"}],
        },
        {
            "kind": "SEAL_RECORD",
            "number": f"BA-SEGEL/{shipment.id}",
            "issued_at": _time(shipment.planned_departure - timedelta(hours=3)),
            "signers": [
                {"name": "Petugas pengepakan", "organisation": "KPU"},
                {"name": "Pengawas", "organisation": "Bawaslu"},
            ],
        },
    ]


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


# --- what is written when a shipment arrives ---------------------------------------------


class Mishap(NamedTuple):
    """What goes wrong at a receipt of the demonstration: of the first station's ballots only
    so many arrive, or a seal of the first box is another, or nobody writes a receipt."""

    ballots_of_first: int | None = None
    other_seal: bool = False
    forgotten: bool = False


NOTHING = Mishap()
MISHAPS = {
    "DEMO-03": Mishap(other_seal=True),
    "DEMO-05": Mishap(forgotten=True),
    "DEMO-10": Mishap(ballots_of_first=80),
}


def demo_receipt(
    manifest: Mapping[str, Any], at: datetime, mishap: Mishap = NOTHING
) -> Document | None:
    """The receipt of a whole manifest, and its BAST, as KPU would publish them.

    None where it is forgotten. Quantities are those sent, but for the mishap.
    """
    if mishap.forgotten:
        return None
    receipts = [
        _receipt(manifest, station_id, at, mishap if index == 0 else NOTHING)
        for index, station_id in enumerate(_station_ids(manifest))
    ]
    bast = {
        "kind": "BAST",
        "number": f"BAST/{manifest['shipment']}",
        "issued_at": _time(at),
        "signers": [
            {"name": "Pengemudi", "organisation": manifest.get("carrier"), "signed_at": _time(at)},
            {"name": "Kepala gudang penerima", "organisation": "KPU", "signed_at": _time(at)},
        ],
    }
    revision = manifest["revision"] + 1
    received = {
        **manifest,
        "revision": revision,
        "status": "RECEIVED",
        "documents": [*manifest["documents"], bast],
    }
    return _document(manifests=[received], receipts=receipts)


def _station_ids(manifest: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(unit["station"] for unit in manifest["units"]))


def _receipt(
    manifest: Mapping[str, Any], station_id: str, at: datetime, mishap: Mishap
) -> Document:
    lines = [line for line in manifest["lines"] if line.get("station") == station_id]
    units = [unit for unit in manifest["units"] if unit["station"] == station_id]
    return {
        "id": f"R-{manifest['shipment']}-{manifest['revision']}-{station_id}",
        "manifest": manifest["id"],
        "station": station_id,
        "received_at": _time(at),
        "received_by": "Kepala gudang penerima",
        "lines": [_counted(line, mishap) for line in lines],
        "units": [
            _found(unit, other_seal=mishap.other_seal and index == 0)
            for index, unit in enumerate(units)
        ],
    }


def _counted(line: Mapping[str, Any], mishap: Mishap) -> Document:
    received = line["qty"]
    if mishap.ballots_of_first is not None and line["item"] == "BALLOT":
        received = min(received, mishap.ballots_of_first)
    counted = {"item": line["item"], "received": received, "short": line["qty"] - received}
    return counted | ({"election": line["election"]} if line.get("election") else {})


def _found(unit: Mapping[str, Any], *, other_seal: bool) -> Document:
    seals = ["S000013", *unit["seals"][1:]] if other_seal else list(unit["seals"])
    return {"unit": unit["id"], "seals": seals, "seals_intact": True}


# --- what the post says ------------------------------------------------------------------

ON_THE_WAY = (("Penerimaan/Posting Loket", -3.0), ("Manifest Serah", -1.0), ("Berangkat", 0.0))


def demo_statuses(plan: Plan) -> list[Document]:
    """What the shipping platform says of the shipments that the post carries, up to now."""
    return [
        _status(shipment, word, shipment.planned_departure + timedelta(hours=hours))
        for shipment in plan.shipments
        if tracking_no(shipment)
        for word, hours in ON_THE_WAY
    ]


def demo_delivered(shipment: Shipment, at: datetime) -> list[Document]:
    """What it says when a shipment is there; nothing where the post does not carry it."""
    if tracking_no(shipment) is None:
        return []
    return [
        _status(shipment, "Tiba di Kantor Antaran", at),
        _status(shipment, "Selesai Antar", at + timedelta(seconds=30)),
    ]


def _status(shipment: Shipment, word: str, at: datetime) -> Document:
    return {
        "tracking_no": tracking_no(shipment),
        "at": _time(at),
        "word": word,
        "place": shipment.from_facility if word in dict(ON_THE_WAY) else shipment.to_facility,
    }
