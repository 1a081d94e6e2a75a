from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboard.callbacks import clock_time, history_line
from dashboard.i18n import texts
from db.views import StepRow

AT = datetime(2024, 11, 26, 22, 15, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "language", "expected"),
    [
        ("Asia/Jakarta", "id", "27 Nov 05.15.07 WIB"),
        ("Asia/Makassar", "en", "27 Nov 06:15:07 WITA"),
        ("Asia/Jayapura", "id", "27 Nov 07.15.07 WIT"),
    ],
)
def test_a_time_is_in_the_zone_of_the_region_with_its_name(
    zone: str, language: str, expected: str
) -> None:
    assert clock_time(AT, ZoneInfo(zone), language) == expected


def test_a_step_tells_when_what_who_and_why() -> None:
    step = StepRow(AT, "Sari", "DISMISS", "NEW", "FALSE_POSITIVE", "<b>latihan</b>")
    line = history_line(step, ZoneInfo("Asia/Jakarta"), texts("id"))
    said = [child.children for child in line.children]
    assert said == ["27 Nov 05.15.07 WIB", "Positif palsu", "Sari", "<b>latihan</b>"]


def test_a_step_that_no_person_took_says_so() -> None:
    step = StepRow(AT, "rules", "OPEN", None, "NEW", None)
    line = history_line(step, ZoneInfo("Asia/Jakarta"), texts("en"))
    assert [child.children for child in line.children][1:] == ["Raised", "by the rules"]


def test_a_step_tells_for_whom_and_until_when() -> None:
    zone, t = ZoneInfo("Asia/Jakarta"), texts("en")
    given = StepRow(AT, "Sari", "ASSIGN", "NEW", "NEW", "near", "Rini")
    said = [child.children for child in history_line(given, zone, t).children]
    assert said[1:] == ["Assigned", "Sari", "to Rini", "near"]
    shelved = StepRow(AT, "Sari", "SHELVE", "NEW", "NEW", "sensor", until=AT)
    said = [child.children for child in history_line(shelved, zone, t).children]
    assert said[1:] == ["Shelved", "Sari", "until 27 Nov 05:15:07 WIB", "sensor"]
