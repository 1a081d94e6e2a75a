import json
import time
from typing import Any

import httpx
import pytest

from dashboard import auth, stream
from tests.browser.screens import Operation, RunningScreen
from tests.integration.dashboard.conftest import SignIn


class Events:
    """The events of an open stream, read one after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()
        self.last_id = ""

    def next(self, name: str) -> dict[str, Any]:
        """The data of the next event of this name; other events are passed over."""
        found = None
        for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "id":
                self.last_id = value
            if field == "event":
                found = value
            if field == "data" and found == name:
                data: dict[str, Any] = json.loads(value)
                return data
        pytest.fail(f"the stream ended before {name}")


def open_stream(client: httpx.Client, **headers: str) -> Any:
    return client.stream("GET", "/stream", headers=headers, timeout=20)


@pytest.fixture
def client(sign_in: SignIn) -> httpx.Client:
    return sign_in("sari")


def test_first_the_whole_picture_then_only_what_changed(
    client: httpx.Client, operation: Operation
) -> None:
    operation.report("TRK-1", 106.85, -6.5)
    with open_stream(client) as response:
        events = Events(response)
        known = events.next("picture")
        assert known["whole"]
        while not known.get("positions"):
            known = events.next("picture")
        number = known["positions"]["i"][0]
        operation.report("TRK-1", 106.9, -6.6)
        change = events.next("picture")
    assert change["positions"]["lon"] == [106.9]
    assert change["positions"]["i"] == [number]
    assert "devices" not in change


def test_a_broken_stream_goes_on_where_it_was(client: httpx.Client, operation: Operation) -> None:
    operation.report("TRK-1", 106.85, -6.5)
    with open_stream(client) as response:
        events = Events(response)
        while not events.next("picture").get("positions"):
            pass
    operation.happen("seal_cut", "TRK-1", numbers={"seal_no": "A-1"})
    with open_stream(client, **{"Last-Event-ID": events.last_id}) as response:
        change = Events(response).next("picture")
    assert not change["whole"]
    assert change["alerts"][0]["rule"] == "SEAL_CUT"
    assert "positions" not in change
    with open_stream(client, **{"Last-Event-ID": "another-3"}) as response:
        assert Events(response).next("picture")["whole"]


def test_a_heartbeat_tells_stale_from_quiet(client: httpx.Client, operation: Operation) -> None:
    operation.report("TRK-1", 106.85, -6.5)
    with open_stream(client) as response:
        events = Events(response)
        beat = events.next("heartbeat")
        while not beat["newest"]:
            beat = events.next("heartbeat")
    assert beat["lost_since"] is None
    assert abs(beat["t"] - time.time() * 1000) < 5000
    assert beat["totals"]["reporting"] == 1
    assert beat["stale_after_s"] == 60


def test_the_stream_ends_with_the_sign_in(
    client: httpx.Client, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "CHECK_EVERY_S", 0.2)
    monkeypatch.setattr(auth, "TRUST_S", 0.0)
    with open_stream(client) as response:
        events = Events(response)
        events.next("heartbeat")
        operation.connection.execute("delete from web_session")
        assert events.next("expired") == {}


def test_an_open_stream_does_not_hold_the_shutdown(
    screen: RunningScreen, client: httpx.Client
) -> None:
    with open_stream(client) as response:
        Events(response).next("heartbeat")
        before = time.monotonic()
        screen.stop()
        took_s = time.monotonic() - before
    screen.start()
    # uvicorn alone would wait for timeout_graceful_shutdown, and then for the feed.
    assert took_s < stream.HEARTBEAT_S + 2.5


def test_one_look_serves_every_browser(
    client: httpx.Client, sign_in: SignIn, operation: Operation
) -> None:
    def looks() -> int:
        row = operation.connection.execute(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and query ilike '%%latest_position%%'"
            " and pid <> pg_backend_pid()"
        ).fetchone()
        assert row
        return int(row[0])

    streams = [open_stream(sign_in("tamu")) for _ in range(3)]
    try:
        for opened in streams:
            Events(opened.__enter__()).next("heartbeat")
        time.sleep(0.5)
        assert looks() <= 1
    finally:
        for opened in streams:
            opened.__exit__(None, None, None)
