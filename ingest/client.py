"""paho's client with a fast way for what comes by the thousand: messages and their acks.

paho reads its socket a few bytes at a time, builds a dozen objects for each message, and
sends each acknowledgement by itself; beside a busy thread every one of those steps waits
for the interpreter's lock. Here one read takes many packets, a PUBLISH is cut out of the
buffer as MQTT 5 section 3.3 lays it out, and what goes back goes in one write. All other
packets, the connection and its keep-alive stay paho's
(docs/adr/0004-buffered-mqtt-client.md has the figures).
"""

from __future__ import annotations

import ssl
import struct
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MessageType, MQTTErrorCode

READ_BYTES = 262_144
PACKETS_A_TURN = 1000  # then paho may write: acknowledgements must not wait for silence
_PUBLISH = MessageType.PUBLISH >> 4


class Publish(NamedTuple):
    """A message from the broker; `mid` is 0 where it needs no acknowledgement."""

    topic: str
    payload: bytes
    mid: int


class PacketSocket:
    """A socket that reads ahead and knows where packets begin and end.

    paho is only ever given whole packets, so that the next one begins where we think.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._data = bytearray()
        self._at = 0
        self._ended = False

    def fill(self) -> None:
        """Read what there is, without waiting."""
        try:
            data = self._sock.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        if self._at:
            del self._data[: self._at]
            self._at = 0
        self._data += data
        self._ended = not data

    def _whole(self) -> tuple[int, int] | None:
        """(start of the body, end) of the packet in front, or None while it is not all here."""
        length, shift, index = 0, 0, self._at + 1
        while index < len(self._data) and shift <= 21:
            byte = self._data[index]
            length |= (byte & 0x7F) << shift
            index += 1
            if not byte & 0x80:
                end = index + length
                return (index, end) if end <= len(self._data) else None
            shift += 7
        return None

    def take_publish(self) -> Publish | None:
        """The message in front; None where nothing whole, or another packet, is there."""
        data = self._data
        if self._at >= len(data) or data[self._at] >> 4 != _PUBLISH:
            return None
        packet = self._whole()
        if packet is None:
            return None
        start, end = packet
        name_end = start + 2 + int.from_bytes(data[start : start + 2], "big")
        topic = data[start + 2 : name_end].decode()
        body, mid = name_end, 0
        if data[self._at] & 0x06:
            mid, body = int.from_bytes(data[body : body + 2], "big"), body + 2
        self._at = end
        return Publish(topic, bytes(data[_after_properties(data, body) : end]), mid)

    def pending(self) -> int:
        """Bytes that can be had without asking the network; paho asks this of TLS as well."""
        if self._ended or self._whole() is not None:
            return max(len(self._data) - self._at, 1)
        return self._sock.pending() if hasattr(self._sock, "pending") else 0

    def recv(self, size: int) -> bytes:
        """For paho: bytes of a whole packet, or nothing where the other side has gone."""
        if not self._ended and self._at >= len(self._data):
            raise BlockingIOError
        data = bytes(self._data[self._at : self._at + size])
        self._at += len(data)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def _after_properties(data: bytearray, index: int) -> int:
    """Where the payload begins: behind the properties, whose length comes first."""
    length = shift = 0
    while True:
        byte = data[index]
        index += 1
        length |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return index + length
        shift += 7


class FastClient(mqtt.Client):
    """A paho client (MQTT 5 only) that gives messages to `take`, many at a turn."""

    def __init__(self, take: Callable[[Publish], None], *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._take = take

    def _create_socket(self) -> Any:
        return PacketSocket(super()._create_socket())

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Handle what has come: messages here, the rest by paho."""
        sock: Any = self.socket()
        if sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        try:
            sock.fill()
        except OSError:
            return super().loop_read(max_packets)  # which meets it again and ends the connection
        for _ in range(PACKETS_A_TURN):
            message = sock.take_publish()
            if message is not None:
                self._take(message)
            elif not sock.pending():
                break
            elif (code := super().loop_read(1)) or self.socket() is not sock:
                return code
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def acknowledge(self, mids: Iterable[int]) -> None:
        """Send a PUBACK for each message id (MQTT 5, section 3.4), all in one write."""
        self._send(b"".join(struct.pack("!BBH", MessageType.PUBACK, 2, mid) for mid in mids))

    def publish_many(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send messages with QoS 0 (section 3.3), all in one write; lost while disconnected."""
        self._send(b"".join(_publish(topic.encode(), body) for topic, body in messages))

    def _send(self, packets: bytes) -> None:
        if packets and self.is_connected():
            self._packet_queue(MessageType.PUBACK, packets, 0, 1)


def _publish(topic: bytes, payload: bytes) -> bytes:
    rest = struct.pack("!H", len(topic)) + topic + b"\x00" + payload  # no properties
    length, size = b"", len(rest)
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | 0x80 if size else digit])
        if not size:
            return b"\x30" + length + rest
