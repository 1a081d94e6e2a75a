from datetime import UTC, datetime, timedelta

import pytest

from domain.allotment import ballots_due
from domain.demo import demo_plan
from domain.demo_manifests import (
    MISHAPS,
    NOTHING,
    demo_delivered,
    demo_manifests,
    demo_receipt,
    demo_statuses,
)
from domain.manifest_rows import Refused
from domain.regions import find
from domain.settings import Materials
from integrations.manifest_files import read_document

NOW = datetime(2024, 11, 20, 3, tzinfo=UTC)
PLAN = demo_plan(NOW)
DOCUMENTS = list(demo_manifests(PLAN, NOW, Materials()).values())
STATIONS = {each["id"]: each for each in DOCUMENTS[0]["stations"]}
MANIFESTS = {d["manifests"][0]["shipment"]: d["manifests"][0] for d in DOCUMENTS[1:]}


def test_every_shipment_has_a_manifest_that_the_contract_takes() -> None:
    assert MANIFESTS.keys() == {shipment.id for shipment in PLAN.shipments}
    rows = [row for document in DOCUMENTS for row in read_document(document)]
    assert not [row for row in rows if isinstance(row, Refused)]


@pytest.mark.parametrize("shipment", PLAN.shipments, ids=lambda each: each.id)
def test_a_manifest_has_the_boxes_of_its_shipment_each_under_seals_of_its_own(shipment) -> None:
    units = MANIFESTS[shipment.id]["units"]
    assert len(units) == shipment.box_count
    seals = [seal for unit in units for seal in unit["seals"]]
    assert len(seals) == 2 * len(units)
    assert {unit["station"] for unit in units} <= STATIONS.keys()


def test_stations_lie_in_villages_that_exist() -> None:
    assert all(find(station["region"]) for station in STATIONS.values())


def test_the_ballots_sent_are_those_due() -> None:
    for manifest in MANIFESTS.values():
        for line in manifest["lines"]:
            if line["item"] == "BALLOT":
                voters = STATIONS[line["station"]]["voters"][line["election"]]
                assert line["qty"] == ballots_due(voters, Materials())


def test_no_two_shipments_carry_the_same_box() -> None:
    units = [unit["id"] for manifest in MANIFESTS.values() for unit in manifest["units"]]
    assert len(units) == len(set(units))


def test_the_same_boxes_and_seals_come_tomorrow_in_a_later_revision() -> None:
    later = NOW + timedelta(days=1)
    again = list(demo_manifests(demo_plan(later), later, Materials()).values())
    assert again[0]["stations"] == DOCUMENTS[0]["stations"]
    for document in again[1:]:
        manifest = document["manifests"][0]
        before = MANIFESTS[manifest["shipment"]]
        assert manifest["units"] == before["units"]
        assert manifest["revision"] > before["revision"]


def test_a_receipt_says_what_was_sent_but_for_its_mishap() -> None:
    manifest = MANIFESTS["DEMO-10"]
    whole = demo_receipt(manifest, NOW)
    short = demo_receipt(manifest, NOW, MISHAPS["DEMO-10"])
    assert whole is not None
    assert short is not None
    assert not [row for row in read_document(short) if isinstance(row, Refused)]
    assert all(line["short"] == 0 for receipt in whole["receipts"] for line in receipt["lines"])
    ballots = [line for line in short["receipts"][0]["lines"] if line["item"] == "BALLOT"]
    assert {line["received"] for line in ballots} == {80}
    assert all(line["short"] > 0 for line in ballots)


def test_another_seal_is_found_on_one_box_and_a_forgotten_receipt_is_none() -> None:
    manifest = MANIFESTS["DEMO-03"]
    found = demo_receipt(manifest, NOW, MISHAPS["DEMO-03"])
    assert found is not None
    expected = {unit["id"]: unit["seals"] for unit in manifest["units"]}
    units = [unit for receipt in found["receipts"] for unit in receipt["units"]]
    assert sum(unit["seals"] != expected[unit["unit"]] for unit in units) == 1
    assert demo_receipt(MANIFESTS["DEMO-05"], NOW, MISHAPS["DEMO-05"]) is None
    assert demo_receipt(MANIFESTS["DEMO-05"], NOW, NOTHING) is not None


def test_the_post_speaks_of_what_it_carries() -> None:
    numbers = {manifest["tracking_no"] for manifest in MANIFESTS.values()} - {None}
    assert {status["tracking_no"] for status in demo_statuses(PLAN)} == numbers
    carried = {shipment.id: demo_delivered(shipment, NOW) for shipment in PLAN.shipments}
    assert [status["word"] for status in carried["DEMO-03"]] == [
        "Tiba di Kantor Antaran",
        "Selesai Antar",
    ]
    assert carried["DEMO-01"] == []
