"""Reconciliation: each kind where it holds and where it does not; in any order the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.custody_words import Step
from domain.manifest_words import DocumentKind, Election, Item, Leg, UnitKind
from domain.plan_words import Direction, ShipmentStatus
from domain.reconciliation import reconcile, wakes_at
from domain.reconciliation_case import Case, Counted, Handled, Paper, SeenUnit, SentLine, SentUnit
from domain.reconciliation_words import NOTES, SEVERITY, DiscrepancyKind
from tests.unit.domain.reconciliation_cases import (
    AT,
    BUDI,
    HOUR,
    MINUTE,
    NOW,
    SARI,
    SETTINGS,
    SOUND,
    STATION,
    VILLAGE,
    ballots,
    boxes,
    case,
    fix,
    found,
    kinds,
    receipt,
    tracked,
)


def test_where_all_is_in_order_nothing_is_said() -> None:
    assert found(SOUND) == []
    assert found(SOUND, NOW + timedelta(days=30)) == []


def test_a_cancelled_manifest_is_not_judged() -> None:
    assert kinds(case(receipts=(ballots(80),))) == ["BALLOTS_SHORT"]
    assert kinds(case(receipts=(ballots(80),), status=ShipmentStatus.CANCELLED)) == []


def test_every_kind_has_a_severity() -> None:
    assert set(SEVERITY) == set(DiscrepancyKind)
    assert set(DiscrepancyKind) > NOTES


# --- counts ---


def test_short_ballots_say_how_many_where_and_since_when() -> None:
    (short,) = found(case(receipts=(ballots(80),)))
    assert short.key == "BALLOTS_SHORT/M-1/TPS-1/-/BALLOT/GOVERNOR/-"
    assert (short.expected, short.found, short.severity) == (513, 80, 1)
    assert (short.region_code, short.opened_at) == (VILLAGE, AT + 2 * HOUR)
    assert {"kind": "receipt", "id": "R-1"} in short.evidence
    assert {"kind": "line", "no": 1} in short.evidence


def test_what_a_receipt_does_not_count_is_not_short() -> None:
    assert kinds(case(receipts=(receipt(lines=()),))) == []


def test_other_goods_short_are_less_grave_and_too_many_are_a_surplus() -> None:
    counted = (
        Counted(Item.BOOTH, None, 2, 0, 0, 0),
        Counted(Item.BALLOT, Election.GOVERNOR, 514, 0, 0, 0),
    )
    short, surplus = found(case(receipts=(receipt(lines=counted),)))
    assert (short.kind, short.expected, short.found) == ("SHORT", 4, 2)
    assert (surplus.kind, surplus.expected, surplus.found) == ("SURPLUS", 513, 514)


def test_two_receipts_of_a_station_count_together() -> None:
    halves = (ballots(500)._replace(receipt_id="R-0"), ballots(13))
    assert kinds(case(receipts=halves)) == []
    assert kinds(case(receipts=halves[:1])) == ["BALLOTS_SHORT"]


def test_goods_for_all_stations_are_judged_when_the_last_has_counted() -> None:
    units = tuple(
        SentUnit(f"BOX-{n}", UnitKind.BOX, f"TPS-{n}", None, None, ("S",)) for n in (1, 2)
    )
    lines = (SentLine(1, Item.BOOTH, None, None, 8),)
    four = Counted(Item.BOOTH, None, 3, 0, 0, 0)
    first = receipt(lines=(four,), units=())
    second = first._replace(receipt_id="R-2", station_id="TPS-2")
    given = {"lines": lines, "units": units, "custody": (), "dues": ()}
    assert kinds(case(receipts=(first,), **given)) == []
    (short,) = found(case(receipts=(first, second), **given))
    assert (short.kind, short.station_id, short.expected, short.found) == ("SHORT", None, 8, 6)


def test_a_receipt_of_the_whole_is_held_against_the_whole() -> None:
    lines = (*SOUND.lines, SentLine(3, Item.BALLOT, Election.GOVERNOR, "TPS-2", 100))
    whole = ballots(600)._replace(station_id=None)
    (short,) = found(case(lines=lines, receipts=(whole,), to_place="PPS-9"))
    assert (short.station_id, short.expected, short.found) == (None, 613, 600)


def test_without_lines_the_word_of_the_receiver_counts() -> None:
    (short,) = found(case(lines=(), receipts=(ballots(80, short=20),)))
    assert (short.expected, short.found) == (100, 80)


def test_damage_beyond_the_reserve() -> None:
    assert kinds(case(receipts=(ballots(513, damaged=13),))) == []
    (over,) = found(case(receipts=(ballots(513, damaged=14),)))
    assert (over.kind, over.expected, over.found) == ("DAMAGED_OVER_RESERVE", 13, 14)


@pytest.mark.parametrize(("sent", "elsewhere", "said"), [(500, 0, 1), (500, 13, 0), (520, 0, 1)])
def test_ballots_are_those_due_on_all_manifests_together(
    sent: int, elsewhere: int, said: int
) -> None:
    given = case(
        lines=(SentLine(1, Item.BALLOT, Election.GOVERNOR, STATION, sent),),
        receipts=(ballots(sent),),
        sent_elsewhere={(STATION, Election.GOVERNOR): elsewhere},
    )
    assert kinds(given) == ["BALLOTS_NOT_DUE"] * said


# --- units ---


def test_a_box_that_did_not_come_and_one_that_nobody_sent() -> None:
    units = (*SOUND.units, SentUnit("BOX-2", UnitKind.BOX, STATION, None, None, ("S-9",)))
    came = receipt(units=(SeenUnit("BOX-1", ("S-1", "S-2"), True), SeenUnit("BOX-7", (), None)))
    missing, foreign = found(case(units=units, receipts=(came,)))
    assert (missing.kind, missing.unit_id) == ("UNIT_MISSING", "BOX-2")
    assert (foreign.kind, foreign.unit_id) == ("UNIT_UNEXPECTED", "BOX-7")
    assert kinds(case(units=units, receipts=(receipt(units=()),))) == []


def test_what_is_packed_in_a_unit_came_with_it() -> None:
    carton = SentUnit("CTN-1", UnitKind.CARTON, None, None, None, ())
    inside = SOUND.units[0]._replace(parent_id="CTN-1")
    by_carton = receipt(station_id=None, units=(SeenUnit("CTN-1", (), None),))
    assert kinds(case(units=(carton, inside), receipts=(by_carton,))) == []
    assert kinds(case(units=(carton, inside))) == []


RETURN: dict[str, Any] = {
    "direction": Direction.RETURN, "from_place": STATION, "to_place": "PPS-1", "custody": (),
    "lines": (), "tracking": tracked(devices=()),
}  # fmt: skip


def test_boxes_out_and_back() -> None:
    out = {STATION: boxes("BOX-1", "BOX-2")}
    back = {STATION: boxes("BOX-1", at=AT + 3 * HOUR)}
    (lost,) = found(case(boxes_out=out, boxes_back=back, **RETURN))
    assert (lost.kind, lost.expected, lost.found) == ("BOXES_BACK_DIFFER", 2, 1)
    assert lost.numbers["missing"] == "BOX-2"
    under_way = {STATION: boxes("BOX-1", pending=True)}
    assert kinds(case(boxes_out=out, boxes_back=under_way, **RETURN)) == []
    assert kinds(case(boxes_out=out, boxes_back=out, **RETURN)) == []
    swapped = {STATION: boxes("BOX-1", "BOX-3")}
    assert kinds(case(boxes_out=out, boxes_back=swapped, **RETURN)) == ["BOXES_BACK_DIFFER"]


def test_nothing_back_by_the_deadline() -> None:
    given = case(boxes_out={STATION: boxes("BOX-1")}, return_deadline=NOW)
    assert kinds(given, NOW - MINUTE) == []
    assert kinds(given, NOW) == ["BOXES_BACK_DIFFER"]
    back = {STATION: boxes("BOX-1", at=NOW)}
    assert kinds(replace(given, boxes_back=back), NOW) == []
    assert wakes_at(given, [], SETTINGS, NOW - MINUTE) == NOW


# --- seals, handovers, papers ---


@pytest.mark.parametrize(
    ("seals", "intact", "said"),
    [
        (("S-1", "S-2"), None, []),
        ((), None, []),  # nobody read them
        ((), True, []),
        (("S-1",), None, ["SEAL_MISMATCH"]),
        (("S-1", "S-2", "S-3"), None, ["SEAL_MISMATCH"]),
        (("S-1", "S-2"), False, ["SEAL_MISMATCH"]),
    ],
)
def test_seals_at_the_receipt(seals: tuple[str, ...], intact: bool | None, said: list[str]) -> None:
    given = case(receipts=(receipt(units=(SeenUnit("BOX-1", seals, intact),)),))
    assert kinds(given) == said


def test_a_seal_found_under_way_and_one_put_on_anew() -> None:
    read = Handled("E-9", Step.INSPECT, AT + HOUR, None, ("BOX-1",), (("BOX-1", ("S-1", "X")),))
    (wrong,) = found(case(custody=(*SOUND.custody, read)))
    assert (wrong.unit_id, wrong.opened_at) == ("BOX-1", AT + HOUR)
    assert (wrong.numbers["missing"], wrong.numbers["unexpected"]) == ("S-2", "X")
    assert wrong.evidence == ({"kind": "custody", "id": "E-9"},)
    sealed = read._replace(step=Step.RESEAL)
    seen = receipt(units=(SeenUnit("BOX-1", ("S-1", "X"), True),))
    anew = case(custody=(SOUND.custody[0], sealed), receipts=(seen,))
    assert kinds(anew) == []


def test_before_the_departure_a_seal_may_be_corrected() -> None:
    packed = Handled("E-0", Step.SEAL, AT - HOUR, "PPS-1", ("BOX-1",), (("BOX-1", ("OLD",)),))
    assert kinds(case(custody=(packed, *SOUND.custody))) == []


def test_a_handover_off_the_plan() -> None:
    there = SOUND.custody[1]._replace(place="FAC-HUB")
    (off,) = found(case(custody=(SOUND.custody[0], there)))
    assert (off.kind, off.numbers["reason"]) == ("UNPLANNED_HANDOVER", "PLACE")
    on_the_way = case(custody=(SOUND.custody[0], there), planned_places=frozenset({"FAC-HUB"}))
    assert kinds(on_the_way) == []


def test_a_handover_by_somebody_who_did_not_have_it() -> None:
    stranger = SARI._replace(name="Joko", organisation=None)
    second = SOUND.custody[1]._replace(event_id="E-3", at=AT + 3 * HOUR, giver=stranger)
    (off,) = found(case(custody=(*SOUND.custody, second)))
    assert (off.numbers["reason"], off.numbers["giver"]) == ("PERSON", "Joko")
    onward = second._replace(giver=BUDI, taker=stranger)
    assert kinds(case(custody=(*SOUND.custody, onward))) == []


def test_received_by_a_station_that_it_is_not_for() -> None:
    other = receipt(receipt_id="R-2", station_id="TPS-9", lines=(), units=())
    (astray,) = found(case(receipts=(*SOUND.receipts, other)))
    assert (astray.kind, astray.station_id) == ("RECEIVED_ELSEWHERE", "TPS-9")


def test_received_at_a_place_that_it_does_not_go_to() -> None:
    there = Handled("E-5", Step.RECEIVE, AT + 2 * HOUR, "PPK-7", ("BOX-1",))
    (astray,) = found(case(custody=(*SOUND.custody, there)))
    assert (astray.kind, astray.numbers["at_place"]) == ("RECEIVED_ELSEWHERE", "PPK-7")


def test_departed_as_it_should_not() -> None:
    bare = SOUND.units[0]._replace(seals=())
    given = case(
        units=(bare,), escort=None, surat_jalan_no=None,
        custody=SOUND.custody[:1], receipts=(receipt(units=()),),
    )  # fmt: skip
    assert kinds(given) == [
        "DEPARTED_UNSEALED", "DEPARTED_WITHOUT_ESCORT", "DEPARTED_WITHOUT_SURAT_JALAN",
    ]  # fmt: skip
    sealed = Handled("E-0", Step.SEAL, AT - HOUR, "PPS-1", ("BOX-1",), (("BOX-1", ("S",)),))
    letter = Paper(DocumentKind.SURAT_JALAN, "SJ-7", None, ())
    mended = replace(
        given, custody=(*given.custody, sealed), papers=(*given.papers, letter)
    )  # fmt: skip
    assert kinds(mended) == ["DEPARTED_WITHOUT_ESCORT"]
    still_there = replace(given, custody=(), tracking=tracked(departures=()))
    assert kinds(still_there) == []


def test_the_tracker_knows_of_a_departure_too() -> None:
    assert kinds(case(custody=(), escort=None)) == ["DEPARTED_WITHOUT_ESCORT"]


@pytest.mark.parametrize("signers", [(SARI,), (SARI, SARI._replace(name=" sari "))])
def test_a_handover_record_needs_two_persons(signers: tuple[Any, ...]) -> None:
    paper = SOUND.papers[0]._replace(signers=signers)
    (one,) = found(case(papers=(paper,)))
    assert (one.kind, one.found, one.numbers["document"]) == ("ONE_SIGNER", 1, "BAST-1")


def test_a_record_that_waits_for_its_goods_is_not_judged() -> None:
    blank = Paper(DocumentKind.BAST, "BAST-1", NOW + HOUR, ())
    given = case(papers=(blank,), receipts=(), custody=(), tracking=tracked(crossings=()))
    assert kinds(given) == []
    assert kinds(given, NOW + HOUR) == ["ONE_SIGNER"]
    assert wakes_at(given, [], SETTINGS, NOW) == NOW + HOUR


# --- in any order ---

WRONG = case(
    lines=(*SOUND.lines, SentLine(3, Item.BALLOT, Election.REGENT, STATION, 513)),
    units=(*SOUND.units, SentUnit("BOX-2", UnitKind.BOX, STATION, None, None, ())),
    receipts=(
        ballots(80),
        receipt(receipt_id="R-2", lines=(Counted(Item.BOOTH, None, 9, 0, 0, 0),)),
        receipt(receipt_id="R-3", station_id="TPS-9", units=(SeenUnit("BOX-7", (), False),)),
    ),
    custody=(
        *SOUND.custody,
        Handled("E-9", Step.INSPECT, AT + HOUR, None, ("BOX-1",), (("BOX-1", ("X",)),)),
        Handled("E-8", Step.HANDOVER, AT + HOUR, "HUB", ("BOX-1",), (), ("BOX-1",), BUDI, SARI),
    ),
    papers=(SOUND.papers[0]._replace(signers=(SARI,)),),
    tracking=tracked(crossings=SOUND.tracking.crossings[:2], fixes=(fix(110, 900), fix(125, 4000))),
    escort=None,
    leg=Leg.STATION,
)
SEQUENCES = ("lines", "units", "papers", "receipts", "custody", "platform", "dues")
TRACKED = ("devices", "crossings", "fixes", "departures")


def test_what_is_wrong_is_found_all_at_once() -> None:
    assert set(kinds(WRONG)) >= {
        "BALLOTS_SHORT", "SURPLUS", "UNIT_MISSING", "UNIT_UNEXPECTED", "SEAL_MISMATCH",
        "UNPLANNED_HANDOVER", "RECEIVED_ELSEWHERE", "ONE_SIGNER", "DEPARTED_UNSEALED",
        "DEPARTED_WITHOUT_ESCORT", "RECEIPT_WITHOUT_PRESENCE", "PLATFORM_DIFFERS",
    }  # fmt: skip


def shuffled(given: Case, seed: int) -> Case:
    """The same facts in another order, some of them twice."""
    rng = Random(seed)

    def mix(items: tuple[Any, ...]) -> tuple[Any, ...]:
        again = [*items, *(item for item in items if rng.random() < 0.3)]
        rng.shuffle(again)
        return tuple(again)

    tracking: dict[str, Any] = {name: mix(getattr(given.tracking, name)) for name in TRACKED}
    parts: dict[str, Any] = {name: mix(getattr(given, name)) for name in SEQUENCES}
    return replace(given, tracking=replace(given.tracking, **tracking), **parts)


@given(st.integers(0, 10_000), st.sampled_from([SOUND, WRONG]))
def test_in_any_order_and_told_twice_it_is_the_same(seed: int, facts: Case) -> None:
    expected = reconcile(facts, SETTINGS, NOW)
    assert reconcile(shuffled(facts, seed), SETTINGS, NOW) == expected


@given(st.integers(0, 500))
def test_what_is_found_does_not_change_by_looking_later(hours: int) -> None:
    assert found(WRONG, NOW + hours * HOUR) == found(WRONG, NOW)
