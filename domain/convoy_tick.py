"""One tick of a convoy: who is where, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.convoy_places import Party, Place, body_of, gap_m, lead_m
from domain.events import Event, Numbers, Origin
from domain.presence import SLOW_KMH
from domain.settings import Rules

TICK = timedelta(seconds=30)


class Watched(NamedTuple):
    """One condition: whether it was told, and the run of judgements that say otherwise.
    `known_at`: when the last of the fixes behind the run was received."""

    told: bool = False
    since: datetime | None = None
    last: datetime | None = None
    known_at: datetime | None = None


class Tick:
    """Who is where at one tick, and what follows from it."""

    def __init__(self, party: Party, tick: datetime, rules: Rules, version: str) -> None:
        self.tick, self.rules = tick, rules
        self.members = set[str]()  # vehicles of the convoy, wherever they are
        self.fresh = 0  # how many of them we know the place of
        self.resting = set[str]()  # those that are not under way
        self.vehicles = list[Place]()
        self.escorts = list[Place]()
        self.body: Sequence[Place] = ()
        self._party, self._version = party, version
        self._sure = True

    def find_body(self, before: tuple[str, ...]) -> None:
        """The main body. `before`: who was in it at the last tick."""
        complete = self.fresh == len(self.members)
        self.body = body_of(self.vehicles, self.rules.convoy_behind_m, before, complete=complete)
        known = any(place.device_id in before for place in self.body)
        self._sure = complete or known or not before

    def known_body(self) -> tuple[str, ...]:
        """Who is in the main body; nobody where that is not certain."""
        return tuple(place.device_id for place in self.body) if self._sure else ()

    def cohesion_of(self, device_id: str, watched: Watched, events: list[Event]) -> Watched:
        """Whether this vehicle is with the main body."""
        if device_id not in self.members or device_id in self.resting:
            return self._settle("convoy_rejoined", watched, False, device_id, events=events)
        here = next((p for p in self.vehicles if p.device_id == device_id), None)
        others = [place for place in self.body if place.device_id != device_id]
        if here is None or not others or not self._sure:
            return watched
        nearest = min(others, key=lambda other: (gap_m(here, other), other.device_id))
        distance_m, limit_m = gap_m(here, nearest), self.rules.convoy_behind_m
        judgement = None if distance_m > limit_m else False
        if here not in self.body:
            judgement = True
        numbers = {**self._numbers(here, nearest, limit_m), **_direction(here, nearest)}
        kind = "convoy_rejoined" if watched.told else "convoy_split"
        return self._settle(
            kind, watched, judgement, device_id, events=events, here=here, numbers=numbers
        )

    def escort_of(self, watched: Watched, stragglers: set[str], events: list[Event]) -> Watched:
        """Whether an escort is with the main body; it has no duty to who was left behind."""
        if not self._party.escorts:
            return watched
        speaker = min(self._party.escorts)
        if all(place.device_id in stragglers for place in self.body):
            over = bool(self.resting) and self.fresh == len(self.members)
            judgement = False if over or not self.members else None
            return self._settle("escort_back", watched, judgement, speaker, events=events)
        if not self.escorts or not self._sure:
            return watched
        pairs = [(gap_m(e, v), e, v) for e in self.escorts for v in self.body]
        distance_m, escort, vehicle = min(pairs, key=lambda p: (p[0], p[1].device_id))
        limit_m = self.rules.convoy_escort_m
        judgement = False if distance_m <= limit_m else None
        circles_m = (gap - e.accuracy_m - v.accuracy_m for gap, e, v in pairs)
        everybody = len(self.escorts) == len(self._party.escorts)
        if everybody and self._moving() and min(circles_m) > limit_m:
            judgement = True
        kind = "escort_back" if watched.told else "escort_lost"
        numbers = self._numbers(escort, vehicle, limit_m)
        shown = escort._replace(shipment_id=vehicle.shipment_id)
        return self._settle(
            kind, watched, judgement, shown.device_id, events=events, here=shown, numbers=numbers
        )

    def _moving(self) -> bool:
        """A receiver that tells no speed may move."""
        return any(p.speed_kmh is None or p.speed_kmh > SLOW_KMH for p in self.body)

    def _settle(
        self,
        kind: str,
        watched: Watched,
        judgement: bool | None,
        device_id: str,
        *,
        events: list[Event],
        here: Place | None = None,
        numbers: Numbers | None = None,
    ) -> Watched:
        """Take one judgement; told when it was the other way for long enough, without a gap
        in which nobody knew."""
        if judgement is None:
            return watched
        if judgement == watched.told:
            return Watched(watched.told)
        known_at = max((p.received_at for p in (*self.vehicles, *self.escorts)), default=self.tick)
        since, last = watched.since, watched.last
        fresh_s, after_s = self.rules.convoy_fresh_s, self.rules.convoy_after_s
        longest = max(timedelta(seconds=fresh_s), TICK)
        if since is None or last is None or self.tick - last > longest:
            since = self.tick
        elif watched.known_at is not None:
            known_at = max(known_at, watched.known_at)
        if (self.tick - since).total_seconds() < after_s:
            return Watched(watched.told, since, self.tick, known_at)
        late_s = (known_at - self.tick).total_seconds()
        events.append(
            Event(
                kind=kind,
                origin=Origin.RULE,
                device_id=device_id,
                event_time=since,
                decided_at=self.tick,
                shipment_id=here.shipment_id if here else None,
                late_by_s=late_s if late_s > self.rules.late_after_s else None,
                lat_deg=here.lat_deg if here else None,
                lon_deg=here.lon_deg if here else None,
                numbers=numbers or {"convoy": self._party.name},
                ordinal=self._party.id,
                rules_version=self._version,
                group_id=self._party.id,
            )
        )
        return Watched(not watched.told)

    def _numbers(self, here: Place, other: Place, limit_m: float) -> dict[str, float | str | None]:
        return {
            "convoy": self._party.name,
            "distance_m": round(gap_m(here, other)),
            "limit_m": limit_m,
            "accuracy_m": round(here.accuracy_m + other.accuracy_m, 1),
            "nearest": other.device_id,
            "body": len(self.body),
            "fresh": self.fresh,
            "members": len(self.members),
        }


def _direction(here: Place, other: Place) -> dict[str, float]:
    """Behind or ahead of the nearest of the main body; nothing where that is not known."""
    lead = lead_m(here, other)
    if lead is None:
        return {}
    name = "behind_m" if lead <= 0 else "ahead_m"
    return {name: round(gap_m(here, other))}
