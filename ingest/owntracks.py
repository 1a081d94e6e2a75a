"""OwnTracks: any phone is a tracker (docs/reference/owntracks.md).

Read leniently, for real phones send numbers as text, -1 or 0 for unknown, and messages
that are none of our business. The device id is the user of the topic
`owntracks/<user>/<device>`; a phone does not number its fixes.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from db.rejections import Rejection
from db.statuses import Status
from domain.positions import Position
from ingest.wire import EARLIEST, LATEST

UNKNOWN_ACCURACY_M = 100.0  # acc missing or 0: what a phone has without GNSS in a town
_TOPIC = re.compile(r"owntracks/([A-Za-z0-9_-]{1,64})/[^/]{1,64}(/\w+)?")
_NOT_OURS = frozenset(
    {"card", "waypoint", "waypoints", "transition", "configuration", "cmd", "steps", "dump",
     "request", "status", "beacon"}
)  # fmt: skip


class _FaultError(ValueError):
    """A field that cannot be used: (field, reason)."""


def decode(
    topic: str, payload: bytes, received_at: datetime
) -> Position | Status | Rejection | None:
    """One message of a phone; None where it holds nothing for us.

    A fault comes back as a Rejection with field and reason; nothing is raised.
    """
    match = _TOPIC.fullmatch(topic)
    if match is None:
        reason = "not owntracks/<user>/<device>, user of A-Z a-z 0-9 _ -"
        return Rejection(received_at, topic, None, "topic", reason, payload)
    try:
        return _read(match[1], payload, received_at)
    except _FaultError as fault:
        field, reason = fault.args
        return Rejection(received_at, topic, match[1], field, reason, payload)


def _read(user: str, payload: bytes, received_at: datetime) -> Position | Status | None:
    if not payload:
        return None  # a retained message was cleared
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise _FaultError("payload", f"not JSON: {error}") from error
    kind = message.get("_type") if isinstance(message, dict) else None
    if kind == "location":
        return _position(user, message, received_at)
    if kind == "lwt":
        # its tst is when the app connected, not when it was lost
        return Status(user, "offline", None, received_at, reason="connection_lost")
    if kind == "encrypted":
        raise _FaultError("_type", "encrypted: switch encryption off in the app, TLS protects")
    if isinstance(kind, str) and kind in _NOT_OURS:
        return None
    raise _FaultError("_type", f"unknown: {str(kind)[:40]!r}")


def _position(user: str, message: dict[str, Any], received_at: datetime) -> Position:
    accuracy_m = _number(message, "acc", 0, 1e6)
    fix_time = _time(message)
    return Position(
        device_id=user,
        fix_time=fix_time,
        epoch=0,
        seq=0,
        received_at=received_at,
        lat_deg=_must(message, "lat", -90, 90),
        lon_deg=_must(message, "lon", -180, 180),
        speed_kmh=_number(message, "vel", 0, 2000),
        course_deg=_course(message),
        altitude_m=_number(message, "alt", -500, 20_000),
        accuracy_m=accuracy_m or UNKNOWN_ACCURACY_M,
        hdop=None,
        satellites=None,
        battery_pct=_number(message, "batt", 0, 100),
        signal_dbm=None,
        buffered=(received_at - fix_time).total_seconds() > 60,
        jamming=0,
        mock=False,
        source="owntracks",
        flags=0,
    )


def _time(message: dict[str, Any]) -> datetime:
    seconds = _must(message, "tst", EARLIEST.timestamp(), LATEST.timestamp() - 1)
    return datetime.fromtimestamp(seconds, UTC)


def _course(message: dict[str, Any]) -> float | None:
    course = _number(message, "cog", 0, 360)
    return None if course is None else course % 360


def _must(message: dict[str, Any], name: str, low: float, high: float) -> float:
    value = _float(message.get(name))
    if value is None:
        raise _FaultError(name, "missing, or not a number")
    if not low <= value <= high:
        raise _FaultError(name, f"{value:g} is not between {low:g} and {high:g}")
    return value


def _number(message: dict[str, Any], name: str, low: float, high: float) -> float | None:
    """An optional number; what is out of range (-1 for unknown) counts as not reported."""
    value = _float(message.get(name))
    return value if value is not None and low <= value <= high else None


def _float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
