import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, sync_playwright

from tests.browser.screens import PASSWORD, Operation, RunningScreen, until

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]
WALL = {"width": 1920, "height": 1080}
DESK = {"width": 1280, "height": 800}  # software drawing takes its time for each pixel

Visit = Callable[..., "Visitor"]


class Visitor:
    """A person with a browser of their own. What the browser complains of is kept."""

    def __init__(self, screen: RunningScreen, context: BrowserContext) -> None:
        self.screen = screen
        self.context = context
        self.outside: list[str] = []
        self.complaints: list[str] = []
        context.route(re.compile(f"^(?!{re.escape(screen.url)}/|data:|blob:)"), self._stop)
        self.page: Page = context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda fault: self.complaints.append(str(fault)))

    def sign_in(self, login: str = "sari", address: str = "/") -> None:
        self.page.goto(f"{self.screen.url}/login")
        self.page.fill("#login", login)
        self.page.fill("#password", PASSWORD)
        self.page.click("button[type=submit]")
        if address != "/":
            self.page.goto(self.screen.url + address)
        self.wait("document.getElementById('shell')?.dataset.ready === 'true'")
        self.wait("kawal.picture.loaded && kawal.live?.ready")

    def ask(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def wait(self, expression: str, timeout_s: float = 20) -> Any:
        return until(lambda: self.ask(expression), timeout_s)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def markers(self) -> list[str]:
        """Devices whose marker the map has drawn within its frame, as the map itself says."""
        found: list[str] = self.ask(
            "[...new Set(kawal.live.map.queryRenderedFeatures({layers: ['markers']})"
            ".map((f) => f.properties.device))].sort()"
        )
        return found

    def forgive(self, *words: str) -> None:
        """Complaints that a test provokes."""
        self.complaints = [c for c in self.complaints if not any(word in c for word in words)]

    def _stop(self, route: Any) -> None:
        self.outside.append(route.request.url)
        route.abort()

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """While it runs this thread has a running event loop, which tests elsewhere must not meet."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The Chromium of this machine, else the one that Playwright downloaded."""
    installed = next((path for path in map(shutil.which, NAMES) if path), None)
    try:
        running = playwright.chromium.launch(executable_path=installed, args=FLAGS)
    except Error as fault:
        pytest.fail(f"no Chromium here: install the package `chromium` ({fault.message[:80]})")
    yield running
    running.close()


@pytest.fixture
def operation(database_url: str) -> Iterator[Operation]:
    made = Operation(database_url)
    made.people()
    yield made
    made.close()


@pytest.fixture
def screen(database_url: str, operation: Operation) -> Iterator[RunningScreen]:
    running = RunningScreen(database_url)
    yield running
    running.stop()


@pytest.fixture
def visit(browser: Browser, screen: RunningScreen) -> Iterator[Visit]:
    """Opens browsers. None of them may leave the host or complain of anything."""
    visitors: list[Visitor] = []

    def enter(size: dict[str, int] = DESK) -> Visitor:
        context = browser.new_context(viewport=size, reduced_motion="reduce")  # type: ignore[arg-type]
        visitor = Visitor(screen, context)
        visitors.append(visitor)
        return visitor

    yield enter
    for visitor in visitors:
        visitor.page.unroute_all(behavior="ignoreErrors")
        visitor.context.close()
    for visitor in visitors:
        assert visitor.outside == []
        assert visitor.complaints == []
