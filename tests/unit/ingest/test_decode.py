"""Decode against the golden vectors, and against what a hostile sender can think of."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.ledger import Received
from domain.settings import Rules
from ingest.decode import Decoded, Raw, decode

VECTORS = Path(__file__).parents[2] / "vectors"
NOW = datetime(2024, 11, 26, 12, 0, tzinfo=UTC)


def vectors(name: str) -> list[Any]:
    cases = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return [pytest.param(case, id=case["name"]) for case in cases]


def read(topic: str, payload: bytes) -> Decoded:
    return decode([Raw(topic, payload, NOW)], Rules())


@pytest.mark.parametrize("case", vectors("positions"))
def test_position_vectors(case: dict[str, Any]) -> None:
    found = read(case["topic"], case["payload"].encode())
    wanted = [{**p, "fix_time": datetime.fromisoformat(p["fix_time"])} for p in case["positions"]]
    extra = {"received_at", "source", "flags"}
    got = [{k: v for k, v in p._asdict().items() if k not in extra} for p in found.positions]
    assert got == wanted
    refused = case.get("rejections", [])
    assert [r.field for r in found.rejections] == [r["field"] for r in refused]
    device = case["topic"].split("/")[2]
    numbers = {
        (device, r["epoch"], r["seq"], case.get("oldest_seq", 1)) for r in [*wanted, *refused]
    }
    assert set(found.received) == numbers


@pytest.mark.parametrize("case", vectors("events"))
def test_event_vectors(case: dict[str, Any]) -> None:
    found = read(case["topic"], case["payload"].encode())
    assert found.rejections == []
    for report, wanted in zip(found.reports, case["events"], strict=True):
        event_time = datetime.fromisoformat(wanted["event_time"])
        assert report._asdict().items() >= {**wanted, "event_time": event_time}.items()


@pytest.mark.parametrize("case", vectors("rejections"))
def test_rejection_vectors_name_the_field_and_keep_the_message(case: dict[str, Any]) -> None:
    payload = (
        bytes.fromhex(case["payload_hex"]) if "payload_hex" in case else case["payload"].encode()
    )
    found = read(case["topic"], payload)
    (rejection,) = found.rejections
    assert rejection.field == case["field"]
    assert rejection.reason
    assert rejection.payload == payload
    assert (found.positions, found.reports, found.statuses) == ([], [], [])
    if "seq" in case:
        assert found.received == [Received("KWL-0001", 1, case["seq"])]


def test_a_bad_message_does_not_touch_its_neighbours() -> None:
    good = json.loads((VECTORS / "positions.json").read_text("utf-8"))[0]
    raws = [
        Raw("kawal/v1/KWL-0001/position", b"\xff", NOW),
        Raw(good["topic"], good["payload"].encode(), NOW),
        Raw("kawal/v1/KWL-0001/event", b"null", NOW),
    ]
    found = decode(raws, Rules())
    assert len(found.positions) == 1
    assert len(found.rejections) == 2


def test_status_and_last_will() -> None:
    found = read("kawal/v1/D/status", b'{"v":1,"state":"offline","reason":"connection_lost"}')
    assert found.statuses[0].state == "offline"
    assert found.statuses[0].reported_at is None
    assert found.heard == {}
    assert read("kawal/v1/D/status", b'{"v":1,"state":"online"}').heard == {"D": NOW}


@given(
    st.sampled_from(["kawal/v1/D/position", "kawal/v1/D/event", "kawal/v1/D/status",
                     "owntracks/u/d", "owntracks/u", "kawal/v1//position", "x"]),
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
            lambda c: st.lists(c, max_size=4)
            | st.dictionaries(
                st.sampled_from(["v", "epoch", "seq", "records", "fix_time", "lat_deg", "lon_deg",
                                 "_type", "tst", "lat", "lon", "event", "state", "accuracy_m"]),
                c, max_size=8),
            max_leaves=20,
        ).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    ),
)  # fmt: skip
def test_no_message_raises_or_vanishes(topic: str, payload: bytes) -> None:
    found = read(topic, payload)
    kept = [*found.positions, *found.reports, *found.statuses, *found.rejections]
    assert kept or topic.startswith("owntracks/u/d")
