"""Probe: whether a broker lets a name in, asked beside whatever runs."""

from __future__ import annotations

import contextlib
import ssl
import threading
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion


def sign_in(url: str, timeout_s: float = 5.0) -> str:
    """Sign in and leave; returns host and port. Raises ConnectionError with the reason.

    Under a client id of its own: the same id would end the session of the running ingest
    (where the broker takes the user's name for it, ask with a user of the probe's own).
    """
    parts = urlsplit(url)
    tls = parts.scheme == "mqtts"
    host, port = parts.hostname or "127.0.0.1", parts.port or (8883 if tls else 1883)
    answered, said = threading.Event(), list[str]()
    client = Client(CallbackAPIVersion.VERSION2, "kawal-check", protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(unquote(parts.username or ""), unquote(parts.password or ""))
    if tls:
        client.tls_set_context(ssl.create_default_context())

    def on_connect(*answer: object) -> None:
        said.append(str(answer[3]))
        answered.set()

    client.on_connect = on_connect
    client.connect(host, port, 10)
    client.loop_start()
    try:
        if not answered.wait(timeout_s):
            raise ConnectionError(f"{host}:{port} does not answer")
    finally:
        with contextlib.suppress(OSError):
            client.disconnect()
        client.loop_stop()
    if said[0] != "Success":
        raise ConnectionError(f"{host}:{port}: {said[0]}")
    return f"{host}:{port}"
