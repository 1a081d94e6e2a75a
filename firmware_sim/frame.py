"""The wire protocol, version 1, from the device's side (docs/reference/wire-protocol.md)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Kind = Literal["position", "event"]
Fields = Mapping[str, Any]
"""A record's fields as they go on the wire, without `v`, `epoch` and `seq`."""

Key = tuple[int, int]
"""(epoch, seq)"""

VERSION = 1
FIRMWARE = "sim-1.0"
DEVICE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_RECORDS = 100
MOST_BYTES = 32_768
MOST_EPOCH = 2**31 - 1
ALARMS = frozenset({"seal_opened", "seal_cut", "tamper", "sos"})
INTERVAL_S = (1.0, 86_400.0)

_DECIMALS = {
    "lat_deg": 6,
    "lon_deg": 6,
    "speed_kmh": 1,
    "course_deg": 1,
    "altitude_m": 1,
    "accuracy_m": 1,
    "hdop": 1,
    "battery_pct": 0,
    "signal_dbm": 0,
    "light_lux": 0,
}


class FrameError(ValueError):
    """A message that the protocol does not allow; `field` says where."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Record:
    """One position or event, numbered for ever."""

    epoch: int
    seq: int
    kind: Kind
    fields: Fields

    @property
    def key(self) -> Key:
        """(epoch, seq)"""
        return self.epoch, self.seq

    @property
    def alarm(self) -> bool:
        """Goes before all stored positions."""
        return self.kind == "event" and self.fields["event"] in ALARMS


@dataclass(frozen=True, slots=True)
class Ack:
    """Every record of `epoch` up to and including `seq` is committed."""

    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Command:
    """An order to the device; `report_interval_s` in seconds of the wire."""

    id: str
    name: str
    report_interval_s: float | None = None


def topic(device_id: str, leaf: str) -> str:
    """The device's topic, such as kawal/v1/KWL-0001/position."""
    return f"kawal/v1/{device_id}/{leaf}"


def time_text(moment: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(message: Fields) -> str:
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _rounded(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return time_text(value)
    if name not in _DECIMALS:
        return value
    number = round(float(value), _DECIMALS[name])
    if name == "course_deg":
        return number % 360.0
    return max(number, 0.1) if name in ("accuracy_m", "hdop") else number


def fields(**named: Any) -> dict[str, Any]:
    """A record's fields, rounded to what they can mean; those that are None left out."""
    return {name: _rounded(name, value) for name, value in named.items() if value is not None}


def encode(records: Sequence[Record], oldest_seq: int | None = None) -> bytes:
    """One message: a single record, or a batch; all of one epoch and one kind.

    Raises ValueError for none or more than 100 records.
    """
    if not 1 <= len(records) <= MOST_RECORDS:
        raise ValueError(f"a message holds 1 to {MOST_RECORDS} records, not {len(records)}")
    first = records[0]
    oldest = {} if oldest_seq is None else {"oldest_seq": oldest_seq}
    head = {"v": VERSION, "epoch": first.epoch}
    if len(records) == 1:
        return _text({**head, "seq": first.seq, **oldest, **first.fields}).encode()
    batch = [{"seq": record.seq, **record.fields} for record in records]
    return _text({**head, **oldest, "records": batch}).encode()


def status(state: Literal["online", "sleeping", "offline"], **named: Any) -> bytes:
    """The retained status message."""
    return _text({"v": VERSION, "state": state, **fields(**named)}).encode()


def last_will() -> bytes:
    """What the broker says for a device whose connection broke."""
    return _text({"v": VERSION, "state": "offline", "reason": "connection_lost"}).encode()


def _object(payload: bytes) -> dict[str, Any]:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        raise FrameError("payload", "is not JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise FrameError("payload", "is not an object")
    if found.get("v") != VERSION or isinstance(found["v"], bool):
        raise FrameError("v", f"is not {VERSION}")
    return found


def _whole(found: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = found.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise FrameError(name, f"is not a whole number {least}..{most}")
    return value


def decode_ack(payload: bytes) -> Ack:
    """Read an acknowledgement; raise FrameError for anything else."""
    found = _object(payload)
    return Ack(_whole(found, "epoch", 1, MOST_EPOCH), _whole(found, "seq", 0, 2**53 - 1))


def decode_command(payload: bytes) -> Command:
    """Read a command, known or not; raise FrameError when it cannot be answered."""
    found = _object(payload)
    for name in ("id", "command"):
        value = found.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= 64 or "\0" in value:
            raise FrameError(name, "is not text of 1 to 64 characters")
    interval_s = found.get("report_interval_s")
    if isinstance(interval_s, bool) or not isinstance(interval_s, int | float):
        interval_s = None
    return Command(found["id"], found["command"], interval_s)
