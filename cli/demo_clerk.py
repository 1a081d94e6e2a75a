"""The clerk of the demonstration: writes receipts where shipments arrive, as KPU's people do.

What the clerk writes goes the way of the real thing: into the folder that the stand-in for
KPU (and for the post) serves over HTTP, from where our connectors fetch it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from db import events
from db.pool import Connection
from domain.demo_manifests import (
    MISHAPS,
    NOTHING,
    demo_delivered,
    demo_manifests,
    demo_receipt,
    demo_statuses,
)
from domain.plan import Plan
from domain.settings import Materials


def publish(folder: Path, plan: Plan, now: datetime, materials: Materials) -> None:
    """Lay out what KPU and the post know of the shipments of `plan` at the start."""
    for name, documents in (
        ("kpu", demo_manifests(plan, now, materials)),
        ("shipping", {f"{_stamp(now)}-0001.json": _reports(demo_statuses(plan))}),
    ):
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        for old in place.glob("*.json"):
            old.unlink()
        for file, document in documents.items():
            _write(place / file, document)


LATER = datetime(2100, 1, 1, tzinfo=UTC)


class Clerk:
    """Looks for shipments that have arrived since the start, and writes for each once."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._shipments = {shipment.id: shipment for shipment in plan.shipments}
        self._written: set[str] = set()
        self._since = datetime.now(UTC)

    def look(self, connection: Connection) -> list[str]:
        """Write what is new; returns the shipments that it was for."""
        arrived = events.of_kinds(connection, ["shipment_arrived"], self._since, LATER)
        fresh = {
            event.shipment_id: event.event_time
            for event in arrived
            if event.shipment_id in self._shipments and event.shipment_id not in self._written
        }
        for shipment_id, at in fresh.items():
            self._receive(shipment_id, at)
            self._written.add(shipment_id)
        return sorted(fresh)

    def _receive(self, shipment_id: str, at: datetime) -> None:
        manifest = self._manifest(shipment_id)
        receipt = manifest and demo_receipt(manifest, at, MISHAPS.get(shipment_id, NOTHING))
        if receipt:
            _write(self._folder / "kpu" / f"{_stamp(at)}-{shipment_id}.json", receipt)
        delivered = demo_delivered(self._shipments[shipment_id], at)
        if delivered:
            place = self._folder / "shipping" / f"{_stamp(at)}-{shipment_id}.json"
            _write(place, _reports(delivered))

    def _manifest(self, shipment_id: str) -> Mapping[str, Any] | None:
        for file in sorted((self._folder / "kpu").glob(f"*-{shipment_id}.json")):
            document: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
            return dict(document["manifests"][0])
        return None


def _reports(statuses: list[dict[str, Any]]) -> dict[str, Any]:
    return {"format": "kawal-shipping", "version": 1, "source": "PT Pos (peragaan)",
            "statuses": statuses}  # fmt: skip


def _stamp(at: datetime) -> str:
    return f"{at.timestamp():011.0f}"


def _write(file: Path, document: object) -> None:
    """Whole or not at all: the stand-in may look at any moment."""
    fresh = file.with_suffix(".part")
    fresh.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    fresh.replace(file)
