"""Explanations: why an alert fired, in sentences by key.

What happened and when, on which numbers against which thresholds, where these come from,
what would end it, and the events that belong to it. `wording.Writer` turns the sentences
into a language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from domain.events import MEANINGS, Numbers
from domain.thresholds import Source, Thresholds
from domain.wording import Key, Named, Sentence, Value


class Grounds(NamedTuple):
    """The numbers that a rule decides on, and the thresholds it compares them with."""

    numbers: tuple[str, ...] = ()
    thresholds: tuple[str, ...] = ()


_VOTES = ("confirm_fixes", "confirm_window")
_CONVOY = ("convoy_fresh_s", "convoy_after_s")
_SHARES = ("target_pct", "reached_pct", "forecast_pct")

GROUNDS: Mapping[str, Grounds] = {
    "CORRIDOR_DEVIATION": Grounds(
        ("outside_m", "distance_m", "half_width_m", "accuracy_m"),
        ("corridor_margin_m", "corridor_at_least_s", *_VOTES),
    ),
    "WRONG_DESTINATION": Grounds(
        ("standing_s",), ("wrong_destination_after_s", "fence_margin_m", *_VOTES)
    ),
    "JUMP": Grounds(
        ("distance_m", "seconds", "speed_kmh"),
        ("max_speed_kmh", "max_air_speed_kmh", "confirm_fixes"),
    ),
    "SILENCE": Grounds(
        ("silent_s", "interval_s"),
        ("silence_intervals", "silence_at_least_s", "silence_grace_s", "blankspot_grace_s"),
    ),
    "SEAL_OPENED": Grounds(("seal_no",)),
    "SEAL_CUT": Grounds(("seal_no",)),
    "TAMPER": Grounds(("note",)),
    "SOS": Grounds(("note",)),
    "DOOR_OPENED": Grounds(),
    "LIGHT": Grounds(("light_lux",)),
    "JAMMING": Grounds(),
    "LOW_BATTERY": Grounds(("battery_pct",)),
    "UNPLANNED_STOP": Grounds(
        ("standing_s", "limit_s"),
        ("stop_radius_m", "stop_after_s", "unplanned_stop_s"),
    ),
    "DETENTION": Grounds(
        ("standing_s", "limit_s"), ("stop_radius_m", "detention_s", "port_stop_s")
    ),
    "WRONG_WAY": Grounds(("back_m", "along_m", "total_m"), ("wrong_way_m", *_VOTES)),
    "WAYPOINT_SKIPPED": Grounds(
        ("waypoint", "distance_m", "radius_m"), ("waypoint_radius_m", "waypoint_gap_s")
    ),
    "LATE_ARRIVAL": Grounds(("eta", "planned", "late_s"), ("late_arrival_s", *_VOTES)),
    "CONVOY_SPLIT": Grounds(("distance_m", "limit_m", "convoy"), ("convoy_behind_m", *_CONVOY)),
    "ESCORT_LOST": Grounds(("distance_m", "limit_m", "convoy"), ("convoy_escort_m", *_CONVOY)),
    "INTERFERENCE": Grounds(
        ("devices", "radius_m", "kinds"),
        ("interference_devices", "interference_radius_m", "interference_window_s"),
    ),
    "FROZEN": Grounds(("fixes", "speed_kmh", "seconds"), ("frozen_fixes", "frozen_speed_kmh")),
    "SPOOFING": Grounds(("fixes", "reason"), _VOTES),
    "MILESTONE": Grounds(
        ("region", "milestone", "deadline", *_SHARES, "boxes", "missing"),
    ),
    "RECEIPT_WITHOUT_PRESENCE": Grounds(
        ("manifest", "received", "device", "outside_m", "fix_at", "slack_s", "cases")
    ),
    "PRESENCE_WITHOUT_RECEIPT": Grounds(("manifest", "arrived", "at_place", "limit_s")),
    "BALLOTS_SHORT": Grounds(("manifest", "expected", "found", "cases", "first")),
    "SHORT": Grounds(("manifest", "expected", "found", "cases", "first")),
    "SURPLUS": Grounds(("manifest", "expected", "found", "cases", "first")),
    "DAMAGED_OVER_RESERVE": Grounds(("manifest", "expected", "found", "cases", "first")),
    "BALLOTS_NOT_DUE": Grounds(("manifest", "expected", "found", "cases", "first")),
    "SEAL_MISMATCH": Grounds(("manifest", "first", "missing", "unexpected", "opened", "cases")),
    "UNPLANNED_HANDOVER": Grounds(("manifest", "handed_at", "at", "giver", "taker")),
    "RECEIVED_ELSEWHERE": Grounds(("manifest", "at_place", "to_place", "cases")),
    "UNIT_MISSING": Grounds(("manifest", "expected", "found", "first")),
    "UNIT_UNEXPECTED": Grounds(("manifest", "found", "first")),
    "BOXES_BACK_DIFFER": Grounds(
        ("manifest", "expected", "found", "cases", "first", "missing", "unexpected")
    ),
    "DEPARTED_UNSEALED": Grounds(("manifest", "departed", "cases", "first")),
    "DEPARTED_WITHOUT_SURAT_JALAN": Grounds(("manifest", "departed")),
    "DEPARTED_WITHOUT_ESCORT": Grounds(("manifest", "departed")),
    "ONE_SIGNER": Grounds(("manifest", "document", "expected", "found")),
    "PLATFORM_DIFFERS": Grounds(("manifest", "word", "said", "at_place", "arrived")),
}
OTHER = "OTHER"


class AlertFact(NamedTuple):
    """An alert as it is explained. Names are those that people read."""

    alert_id: int
    rule: str
    device_id: str | None
    shipment_id: str | None
    place: str | None
    expected: str | None
    group_id: str | None
    tz: str
    opened_at: datetime
    raised_at: datetime
    cleared_at: datetime | None
    late_by_s: float | None
    numbers: Numbers


class EventFact(NamedTuple):
    """An event that belongs to an alert."""

    event_id: int
    kind: str
    event_time: datetime
    decided_at: datetime
    recorded_at: datetime
    late_by_s: float | None
    numbers: Numbers
    superseded_at: datetime | None
    rules_version: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """All that an explanation is made from. `thresholds` is None where the version is not
    known: events of releases before there were versions."""

    alert: AlertFact
    events: Sequence[EventFact]
    thresholds: Thresholds | None
    sources_known: bool = True

    @property
    def deciding(self) -> EventFact | None:
        """The newest event that opens the alert, a current one where there is any."""
        opening = [e for e in self.events if e.kind in MEANINGS and MEANINGS[e.kind].opens]
        return max(opening, key=lambda e: (e.superseded_at is None, e.decided_at), default=None)


def explain(case: Case) -> list[Sentence]:
    """Why the alert fired, sentence by sentence."""
    return [
        _what(case),
        *_when(case),
        *_agreed(case),
        *_numbers(case),
        *_thresholds(case),
        _ends(case),
        *map(_event, case.events),
        _version(case),
    ]


def _what(case: Case) -> Sentence:
    rule = case.alert.rule if case.alert.rule in GROUNDS else OTHER
    return Sentence(f"explain.{rule}", _values(case))


def _values(case: Case) -> dict[str, Value]:
    """What a sentence of a rule may fill in."""
    alert, grounds = case.alert, GROUNDS.get(case.alert.rule, Grounds())
    values: dict[str, Value] = dict.fromkeys(grounds.numbers)
    values |= _known(case)
    for name in grounds.thresholds:
        values[name] = getattr(case.thresholds.rules, name) if case.thresholds else None
    names: dict[str, Value] = {
        "rule": alert.rule,
        "device": alert.device_id,
        "shipment": alert.shipment_id,
        "place": alert.place,
        "expected": alert.expected or alert.numbers.get("expected"),
        "group": alert.group_id,
    }
    return values | names


def _known(case: Case) -> Numbers:
    return case.deciding.numbers if case.deciding else case.alert.numbers


def _when(case: Case) -> Iterator[Sentence]:
    alert, event = case.alert, case.deciding
    yield Sentence(
        "explain.when",
        {"since": alert.opened_at, "decided": event.decided_at if event else alert.opened_at},
    )
    if alert.late_by_s is None:
        yield Sentence("explain.live", {"raised": alert.raised_at})
    else:
        values: dict[str, Value] = {"raised": alert.raised_at, "late_s": alert.late_by_s}
        yield Sentence("explain.late", values)
    if alert.group_id:
        yield Sentence("explain.group", {"group": alert.group_id})


def _agreed(case: Case) -> Iterator[Sentence]:
    """How many fixes said so, where a rule waits for several."""
    thresholds = GROUNDS.get(case.alert.rule, Grounds()).thresholds
    event = case.deciding
    # The newest may only say how far it has gone; the one before it was voted on.
    voted = [e for e in case.events if "fixes" in e.numbers and e.superseded_at is None]
    if "confirm_window" not in thresholds or event is None or not voted:
        return
    rules = case.thresholds.rules if case.thresholds else None
    yield Sentence(
        "explain.agreed",
        {
            "fixes": voted[-1].numbers["fixes"],
            "confirm_fixes": rules.confirm_fixes if rules else None,
            "confirm_window": rules.confirm_window if rules else None,
        },
    )


def _numbers(case: Case) -> Iterator[Sentence]:
    """Every number that the decision was taken on."""
    for name, value in _known(case).items():
        if value is not None and name != "link":
            yield Sentence("explain.number", {"name": name, "value": Named(name, value)})


def _thresholds(case: Case) -> Iterator[Sentence]:
    if case.thresholds is None:
        return
    for name in GROUNDS.get(case.alert.rule, Grounds()).thresholds:
        value = Named(name, getattr(case.thresholds.rules, name))
        source: Source | None = case.thresholds.source(name) if case.sources_known else None
        key = Key(f"explain.source.{source or 'UNKNOWN'}")
        yield Sentence("explain.threshold", {"name": name, "value": value, "source": key})


def _ends(case: Case) -> Sentence:
    if case.deciding and case.deciding.superseded_at:
        return Sentence("explain.disproved", {"disproved": case.deciding.superseded_at})
    if case.alert.cleared_at:
        return Sentence("explain.cleared", {"cleared": case.alert.cleared_at})
    if case.alert.rule in CLEARED_BY_EVENTS and case.alert.rule in GROUNDS:
        return Sentence(f"explain.clears.{case.alert.rule}", _values(case))
    return Sentence("explain.clears.PERSON")


def _event(event: EventFact) -> Sentence:
    values: dict[str, Value] = {
        "event": str(event.event_id),
        "kind": event.kind,
        "time": event.event_time,
        "decided": event.decided_at,
        "late_s": event.late_by_s,
        "superseded": event.superseded_at,
    }
    if event.superseded_at:
        return Sentence("explain.event.superseded", values)
    return Sentence("explain.event.late" if event.late_by_s else "explain.event", values)


def _version(case: Case) -> Sentence:
    if case.thresholds is None:
        return Sentence("explain.version.none")
    return Sentence("explain.version", {"version": case.thresholds.version})


def _cleared_by_events() -> frozenset[str]:
    return frozenset(meaning.rule for meaning in MEANINGS.values() if not meaning.opens)


CLEARED_BY_EVENTS = _cleared_by_events()
