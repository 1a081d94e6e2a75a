"""A database, and the stand-ins for the systems of others, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from db.pool import Connection, connect
from firmware_sim.outside.kpu import kpu
from firmware_sim.outside.pages import Outside, create_app
from firmware_sim.outside.shipping import shipping
from integrations.http import Client, Endpoint
from tests.support.outside import served

TOKEN = "right"
LARGEST = 1_000_000


class Served(NamedTuple):
    """A stand-in and where it is."""

    outside: Outside
    url: str

    def client(self, token: str = TOKEN, timeout_s: float = 10) -> Client:
        """A client of ours for it."""
        system = "KPU" if "manifests" in self.outside.path else "SHIPPING"
        names = (f"KAWAL_INTEGRATIONS_{system}_URL", f"KAWAL_INTEGRATIONS_{system}_TOKEN")
        ends = Endpoint(self.url, token, timeout_s, LARGEST, *names)
        return Client(ends, threading.Event())


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with connect(database_url, "test") as opened:
        yield opened


@pytest.fixture
def kpu_server(tmp_path: Path) -> Iterator[Served]:
    outside = kpu(tmp_path / "kpu", TOKEN)
    with served(create_app(outside)) as url:
        yield Served(outside, url)


@pytest.fixture
def shipping_server(tmp_path: Path) -> Iterator[Served]:
    outside = shipping(tmp_path / "shipping", TOKEN)
    with served(create_app(outside)) as url:
        yield Served(outside, url)
