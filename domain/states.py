"""What the fold over a device's fixes remembers, and what each step of it sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from domain.events import DeviceEvent, Event, Numbers, Origin
from domain.journeys import Journey
from domain.positions import Flag, Position
from domain.settings import Rules


class Observation(NamedTuple):
    """A fix with what was measured around it.

    `time` is what the fix counts for (`effective_time`). `outside_m` is None where there is
    no corridor. `fences` holds (facility_id, signed metres to its boundary, negative
    inside) of every fence within reach, `ports` those of them that are ports or airports.
    `along_m` is how far along the way of the journey the fix is; None without a way and
    outside its corridor. `runs` are all the pieces of the way that the fix may lie on, each
    from, nearest and to, in metres along: several where the way comes close to itself.
    `half_width_m` is that of the corridor where `outside_m` counts from, for a fix outside.
    """

    time: datetime
    position: Position
    journey: Journey | None
    outside_m: float | None
    fences: tuple[tuple[str, float], ...]
    along_m: float | None = None
    ports: tuple[str, ...] = ()
    runs: tuple[tuple[float, float, float], ...] = ()
    half_width_m: float | None = None


class Report(NamedTuple):
    """An event of the device itself, with the shipment that it was on at that time."""

    time: datetime
    event: DeviceEvent
    journey: Journey | None


class Reference(NamedTuple):
    """A fix that the next one is compared with. `along_m` as in `Observation`."""

    time: datetime
    lat_deg: float
    lon_deg: float
    accuracy_m: float
    speed_kmh: float | None = None
    along_m: float | None = None


class Votes(NamedTuple):
    """The last M judgements, newest last, and the time of the first of the present run."""

    window: tuple[bool, ...] = ()
    since: datetime | None = None


class Visit(NamedTuple):
    """A stay inside a fence."""

    entered_at: datetime
    slow_since: datetime | None = None
    wrong: bool = False


class Sighting(NamedTuple):
    """A fix that speaks against standing; `slow` as the receiver says, or does not say."""

    where: Reference
    slow: bool


class Vigil(NamedTuple):
    """What is watched of a journey that does not get on. `road_since`: since when it should
    be moving, `unplanned_since` the beginning of the stop that was told, `detained` the places
    that were told, `was_loaded` whether it was seen where it comes from."""

    assigned_since: datetime | None = None
    was_loaded: bool = False
    road_since: datetime | None = None
    unplanned_since: datetime | None = None
    detained: tuple[str, ...] = ()


class Motion(NamedTuple):
    """Whether a vehicle stands (None: not known yet), since when, and what of that was told.

    `anchor` is where it stands or may stand, its time that of the first fix there, `there_at`
    that of the last. `against` are the last fixes, None where they spoke for the anchor.
    `trip_m` counts from the last stop to `odometer`, `anchor_m` to the anchor.
    """

    standing: bool | None = None
    anchor: Reference | None = None
    averaged: int = 1
    there_at: datetime | None = None
    against: tuple[Sighting | None, ...] = ()
    trip_since: datetime | None = None
    trip_m: float = 0.0
    anchor_m: float = 0.0
    odometer: Reference | None = None
    vigil: Vigil = Vigil()


class Turn(NamedTuple):
    """Whether a vehicle goes back along its way; `lowest_m` is where it has gone back to."""

    back: bool = False
    votes: Votes = Votes()
    lowest_m: float = 0.0


class Passing(NamedTuple):
    """The milestones of the way: those before `following` are settled, of the others
    `visited` are too. Keys are waypoint ids.

    `unseen` are those that a gap may have hidden, `skipped` those that may yet be visited.
    """

    following: int = 0
    visited: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    closest_m: Mapping[str, float] = {}
    votes: Votes = Votes()


class Pace(NamedTuple):
    """What a journey taught of its pace, as the logarithm of its time by the plan's time.

    `since`, `from_m`: where the part under way began; it ends at `to_m`. Of the parts before
    it: how many (one counts by its share of the plan's time), their mean, and the sum of
    their squared deviations.
    """

    since: datetime | None = None
    from_m: float = 0.0
    to_m: float = 0.0
    parts: float = 0.0
    mean: float = 0.0
    squares: float = 0.0
    departed: bool = False


class Lateness(NamedTuple):
    """Whether the shipment is expected late, and when that is asked again."""

    late: bool = False
    votes: Votes = Votes()
    ask_at: datetime | None = None


class Progress(NamedTuple):
    """How far along its way a shipment is.

    `reached_at` is the time of the newest fix in the corridor, `at` the newest good fix,
    wherever it is. `sure_m` is what N fixes in a row, error circles deducted, have passed;
    `lows_m` their low ends; `peak_m` what `sure_m` was before the vehicle last turned.
    `over`: it has arrived, and what it does then is no journey; `again`: it has since begun
    anew.
    """

    along_m: float | None = None
    reached_at: datetime | None = None
    at: Reference | None = None
    sure_m: float = 0.0
    lows_m: tuple[float, ...] = ()
    pace: Pace = Pace()
    lateness: Lateness = Lateness()
    passing: Passing = Passing()
    turn: Turn = Turn()
    peak_m: float = 0.0
    over: bool = False
    again: bool = False

    @property
    def furthest_m(self) -> float:
        """The furthest that it has surely been."""
        return max(self.sure_m, self.peak_m)


class Stuck(NamedTuple):
    """Fixes at exactly one place, since when, and how far their speeds should have led."""

    since: datetime
    fixes: int
    should_have_moved_m: float


class Rival(NamedTuple):
    """Jumps that agree with each other, while good fixes come between them."""

    since: datetime
    newest: Reference
    fixes: int


class Receiver(NamedTuple):
    """How the satellite receiver of a device behaves.

    `proven`: a second fix agreed with the reference. `frozen_since` is None where it is not
    frozen, `frozen_told` the shipment of which it was told. `mocked` and `doubted`: what was
    told and has not ended. `signs` are the signs of interference (`Flag`) of the last M
    fixes, empty where none says otherwise than was told.
    """

    proven: bool = False
    stuck: Stuck | None = None
    frozen_since: datetime | None = None
    frozen_told: str | None = None
    rival: Rival | None = None
    relocated_at: datetime | None = None
    mocked: bool = False
    mock_votes: Votes = Votes()
    doubted: bool = False
    signs: tuple[int, ...] = ()
    signs_since: datetime | None = None


class DeviceState(NamedTuple):
    """Everything that the fold remembers of one device. Plain values: it is stored as JSON."""

    time: datetime | None = None
    shipment_id: str | None = None
    good: Reference | None = None
    suspects: tuple[Reference, ...] = ()
    inside: Mapping[str, Visit] = {}
    votes: Mapping[str, Votes] = {}
    corridor_out: bool = False
    corridor_votes: Votes = Votes()
    corridor_reported_m: float = 0.0
    arrived: bool = False
    motion: Motion = Motion()
    progress: Progress = Progress()
    receiver: Receiver = Receiver()


NO_VOTES = Votes()
FUTURE = int(Flag.FUTURE)  # arithmetic of IntFlag costs as much as the rest of a step


def effective_time(position: Position) -> datetime:
    """The time that a fix counts for: its own, or its receipt where its clock runs ahead."""
    return position.received_at if position.flags & FUTURE else position.fix_time


def report_time(event: DeviceEvent) -> datetime:
    """The time that a report counts for, likewise."""
    return min(event.event_time, event.received_at)


def order(item: Observation | Report) -> tuple[datetime, int, int]:
    """The order of the fold: time, then the device's own numbering."""
    numbered = item.position if isinstance(item, Observation) else item.event
    return item.time, numbered.epoch, numbered.seq


def start_journey(state: DeviceState, journey: Journey | None) -> DeviceState:
    """Another shipment: where the device is stays true, what was said of the way does not."""
    visits = {place: visit._replace(wrong=False) for place, visit in state.inside.items()}
    return DeviceState(
        time=state.time,
        shipment_id=journey.shipment_id if journey else None,
        good=state.good,
        suspects=state.suspects,
        inside=visits,
        votes=state.votes,
        arrived=journey is not None and journey.to_facility in visits,
        motion=state.motion._replace(vigil=Vigil()),
        receiver=state.receiver._replace(mocked=False, mock_votes=NO_VOTES),
    )


def trust(state: DeviceState, here: Reference) -> DeviceState:
    """The state after a good fix. By position, since every fix passes here and `_replace`
    costs four times as much."""
    return DeviceState(here.time, state.shipment_id, here, (), *state[4:])


def vote(votes: Votes, judgement: bool, now: datetime, settings: Rules) -> Votes:
    """Add one judgement; `since` is the time of the first that makes up the present run."""
    window = (*votes.window, judgement)[-settings.confirm_window :]
    return Votes(window, votes.since or now) if any(window) else NO_VOTES


def confirmed(votes: Votes, settings: Rules) -> bool:
    """N of the last M judgements agree, the newest among them."""
    return bool(votes.window) and votes.window[-1] and sum(votes.window) >= settings.confirm_fixes


@dataclass(slots=True)
class Moment:
    """One fix as the detectors see it. `tell` adds an event that this fix decided."""

    seen: Observation
    settings: Rules
    events: list[Event]

    @property
    def now(self) -> datetime:
        """The time that the fix counts for."""
        return self.seen.time

    @property
    def accuracy_m(self) -> float:
        """The error circle that decisions use: receivers call themselves better than they are."""
        reported_m, floor_m = self.seen.position.accuracy_m, self.settings.accuracy_floor_m
        return reported_m if reported_m > floor_m else floor_m

    def tell(
        self,
        kind: str,
        since: datetime,
        *,
        place: str | None = None,
        numbers: Numbers | None = None,
        at: Reference | None = None,
        ordinal: str = "",
    ) -> None:
        """Add the event `kind`, true since `since`, with the numbers it was decided on. `at`:
        where it was, if not at this fix. `ordinal`: which of several of its kind."""
        position, journey = self.seen.position, self.seen.journey
        self.events.append(
            Event(
                kind=kind,
                origin=Origin.RULE,
                device_id=position.device_id,
                event_time=since,
                decided_at=self.now,
                shipment_id=journey.shipment_id if journey else None,
                facility_id=place,
                late_by_s=late_by_s(position.fix_time, position.received_at, self.settings),
                lat_deg=(at or position).lat_deg,
                lon_deg=(at or position).lon_deg,
                numbers=numbers or {},
                rules_version=journey.rules_version if journey else None,
                ordinal=ordinal,
            )
        )


def late_by_s(happened: datetime, received: datetime, settings: Rules) -> float | None:
    """Seconds under way where that is longer than the rules call live, else None."""
    age = (received - happened).total_seconds()
    return age if age > settings.late_after_s else None
