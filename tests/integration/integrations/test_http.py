"""The careful GET against a server that does everything wrong, over real HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_sim.outside.kpu import kpu
from firmware_sim.outside.pages import Outside, create_app
from integrations.connector import CursorLostError, NotModified, OutsideError, StoppingError
from integrations.http import Answer, Client, Endpoint
from tests.support.outside import page_writer, served
from tests.support.services import free_port

PATH = "/v1/manifests"
LARGEST = 1_000_000


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    folder = tmp_path_factory.mktemp("kpu")
    page_writer(folder)("001", {"format": "kawal-manifest", "version": 1, "manifests": []})
    return kpu(folder, "right")


@pytest.fixture(scope="module")
def url(outside: Outside) -> Iterator[str]:
    with served(create_app(outside)) as found:
        yield found


@pytest.fixture(autouse=True)
def _well_again(outside: Outside) -> Iterator[None]:
    yield
    outside.switch.set(None)


def client(url: str, token: str = "right", timeout_s: float = 10) -> Client:  # noqa: S107
    names = ("KAWAL_INTEGRATIONS_KPU_URL", "KAWAL_INTEGRATIONS_KPU_TOKEN")
    return Client(Endpoint(url, token, timeout_s, LARGEST, *names), threading.Event())


def test_a_document_and_then_the_news_that_it_is_the_same(url: str) -> None:
    asked = client(url)
    answer = asked.get(PATH, {}, None)
    assert isinstance(answer, Answer)
    assert isinstance(answer.document, dict)
    assert answer.document["format"] == "kawal-manifest"
    assert asked.get(PATH, {}, answer.mark) == NotModified()
    assert isinstance(asked.get(PATH, {}, '"another"'), Answer)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("error", "answers 500"),
        ("html", "text/html where JSON should be"),
        ("garbage", "is not UTF-8"),
        ("cut", "is not JSON"),
        ("deep", "nested"),
        ("endless", "larger than 1 MB"),
        ("bomb", "larger than 1 MB"),
        ("redirect", "put the new address into KAWAL_INTEGRATIONS_KPU_URL"),
    ],
)
def test_every_fault_ends_in_words(outside: Outside, url: str, fault: str, words: str) -> None:
    outside.switch.set(fault)  # type: ignore[arg-type]
    with pytest.raises(OutsideError, match=words):
        client(url).get(PATH, {}, None)
    outside.switch.set(None)
    assert isinstance(client(url).get(PATH, {}, None), Answer)


@pytest.mark.parametrize("fault", ["slow", "dribble"])
def test_a_server_that_never_ends_meets_a_deadline(outside: Outside, url: str, fault: str) -> None:
    outside.switch.set(fault)  # type: ignore[arg-type]
    with pytest.raises(OutsideError, match="no whole answer within 1 s"):
        client(url, timeout_s=1).get(PATH, {}, None)


def test_a_stop_ends_the_wait(outside: Outside, url: str) -> None:
    outside.switch.set("slow")
    stop = threading.Event()
    ends = Endpoint(url, "right", 60, LARGEST, "U", "T")
    threading.Timer(0.3, stop.set).start()
    began_s = time.monotonic()
    with pytest.raises(StoppingError):
        Client(ends, stop).get(PATH, {}, None)
    assert time.monotonic() - began_s < 30


@pytest.mark.parametrize(("fault", "status"), [("throttle", "less often"), ("busy", "503")])
def test_who_asks_for_a_pause_is_heard(outside: Outside, url: str, fault: str, status: str) -> None:
    outside.switch.set(fault, retry_after_s=7)  # type: ignore[arg-type]
    with pytest.raises(OutsideError, match=status) as caught:
        client(url).get(PATH, {}, None)
    assert caught.value.retry_after_s == 7


def test_a_wrong_token_is_named_by_its_setting(url: str) -> None:
    with pytest.raises(OutsideError, match="refused: KAWAL_INTEGRATIONS_KPU_TOKEN"):
        client(url, "wrong").get(PATH, {}, None)


def test_a_cursor_that_is_gone_and_a_path_that_is_not_there(url: str) -> None:
    with pytest.raises(CursorLostError):
        client(url).get(PATH, {"cursor": "gone"}, None)
    with pytest.raises(OutsideError, match="nothing at /v9"):
        client(url).get("/v9", {}, None)


def test_nobody_is_there() -> None:
    with pytest.raises(OutsideError, match="is it on"):
        client(f"http://127.0.0.1:{free_port()}").get(PATH, {}, None)


def test_proxies_of_the_environment_are_not_asked(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "")
    assert isinstance(client(url).get(PATH, {}, None), Answer)
