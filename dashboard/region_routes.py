"""Regions for the scripts of the page: search while one types, and the way down."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from domain.regions import Level, Region, children, find, normalise, path, search

SEARCH_LIMIT = 20
SEARCH_LONGEST = 100  # characters; no name is longer

LevelName = Literal["province", "regency", "district", "village"]


def region_routes() -> APIRouter:
    """Everything below /api/regions."""
    router = APIRouter()

    @router.get("/api/regions")
    def regions(q: str, level: LevelName | None = None, within: str | None = None) -> Response:
        try:
            inside = normalise(within) if within else None
        except ValueError as error:
            return JSONResponse({"error": "within", "reason": str(error)}, status_code=400)
        at = Level[level.upper()] if level else None
        found = search(q[:SEARCH_LONGEST], level=at, within=inside, limit=SEARCH_LIMIT)
        return JSONResponse([_row(region) for region in found])

    @router.get("/api/regions/{code}")
    def region(code: str) -> Response:
        found = find(code)
        if found is None:
            return JSONResponse({"error": "unknown"}, status_code=404)
        return JSONResponse(
            _row(found)
            | {
                "path": [_row(above) for above in path(code)],
                "children": [_row(below) for below in children(code)],
            }
        )

    return router


def _row(region: Region) -> dict[str, Any]:
    above = [each.name for each in path(region.code)[:-1]]
    return {
        "code": region.code,
        "name": region.name,
        "level": region.level.name.lower(),
        "kind": region.kind,
        "tz": region.tz,
        "in": ", ".join(reversed(above)),
    }
