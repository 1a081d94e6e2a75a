"""Frames against the written protocol: its vectors and its schema."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_sim import frame
from firmware_sim.frame import Ack, Command, FrameError, Record
from tests.unit.firmware_sim.support import VALIDATORS, VECTORS, check_frame

POSITIONS = {v["name"]: v for v in json.loads((VECTORS / "positions.json").read_text("utf-8"))}
EVENTS = {v["name"]: v for v in json.loads((VECTORS / "events.json").read_text("utf-8"))}
NUMBERS = (
    *("lat_deg", "lon_deg", "speed_kmh", "course_deg", "altitude_m", "accuracy_m", "hdop"),
    *("satellites", "battery_pct", "signal_dbm", "buffered", "jamming", "mock"),
)
FIX: dict[str, Any] = {
    "fix_time": datetime(2024, 11, 26, 3, 15, 7, tzinfo=UTC),
    "lat_deg": -6.21462,
    "lon_deg": 106.84513,
    "accuracy_m": 8.5,
}


def test_a_single_fix_is_the_golden_vector_byte_for_byte() -> None:
    vector = POSITIONS["single fix, all fields"]
    known = vector["positions"][0]
    fields = frame.fields(
        fix_time=datetime.fromisoformat(known["fix_time"]),
        **{name: known[name] for name in NUMBERS},
    )
    record = Record(known["epoch"], known["seq"], "position", fields)
    assert frame.topic(known["device_id"], "position") == vector["topic"]
    assert frame.encode([record], vector["oldest_seq"]).decode() == vector["payload"]


def test_a_batch_is_the_golden_vector_without_its_bad_record() -> None:
    vector = POSITIONS["batch: a bad record does not lose its neighbours"]
    expected = json.loads(vector["payload"])
    del expected["records"][1]
    batch = [
        Record(
            known["epoch"],
            known["seq"],
            "position",
            frame.fields(
                fix_time=datetime.fromisoformat(known["fix_time"]),
                lat_deg=known["lat_deg"],
                lon_deg=known["lon_deg"],
                accuracy_m=known["accuracy_m"],
                buffered=known["buffered"],
            ),
        )
        for known in vector["positions"]
    ]
    compact = json.dumps(expected, separators=(",", ":"))
    assert frame.encode(batch, vector["oldest_seq"]).decode() == compact


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_is_the_golden_vector_byte_for_byte(name: str) -> None:
    vector = EVENTS[name]
    known, sent = vector["events"][0], json.loads(vector["payload"])
    fix_time = sent.get("fix_time")
    fields = frame.fields(
        event=known["kind"],
        event_time=datetime.fromisoformat(known["event_time"]),
        fix_time=None if fix_time is None else datetime.fromisoformat(fix_time),
        lat_deg=known["lat_deg"],
        lon_deg=known["lon_deg"],
        accuracy_m=sent.get("accuracy_m"),
        seal_no=known["seal_no"],
        battery_pct=sent.get("battery_pct"),
        buffered=sent["buffered"],
    )
    record = Record(known["epoch"], known["seq"], "event", fields)
    assert frame.encode([record]).decode() == vector["payload"]


def test_times_are_utc_with_milliseconds() -> None:
    jakarta = timezone(timedelta(hours=7))
    moment = datetime(2024, 11, 26, 10, 15, 7, 123_456, tzinfo=jakarta)
    assert frame.time_text(moment) == "2024-11-26T03:15:07.123Z"


@given(
    st.fixed_dictionaries(
        {
            "lat_deg": st.floats(-90, 90),
            "lon_deg": st.floats(-180, 180),
            "accuracy_m": st.floats(1e-6, 100_000),
        },
        optional={
            "course_deg": st.floats(0, 359.999_999),
            "speed_kmh": st.floats(0, 2_000),
            "battery_pct": st.floats(0, 100),
            "hdop": st.floats(1e-6, 100),
            "altitude_m": st.floats(-500, 20_000),
            "signal_dbm": st.floats(-150, 0),
        },
    )
)
@example({"lat_deg": -7.0, "lon_deg": 110.0, "accuracy_m": 5.0, "course_deg": 359.97})
def test_any_fix_fits_the_schema(fix: dict[str, float]) -> None:
    fields = frame.fields(fix_time=FIX["fix_time"], **fix)
    payload = frame.encode([Record(1, 1, "position", fields)], 1)
    message = check_frame("kawal/v1/A/position", payload)
    assert set(fix) <= set(message)
    assert message["lat_deg"] == pytest.approx(fix["lat_deg"], abs=1e-6)
    turned = message.get("course_deg", 0.0) - fix.get("course_deg", 0.0)
    assert abs((turned + 180) % 360 - 180) <= 0.051


def test_a_message_holds_1_to_100_records() -> None:
    record = Record(1, 1, "position", frame.fields(**FIX))
    check_frame("kawal/v1/A/position", frame.encode([record] * 100, 1))
    for count in (0, 101):
        with pytest.raises(ValueError, match=f"1 to 100 records, not {count}"):
            frame.encode([record] * count)


def test_what_is_not_a_number_is_never_sent() -> None:
    fields = frame.fields(**{**FIX, "lat_deg": float("nan")})
    with pytest.raises(ValueError, match="not JSON compliant"):
        frame.encode([Record(1, 1, "position", fields)])


def test_the_last_will_is_the_protocols() -> None:
    assert frame.last_will() == b'{"v":1,"state":"offline","reason":"connection_lost"}'
    check_frame("kawal/v1/A/status", frame.last_will())


def test_only_four_events_are_alarms() -> None:
    alarms = [
        name
        for name in VALIDATORS["event"].schema["$defs"]["event_record"]["properties"]["event"][
            "enum"
        ]
        if Record(1, 1, "event", {"event": name}).alarm
    ]
    assert alarms == ["seal_opened", "seal_cut", "tamper", "sos"]


@pytest.mark.parametrize(
    "payload",
    [b'{"v":1,"epoch":3,"seq":1842}', b'{"v":1,"epoch":3,"seq":1842,"from_the_future":[1]}'],
)
def test_an_acknowledgement_is_read(payload: bytes) -> None:
    assert frame.decode_ack(payload) == Ack(3, 1842)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b"", "payload"),
        (b"\xff", "payload"),
        (b"[1]", "payload"),
        (b"[" * 100_000, "payload"),
        (b'{"v":2,"epoch":1,"seq":1}', "v"),
        (b'{"v":true,"epoch":1,"seq":1}', "v"),
        (b'{"v":1,"seq":1}', "epoch"),
        (b'{"v":1,"epoch":0,"seq":1}', "epoch"),
        (b'{"v":1,"epoch":1,"seq":-1}', "seq"),
        (b'{"v":1,"epoch":1,"seq":1.5}', "seq"),
        (b'{"v":1,"epoch":1,"seq":true}', "seq"),
        (b'{"v":1,"epoch":1,"seq":"7"}', "seq"),
    ],
)
def test_anything_else_is_no_acknowledgement(payload: bytes, field: str) -> None:
    with pytest.raises(FrameError) as refused:
        frame.decode_ack(payload)
    assert refused.value.field == field


def test_commands_are_read_known_or_not() -> None:
    known = b'{"v":1,"id":"c-18","command":"set_report_interval","report_interval_s":10}'
    VALIDATORS["command"].validate(json.loads(known))
    assert frame.decode_command(known) == Command("c-18", "set_report_interval", 10)
    assert frame.decode_command(b'{"v":1,"id":"c","command":"dance"}') == Command("c", "dance")


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b'{"v":1,"command":"report_now"}', "id"),
        (b'{"v":1,"id":"","command":"report_now"}', "id"),
        (b'{"v":1,"id":"a\\u0000","command":"report_now"}', "id"),
        (b'{"v":1,"id":"c","command":7}', "command"),
    ],
)
def test_a_command_that_cannot_be_answered_is_none(payload: bytes, field: str) -> None:
    with pytest.raises(FrameError) as refused:
        frame.decode_command(payload)
    assert refused.value.field == field
