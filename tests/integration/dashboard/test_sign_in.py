import asyncio
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Mount, Route, WebSocketRoute

from dashboard import auth
from dashboard.auth import COOKIE, OPEN_PATHS, Gate
from dashboard.delays import FREE_FAILURES
from dashboard.factory import create_app
from db.pool import open_pool
from domain.settings import Settings
from tests.browser.screens import PASSWORD, Operation, RunningScreen, until
from tests.integration.dashboard.conftest import SignIn
from tests.support.loops import without_loop


@pytest.fixture
def app(database_url: str) -> Iterator[FastAPI]:
    with open_pool(database_url, "routes") as pool:
        yield create_app(Settings(), pool)


def routes(router: Any) -> Iterator[Any]:
    """All routes, those of included routers too."""
    for route in router.routes:
        included = getattr(route, "original_router", None)
        yield from routes(included) if included else [route]


def addresses(app: FastAPI) -> list[tuple[str, str]]:
    """A method and a path for every route that is not open, sockets left out."""
    found = []
    for route in routes(app):
        if isinstance(route, Route):
            path = re.sub(r"{[^}]*}", "1", route.path)
            found += [(method, path) for method in route.methods or ()]
        else:
            assert isinstance(route, Mount | WebSocketRoute), route
    return [(method, path) for method, path in found if path not in OPEN_PATHS]


def test_without_a_sign_in_every_route_is_closed(app: FastAPI, anybody: httpx.Client) -> None:
    closed = addresses(app)
    assert ("GET", "/stream") in closed
    assert ("POST", "/_dash-update-component") in closed
    for method, path in closed:
        answer = anybody.request(method, path)
        if (method, path) == ("GET", "/"):
            assert answer.headers["location"] == "/login"
        else:
            assert answer.status_code == 401, f"{method} {path} answers {answer.status_code}"


def test_a_forged_cookie_opens_nothing(anybody: httpx.Client) -> None:
    anybody.cookies.set(COOKIE, "x" * 43)
    assert anybody.get("/api/session").status_code == 401


def test_no_socket_is_opened() -> None:
    sent: list[dict[str, object]] = []

    async def inner(*_: object) -> None:
        pytest.fail("the socket went through")

    async def send(message: object) -> None:
        sent.append(dict(message))  # type: ignore[call-overload]

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    gate = Gate(inner, sessions=None, policy="")  # type: ignore[arg-type]
    scope = {"type": "websocket", "path": "/_dash-ws-callback"}
    without_loop(lambda: asyncio.run(gate(scope, receive, send)))
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_signing_in_and_out(sign_in: SignIn) -> None:
    client = sign_in("sari")
    assert client.get("/api/session").json() == {
        "login": "sari",
        "name": "Sari",
        "may_handle": True,
        "may_shelve_critical": True,
        "shelve_longest_h": 12,
    }
    assert client.get("/login").headers["location"] == "/"
    token = client.cookies[COOKIE]
    client.post("/logout")
    assert COOKIE not in client.cookies
    client.cookies.set(COOKIE, token)
    assert client.get("/api/session").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(anybody: httpx.Client) -> None:
    answer = anybody.post("/login", data={"login": "SARI ", "password": PASSWORD})
    cookie = next(
        value for value in answer.headers.get_list("set-cookie") if value.startswith(COOKIE)
    )
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()


def test_a_wrong_password_is_refused_in_the_language_of_the_reader(anybody: httpx.Client) -> None:
    anybody.get("/login?lang=en")
    wrong = {"login": "sari", "password": "<script>"}
    answer = anybody.post("/login", data=wrong)
    assert answer.status_code == 401
    assert "Wrong user name or password." in answer.text
    assert "<script>" not in answer.text
    assert COOKIE not in answer.cookies


def test_guessing_is_slowed_down(anybody: httpx.Client) -> None:
    wrong = {"login": "sari", "password": "salah"}
    codes = [anybody.post("/login", data=wrong).status_code for _ in range(FREE_FAILURES + 1)]
    assert codes == [401] * FREE_FAILURES + [429]
    right = {"login": "sari", "password": PASSWORD}
    assert anybody.post("/login", data=right).status_code == 429


def test_nothing_is_changed_for_a_page_that_is_not_ours(sign_in: SignIn) -> None:
    client = sign_in("sari")
    for path in ("/login", "/logout", "/api/alerts/1/steps", "/_dash-update-component"):
        for origin in ("http://evil.example", "null", ""):
            answer = client.post(path, headers={"Origin": origin})
            assert answer.status_code == 403, f"{path} from {origin!r}"
    assert client.get("/api/session").status_code == 200


def test_a_disabled_account_is_out_within_seconds(
    sign_in: SignIn, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "TRUST_S", 0.0)
    client = sign_in("sari")
    operation.connection.execute("update account set disabled_at = now()")
    assert client.get("/api/session").status_code == 401


def test_every_answer_guards_the_browser(sign_in: SignIn) -> None:
    client = sign_in("sari")
    for path in ("/", "/login", "/api/session", "/assets/tokens.css", "/no/such/page", "/healthz"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self' 'sha256-" in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


def test_the_only_outside_source_is_a_tile_server_of_ones_own(database_url: str) -> None:
    tiles = RunningScreen(database_url, tile_url="https://tiles.example/{z}/{x}/{y}.png")
    try:
        policy = httpx.get(f"{tiles.url}/login").headers["content-security-policy"]
    finally:
        tiles.stop()
    assert re.findall(r"https?://[^\s;]+", policy) == ["https://tiles.example"] * 2


def test_a_page_that_is_not_there_is_not_the_screen(sign_in: SignIn) -> None:
    answer = sign_in("sari").get("/no/such/page")
    assert answer.status_code == 404
    assert "react-entry-point" not in answer.text


def test_health_is_open_to_all(anybody: httpx.Client) -> None:
    assert anybody.get("/healthz").status_code == 200
    assert until(lambda: anybody.get("/readyz").status_code == 200)
