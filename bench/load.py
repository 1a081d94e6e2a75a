"""The load: fixes of many trackers as MQTT packets, sent by a process of its own.

One connection speaks for all trackers (the broker of a bench allows it) and writes
packets made beforehand, so that the sender costs as little as trackers elsewhere would.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from datetime import UTC, datetime, timedelta

START = datetime.now(UTC) - timedelta(days=60)
LON_0, LAT_0 = 106.9, -6.3
HALF_WIDTH_M = 2000.0


def route(device: int) -> list[tuple[float, float]]:
    """A corridor of 200 vertices for each tracker, eastward on its own parallel."""
    lat = LAT_0 - (device % 100) * 0.01
    return [(LON_0 + k * 0.02, lat + 0.001 * (k % 5)) for k in range(200)]


def payload(device: int, seq: int, fix_time: datetime, step_deg: float = 0.0008) -> bytes:
    """A fix on the way, about 250 bytes; `step_deg` eastward from one to the next."""
    lat = LAT_0 - (device % 100) * 0.01
    return json.dumps(
        {
            "v": 1, "epoch": 1, "seq": seq,
            "fix_time": fix_time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "lat_deg": round(lat + step_deg / 2 * (seq % 3), 6),
            "lon_deg": round(LON_0 + (seq % 3000) * step_deg, 6),
            "speed_kmh": 62.5, "course_deg": 90.0, "accuracy_m": 8.5, "satellites": 11,
            "hdop": 0.9, "battery_pct": 87.0, "signal_dbm": -83.0, "buffered": False,
        },
        separators=(",", ":"),
    ).encode()  # fmt: skip


def packet(topic: str, body: bytes, mid: int) -> bytes:
    """A PUBLISH of QoS 1 (MQTT 3.1.1, section 3.3)."""
    name = topic.encode()
    rest = struct.pack("!H", len(name)) + name + struct.pack("!H", mid) + body
    length, size = b"", len(rest)
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | 0x80 if size else digit])
        if not size:
            return b"\x32" + length + rest


def connect(port: int, user: str, password: str) -> socket.socket:
    """Sign in with MQTT 3.1.1."""
    sock = socket.create_connection(("127.0.0.1", port))

    def text(value: str) -> bytes:
        return struct.pack("!H", len(value)) + value.encode()

    rest = text("MQTT") + b"\x04\xc2\x00\x00" + text(user) + text(user) + text(password)
    sock.sendall(b"\x10" + bytes([len(rest)]) + rest)
    answer = sock.recv(4)
    if answer[3:] != b"\x00":
        raise ConnectionError(f"the broker answers {answer.hex()}")
    return sock


def _swallow(sock: socket.socket, wanted: int) -> None:
    """Read the broker's acknowledgements, four bytes each, and forget them."""
    left = wanted * 4
    while left > 0:
        try:
            data = sock.recv(262_144)
        except OSError:
            return  # closed by the sender
        if not data:
            return
        left -= len(data)


def send_all(port: int, password: str, messages: int, devices: int, run: int) -> float:
    """Send `messages` as fast as the broker takes them; returns when the first one went.

    `run` keeps the fixes of several runs apart in time.
    """
    start = START + timedelta(days=run)
    packets = []
    for number in range(messages):
        device, step = number % devices, number // devices
        fix_time = start + timedelta(seconds=step * 5)
        body = payload(device, run * 1_000_000 + step + 1, fix_time)
        topic = f"kawal/v1/B-{device:04}/position"
        packets.append(packet(topic, body, number % 65_535 + 1))
    sock = connect(port, "bench", password)
    reader = threading.Thread(target=_swallow, args=(sock, messages), daemon=True)
    reader.start()
    start_s = time.perf_counter()
    for first in range(0, len(packets), 200):
        sock.sendall(b"".join(packets[first : first + 200]))
    reader.join()
    sock.close()
    return start_s


def send_at(port: int, password: str, rate: float, seconds: float, devices: int) -> None:
    """Send at a steady rate, each fix stamped when it is sent."""
    sock = connect(port, "bench", password)
    threading.Thread(target=_swallow, args=(sock, 1 << 30), daemon=True).start()
    start_s, sent = time.perf_counter(), 0
    base = int(time.time())
    while (passed_s := time.perf_counter() - start_s) < seconds:
        due = int(passed_s * rate) - sent
        now = datetime.now(UTC)
        burst = []
        for number in range(sent, sent + due):
            # Twice a second and tracker: at a lorry's pace, not at a plane's.
            body = payload(number % devices, base + number // devices, now, 0.00001)
            topic = f"kawal/v1/B-{number % devices:04}/position"
            burst.append(packet(topic, body, number % 65_535 + 1))
        if burst:
            sock.sendall(b"".join(burst))
            sent += due
        time.sleep(0.005)
    sock.close()
