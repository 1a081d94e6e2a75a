"""Convoys: whether shipments that travel together are together, and their escort with them.

A fold over ticks of event time. At each tick a member is where its newest usable fix says,
if that is fresh; who has no fresh fix is where nobody knows, and nothing follows from it.
So what comes out depends on the fixes alone, not on when or in what order they came: a fix
that came late folds again from before it.

For runners: `parties(plan)`, then `cohesion(party, survey, state, tracks, until)` piece by
piece, or `rehearse(plan, survey, tracks)` over everything at once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from domain.convoy_places import Party, Place, parties
from domain.convoy_tick import TICK, Tick, Watched
from domain.events import Event
from domain.journeys import Journey
from domain.positions import Position
from domain.quality import UNUSABLE
from domain.states import Observation, order
from domain.survey import Survey

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

KINDS = ("convoy_split", "convoy_rejoined", "escort_lost", "escort_back")


class Trip(NamedTuple):
    """How far a vehicle is with a shipment: seen where that comes from, or arrived."""

    shipment_id: str
    arrived: bool


class ConvoyState(NamedTuple):
    """What the fold remembers of one convoy after the tick `at`. It is stored as JSON."""

    at: datetime
    body: tuple[str, ...] = ()
    apart: Mapping[str, Watched] = {}
    escort: Watched = Watched()
    trips: Mapping[str, Trip] = {}


Tracks = Mapping[str, Sequence[Observation]]


def rehearse(
    of: Sequence[Party],
    survey: Survey,
    tracks: Mapping[str, Sequence[Position]],
    until: datetime | None = None,
) -> list[Event]:
    """All events of all convoys over judged fixes (with the flags that the rules gave them).

    `until`: judged up to then; None: up to the newest fix of each convoy.
    """
    events: list[Event] = []
    for party in of:
        seen = tracks_of(survey, [p for d in party.devices for p in tracks.get(d, ())])
        times = [observation.time for track in seen.values() for observation in track]
        if times:
            end = until or max(times) + TICK
            state = ConvoyState(min(times) - TICK)
            events += cohesion(party, survey, state, seen, end)[1]
    return events


def tracks_of(survey: Survey, positions: Sequence[Position]) -> dict[str, list[Observation]]:
    """The usable ones of `positions`, each once, by device in the order of the fold."""
    usable = {p[:4]: p for p in positions if not p.flags & UNUSABLE}
    tracks: dict[str, list[Observation]] = {}
    for observation in survey.observe(list(usable.values())) if usable else ():
        tracks.setdefault(observation.position.device_id, []).append(observation)
    for track in tracks.values():
        track.sort(key=order)
    return tracks


def last_tick(at: datetime) -> datetime:
    """The newest tick that is not after `at`."""
    return at - (at - _EPOCH) % TICK


def cohesion(
    party: Party, survey: Survey, state: ConvoyState, tracks: Tracks, until: datetime
) -> tuple[ConvoyState, list[Event]]:
    """Judge every tick after `state.at` up to `until`; returns the state then and the events.

    `tracks` must hold what is usable from `convoy_fresh_s` before `state.at` on.
    """
    fold = _Fold(party, survey, state, tracks)
    told = state.escort.told or any(watched.told for watched in state.apart.values())
    for tick in _ticks(state.at, until) if told or any(tracks.values()) else ():
        fold.judge(tick)
    return fold.state._replace(at=max(last_tick(until), state.at)), fold.events


def _ticks(after: datetime, until: datetime) -> Iterator[datetime]:
    tick = last_tick(after) + TICK
    while tick <= until:
        yield tick
        tick += TICK


class _Fold:
    def __init__(self, party: Party, survey: Survey, state: ConvoyState, tracks: Tracks) -> None:
        self.state, self.events = state, list[Event]()
        self._party, self._survey, self._tracks = party, survey, tracks
        self._times = {d: [seen.time for seen in track] for d, track in tracks.items()}

    def judge(self, tick: datetime) -> None:
        """One tick."""
        standing = self._survey.standing(tick)
        moment = Tick(self._party, tick, standing.rules, standing.version)
        for device_id in self._party.devices:
            self._meet(moment, device_id)
        told = [device_id for device_id, watched in self.state.apart.items() if watched.told]
        if not moment.vehicles and not told and not self.state.escort.told:
            return
        moment.find_body(self.state.body)
        apart = dict(self.state.apart)
        for device_id in sorted({*moment.members, *apart}):
            before = apart.pop(device_id, Watched())
            after = moment.cohesion_of(device_id, before, self.events)
            if after != Watched():
                apart[device_id] = after
        stragglers = {device_id for device_id, watched in apart.items() if watched.told}
        escort = moment.escort_of(self.state.escort, stragglers, self.events)
        body = moment.known_body() or self.state.body
        self.state = self.state._replace(body=body, apart=apart, escort=escort)

    def _meet(self, moment: Tick, device_id: str) -> None:
        """Where a member is at the tick, and whether it is under way."""
        escort = device_id in self._party.escorts
        journey = self._survey.journey(device_id, moment.tick)
        if not escort:
            if journey is None or journey.shipment_id not in self._party.shipments:
                return
            moment.members.add(device_id)
        seen = self._fresh(device_id, moment)
        if seen is None:
            return
        if escort:
            moment.escorts.append(Place.of(seen, journey, self._party))
        elif journey is not None:
            moment.fresh += 1
            if self._under_way(device_id, seen, journey, moment.tick):
                moment.vehicles.append(Place.of(seen, journey, self._party))
            else:
                moment.resting.add(device_id)

    def _fresh(self, device_id: str, moment: Tick) -> Observation | None:
        times = self._times.get(device_id)
        index = bisect_right(times, moment.tick) - 1 if times else -1
        if times is None or index < 0:
            return None
        if (moment.tick - times[index]).total_seconds() > moment.rules.convoy_fresh_s:
            return None
        return self._tracks[device_id][index]

    def _under_way(
        self, device_id: str, seen: Observation, journey: Journey, tick: datetime
    ) -> bool:
        """Has left where its shipment comes from and not yet come to where it goes."""
        inside = {place for place, signed_m in seen.fences if signed_m <= 0}
        trip = self.state.trips.get(device_id)
        if trip is not None and trip.shipment_id != journey.shipment_id:
            trip = None
        at_start = journey.from_facility in inside
        if at_start or journey.to_facility in inside:
            trip = Trip(journey.shipment_id, arrived=not at_start)
            if self.state.trips.get(device_id) != trip:
                trips = {**self.state.trips, device_id: trip}
                self.state = self.state._replace(trips=trips)
        if at_start:
            return False
        if trip is not None:
            return not trip.arrived
        return journey.planned_departure is None or tick >= journey.planned_departure


__all__ = [
    "KINDS", "TICK", "ConvoyState", "Party", "cohesion", "last_tick", "parties", "rehearse",
    "tracks_of",
]  # fmt: skip
