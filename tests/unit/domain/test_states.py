"""The fold over generated journeys: cut anywhere, in any order of receipt, it is the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.chart import chart
from domain.events import DeviceEvent, Event
from domain.positions import Position
from domain.quality import intrinsic_flags
from domain.rules import fold
from domain.settings import Rules
from domain.states import DeviceState, Observation, Report, order
from tests.support.generated import Message, journeys
from tests.support.journeys import plan

RULES = Rules()
SURVEY = chart(plan(), RULES)
STATE = TypeAdapter(DeviceState)

Item = Observation | Report


def position(message: Message) -> Position:
    record = message.record
    found = Position(
        "KWL-0001", message.time, 1, record["seq"], message.received_at, record["lat_deg"],
        record["lon_deg"], record["speed_kmh"], None, None, record["accuracy_m"], None, None,
        None, None, record["buffered"], 0, False, "wire", 0,
    )  # fmt: skip
    return found._replace(flags=intrinsic_flags(found, RULES))


def report(message: Message) -> Report:
    record = message.record
    event = DeviceEvent(
        "KWL-0001", 1, record["seq"], record["event"], message.time, message.received_at,
        record["buffered"], None, None, None, None, None, None, None,
    )  # fmt: skip
    return Report(message.time, event, SURVEY.journey("KWL-0001", message.time))


def measured(messages: list[Message]) -> list[Item]:
    """In the order of the fold, whatever the order of `messages`."""
    fixes = [position(message) for message in messages if not message.is_report]
    reports = [report(message) for message in messages if message.is_report]
    items: list[Item] = [*SURVEY.observe(fixes), *reports]
    return sorted(items, key=order)


def events(items: list[Item]) -> list[Event]:
    return fold(DeviceState(), items, RULES)[1]


@settings(max_examples=60, deadline=None)
@given(journeys(), st.randoms(use_true_random=False))
def test_the_order_of_receipt_does_not_matter(messages: list[Message], dice: random.Random) -> None:
    shuffled = dice.sample(messages, len(messages))
    assert events(measured(shuffled)) == events(measured(messages))


@settings(max_examples=60, deadline=None)
@given(journeys(), st.data())
def test_a_state_that_was_stored_goes_on_as_if_it_had_not_been(
    messages: list[Message], data: st.DataObject
) -> None:
    items = measured(messages)
    cut = data.draw(st.integers(0, len(items)))
    state, before, _ = fold(DeviceState(), items[:cut], RULES)
    stored = STATE.validate_json(STATE.dump_json(state))
    assert stored == state
    assert [*before, *fold(stored, items[cut:], RULES)[1]] == events(items)


@settings(max_examples=60, deadline=None)
@given(journeys())
def test_an_event_is_late_exactly_where_what_decided_it_was(messages: list[Message]) -> None:
    """And for as long as that was under way."""
    under_way = {message.time: message.delay_s for message in messages}
    for event in events(measured(messages)):
        delay_s = under_way[event.decided_at]
        late = delay_s > RULES.late_after_s
        assert event.late_by_s == (pytest.approx(delay_s) if late else None)
