from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from domain.manifest_words import PER_ELECTION, Election, Item, RecordKind
from domain.manifests import RECORDS, Line, Manifest, Receipt, ReceiptLine, Unit, key
from tests.support.manifest_records import LINE, MANIFEST, RECEIPT, RECEIPT_LINE, SOUND, UNIT, sound


def refusal(kind: RecordKind, **changed: Any) -> str:
    """What is said of a sound record with these fields changed."""
    with pytest.raises(ValidationError) as caught:
        RECORDS[kind].model_validate(SOUND[kind] | changed)
    return str(caught.value)


def test_a_sound_record_of_each_kind_is_taken() -> None:
    assert [kind for kind, _ in sound()] == list(RecordKind)
    manifest = Manifest.model_validate(MANIFEST)
    assert manifest.planned_departure == datetime(2024, 11, 20, 1, tzinfo=UTC)
    assert (manifest.revision, manifest.direction, manifest.status) == (
        1, "DISTRIBUTION", "PLANNED",
    )  # fmt: skip
    receipt = Receipt.model_validate(RECEIPT)
    assert receipt.received_at.tzinfo is UTC


@pytest.mark.parametrize("item", Item)
def test_what_is_per_election_names_it_and_nothing_else_does(item: Item) -> None:
    right = {"item": item, "election": Election.MAYOR if item in PER_ELECTION else None}
    wrong = {"item": item, "election": None if item in PER_ELECTION else Election.MAYOR}
    assert Line.model_validate(LINE | right).item is item
    assert ReceiptLine.model_validate(RECEIPT_LINE | right).item is item
    assert "election: " in refusal(RecordKind.LINE, **wrong)
    assert "election: " in refusal(RecordKind.RECEIPT_LINE, **wrong)


@pytest.mark.parametrize("code", ["32", "32.73", "32.73.01", "3273011001", "99.73.01.1001"])
def test_a_station_is_in_a_village(code: str) -> None:
    assert "region" in refusal(RecordKind.STATION, region=code)


def test_a_point_has_both_coordinates() -> None:
    assert "both or neither" in refusal(RecordKind.STATION, lat_deg=-6.9)


def test_a_manifest_goes_elsewhere_and_arrives_later() -> None:
    assert "to: must be another place" in refusal(RecordKind.MANIFEST, to=MANIFEST["from"])
    early = MANIFEST["planned_departure"]
    assert "planned_arrival: must be later" in refusal(RecordKind.MANIFEST, planned_arrival=early)


@pytest.mark.parametrize("seals", [["A", "A"], ["A|B"], [""], [" A"], ["A\n"]])
def test_seals_are_listed_once_and_can_be_told_apart_in_a_cell(seals: list[str]) -> None:
    assert "seal" in refusal(RecordKind.UNIT, seals=seals)


def test_no_more_are_damaged_than_were_received() -> None:
    assert ReceiptLine.model_validate(RECEIPT_LINE | {"damaged_light": 1, "damaged_heavy": 1})
    assert "more are damaged" in refusal(RecordKind.RECEIPT_LINE, damaged_light=2, damaged_heavy=1)


def test_two_sign_at_most() -> None:
    three = [{"name": name} for name in "abc"]
    assert "signers" in refusal(RecordKind.DOCUMENT, signers=three)


@pytest.mark.parametrize("kind", RecordKind)
def test_unknown_fields_are_refused(kind: RecordKind) -> None:
    assert "colour" in refusal(kind, colour="red")


def test_keys_tell_records_of_a_kind_apart() -> None:
    assert {kind: key(kind, record) for kind, record in sound()} == {
        RecordKind.STATION: "T-1",
        RecordKind.MANIFEST: "M-1",
        RecordKind.LINE: "M-1/1",
        RecordKind.UNIT: "M-1/K-1",
        RecordKind.DOCUMENT: "M-1/BAST/BAST/1",
        RecordKind.RECEIPT: "R-1",
        RecordKind.RECEIPT_LINE: "R-1/INK/-",
        RecordKind.RECEIPT_UNIT: "R-1/K-1",
    }


def test_records_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Unit.model_validate(UNIT).id = "K-2"  # type: ignore[misc]
