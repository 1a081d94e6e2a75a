"""The page of an evidence bundle for people: one file, no script, all outside text escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined

from domain.evidence_bundle import canonical
from domain.regions import Zone

MOST_ROWS = 500  # of one table; evidence.json has all
LONGEST = 2000  # characters of one value, such as the line of a route
TEMPLATE = "evidence_report.html"


def render(answer: Mapping[str, Any], made: Mapping[str, Any]) -> bytes:
    """`answer` (of `domain.evidence.document`) as HTML, Bahasa Indonesia first.

    Times are in the zone of the destination, or WIB where there is none.
    """
    zone = _zone(answer)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"time": lambda when: _time(when, zone), "plain": _plain}
    template = environment.from_string(files("domain").joinpath(TEMPLATE).read_text("utf-8"))
    page = template.render(answer=answer, made=made, zone=zone, most=MOST_ROWS)
    return page.encode()


def _zone(answer: Mapping[str, Any]) -> Zone:
    for parts in (answer["plan"]["known_at"], answer["plan"]["now"]):
        for shipment in parts["shipments"].values():
            place = parts["facilities"].get(shipment["to"])
            if place is not None:
                return Zone(place["tz"])
    return Zone.WIB


def _time(when: datetime | None, zone: Zone) -> str:
    if when is None:
        return "–"
    return f"{when.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} {zone.name}"


def _plain(value: Any) -> str:
    """Any value as a reader wants it."""
    match value:
        case None:
            return "–"
        case True:
            return "ya / yes"
        case False:
            return "tidak / no"
        case str():
            return value
        case [*words] if all(isinstance(word, str) for word in words):
            return ", ".join(words) or "–"
        case _:
            text = canonical(value).decode().strip()
            return text if len(text) <= LONGEST else f"{text[:LONGEST]} … (evidence.json)"
