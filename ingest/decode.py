"""Decode: topic and bytes become positions, reports, statuses, or a rejection with its reason.

A bad record never loses the good ones beside it. Its number, where it can be read, counts
as received all the same: a record that cannot be stored must not be sent for ever.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from db.ledger import Received
from db.rejections import Rejection
from db.statuses import Status
from domain.events import DeviceEvent
from domain.positions import Position
from domain.quality import intrinsic_flags
from domain.settings import Rules
from ingest import owntracks
from ingest.wire import (
    POSITION,
    POSITION_BATCH,
    POSITION_RECORD,
    AnyBatch,
    Envelope,
    EventRecord,
    PositionRecord,
    SingleEvent,
    StatusMessage,
)

MOST_BYTES = 32_768
_LAST_FIX = ("lat_deg", "lon_deg", "accuracy_m", "fix_time")
METRES_PER_HDOP = 5.0  # user range error of a single-frequency receiver, 68 %
_TOPIC = re.compile(r"kawal/v1/([A-Za-z0-9_-]{1,64})/(position|event|status)")


class Raw(NamedTuple):
    """A message as it came from the broker. `session` and `mid` are for its acknowledgement."""

    topic: str
    payload: bytes
    received_at: datetime
    session: int = 0
    mid: int = 0


@dataclass(slots=True)
class Decoded:
    """All that a batch of messages holds."""

    settings: Rules
    positions: list[Position] = field(default_factory=list)
    reports: list[DeviceEvent] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    heard: dict[str, datetime] = field(default_factory=dict)

    def reject(self, raw: Raw, device_id: str | None, where: str, reason: str) -> None:
        """Keep the whole message with the field and the reason."""
        self.rejections.append(
            Rejection(raw.received_at, raw.topic, device_id, where, reason, raw.payload)
        )


@lru_cache(maxsize=65_536)
def _topic(topic: str) -> tuple[str, str] | None:
    match = _TOPIC.fullmatch(topic)
    return (match[1], match[2]) if match else None


def decode(messages: Sequence[Raw], settings: Rules) -> Decoded:
    """Read a batch of messages. Never raises for what is in them."""
    found = Decoded(settings)
    for raw in messages:
        named = _topic(raw.topic)
        if len(raw.payload) > MOST_BYTES:
            reason = f"{len(raw.payload)} bytes, at most {MOST_BYTES} are taken"
            found.reject(raw, named[0] if named else None, "payload", reason)
        elif named is not None:
            device_id, kind = named
            if kind != "status":
                found.heard[device_id] = raw.received_at
            _READERS[kind](found, raw, device_id)
        elif raw.topic.startswith("owntracks/"):
            _owntracks(found, raw)
        else:
            found.reject(raw, None, "topic", "not a topic of wire protocol v1 or OwnTracks")
    return found


# --- position -------------------------------------------------------------------------


def _read_position(found: Decoded, raw: Raw, device_id: str) -> None:
    try:
        if b'"records"' in raw.payload:
            batch = POSITION_BATCH.validate_json(raw.payload)
        else:
            single = POSITION.validate_json(raw.payload)
            number = Received(
                device_id, single["epoch"], single["seq"], single.get("oldest_seq") or 1
            )
            _admit_position(found, raw, number, single, "")
            return
    except ValidationError as error:
        _salvage(found, raw, device_id, error, _position_record)
        return
    oldest_seq = batch.get("oldest_seq") or 1
    for index, record in enumerate(batch["records"]):
        number = Received(device_id, batch["epoch"], record["seq"], oldest_seq)
        _admit_position(found, raw, number, record, f"records[{index}].")


def _admit_position(
    found: Decoded, raw: Raw, number: Received, record: PositionRecord, where: str
) -> None:
    found.received.append(number)
    given: Any = record.get
    accuracy_m, hdop, satellites = given("accuracy_m"), given("hdop"), given("satellites")
    if accuracy_m is None:
        if hdop is None or satellites is None:
            reason = "needs accuracy_m, or hdop together with satellites"
            found.reject(raw, number.device_id, f"{where}accuracy_m", reason)
            return
        accuracy_m = hdop * METRES_PER_HDOP
    position = Position(
        number.device_id,
        record["fix_time"].astimezone(UTC),
        number.epoch,
        number.seq,
        raw.received_at,
        record["lat_deg"],
        record["lon_deg"],
        given("speed_kmh"),
        given("course_deg"),
        given("altitude_m"),
        accuracy_m,
        hdop,
        satellites,
        given("battery_pct"),
        given("signal_dbm"),
        given("buffered") or False,
        given("jamming") or 0,
        given("mock") or False,
        "wire",
        0,
    )
    flags = intrinsic_flags(position, found.settings)
    found.positions.append(position._replace(flags=flags) if flags else position)


def _position_record(text: str) -> PositionRecord:
    record: PositionRecord = POSITION_RECORD.validate_json(text)
    return record


# --- event ------------------------------------------------------------------------------


def _read_event(found: Decoded, raw: Raw, device_id: str) -> None:
    try:
        if b'"records"' in raw.payload:
            batch = AnyBatch.model_validate_json(raw.payload)
            _each_record(found, raw, device_id, batch, EventRecord.model_validate_json)
            return
        single = SingleEvent.model_validate_json(raw.payload)
    except ValidationError as error:
        _salvage(found, raw, device_id, error, EventRecord.model_validate_json)
        return
    number = Received(device_id, single.epoch, single.seq, single.oldest_seq or 1)
    _admit_event(found, raw, number, single, "")


def _admit_event(
    found: Decoded, raw: Raw, number: Received, record: EventRecord, where: str
) -> None:
    found.received.append(number)
    place = {name: getattr(record, name) for name in _LAST_FIX}
    missing = [name for name, value in place.items() if value is None]
    if 0 < len(missing) < len(place):
        reason = f"missing: {', '.join(_LAST_FIX)} belong together"
        found.reject(raw, number.device_id, where + missing[0], reason)
        return
    if record.event == "command_result" and not (record.command_id and record.result):
        reason = "command_result needs command_id and result"
        found.reject(raw, number.device_id, f"{where}command_id", reason)
        return
    note = record.note
    if record.event == "command_result":
        note = f"{record.command_id}: {record.result}"
    found.reports.append(
        DeviceEvent(
            device_id=number.device_id,
            epoch=number.epoch,
            seq=record.seq,
            kind=record.event,
            event_time=record.event_time.astimezone(UTC),
            received_at=raw.received_at,
            buffered=record.buffered or False,
            lat_deg=record.lat_deg,
            lon_deg=record.lon_deg,
            accuracy_m=record.accuracy_m,
            seal_no=record.seal_no,
            light_lux=record.light_lux,
            battery_pct=record.battery_pct,
            note=note,
        )
    )


# --- status and phones ------------------------------------------------------------------


def _read_status(found: Decoded, raw: Raw, device_id: str) -> None:
    try:
        message = StatusMessage.model_validate_json(raw.payload)
    except ValidationError as error:
        found.heard[device_id] = raw.received_at
        found.reject(raw, device_id, *_first_fault(error))
        return
    if message.state != "offline" or message.time is not None:  # else it is the last will,
        found.heard[device_id] = raw.received_at  # the broker's word and not the device's
    found.statuses.append(
        Status(
            device_id=device_id,
            reported_at=message.time.astimezone(UTC) if message.time else None,
            received_at=raw.received_at,
            **message.model_dump(exclude={"v", "time"}),
        )
    )


def _owntracks(found: Decoded, raw: Raw) -> None:
    outcome = owntracks.decode(raw.topic, raw.payload, raw.received_at)
    if isinstance(outcome, Rejection):
        found.rejections.append(outcome)
    elif isinstance(outcome, Position):
        found.heard[outcome.device_id] = raw.received_at
        flags = intrinsic_flags(outcome, found.settings)
        found.positions.append(outcome._replace(flags=flags))
        # A phone says when it is lost, and only by its fixes that it is back.
        found.statuses.append(Status(outcome.device_id, "online", None, raw.received_at))
    elif isinstance(outcome, Status):
        found.statuses.append(outcome)


_READERS = {"position": _read_position, "event": _read_event, "status": _read_status}


# --- what could not be read at once ------------------------------------------------------

ReadRecord = Callable[[str], PositionRecord | EventRecord]


def _salvage(
    found: Decoded,
    raw: Raw,
    device_id: str,
    error: ValidationError,
    read: ReadRecord,
) -> None:
    """Take the good records of a message out of one that has a fault."""
    try:
        batch = AnyBatch.model_validate_json(raw.payload)
    except ValidationError:
        found.reject(raw, device_id, *_first_fault(error))
        _note_number(found, raw, device_id)
        return
    _each_record(found, raw, device_id, batch, read)


def _each_record(
    found: Decoded,
    raw: Raw,
    device_id: str,
    batch: AnyBatch,
    read: ReadRecord,
) -> None:
    oldest_seq = batch.oldest_seq or 1
    for index, item in enumerate(batch.records):
        where = f"records[{index}]."
        try:
            record = read(json.dumps(item))
        except ValidationError as error:
            path, reason = _first_fault(error)
            found.reject(raw, device_id, where + path, reason)
            if (seq := _number(item)) is not None:
                found.received.append(Received(device_id, batch.epoch, seq, oldest_seq))
            continue
        if isinstance(record, EventRecord):
            number = Received(device_id, batch.epoch, record.seq, oldest_seq)
            _admit_event(found, raw, number, record, where)
        else:
            number = Received(device_id, batch.epoch, record["seq"], oldest_seq)
            _admit_position(found, raw, number, record, where)


def _first_fault(error: ValidationError) -> tuple[str, str]:
    """(path, reason) of the first fault; further ones are counted in the reason."""
    faults = error.errors(include_url=False, include_context=False)
    first = faults[0]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return path.lstrip(".") or "payload", first["msg"] + more


def _note_number(found: Decoded, raw: Raw, device_id: str) -> None:
    """Read the number of a single record that was refused, where it has one."""
    try:
        item = json.loads(raw.payload)
        envelope = Envelope.model_validate(item)
    except (ValueError, RecursionError):
        return
    if (seq := _number(item)) is not None:
        number = Received(device_id, envelope.epoch, seq, envelope.oldest_seq or 1)
        found.received.append(number)


def _number(item: object) -> int | None:
    seq = item.get("seq") if isinstance(item, dict) else None
    valid = isinstance(seq, int) and not isinstance(seq, bool) and 1 <= seq < 2**53
    return seq if valid else None
