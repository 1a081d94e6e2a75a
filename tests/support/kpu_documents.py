"""Documents as KPU would send them: a manifest with its lines and boxes, its stations, receipts."""

from __future__ import annotations

from typing import Any

HEADER = {"format": "kawal-manifest", "version": 1, "source": "KPU"}
VILLAGE = "32.73.01.1001"


def station(number: int) -> dict[str, Any]:
    """Station T-<number>, with 500 voters."""
    return {"id": f"T-{number}", "number": number, "region": VILLAGE, "voters": {"GOVERNOR": 500}}


def manifest(number: int, boxes: int = 1, **other: Any) -> dict[str, Any]:
    """Manifest M-<number> of shipment S-<number>, with its boxes."""
    return {
        "id": f"M-{number}", "shipment": f"S-{number}", "leg": "STATION",
        "from": f"PPS-{number}", "to": f"PPK-{number}",
        "from_region": "32.73.01", "to_region": VILLAGE,
        "planned_departure": "2024-11-26T01:00:00Z", "planned_arrival": "2024-11-26T05:00:00Z",
        "units": [
            {"id": f"B-{number}-{box}", "kind": "BOX", "seals": [f"A{number}-{box}"]}
            for box in range(1, boxes + 1)
        ],
        **other,
    }  # fmt: skip


def document(number: int, boxes: int = 1, **other: Any) -> dict[str, Any]:
    """A page with one station and one manifest."""
    return {**HEADER, "stations": [station(number)],
            "manifests": [manifest(number, boxes, **other)]}  # fmt: skip


def broken(number: int) -> dict[str, Any]:
    """The same, with a second manifest that cannot be taken."""
    whole = document(number)
    whole["manifests"].append({**manifest(number + 1000), "planned_arrival": "tomorrow"})
    return whole
