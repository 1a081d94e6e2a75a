"""Service: everything that `kawal integrate` runs.

Each task has a thread and a connection of its own, so that a slow server outside holds up
nothing else; webhooks, health and metrics have a web server beside them.
"""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
import uvicorn
from fastapi import FastAPI

from db import connectors
from db.pool import AWAY, Connection, connect, open_pool
from domain.settings import Integrations
from integrations.connector import StoppingError
from integrations.health import Metrics, health_routes, states_of
from integrations.runner import pause_after
from integrations.webhooks import Hook, Webhooks

log = structlog.get_logger(__name__)

STOP_S = 10.0
SHUTDOWN_S = 5
MOST_CONNECTIONS = 64
REMEMBERED = timedelta(days=30)  # no sender repeats a message for longer
SESSION = "-c statement_timeout=900s -c idle_in_transaction_session_timeout=900s"


class PortTakenError(Exception):
    """Somebody else listens where we should; the message says what to do."""


class Task(Protocol):
    """Work that is due again and again. `run` works in transactions of its own."""

    @property
    def name(self) -> str:
        """In the log and in /healthz."""

    @property
    def interval_s(self) -> float:
        """Pause between two runs."""

    def run(self, connection: Connection, now: datetime) -> None:
        """Do what is due. May raise: it is told, and tried again."""


class ForgetMessages:
    """A task that drops the ids of old webhook messages."""

    name = "forget-messages"
    interval_s = 3600.0

    def run(self, connection: Connection, now: datetime) -> None:
        """Once."""
        connectors.forget_messages(connection, now - REMEMBERED)


class Loop(threading.Thread):
    """Runs one task until `stop`; whatever happens, it goes on."""

    def __init__(self, task: Task, database_url: str, stop: threading.Event) -> None:
        super().__init__(name=f"kawal-{task.name}", daemon=True)
        self.task = task
        self.last_run_at: datetime | None = None
        self.trouble: str | None = None
        self._url = database_url
        self._stop_event = stop
        self._connection: Connection | None = None
        self._failures = 0

    def run(self) -> None:
        """Until `stop`."""
        pause_s = 0.0
        while not self._stop_event.wait(pause_s):
            try:
                self._turn()
            except StoppingError:
                break
            except AWAY as error:
                self._lose(f"database: {str(error).strip().splitlines()[0]}", away=True)
            except Exception as error:
                log.exception("a task failed", task=self.task.name)
                self._lose(f"a fault of ours: {type(error).__name__}: {error}", away=False)
            chance = random.random()  # noqa: S311 - spreads retries, keeps no secret
            pause_s = pause_after(self._failures, chance) if self.trouble else self.task.interval_s
        self._close()

    def _turn(self) -> None:
        self.task.run(self._open(), datetime.now(UTC))
        self.last_run_at = datetime.now(UTC)
        self.trouble, self._failures = None, 0

    def _lose(self, words: str, *, away: bool) -> None:
        if away:
            log.warning("the database is away, trying again", task=self.task.name, error=words)
        self.trouble = words
        self._failures += 1
        self._close()

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url, self.task.name, SESSION)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class Service:
    """Tasks, webhooks and health, until `stop`. `stop_event` is what tasks should look at."""

    def __init__(
        self,
        settings: Integrations,
        database_url: str,
        tasks: Sequence[Task],
        hooks: list[Hook],
        stop_event: threading.Event,
    ) -> None:
        self._settings = settings
        self._stop_event = stop_event
        self._pool = open_pool(database_url, "integrations")
        self._loops = [Loop(task, database_url, stop_event) for task in (*tasks, ForgetMessages())]
        self.metrics = Metrics(lambda: states_of(self._pool))
        self._webhooks = Webhooks(
            hooks,
            self._pool,
            largest_bytes=int(settings.largest_mb * 1e6),
            timeout_s=settings.timeout_s,
            count=self.metrics.count_answer,
        )
        self.port = 0

    def stop(self) -> None:
        """What is in hand is rolled back and comes again. Safe in a signal handler."""
        self._stop_event.set()

    def run(self) -> None:
        """Serve until `stop`. Raises PortTakenError."""
        listening = self._listen()
        self.port = listening.getsockname()[1]
        server = uvicorn.Server(self._config())
        serving = threading.Thread(target=server.run, args=([listening],), daemon=True)
        serving.start()
        for loop in self._loops:
            loop.start()
        log.info("integrating", port=self.port, tasks=[loop.task.name for loop in self._loops])
        self._stop_event.wait()
        server.should_exit = True
        for thread in (serving, *self._loops):
            thread.join(STOP_S)
        self._pool.close()

    def _listen(self) -> socket.socket:
        host, port = self._settings.host, self._settings.port
        try:
            return socket.create_server((host, port), family=_family(host))
        except OSError as error:
            raise PortTakenError(
                f"cannot listen on {host} port {port} ({error.strerror}): stop the other program,"
                " or set KAWAL_INTEGRATIONS_PORT"
            ) from None

    def _config(self) -> uvicorn.Config:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        app.include_router(self._webhooks.router)
        app.include_router(health_routes(self.metrics, self.state))
        return uvicorn.Config(
            app,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the address of a sender is not what a header says
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )

    def state(self) -> dict[str, Any]:
        """What /healthz says. A server outside that fails is no fault of ours: `connectors`
        tells of it, `ok` does not."""
        states = states_of(self._pool)
        trouble = None if states is not None else "database: it does not answer"
        for loop in self._loops:
            if trouble is None and not loop.is_alive() and not self._stop_event.is_set():
                trouble = f"the task {loop.task.name} has ended"
            if trouble is None and loop.trouble:
                trouble = f"{loop.task.name}: {loop.trouble}"
        return {
            "ok": trouble is None,
            "trouble": trouble,
            "tasks": {
                loop.task.name: {"last_run_at": _text(loop.last_run_at), "trouble": loop.trouble}
                for loop in self._loops
            },
            "connectors": {
                state.connector: {
                    "last_success_at": _text(state.last_success_at),
                    "failures": state.failures,
                    "last_error": state.last_error,
                }
                for state in states or ()
            },
        }


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
