"""Progress: how far along its way a shipment is, and whether it goes back.

Where the way comes close to itself a fix can be read in several ways. It is read as the one
least far ahead that is not behind what was surely passed, so that a hairpin neither moves
a vehicle on nor turns it round: whoever goes forward always has such a reading.
"""

from __future__ import annotations

from domain import eta, lateness, waypoints
from domain.events import Numbers
from domain.geodesy import apart_m
from domain.journeys import Journey, Way
from domain.quality import AIR_MODES
from domain.states import (
    NO_VOTES,
    DeviceState,
    Moment,
    Pace,
    Progress,
    Reference,
    Turn,
    confirmed,
    vote,
)
from domain.way import stretch_at

WINDING = 2.0  # a road between two fixes is longer than the straight line
WIDE_M = 1000.0  # a run longer than this says little of where on it a vehicle is
MANOEUVRING_MODES = AIR_MODES | {"SHIP", "BOAT"}
MANOEUVRE = 3.0  # those may go back so many times as far

_BEFORE = DeviceState._fields.index("progress")
_AFTER = _BEFORE + 1
_REST = Progress._fields.index("pace")

Run = tuple[float, float, float]


def advance(state: DeviceState, moment: Moment) -> DeviceState:
    """Take a good fix into account."""
    journey, runs = moment.seen.journey, moment.seen.runs
    if journey is None or journey.way is None or state.good is None:
        return state
    before, way = state.progress, journey.way
    if before.over or state.arrived:
        return _afterwards(state, moment, journey)
    if not runs:
        passing = waypoints.attend(state, moment, way, None)
        return _with(state, before._replace(at=state.good, passing=passing))
    run = runs[0] if len(runs) == 1 and runs[0][2] - runs[0][0] < WIDE_M else _read(before, runs)
    low, along, high = run
    now, settings = state.good.time, moment.settings
    surely = low
    if before.lows_m and before.at is not None and low > before.lows_m[-1]:
        surely = min(low, before.lows_m[-1] + _driven_at_most_m(before.at, state.good))
    lows = (*before.lows_m, surely)[-settings.confirm_fixes :]
    sure = before.sure_m
    if len(lows) == settings.confirm_fixes and not before.turn.back:
        sure = max(sure, min(lows))
    # By position, since every fix passes here.
    progress = Progress._make((along, now, state.good, sure, lows, *before[_REST:]))
    if way.milestones:
        progress = progress._replace(passing=waypoints.attend(state, moment, way, run))
    turn, pace = before.turn, before.pace
    if turn.back or turn.votes.window or sure - high > settings.wrong_way_m:
        progress = _turning(state, moment, journey, progress, run)
    if along >= pace.to_m or state.inside or not pace.departed:
        progress = progress._replace(pace=_pace(state, journey, way, progress))
    if before.lateness.ask_at is None or now >= before.lateness.ask_at:
        progress = lateness.attend(moment, journey, progress)
    return _with(state, progress)


def _driven_at_most_m(before: Reference, here: Reference) -> float:
    """How far along it can have come since the last fix. Where the road leaves the line at a
    bend, the nearest place of the line leaps ahead, and back later: that is no driving."""
    gap_m = apart_m(before.lat_deg, before.lon_deg, here.lat_deg, here.lon_deg)
    return WINDING * (gap_m + before.accuracy_m + here.accuracy_m)


def _with(state: DeviceState, progress: Progress) -> DeviceState:
    return DeviceState._make((*state[:_BEFORE], progress, *state[_AFTER:]))


def _read(before: Progress, runs: tuple[Run, ...]) -> Run:
    """Between what ends of the way the fix surely is, and where most likely: where the
    vehicle is next to where it was."""
    last = before.along_m
    if last is None:
        return runs[0]
    apart = [max(low - last, last - high, 0.0) for low, _, high in runs]
    nearest = runs[apart.index(min(apart))]
    if before.turn.back:
        return nearest
    possible = [run for run in runs if run[2] >= before.sure_m] or [runs[-1]]
    if nearest not in possible:
        nearest = possible[0]
    low, along, high = nearest
    if high - low > WIDE_M:
        along = min(max(last, low), high)
    return possible[0][0], along, possible[-1][2]


def _turning(
    state: DeviceState, moment: Moment, journey: Journey, progress: Progress, run: Run
) -> Progress:
    """Going back, or forward again: N of M fixes agree, outside fences."""
    low, _, high = run
    turn, settings = progress.turn, moment.settings
    lowest = min(turn.lowest_m, high) if turn.back else high
    if turn.back:
        judgement = low > lowest + settings.wrong_way_m / 2
    else:
        judgement = not state.inside and progress.sure_m - high > _limit_m(moment, journey, run)
    votes = vote(turn.votes, judgement, moment.now, settings)
    if not confirmed(votes, settings):
        return progress._replace(turn=Turn(turn.back, votes, lowest))
    back = not turn.back
    numbers: Numbers = {
        "back_m": round(progress.furthest_m - (high if back else low)),
        "along_m": round(run[1]),
        "total_m": round(journey.way.length_m) if journey.way else None,
        "furthest_m": round(progress.furthest_m),
        "accuracy_m": round(moment.accuracy_m, 1),
        "fixes": sum(votes.window),
    }
    moment.tell("wrong_way" if back else "right_way", votes.since or moment.now, numbers=numbers)
    return progress._replace(
        turn=Turn(back, NO_VOTES, high),
        sure_m=progress.sure_m if back else low,
        peak_m=progress.furthest_m,
        lows_m=(),
    )


def _limit_m(moment: Moment, journey: Journey, run: Run) -> float:
    if journey.way and stretch_at(journey.way, run[1]).mode in MANOEUVRING_MODES:
        return moment.settings.wrong_way_m * MANOEUVRE
    return moment.settings.wrong_way_m


def _pace(state: DeviceState, journey: Journey, way: Way, progress: Progress) -> Pace:
    pace, along, now = progress.pace, progress.along_m or 0.0, progress.reached_at
    departed = journey.from_facility not in state.inside
    if now is None or pace.since is None or not departed:
        return Pace(now, along, along + eta.part_m(way), departed=departed)
    if along >= pace.to_m:
        return eta.learned(pace, journey, way, along, now)
    return pace if pace.departed else pace._replace(departed=True)


def _afterwards(state: DeviceState, moment: Moment, journey: Journey) -> DeviceState:
    """The arrival, once; and after it nothing, until it is back where it began."""
    before, way = state.progress, journey.way
    if before.over or way is None:
        anew = before.over and not state.arrived and journey.from_facility in state.inside
        return _with(state, Progress(again=True)) if anew else state
    if before.turn.back:
        moment.tell("right_way", moment.now, numbers={"along_m": round(way.length_m)})
    progress = before._replace(
        along_m=way.length_m,
        reached_at=moment.now,
        at=state.good,
        sure_m=way.length_m,
        passing=waypoints.conclude(state, moment, way),
        turn=Turn(),
        lateness=lateness.conclude(moment, journey, before.lateness),
        over=True,
    )
    return _with(state, progress)
