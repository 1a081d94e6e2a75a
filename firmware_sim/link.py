"""The seam between modem and network: what a link does and what it reports."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Up:
    """The broker accepted the connection."""


@dataclass(frozen=True, slots=True)
class Down:
    """There is no connection (any more); what was in flight is forgotten."""

    reason: str


@dataclass(frozen=True, slots=True)
class Published:
    """The broker answered a publish; from 0x80 on, and 0x10, it was not taken."""

    token: int
    reason_code: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message from the broker."""

    topic: str
    payload: bytes
    retained: bool = False


LinkEvent = Up | Down | Published | Message


class Link(Protocol):
    """One device's connection to the broker. Nothing blocks; news come by `news`."""

    def connect(self) -> None:
        """Begin to connect; ends in Up or Down."""

    def drop(self) -> None:
        """Cut the connection without a word (the broker sends the last will); no Down."""

    def close(self) -> None:
        """Say goodbye (no last will) and hang up; no Down."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int | None:
        """Send with QoS 1; the token that Published will carry, or None if not sent."""

    def news(self) -> list[LinkEvent]:
        """What happened since the last call, in order."""


Answer = Callable[[str, bytes], tuple[int | None, list[Message]]]
"""(topic, payload) -> the broker's reason code (None: no answer), and messages back."""


def _taken(_topic: str, _payload: bytes) -> tuple[int | None, list[Message]]:
    return 0, []


@dataclass
class MemoryLink:
    """A link without a network: `answer` is broker and server in one."""

    answer: Answer = _taken
    up: bool = False
    _token: int = 0
    _news: list[LinkEvent] = field(default_factory=list)

    def connect(self) -> None:
        """Connects at once."""
        self.up = True
        self._news.append(Up())

    def drop(self) -> None:
        """Forget all that was under way."""
        self.up = False
        self._news.clear()

    def close(self) -> None:
        """The same; there is nobody to say goodbye to."""
        self.drop()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int | None:
        """Hand over to `answer`."""
        del retain
        if not self.up:
            return None
        self._token += 1
        token = self._token
        reason_code, back = self.answer(topic, payload)
        if reason_code is not None:
            self._news.append(Published(token, reason_code))
        self._news.extend(back)
        return token

    def news(self) -> list[LinkEvent]:
        """See Link."""
        found, self._news = self._news, []
        return found

    def cut(self, reason: str = "cut") -> None:
        """The network breaks (for tests): the modem learns of it by Down."""
        if self.up:
            self.up = False
            self._news = [Down(reason)]

    def deliver(self, message: Message) -> None:
        """A message arrives, if there is a connection."""
        if self.up:
            self._news.append(message)
