"""Trackers for tests, over real MQTT."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion


class PlainTracker:
    """The smallest client of the wire protocol; remembers how far it was acknowledged."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.device_id = parts.username or ""
        self.acked = 0
        self._acked = threading.Condition()
        self._client = Client(
            CallbackAPIVersion.VERSION2, self.device_id, protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.username_pw_set(self.device_id, parts.password)
        self._client.on_connect = lambda client, *_: client.subscribe(self._topic("ack"))
        self._client.on_message = self._on_ack
        self._client.reconnect_delay_set(1, 1)
        self._client.connect(parts.hostname or "", parts.port or 0, 10)
        self._client.loop_start()

    def publish(self, kind: str, payload: bytes) -> None:
        """Hand a message to the network."""
        self._client.publish(self._topic(kind), payload, qos=1)

    def wait_acked(self, seq: int, timeout_s: float) -> bool:
        """Wait until the application has acknowledged everything up to `seq`."""
        with self._acked:
            return self._acked.wait_for(lambda: self.acked >= seq, timeout_s)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def _topic(self, kind: str) -> str:
        return f"kawal/v1/{self.device_id}/{kind}"

    def _on_ack(self, _client: Client, _data: object, message: Any) -> None:
        with self._acked:
            self.acked = max(self.acked, json.loads(message.payload)["seq"])
            self._acked.notify_all()
