"""A rehearsal: the product's rules over recorded data, whatever order it comes in."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain.events import DeviceEvent
from domain.plan import Plan
from domain.positions import Position
from domain.raised import Raised
from domain.rehearsal import Rehearsal, rehearse
from domain.settings import Rules
from tests.support.journeys import START, plan

RULES = Rules()
PLAN = plan(["D-1", "D-2"])
IN, OUT = -7.015, -7.025  # inside the corridor, and outside it: one step apart for a lorry
STEP = timedelta(seconds=30)


def fix(
    step: int, lon: float, lat: float = -7.0, device: str = "D-1", delay: timedelta | None = None
) -> Position:
    time = START + step * STEP
    received = time + (delay or timedelta(seconds=1))
    return Position(
        device, time, 1, step + 1, received, lat, lon, 60.0, None, None, 8.0, None, None, None,
        None, delay is not None, 0, False, "wire", 0,
    )  # fmt: skip


def report(step: int, kind: str, delay: timedelta = timedelta(seconds=1)) -> DeviceEvent:
    time = START + step * STEP
    return DeviceEvent(
        "D-1", 1, 1000 + step, kind, time, time + delay, False, None, None, None, None, None,
        None, None,
    )  # fmt: skip


def along(steps: range, device: str = "D-1") -> list[Position]:
    return [fix(step, 110.1 + step * 0.004, IN, device) for step in steps]


def detour(steps: range) -> list[Position]:
    return [fix(step, 110.1 + step * 0.004, OUT) for step in steps]


def rules(found: Rehearsal) -> list[str]:
    return [alert.rule for alert in found.alerts]


def only(found: Rehearsal, rule: str) -> Raised:
    (alert,) = [alert for alert in found.alerts if alert.rule == rule]
    return alert


def test_a_quiet_journey_raises_nothing_and_its_hours_are_counted() -> None:
    found = rehearse(PLAN, RULES, along(range(121)))
    assert rules(found) == []
    assert found.fixes == 121
    assert abs(found.tracked_h - 1.0) < 0.01


def test_a_detour_is_raised_once_with_its_numbers_and_cleared() -> None:
    track = along(range(20)) + detour(range(20, 40)) + along(range(40, 60))
    alert = only(rehearse(PLAN, RULES, track), "CORRIDOR_DEVIATION")
    assert alert.shipment_id == "SHP-D-1"
    assert alert.opened_at == START + 20 * STEP
    assert alert.decided_at == START + 22 * STEP
    assert alert.delay_s == 60
    assert alert.cleared_at == START + 40 * STEP
    assert float(alert.numbers["outside_m"] or 0) > 700


def test_what_clears_and_comes_again_counts_twice() -> None:
    track = along(range(20)) + detour(range(20, 30)) + along(range(30, 40))
    track += detour(range(40, 50))
    assert rules(rehearse(PLAN, RULES, track)) == ["CORRIDOR_DEVIATION"] * 2


def test_a_detour_in_a_dead_zone_is_late_and_by_how_much() -> None:
    hours = timedelta(hours=3)
    track = along(range(20))
    track += [p._replace(received_at=p.fix_time + hours, buffered=True)
              for p in detour(range(20, 40))]  # fmt: skip
    alert = only(rehearse(PLAN, RULES, track), "CORRIDOR_DEVIATION")
    assert alert.late_by_s == hours.total_seconds()
    assert alert.known_at == alert.decided_at + hours


def test_silence_is_judged_by_the_receipts_and_ends_when_something_is_heard() -> None:
    track = along(range(20)) + along(range(60, 80))
    alert = only(rehearse(PLAN, RULES, track), "SILENCE")
    assert alert.opened_at == track[19].received_at
    assert alert.decided_at == track[19].received_at + timedelta(seconds=90)
    assert alert.cleared_at == track[20].received_at


def test_a_report_breaks_a_silence_too() -> None:
    track = along(range(20)) + along(range(23, 30))
    assert rules(rehearse(PLAN, RULES, track)) == ["SILENCE"]
    heard = [report(21, "battery_low")]
    assert rules(rehearse(PLAN, RULES, track, heard)) == ["LOW_BATTERY"]


def test_a_fix_that_comes_again_is_judged_once_and_is_a_sign_of_life() -> None:
    track = along(range(20)) + along(range(23, 30))
    assert rules(rehearse(PLAN, RULES, track)) == ["SILENCE"]
    again = track[5]._replace(received_at=track[19].received_at + timedelta(seconds=60))
    found = rehearse(PLAN, RULES, [again, *track])
    assert rules(found) == []
    assert (found.fixes, found.duplicates) == (27, 1)


def test_silence_in_a_known_blankspot_is_held_until_it_should_be_out_again() -> None:
    document = PLAN.model_dump(mode="json", by_alias=True, exclude_none=True)
    document["routes"][0]["blankspots"] = [{"from_km": 18.0, "to_km": 30.0}]
    spotted = Plan.model_validate(document)
    before, after = along(range(20)), along(range(45, 60))
    assert rules(rehearse(PLAN, RULES, before + after)) == ["SILENCE"]
    held = rehearse(spotted, RULES, before + after)
    assert rules(held) == []
    assert "silence_held" in {event.kind for event in held.events}
    lost = only(rehearse(spotted, RULES, before, until=START + timedelta(hours=9)), "SILENCE")
    assert lost.decided_at > before[-1].fix_time + timedelta(minutes=10)


def test_silence_to_the_end_needs_an_end() -> None:
    other = along(range(100), device="D-2")
    assert rules(rehearse(PLAN, RULES, along(range(20)))) == []
    until = START + timedelta(hours=1)
    assert only(rehearse(PLAN, RULES, along(range(20)), until=until), "SILENCE").cleared_at is None
    # What another device sent shows that we could hear.
    assert only(rehearse(PLAN, RULES, along(range(20)) + other), "SILENCE").device_id == "D-1"


def test_who_has_arrived_may_be_silent() -> None:
    there = [fix(step, 111.0)._replace(speed_kmh=0.0) for step in range(10)]
    until = START + timedelta(days=1)
    assert rules(rehearse(PLAN, RULES, there, until=until)) == []


def test_a_report_of_the_device_is_raised() -> None:
    found = rehearse(PLAN, RULES, along(range(30)), [report(10, "seal_cut")])
    assert rules(found) == ["SEAL_CUT"]
    assert found.reports == 1


def test_other_settings_raise_other_alerts() -> None:
    track = along(range(20)) + detour(range(20, 40))
    assert rules(rehearse(PLAN, Rules(corridor_margin_m=5000), track)) == []
    assert rules(rehearse(PLAN, Rules(confirm_fixes=4), track)) == ["CORRIDOR_DEVIATION"]
    assert rules(rehearse(PLAN, Rules(max_accuracy_m=5), track)) == []


def test_doubted_fixes_are_counted_by_their_flag() -> None:
    track = [*along(range(20)), fix(20, 0.0, 0.0), *along(range(21, 30))]
    found = rehearse(PLAN, RULES, track)
    assert found.doubted["ZERO_ISLAND"] == 1
    assert rules(found) == []


def test_devices_that_the_plan_does_not_know_are_named() -> None:
    found = rehearse(PLAN, RULES, along(range(10), device="D-9"))
    assert found.strangers == ("D-9",)
    assert found.tracked_h == 0


def test_progress_is_told_up_to_all_fixes() -> None:
    told: list[tuple[int, int]] = []
    rehearse(PLAN, RULES, along(range(10)) + along(range(5), device="D-2"),
             on_progress=lambda done, total: told.append((done, total)))  # fmt: skip
    assert told == [(10, 15), (15, 15)]


def test_a_convoy_that_falls_apart_is_raised() -> None:
    document = PLAN.model_dump(mode="json", by_alias=True, exclude_none=True)
    convoy = {"id": "K-1", "name": "Konvoi", "shipments": ["SHP-D-1", "SHP-D-2"]}
    together = Plan.model_validate({**document, "convoys": [convoy]})
    stays = [fix(step, 110.14, IN, "D-2")._replace(speed_kmh=0.0) for step in range(10, 60)]
    track = along(range(60)) + along(range(10), device="D-2") + stays
    alert = only(rehearse(together, RULES, track), "CONVOY_SPLIT")
    assert alert.group_id == "K-1"
    assert "CONVOY_SPLIT" not in rules(rehearse(PLAN, RULES, track))


JOURNEY = (
    along(range(15)) + detour(range(15, 25)) + [fix(25, 114.0, -3.0)] + along(range(26, 40))
    + along(range(60, 75), device="D-1") + along(range(40), device="D-2")
)  # fmt: skip
REPORTS = [report(12, "seal_opened"), report(18, "sos", timedelta(hours=2))]


@given(seed=st.integers(0, 2**32), twice=st.sets(st.integers(0, len(JOURNEY) - 1)))
@hypothesis_settings(max_examples=60, deadline=None)
def test_no_order_and_no_repetition_of_deliveries_changes_an_alert(
    seed: int, twice: set[int]
) -> None:
    again = [JOURNEY[i] for i in twice]
    delivered = JOURNEY + [p._replace() for p in again]
    Random(seed).shuffle(delivered)
    reports = REPORTS * 2
    Random(seed).shuffle(reports)
    until = max(p.received_at for p in JOURNEY) + timedelta(hours=1)
    straight = rehearse(PLAN, RULES, JOURNEY, REPORTS, until=until)
    shuffled = rehearse(PLAN, RULES, delivered, reports, until=until)
    assert shuffled.alerts == straight.alerts
    assert shuffled.duplicates == len(again)
    assert {"CORRIDOR_DEVIATION", "SEAL_OPENED", "SOS", "SILENCE"} <= set(rules(straight))


def test_a_journey_longer_than_a_chunk_is_judged_as_one() -> None:
    """The fold is cut every few thousand fixes, and a detour may lie across the cut."""
    standing = [fix(step, 110.2, IN)._replace(speed_kmh=0.0) for step in range(1997)]
    beyond = [fix(step, 110.2, OUT) for step in range(1997, 2010)]
    alert = only(rehearse(PLAN, RULES, standing + beyond), "CORRIDOR_DEVIATION")
    assert alert.opened_at == START + 1997 * STEP
