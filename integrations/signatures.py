"""Signatures: whether a webhook message comes from whom it says (Standard Webhooks)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64  # bytes, by the specification
LONGEST_ID = 256
_WORDS = {
    "Missing required headers": "webhook-id, webhook-timestamp and webhook-signature are needed",
    "Invalid Signature Headers": "webhook-timestamp must be seconds since 1970",
    "Message timestamp too old": "webhook-timestamp is more than 5 minutes ago: send it anew,"
    " and look at your clock",
    "Message timestamp too new": "webhook-timestamp is more than 5 minutes ahead: look at your"
    " clock",
}
_NO_MATCH = "No matching signature found"


class UnsignedError(Exception):
    """The message is not signed with a key of ours, now; says why."""


def parse_keys(secrets: str, setting: str) -> list[Webhook]:
    """The keys in `secrets`, separated by blanks: several while they are being changed.

    Raises ValueError that names `setting`, never the secret.
    """
    found = [_key(word, setting) for word in secrets.split()]
    if not found:
        raise ValueError(f"{setting}: must hold a secret, whsec_...")
    return found


def _key(secret: str, setting: str) -> Webhook:
    try:
        if not secret.startswith(PREFIX):
            raise ValueError
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (ValueError, binascii.Error):
        raise ValueError(f"{setting}: each secret must be {PREFIX} and base64") from None
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(f"{setting}: a secret must be {SHORTEST_KEY} to {LONGEST_KEY} bytes long")
    return Webhook(key)


def message_id(headers: Mapping[str, str]) -> str:
    """The id of a message. Raises UnsignedError where it has not all that a signed one has."""
    needed = ("webhook-id", "webhook-timestamp", "webhook-signature")
    if not all(headers.get(name) for name in needed):
        raise UnsignedError(_WORDS["Missing required headers"])
    found = headers["webhook-id"]
    if len(found) > LONGEST_ID or not (found.isascii() and found.isprintable()):
        raise UnsignedError(f"webhook-id must be at most {LONGEST_ID} letters of ASCII")
    return found


def verify(keys: list[Webhook], body: bytes, headers: Mapping[str, str]) -> None:
    """Raises UnsignedError unless one of the keys signed `body`, within five minutes."""
    for key in keys:
        try:
            key.verify(body, dict(headers), json_parse=False)
        except WebhookVerificationError as error:
            if str(error) != _NO_MATCH:
                raise UnsignedError(_WORDS.get(str(error), str(error))) from None
        except UnicodeDecodeError:
            raise UnsignedError("the body must be UTF-8") from None
        except ValueError:  # what the library does not expect in the header
            raise UnsignedError("webhook-signature must be v1,BASE64, several by blanks") from None
        else:
            return
    raise UnsignedError("the signature fits no key of ours")
