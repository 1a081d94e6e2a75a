"""Wording: sentences by key, with numbers, units and times as a language writes them.

A value is formatted by what its name ends in (`_m`, `_s`, `_kmh`), as everywhere here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from domain.regions import Zone

DASH = "–"
_ZONE_NAMES = {zone.value: zone.name for zone in Zone}
_SECONDS = {"s": 1, "seconds": 1, "hours": 3600}
_UNITS = {"m": "m", "km": "km", "kmh": "kmh", "pct": "percent", "lux": "lux"}


class Key(NamedTuple):
    """A value that is itself a text of the catalogue."""

    key: str


class Named(NamedTuple):
    """A value that has its unit from another name than its own."""

    name: str
    value: float | str | None


Value = float | str | datetime | Key | Named | None


class Sentence(NamedTuple):
    """A text of the catalogue and what is filled in."""

    key: str
    values: Mapping[str, Value] = {}


class Translator(Protocol):
    """Gives the text of a key with its values filled in."""

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key`."""


class Writer:
    """Writes sentences in one language for one time zone."""

    def __init__(self, translate: Translator, language: str, zone: str) -> None:
        self._translate = translate
        self._decimal = "," if language == "id" else "."
        self._thousands = "." if language == "id" else ","
        self._zone = ZoneInfo(zone)
        self._zone_name = _ZONE_NAMES.get(zone, zone)

    def write(self, sentence: Sentence) -> str:
        """The sentence as people read it."""
        values = {name: self.value(name, value) for name, value in sentence.values.items()}
        return self._translate(sentence.key, **values)

    def value(self, name: str, value: Value) -> str:
        """One value with its unit."""
        match value:
            case None | "":
                return DASH
            case Key(key):
                return self._translate(key)
            case Named(inner, given):
                return self.value(inner, given)
            case datetime():
                return self.time(value)
            case str():
                moment = _moment(value)
                return self.time(moment) if moment else value
            case _:
                return self._quantity(name, value)

    def time(self, at: datetime) -> str:
        """In the local zone, which is named."""
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M:%S} {self._zone_name}"

    def span(self, seconds: float) -> str:
        """The two largest units that are not nothing."""
        if seconds < 60 and seconds != int(seconds):
            return self._unit("s", seconds)
        rest, parts = round(seconds), []
        for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
            many, rest = divmod(rest, size)
            if many:
                parts.append(self._unit(unit, many))
        return " ".join(parts[:2]) or self._unit("s", 0)

    def number(self, value: float) -> str:
        """At most two decimals, none where it is whole."""
        text = f"{value:,.2f}".rstrip("0").rstrip(".")
        swap = {",": self._thousands, ".": self._decimal}
        return "".join(swap.get(each, each) for each in text)

    def _quantity(self, name: str, value: float) -> str:
        ending = name.rpartition("_")[2]
        if ending in _SECONDS:
            return self.span(value * _SECONDS[ending])
        if ending == "m" and abs(value) >= 10_000:
            return self._unit("km", round(value / 1000, 1))
        return self._unit(_UNITS[ending], value) if ending in _UNITS else self.number(value)

    def _unit(self, unit: str, value: float) -> str:
        return self._translate(f"unit.{unit}", n=self.number(value))


def _moment(text: str) -> datetime | None:
    """A time with its zone, as events keep one among their numbers."""
    if len(text) < 20 or text[4:5] != "-" or "T" not in text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
