"""The modem over a link in memory: connect, send, hear, lose, come back."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from firmware_sim import frame
from firmware_sim.backoff import Backoff
from firmware_sim.echo import Echo
from firmware_sim.flash import Ring
from firmware_sim.link import Down, MemoryLink, Message
from firmware_sim.modem import Modem
from firmware_sim.settings import Radio
from tests.unit.firmware_sim.support import Commitments, check_frame

FIX: dict[str, Any] = {
    "fix_time": "2024-11-26T03:15:07.000Z",
    "lat_deg": -7.0,
    "lon_deg": 110.0,
    "accuracy_m": 5.0,
}


class Server:
    """Broker and server for one device; `code` is the broker's answer (None: none)."""

    def __init__(self) -> None:
        self.code: int | None = 0
        self.acknowledges = True
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.memory = Commitments()

    def __call__(self, topic: str, payload: bytes) -> tuple[int | None, list[Message]]:
        message = check_frame(topic, payload)
        if topic.endswith("/status"):
            self.messages.append((topic, message))
            return 0, []
        if self.code is None or self.code >= 0x80 or self.code == 0x10:
            return self.code, []
        self.messages.append((topic, message))
        key = self.memory.commit("A", message)
        return self.code, [self.memory.ack(key)] if self.acknowledges else []

    def seqs(self) -> list[list[int]]:
        return [
            [r["seq"] for r in message.get("records", [message])]
            for topic, message in self.messages
            if not topic.endswith("/status")
        ]


class Bench:
    """A modem on the table."""

    def __init__(self, **radio: Any) -> None:
        self.server = Server()
        self.link = MemoryLink(self.server)
        self.ring = Ring(100)
        self.ring.begin_epoch()
        self.modem = Modem("A", self.ring, self.link, Random(1), settings=Radio(**radio))
        self.modem.status = lambda _at_s: frame.status("online")

    def produce(self, count: int = 1, event: str | None = None) -> None:
        for _ in range(count):
            kind: frame.Kind = "position" if event is None else "event"
            fields = FIX if event is None else {"event": event, "event_time": FIX["fix_time"]}
            self.modem.add(self.ring.append(kind, fields)[0])

    def pump(self, *times_s: float, covered: bool = True) -> None:
        for at_s in times_s:
            self.modem.pump(at_s, covered)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_connects_says_its_status_and_sends_until_acknowledged(bench: Bench) -> None:
    bench.produce(3)
    bench.pump(0, 1)
    assert bench.server.messages[0] == ("kawal/v1/A/status", {"v": 1, "state": "online"})
    assert bench.server.seqs() == [[1, 2, 3]]
    assert len(bench.ring) == 0
    assert bench.modem.counters.acknowledged == 3


def test_the_brokers_word_alone_frees_nothing(bench: Bench) -> None:
    bench.server.acknowledges = False
    bench.produce(2)
    bench.pump(*range(29))
    assert bench.server.seqs() == [[1, 2]]
    assert len(bench.ring) == 2
    assert bench.modem.awaited == 2
    bench.server.acknowledges = True
    bench.pump(30, 31)
    assert bench.server.seqs() == [[1, 2], [1, 2]]
    assert len(bench.ring) == 0
    assert bench.modem.counters.resent == 2


@pytest.mark.parametrize("code", [0x10, 0x80, 0x87, 0x97])
def test_what_the_broker_does_not_take_is_tried_again_with_patience(
    bench: Bench, code: int
) -> None:
    bench.server.code = code
    bench.produce(3)
    bench.pump(*range(600))
    assert 8 <= bench.modem.counters.messages <= 25
    assert f"0x{code:02x}" in str(bench.modem.trouble)
    assert len(bench.ring) == 3
    bench.server.code = 0
    bench.pump(*range(600, 700))
    assert len(bench.ring) == 0
    assert bench.modem.trouble is None


def test_no_more_messages_are_under_way_than_the_window_allows() -> None:
    bench = Bench(window=2, batch_records=5)
    bench.server.code = None
    bench.produce(30)
    bench.pump(*range(20))
    assert bench.modem.counters.messages == 2
    bench.pump(30)  # unanswered for 30 s: they hold the window no longer
    assert bench.modem.counters.messages == 4


def test_a_cut_makes_it_come_back_and_send_what_was_under_way(bench: Bench) -> None:
    bench.server.code = None
    bench.produce(2)
    bench.pump(0)
    bench.link.cut()
    bench.server.code = 0
    bench.pump(0.1)
    assert not bench.modem.connected
    bench.pump(*range(1, 10))
    assert bench.modem.connected
    assert len(bench.ring) == 0


def test_it_retries_ever_more_seldom_and_never_in_step() -> None:
    waits = {seed: _waits(seed) for seed in (1, 2)}
    for found in waits.values():
        steps = [1, 2, 4, 8, 16, 32, 60, 60]
        assert all(s / 2 <= wait <= s for s, wait in zip(steps, found, strict=True))
    assert waits[1] != waits[2]


def _waits(seed: int) -> list[float]:
    backoff = Backoff(1.0, 60.0, Random(seed))
    return [backoff.next_s() for _ in range(8)]


class DeadLink(MemoryLink):
    """No broker answers."""

    tries = 0

    def connect(self) -> None:
        self.tries += 1
        self._news.append(Down("refused"))


def test_a_dead_broker_is_not_stormed() -> None:
    ring, link = Ring(10), DeadLink()
    modem = Modem("A", ring, link, Random(1), settings=Radio())
    for at_s in range(3_600):
        modem.pump(float(at_s))
    assert 55 <= link.tries <= 140
    assert modem.trouble == "refused"


class SilentLink(MemoryLink):
    """Packets vanish."""

    tries = 0

    def connect(self) -> None:
        self.tries += 1


def test_a_connection_that_is_never_answered_is_given_up() -> None:
    link = SilentLink()
    modem = Modem("A", Ring(10), link, Random(1), settings=Radio())
    for at_s in range(60):
        modem.pump(float(at_s))
    assert 2 <= link.tries <= 4


def test_without_coverage_nothing_is_sent_and_coverage_reconnects_at_once(bench: Bench) -> None:
    bench.pump(0)
    bench.pump(1, covered=False)
    assert not bench.modem.connected
    bench.produce(60)
    bench.pump(2, 3, 400, covered=False)
    assert bench.server.seqs() == []
    bench.pump(401, 402)
    assert [len(batch) for batch in bench.server.seqs()] == [50, 10]
    assert len(bench.ring) == 0


def test_each_message_tells_the_oldest_number_still_held(bench: Bench) -> None:
    bench.server.acknowledges = False
    bench.produce(2)
    bench.pump(0)
    bench.ring.free(1, 1)
    bench.produce(1)
    bench.pump(1)
    assert [m["oldest_seq"] for topic, m in bench.server.messages if "position" in topic] == [1, 2]


def test_an_alarm_goes_before_what_is_stored(bench: Bench) -> None:
    bench.pump(0, covered=False)
    bench.produce(60)
    bench.produce(event="seal_cut")
    bench.pump(1, 2)
    assert [batch[0] for batch in bench.server.seqs()] == [61, 1, 51]


def test_a_repeating_modem_sends_at_once_and_later(bench: Bench) -> None:
    bench.modem.echo = Echo(copies=2, again_after_s=60)
    bench.produce(1)
    bench.pump(0, 1)
    assert bench.server.seqs() == [[1]] * 3
    bench.modem.echo.stop()
    bench.produce(1)
    bench.pump(2, 59)
    assert bench.server.seqs() == [[1]] * 3 + [[2]]
    bench.pump(60, 61)
    assert bench.server.seqs() == [[1]] * 3 + [[2], [1]]


def test_commands_wait_for_the_firmware_and_rubbish_is_counted(bench: Bench) -> None:
    bench.pump(0)
    for payload in (b'{"v":1,"id":"c","command":"report_now"}', b"{", b'{"v":1}'):
        bench.link.deliver(Message("kawal/v1/A/command", payload))
    bench.link.deliver(Message("kawal/v1/A/ack", b'{"v":1,"epoch":"x","seq":1}'))
    bench.pump(1)
    assert [command.id for command in bench.modem.commands] == ["c"]
    assert bench.modem.counters.unreadable == 3


def test_a_reset_forgets_all_but_the_ring(bench: Bench) -> None:
    bench.server.acknowledges = False
    bench.produce(3)
    bench.pump(0)
    bench.modem.cut()
    bench.modem.reset()
    bench.server.acknowledges = True
    bench.pump(1, 2)
    assert bench.server.seqs() == [[1, 2, 3], [1, 2, 3]]
    assert len(bench.ring) == 0


def test_it_says_goodbye(bench: Bench) -> None:
    bench.pump(0)
    bench.modem.status = lambda _at_s: frame.status("offline", reason="shutdown")
    bench.modem.close(1.0)
    last = bench.server.messages[-1]
    assert last == ("kawal/v1/A/status", {"v": 1, "state": "offline", "reason": "shutdown"})
    assert json.loads(frame.status("offline", reason="shutdown")) == last[1]
    assert not bench.link.up
