"""Presence: entering and leaving fences, departure, arrival, the wrong destination.

Inside needs the fix inside, for as long as the rules call a stay; outside needs the whole
error circle past the margin. Between the two nothing changes, so a truck parked on the line
rings nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.events import Numbers
from domain.journeys import Journey
from domain.states import NO_VOTES, DeviceState, Moment, Visit, Votes, confirmed, vote

SLOW_KMH = 5.0  # walking pace: a truck below it stands


def attend(state: DeviceState, moment: Moment) -> DeviceState:
    """Take a good fix into account for every fence near it or occupied before it."""
    seen = moment.seen
    if not seen.fences and not state.inside and not state.votes:
        return state
    signed = dict(seen.fences)
    for place in sorted({*signed, *state.inside, *state.votes}):
        state = _fence(state, moment, place, signed.get(place))
    return _destination(state, moment)


def _fence(state: DeviceState, moment: Moment, place: str, signed_m: float | None) -> DeviceState:
    visit, settings = state.inside.get(place), moment.settings
    accuracy = moment.accuracy_m
    if visit is None:
        judgement = signed_m is not None and signed_m <= 0
    else:
        judgement = signed_m is None or signed_m - accuracy > settings.fence_margin_m
    votes = vote(state.votes.get(place, NO_VOTES), judgement, moment.now, settings)
    since = votes.since or moment.now
    passing = visit is None and (moment.now - since).total_seconds() < settings.fence_dwell_s
    if passing or not confirmed(votes, settings):
        return state._replace(votes=_with(state.votes, place, votes))
    state = state._replace(votes=_with(state.votes, place, NO_VOTES))
    numbers: Numbers = {
        "signed_m": None if signed_m is None else round(signed_m, 1),
        "accuracy_m": round(accuracy, 1),
        "fixes": sum(votes.window),
        "margin_m": settings.fence_margin_m,
        "dwell_s": (moment.now - since).total_seconds(),
    }
    if visit is None:
        return _enter(state, moment, place, since, numbers)
    return _leave(state, moment, place, since, numbers)


def _enter(
    state: DeviceState, moment: Moment, place: str, since: datetime, numbers: Numbers
) -> DeviceState:
    moment.tell("fence_entered", since, place=place, numbers=numbers)
    state = state._replace(inside={**state.inside, place: Visit(since)})
    journey = moment.seen.journey
    if journey is None or place != journey.to_facility or state.arrived:
        return state
    moment.tell("shipment_arrived", since, place=place, numbers=numbers)
    return state._replace(arrived=True)


def _leave(
    state: DeviceState, moment: Moment, place: str, since: datetime, numbers: Numbers
) -> DeviceState:
    visit, journey = state.inside[place], moment.seen.journey
    stayed_s = (since - visit.entered_at).total_seconds()
    numbers = {**numbers, "inside_s": stayed_s}
    moment.tell("fence_left", since, place=place, numbers=numbers)
    if visit.wrong:
        moment.tell("wrong_destination_left", since, place=place, numbers=numbers)
    if journey is not None and place == journey.from_facility and not state.arrived:
        moment.tell("shipment_departed", since, place=place, numbers=numbers)
    if journey is not None and place == journey.to_facility and state.arrived:
        # Still assigned and on the move again: the rules of the way hold again.
        moment.tell("destination_left", since, place=place, numbers=numbers)
        state = state._replace(arrived=False)
    return state._replace(
        inside={other: stay for other, stay in state.inside.items() if other != place}
    )


def _with(votes: Mapping[str, Votes], place: str, new: Votes) -> Mapping[str, Votes]:
    kept = {other: old for other, old in votes.items() if other != place}
    return {**kept, place: new} if new.window else kept


def _destination(state: DeviceState, moment: Moment) -> DeviceState:
    """Standing inside a fence where the shipment has no business. Passing is not arriving."""
    journey, position = moment.seen.journey, moment.seen.position
    if journey is None:
        return state
    slow = position.speed_kmh is None or position.speed_kmh <= SLOW_KMH
    at_home = _may_be_at_home(state, journey)
    for place, visit in state.inside.items():
        stay = visit._replace(slow_since=(visit.slow_since or moment.now) if slow else None)
        if not at_home and _is_wrong(stay, place, journey, moment):
            stay = stay._replace(wrong=True)
            _tell_wrong(moment, place, stay, journey)
        if stay != visit:
            state = state._replace(inside={**state.inside, place: stay})
    return state


def _is_wrong(visit: Visit, place: str, journey: Journey, moment: Moment) -> bool:
    if visit.wrong or visit.slow_since is None:
        return False
    if place in (journey.from_facility, journey.to_facility) or _is_passed(place, journey, moment):
        return False
    limit = timedelta(seconds=moment.settings.wrong_destination_after_s)
    return moment.now - visit.slow_since >= limit


def _may_be_at_home(state: DeviceState, journey: Journey) -> bool:
    """Fences of one compound overlap: who is in its own, or may be, is not elsewhere."""
    own = (journey.from_facility, journey.to_facility)
    return any(place in state.inside or place in state.votes for place in own)


def _is_passed(place: str, journey: Journey, moment: Moment) -> bool:
    """A waypoint, or a port that the route leads through: a stay there may be a detention."""
    way = journey.way
    if way is not None and any(place == milestone.facility_id for milestone in way.milestones):
        return True
    return place in moment.seen.ports and moment.seen.outside_m == 0


def _tell_wrong(moment: Moment, place: str, visit: Visit, journey: Journey) -> None:
    since = visit.slow_since or moment.now
    numbers: Numbers = {
        "expected": journey.to_facility,
        "standing_s": (moment.now - since).total_seconds(),
    }
    moment.tell("wrong_destination", visit.entered_at, place=place, numbers=numbers)
