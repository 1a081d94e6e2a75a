"""paho's client with buffered reads and packed acknowledgements.

paho reads its socket a few bytes at a time and sends each acknowledgement by itself;
beside a busy thread each of those calls waits for the interpreter's lock. One read for
many packets and one write for many acknowledgements keep the network ahead of the
database (docs/adr/0004-buffered-mqtt-client.md has the figures).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MessageType, MQTTErrorCode

READ_BYTES = 262_144
PACKETS_A_TURN = 500  # then paho may write: acknowledgements must not wait for silence


class BufferedSocket:
    """A socket that reads ahead. paho asks `pending` as it does of a TLS socket."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._buffer = memoryview(b"")

    def recv(self, size: int) -> bytes:
        """At most `size` bytes, from what was read ahead where there is any."""
        if not self._buffer:
            self._buffer = memoryview(self._sock.recv(READ_BYTES))
        data = bytes(self._buffer[:size])
        self._buffer = self._buffer[size:]
        return data

    def pending(self) -> int:
        """Bytes that `recv` gives without asking the network."""
        ahead = len(self._buffer)
        return ahead or (self._sock.pending() if hasattr(self._sock, "pending") else 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class BufferedClient(mqtt.Client):
    """A paho client over a BufferedSocket, with acknowledgements by the batch."""

    def _create_socket(self) -> Any:
        return BufferedSocket(super()._create_socket())

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Handle what was read ahead without a turn of select for each packet."""
        code = super().loop_read(max_packets)
        for _ in range(PACKETS_A_TURN):
            sock: Any = self.socket()
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS or sock is None or not sock.pending():
                break
            code = super().loop_read(max_packets)
        return code

    def acknowledge(self, mids: Iterable[int]) -> None:
        """Send a PUBACK for each message id, all in one write (MQTT 5, section 3.4)."""
        packets = b"".join(struct.pack("!BBH", MessageType.PUBACK, 2, mid) for mid in mids)
        if packets:
            self._packet_queue(MessageType.PUBACK, packets, 0, 1)
