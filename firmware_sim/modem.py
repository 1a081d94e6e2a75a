"""The modem: holds the connection, sends from the ring, hears acknowledgements."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from firmware_sim import frame
from firmware_sim.backoff import Backoff
from firmware_sim.echo import Echo
from firmware_sim.flash import Ring
from firmware_sim.frame import Command, FrameError, Key, Record
from firmware_sim.link import Down, Link, LinkEvent, Message, Published, Up
from firmware_sim.outbox import RESEND_FIRST_S, Outbox
from firmware_sim.settings import Radio

CONNECT_TIMEOUT_S = 20.0
NOT_TAKEN = 0x80
NO_SUBSCRIBER = 0x10
STATUS = "status"


class _State(StrEnum):
    DOWN = "down"
    CONNECTING = "connecting"
    UP = "up"


@dataclass(slots=True)
class Counters:
    """What this modem did since it was made. `records` counts each sending."""

    messages: int = 0
    records: int = 0
    resent: int = 0
    not_taken: int = 0
    acknowledged: int = 0
    connects: int = 0
    unreadable: int = 0


class Modem:
    """Sends a ring's records over a link until the application acknowledges them.

    All times are seconds of one rising clock; `scale` of its seconds pass in one
    second of the network. `status` makes the retained status message. `trouble`: why
    nothing is taken at present.
    """

    def __init__(
        self,
        device_id: str,
        ring: Ring,
        link: Link,
        rng: Random,
        *,
        settings: Radio,
        status: Callable[[float], bytes] | None = None,
        scale: float = 1.0,
    ) -> None:
        self.device_id = device_id
        self.counters = Counters()
        self.echo: Echo | None = None
        self.trouble: str | None = None
        self._ring, self._link, self._rng = ring, link, rng
        self.status = status
        self._settings, self._scale = settings, scale
        self._reconnect = Backoff(settings.reconnect_min_s, settings.reconnect_max_s, rng)
        self._hold = Backoff(1.0, 60.0, rng)
        self.reset()

    def reset(self) -> None:
        """Power on: nothing is known but what the ring holds."""
        self.commands: list[Command] = []
        self._state = _State.DOWN
        self._outbox = Outbox(self._ring, self._scale)
        self._flying: dict[int, tuple[float, list[Key]]] = {}
        self._status_due = True
        self._retry_s = self._hold_until_s = float("-inf")
        self._connect_by_s = float("inf")
        self._reconnect.reset()
        self._hold.reset()

    @property
    def awaited(self) -> int:
        """Records that were sent and are not acknowledged."""
        return sum(self._outbox.times_sent(record.key) > 0 for record in self._ring)

    @property
    def connected(self) -> bool:
        """Whether the broker accepted us."""
        return self._state is _State.UP

    def add(self, record: Record) -> None:
        """A new record of the ring."""
        self._outbox.add(record)

    def tell_status(self) -> None:
        """Publish the status soon."""
        self._status_due = True

    def pump(self, at_s: float, covered: bool = True) -> None:
        """Do all that is due: hear, connect, send."""
        for event in self._link.news():
            self._hear(event, at_s)
        if not covered:
            self._lose_coverage()
            return
        if self._state is not _State.UP:
            self._connect(at_s)
        if self._state is _State.UP:
            self._send(at_s)

    def cut(self) -> None:
        """Power off: the connection breaks without a word."""
        self._link.drop()
        self._state = _State.DOWN

    def close(self, at_s: float) -> None:
        """Say goodbye with the status as it is now, and hang up."""
        if self.connected and self.status is not None:
            self._link.publish(frame.topic(self.device_id, STATUS), self.status(at_s), retain=True)
        self._link.close()
        self._state = _State.DOWN

    def _lose_coverage(self) -> None:
        if self._state is not _State.DOWN:
            self._go_down(float("-inf"))
            self._link.drop()
        self._reconnect.reset()
        self._retry_s = float("-inf")

    def _go_down(self, retry_s: float) -> None:
        """What was in flight counts as unsent; the broker may have it all the same."""
        self._state, self._retry_s = _State.DOWN, retry_s
        for _, keys in self._flying.values():
            self._outbox.put_back(keys)
        self._flying.clear()

    def _connect(self, at_s: float) -> None:
        if self._state is _State.CONNECTING and at_s > self._connect_by_s:
            self._link.drop()
            self._go_down(at_s + self._scale * self._reconnect.next_s())
        if self._state is _State.DOWN and at_s >= self._retry_s:
            self._state = _State.CONNECTING
            self._connect_by_s = at_s + self._scale * CONNECT_TIMEOUT_S
            self._link.connect()
            for event in self._link.news():
                self._hear(event, at_s)

    def _hear(self, event: LinkEvent, at_s: float) -> None:
        match event:
            case Up():
                self._state = _State.UP
                self.counters.connects += 1
                self._status_due = True
                self._reconnect.reset()
                self.trouble = None
            case Down():
                self.trouble = event.reason
                self._go_down(at_s + self._scale * self._reconnect.next_s())
            case Published():
                self._answered(event, at_s)
            case Message():
                self._receive(event)

    def _answered(self, event: Published, at_s: float) -> None:
        _, keys = self._flying.pop(event.token, (0.0, []))
        if not keys:
            return
        if event.reason_code >= NOT_TAKEN or event.reason_code == NO_SUBSCRIBER:
            self.counters.not_taken += len(keys)
            self.trouble = f"the broker answered 0x{event.reason_code:02x} to a publish"
            self._outbox.put_back(keys)
            self._hold_until_s = at_s + self._scale * self._hold.next_s()
        else:
            self.trouble = None
            self._hold.reset()

    def _receive(self, message: Message) -> None:
        leaf = message.topic.rpartition("/")[2]
        try:
            if leaf == "ack":
                ack = frame.decode_ack(message.payload)
                done = self._ring.free(ack.epoch, ack.seq)
                self.counters.acknowledged += len(done)
                self._outbox.forget(done)
            elif leaf == "command":
                self.commands.append(frame.decode_command(message.payload))
        except FrameError:
            self.counters.unreadable += 1

    def _send(self, at_s: float) -> None:
        if self._status_due and self.status is not None:
            topic = frame.topic(self.device_id, STATUS)
            self._status_due = self._link.publish(topic, self.status(at_s), retain=True) is None
        self._expire(at_s)
        self._send_echoes(at_s)
        while len(self._flying) < self._settings.window and at_s >= self._hold_until_s:
            batch = self._outbox.take(at_s, self._settings.batch_records)
            if not batch or not self._publish(batch, at_s):
                return

    def _publish(self, batch: list[Record], at_s: float) -> bool:
        first, keys = batch[0], [record.key for record in batch]
        topic = frame.topic(self.device_id, first.kind)
        payload = frame.encode(batch, self._ring.oldest_seq(first.epoch))
        token = self._link.publish(topic, payload)
        if token is None:
            self._outbox.put_back(keys)
            return False
        self._flying[token] = (at_s, keys)
        self._count(keys)
        if self.echo is not None:
            self.echo.add(at_s, topic, payload)
        return True

    def _count(self, keys: list[Key]) -> None:
        self.counters.messages += 1
        self.counters.records += len(keys)
        self.counters.resent += sum(self._outbox.times_sent(key) > 1 for key in keys)

    def _expire(self, at_s: float) -> None:
        """An unanswered publish must not hold the window for ever."""
        limit_s = at_s - self._scale * RESEND_FIRST_S
        for token in [t for t, (sent_s, _) in self._flying.items() if sent_s <= limit_s]:
            del self._flying[token]

    def _send_echoes(self, at_s: float) -> None:
        if self.echo is not None:
            for topic, payload in self.echo.due(at_s):
                self._link.publish(topic, payload)
