"""Wording: numbers, units and times as each language writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dashboard.i18n import texts
from domain.wording import Key, Named, Sentence, Value, Writer

ID = Writer(texts("id"), "id", "Asia/Makassar")
EN = Writer(texts("en"), "en", "Asia/Jakarta")
AT = datetime(2024, 11, 26, 18, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value", "indonesian", "english"),
    [
        ("outside_m", 1272.5, "1.272,5 m", "1,272.5 m"),
        ("distance_m", 23456.0, "23,5 km", "23.5 km"),
        ("standing_s", 0, "0 dtk", "0 s"),
        ("standing_s", 5430, "1 jam 30 mnt", "1 h 30 min"),
        ("seconds", 59.5, "59,5 dtk", "59.5 s"),
        ("reevaluate_hours", 96, "4 hari", "4 d"),
        ("speed_kmh", 62.5, "62,5 km/jam", "62.5 km/h"),
        ("battery_pct", 12, "12 %", "12 %"),
        ("confirm_fixes", 3, "3", "3"),
        ("note", None, "–", "–"),
        ("note", "tolong {0}", "tolong {0}", "tolong {0}"),
        ("planned", "2024-11-26T18:30:05Z", "2024-11-27 02:30:05 WITA", "2024-11-27 01:30:05 WIB"),
        ("since", AT, "2024-11-27 02:30:05 WITA", "2024-11-27 01:30:05 WIB"),
        ("value", Named("stop_after_s", 300), "5 mnt", "5 min"),
        ("source", Key("explain.source.LEG"), None, "from the kind of leg in the plan"),
    ],
)
def test_a_value_has_its_unit_from_its_name(
    name: str, value: Value, indonesian: str | None, english: str
) -> None:
    assert EN.value(name, value) == english
    if indonesian:
        assert ID.value(name, value) == indonesian


def test_a_sentence_is_filled_in() -> None:
    sentence = Sentence("explain.cleared", {"cleared": AT})
    assert EN.write(sentence) == "Its condition ended at 2024-11-27 01:30:05 WIB."
