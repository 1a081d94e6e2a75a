"""The simulator's bad receivers, read as ingest reads them and judged by the rules."""

from __future__ import annotations

from domain.events import Event
from domain.journeys import Journey
from domain.positions import Flag
from domain.rules import fold
from domain.settings import Rules
from domain.states import DeviceState, order
from domain.survey import Stage, Survey
from firmware_sim.record import DEFAULT_START, record
from ingest.decode import Raw, decode
from tests.unit.firmware_sim.support import ROAD

RULES = Rules()
DEVICE = "SIM-0001"
JOURNEY = Journey("SHP-1", "TRUCK", "FROM", "TO", None, 2000.0)
SURVEY = Survey([], [], {DEVICE: [Stage(DEFAULT_START, None, JOURNEY)]}, RULES)


def play(scenario: str) -> tuple[list[Flag], list[Event]]:
    """The final flags of the fixes in their order, and the events about the receiver."""
    sent = record(scenario, ROAD, device_id=DEVICE)
    found = decode([Raw(topic, payload, at) for topic, payload, at in sent], RULES)
    assert found.rejections == []
    seen = sorted(SURVEY.observe(found.positions), key=order)
    _, events, reflagged = fold(DeviceState(), seen, RULES)
    flags = {p.seq: p.flags for p in (*found.positions, *reflagged)}
    rules = {"FROZEN", "SPOOFING", "JUMP"}
    told = [e for e in events if e.meaning is not None and e.meaning.rule in rules]
    return [Flag(flags[item.position.seq]) for item in seen], told


def test_a_frozen_receiver_is_found_and_its_end_too() -> None:
    flags, told = play("frozen-receiver")
    assert [event.kind for event in told] == ["receiver_frozen", "receiver_thawed"]
    # 600 s at one fix each 20 s; the first of them keep.
    assert 20 <= flags.count(Flag.FROZEN) <= 27
    assert set(flags) == {Flag.NONE, Flag.FROZEN}
    assert float(told[0].numbers["should_have_moved_m"] or 0) > 500


def test_a_spoofed_lorry_jumps_and_is_then_made_up_by_software() -> None:
    flags, told = play("spoofed")
    assert [event.kind for event in told] == ["relocated", "mock_started", "mock_ended"]
    assert float(told[0].numbers["distance_m"] or 0) > 60_000
    assert 10 <= sum(bool(flag & Flag.MOCK) for flag in flags) <= 16
    assert Flag.JUMP in flags


def test_a_good_journey_is_not_doubted() -> None:
    flags, told = play("nominal")
    assert set(flags) == {Flag.NONE}
    assert told == []
