"""The words of the shipping platform, and lists of its reports."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.plan_words import ShipmentStatus
from domain.shipping import (
    ListRefusedError,
    PlatformStatus,
    RefusedStatus,
    StatusItem,
    read_statuses,
    status_of,
)

GOOD: dict[str, Any] = {
    "tracking_no": "P1",
    "at": "2024-11-25T09:12:00+07:00",
    "word": "Proses Antar",
    "place": "KC Bandung",
}


def read(*items: Any) -> list[StatusItem]:
    return list(read_statuses({"format": "kawal-shipping", "version": 1, "statuses": list(items)}))


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Penerimaan/Posting Loket", ShipmentStatus.LOADED),
        ("Posting Loket", ShipmentStatus.LOADED),
        ("Manifest Serah", ShipmentStatus.LOADED),
        ("Manifest Terima", ShipmentStatus.IN_TRANSIT),
        ("Diteruskan/Berangkat", ShipmentStatus.IN_TRANSIT),
        ("DITERUSKAN", ShipmentStatus.IN_TRANSIT),
        ("Tiba di Kantor Antaran", ShipmentStatus.ARRIVED),
        ("  tiba   di kantor\tantaran. ", ShipmentStatus.ARRIVED),
        ("Proses Antar", ShipmentStatus.IN_TRANSIT),
        ("selesai-antar", ShipmentStatus.RECEIVED),
        ("Gagal Antar", ShipmentStatus.HELD),
        ("Selesai", None),
        ("Tiba di Kantor", None),
        ("", None),
    ],
)
def test_words(word: str, status: ShipmentStatus | None) -> None:
    assert status_of(word) == status


def test_a_report_is_kept_with_all_that_came() -> None:
    (found,) = read({**GOOD, "courier": {"name": "Ñ"}})
    assert isinstance(found, PlatformStatus)
    assert (found.tracking_no, found.status, found.place) == (
        "P1", ShipmentStatus.IN_TRANSIT, "KC Bandung",
    )  # fmt: skip
    assert found.at.isoformat() == "2024-11-25T02:12:00+00:00"
    assert json.loads(found.raw)["courier"] == {"name": "Ñ"}


def test_an_unknown_word_is_kept_without_a_status() -> None:
    (found,) = read({**GOOD, "word": "Dititipkan Tetangga"})
    assert isinstance(found, PlatformStatus)
    assert (found.word, found.status) == ("Dititipkan Tetangga", None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tracking_no": None}, "statuses[1].tracking_no"),
        ({"tracking_no": "x" * 65}, "statuses[1].tracking_no"),
        ({"tracking_no": "a\0b"}, "statuses[1].tracking_no"),
        ({"at": "kemarin"}, "statuses[1].at"),
        ({"at": "2024-11-25T09:12:00"}, "statuses[1].at"),
        ({"word": 7}, "statuses[1].word"),
        ({"place": ["a"]}, "statuses[1].place"),
    ],
)
def test_a_bad_item_is_refused_beside_good_ones(change: dict[str, Any], field: str) -> None:
    first, second, third = read(GOOD, {**GOOD, **change}, GOOD)
    assert isinstance(second, RefusedStatus)
    assert second.field == field
    assert isinstance(first, PlatformStatus)
    assert isinstance(third, PlatformStatus)


@pytest.mark.parametrize("item", [None, 7, "x", [], {}])
def test_items_that_are_none(item: Any) -> None:
    (found,) = read(item)
    assert isinstance(found, RefusedStatus)


@pytest.mark.parametrize(
    "extra",
    [{"x": "a\0b"}, {"x": r"a\u0000b"}, {"x": "\ud800"}, {"x": float("nan")}, {"x": "y" * 9000},
     {"x": "\\\0" * 3000}],
)  # fmt: skip
def test_what_is_kept_is_json_without_what_no_database_holds(extra: dict[str, Any]) -> None:
    (found,) = read({**GOOD, **extra})
    json.loads(found.raw, parse_constant=pytest.fail)
    assert "\\u0000" not in found.raw.replace("\\\\", "")
    found.raw.encode()
    assert len(found.raw) < 10_000


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "(document)"),
        ({}, "format"),
        ({"format": "kawal-manifest"}, "format"),
        ({"format": "kawal-shipping", "version": 2}, "version"),
        ({"format": "kawal-shipping", "version": 1}, "statuses"),
        ({"format": "kawal-shipping", "version": 1, "statuses": {}}, "statuses"),
    ],
)
def test_documents_that_are_no_list_of_reports(document: Any, field: str) -> None:
    with pytest.raises(ListRefusedError) as caught:
        list(read_statuses(document))
    assert caught.value.field == field
