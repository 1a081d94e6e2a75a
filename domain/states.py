"""What the fold over a device's fixes remembers, and what each step of it sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from domain.events import DeviceEvent, Event, Numbers, Origin
from domain.positions import Flag, Position
from domain.settings import Rules


class Journey(NamedTuple):
    """What the plan says of a device at a time: its shipment and where that goes."""

    shipment_id: str
    mode: str
    from_facility: str
    to_facility: str
    route_id: str | None
    half_width_m: float


class Observation(NamedTuple):
    """A fix with what was measured around it.

    `time` is what the fix counts for (`effective_time`). `outside_m` is None where there is
    no corridor. `fences` holds (facility_id, signed metres to its boundary, negative
    inside) of every fence within reach.
    """

    time: datetime
    position: Position
    journey: Journey | None
    outside_m: float | None
    fences: tuple[tuple[str, float], ...]


class Report(NamedTuple):
    """An event of the device itself, with the shipment that it was on at that time."""

    time: datetime
    event: DeviceEvent
    journey: Journey | None


class Reference(NamedTuple):
    """A fix that the next one is compared with."""

    time: datetime
    lat_deg: float
    lon_deg: float
    accuracy_m: float


class Votes(NamedTuple):
    """The last M judgements, newest last, and the time of the first of the present run."""

    window: tuple[bool, ...] = ()
    since: datetime | None = None


class Visit(NamedTuple):
    """A stay inside a fence."""

    entered_at: datetime
    slow_since: datetime | None = None
    wrong: bool = False


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

    def tell(
        self,
        kind: str,
        since: datetime,
        *,
        place: str | None = None,
        numbers: Numbers | None = None,
    ) -> None:
        """Add the event `kind`, true since `since`, with the numbers it was decided on."""
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
                lat_deg=position.lat_deg,
                lon_deg=position.lon_deg,
                numbers=numbers or {},
            )
        )


def late_by_s(happened: datetime, received: datetime, settings: Rules) -> float | None:
    """Seconds under way where that is longer than the rules call live, else None."""
    age = (received - happened).total_seconds()
    return age if age > settings.late_after_s else None
