"""Messages of wire protocol v1 as pydantic reads them (docs/reference/wire-protocol.md).

Strict: a number as text is refused. Unknown fields are ignored, so that firmware may be
newer than the server.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, NotRequired

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
)
from typing_extensions import TypedDict

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # a receiver with no time reports 1970 or 1980
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

Epoch = Annotated[int, Field(ge=1, le=2**31 - 1)]
Seq = Annotated[int, Field(ge=1, le=2**53 - 1)]
Time = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Accuracy = Annotated[float, Field(gt=0, le=100_000)]
Percent = Annotated[float, Field(ge=0, le=100)]
Signal = Annotated[float, Field(ge=-150, le=0)]
NO_NUL = r"^[^\x00]*$"  # PostgreSQL's text cannot hold it
SealNo = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=NO_NUL)]
ShortText = Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)]

EventKind = Literal[
    "boot", "seal_closed", "seal_opened", "seal_cut", "tamper", "light", "sos", "door_opened",
    "door_closed", "jamming_started", "jamming_ended", "fix_lost", "fix_regained",
    "battery_low", "ring_overflow", "command_result",
]  # fmt: skip


_STRICT = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class _Message(BaseModel):
    model_config = _STRICT


# Fixes are by far the most messages: as plain dicts they are read twice as fast as models.
class PositionRecord(TypedDict):
    """One fix."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    seq: Seq
    fix_time: Time
    lat_deg: Latitude
    lon_deg: Longitude
    accuracy_m: NotRequired[Accuracy | None]
    hdop: NotRequired[Annotated[float, Field(gt=0, le=100)] | None]
    satellites: NotRequired[Annotated[int, Field(ge=0, le=99)] | None]
    speed_kmh: NotRequired[Annotated[float, Field(ge=0, le=2000)] | None]
    course_deg: NotRequired[Annotated[float, Field(ge=0, lt=360)] | None]
    altitude_m: NotRequired[Annotated[float, Field(ge=-500, le=20_000)] | None]
    battery_pct: NotRequired[Percent | None]
    signal_dbm: NotRequired[Signal | None]
    buffered: NotRequired[bool | None]
    jamming: NotRequired[Literal[0, 1, 2] | None]
    mock: NotRequired[bool | None]


class _PositionEnvelope(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]

    v: Literal[1]
    epoch: Epoch
    oldest_seq: NotRequired[Seq | None]


class SinglePosition(_PositionEnvelope, PositionRecord):
    """A message with one fix."""


class PositionBatch(_PositionEnvelope):
    """A message with several fixes of one epoch."""

    records: Annotated[list[PositionRecord], Field(min_length=1, max_length=100)]


POSITION = TypeAdapter(SinglePosition).validator
POSITION_BATCH = TypeAdapter(PositionBatch).validator
POSITION_RECORD = TypeAdapter(PositionRecord).validator


class EventRecord(_Message):
    """One event that the device reports."""

    seq: Seq
    event: EventKind
    event_time: Time
    fix_time: Time | None = None
    lat_deg: Latitude | None = None
    lon_deg: Longitude | None = None
    accuracy_m: Accuracy | None = None
    seal_no: SealNo | None = None
    light_lux: Annotated[float, Field(ge=0, le=200_000)] | None = None
    battery_pct: Percent | None = None
    buffered: bool | None = None
    command_id: Name | None = None
    result: Literal["done", "refused"] | None = None
    note: ShortText | None = None


class Envelope(_Message):
    """What every numbered message says around its record or records."""

    v: Literal[1]
    epoch: Epoch
    oldest_seq: Seq | None = None


class SingleEvent(EventRecord, Envelope):
    """A message with one event."""


class AnyBatch(Envelope):
    """The envelope of a batch, its records not yet read."""

    records: Annotated[list[object], Field(min_length=1, max_length=100)]


class StatusMessage(_Message):
    """The state of a device; all but `state` may be missing."""

    v: Literal[1]
    state: Literal["online", "sleeping", "offline"]
    time: Time | None = None
    reason: ShortText | None = None
    firmware: Name | None = None
    report_interval_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    battery_pct: Percent | None = None
    signal_dbm: Signal | None = None
    ring_used: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    ring_capacity: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
