"""The real link: MQTT 5 by paho, all connections in one loop and one thread."""

import selectors
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from firmware_sim.link import Down, LinkEvent, Message, Published, Up

SESSION_EXPIRY_S = 7 * 86_400
KEEP_ALIVE_S = 30
CONNECT_TIMEOUT_S = 5.0
CARE_EVERY_S = 1.0
GOODBYE_S = 1.0


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Login:
    """User name and password; the client id is the user name unless given."""

    username: str
    password: str = field(repr=False)
    client_id: str = ""


class Network:
    """A select loop over any number of paho clients; not for use by several threads.

    One thread, because a busy one beside it would slow every small read of paho's.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._open: dict[mqtt.Client, MqttLink] = {}
        self._news: dict[MqttLink, None] = {}
        self._care_at_s = 0.0

    def poll(self, timeout_s: float) -> Sequence["MqttLink"]:
        """Serve the sockets once, for at most `timeout_s`; the links that have news."""
        if self._selector.get_map():
            for key, mask in self._selector.select(0.0 if self._news else timeout_s):
                self._serve(key.data, mask)
        elif not self._news:
            time.sleep(timeout_s)
        self._care()
        found, self._news = list(self._news), {}
        return found

    def watch(self, client: mqtt.Client, link: "MqttLink") -> None:
        """Serve this client from now on."""
        self._open[client] = link
        client.on_socket_open = self._opened
        client.on_socket_close = self._closed
        client.on_socket_register_write = self._wants_write
        client.on_socket_unregister_write = self._wrote

    def forget(self, client: mqtt.Client) -> None:
        """Serve this client no more."""
        self._open.pop(client, None)
        client.on_socket_close = client.on_socket_unregister_write = None
        client.on_socket_register_write = None
        sock = client.socket()
        if sock is not None and sock in self._selector.get_map():
            self._selector.unregister(sock)

    def note(self, link: "MqttLink") -> None:
        """The link has news."""
        self._news[link] = None

    def close(self) -> None:
        """Let go of the selector."""
        self._selector.close()

    def _serve(self, client: mqtt.Client, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            client.loop_write()
        if mask & selectors.EVENT_READ:
            client.loop_read()

    def _care(self) -> None:
        """Keep alive; paho looks at the clock by itself."""
        now_s = time.monotonic()
        if now_s >= self._care_at_s:
            self._care_at_s = now_s + CARE_EVERY_S
            for client in list(self._open):
                client.loop_misc()

    def _opened(self, client: mqtt.Client, _: Any, sock: Any) -> None:
        self._selector.register(sock, selectors.EVENT_READ, client)

    def _closed(self, _client: mqtt.Client, _: Any, sock: Any) -> None:
        self._selector.unregister(sock)

    def _wants_write(self, client: mqtt.Client, _: Any, sock: Any) -> None:
        self._selector.modify(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, client)

    def _wrote(self, client: mqtt.Client, _: Any, sock: Any) -> None:
        self._selector.modify(sock, selectors.EVENT_READ, client)


class MqttLink:
    """A Link over MQTT 5 with a persistent session. See Link for its methods.

    `will`: (topic, payload), retained. `listen`: (topic filter, QoS) to subscribe to.
    `clean_start`: forget the session of last time (the device never does).
    """

    def __init__(
        self,
        network: Network,
        broker: Broker,
        login: Login,
        *,
        will: tuple[str, bytes] | None = None,
        listen: Sequence[tuple[str, int]] = (),
        clean_start: bool = False,
    ) -> None:
        self._network, self._broker, self._login = network, broker, login
        self._will, self._listen, self._clean = will, listen, clean_start
        self._client: mqtt.Client | None = None
        self._news: list[LinkEvent] = []

    def connect(self) -> None:
        """Open the socket and send CONNECT; blocks only while the address is unreachable."""
        self._hang_up()
        client = self._client = self._new_client()
        self._network.watch(client, self)
        expiry = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        expiry.SessionExpiryInterval = 0 if self._clean else SESSION_EXPIRY_S
        try:
            client.connect(
                self._broker.host,
                self._broker.port,
                KEEP_ALIVE_S,
                clean_start=self._clean,
                properties=expiry,
            )
        except (OSError, ValueError) as reason:
            self._hang_up()
            self._tell(Down(str(reason)))

    def drop(self) -> None:
        """See Link."""
        self._hang_up()
        self._news.clear()

    def close(self) -> None:
        """See Link."""
        client = self._client
        if client is not None and client.is_connected():
            client.disconnect()
            self._await_end(client)
        self.drop()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int | None:
        """See Link."""
        if self._client is None:
            return None
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        return sent.mid if sent.rc == mqtt.MQTT_ERR_SUCCESS else None

    def news(self) -> list[LinkEvent]:
        """See Link."""
        found, self._news = self._news, []
        return found

    def _new_client(self) -> mqtt.Client:
        """A fresh one for each connection: what was in flight is the ring's business."""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._login.client_id or self._login.username,
            protocol=mqtt.MQTTv5,
        )
        client.username_pw_set(self._login.username, self._login.password)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(0)
        if self._will is not None:
            client.will_set(self._will[0], self._will[1], qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _await_end(self, client: mqtt.Client) -> None:
        """Write out what waits; the broker hangs up when it has read our goodbye."""
        until_s = time.monotonic() + GOODBYE_S
        while client.socket() is not None and time.monotonic() < until_s:
            client.loop_write()
            client.loop_read()
            time.sleep(0.002)

    def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        sock = client.socket()
        self._network.forget(client)
        if sock is not None:
            sock.close()

    def _tell(self, event: LinkEvent) -> None:
        self._news.append(event)
        self._network.note(self)

    def _on_connect(
        self, client: mqtt.Client, _userdata: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        if code.is_failure:
            self._client = None  # paho hangs up after this callback
            self._tell(Down(str(code)))
            return
        if self._listen:
            client.subscribe(list(self._listen))
        self._tell(Up())

    def _on_disconnect(
        self, client: mqtt.Client, _userdata: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        self._network.forget(client)
        if client is self._client:
            self._client = None
            self._tell(Down(str(code)))

    def _on_publish(
        self, _client: mqtt.Client, _userdata: Any, mid: int, code: ReasonCode, _properties: Any
    ) -> None:
        self._tell(Published(mid, code.value))

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        self._tell(Message(message.topic, bytes(message.payload), message.retain))
