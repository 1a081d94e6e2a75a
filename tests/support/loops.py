"""Event loops: after the browser tests Playwright's runs in the main thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def without_loop(call: Callable[[], Result]) -> Result:
    """What `call` returns, run in a thread in which no loop is running yet."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()
