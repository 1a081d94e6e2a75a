"""Journeys made up by Hypothesis, and the ways in which their messages may arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.support.journeys import INTERVAL, START

BUFFERED_S = 60  # as firmware does: what waited longer is marked
LONGEST_S = 72 * 3600

_PLACES = st.sampled_from(
    [
        ("stand", 110.0, -7.0),  # at the sender
        ("stand", 110.5, -7.0),  # at a warehouse off the plan
        ("stand", 110.3, -7.0),  # on the open road
        ("stand", 111.0, -7.0),  # at the receiver
        ("drive", 110.2, -7.0),
        ("drive", 110.6, -7.0),
        ("drive", 110.3, -7.03),  # 1.3 km outside the corridor
        ("drive", 110.7, -7.08),
        ("wild", 118.0, 1.0),
    ]
)
_REPORTS = st.sampled_from(["seal_opened", "sos", "door_opened", "door_closed", "battery_low"])


@dataclass(frozen=True)
class Message:
    """A record as firmware writes it, and how long it is under way. `seq` is in `record`."""

    is_report: bool
    record: dict[str, Any]
    time: datetime
    delay_s: float

    @property
    def received_at(self) -> datetime:
        return self.time + timedelta(seconds=self.delay_s)


@st.composite
def journeys(draw: st.DrawFn) -> list[Message]:
    """Standing, driving, straying and jumping for an hour, with reports, in pieces of which
    each is sent at once or kept for up to 72 h and then comes in any order."""
    messages: list[Message] = []
    step = 0
    for kind, lon, lat in draw(st.lists(_PLACES, min_size=3, max_size=9)):
        delay_s = draw(st.one_of(st.just(2.0), st.floats(BUFFERED_S, LONGEST_S)))
        for number in range(1 if kind == "wild" else draw(st.integers(2, 14))):
            step += draw(st.sampled_from([1, 1, 1, 2, 6]))
            moved = number * 0.004 if kind == "drive" else 0.0
            speed_kmh = 0.0 if kind == "stand" else 55.0
            jitter_s = draw(st.integers(0, 900)) if delay_s > BUFFERED_S else 0
            messages.append(_fix(step, lon + moved, lat, speed_kmh, delay_s + jitter_s))
        if draw(st.booleans()):
            step += 1
            late_s = draw(st.one_of(st.just(2.0), st.floats(BUFFERED_S, LONGEST_S)))
            messages.append(_report(step, draw(_REPORTS), late_s))
    return messages


def _fix(step: int, lon: float, lat: float, speed_kmh: float, delay_s: float) -> Message:
    time = START + step * INTERVAL
    record = {
        "seq": step,
        "fix_time": _text(time),
        "lat_deg": lat,
        "lon_deg": lon,
        "accuracy_m": 8.0,
        "speed_kmh": speed_kmh,
        "buffered": delay_s > BUFFERED_S,
    }
    return Message(False, record, time, delay_s)


def _report(step: int, kind: str, delay_s: float) -> Message:
    time = START + step * INTERVAL
    record = {
        "seq": step,
        "event": kind,
        "event_time": _text(time),
        "buffered": delay_s > BUFFERED_S,
    }
    return Message(True, record, time, delay_s)


def _text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


@st.composite
def deliveries(draw: st.DrawFn, messages: list[Message]) -> list[list[tuple[int, datetime]]]:
    """Batches of (index of the message, received at) in the order of receipt, some messages
    more than once."""
    arrivals = [(message.received_at, index) for index, message in enumerate(messages)]
    for index in draw(st.lists(st.integers(0, len(messages) - 1), max_size=10)):
        again_s = draw(st.floats(1, 3600))
        arrivals.append((messages[index].received_at + timedelta(seconds=again_s), index))
    arrivals.sort()
    size = draw(st.integers(1, 12))
    batches = [arrivals[first : first + size] for first in range(0, len(arrivals), size)]
    return [[(index, at) for at, index in batch] for batch in batches]
