"""Push: documents sent as signed webhooks.

The signature is made here from the text of the Standard Webhooks specification, not by the
library that the receiver uses: HMAC-SHA256 over `id.timestamp.body`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
from pathlib import Path

import httpx

PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)


def sign(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """The value of `webhook-signature`; `secret` is whsec_ and base64."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secret: str, message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """All headers of a signed message."""
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": sign(secret, message_id, timestamp_s, body),
    }


def push(url: str, secret: str, message_id: str, body: bytes) -> int:
    """Send one message; returns the status, or 0 where nobody answers."""
    signed = headers(secret, message_id, int(time.time()), body)
    try:
        return httpx.post(
            url, content=body, headers=signed, timeout=30, trust_env=False
        ).status_code
    except httpx.HTTPError:
        return 0


class Pusher:
    """Sends every file of a folder once, again and again until it is taken (2xx)."""

    def __init__(self, folder: Path, url: str, secret: str) -> None:
        self._folder, self._url, self._secret = folder, url, secret
        self._sent: set[str] = set()
        self._failures = 0

    def run(self, stop: threading.Event) -> None:
        """Until `stop`."""
        pause_s = PAUSES_S[0]
        while not stop.wait(pause_s):
            ends = self.turn()
            self._failures = 0 if ends else self._failures + 1
            pause_s = PAUSES_S[min(self._failures, len(PAUSES_S) - 1)]

    def turn(self) -> bool:
        """Send what is not sent yet; False where one was not taken."""
        for file in sorted(self._folder.glob("*.json")):
            if file.name[0] == "." or file.name in self._sent:
                continue
            body = file.read_bytes()
            # The same after a restart, so that the receiver can tell that it has it.
            message_id = f"{file.stem}-{hashlib.sha256(body).hexdigest()[:16]}"
            if push(self._url, self._secret, message_id, body) // 100 != 2:
                return False
            self._sent.add(file.name)
        return True
