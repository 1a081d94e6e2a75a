"""Receipts against trackers: told where they were elsewhere, and gone with the late proof."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.custody_words import Step
from domain.plan_words import ShipmentStatus
from domain.reconciliation import wakes_at
from domain.reconciliation_case import (
    Crossing,
    Handled,
    PlatformStatus,
    Silence,
    StationPlace,
)
from tests.unit.domain.reconciliation_cases import (
    AT,
    HOUR,
    MINUTE,
    NOW,
    SETTINGS,
    SOUND,
    STATION,
    TRACKING,
    VILLAGE,
    case,
    fix,
    found,
    kinds,
    tracked,
)

PLACE = "FAC-TPS-1"
AWAY = tracked(
    crossings=TRACKING.crossings[:2], fixes=(fix(110, 900), fix(125, 4000), fix(300, 9000))
)
SILENT = tracked(crossings=TRACKING.crossings[:2], fixes=())
UNTOLD = {"platform": (), "receipts": (), "papers": (), "custody": ()}


def test_a_receipt_while_the_tracker_was_elsewhere() -> None:
    (lie,) = found(case(tracking=AWAY, platform=()))
    assert lie.key == "RECEIPT_WITHOUT_PRESENCE/M-1/TPS-1/-/-/-/R-1"
    assert lie.opened_at == AT + 2 * HOUR
    assert lie.numbers["outside_m"] == pytest.approx(3900, abs=10)
    assert lie.numbers["device"] == "KWL-0001"
    assert [each["kind"] for each in lie.evidence] == ["receipt", "fix"]


def test_a_receipt_in_a_dead_zone_is_not_proven_and_no_lie() -> None:
    (note,) = found(case(tracking=SILENT, platform=()))
    assert (note.kind, note.severity, note.numbers["reason"]) == ("UNPROVEN_RECEIPT", 4, "SILENT")
    held = replace(SILENT, silences=(Silence("KWL-0001", AT + HOUR, None, expected=True),))
    (note,) = found(case(tracking=held, platform=()))
    assert note.numbers["reason"] == "BLANKSPOT"


def test_late_fixes_prove_it_or_show_the_lie() -> None:
    silent = case(tracking=SILENT, platform=())
    assert kinds(silent) == ["UNPROVEN_RECEIPT"]
    assert kinds(replace(silent, tracking=TRACKING)) == []
    assert kinds(replace(silent, tracking=AWAY)) == ["RECEIPT_WITHOUT_PRESENCE"]
    proven = replace(AWAY, crossings=TRACKING.crossings)
    assert kinds(replace(silent, tracking=proven)) == []


def test_the_tracker_may_still_come_within_the_slack() -> None:
    given = case(tracking=AWAY, platform=())
    over = AT + 2 * HOUR + timedelta(seconds=SETTINGS.presence_slack_s)
    assert kinds(given, over - MINUTE) == []
    assert wakes_at(given, [], SETTINGS, over - MINUTE) == over
    assert kinds(given, over) == ["RECEIPT_WITHOUT_PRESENCE"]


def test_what_is_not_tracked_or_has_no_fence_is_not_judged() -> None:
    assert kinds(case(tracking=replace(AWAY, devices=()), platform=())) == []
    nowhere = {STATION: StationPlace(VILLAGE, None)}
    assert kinds(case(tracking=AWAY, stations=nowhere, platform=())) == []


def test_an_unproven_receipt_is_looked_at_again_for_two_weeks() -> None:
    given = case(tracking=SILENT, platform=())
    again = wakes_at(given, found(given), SETTINGS, NOW)
    assert again is not None
    assert NOW < again < NOW + 2 * HOUR
    later = NOW + timedelta(days=20)
    assert wakes_at(given, found(given, later), SETTINGS, later) is None


# --- there, and no receipt ---


def test_there_for_two_hours_without_a_receipt() -> None:
    given = case(**UNTOLD)
    due = AT + 110 * MINUTE + 2 * HOUR
    assert kinds(given, due - MINUTE) == []
    assert wakes_at(given, [], SETTINGS, due - MINUTE) == due
    (told,) = found(given, due)
    assert (told.kind, told.opened_at) == ("PRESENCE_WITHOUT_RECEIPT", due)
    assert told.numbers["device"] == "KWL-0001"
    assert found(given, due + 9 * HOUR) == [told]


def test_a_receipt_or_a_signed_record_answers_it() -> None:
    assert kinds(case(**{**UNTOLD, "receipts": SOUND.receipts})) == []
    assert kinds(case(**{**UNTOLD, "papers": SOUND.papers})) == []


def test_the_ledger_knows_of_an_arrival_too() -> None:
    came = Handled("E-4", Step.ARRIVE, AT + HOUR, STATION, ("BOX-1",))
    given = case(**{**UNTOLD, "custody": (came,), "tracking": tracked(devices=())})
    (told,) = found(given)
    assert told.opened_at == AT + 3 * HOUR
    assert told.numbers["device"] is None


def test_what_is_lost_needs_no_receipt() -> None:
    assert kinds(case(**UNTOLD, status=ShipmentStatus.LOST)) == []


# --- the platform ---


def said(word: str, status: ShipmentStatus | None, minutes: float) -> tuple[PlatformStatus, ...]:
    return (PlatformStatus(AT + minutes * MINUTE, word, status),)


def test_delivered_by_its_word_and_the_tracker_is_elsewhere() -> None:
    done = said("Selesai Antar", ShipmentStatus.RECEIVED, 120)
    given = case(tracking=AWAY, platform=done, receipts=(), papers=(), custody=())
    (told,) = found(given)
    assert (told.kind, told.numbers["reason"]) == ("PLATFORM_DIFFERS", "PLATFORM_AHEAD")
    assert told.opened_at == AT + 120 * MINUTE
    came = (*AWAY.crossings, Crossing("KWL-0001", PLACE, AT + 230 * MINUTE, True))
    assert kinds(replace(given, tracking=replace(AWAY, crossings=came)), AT + 5 * HOUR) == []


def test_a_silent_tracker_does_not_contradict_the_platform() -> None:
    done = said("Selesai Antar", ShipmentStatus.RECEIVED, 120)
    assert kinds(case(tracking=SILENT, platform=done, receipts=(), papers=(), custody=())) == []


@pytest.mark.parametrize(
    ("word", "status", "expected"),
    [
        ("Posting Loket", ShipmentStatus.PACKED, ["PLATFORM_DIFFERS"]),
        ("Diteruskan", ShipmentStatus.IN_TRANSIT, ["PLATFORM_DIFFERS"]),
        ("Tiba di Kantor Antaran", ShipmentStatus.ARRIVED, []),
        ("Sedang apa", None, []),
    ],
)
def test_there_and_the_platform_has_not_heard_of_it(
    word: str, status: ShipmentStatus | None, expected: list[str]
) -> None:
    given = case(platform=said(word, status, 10))
    due = AT + 110 * MINUTE + timedelta(seconds=SETTINGS.platform_slack_s)
    assert kinds(given, due - MINUTE) == []
    assert kinds(given, due) == expected
