"""Outside systems for tests: the stand-ins, served over real HTTP on a free port."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from tests.support.processes import until
from tests.support.services import free_port


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve `app`; yields its address."""
    port = free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started, 10, "the stand-in serves")
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def page_writer(folder: Path) -> Callable[[str, Any], Path]:
    """A function that puts a document into `folder` as one page, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, document: Any) -> Path:
        file = folder / f"{name}.json"
        fresh = folder / f".{name}.part"
        fresh.write_text(json.dumps(document), "utf-8")
        return fresh.rename(file)

    return write
