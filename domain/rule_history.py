"""Rule history: which thresholds were in force when.

Late data is judged by what applied at its own time, so each change of the settings and of
the plan's overrides is kept with the time from which it holds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any, NamedTuple

from pydantic import Field

from domain.plan import LegRules, OperationSettings, Part, Plan, RuleSettings
from domain.plan_words import Direction, Mode
from domain.settings import Rules
from domain.thresholds import Layer, Source, Thresholds, resolve

BEGINNING = datetime.min.replace(tzinfo=UTC)


class Overrides(Part):
    """What a plan says of thresholds, of its shipments those that say anything."""

    operation: OperationSettings = Field(default_factory=dict)
    leg_rules: tuple[LegRules, ...] = ()
    shipments: dict[str, RuleSettings] = Field(default_factory=dict)

    def widest(self) -> tuple[Layer, ...]:
        """What holds for all."""
        return (Layer(Source.OPERATION, self.operation),) if self.operation else ()

    def layers(
        self, mode: Mode | None, direction: Direction | None, shipment_id: str | None
    ) -> tuple[Layer, ...]:
        """What holds for a shipment on a leg by `mode`, the widest first."""
        legs = [
            Layer(Source.LEG, each.rules)
            for each in self.leg_rules
            if each.applies(mode, direction)
        ]
        own = Layer(Source.SHIPMENT, self.shipments.get(shipment_id or "", {}))
        return (*self.widest(), *(layer for layer in (*legs, own) if layer.given))


NO_OVERRIDES = Overrides()


def overrides(plan: Plan, before: Overrides = NO_OVERRIDES) -> Overrides:
    """Those of `plan`; shipments that it does not mention keep what they had before."""
    mentioned = {shipment.id: shipment.rules for shipment in plan.shipments}
    merged = {**before.shipments, **mentioned}
    return Overrides(
        operation=plan.operation.rules,
        leg_rules=plan.operation.leg_rules,
        shipments={name: rules for name, rules in merged.items() if rules},
    )


class SettingsChange(NamedTuple):
    """From then on, ingest ran with these settings."""

    valid_from: datetime
    rules: Rules


class PlanChange(NamedTuple):
    """From then on, the plan said this."""

    valid_from: datetime
    overrides: Overrides


class RuleHistory:
    """All changes. What was in force first counts for the time before it, too: nothing else
    is known of that."""

    def __init__(self, settings: Sequence[SettingsChange], plan: Sequence[PlanChange] = ()) -> None:
        if not settings:
            raise ValueError("a history needs the settings that it begins with")
        self._settings = sorted(settings, key=lambda change: change.valid_from)
        self._plan = sorted(plan, key=lambda change: change.valid_from)
        self._rules: dict[str, Rules] = {}
        self._known: dict[tuple[object, ...], Thresholds] = {}

    @classmethod
    def constant(cls, base: Rules, plan: Plan) -> RuleHistory:
        """Of what never changed: a plan that is tried, or a site before its first change."""
        return cls([SettingsChange(BEGINNING, base)], [PlanChange(BEGINNING, overrides(plan))])

    def times(self, start: datetime, end: datetime | None) -> list[datetime]:
        """When something changed after `start` and before `end`, in order."""
        times = {change.valid_from for change in self._settings[1:]}
        times |= {change.valid_from for change in self._plan[1:]}
        return sorted(t for t in times if t > start and (end is None or t < end))

    def stretches(
        self, start: datetime, end: datetime | None
    ) -> Iterator[tuple[datetime, datetime | None]]:
        """The time from `start` to `end`, cut where something changed."""
        cuts = [start, *self.times(start, end)]
        yield from zip(cuts, [*cuts[1:], end], strict=True)

    def base(self, at: datetime) -> Thresholds:
        """What held then without a shipment: by the settings and the operation."""
        index, said = _index(self._settings, at), self._said(at)
        return self._known.get((index, id(said))) or self._find((index, id(said)), said.widest())

    def thresholds(
        self, at: datetime, mode: Mode, direction: Direction, shipment_id: str
    ) -> Thresholds:
        """What held then for a shipment on a leg by `mode`."""
        index, said = _index(self._settings, at), self._said(at)
        own = shipment_id if shipment_id in said.shipments else None
        key = (index, id(said), mode, direction, own)
        return self._known.get(key) or self._find(key, said.layers(mode, direction, own))

    def _said(self, at: datetime) -> Overrides:
        return self._plan[_index(self._plan, at)].overrides if self._plan else NO_OVERRIDES

    def _find(self, key: tuple[Any, ...], layers: Iterable[Layer]) -> Thresholds:
        """Resolved once, and equal rules are one object: thousands of journeys share it."""
        found = resolve(self._settings[key[0]].rules, layers)
        rules = self._rules.setdefault(found.version, found.rules)
        self._known[key] = found._replace(rules=rules)
        return self._known[key]

    @property
    def rule_sets(self) -> Mapping[str, Rules]:
        """Those without a shipment and all others that were asked for so far, by version."""
        for at in [BEGINNING, *self.times(BEGINNING, None)]:
            self.base(at)
        return self._rules


def _index(changes: Sequence[SettingsChange] | Sequence[PlanChange], at: datetime) -> int:
    return max(bisect_right(changes, at, key=lambda change: change.valid_from) - 1, 0)


def misfits(plan: Plan, base: Rules) -> Iterator[tuple[str, str]]:
    """Where thresholds of `plan` do not fit those that they stand over: (path, reason)."""
    said, found = overrides(plan), dict[str, str]()
    legs = {route.id: [leg.mode for leg in route.legs] for route in plan.routes}
    for mode, direction in product(Mode, Direction) if said.leg_rules else [(None, None)]:
        found |= _misfit(base, _placed(said, mode, direction))
    for index, shipment in enumerate(plan.shipments):
        if shipment.rules:
            own = (f"shipments[{index}].rules", shipment.rules)
            for mode in legs.get(shipment.route_id or "") or [shipment.mode]:
                found |= _misfit(base, [*_placed(said, mode, shipment.direction), own])
    yield from found.items()


Placed = tuple[str, Mapping[str, float]]


def _placed(said: Overrides, mode: Mode | None, direction: Direction | None) -> list[Placed]:
    """The layers above the shipment with their places in the document."""
    legs = [
        (f"operation.leg_rules[{index}].rules", each.rules)
        for index, each in enumerate(said.leg_rules)
        if each.applies(mode, direction)
    ]
    return [("operation.rules", said.operation), *legs]


def _misfit(base: Rules, placed: Sequence[Placed]) -> dict[str, str]:
    """The widest layer that does not fit those above it."""
    layers: list[Layer] = []
    for path, given in placed:
        layers.append(Layer(Source.SETTINGS, given))
        fault = resolve(base, layers).fault
        if fault:
            named = [name for name in given if name in fault]
            return {".".join([path, *named[:1]]): fault}
    return {}
