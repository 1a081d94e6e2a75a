"""The parts of the careful GET that need no server: addresses, bodies, JSON, pauses."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
import zlib
from datetime import UTC, datetime

import pytest

from integrations.connector import NotModified, OutsideError
from integrations.http import (
    LONGEST_PAUSE_S,
    Answer,
    BadJsonError,
    Client,
    Endpoint,
    _Body,
    _retry_after,
    decode_json,
    fetch_page,
)

NOW = datetime(2024, 11, 25, 8, tzinfo=UTC)
MIB = 1024 * 1024


def endpoint(url: str) -> Endpoint:
    return Endpoint(url, None, 5, MIB, "KAWAL_INTEGRATIONS_KPU_URL", "KAWAL_INTEGRATIONS_KPU_TOKEN")


@pytest.mark.parametrize(
    "url",
    ["ftp://kpu.example", "kpu.example/kawal", "https://", "http://kpu:port/", "file:///etc/passwd",
     "http://[::1", "http://kpu.example:99999/"],
)  # fmt: skip
def test_what_is_no_address_stops_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="KAWAL_INTEGRATIONS_KPU_URL: must be"):
        endpoint(url)


@pytest.mark.parametrize("url", ["https://name:secret@kpu.example", "https://kpu.example/?token=1"])
def test_a_secret_in_the_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="KAWAL_INTEGRATIONS_KPU_TOKEN") as caught:
        endpoint(url)
    assert "secret@" not in str(caught.value)


# --- bodies -----------------------------------------------------------------------------


def test_a_packed_body_comes_as_it_was() -> None:
    body = _Body("gzip", MIB)
    packed = gzip.compress(b'{"a": 1}')
    for at in range(len(packed)):
        body.feed(packed[at : at + 1])
    assert body.whole() == b'{"a": 1}'


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    packing = zlib.compressobj(wbits=31)
    packed = b"".join(packing.compress(b" " * MIB) for _ in range(200)) + packing.flush()
    body = _Body("gzip", MIB)
    tracemalloc.start()
    with pytest.raises(OutsideError, match="larger than 1.04858 MB"):
        body.feed(packed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * MIB


def test_exactly_the_largest_body_is_taken() -> None:
    body = _Body(None, 3)
    body.feed(b"abc")
    assert body.whole() == b"abc"
    with pytest.raises(OutsideError, match="larger"):
        body.feed(b"d")


@pytest.mark.parametrize(
    ("encoding", "data", "words"),
    [
        ("br", b"", "we asked for gzip"),
        ("gzip", b"plain", "no gzip"),
        ("gzip", gzip.compress(b"{}")[:-9], "in the middle"),
    ],
)
def test_bodies_that_are_not_what_they_say(encoding: str, data: bytes, words: str) -> None:
    with pytest.raises(OutsideError, match=words):
        body = _Body(encoding, MIB)
        body.feed(data)
        body.whole()


# --- JSON -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is not JSON"),
        (b'{"a": \xff}', "is not UTF-8 at byte 6"),
        (b'{"a": 1', "is not JSON"),
        (b"[" * 5000 + b"]" * 5000, "nested"),
        (b"[" * 40 + b"]" * 40, "nested deeper than 32"),
        (b'{"a": ' * 40 + b"1" + b"}" * 40, "nested deeper than 32"),
        (b"9" * 5000, "integer"),
    ],
)
def test_what_is_no_sound_json(body: bytes, words: str) -> None:
    with pytest.raises(BadJsonError, match=words):
        decode_json(body)


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'\xef\xbb\xbf{"a": [1]}', {"a": [1]}),
        (b"[" * 31 + b"]" * 31, None),
        (rb'"a\u0000b"', "a\ufffdb"),
        (rb'"a\ud800b\uDFFF"', "a\ufffdb\ufffd"),
        (rb'"\ud83d\ude9a"', "\N{DELIVERY TRUCK}"),
        (rb'"\\u0000"', r"\u0000"),  # a backslash, and then letters
        (rb'"\\\u0000"', "\\\ufffd"),
    ],
)
def test_sound_json(body: bytes, document: object) -> None:
    found = decode_json(body)
    if document is not None:
        assert found == document


# --- pages ------------------------------------------------------------------------------


class Canned(Client):
    """Answers what it is given."""

    def __init__(self, document: object) -> None:
        super().__init__(endpoint("http://127.0.0.1:9"), threading.Event())
        self._document = document

    def get(self, *_asked: object) -> Answer | NotModified:  # type: ignore[override]
        return Answer(self._document, '"tag"', "0" * 64)


@pytest.mark.parametrize("following", [7, "", "x" * 1001, "a\nb", ["c"], False])
def test_a_next_that_cannot_be_sent_back_is_refused(following: object) -> None:
    with pytest.raises(OutsideError, match="next: must be"):
        fetch_page(Canned({"next": following}), "/", None, None)


def test_a_page_is_an_object_and_its_next_no_part_of_it() -> None:
    with pytest.raises(OutsideError, match="no object"):
        fetch_page(Canned([1]), "/", None, None)
    page = fetch_page(Canned({"next": "b", "x": 1}), "/", "a", None)
    assert page == ({"x": 1}, "b", '"tag"', "0" * 64)


# --- pauses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("17", 17),
        ("0", 0),
        ("999999", LONGEST_PAUSE_S),
        ("Mon, 25 Nov 2024 08:00:30 GMT", 30),
        ("Mon, 25 Nov 2024 07:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("²", None),
        (None, None),
        ("", None),
    ],
)
def test_how_long_they_ask_us_to_wait(value: str | None, seconds: float | None) -> None:
    assert _retry_after(value, NOW) == seconds
