"""Thresholds: which numbers a rule goes by for one shipment, and where each comes from.

Widest first: the settings, the operation, the kind of leg, the shipment; a narrower one
wins. The same numbers have the same version, whoever sets them and when.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from pydantic import ValidationError, create_model

from domain.settings import Rules, Section

LOGIC = 1  # rises when the rules mean something else by the same thresholds

_AT_RECEIPT = "it is applied when a fix arrives, before its shipment is known"
_EVALUATION = "it is how the rules of all devices are run"
_SEVERAL = "it is for devices of several shipments together"

# What a plan cannot set at all, and why not.
FIXED: Mapping[str, str] = {
    "late_after_s": _AT_RECEIPT,
    "future_after_s": _AT_RECEIPT,
    "stale_after_s": _AT_RECEIPT,
    "max_accuracy_m": _AT_RECEIPT,
    "min_satellites": _AT_RECEIPT,
    "reevaluate_hours": _EVALUATION,
    "snapshot_fixes": _EVALUATION,
}
# What a plan can set for the whole operation only.
JOINT: Mapping[str, str] = {
    "interference_devices": _SEVERAL,
    "interference_radius_m": _SEVERAL,
    "interference_window_s": _SEVERAL,
    "convoy_behind_m": _SEVERAL,
    "convoy_escort_m": _SEVERAL,
    "convoy_fresh_s": _SEVERAL,
    "convoy_after_s": _SEVERAL,
}
SETTABLE = tuple(name for name in Rules.model_fields if name not in FIXED)
SETTABLE_ALONE = tuple(name for name in SETTABLE if name not in JOINT)


class Source(StrEnum):
    """Who set a threshold."""

    SETTINGS = "SETTINGS"
    OPERATION = "OPERATION"
    LEG = "LEG"
    SHIPMENT = "SHIPMENT"


class Layer(NamedTuple):
    """What one source sets."""

    source: Source
    given: Mapping[str, float]


class Thresholds(NamedTuple):
    """Thresholds in force. `sources` names those that are not of the settings; `fault` is why
    what the plan says could not be taken, and the settings alone hold."""

    rules: Rules
    version: str
    sources: Mapping[str, Source] = {}
    fault: str | None = None

    def source(self, name: str) -> Source:
        """Where the threshold `name` comes from."""
        return self.sources.get(name, Source.SETTINGS)


def _each_by_itself(names: Iterable[str]) -> type[Section]:
    """Whether they fit together is seen when all layers are known."""
    known = Rules.model_fields
    fields: dict[str, Any] = {name: (known[name].annotation, known[name]) for name in names}
    return create_model("Settable", __base__=Section, **fields)


_Operation = _each_by_itself(SETTABLE)
_Alone = _each_by_itself(SETTABLE_ALONE)


def sound(given: dict[str, float]) -> dict[str, float]:
    """`given` as it is. Raises ValidationError for a threshold that is unknown, cannot be set
    for a leg or a shipment, or has a value that it cannot have."""
    _Alone.model_validate(given)
    return given


def sound_for_all(given: dict[str, float]) -> dict[str, float]:
    """The same for an operation, which may set those of rules over several shipments, too."""
    _Operation.model_validate(given)
    return given


def resolve(base: Rules, layers: Iterable[Layer] = ()) -> Thresholds:
    """`base` with each of `layers` over it, the widest first.

    Where they do not fit together, `base` holds alone and `fault` says why: a vehicle
    without rules would be worse.
    """
    given: dict[str, float] = {}
    sources: dict[str, Source] = {}
    for layer in layers:
        given |= layer.given
        sources |= dict.fromkeys(layer.given, layer.source)
    if not given:
        return Thresholds(base, version(base))
    try:
        rules = Rules.model_validate({**base.model_dump(), **given})
    except ValidationError as error:
        return Thresholds(base, version(base), {}, reason(error))
    return Thresholds(rules, version(rules), sources)


def reason(error: ValidationError) -> str:
    """The first thing that is wrong, in words."""
    detail = error.errors(include_url=False)[0]
    where = ".".join(map(str, detail["loc"]))
    words = detail["msg"].removeprefix("Value error, ").replace("Input should", "must", 1)
    return f"{where}: {words}" if where else words


@cache
def version(rules: Rules) -> str:
    """The first 12 hex digits of the SHA-256 of the thresholds and of `LOGIC`."""
    text = json.dumps({"logic": LOGIC, **document(rules)}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def document(rules: Rules) -> dict[str, float]:
    """The thresholds as they are kept: 120 and 120.0 are one number."""
    return {name: float(value) for name, value in rules.model_dump().items()}


def read(kept: Mapping[str, float]) -> Rules:
    """Thresholds that were kept, perhaps by another release: what we do not know is left out,
    what it did not know has our default."""
    return Rules.model_validate({k: v for k, v in kept.items() if k in Rules.model_fields})
