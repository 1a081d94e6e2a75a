"""Carried: by ship or by plane, where a vehicle neither drives nor is heard."""

from __future__ import annotations

from math import inf

from domain.journeys import Journey, Stretch
from domain.way import stretch_at

CARRIERS = frozenset({"SHIP", "BOAT", "PLANE", "HELICOPTER"})


def carried(journey: Journey, along_m: float | None) -> Stretch | None:
    """The stretch by sea or air that is `along_m` along the way, if it is one.

    Where the place on the way is not known, the mode of the whole journey decides.
    """
    way = journey.way
    if way is not None and way.stretches and along_m is not None:
        stretch = stretch_at(way, along_m)
        return stretch if stretch.mode in CARRIERS else None
    if journey.mode not in CARRIERS:
        return None
    return Stretch(journey.mode, 0.0, inf if way is None else way.length_m)
