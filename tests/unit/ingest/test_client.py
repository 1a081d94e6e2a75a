"""The client against bytes as MQTT 5 lays them out, cut anywhere, over a real socket."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ingest.client import PACKETS_A_TURN, FastClient, PacketSocket, Publish

PINGRESP = b"\xd0\x00"
CONNACK = b"\x20\x03\x00\x00\x00"
CONTENT_TYPE = b"\x03\x00\x02js"  # a property as long as a short text


def variable(number: int) -> bytes:
    """MQTT 5, section 1.5.5: seven bits a byte, the lowest first."""
    out = bytearray()
    while True:
        number, digit = divmod(number, 128)
        out.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(out)


def packet(message: Publish, properties: bytes = b"", flags: int = 0) -> bytes:
    """A PUBLISH, section 3.3; QoS 1 where it has a message id."""
    topic = message.topic.encode()
    body = len(topic).to_bytes(2, "big") + topic
    if message.mid:
        body += message.mid.to_bytes(2, "big")
    body += variable(len(properties)) + properties + message.payload
    return bytes([0x30 | (2 if message.mid else 0) | flags]) + variable(len(body)) + body


messages = st.builds(
    Publish,
    st.text("abcKWL0-/é", min_size=1, max_size=200),
    st.binary(max_size=400),
    st.integers(0, 65535),
)
publishes = st.tuples(messages, st.sampled_from([b"", CONTENT_TYPE, CONTENT_TYPE * 30]),
                      st.sampled_from([0, 1, 8]))  # fmt: skip


@given(st.data())
def test_messages_come_out_whole_and_other_packets_are_left_to_paho(data: st.DataObject) -> None:
    packets = data.draw(st.lists(publishes | st.none(), max_size=12))
    wire = b"".join(PINGRESP if one is None else packet(*one) for one in packets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    found: list[Publish | None] = []
    near, far = socket.socketpair()
    with closing(near), closing(far):
        near.setblocking(False)
        sock = PacketSocket(near)
        for start, end in pairwise([0, *cuts, len(wire)]):
            far.sendall(wire[start:end])
            sock.fill()
            while True:
                message = sock.take_publish()
                if message is None and not sock.pending():
                    break
                if message is None:
                    assert sock.recv(1) + sock.recv(1) == PINGRESP
                found.append(message)
    assert found == [one and one[0] for one in packets]


@pytest.fixture
def pair() -> Iterator[tuple[PacketSocket, socket.socket]]:
    near, far = socket.socketpair()
    near.setblocking(False)
    with closing(near), closing(far):
        yield PacketSocket(near), far


def test_half_a_packet_is_nothing_yet(pair: tuple[PacketSocket, socket.socket]) -> None:
    sock, far = pair
    for part in (b"\x20", b"\x03\x00"):
        far.sendall(part)
        sock.fill()
        assert (sock.pending(), sock.take_publish()) == (0, None)
    far.sendall(b"\x00\x00")
    sock.fill()
    assert sock.pending() == len(CONNACK)
    assert (sock.recv(2), sock.recv(99)) == (CONNACK[:2], CONNACK[2:])


def test_to_read_where_there_is_nothing_would_block(
    pair: tuple[PacketSocket, socket.socket],
) -> None:
    sock, _ = pair
    sock.fill()
    with pytest.raises(BlockingIOError):
        sock.recv(1)


def test_paho_is_told_of_the_end(pair: tuple[PacketSocket, socket.socket]) -> None:
    sock, far = pair
    far.sendall(packet(Publish("t", b"last", 1)) + b"\x30")
    far.close()
    sock.fill()
    sock.fill()
    assert sock.take_publish() == Publish("t", b"last", 1)
    assert sock.pending()
    assert sock.recv(1) == b"\x30"
    assert sock.recv(1) == b""


class Talk:
    """A client and the broker's end of its connection, turn by turn in one thread."""

    def __init__(self) -> None:
        self.taken: list[Publish] = []
        self.client = FastClient(
            self.taken.append,
            CallbackAPIVersion.VERSION2,
            "test",
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.client.connect(*server.getsockname())
            self.broker, _ = server.accept()
        self.broker.settimeout(10)
        assert self.broker.recv(4096)[0] >> 4 == 1  # CONNECT

    def say(self, *packets: bytes) -> None:
        """The broker sends, and the client takes its turn."""
        self.broker.sendall(b"".join(packets))
        self.turn()

    def turn(self) -> int:
        sock: Any = self.client.socket()
        assert select.select([sock], [], [], 10)[0]
        return self.client.loop_read()

    def heard(self, size: int) -> bytes:
        """The next bytes of the client."""
        found = b""
        while len(found) < size:
            found += self.broker.recv(size - len(found))
        return found

    def flush(self) -> None:
        while self.client.want_write():
            self.client.loop_write()

    def close(self) -> None:
        self.broker.close()
        self.client.disconnect()
        self.client.loop_misc()


@pytest.fixture
def talk() -> Iterator[Talk]:
    one = Talk()
    with closing(one):
        one.say(CONNACK)
        assert one.client.is_connected()
        yield one


def test_many_messages_are_taken_in_one_turn(talk: Talk) -> None:
    sent = [Publish(f"t/{n}", b"x" * n, n) for n in range(1, 200)]
    talk.say(*map(packet, sent[:100]), PINGRESP, *map(packet, sent[100:]))
    while len(talk.taken) < len(sent):
        talk.turn()
    assert talk.taken == sent


def test_a_turn_ends_so_that_acknowledgements_go_out(talk: Talk) -> None:
    talk.say(packet(Publish("t", b"", 1)) * (PACKETS_A_TURN + 1))
    assert len(talk.taken) <= PACKETS_A_TURN


def test_acknowledgements_go_out_together(talk: Talk) -> None:
    talk.client.acknowledge([1, 258, 65535])
    talk.flush()
    assert talk.heard(12) == b"\x40\x02\x00\x01\x40\x02\x01\x02\x40\x02\xff\xff"


@pytest.mark.parametrize("size", [0, 1, 120, 121, 130, 16_400])
def test_what_is_published_is_as_the_protocol_lays_it_out(talk: Talk, size: int) -> None:
    sent = [Publish("t/a", b"x" * size, 0), Publish("ü", b"y", 0)]
    talk.client.publish_many((one.topic, one.payload) for one in sent)
    talk.flush()
    expected = b"".join(map(packet, sent))
    assert talk.heard(len(expected)) == expected


def test_the_end_of_the_connection_is_seen_and_nothing_is_sent_after_it(talk: Talk) -> None:
    lost: list[bool] = []
    talk.client.on_disconnect = lambda *_: lost.append(True)
    talk.broker.shutdown(socket.SHUT_RDWR)
    while not lost:
        talk.turn()
    assert not talk.client.is_connected()
    talk.client.acknowledge([1])
    talk.client.publish_many([("t", b"")])
    assert not talk.client.want_write()
