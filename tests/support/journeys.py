"""A small plan and messages for it: a road due east along 7° S, two warehouses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.plan import Plan

START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
INTERVAL = timedelta(seconds=30)


def plan(devices: Iterable[str] = ("KWL-0001",), start: datetime = START) -> Plan:
    """Each device with a shipment of its own, FROM 110° E TO 111° E."""
    names = list(devices)
    day = timedelta(days=1)
    return Plan.model_validate(
        {
            "format": "kawal-plan",
            "version": 1,
            "operation": {"id": "UJI", "name": "Uji coba"},
            "facilities": [
                _facility("FROM", 110.0),
                _facility("OTHER", 110.5),
                _facility("TO", 111.0),
            ],
            "routes": [
                {
                    "id": "R-1",
                    "name": "Pantura",
                    "half_width_m": 2000,
                    "line": {"type": "LineString", "coordinates": [[110.0, -7.0], [111.0, -7.0]]},
                }
            ],
            "shipments": [
                {
                    "id": f"SHP-{name}",
                    "surat_jalan_no": f"SJ/{name}/2024",
                    "direction": "DISTRIBUTION",
                    "mode": "TRUCK",
                    "from": "FROM",
                    "to": "TO",
                    "route": "R-1",
                    "planned_departure": (start - day).isoformat(),
                    "planned_arrival": (start + day).isoformat(),
                    "seals": [f"A-{name}"],
                }
                for name in names
            ],
            "devices": [
                {"id": name, "kind": "TRACKER", "name": name, "report_interval_s": 30}
                for name in names
            ],
            "assignments": [
                {"device": name, "shipment": f"SHP-{name}", "from": (start - day).isoformat()}
                for name in names
            ],
        }
    )


def _facility(name: str, lon: float) -> dict[str, Any]:
    return {
        "id": name,
        "kind": "KPU_WAREHOUSE",
        "name": f"Gudang {name}",
        "region": "33.74",
        "lat_deg": -7.0,
        "lon_deg": lon,
        "fence": {"radius_m": 300},
    }


def record(seq: int, lon: float, lat: float = -7.0, **extra: Any) -> dict[str, Any]:
    """The fix that firmware numbers `seq`, 30 s after the one before."""
    time = START + (seq - 1) * INTERVAL
    return {
        "seq": seq,
        "fix_time": time.isoformat().replace("+00:00", "Z"),
        "lat_deg": lat,
        "lon_deg": lon,
        "accuracy_m": 8.0,
        "speed_kmh": 60.0,
        **extra,
    }


def single(item: dict[str, Any], epoch: int = 1) -> bytes:
    """A message with one record."""
    return json.dumps({"v": 1, "epoch": epoch, **item}).encode()


def batch(items: Iterable[dict[str, Any]], epoch: int = 1, **envelope: Any) -> bytes:
    """A message with several records."""
    return json.dumps({"v": 1, "epoch": epoch, **envelope, "records": list(items)}).encode()


def along(first: int, last: int, start: float = 110.1, by: float = 0.004) -> list[dict[str, Any]]:
    """Fixes numbered first..last on the road."""
    return [record(seq, start + (seq - first) * by) for seq in range(first, last + 1)]


def astray(first: int, last: int, lon: float = 110.2) -> list[dict[str, Any]]:
    """Fixes numbered first..last, 3.3 km off the road and so 1.3 km outside the corridor."""
    return [record(seq, lon + (seq - first) * 0.001, -7.03) for seq in range(first, last + 1)]
