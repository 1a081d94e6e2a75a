"""Interference: signs of several devices, near each other in place and time, are one incident.

A sweep over signs in the order in which they were certain, so that the same signs end in the
same events, in whatever order they arrived. An incident begins when signs of enough devices
began within the window and the radius of one of them; it grows by every sign near it; it is
over when nobody in it showed a sign for as long as the window.

For runners: `signs.signs(events)`, then `sweep(state, items, until, standing)` piece by piece,
or `incidents(items, standing)` over everything at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from domain.events import Event, Origin
from domain.footprint import footprint
from domain.geodesy import METRES_PER_DEGREE, ground_m
from domain.settings import Rules
from domain.signs import Item, Relief, Sign, SignOrigin
from domain.thresholds import Thresholds

KINDS = ("interference_started", "interference_grew", "interference_ended")
# Rules whose alerts an incident takes in. Never seals, SOS or tampering: those are not noise.
CHILD_RULES = ("JAMMING", "JUMP", "SPOOFING", "SILENCE", "FROZEN")
LONGEST = timedelta(hours=6)  # a sign without an end is believed for this long
GROWTH = timedelta(seconds=30)  # growth is told together, at most this often
SAME_PLACE_M = 1000.0  # a device that shows the same again this near adds no place

_SPECTRUM = SignOrigin.SPECTRUM
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Standing = Callable[[datetime], Thresholds]


class Member(NamedTuple):
    """A sign in its incident, when it was shown last, and when it ended."""

    sign: Sign
    shown_at: datetime
    ended_at: datetime | None = None

    @classmethod
    def of(cls, sign: Sign) -> Member:
        """A sign that has not ended, but for one that has no duration."""
        return cls(sign, sign.began_at, None if sign.lasts else sign.known_at)

    @property
    def quiet_at(self) -> datetime:
        """Until when it counts as shown."""
        if self.ended_at is not None:
            return self.ended_at
        return self.shown_at + LONGEST


class Incident(NamedTuple):
    """Signs that belong together. `told`: how many devices the last event spoke of,
    `quiet_at`: since when nobody in it shows a sign, as far as is known."""

    group_id: str
    members: tuple[Member, ...]
    quiet_at: datetime
    window_s: float
    told: int = 0
    grew_at: datetime | None = None

    @property
    def began_at(self) -> datetime:
        """When its first sign began."""
        return min(member.sign.began_at for member in self.members)

    @property
    def over_at(self) -> datetime:
        """When that will have been long enough."""
        return self.quiet_at + timedelta(seconds=self.window_s)

    @property
    def devices(self) -> tuple[str, ...]:
        """Who shows or showed a sign."""
        return tuple(sorted({member.sign.device_id for member in self.members}))


class Sweep(NamedTuple):
    """What the sweep remembers after everything up to `at`. It is stored as JSON."""

    at: datetime
    loose: tuple[Member, ...] = ()
    incidents: tuple[Incident, ...] = ()


def incidents(
    items: Sequence[Item], standing: Standing, until: datetime | None = None
) -> list[Event]:
    """All events that follow from all signs (`signs.signs`); `until` None: to their end."""
    if not items:
        return []
    end = until or max(item.known_at for item in items) + 2 * LONGEST
    start = min(item.known_at for item in items) - GROWTH
    return sweep(Sweep(start), items, end, standing)[1]


def sweep(
    state: Sweep, items: Iterable[Item], until: datetime, standing: Standing
) -> tuple[Sweep, list[Event]]:
    """Take the `items` that were certain after `state.at` and up to `until`, sorted by
    `signs.order`, and what time alone brings."""
    run = _Run(state, standing)
    for item in items:
        if state.at < item.known_at <= until:
            run.wait(item.known_at)
            if isinstance(item, Relief):
                run.relieve(item)
            else:
                run.add(item)
    run.wait(until, through=True)
    return Sweep(max(until, state.at), tuple(run.loose), tuple(run.incidents)), run.events


class _Run:
    def __init__(self, state: Sweep, standing: Standing) -> None:
        self.loose, self.incidents = list(state.loose), list(state.incidents)
        self.events = list[Event]()
        self._at, self._standing = state.at, standing

    # --- time ---

    def wait(self, until: datetime, *, through: bool = False) -> None:
        """Tell what falls due before `until`; `through`: at it, too."""
        while self.incidents:
            due, incident = min((max(_due(i), self._at), i) for i in self.incidents)
            if due > until or (due == until and not through):
                break
            if incident.grew_at is not None and incident.grew_at <= incident.over_at:
                self._tell(incident, "interference_grew", due, due)
                told = len(incident.devices)
                self._replace(incident, incident._replace(told=told, grew_at=None))
            else:
                self._tell(incident, "interference_ended", incident.quiet_at, due)
                self.incidents.remove(incident)
        self._at = until

    # --- signs ---

    def relieve(self, relief: Relief) -> None:
        """A device shows a sign no more."""
        self.loose = [_relieved(member, relief) for member in self.loose]
        for incident in list(self.incidents):
            if all(member.sign.device_id != relief.device_id for member in incident.members):
                continue
            members = tuple(_relieved(member, relief) for member in incident.members)
            quiet_at = max(member.quiet_at for member in members)
            self._replace(incident, incident._replace(members=members, quiet_at=quiet_at))

    def add(self, sign: Sign) -> None:
        """A sign joins the incidents near it, which are then one, or makes one with others."""
        rules = self._standing(sign.known_at).rules
        window = timedelta(seconds=rules.interference_window_s)
        # A sign may have begun a window before it was certain, and so may its neighbour.
        self.loose = [m for m in self.loose if m.sign.known_at >= sign.known_at - 2 * window]
        member = Member.of(sign)
        touched = [i for i in self.incidents if _touches(i, sign, rules)]
        if touched:
            self._join(member, touched, rules)
            return
        group = _group(member, self.loose, rules)
        if not group:
            self.loose.append(member)
            return
        self.loose = [m for m in self.loose if m not in group]
        members = tuple(sorted(group))
        quiet_at = max(m.quiet_at for m in members)
        incident = Incident(_name(members), members, quiet_at, rules.interference_window_s)
        incident = incident._replace(told=len(incident.devices))
        self.incidents.append(incident)
        self._tell(incident, "interference_started", incident.began_at, sign.known_at)

    def _join(self, member: Member, touched: list[Incident], rules: Rules) -> None:
        first, *others = sorted(touched, key=lambda i: (i.began_at, i.group_id))
        near = [m for m in self.loose if _are_near(m.sign, member.sign, rules)]
        self.loose = [m for m in self.loose if m not in near]
        members = list(first.members)
        for other in others:
            self.incidents.remove(other)
            at = member.sign.known_at
            self._tell(other, "interference_ended", at, at, merged_into=first.group_id)
            members += other.members
        for new in (*near, member):
            members = _with(members, new)
        times = (*(i.quiet_at for i in touched), *(m.quiet_at for m in (*near, member)))
        grown = first._replace(members=tuple(sorted(members)), quiet_at=max(times))
        if len(grown.devices) > grown.told and grown.grew_at is None:
            grown = grown._replace(grew_at=_grid(member.sign.known_at))
        self._replace(first, grown)

    def _replace(self, before: Incident, after: Incident) -> None:
        self.incidents[self.incidents.index(before)] = after

    # --- events ---

    def _tell(
        self,
        incident: Incident,
        kind: str,
        since: datetime,
        at: datetime,
        *,
        merged_into: str | None = None,
    ) -> None:
        signs = [member.sign for member in incident.members]
        area = footprint([(s.lat_deg, s.lon_deg, s.accuracy_m) for s in signs])
        thresholds = self._standing(at)
        known_s = max((s.known_at - at).total_seconds() + s.late_by_s for s in signs)
        merged = {"merged_into": merged_into} if merged_into else {}
        self.events.append(
            Event(
                kind=kind,
                origin=Origin.RULE,
                device_id=min(signs, key=lambda s: (s.began_at, s.device_id)).device_id,
                event_time=since,
                decided_at=at,
                late_by_s=known_s if known_s > thresholds.rules.late_after_s else None,
                lat_deg=area.lat_deg,
                lon_deg=area.lon_deg,
                numbers={
                    "devices": len(incident.devices),
                    "device_ids": ",".join(incident.devices),
                    "kinds": ",".join(sorted({word for sign in signs for word in sign.words})),
                    "sensors": len({s.device_id for s in signs if s.origin is _SPECTRUM}),
                    "radius_m": area.radius_m,
                    "footprint": area.text,
                    **merged,
                },
                ordinal=f"{incident.group_id}/{at.isoformat(timespec='seconds')}",
                rules_version=thresholds.version,
                group_id=incident.group_id,
            )
        )


def _due(incident: Incident) -> datetime:
    return min(incident.over_at, incident.grew_at or incident.over_at)


def _grid(at: datetime) -> datetime:
    return at + GROWTH - (at - _EPOCH) % GROWTH


def _name(members: Sequence[Member]) -> str:
    """By the earliest sign: the same signs are the same incident."""
    sign = min((m.sign for m in members), key=lambda s: (s.began_at, s.device_id))
    return f"GNSS-{sign.began_at:%Y%m%dT%H%M%S}-{sign.device_id}"


def _relieved(member: Member, relief: Relief) -> Member:
    sign = member.sign
    if (sign.device_id, sign.kind) != (relief.device_id, relief.kind):
        return member
    if member.ended_at is not None or relief.ended_at < member.shown_at:
        return member
    return member._replace(ended_at=relief.ended_at)


def _with(members: Sequence[Member], new: Member) -> list[Member]:
    """A device that shows the same again at about the same place goes on with it: one that
    flickers must not grow without bound."""
    sign = new.sign
    for index, old in enumerate(members):
        same = (old.sign.device_id, old.sign.kind) == (sign.device_id, sign.kind)
        if same and _apart_m(old.sign, sign) <= SAME_PLACE_M:
            again = Member(old.sign, new.shown_at, new.ended_at)
            return [*members[:index], again, *members[index + 1 :]]
    return [*members, new]


def _touches(incident: Incident, sign: Sign, rules: Rules) -> bool:
    radius_m = rules.interference_radius_m
    return any(_within(member.sign, sign, radius_m) for member in incident.members)


def _group(new: Member, loose: Sequence[Member], rules: Rules) -> list[Member]:
    """The new sign with those that make an incident with it; none where they are too few.

    Enough devices must be near one sign, in place and in time: a chain of chance events
    across the country is no incident.
    """
    known = [*loose, new]
    neighbours: dict[Member, list[Member]] = {}

    def near(member: Member) -> list[Member]:
        if member not in neighbours:
            neighbours[member] = [m for m in known if _are_near(m.sign, member.sign, rules)]
        return neighbours[member]

    def is_core(member: Member) -> bool:
        return len({m.sign.device_id for m in near(member)}) >= rules.interference_devices

    group: list[Member] = []
    waiting = [member for member in near(new) if is_core(member)]
    while waiting:
        core = waiting.pop()
        for member in near(core):
            if member not in group:
                group.append(member)
                if is_core(member):
                    waiting.append(member)
    return group


def _are_near(a: Sign, b: Sign, rules: Rules) -> bool:
    if not _within(a, b, rules.interference_radius_m):
        return False
    return abs((a.began_at - b.began_at).total_seconds()) <= rules.interference_window_s


def _within(a: Sign, b: Sign, radius_m: float) -> bool:
    """A cheap bound first: nearly all of a country are far away."""
    if abs(a.lat_deg - b.lat_deg) * METRES_PER_DEGREE > radius_m + 1:
        return False
    return _apart_m(a, b) <= radius_m


def _apart_m(a: Sign, b: Sign) -> float:
    return ground_m(a.lat_deg, a.lon_deg, b.lat_deg, b.lon_deg)
