"""Password entries and the configuration, which need no broker."""

import hashlib
from base64 import b64decode
from pathlib import Path

import pytest

from ingest.broker import password_entry, site_conf

SHIPPED = (Path(__file__).resolve().parents[3] / "deploy/mosquitto.conf").read_text("utf-8")


def test_entry_is_pbkdf2_as_mosquitto_computes_it() -> None:
    user, _, hashed = password_entry("JKT-01", "rahasia").partition(":")
    _, kind, iterations, salt, digest = hashed.split("$")
    expected = hashlib.pbkdf2_hmac("sha512", b"rahasia", b64decode(salt), int(iterations))
    assert (user, kind, b64decode(digest)) == ("JKT-01", "7", expected)


def test_equal_passwords_do_not_look_equal() -> None:
    assert password_entry("a", "rahasia")[2:] != password_entry("b", "rahasia")[2:]


@pytest.mark.parametrize("user", ["", "a" * 65, "a/b", "+", "#", "a:b", "a\n", "é"])
def test_a_name_outside_the_wire_protocol_is_refused(user: str) -> None:
    with pytest.raises(ValueError, match="1 to 64 characters"):
        password_entry(user, "rahasia")


def test_an_empty_password_is_refused() -> None:
    with pytest.raises(ValueError, match="'JKT-01': the password is empty"):
        password_entry("JKT-01", "")


def test_site_values_replace_only_their_lines() -> None:
    conf = site_conf("# listener 1\nlistener 1\npersistence true\n", {"listener": "9 ::1"})
    assert conf == "# listener 1\nlistener 9 ::1\npersistence true\n"


def test_a_word_that_the_configuration_lacks_is_an_error() -> None:
    with pytest.raises(KeyError, match="acl_file"):
        site_conf("listener 1\n", {"acl_file": "x"})


@pytest.mark.parametrize("word", ["listener", "persistence_location", "password_file", "acl_file"])
def test_the_shipped_configuration_holds_each_site_word_once(word: str) -> None:
    assert [line.split()[0] for line in SHIPPED.splitlines() if line].count(word) == 1
