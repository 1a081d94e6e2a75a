"""EPCIS documents of others, taken into the ledger of our boxes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from db import custody, rejections
from db.pool import Connection
from domain import epcis
from domain.custody import DoubtCode, Step, verify_chain
from integrations.epcis_capture import TOPIC, CaptureReport, capture, reasons
from tests.integration.db.custody_scene import DEPARTURE, HOUR, NOW, put_manifest
from tests.support.services import ROOT

RECORDINGS = ROOT / "tests/recordings/epcis"


@pytest.fixture(autouse=True)
def manifest(connection: Connection) -> None:
    put_manifest(connection)


def document(name: str) -> Any:
    return json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))


def take(connection: Connection, told: object) -> CaptureReport:
    return capture(connection, told, "post", NOW)


def steps(connection: Connection, chain: str = "M-1") -> list[str]:
    return [row.body["step"] for row in custody.of_manifest(connection, chain)]


def one(**fields: Any) -> dict[str, Any]:
    usual = {
        "type": "ObjectEvent",
        "eventID": "urn:uuid:7d1f5f0e-8d4b-4a52-9a76-0a3c5d9f1b11",
        "action": "OBSERVE",
        "bizStep": "inspecting",
        "epcList": ["urn:kawal:obj:BOX-1"],
        "eventTime": "2024-11-25T12:00:00+07:00",
        "eventTimeZoneOffset": "+07:00",
    }
    return {**usual, **fields}


def test_events_of_our_boxes_go_into_the_chain_of_their_manifest(connection: Connection) -> None:
    report = take(connection, document("old-names"))
    assert (report.new, report.same, report.aside) == (2, 0, [])
    rows = custody.of_manifest(connection, "M-1")
    assert [row.event.step for row in rows] == [Step.DEPART, Step.RECEIVE]
    assert [row.body["actor"] for row in rows] == ["post", "post"]
    assert "example:myField" in str(rows[1].event.original)
    assert verify_chain(rows, "M-1") == []


@pytest.mark.parametrize("name", ["old-names", "web-vocabulary", "every-type", "query", "awkward"])
def test_a_document_that_comes_again_changes_nothing(connection: Connection, name: str) -> None:
    first = take(connection, document(name))
    before = custody.of_manifest(connection, "M-1")
    again = take(connection, document(name))
    assert (again.new, len(again.aside)) == (0, len(first.aside))
    assert custody.of_manifest(connection, "M-1") == before


def test_what_is_put_aside_is_kept_with_field_and_reason(connection: Connection) -> None:
    report = take(connection, document("awkward"))
    assert report.new == 0
    kept = rejections.newest(connection, NOW - HOUR, 100)
    assert {one.topic for one in kept} == {TOPIC}
    assert len(kept) == len(report.aside) == len(reasons(report.aside))
    assert ("epcisBody.eventList[6].bizStep", "retail_selling is no step of custody") in {
        (one.field, one.reason) for one in kept
    }


def test_a_box_of_no_manifest_is_put_aside(connection: Connection) -> None:
    report = take(connection, one(epcList=["urn:kawal:obj:BOX-404"]))
    assert [aside.reason for aside in report.aside] == ["no manifest has BOX-404"]
    assert steps(connection) == []


def test_the_delivery_note_says_which_manifest_else_the_time(connection: Connection) -> None:
    put_manifest(connection, "M-2", carton=None)
    connection.execute(
        "update manifest set planned_departure = %s, planned_arrival = %s, surat_jalan_no = 'SJ/7'"
        " where manifest_id = 'M-2'",
        (DEPARTURE + 240 * HOUR, DEPARTURE + 250 * HOUR),
    )
    take(connection, document("old-names"))
    assert (steps(connection), steps(connection, "M-2")) == (["RECEIVE"], ["DEPART"])
    named = one(bizTransactionList=[{"bizTransaction": "urn:kawal:bt:MANIFEST:M-2"}])
    take(connection, named)
    assert steps(connection, "M-2") == ["DEPART", "INSPECT"]


def test_boxes_of_two_manifests_give_an_event_in_each(connection: Connection) -> None:
    put_manifest(connection, "M-2", units={"BOX-9": []}, carton=None)
    both = one(epcList=["urn:kawal:obj:BOX-1", "urn:kawal:obj:BOX-9"])
    assert take(connection, both).new == 2
    assert [custody.of_manifest(connection, m)[0].event.units for m in ("M-1", "M-2")] == [
        ("BOX-1",), ("BOX-9",),
    ]  # fmt: skip
    assert take(connection, both).new == 0


def test_an_event_declared_wrong_is_withdrawn(connection: Connection) -> None:
    arrived = one(bizStep="arriving")
    take(connection, arrived)
    error = {"declarationTime": "2024-11-26T00:00:00Z", "reason": "did_not_occur"}
    assert take(connection, {**arrived, "errorDeclaration": error}).new == 1
    first, second = custody.of_manifest(connection, "M-1")
    assert (second.event.corrects, second.event.withdrawn) == (first.event.event_uuid, True)
    assert connection.execute("select * from unit_state").fetchall() == []
    assert take(connection, {**arrived, "errorDeclaration": error}).new == 0


def test_one_id_cannot_say_two_things(connection: Connection) -> None:
    take(connection, one())
    report = take(connection, one(eventTime="2024-11-25T13:00:00+07:00"))
    assert report.new == 0
    assert "otherwise" in report.aside[0].reason


def test_a_handover_needs_two_persons_and_seals_are_compared(connection: Connection) -> None:
    signed = {"kawal:released_by": {"name": "Sari"}, "kawal:received_by": {"name": "SARI"}}
    report = take(connection, one(bizStep="accepting", **signed))
    assert [aside.field for aside in report.aside] == ["received_by"]
    signed["kawal:received_by"] = {"name": "Budi"}
    take(connection, one(bizStep="accepting", **signed, **{"kawal:seals": {"BOX-1": ["S-1"]}}))
    (row,) = custody.of_manifest(connection, "M-1")
    assert row.event.step is Step.HANDOVER
    assert (DoubtCode.SEAL_MISSING, "S-2") in {(d.code, d.detail) for d in row.event.doubts}


def test_others_cannot_speak_for_our_records_or_take_our_events_back(
    connection: Connection,
) -> None:
    put_manifest(connection, status="PACKED")
    custody.follow_import(connection, ["M-1"], NOW)
    ours = custody.of_manifest(connection, "M-1")[0].event
    forged = {
        "kawal:hash": "0" * 64,
        "kawal:source": {"key": "manifest/M-1/PACK", "revision": 9},
        "kawal:corrects": str(ours.event_uuid),
        "kawal:withdrawn": True,
        "kawal:doubts": [{"code": "ONE_SIGNER"}],
    }
    assert take(connection, one(**forged)).new == 1
    told = custody.of_manifest(connection, "M-1")[1].event
    assert told.source.key.startswith("epcis/")
    assert (told.corrects, told.withdrawn) == (None, False)
    assert DoubtCode.ONE_SIGNER not in {doubt.code for doubt in told.doubts}
    assert custody.follow_import(connection, ["M-1"], NOW) == 0


def test_our_own_document_that_comes_back_changes_nothing(connection: Connection) -> None:
    put_manifest(connection, status="RECEIVED")
    custody.follow_import(connection, ["M-1"], NOW)
    rows = custody.of_manifest(connection, "M-1")
    report = take(connection, epcis.document(rows, "2024-11-26T00:00:00Z"))
    assert (report.new, report.same, report.aside) == (0, len(rows), [])
