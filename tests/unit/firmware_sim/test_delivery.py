"""Nothing is lost: whatever breaks, every record not overwritten is committed in the end."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_sim.clock import VirtualClock
from firmware_sim.faults import AnyFault, RadioOutage, Reboot
from firmware_sim.flash import Ring
from firmware_sim.frame import Key
from firmware_sim.link import MemoryLink, Message
from firmware_sim.modem import Modem
from firmware_sim.record import DEFAULT_START
from firmware_sim.settings import Radio
from firmware_sim.tracker import Tracker
from tests.unit.firmware_sim.support import ROAD, Commitments, check_frame, scenario

CAPACITY = 24
FIX = {
    "fix_time": "2024-11-26T03:15:07.000Z",
    "lat_deg": -7.0,
    "lon_deg": 110.0,
    "accuracy_m": 5.0,
}


class World:
    """An unreliable broker and server, and an oracle that knows every number given out."""

    def __init__(self, file: Path | None) -> None:
        self.at_s = 0.0
        self.file = file
        self.memory = Commitments()
        self.acked: dict[int, int] = {}
        self.produced: set[Key] = set()
        self.overwritten: set[Key] = set()
        self.loses_acks = self.loses_answers = False
        self.covered = True
        self.refuses: int | None = None
        self.epochs = 0
        self._power_on()

    def _power_on(self) -> None:
        if self.epochs == 0 or self.file is not None:
            self.ring = Ring(CAPACITY, file=self.file)
        self.ring.begin_epoch()
        self.epochs += 1
        self.link = MemoryLink(self._answer)
        settings_ = Radio(window=2, batch_records=5)
        self.modem = Modem("A", self.ring, self.link, Random(self.epochs), settings=settings_)

    def _answer(self, topic: str, payload: bytes) -> tuple[int | None, list[Message]]:
        message = check_frame(topic, payload)
        if self.refuses is not None:
            return self.refuses, []
        sent = {(message["epoch"], r["seq"]) for r in message.get("records", [message])}
        assert sent <= self.produced
        assert message["oldest_seq"] <= min(seq for _, seq in sent)
        key = self.memory.commit("A", message)
        back = []
        if not self.loses_acks:
            back = [self.memory.ack(key)]
            seq = json.loads(back[0].payload)["seq"]
            self.acked[key[1]] = max(self.acked.get(key[1], 0), seq)
        return None if self.loses_answers else 0, back

    def produce(self, event: str | None = None) -> None:
        before = {record.key for record in self.ring}
        fields: dict[str, Any] = FIX
        if event is not None:
            fields = {"event": event, "event_time": FIX["fix_time"]}
        record, _ = self.ring.append("position" if event is None else "event", fields)
        self.produced.add(record.key)
        self.overwritten |= before - {held.key for held in self.ring}
        self.modem.add(record)

    def reboot(self) -> None:
        self.modem.cut()
        if self.file is not None:
            self.ring.close()
        self._power_on()

    def pass_time(self, seconds: float) -> None:
        until_s = self.at_s + seconds
        while self.at_s < until_s:
            self.at_s = min(until_s, self.at_s + 5.0)
            self.modem.pump(self.at_s, self.covered)
            self.check()

    def check(self) -> None:
        held = {record.key for record in self.ring}
        assert len(held) == len(self.ring) <= CAPACITY
        for epoch, seq in self.produced - held - self.overwritten:
            assert seq <= self.acked.get(epoch, 0), "freed, though nobody acknowledged it"

    def heal(self) -> None:
        self.covered, self.refuses = True, None
        self.loses_acks = self.loses_answers = False
        self.pass_time(3_600)


OPERATIONS = st.one_of(
    st.tuples(st.just("produce"), st.integers(1, 12)),
    st.tuples(st.just("alarm"), st.just(1)),
    st.tuples(st.just("wait"), st.integers(1, 200)),
    st.tuples(st.just("cut"), st.just(0)),
    st.tuples(st.just("reboot"), st.just(0)),
    st.tuples(st.just("covered"), st.integers(0, 1)),
    st.tuples(st.just("loses_acks"), st.integers(0, 1)),
    st.tuples(st.just("loses_answers"), st.integers(0, 1)),
    st.tuples(st.just("refuses"), st.sampled_from([0, 0x10, 0x87, 0x97])),
)


def play(world: World, operation: str, number: int) -> None:
    match operation:
        case "produce":
            for _ in range(number):
                world.produce()
        case "alarm":
            world.produce("seal_cut")
        case "wait":
            world.pass_time(float(number))
        case "cut":
            world.link.cut()
        case "reboot":
            world.reboot()
        case "refuses":
            world.refuses = number or None
        case flag:
            setattr(world, flag, bool(number))


def check_delivery(world: World, operations: list[tuple[str, int]]) -> None:
    for operation, number in operations:
        play(world, operation, number)
        world.check()
    world.heal()
    assert len(world.ring) == 0
    assert world.produced - world.overwritten <= world.memory.stored("A")


@settings(max_examples=150, deadline=None)
@given(st.lists(OPERATIONS, max_size=40))
def test_nothing_is_lost_and_the_ring_is_bounded(operations: list[tuple[str, int]]) -> None:
    check_delivery(World(None), operations)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(OPERATIONS, max_size=30))
def test_nor_when_only_the_file_survives(operations: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder) / "a.ring")
        check_delivery(world, operations)
        world.ring.close()


TROUBLE = st.lists(
    st.one_of(
        st.builds(
            RadioOutage,
            kind=st.just("radio_outage"),
            at_s=st.integers(0, 900).map(float),
            duration_s=st.integers(1, 400).map(float),
        ),
        st.builds(
            Reboot,
            kind=st.just("reboot"),
            at_s=st.integers(0, 900).map(float),
            duration_s=st.integers(0, 60).map(float),
        ),
    ),
    max_size=5,
)


@settings(max_examples=15, deadline=None)
@given(TROUBLE, st.integers(0, 2**32))
def test_a_whole_tracker_delivers_every_number_it_gave_out(
    faults: list[AnyFault], seed: int
) -> None:
    memory, numbers = Commitments(), Random(seed)

    def answer(topic: str, payload: bytes) -> tuple[int | None, list[Message]]:
        message = check_frame(topic, payload)
        if topic.endswith("/status"):
            return 0, []
        key = memory.commit("A", message)
        # The broker may stay silent and acknowledgements may be lost, until all is calm.
        calm = clock.now_s() > 1_500
        back = [memory.ack(key)] if calm or numbers.random() < 0.5 else []
        return (0 if calm or numbers.random() < 0.7 else None), back

    clock = VirtualClock(DEFAULT_START)
    played = scenario().model_copy(update={"faults": tuple(faults), "lead_in_s": 60.0})
    ring = Ring(1_000)
    tracker = Tracker("A", ROAD, played, MemoryLink(answer), clock, ring=ring, seed=seed)
    given_out: set[Key] = set()
    while (at_s := tracker.next_tick_s) <= 3_000:
        clock.advance_to(at_s)
        tracker.advance(at_s)
        given_out |= {(ring.epoch, seq) for seq in range(1, ring.last_seq + 1)}
    assert memory.stored("A") == given_out
    assert len(ring) <= 1  # what the last sample made
