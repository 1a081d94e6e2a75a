"""Deviation: a shipment outside the corridor of its route.

Out only when the distance to the strip, error circle deducted, passes the margin in N
of the last M good fixes; back when N of M lie inside the strip.
"""

from __future__ import annotations

from domain.events import Numbers
from domain.states import NO_VOTES, DeviceState, Moment, Votes, confirmed, vote


def follow(state: DeviceState, moment: Moment) -> DeviceState:
    """Take a good fix into account. Inside a facility, which may lie off its route, and
    after the arrival there is no deviation."""
    outside_m = moment.seen.outside_m
    if outside_m is None:
        return state
    if outside_m == 0 and not state.corridor_out and not state.corridor_votes.window:
        return state  # nearly every fix
    if state.arrived or state.inside:
        outside_m = 0.0
    settings = moment.settings
    beyond = outside_m - moment.accuracy_m > settings.corridor_margin_m
    judgement = outside_m == 0 if state.corridor_out else beyond
    votes = vote(state.corridor_votes, judgement, moment.now, settings)
    state = state._replace(corridor_votes=votes)
    if confirmed(votes, settings) and (state.corridor_out or _has_held(votes, moment)):
        return _turn(state, moment, outside_m)
    return _further(state, moment, outside_m)


def _has_held(votes: Votes, moment: Moment) -> bool:
    held_s = (moment.now - (votes.since or moment.now)).total_seconds()
    return held_s >= moment.settings.corridor_at_least_s


def _turn(state: DeviceState, moment: Moment, outside_m: float) -> DeviceState:
    kind = "corridor_rejoined" if state.corridor_out else "corridor_left"
    votes = state.corridor_votes
    numbers = {**_numbers(moment, outside_m), "fixes": sum(votes.window)}
    moment.tell(kind, votes.since or moment.now, numbers=numbers)
    return state._replace(
        corridor_out=not state.corridor_out,
        corridor_votes=NO_VOTES,
        corridor_reported_m=outside_m,
    )


def _further(state: DeviceState, moment: Moment, outside_m: float) -> DeviceState:
    """Tell again when it is half as far again: the number on the screen stays true, and a
    long way off makes a handful of events."""
    if not state.corridor_out or outside_m < state.corridor_reported_m * 1.5 + 250:
        return state
    moment.tell("corridor_further", moment.now, numbers=_numbers(moment, outside_m))
    return state._replace(corridor_reported_m=outside_m)


def _numbers(moment: Moment, outside_m: float) -> Numbers:
    journey = moment.seen.journey
    half_width = moment.seen.half_width_m or (journey.half_width_m if journey else 0.0)
    return {
        "outside_m": round(outside_m),
        "distance_m": round(outside_m + half_width) if outside_m else None,
        "half_width_m": half_width,
        "accuracy_m": round(moment.accuracy_m, 1),
    }
