"""Rows of the read models, each with one thing changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from db.views import AlertRow, Changes, DeviceRow, Plan, PositionRow, StatusRow

NOW = datetime(2024, 11, 26, 3, 15, tzinfo=UTC)


def position(device_id: str = "TRK-1", **more: Any) -> PositionRow:
    row = PositionRow(
        device_id=device_id,
        fix_time=NOW,
        received_at=NOW,
        lat_deg=-6.5,
        lon_deg=106.8,
        speed_kmh=42.0,
        course_deg=90.0,
        accuracy_m=8.0,
        battery_pct=80.0,
        signal_dbm=-83.0,
        buffered=False,
        flags=0,
    )
    return row._replace(**more)


def device(device_id: str = "TRK-1", **more: Any) -> DeviceRow:
    return DeviceRow(device_id, "TRACKER", f"Truk {device_id}", 30.0, True, None)._replace(**more)


def status(device_id: str = "TRK-1", **more: Any) -> StatusRow:
    return StatusRow(device_id, "online", NOW, None)._replace(**more)


def alert(alert_id: int = 1, **more: Any) -> AlertRow:
    row = AlertRow(
        alert_id=alert_id,
        rule="SEAL_CUT",
        severity=1,
        state="NEW",
        device_id="TRK-1",
        shipment_id="SHP-1",
        surat_jalan_no="SJ-1",
        from_name="A",
        to_name="B",
        facility_name=None,
        expected_name=None,
        tz="Asia/Jakarta",
        opened_at=NOW,
        raised_at=NOW,
        last_seen_at=NOW,
        cleared_at=None,
        late_by_s=None,
        occurrences=1,
        detail={"seal_no": "A-1"},
        handled_by=None,
        handled_at=None,
    )
    return row._replace(**more)


def plan(devices: list[DeviceRow], totals: dict[str, int] | None = None) -> Plan:
    return Plan(devices, [], totals or {}, [], [])


def changes(**more: Any) -> Changes:
    return Changes(False, NOW, [], [], [], None)._replace(**more)
