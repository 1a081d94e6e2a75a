"""EPCIS in: what others send is understood, or put aside with the reason; nothing raises."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.custody_words import Step
from domain.epcis_reading import Aside, Told, Understood, events, withdrawal
from domain.epcis_words import word
from tests.support.services import ROOT

RECORDINGS = ROOT / "tests/recordings/epcis"
NOW = datetime(2024, 11, 27, tzinfo=UTC)


def read(name: str) -> list[Told]:
    return list(events(json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))))


def understood(name: str) -> list[Understood]:
    return [told for told in read(name) if isinstance(told, Understood)]


def test_old_names_and_full_words_are_read() -> None:
    shipped, received = understood("old-names")
    assert (shipped.event.step, received.event.step) == (Step.DEPART, Step.RECEIVE)
    assert shipped.event.event_time == datetime(2024, 11, 25, 3, 33, 31, 116000, UTC)
    assert (shipped.event.units, shipped.event.place) == (("BOX-1",), "GUDANG")
    assert shipped.papers == ("SJ/7",)
    assert [(p.kind, p.number) for p in shipped.event.documents] == [("SURAT_JALAN", "SJ/7")]
    # The read point is named in a way that we do not know; the location says where.
    assert received.event.place == "PPK-1"
    assert shipped.event.disposition == "in_transit"


def test_extensions_of_others_pass_through_whole() -> None:
    received = understood("old-names")[1]
    sent = json.loads((RECORDINGS / "old-names.json").read_text("utf-8"))
    assert received.event.original is not None
    assert json.loads(received.event.original) == sent["epcisBody"]["eventList"][1]


def test_an_event_without_an_id_has_always_the_same() -> None:
    first, second = understood("old-names"), understood("old-names")
    assert [one.event.event_uuid for one in first] == [one.event.event_uuid for one in second]
    assert len({one.event.event_uuid for one in first}) == 2


def test_ids_and_words_come_in_several_forms() -> None:
    sealed, returned = understood("web-vocabulary")
    assert str(sealed.event.event_uuid) == "9f1c1d66-2a3e-4b0c-8f52-0e1d5d3a7c01"
    assert (sealed.event.step, sealed.event.units) == (Step.SEAL, ("BOX-2",))
    assert (returned.event.step, returned.event.disposition) == (Step.RETURN, "returned")


def test_each_type_of_event_is_understood_or_put_aside() -> None:
    packed, unpacked, paper, transformed, associated, wrong, handed = read("every-type")
    assert isinstance(packed, Understood)
    assert (packed.event.step, packed.event.parent) == (Step.PACK, "CON-1")
    assert packed.event.units == ("BOX-1", "BOX-2")
    assert isinstance(unpacked, Understood)
    assert unpacked.event.step is Step.OPEN
    assert isinstance(paper, Understood)
    assert (paper.event.step, paper.chain, paper.event.units) == (Step.ATTACH, "M-1", ())
    assert [one.number for one in paper.event.documents] == ["BA-9"]
    assert isinstance(transformed, Aside)
    assert "TransformationEvent" in transformed.reason
    assert isinstance(associated, Aside)
    assert isinstance(wrong, Understood)
    assert isinstance(handed, Understood)
    assert handed.event.step is Step.HANDOVER
    assert handed.event.seals == {"BOX-1": ("S-1", "S-2")}


def test_an_error_declaration_takes_an_event_back() -> None:
    wrong = understood("every-type")[3]
    back = withdrawal(wrong, NOW)
    assert back is not None
    assert (back.corrects, back.withdrawn) == (wrong.event.event_uuid, True)
    assert withdrawal(understood("every-type")[0], NOW) is None


def test_the_answer_to_a_query_is_a_document_too() -> None:
    (held,) = understood("query")
    assert held.event.step is Step.HOLD
    (bare,) = events(json.loads(held.event.original or ""))
    assert isinstance(bare, Understood)
    assert bare.event == held.event
    assert len(list(events([json.loads(held.event.original or "")] * 2))) == 2


def test_what_cannot_be_taken_is_named_by_place_field_and_reason() -> None:
    found = read("awkward")
    assert all(isinstance(told, Aside) for told in found), found
    assert [(told.place, told.field) for told in found if isinstance(told, Aside)] == [
        (f"epcisBody.eventList[{at}]", field)
        for at, field in enumerate(
            [
                "", "type", "type", "eventTime", "eventTime", "eventTime", "bizStep", "bizStep",
                "epcList", "epcList", "epcList", "epcList", "units.0", "kawal:step",
                "seals.BOX-1", "eventID",
            ]
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "count"),
    [
        (None, 1),
        (17, 1),
        ("x", 1),
        ([], 0),
        ({}, 1),
        ({"type": "EPCISDocument"}, 0),
        ({"type": "EPCISDocument", "epcisBody": []}, 0),
        ({"type": "EPCISDocument", "epcisBody": {"eventList": 5}}, 1),
        ({"epcisBody": {"queryResults": None}}, 0),
    ],
)
def test_what_is_no_document_does_not_raise(document: object, count: int) -> None:
    assert len([told for told in events(document) if isinstance(told, Aside)]) == count


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
EVENT = json.loads((RECORDINGS / "every-type.json").read_text("utf-8"))["epcisBody"]["eventList"]


@given(st.sampled_from(EVENT), st.data())
def test_no_value_anywhere_raises(event: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(event)))
    (told,) = events({**event, name: data.draw(_json)})
    assert isinstance(told, Understood | Aside)


@pytest.mark.parametrize(
    "form",
    [
        "shipping",
        "urn:epcglobal:cbv:bizstep:shipping",
        "https://ref.gs1.org/cbv/BizStep-shipping",
        "https://ns.gs1.org/cbv/BizStep-shipping",
        "cbv:BizStep-shipping",
    ],
)
def test_a_word_is_one_word_in_all_its_forms(form: str) -> None:
    assert word(form) == "shipping"
