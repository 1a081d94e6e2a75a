"""Recorded facts read back: the NDJSON that `kawal positions` and `kawal events` print."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from domain.events import DeviceEvent, Origin
from domain.positions import Position

_OPTIONAL = (
    "speed_kmh", "course_deg", "altitude_m", "hdop", "satellites", "battery_pct", "signal_dbm",
)  # fmt: skip


class _RefusedError(ValueError):
    def __init__(self, field_name: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field_name, reason


@dataclass(slots=True)
class Recorded:
    """Fixes, reports of devices, and (line, field, reason) of what could not be read.

    `left_out`: events of the rules themselves and superseded ones; a rehearsal finds its own.
    """

    positions: list[Position] = field(default_factory=list)
    reports: list[DeviceEvent] = field(default_factory=list)
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    left_out: int = 0


def read_recorded(lines: Iterable[str]) -> Recorded:
    """Read lines of positions or events, or both in any order; blank lines are passed over."""
    found = Recorded()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            _take(_object(line), found)
        except _RefusedError as bad:
            found.refused.append((number, bad.field, bad.reason))
    return found


def _object(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_constant=_not_a_number)
    except (ValueError, RecursionError) as error:
        raise _RefusedError("line", f"is not JSON ({error})") from None
    if not isinstance(row, dict):
        raise _RefusedError("line", "is not a JSON object")
    return row


def _not_a_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _take(row: dict[str, Any], found: Recorded) -> None:
    if "fix_time" in row:
        found.positions.append(_position(row))
    elif "event_time" not in row:
        raise _RefusedError("line", "has neither fix_time nor event_time")
    elif row.get("origin") == Origin.DEVICE and row.get("superseded_at") is None:
        found.reports.append(_report(row))
    else:
        found.left_out += 1


def _position(row: dict[str, Any]) -> Position:
    optional = {name: _number(row, name, None) for name in _OPTIONAL}
    satellites = optional.pop("satellites")
    return Position(
        device_id=_text(row, "device_id"),
        fix_time=_time(row, "fix_time"),
        epoch=_whole(row, "epoch"),
        seq=_whole(row, "seq"),
        received_at=_time(row, "received_at"),
        lat_deg=_within(row, "lat_deg", 90),
        lon_deg=_within(row, "lon_deg", 180),
        accuracy_m=_number(row, "accuracy_m") or 0.0,
        satellites=None if satellites is None else int(satellites),
        buffered=row.get("buffered") is True,
        jamming=_whole(row, "jamming"),
        mock=row.get("mock") is True,
        source=str(row.get("source", "wire")),
        flags=0,  # the rehearsal judges anew
        **optional,
    )


def _report(row: dict[str, Any]) -> DeviceEvent:
    detail = row.get("detail") or {}
    if not isinstance(detail, dict):
        raise _RefusedError("detail", "is not an object")
    event_time = _time(row, "event_time")
    return DeviceEvent(
        device_id=_text(row, "device_id"),
        epoch=0,
        seq=_whole(row, "event_id"),
        kind=_text(row, "kind"),
        event_time=event_time,
        received_at=_time(row, "recorded_at") if row.get("recorded_at") else event_time,
        buffered=row.get("late_by_s") is not None,
        lat_deg=_number(row, "lat_deg", None),
        lon_deg=_number(row, "lon_deg", None),
        accuracy_m=None,
        seal_no=_text_or_none(detail, "seal_no"),
        light_lux=_number(detail, "light_lux", None),
        battery_pct=_number(detail, "battery_pct", None),
        note=_text_or_none(detail, "note"),
    )


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise _RefusedError(name, "must be a text")
    return value


def _text_or_none(row: dict[str, Any], name: str) -> str | None:
    return None if row.get(name) is None else _text(row, name)


def _time(row: dict[str, Any], name: str) -> datetime:
    try:
        time = datetime.fromisoformat(_text(row, name))
    except ValueError:
        raise _RefusedError(name, "is not a time (RFC 3339)") from None
    if time.tzinfo is None:
        raise _RefusedError(name, "has no zone")
    return time.astimezone(UTC)


_REQUIRED = object()


def _number(row: dict[str, Any], name: str, missing: object = _REQUIRED) -> float | None:
    value = row.get(name)
    if value is None and missing is not _REQUIRED:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _RefusedError(name, "must be a number")
    return float(value)


def _within(row: dict[str, Any], name: str, most: float) -> float:
    value = _number(row, name) or 0.0
    if abs(value) > most:
        raise _RefusedError(name, f"is not within -{most:g}..{most:g}")
    return value


def _whole(row: dict[str, Any], name: str) -> int:
    return int(_number(row, name, None) or 0)
