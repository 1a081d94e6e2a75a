"""The consumers that are compared: ours, the naive one, and the broker with nobody behind."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from typing import Any

import psycopg
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from bench.load import connect as mqtt_connect
from domain.settings import Ingest, Rules
from ingest.decode import Raw
from ingest.pipeline import Outcome
from ingest.service import Service
from ingest.wire import POSITION

READY = "ready"


class _Measured(Service):
    """Our service, which says how far it is and how long each fix was under way."""

    def __init__(self, pipe: Pipe, marks: list[int], *arguments: Any, latency: bool) -> None:
        super().__init__(*arguments)
        self._pipe, self._marks, self._latency = pipe, list(marks), latency
        self._done, self._waits_s, self._ready = 0, list[float](), False

    def _turn(self) -> None:
        super()._turn()
        if not self._ready and self._subscriber.connected_at is not None:
            self._ready = True
            time.sleep(0.3)  # the subscription is under way
            self._pipe.send(READY)

    def _note(self, batch: list[Raw], outcome: Outcome) -> None:
        super()._note(batch, outcome)
        self._done += outcome.positions
        if self._latency:
            now = datetime.now(UTC)
            self._waits_s += [(now - _fix_time(raw)).total_seconds() for raw in batch]
            return
        for mark in [mark for mark in self._marks if self._done >= mark]:
            self._marks.remove(mark)
            self._pipe.send(time.perf_counter())

    def run(self) -> None:
        super().run()
        if self._latency:
            self._pipe.send(_percentiles(self._waits_s))


def _fix_time(raw: Raw) -> datetime:
    fix_time: datetime = POSITION.validate_json(raw.payload)["fix_time"]
    return fix_time


def _percentiles(waits_s: list[float]) -> tuple[int, float, float]:
    cuts = statistics.quantiles(waits_s, n=100)
    return len(waits_s), cuts[49], cuts[98]


def ours(
    pipe: Pipe,
    marks: list[int],
    database_url: str,
    broker_url: str,
    *,
    seconds: float | None = None,
) -> None:
    """`kawal ingest` with its rules; with `seconds`, for so long and measuring latency."""
    settings = Ingest(health_port=0)
    service = _Measured(
        pipe, marks, settings, Rules(), database_url, broker_url, latency=seconds is not None
    )
    import signal  # noqa: PLC0415 - the process is ours only here
    import threading  # noqa: PLC0415

    signal.signal(signal.SIGTERM, lambda *_: service.stop())
    if seconds is not None:
        threading.Timer(seconds, service.stop).start()
    service.run()


def naive(pipe: Pipe, marks: list[int], database_url: str, port: int, password: str) -> None:
    """What a first draft does: one INSERT, one upsert and one commit a message, paho as it is."""
    connection = psycopg.connect(database_url)
    done = 0

    def on_message(client: Client, _data: object, message: Any) -> None:
        nonlocal done
        fix = POSITION.validate_json(message.payload)
        device = message.topic.split("/")[2]
        values = (
            device, fix["fix_time"], fix["epoch"], fix["seq"], datetime.now(UTC), fix["lat_deg"],
            fix["lon_deg"], fix["speed_kmh"], fix["course_deg"], fix["accuracy_m"],
        )  # fmt: skip
        connection.execute(
            "insert into position (device_id, fix_time, epoch, seq, received_at, lat_deg,"
            " lon_deg, speed_kmh, course_deg, accuracy_m, buffered, jamming, mock, source, flags)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, false, 0, false, 'wire', 0)"
            " on conflict do nothing",
            values,
        )
        connection.execute(
            "insert into latest_position (device_id, fix_time, epoch, seq, received_at, lat_deg,"
            " lon_deg, speed_kmh, course_deg, accuracy_m, buffered, jamming, mock, source, flags)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, false, 0, false, 'wire', 0)"
            " on conflict (device_id) do update set fix_time = excluded.fix_time,"
            " lat_deg = excluded.lat_deg, lon_deg = excluded.lon_deg"
            " where excluded.fix_time > latest_position.fix_time",
            values,
        )
        connection.commit()
        client.ack(message.mid, message.qos)
        done += 1
        if done in marks:
            pipe.send(time.perf_counter())

    client = Client(
        CallbackAPIVersion.VERSION2, "ingest", protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
    )
    client.username_pw_set("ingest", password)
    client.on_message = on_message
    client.on_connect = lambda c, *_: c.subscribe("kawal/v1/+/position", 1)
    client.on_subscribe = lambda *_: pipe.send(READY)
    client.connect("127.0.0.1", port, clean_start=True)
    client.loop_forever()


def broker_alone(pipe: Pipe, marks: list[int], port: int, password: str) -> None:
    """Read and acknowledge, nothing more: what the broker itself can pass on."""
    sock = mqtt_connect(port, "ingest", password)
    topic = b"kawal/v1/+/position"
    rest = b"\x00\x01" + len(topic).to_bytes(2, "big") + topic + b"\x01"
    sock.sendall(b"\x82" + bytes([len(rest)]) + rest)
    sock.recv(5)  # SUBACK
    pipe.send(READY)
    pending, done = bytearray(), 0
    while True:
        pending += sock.recv(262_144)
        position, acks = 0, bytearray()
        while (packet := _whole(pending, position)) is not None:
            start, end = packet
            if pending[position] >> 4 == 3:
                name = int.from_bytes(pending[start : start + 2], "big")
                acks += b"\x40\x02" + pending[start + 2 + name : start + 4 + name]
                done += 1
                if done in marks:
                    pipe.send(time.perf_counter())
            position = end
        del pending[:position]
        sock.sendall(acks)


def _whole(data: bytearray, position: int) -> tuple[int, int] | None:
    """(start of the body, end) of the packet at `position`, or None while it is not whole."""
    length, shift, index = 0, 0, position + 1
    while index < len(data):
        length |= (data[index] & 0x7F) << shift
        index += 1
        if not data[index - 1] & 0x80:
            end = index + length
            return (index, end) if end <= len(data) else None
        shift += 7
    return None
