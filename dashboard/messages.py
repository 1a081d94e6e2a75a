"""Rows as the browser reads them: tables in columns, times in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from dashboard.markers import marker
from db.views import AlertRow, DeviceRow, PositionRow, ProgressRow, ShipmentRow, StatusRow
from domain.alerts import Severity
from domain.priority import Standing, is_loud, priority

Columns = dict[str, list[Any]]
Numbering = Callable[[str], int]

DEVICE_COLUMNS = ("i", "id", "kind", "name", "every", "registered", "shipment")
STATUS_COLUMNS = ("i", "state", "heard", "every")
POSITION_COLUMNS = (
    *("i", "lon", "lat", "course", "speed", "accuracy", "battery", "signal"),
    *("fix", "heard", "marker", "flags"),
)
PROGRESS_COLUMNS = (
    *("shipment", "percent", "left_m", "length_m", "fix", "early", "eta", "late"),
    *("wrong_way", "mode", "at"),
)
ALERT_TIMES = (
    *("opened_at", "raised_at", "last_seen_at", "cleared_at", "handled_at"),
    *("escalated_at", "shelved_until"),
)


def device_columns(rows: Iterable[DeviceRow], number: Numbering) -> Columns:
    """`every`: seconds between two reports, by the plan."""
    return _columns(
        DEVICE_COLUMNS,
        (
            (
                number(row.device_id),
                row.device_id,
                row.kind,
                row.name,
                row.report_interval_s,
                row.registered,
                row.shipment_id,
            )
            for row in rows
        ),
    )


def status_columns(rows: Iterable[StatusRow], number: Numbering) -> Columns:
    """`every`: seconds between two reports, by the device's own word."""
    return _columns(
        STATUS_COLUMNS,
        (
            (
                number(row.device_id),
                row.state,
                milliseconds(row.received_at),
                row.report_interval_s,
            )
            for row in rows
        ),
    )


def position_columns(
    rows: Iterable[PositionRow], number: Numbering, late_after_s: float
) -> Columns:
    """Degrees to 1e-6 (0.1 m), whole degrees of course, km/h to 0.1, metres to 0.1."""
    return _columns(
        POSITION_COLUMNS,
        (
            (
                number(row.device_id),
                round(row.lon_deg, 6),
                round(row.lat_deg, 6),
                _rounded(row.course_deg, 0),
                _rounded(row.speed_kmh, 1),
                round(row.accuracy_m, 1),
                _rounded(row.battery_pct, 0),
                _rounded(row.signal_dbm, 0),
                milliseconds(row.fix_time),
                milliseconds(row.received_at),
                int(marker(row, late_after_s)),
                row.flags,
            )
            for row in rows
        ),
    )


def progress_columns(rows: Iterable[ProgressRow]) -> Columns:
    """How far shipments are: metres to the metre, `at` when ingest reckoned it."""
    return _columns(
        PROGRESS_COLUMNS,
        (
            (
                row.shipment_id,
                row.percent,
                round(row.length_m - row.along_m),
                round(row.length_m),
                milliseconds(row.fix_time),
                *(time and milliseconds(time) for time in (row.eta_early, row.eta, row.eta_late)),
                row.wrong_way,
                row.stretch_mode,
                milliseconds(row.updated_at),
            )
            for row in rows
        ),
    )


def shipment_object(row: ShipmentRow) -> dict[str, Any]:
    """A shipment by the names of its columns."""
    times = {
        "planned_departure": milliseconds(row.planned_departure),
        "planned_arrival": milliseconds(row.planned_arrival),
    }
    return row._asdict() | times


def alert_object(row: AlertRow) -> dict[str, Any]:
    """An alert by the names of its columns, with its priority and whether it is loud."""
    standing = alert_standing(row)
    plain = row._asdict() | {"priority": priority(standing), "loud": is_loud(standing)}
    for name in ALERT_TIMES:
        plain[name] = milliseconds(plain[name]) if plain[name] else None
    return plain


def alert_standing(row: AlertRow) -> Standing:
    """What decides how loud an alert may be."""
    return Standing(
        Severity(row.severity),
        is_late=row.late_by_s is not None,
        is_quiet=row.quiet,
        is_child=row.parent_id is not None,
        is_shelved=row.shelved_until is not None,
    )


def milliseconds(time: datetime) -> int:
    """Since 1970, as browsers count."""
    return round(time.timestamp() * 1000)


def _columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Columns:
    table = list(rows)
    if not table:
        return {}
    return dict(zip(names, map(list, zip(*table, strict=True)), strict=True))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
