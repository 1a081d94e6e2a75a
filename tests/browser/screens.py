"""The real screen on a free port, and a small operation to show on it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import uvicorn

from dashboard.factory import create_app, make_server
from db import accounts, alerts, events, plan, positions
from db.accounts import Role
from db.pool import open_pool
from domain.events import Event, Origin
from domain.plan_faults import parse
from domain.positions import Position
from domain.settings import Dashboard, Rules, Settings

PASSWORD = "rahasia-untuk-uji"
PEOPLE = {"sari": Role.SUPERVISOR, "tamu": Role.VIEWER}
PLACES = [
    ("GUDANG-BGR", "KPU_WAREHOUSE", "32.01", -6.48, 106.84),
    ("PPK-CSR", "PPK", "32.01.25", -6.68, 106.94),
    ("GUDANG-MKS", "KPU_WAREHOUSE", "73.71", -5.14, 119.43),
]


class RunningScreen:
    """A server in a thread of its own. It can be stopped and started again on its port."""

    def __init__(self, database_url: str, **settings: Any) -> None:
        self.database_url = database_url
        self.settings = Settings(
            dashboard=Dashboard(port=0, tick_ms=100, **settings),
            rules=Rules(silence_at_least_s=4, silence_grace_s=0),
        )
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._pool = open_pool(self.database_url, "screen")
        app = create_app(self.settings, self._pool)
        ready = threading.Event()

        def take(port: int) -> None:
            self.port = port
            ready.set()

        self._server: uvicorn.Server = make_server(app, "127.0.0.1", self.port, take)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        assert ready.wait(20), "the screen did not start"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(15)
        assert not self._thread.is_alive(), "the screen did not stop"
        self._pool.close()


class Operation:
    """Writes to the database with the parts that ingest writes with."""

    def __init__(self, database_url: str) -> None:
        self.connection = psycopg.connect(database_url, autocommit=True)
        self._seq = 0

    def close(self) -> None:
        self.connection.close()

    def people(self) -> None:
        for login, role in PEOPLE.items():
            accounts.create(self.connection, login, login.title(), PASSWORD, role)

    def plan(self, shipments: int = 1, report_interval_s: float = 30) -> None:
        text = json.dumps(document(shipments, report_interval_s))
        plan.store(self.connection, parse(text), "test", text)

    def report(self, device_id: str, lon_deg: float, lat_deg: float, **more: Any) -> None:
        self._seq += 1
        now = datetime.now(UTC)
        fields: dict[str, Any] = {
            "device_id": device_id,
            "fix_time": now,
            "epoch": 1,
            "seq": self._seq,
            "received_at": now,
            "lat_deg": lat_deg,
            "lon_deg": lon_deg,
            "speed_kmh": 42.0,
            "course_deg": 90.0,
            "altitude_m": None,
            "accuracy_m": 8.0,
            "hdop": None,
            "satellites": None,
            "battery_pct": 80.0,
            "signal_dbm": -83.0,
            "buffered": False,
            "jamming": 0,
            "mock": False,
            "source": "v1",
            "flags": 0,
        }
        position = Position(**(fields | more))
        with self.connection.transaction():
            positions.copy_positions(self.connection, [position])
            positions.update_latest(self.connection, [position])

    def happen(self, kind: str, device_id: str, **more: Any) -> None:
        """Record an event as the rules would, with the alert that it opens or clears."""
        now = datetime.now(UTC)
        fields: dict[str, Any] = {
            "kind": kind,
            "origin": Origin.RULE,
            "device_id": device_id,
            "event_time": now - timedelta(seconds=5),
            "decided_at": now,
            "shipment_id": device_id.replace("TRK", "SHP"),
        }
        with self.connection.transaction():
            found = events.record(self.connection, [Event(**(fields | more))])
            alerts.record(self.connection, found, now=now)


def document(shipments: int, report_interval_s: float) -> dict[str, Any]:
    """Shipments from Bogor to Cisarua, each watched by one tracker, TRK-1 and so on."""
    numbers = range(1, shipments + 1)
    return {
        "format": "kawal-plan",
        "version": 1,
        "operation": {"id": "UJI", "name": "Uji"},
        "facilities": [
            {
                "id": name,
                "kind": kind,
                "name": f"{kind} {name}",
                "region": region,
                "lat_deg": lat_deg,
                "lon_deg": lon_deg,
                "fence": {"radius_m": 300},
            }
            for name, kind, region, lat_deg, lon_deg in PLACES
        ],
        "routes": [
            {
                "id": "R-1",
                "name": "Bogor-Cisarua",
                "half_width_m": 500,
                "line": {"type": "LineString", "coordinates": [[106.84, -6.48], [106.94, -6.68]]},
            }
        ],
        "shipments": [
            {
                "id": f"SHP-{number}",
                "surat_jalan_no": f"SJ-{number:04d}",
                "direction": "DISTRIBUTION",
                "mode": "TRUCK",
                "from": "GUDANG-BGR",
                "to": "PPK-CSR",
                "route": "R-1",
                "planned_departure": "2024-11-25T08:00:00+07:00",
                "planned_arrival": "2024-11-25T12:00:00+07:00",
                "seals": [f"A-{number}"],
                "box_count": 40,
            }
            for number in numbers
        ],
        "devices": [
            {
                "id": f"TRK-{number}",
                "kind": "TRACKER",
                "name": f"Pelacak {number}",
                "report_interval_s": report_interval_s,
            }
            for number in numbers
        ],
        "assignments": [
            {"device": f"TRK-{number}", "shipment": f"SHP-{number}", "from": "2024-11-25T00:00:00Z"}
            for number in numbers
        ],
    }


def until(condition: Callable[[], Any], timeout_s: float = 15.0) -> Any:
    """What `condition` returns as soon as that is true. A page's CSP forbids Playwright's own
    wait_for_function, which evaluates text."""
    give_up_at = time.monotonic() + timeout_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < give_up_at, f"still {found!r} after {timeout_s} s"
        time.sleep(0.05)
