"""Subscriber: messages from the broker into the inbox, acknowledgements back.

The session is persistent and acknowledged by hand, so what was not committed comes
again. A message id means something only on the connection that it came on: after a
reconnect the same number is another message, and acknowledging it would swallow that.
"""

from __future__ import annotations

import contextlib
import json
import queue
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from db.ledger import Ack
from ingest.client import FastClient, Publish
from ingest.decode import Raw

log = structlog.get_logger(__name__)

SESSION_EXPIRY_S = 7 * 24 * 3600
TOPICS = ("kawal/v1/+/position", "kawal/v1/+/event", "kawal/v1/+/status", "owntracks/+/#")


class Subscriber:
    """Owns the connection to the broker; its network thread fills `inbox`."""

    def __init__(self, url: str, receive_maximum: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError("broker.url: needs the form mqtt://user:password@host:port")
        self.inbox: queue.SimpleQueue[Raw] = queue.SimpleQueue()
        self.session = 0
        self.connected_at: datetime | None = None
        self.refused: str | None = None
        self._receive_maximum = min(receive_maximum, 65_535)
        self._address = parts.hostname, parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        self._client = self._make_client(
            unquote(parts.username or "ingest"), unquote(parts.password or "")
        )
        if parts.scheme == "mqtts":
            self._client.tls_set_context(ssl.create_default_context())

    def _make_client(self, user: str, password: str) -> FastClient:
        client = FastClient(
            self._take,
            CallbackAPIVersion.VERSION2,
            client_id=user,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        client.username_pw_set(user, password)
        client.reconnect_delay_set(1, 10)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        return client

    def start(self) -> None:
        """Connect in the background, again and again until it works."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = self._receive_maximum
        host, port = self._address
        self._client.connect_async(host, port, 30, clean_start=False, properties=properties)
        self._client.loop_start()

    def stop(self) -> None:
        """Leave the broker; the session stays, and what comes meanwhile waits there."""
        self._client.disconnect()
        self._client.loop_stop()

    def acknowledge(self, messages: Iterable[Raw]) -> None:
        """Tell the broker that these are committed. Those of an earlier connection come
        again by themselves."""
        session = self.session
        self._client.acknowledge(raw.mid for raw in messages if raw.mid and raw.session == session)

    def publish_acks(self, acks: Iterable[Ack]) -> None:
        """Tell devices how far they may free their rings. QoS 0: the next one tells it again."""
        self._client.publish_many(
            (f"kawal/v1/{ack.device_id}/ack", _ack_payload(ack)) for ack in acks
        )

    # --- callbacks of the network thread ---

    def _on_connect(
        self, client: Any, _data: object, flags: Any, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            self.refused = str(reason)
            log.error("broker refused the connection", reason=str(reason))
            return
        self.refused = None
        self.session += 1
        # Also where the session was kept: our topics may have changed since. Retained
        # messages come only where the subscription is new.
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        client.subscribe([(topic, options) for topic in TOPICS])
        self.connected_at = datetime.now(UTC)
        log.info("connected to the broker", session_present=flags.session_present)

    def _on_disconnect(
        self, _client: Any, _data: object, _flags: object, reason: ReasonCode, _props: object
    ) -> None:
        self.connected_at = None
        if reason.is_failure:
            log.warning("lost the broker", reason=str(reason))

    def _take(self, message: Publish) -> None:
        now = datetime.now(UTC)
        self.inbox.put(Raw(message.topic, message.payload, now, self.session, message.mid))

    # --- for the pipeline's thread ---

    def drain(self, batch_room: int, wait_s: float) -> list[Raw]:
        """At most `batch_room` messages; waits for the first one, not for more."""
        found: list[Raw] = []
        with contextlib.suppress(queue.Empty):
            found.append(self.inbox.get(timeout=wait_s) if wait_s > 0 else self.inbox.get_nowait())
            while len(found) < batch_room:
                found.append(self.inbox.get_nowait())
        return found


def _ack_payload(ack: Ack) -> bytes:
    return json.dumps({"v": 1, "epoch": ack.epoch, "seq": ack.seq}, separators=(",", ":")).encode()
