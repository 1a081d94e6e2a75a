"""OwnTracks as real phones send it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from db.rejections import Rejection
from db.statuses import Status
from domain.positions import Position
from ingest.owntracks import UNKNOWN_ACCURACY_M, decode

NOW = datetime(2024, 11, 26, 3, 20, tzinfo=UTC)
TST = 1732590907  # 2024-11-26T03:15:07Z
HERE = {"_type": "location", "lat": -6.2, "lon": 106.8, "tst": TST}


def read(message: object, topic: str = "owntracks/budi/pixel") -> object:
    return decode(topic, json.dumps(message).encode(), NOW)


def position(**extra: object) -> Position:
    found = read({**HERE, **extra})
    assert isinstance(found, Position)
    return found


def test_a_location() -> None:
    found = position(acc=12, vel=54, cog=360, batt=80, alt=20)
    assert found.device_id == "budi"
    assert found.fix_time == datetime(2024, 11, 26, 3, 15, 7, tzinfo=UTC)
    assert (found.accuracy_m, found.speed_kmh, found.course_deg) == (12, 54, 0)
    assert (found.battery_pct, found.altitude_m, found.buffered) == (80, 20, True)


def test_numbers_as_text_are_taken() -> None:
    found = position(lat="-6.25", lon="106.9", acc="7")
    assert (found.lat_deg, found.lon_deg, found.accuracy_m) == (-6.25, 106.9, 7)


@pytest.mark.parametrize("acc", [0, -1, None, "x", float("nan"), True])
def test_an_unknown_accuracy_is_taken_as_wide(acc: object) -> None:
    assert position(acc=acc).accuracy_m == UNKNOWN_ACCURACY_M


def test_minus_one_means_unknown() -> None:
    found = position(vel=-1, cog=-1, batt=-1)
    assert (found.speed_kmh, found.course_deg, found.battery_pct) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"lat": 91}, "lat"), ({"lon": None}, "lon"), ({"tst": 0}, "tst"), ({"tst": "soon"}, "tst"),
     ({"_type": []}, "_type"), ({"_type": "encrypted"}, "_type"),
     ({"_type": "unheard-of"}, "_type")],
)  # fmt: skip
def test_faults_name_their_field(change: dict[str, object], field: str) -> None:
    found = read({**HERE, **change})
    assert isinstance(found, Rejection)
    assert found.field == field


def test_what_is_none_of_our_business_is_let_pass() -> None:
    assert read({"_type": "card", "name": "Budi"}) is None
    assert read({"_type": "waypoints"}, "owntracks/budi/pixel/waypoints") is None
    assert decode("owntracks/budi/pixel", b"", NOW) is None


def test_the_last_will_counts_at_its_receipt() -> None:
    found = read({"_type": "lwt", "tst": TST - 86400})
    assert isinstance(found, Status)
    assert (found.state, found.received_at) == ("offline", NOW)


@pytest.mark.parametrize("topic", ["owntracks/budi", "owntracks/b/d/e/f", "owntracks/b d/x"])
def test_a_topic_of_another_form_is_refused(topic: str) -> None:
    found = read(HERE, topic)
    assert isinstance(found, Rejection)
    assert found.field == "topic"
