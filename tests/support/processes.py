"""The product's processes, as an operator runs them, on the private servers of a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """`kawal COMMAND` with its settings in the environment; its output goes to `log`."""

    def __init__(self, command: str, log: Path, **settings: str) -> None:
        self._command, self._log = command, log
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("KAWAL_")},
            "KAWAL_HOME": str(log.parent / "home"),
            **settings,
        }
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again."""
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "app", self._command],
                cwd=ROOT, env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL: no time to put anything in order."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        child = self._child
        if child is None:
            return 0
        child.send_signal(how)
        self._child = None
        return child.wait(30)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._child is not None and self._child.poll() is None

    def words(self) -> str:
        """What it said so far."""
        return self._log.read_text("utf-8", errors="replace") if self._log.exists() else ""


def until(condition: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """Wait for a true value and return it; fails with `what` when time is out."""
    deadline_s = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline_s, f"not within {timeout_s} s: {what}"
        time.sleep(0.05)
    return found


def get_json(url: str) -> dict[str, Any] | None:
    """The JSON that a health page answers, with any status; None while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            body = answer.read()
    except urllib.error.HTTPError as error:
        body = error.read()
    except OSError:
        return None
    found: dict[str, Any] = json.loads(body)
    return found
