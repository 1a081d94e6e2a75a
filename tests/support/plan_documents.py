"""A small plan as a document, to be changed by hand and read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.plan import Plan
from domain.plan_faults import PlanError, parse

Document = dict[str, Any]

SQUARE = [[110.2, -7.1], [110.4, -7.1], [110.4, -6.9], [110.2, -6.9], [110.2, -7.1]]


def document() -> Document:
    """A small, sound plan: one truck from Semarang to Solo, watched by one tracker."""
    return {
        "format": "kawal-plan",
        "version": 1,
        "operation": {"id": "PILKADA-2024", "name": "Pilkada Serentak 2024"},
        "facilities": [
            {
                "id": "GUDANG-3374",
                "kind": "KPU_WAREHOUSE",
                "name": "Gudang KPU Kota Semarang",
                "region": "33.74",
                "lat_deg": -6.99,
                "lon_deg": 110.35,
                "fence": {"polygon": {"type": "Polygon", "coordinates": [SQUARE]}},
            },
            {
                "id": "GUDANG-3372",
                "kind": "KPU_WAREHOUSE",
                "name": "Gudang KPU Kota Surakarta",
                "region": "33.72.04.1001",
                "lat_deg": -7.55,
                "lon_deg": 110.82,
                "fence": {"radius_m": 250},
                "signal": "WEAK",
                "is_3t": False,
            },
        ],
        "routes": [
            {
                "id": "SMG-SLO",
                "name": "Semarang–Salatiga–Surakarta",
                "half_width_m": 2000,
                "line": {
                    "type": "LineString",
                    "coordinates": [[110.35, -6.99], [110.5, -7.33], [110.82, -7.55]],
                },
            }
        ],
        "shipments": [
            {
                "id": "S-1",
                "direction": "DISTRIBUTION",
                "mode": "TRUCK",
                "from": "GUDANG-3374",
                "to": "GUDANG-3372",
                "route": "SMG-SLO",
                "planned_departure": "2024-11-25T08:00:00+07:00",
                "planned_arrival": "2024-11-25T12:00:00+07:00",
                "seals": ["A-1", "A-2"],
                "box_count": 40,
            }
        ],
        "devices": [
            {"id": "KWL-0001", "kind": "TRACKER", "name": "Truk H 1", "report_interval_s": 30}
        ],
        "assignments": [
            {"device": "KWL-0001", "shipment": "S-1", "from": "2024-11-25T00:00:00Z", "until": None}
        ],
    }


def read(changed: Document) -> Plan:
    return parse(json.dumps(changed))


def faults(changed: Document) -> dict[str, str]:
    with pytest.raises(PlanError) as refused:
        read(changed)
    return {fault.path: fault.reason for fault in refused.value.faults}
