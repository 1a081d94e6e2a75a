"""Signatures, made by the stand-in from the specification and checked by us with the library."""

from __future__ import annotations

import base64
import time

import pytest

from firmware_sim.outside.push import headers, sign
from integrations.signatures import UnsignedError, message_id, parse_keys, verify

SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = '{"kota": "Bandung", "ketua": "Ñur"}'.encode()
SETTING = "KAWAL_INTEGRATIONS_WEBHOOK_SECRET"


def signed(secret: str = SECRET, age_s: int = 0, body: bytes = BODY) -> dict[str, str]:
    return headers(secret, "msg-1", int(time.time()) - age_s, body)


def test_the_example_of_the_specification() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    made = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_either_key_is_taken_while_they_are_changed() -> None:
    keys = parse_keys(f"{SECRET}  {OTHER}", SETTING)
    verify(keys, BODY, signed(SECRET))
    verify(keys, BODY, signed(OTHER))
    with pytest.raises(UnsignedError, match="no key of ours"):
        verify(parse_keys(OTHER, SETTING), BODY, signed(SECRET))


def test_one_of_several_signatures_is_enough() -> None:
    both = signed(SECRET)
    both["webhook-signature"] = (
        f"v1a,x {signed(OTHER)['webhook-signature']} " + both["webhook-signature"]
    )
    verify(parse_keys(SECRET, SETTING), BODY, both)


@pytest.mark.parametrize(
    ("change", "body", "words"),
    [
        ({}, BODY + b" ", "no key of ours"),
        ({"webhook-id": "msg-2"}, BODY, "no key of ours"),
        ({"webhook-timestamp": "1"}, BODY, "5 minutes ago"),
        ({"webhook-timestamp": "99999999999"}, BODY, "5 minutes ahead"),
        ({"webhook-timestamp": "nan"}, BODY, "seconds since 1970"),
        ({"webhook-timestamp": "yesterday"}, BODY, "seconds since 1970"),
        ({"webhook-signature": "v1"}, BODY, "must be v1,BASE64"),
        ({"webhook-signature": "v1,%"}, BODY, "(must be v1,BASE64|no key of ours)"),
        ({"webhook-signature": "v2,abcd"}, BODY, "no key of ours"),
        ({}, b"\xff", "UTF-8"),
    ],
)
def test_what_is_not_signed(change: dict[str, str], body: bytes, words: str) -> None:
    with pytest.raises(UnsignedError, match=words):
        verify(parse_keys(SECRET, SETTING), body, signed() | change)


@pytest.mark.parametrize(
    ("age_s", "good"), [(280, True), (-280, True), (320, False), (-320, False)]
)
def test_the_window_is_five_minutes_both_ways(age_s: int, good: bool) -> None:
    keys = parse_keys(SECRET, SETTING)
    if good:
        verify(keys, BODY, signed(age_s=age_s))
    else:
        with pytest.raises(UnsignedError, match="5 minutes"):
            verify(keys, BODY, signed(age_s=age_s))


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_all_three_headers_are_needed(missing: str) -> None:
    with pytest.raises(UnsignedError, match=missing):
        message_id({name: value for name, value in signed().items() if name != missing})


@pytest.mark.parametrize("bad", ["x" * 257, "é", "a\tb"])
def test_ids_that_cannot_be_kept(bad: str) -> None:
    with pytest.raises(UnsignedError, match="webhook-id"):
        message_id(signed() | {"webhook-id": bad})


@pytest.mark.parametrize(
    "secrets",
    ["", " ", "plain", "whsec_", "whsec_***", "whsec_" + base64.b64encode(b"short").decode(),
     f"{SECRET} whsec_AAAA", "whsec_" + base64.b64encode(b"l" * 65).decode()],
)  # fmt: skip
def test_a_secret_that_is_none_names_its_setting_and_not_itself(secrets: str) -> None:
    with pytest.raises(ValueError, match=SETTING) as caught:
        parse_keys(secrets, SETTING)
    assert all(word not in str(caught.value) for word in secrets.split() if word != "whsec_")
