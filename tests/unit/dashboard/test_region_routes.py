"""Regions for the page."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from dashboard.region_routes import region_routes
from tests.support.loops import without_loop


def get(address: str, **query: str) -> httpx.Response:
    app = FastAPI()
    app.include_router(region_routes())

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://screen") as client:
            return await client.get(address, params=query)

    return without_loop(lambda: asyncio.run(ask()))


def test_search() -> None:
    [first, *_] = get("/api/regions", q="kota bandung").json()
    assert first == {
        "code": "32.73",
        "name": "Kota Bandung",
        "level": "regency",
        "kind": "Kota",
        "tz": "Asia/Jakarta",
        "in": "Jawa Barat",
    }


def test_search_within_and_at_a_level() -> None:
    query = {"q": "sukasari", "within": "3273", "level": "district"}
    assert [row["code"] for row in get("/api/regions", **query).json()] == ["32.73.01"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"q": "a", "within": "Bandung"}, 400),
        ({"q": "a", "level": "continent"}, 422),
        ({}, 422),
    ],
)
def test_what_makes_no_sense_is_refused(query: dict[str, str], status: int) -> None:
    assert get("/api/regions", **query).status_code == status


def test_no_more_than_a_page_will_show() -> None:
    assert len(get("/api/regions", q="a").json()) == 20
    assert get("/api/regions", q="x" * 5000).json() == []


def test_the_way_down() -> None:
    found = get("/api/regions/32.73").json()
    assert [above["code"] for above in found["path"]] == ["32", "32.73"]
    assert len(found["children"]) == 30
    assert get("/api/regions/32.99").status_code == 404
