"""The rules over one device: state x observation -> state x events.

A fold in the order of time. The same observations end in the same state and the same
events, whatever order they were delivered in, so a restart and a late fix are the same
thing: fold the stored fixes again from a snapshot. The detectors are steps of their own:
`quality.judge`, `presence.attend`, `deviation.follow`, `progress.advance`, `motion.rest`, and
here the device's reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from domain import deviation, motion, presence, progress, quality
from domain.events import Event, Numbers, Origin
from domain.journeys import Journey
from domain.positions import Position
from domain.settings import Rules
from domain.states import DeviceState, Moment, Observation, Report, late_by_s, start_journey


def fold(
    state: DeviceState,
    items: Iterable[Observation | Report],
    settings: Rules,
    standing: Callable[[datetime], Rules] | None = None,
) -> tuple[DeviceState, list[Event], list[Position]]:
    """Take `items` (of one device, sorted by `states.order`) one after the other.

    A journey has its rules with it; without one, those that were `standing` at the time
    hold, or `settings` where these never changed.
    Returns the state after the last, the events found, and those positions whose flags
    came out differently from those they carry.
    """
    events: list[Event] = []
    reflagged: list[Position] = []
    for given in items:
        item = _on_its_leg(given, given.journey) if given.journey else given
        journey = item.journey
        if _shipment(journey) != state.shipment_id:
            state = start_journey(state, journey)
        if journey is None or journey.rules is None:
            rules = standing(item.time) if standing else settings
        else:
            rules = journey.rules
        if isinstance(item, Report):
            state = _report(state, item, rules, events)
            continue
        state, flags = _fix(state, Moment(item, rules, events))
        if flags != item.position.flags:
            reflagged.append(item.position._replace(flags=flags))
    return state, events, reflagged


def _on_its_leg(item: Observation | Report, journey: Journey) -> Observation | Report:
    """A journey over several kinds of leg has the rules of the one that it is on."""
    if not journey.legs or isinstance(item, Report):
        return item
    return item._replace(journey=journey.at(item.along_m))


def _shipment(journey: Journey | None) -> str | None:
    return journey.shipment_id if journey else None


def _fix(state: DeviceState, moment: Moment) -> tuple[DeviceState, int]:
    state, flags = quality.judge(state, moment)
    if flags & quality.UNUSABLE:
        return state._replace(time=moment.now), flags
    state = presence.attend(state, moment)
    state = deviation.follow(state, moment)
    state = progress.advance(state, moment)
    return motion.rest(state, moment), flags


def _report(
    state: DeviceState, report: Report, settings: Rules, events: list[Event]
) -> DeviceState:
    """Tell what the device tells. A seal of a shipment that is opened inside the sender's or
    the receiver's fence is work; elsewhere, or where the place is not known, an alert."""
    now, event, journey = report
    lat_deg, lon_deg = event.lat_deg, event.lon_deg
    if lat_deg is None and state.good is not None:
        lat_deg, lon_deg = state.good.lat_deg, state.good.lon_deg
    numbers: Numbers = {
        "seal_no": event.seal_no,
        "light_lux": event.light_lux,
        "battery_pct": event.battery_pct,
        "note": event.note,
    }
    events.append(
        Event(
            kind=event.kind,
            origin=Origin.DEVICE,
            device_id=event.device_id,
            event_time=event.event_time,
            decided_at=now,
            shipment_id=_shipment(journey),
            late_by_s=late_by_s(event.event_time, event.received_at, settings),
            lat_deg=lat_deg,
            lon_deg=lon_deg,
            numbers={name: value for name, value in numbers.items() if value is not None},
            in_transit=_in_transit(state, journey),
            ordinal=f"{event.epoch}.{event.seq}",
            rules_version=journey.rules_version if journey else None,
        )
    )
    return state._replace(time=now)


def _in_transit(state: DeviceState, journey: Journey | None) -> bool:
    if journey is None:
        return False
    return journey.from_facility not in state.inside and journey.to_facility not in state.inside
