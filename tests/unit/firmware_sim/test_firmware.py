"""The state machine, seen from outside: what it sends, and when."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from firmware_sim.clock import VirtualClock
from firmware_sim.faults import AnyFault, Button, Charge, GnssOutage, Jamming, RadioOutage, Reboot
from firmware_sim.firmware import State
from firmware_sim.flash import Ring
from firmware_sim.link import MemoryLink, Message
from firmware_sim.record import DEFAULT_START
from firmware_sim.route import LonLat
from firmware_sim.scenario import Scenario
from firmware_sim.tracker import Tracker
from tests.unit.firmware_sim.support import ROAD, Commitments, check_frame, scenario

CORNERS: list[LonLat] = [(110.0, -7.0), (110.1, -7.0), (110.1, -6.9), (110.2, -6.9)]
GOES = {"dwell_start_s": 0.0}
STAYS = {"dwell_start_s": 1e6}


class Rig:
    """A tracker whose server commits at once; `sent` holds (virtual second, topic, message)."""

    def __init__(self, played: Scenario, route: list[LonLat] = ROAD, capacity: int = 500) -> None:
        self.clock = VirtualClock(DEFAULT_START)
        self.sent: list[tuple[float, str, dict[str, Any]]] = []
        self.memory = Commitments()
        self.link = MemoryLink(self._answer)
        self.ring = Ring(capacity)
        self.acknowledges = True
        self.tracker = Tracker("A", route, played, self.link, self.clock, ring=self.ring)

    def state(self) -> State:
        return self.tracker.firmware.state

    def _answer(self, topic: str, payload: bytes) -> tuple[int | None, list[Message]]:
        message = check_frame(topic, payload)
        leaf = topic.rpartition("/")[2]
        self.sent.append((self.clock.now_s(), leaf, message))
        if leaf == "status":
            return 0, []
        key = self.memory.commit("A", message)
        return 0, [self.memory.ack(key)] if self.acknowledges else []

    def run(self, until_s: float) -> None:
        while (at_s := self.tracker.next_tick_s) <= until_s:
            self.clock.advance_to(at_s)
            self.tracker.advance(at_s)

    def command(self, **command: Any) -> None:
        payload = json.dumps({"v": 1, **command}).encode()
        self.link.deliver(Message("kawal/v1/A/command", payload))

    def positions(self, since_s: float = 0.0) -> list[float]:
        """Seconds of the fixes reported, by the (right) device clock."""
        return [
            at_s
            for record in self.records("position")
            if (at_s := _seconds(record["fix_time"])) >= since_s
        ]

    def records(self, leaf: str) -> list[dict[str, Any]]:
        found = [message for _, at, message in self.sent if at == leaf]
        return [record for m in found for record in m.get("records", [m])]

    def events(self) -> list[tuple[str, float]]:
        return [(r["event"], _seconds(r["event_time"])) for r in self.records("event")]

    def statuses(self) -> list[dict[str, Any]]:
        return [message for _, leaf, message in self.sent if leaf == "status"]


def _seconds(text: str) -> float:
    return (datetime.fromisoformat(text) - DEFAULT_START).total_seconds()


def faulty(*faults: AnyFault, **parts: dict[str, Any]) -> Scenario:
    return scenario("nominal", **parts).model_copy(update={"faults": faults, "lead_in_s": 0.0})


def test_it_boots_then_acquires_then_reports() -> None:
    rig = Rig(faulty(drive=GOES))
    rig.run(3.9)
    assert rig.state() is State.BOOT
    rig.run(5)
    assert rig.state() is State.ACQUIRE
    rig.run(60)
    assert rig.state() is State.TRACK
    assert rig.events() == [("boot", 4.0)]
    assert 20 < rig.positions()[0] < 45
    assert rig.statuses()[0]["state"] == "online"


def test_moving_it_reports_at_the_moving_interval() -> None:
    rig = Rig(faulty(drive=GOES, policy={"moving_interval_s": 20.0}))
    rig.run(1_000)
    gaps = {b - a for a, b in pairwise(rig.positions(100))}
    assert gaps == {20.0}
    assert rig.statuses()[-1]["report_interval_s"] == 20


def test_stopped_it_reports_at_the_stopped_interval() -> None:
    rig = Rig(faulty(drive=STAYS, policy={"stopped_interval_s": 200.0, "sleep_after_s": 1e9}))
    rig.run(2_000)
    gaps = {b - a for a, b in pairwise(rig.positions(300))}
    assert gaps == {200.0}
    assert rig.statuses()[-1]["report_interval_s"] == 200


def test_a_turn_is_reported_at_once() -> None:
    rig = Rig(faulty(drive=GOES, policy={"moving_interval_s": 3_600.0}), CORNERS)
    rig.run(1_800)
    reported = rig.records("position")[1:]
    courses = [record["course_deg"] for record in reported]
    assert len(reported) >= 2
    assert any(abs(course) < 25 or course > 335 for course in courses)  # the leg to the north
    assert any(65 < course < 115 for course in courses)


def test_an_alarm_is_sent_at_once_and_tightens_the_interval() -> None:
    sos = Button(kind="sos", at_s=300)
    rig = Rig(faulty(sos, drive=GOES, policy={"alarm_interval_s": 5.0, "alarm_hold_s": 60.0}))
    rig.run(500)
    assert ("sos", 300.0) in rig.events()
    during = rig.positions(300)
    assert during[0] == 300
    assert {b - a for a, b in pairwise(during) if b <= 360} == {5.0}
    assert {b - a for a, b in pairwise(during) if a > 380} == {20.0}
    assert [s["report_interval_s"] for s in rig.statuses()][-2:] == [5, 20]


def test_an_event_carries_the_last_known_fix() -> None:
    rig = Rig(faulty(Button(kind="tamper", at_s=2), Button(kind="sos", at_s=300), drive=GOES))
    rig.run(301)
    by_name = {record["event"]: record for record in rig.records("event")}
    assert "lat_deg" not in by_name["tamper"]
    assert _seconds(by_name["tamper"]["event_time"]) == 4.0  # latched while booting
    assert _seconds(by_name["sos"]["fix_time"]) == 299.0
    assert by_name["sos"]["lat_deg"] == pytest.approx(-7.0, abs=0.001)


def test_it_sleeps_when_it_stood_long_and_wakes_to_report() -> None:
    rig = Rig(faulty(drive=STAYS, policy={"sleep_after_s": 300.0, "stopped_interval_s": 600.0}))
    rig.run(4_000)
    assert rig.state() is State.SLEEP
    assert not rig.tracker.board.receiver.on
    assert rig.statuses()[-1]["state"] == "sleeping"
    assert [s["state"] for s in rig.statuses()].count("sleeping") <= 6
    gaps = [b - a for a, b in pairwise(rig.positions(700))]
    assert gaps
    assert all(600 <= gap <= 606 for gap in gaps)  # and the hot start


def test_motion_wakes_it() -> None:
    rig = Rig(faulty(drive={"dwell_start_s": 2_000.0}, policy={"sleep_after_s": 300.0}))
    rig.run(1_900)
    assert rig.state() is State.SLEEP
    rig.run(2_100)
    assert rig.state() is State.TRACK
    assert rig.statuses()[-1]["state"] == "online"
    assert 2_000 <= rig.positions(1_990)[0] <= 2_030


def test_an_alarm_wakes_it() -> None:
    sos = Button(kind="sos", at_s=1_500)
    rig = Rig(faulty(sos, drive=STAYS, policy={"sleep_after_s": 300.0}))
    rig.run(1_510)
    assert ("sos", 1_500.0) in rig.events()
    assert rig.positions(1_499)


def test_a_lost_fix_is_told_and_its_return() -> None:
    gone = GnssOutage(kind="gnss_outage", at_s=300, duration_s=100)
    rig = Rig(faulty(gone, drive=GOES))
    rig.run(500)
    events = dict(rig.events())
    assert 314 <= events["fix_lost"] <= 317
    assert 400 <= events["fix_regained"] <= 406
    assert not [at_s for at_s in rig.positions() if 300 <= at_s < 400]
    assert events["fix_regained"] in rig.positions()


def test_jamming_is_told_by_events_and_by_fixes() -> None:
    jam = Jamming(kind="jamming", at_s=300, duration_s=100, level=1)
    rig = Rig(faulty(jam, drive=GOES))
    rig.run(500)
    events = dict(rig.events())
    assert (events["jamming_started"], events["jamming_ended"]) == (300, 400)
    for record in rig.records("position"):
        assert record.get("jamming", 0) == (300 <= _seconds(record["fix_time"]) < 400)


def test_what_was_stored_says_so_and_is_sent_in_batches() -> None:
    gone = RadioOutage(kind="radio_outage", at_s=300, duration_s=300)
    rig = Rig(faulty(gone, drive=GOES))
    rig.run(700)
    stored = {r["seq"] for r in rig.records("position") if r["buffered"]}
    times = {r["seq"]: _seconds(r["fix_time"]) for r in rig.records("position")}
    assert stored == {seq for seq, at_s in times.items() if 300 <= at_s < 600}
    batches = [m for _, leaf, m in rig.sent if leaf == "position" and "records" in m]
    assert len(batches) == 1
    assert len(rig.ring) == 0


def test_a_full_ring_is_told_once_and_loses_the_oldest() -> None:
    gone = RadioOutage(kind="radio_outage", at_s=100, duration_s=2_000)
    rig = Rig(faulty(gone, drive=GOES), capacity=20)
    rig.run(2_300)
    assert [name for name, _ in rig.events()].count("ring_overflow") == 1
    stored = rig.memory.stored("A")
    missing = set(range(1, rig.ring.last_seq + 1)) - {seq for _, seq in stored}
    assert len(missing) > 50
    assert rig.memory.up_to["A", 1] == rig.ring.last_seq
    assert len(rig.ring) == 0


def test_a_reboot_raises_the_epoch_and_keeps_what_was_not_sent() -> None:
    gone = RadioOutage(kind="radio_outage", at_s=300, duration_s=200)
    boot = Reboot(kind="reboot", at_s=400, duration_s=20)
    rig = Rig(faulty(gone, boot, drive=GOES))
    rig.run(405)
    assert rig.state() is State.OFF
    held = len(rig.ring)
    assert held > 3
    rig.run(700)
    assert [name for name, _ in rig.events()].count("boot") == 2
    assert rig.ring.epoch == 2
    for epoch in (1, 2):
        seqs = {seq for e, seq in rig.memory.stored("A") if e == epoch}
        assert seqs == set(range(1, max(seqs) + 1))
    assert len(rig.ring) == 0


def test_after_a_reboot_what_was_sent_and_not_acknowledged_is_sent_at_once() -> None:
    rig = Rig(faulty(Reboot(kind="reboot", at_s=300, duration_s=20), drive=GOES))
    rig.acknowledges = False
    rig.run(310)
    rig.command(id="lost", command="report_now")
    held = len(rig.ring)
    rig.sent.clear()
    rig.run(326)
    assert len([r for r in rig.records("position") if r["seq"] <= held]) == held - 1
    assert not [r for r in rig.records("event") if r["event"] == "command_result"]


def test_a_regained_fix_is_reported_at_once() -> None:
    gone = GnssOutage(kind="gnss_outage", at_s=300, duration_s=40)
    rig = Rig(faulty(gone, drive=GOES, policy={"moving_interval_s": 600.0}))
    rig.run(500)
    assert dict(rig.events())["fix_regained"] in rig.positions()


def test_an_empty_battery_switches_it_off_until_it_is_charged() -> None:
    flat = Charge(kind="battery", at_s=300, battery_pct=0.1)
    full = Charge(kind="battery", at_s=600, battery_pct=80)
    rig = Rig(faulty(flat, full, drive=GOES))
    rig.run(900)
    assert not [at_s for at_s in rig.positions() if 300 <= at_s < 600]
    assert [name for name, _ in rig.events()].count("boot") == 2


def test_a_low_battery_is_told_once() -> None:
    rig = Rig(faulty(drive=GOES, battery={"start_pct": 15.05, "drain_pct_per_h": 1.0}))
    rig.run(1_500)
    assert [name for name, _ in rig.events()].count("battery_low") == 1


def test_report_now() -> None:
    rig = Rig(faulty(drive=STAYS, policy={"stopped_interval_s": 3_000.0}))
    rig.run(10)
    rig.command(id="c-0", command="report_now")
    rig.run(503)
    rig.command(id="c-1", command="report_now")
    rig.run(506)
    assert rig.positions(500)[0] in (504, 505)
    assert _results(rig) == [("c-0", "refused", "no fix yet"), ("c-1", "done", None)]


def test_set_report_interval() -> None:
    rig = Rig(faulty(drive=GOES))
    rig.run(300)
    rig.command(id="c-18", command="set_report_interval", report_interval_s=7)
    rig.run(500)
    assert {b - a for a, b in pairwise(rig.positions(330))} == {7.0}
    assert rig.statuses()[-1]["report_interval_s"] == 7


def test_bad_commands_are_refused_with_their_reason() -> None:
    rig = Rig(faulty(drive=GOES))
    rig.run(100)
    rig.command(id="a", command="dance")
    rig.command(id="a", command="report_now")
    rig.command(id="b", command="set_report_interval")
    rig.command(id="c", command="set_report_interval", report_interval_s=0.5)
    rig.command(id="d", command="set_report_interval", report_interval_s=1e9)
    rig.run(102)
    assert _results(rig) == [
        ("a", "refused", "unknown command"),
        ("a", "refused", "id already seen"),
        *((name, "refused", "report_interval_s: must be 1..86400") for name in "bcd"),
    ]


def _results(rig: Rig) -> list[tuple[str, str, str | None]]:
    return [
        (r["command_id"], r["result"], r.get("note"))
        for r in rig.records("event")
        if r["event"] == "command_result"
    ]


def test_shutdown_is_told() -> None:
    rig = Rig(faulty(drive=GOES))
    rig.run(100)
    rig.tracker.shutdown(100.0)
    last = rig.statuses()[-1]
    assert (last["state"], last["reason"]) == ("offline", "shutdown")
    sent = len(rig.sent)
    rig.run(400)
    assert len(rig.sent) == sent
