"""What the tests of the simulator share: a road, the wire's schema, a server that stands in."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from firmware_sim.link import Message
from firmware_sim.record import Sent
from firmware_sim.route import LonLat
from firmware_sim.scenario import Scenario, bundled

ROOT = Path(__file__).resolve().parents[3]
VECTORS = ROOT / "tests/vectors"
SCHEMA = json.loads((ROOT / "docs/reference/wire/v1.schema.json").read_text("utf-8"))
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

# About 110 km due east along 7° S, in four pieces.
ROAD: list[LonLat] = [(110.0, -7.0), (110.2, -7.0), (110.5, -7.0), (110.8, -7.0), (111.0, -7.0)]


def validator(leaf: str) -> Draft202012Validator:
    """The normative schema of one kind of message."""
    return Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{leaf}"})


VALIDATORS = {leaf: validator(leaf) for leaf in ("position", "event", "status", "ack", "command")}


def check_frame(topic: str, payload: bytes) -> dict[str, Any]:
    """Assert that a message is what the protocol allows; the message."""
    kawal, version, _device, leaf = topic.split("/")
    assert (kawal, version) == ("kawal", "v1")
    assert len(payload) <= 32_768
    message: dict[str, Any] = json.loads(payload)
    problems = [f"{e.json_path}: {e.message}" for e in VALIDATORS[leaf].iter_errors(message)]
    assert not problems, (topic, problems)
    for record in message.get("records", [message]):
        for name in ("fix_time", "event_time", "time"):
            assert name not in record or RFC_3339.fullmatch(record[name]), record
    return message


def records(sent: Iterable[Sent], leaf: str) -> Iterator[dict[str, Any]]:
    """All records of one kind in a recording, in the order of sending."""
    for topic, payload, _ in sent:
        if topic.endswith(f"/{leaf}"):
            message = json.loads(payload)
            for record in message.get("records", [message]):
                yield {"epoch": message["epoch"], **record}


def events(sent: Iterable[Sent]) -> list[str]:
    """Names of the events in a recording."""
    return [record["event"] for record in records(sent, "event")]


def scenario(name: str = "nominal", **parts: dict[str, Any]) -> Scenario:
    """A bundled scenario with some settings changed, by table."""
    base = bundled(name)
    changed = {
        part: getattr(base, part).model_copy(update=update) for part, update in parts.items()
    }
    return base.model_copy(update=changed)


class Commitments:
    """A server's memory, written from the protocol: what came, and up to where."""

    def __init__(self) -> None:
        self.came: dict[tuple[str, int], set[int]] = {}
        self.up_to: dict[tuple[str, int], int] = {}

    def commit(self, device_id: str, message: dict[str, Any]) -> tuple[str, int]:
        """Store a message's records; the (device, epoch) that it is about."""
        key = device_id, message["epoch"]
        came = self.came.setdefault(key, set())
        came.update(record["seq"] for record in message.get("records", [message]))
        up_to = max(self.up_to.get(key, 0), message.get("oldest_seq", 1) - 1)
        while up_to + 1 in came:
            up_to += 1
        self.up_to[key] = up_to
        return key

    def ack(self, key: tuple[str, int]) -> Message:
        """The acknowledgement that is due to a device for an epoch."""
        payload = json.dumps({"v": 1, "epoch": key[1], "seq": self.up_to[key]}).encode()
        return Message(f"kawal/v1/{key[0]}/ack", payload)

    def stored(self, device_id: str) -> set[tuple[int, int]]:
        """(epoch, seq) of all that came from a device."""
        return {
            (epoch, seq)
            for (device, epoch), seqs in self.came.items()
            if device == device_id
            for seq in seqs
        }


class StandIn:
    """Takes the place of ingest at a real broker: commits at once, acknowledges often."""

    def __init__(self, host: str, port: int, password: str, every_s: float = 0.1) -> None:
        self.commitments = Commitments()
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.muted = False
        self._owed: set[tuple[str, int]] = set()
        self._every_s = every_s
        self._stop = threading.Event()
        self._ready = threading.Event()
        self.client = Client(
            CallbackAPIVersion.VERSION2, client_id="ingest", protocol=MQTTProtocolVersion.MQTTv5
        )
        self.client.username_pw_set("ingest", password)
        self.client.on_connect = lambda client, *_: client.subscribe(
            [(f"kawal/v1/+/{leaf}", 1) for leaf in ("position", "event", "status")]
        )
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = self._on_message
        self.client.connect(host, port)
        self.client.loop_start()
        assert self._ready.wait(10)
        self._thread = threading.Thread(target=self._acknowledge)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.client.disconnect()
        self.client.loop_stop()

    def of(self, device_id: str, leaf: str) -> list[dict[str, Any]]:
        """Messages of one topic so far."""
        topic = f"kawal/v1/{device_id}/{leaf}"
        return [message for at, message in list(self.messages) if at == topic]

    def command(self, device_id: str, **command: Any) -> None:
        """Send a command."""
        payload = json.dumps({"v": 1, **command})
        self.client.publish(f"kawal/v1/{device_id}/command", payload, qos=1)

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        if message.retain or not message.payload:
            return
        decoded = check_frame(message.topic, bytes(message.payload))
        self.messages.append((message.topic, decoded))
        if not message.topic.endswith("/status"):
            key = self.commitments.commit(message.topic.split("/")[2], decoded)
            self._owed.add(key)

    def _acknowledge(self) -> None:
        while not self._stop.wait(self._every_s):
            while self._owed and not self.muted:
                ack = self.commitments.ack(self._owed.pop())
                self.client.publish(ack.topic, ack.payload, qos=0)


def wait_until(true: Any, within_s: float = 15.0) -> None:
    """Wait for a condition of another thread; fail when it does not come true."""
    until_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until_s, "it did not come true in time"
        time.sleep(0.02)
