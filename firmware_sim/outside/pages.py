"""Pages: a folder of JSON documents served as the pages of a list, each file one page.

What the contracts of KPU and of the shipping platform share: bearer token, cursor, `next`,
ETag. Pages are in the order in which their files were written: one that appears later is a
new page at the end, whatever its name.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from firmware_sim.outside.faults import FAULTS, Switch, answer


@dataclass
class Outside:
    """One stand-in: what it serves, to whom, and how badly. `asked` counts by status."""

    folder: Path
    token: str
    path: str
    empty: Mapping[str, Any]  # the document where there is no file yet
    switch: Switch = field(default_factory=Switch)
    asked: dict[int, int] = field(default_factory=dict)
    born: datetime = field(default_factory=lambda: datetime.now(UTC))


def create_app(outside: Outside) -> FastAPI:
    """The server of a stand-in."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    async def page(request: Request) -> Response:
        response = await _answer(outside, request)
        outside.asked[response.status_code] = outside.asked.get(response.status_code, 0) + 1
        return response

    async def control(request: Request) -> Response:
        return _control(outside, request, await request.json())

    app.add_api_route(outside.path, page, methods=["GET"])
    app.add_api_route("/control", control, methods=["POST"])
    return app


async def _answer(outside: Outside, request: Request) -> Response:
    if fault := outside.switch.take():
        return await answer(fault, outside.switch)
    if not _known(outside, request):
        headers = {"WWW-Authenticate": "Bearer"}
        return JSONResponse({"error": "the token is not known"}, 401, headers)
    return _page(outside, request)


def _known(outside: Outside, request: Request) -> bool:
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {outside.token}".encode())


def _page(outside: Outside, request: Request) -> Response:
    pages = _pages(outside.folder)
    cursor = request.query_params.get("cursor")
    if cursor is not None and cursor not in pages:
        return JSONResponse({"error": "this cursor is not known any more"}, 410)
    body = json.dumps(_document(outside, pages, cursor)).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, 200, {"ETag": tag}, "application/json")


def _pages(folder: Path) -> dict[str, Path]:
    """Files by cursor. A file that was written anew is another page, and its cursor is gone."""
    files = [file for file in folder.glob("*.json") if file.name[0] != "."]
    dated = sorted((file.stat().st_mtime_ns, file.name, file) for file in files)
    return {f"{written_ns}.{name}": file for written_ns, name, file in dated}


def _document(outside: Outside, pages: dict[str, Path], cursor: str | None) -> dict[str, Any]:
    if not pages:
        born = outside.born.isoformat(timespec="seconds")
        return {**outside.empty, "issued_at": born, "next": None}
    cursors = list(pages)
    at = cursors.index(cursor) if cursor else 0
    file = pages[cursors[at]]
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return {
        "issued_at": written.isoformat(timespec="seconds"),
        **json.loads(file.read_text("utf-8")),
        "next": cursors[at + 1] if at + 1 < len(cursors) else None,
    }


def _control(outside: Outside, request: Request, wanted: Mapping[str, Any]) -> Response:
    """{"fault": "error", "times": 3, "retry_after_s": 5}; fault null: all is well."""
    if not _known(outside, request):
        return JSONResponse({"error": "the token is not known"}, 401)
    fault = wanted.get("fault")
    if fault is not None and fault not in FAULTS:
        return JSONResponse({"error": f"fault: one of {', '.join(FAULTS)}, or null"}, 422)
    outside.switch.set(fault, wanted.get("times"), int(wanted.get("retry_after_s", 1)))
    return JSONResponse({"fault": fault})
