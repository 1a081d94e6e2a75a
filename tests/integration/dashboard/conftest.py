from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.browser.screens import PASSWORD, Operation, RunningScreen

SignIn = Callable[[str], httpx.Client]


@pytest.fixture
def operation(database_url: str) -> Iterator[Operation]:
    """Two people, one shipment, one tracker."""
    made = Operation(database_url)
    made.people()
    made.plan()
    yield made
    made.close()


@pytest.fixture
def screen(database_url: str, operation: Operation) -> Iterator[RunningScreen]:
    running = RunningScreen(database_url)
    yield running
    running.stop()


@pytest.fixture
def anybody(screen: RunningScreen) -> Iterator[httpx.Client]:
    """A browser that has not signed in."""
    with httpx.Client(base_url=screen.url, headers={"Origin": screen.url}) as client:
        yield client


@pytest.fixture
def sign_in(screen: RunningScreen) -> Iterator[SignIn]:
    clients: list[httpx.Client] = []

    def enter(login: str) -> httpx.Client:
        client = httpx.Client(base_url=screen.url, headers={"Origin": screen.url})
        clients.append(client)
        answer = client.post("/login", data={"login": login, "password": PASSWORD})
        assert answer.status_code == 303
        return client

    yield enter
    for client in clients:
        client.close()
