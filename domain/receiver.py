"""The receiver of a device, over several fixes: frozen, mocked, or under interference."""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from operator import or_

from domain.events import Numbers
from domain.positions import Flag
from domain.states import (
    NO_VOTES,
    DeviceState,
    Moment,
    Receiver,
    Reference,
    Stuck,
    confirmed,
    trust,
    vote,
)

FROZEN = int(Flag.FROZEN)
MOCK = int(Flag.MOCK)
SIGNS = int(Flag.JUMP | Flag.JAMMING | Flag.MOCK | Flag.ZERO_ISLAND)  # of interference
FROZEN_AT_LEAST_M = 200.0  # coordinates are coarse in some devices, and a start is slow
CIRCLES = 3.0  # three circles of 68 % leave out one error in 10,000, and of two fixes fewer

# --- frozen -----------------------------------------------------------------------------


def stay(state: DeviceState, moment: Moment, here: Reference) -> tuple[DeviceState, int]:
    """A fix at exactly the place of the last good one; returns the state and FROZEN or 0.

    A parked receiver repeats its place, and says that it stands. Frozen is one whose speed
    says otherwise for so long that it must have left its error circle.
    """
    receiver, good = state.receiver, state.good
    if receiver.frozen_since is not None:
        return _still_frozen(state, moment, receiver.frozen_since), FROZEN
    stuck = _stuck(receiver.stuck, good, here, moment.settings.frozen_speed_kmh)
    if stuck is not receiver.stuck or not receiver.proven:
        receiver = receiver._replace(stuck=stuck, proven=True)
        state = state._replace(receiver=receiver)
    if stuck is None or good is None or not _is_frozen(stuck, good, here, moment):
        return trust(state, here), 0
    seconds = (moment.now - stuck.since).total_seconds()
    numbers: Numbers = {
        "fixes": stuck.fixes,
        "speed_kmh": here.speed_kmh,
        "seconds": seconds,
        "should_have_moved_m": round(stuck.should_have_moved_m),
    }
    moment.tell("receiver_frozen", stuck.since, numbers=numbers)
    # When it thaws, it has been under way since then.
    return state._replace(
        good=good._replace(time=stuck.since),
        suspects=(),
        receiver=receiver._replace(
            stuck=None, frozen_since=stuck.since, frozen_told=_shipment(moment)
        ),
    ), FROZEN


def _still_frozen(state: DeviceState, moment: Moment, since: datetime) -> DeviceState:
    """Told once more of a shipment that it has been given meanwhile."""
    shipment_id = _shipment(moment)
    if shipment_id is None or shipment_id == state.receiver.frozen_told:
        return state
    seconds = (moment.now - since).total_seconds()
    moment.tell("receiver_frozen", moment.now, numbers={"seconds": seconds})
    return state._replace(receiver=state.receiver._replace(frozen_told=shipment_id))


def _shipment(moment: Moment) -> str | None:
    return moment.seen.journey.shipment_id if moment.seen.journey else None


def leave(state: DeviceState, moment: Moment, here: Reference) -> DeviceState:
    """A good fix elsewhere."""
    receiver = state.receiver
    if receiver.stuck is None and receiver.frozen_since is None:
        return state
    if receiver.frozen_since is not None:
        seconds = (moment.now - receiver.frozen_since).total_seconds()
        moment.tell("receiver_thawed", here.time, numbers={"seconds": seconds})
    return state._replace(receiver=receiver._replace(stuck=None, frozen_since=None))


def _stuck(
    stuck: Stuck | None, before: Reference | None, here: Reference, moving_kmh: float
) -> Stuck | None:
    """The run with this fix; None where the device does not say that it moves."""
    speed_kmh = here.speed_kmh
    if before is None or speed_kmh is None or speed_kmh <= moving_kmh:
        return None
    was_kmh = before.speed_kmh
    if was_kmh is None or was_kmh <= moving_kmh:
        return Stuck(before.time, 1, 0.0)
    run = stuck or Stuck(before.time, 1, 0.0)
    step_m = min(was_kmh, speed_kmh) / 3.6 * (here.time - before.time).total_seconds()
    return Stuck(run.since, run.fixes + 1, run.should_have_moved_m + step_m)


def _is_frozen(stuck: Stuck, good: Reference, here: Reference, moment: Moment) -> bool:
    if stuck.fixes < moment.settings.frozen_fixes:
        return False
    error_m = CIRCLES * (good.accuracy_m + here.accuracy_m)
    return stuck.should_have_moved_m > max(FROZEN_AT_LEAST_M, error_m)


# --- mocked, or under interference --------------------------------------------------------


def is_watched(receiver: Receiver) -> bool:
    """Something was seen lately that has not ended, so that good fixes count too."""
    return bool(receiver.signs or receiver.doubted or receiver.mocked or receiver.mock_votes.window)


def watch(state: DeviceState, moment: Moment, signs: int) -> DeviceState:
    """Take any fix into account, with the signs of interference among its flags."""
    return _mock(_interference(state, moment, signs), moment, bool(signs & MOCK))


def _mock(state: DeviceState, moment: Moment, is_mock: bool) -> DeviceState:
    """N of M fixes made by software, of a device that has a shipment."""
    receiver, settings = state.receiver, moment.settings
    if moment.seen.journey is None or not (
        is_mock or receiver.mocked or receiver.mock_votes.window
    ):
        return state
    votes = vote(receiver.mock_votes, is_mock != receiver.mocked, moment.now, settings)
    mocked = receiver.mocked
    if confirmed(votes, settings):
        numbers: Numbers = {"fixes": sum(votes.window), "reason": "mock"}
        kind = "mock_ended" if mocked else "mock_started"
        moment.tell(kind, votes.since or moment.now, numbers=numbers)
        votes, mocked = NO_VOTES, not mocked
    return state._replace(receiver=receiver._replace(mocked=mocked, mock_votes=votes))


def _interference(state: DeviceState, moment: Moment, signs: int) -> DeviceState:
    """Facts for the rule over several devices: N of M fixes show signs of it, or do not.

    A device of which no good fix is known can be placed nowhere.
    """
    receiver, settings = state.receiver, moment.settings
    if state.good is None:
        return state
    doubted, agrees = receiver.doubted, (signs == 0) == receiver.doubted
    window = (*receiver.signs, signs)[-settings.confirm_window :]
    since = receiver.signs_since or moment.now
    count = sum((seen == 0) == doubted for seen in window)
    if agrees and count >= settings.confirm_fixes:
        _tell_signs(moment, state, window, since, count)
        kept = receiver._replace(signs=(), signs_since=None, doubted=not doubted)
    elif count:
        kept = receiver._replace(signs=window, signs_since=since)
    else:
        kept = receiver._replace(signs=(), signs_since=None)
    return state._replace(receiver=kept)


def _tell_signs(
    moment: Moment, state: DeviceState, window: tuple[int, ...], since: datetime, count: int
) -> None:
    """At the last good place: where the fixes with the signs lie means nothing."""
    if state.receiver.doubted:
        moment.tell("signal_trusted", since, numbers={"fixes": count}, at=state.good)
        return
    kinds = ",".join(str(flag.name) for flag in Flag(reduce(or_, window)))
    numbers: Numbers = {"kinds": kinds, "fixes": count}
    moment.tell("signal_doubted", since, numbers=numbers, at=state.good)
