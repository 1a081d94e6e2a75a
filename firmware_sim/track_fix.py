"""One recorded position, and how its values are read from text."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from firmware_sim.frame import DEVICE_ID

YEARS = range(1980, 2100)  # GPS began in 1980
LIMITS = {
    "lat": (-90.0, 90.0),
    "lon": (-180.0, 180.0),
    "speed": (0.0, 2_000.0),
    "course": (0.0, 360.0),
    "accuracy": (0.001, 100_000.0),
    "altitude": (-500.0, 20_000.0),
}


class RowError(ValueError):
    """A row that cannot be used: `field` says where, `reason` why."""

    def __init__(self, field_name: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field_name, reason


@dataclass(frozen=True, slots=True)
class TrackFix:
    """One recorded position."""

    device_id: str
    fix_time: datetime
    lat_deg: float
    lon_deg: float
    accuracy_m: float
    speed_kmh: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None


def checked_device(name: str) -> str:
    """The name, if it can be a device id; else RowError."""
    if not DEVICE_ID.fullmatch(name):
        raise RowError("device", f"{name[:80]!r} is not 1 to 64 of A-Z a-z 0-9 _ -")
    return name


def number(what: str, text: str) -> float:
    """A finite number within the wire's limits for `what`; else RowError."""
    try:
        if "_" in text:
            raise ValueError
        value = float(text.replace(",", ".") if text.count(",") == 1 else text)
    except ValueError:
        raise RowError(what, f"{text[:40]!r} is not a number") from None
    least, most = LIMITS[what]
    if not math.isfinite(value) or not least <= value <= most:
        raise RowError(what, f"{text[:40]} is not within {least:g}..{most:g}")
    return value


def fix_time(text: str, zone: ZoneInfo | None) -> datetime:
    """A time as ISO 8601 or in seconds (or milliseconds) since 1970, in UTC."""
    if text.isascii() and text.isdigit() and len(text) in (9, 10, 12, 13):
        moment = datetime.fromtimestamp(int(text) / (1000 if len(text) > 10 else 1), tz=UTC)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise RowError("time", f"{text[:40]!r} is not a time (ISO 8601)") from None
    return in_utc(moment, zone)


def in_utc(moment: datetime, zone: ZoneInfo | None) -> datetime:
    """The moment in UTC; RowError without a zone or outside the age of GNSS."""
    if moment.tzinfo is None:
        if zone is None:
            raise RowError("time", "has no zone; give a time zone for the file")
        moment = moment.replace(tzinfo=zone)
    if moment.year not in YEARS:
        raise RowError("time", f"year {moment.year} is not within 1980..2099")
    return moment.astimezone(UTC)
