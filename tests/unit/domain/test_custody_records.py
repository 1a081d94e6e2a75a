"""What follows from records: once, in the order of the journey, at times that can be."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.custody import CustodyEvent
from domain.custody_records import Carried, Received, follow
from domain.custody_words import Step
from domain.manifest_words import DocumentKind
from domain.manifests import Document, Manifest, Signer, Unit
from domain.plan_words import ShipmentStatus
from tests.unit.domain.custody_chains import START

ARRIVAL = START + timedelta(hours=6)
NOW = START + timedelta(days=2)
MANIFEST = Manifest.model_validate(
    {
        "id": "M-1",
        "shipment": "SHP-1",
        "leg": "DISTRICT",
        "from": "GUDANG",
        "to": "PPK-1",
        "from_region": "32.73",
        "to_region": "32.73.01",
        "planned_departure": START,
        "planned_arrival": ARRIVAL,
    }
)
UNITS = [
    Unit(manifest_id="M-1", id="CON-1", kind="CONTAINER"),
    Unit(manifest_id="M-1", id="BOX-1", kind="BOX", seals=("S-1",), parent_id="CON-1"),
    Unit(manifest_id="M-1", id="BOX-2", kind="BOX", seals=("S-2",)),
]


def carried(status: ShipmentStatus, revision: int = 1, **more: object) -> Carried:
    head = MANIFEST.model_copy(update={"status": status, "revision": revision})
    return Carried(head, UNITS, **more)  # type: ignore[arg-type]


def bast(at: datetime) -> Document:
    signers = (Signer(name="Sari", signed_at=at), Signer(name="Budi", signed_at=at))
    return Document(manifest_id="M-1", kind=DocumentKind.BAST, number="BA-1", signers=signers)


def receipt(at: datetime, **units: tuple[tuple[str, ...], bool | None]) -> Received:
    found = {name.replace("_", "-"): seals for name, seals in units.items()}
    return Received("R-1", 1, None, None, at, "Dewi", found)


def test_what_is_packed_in_another_is_told_apart() -> None:
    packed, inside = follow(carried(ShipmentStatus.PACKED), [], NOW)
    assert (packed.units, packed.parent) == (("CON-1", "BOX-2"), None)
    assert (inside.units, inside.parent) == (("BOX-1",), "CON-1")


def test_a_container_that_is_received_brings_what_is_in_it() -> None:
    told = follow(carried(ShipmentStatus.PLANNED, receipts=[receipt(ARRIVAL, CON_1=((), None))]),
                  [], NOW)  # fmt: skip
    assert told[-1].units == ("CON-1", "BOX-1")


@given(st.lists(st.sampled_from(ShipmentStatus), min_size=1, max_size=6), st.booleans())
def test_any_history_of_revisions_is_told_once(statuses: list[ShipmentStatus], early: bool) -> None:
    """Whatever comes after whatever, following twice tells nothing new, ids are unique, and
    nothing that is assumed lies in the future."""
    told: list[CustodyEvent] = []
    parts = {"documents": [bast(ARRIVAL)]} if early else {}
    for revision, status in enumerate(statuses, start=1):
        now = NOW + timedelta(hours=revision)
        fresh = follow(carried(status, revision, **parts), told, now)
        told += fresh
        assert follow(carried(status, revision, **parts), told, now + timedelta(hours=1)) == []
        assert all(event.event_time <= now for event in fresh)
    assert len({event.event_uuid for event in told}) == len(told)


@given(st.datetimes(datetime(2024, 11, 24), datetime(2024, 11, 27)))  # noqa: DTZ001
def test_assumed_times_stand_between_the_known_ones(signed: datetime) -> None:
    at = signed.replace(tzinfo=START.tzinfo)
    told = follow(
        carried(ShipmentStatus.ARRIVED, documents=[bast(at)],
                receipts=[receipt(at + timedelta(hours=1), BOX_2=(("S-2",), True))]),
        [], NOW,
    )  # fmt: skip
    times = {event.step: event.event_time for event in told}
    usual = [Step.PACK, Step.SEAL, Step.LOAD, Step.DEPART, Step.ARRIVE, Step.RECEIVE]
    assert [times[step] for step in usual] == sorted(times[step] for step in usual)
    assert times[Step.HANDOVER] == at


@pytest.mark.parametrize(
    ("signed", "place"), [(START, "GUDANG"), (ARRIVAL, "PPK-1"), (NOW, "PPK-1")]
)
def test_a_handover_record_belongs_to_the_end_that_is_nearer(signed: datetime, place: str) -> None:
    told = follow(carried(ShipmentStatus.PLANNED, documents=[bast(signed)]), [], NOW)
    assert [(event.step, event.place) for event in told] == [(Step.HANDOVER, place)]
