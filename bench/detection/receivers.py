"""Receivers: faults of what a device says, does not say, or is made to say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.detection.driving import pace
from bench.detection.orders import Orders, Truth
from bench.detection.scenes import Scene, Setting, fault_of, go, reached_s, spot


def _reported(at: Setting, kind: str, rule: str, dead_h: tuple[float, float] | None) -> Scene:
    place = spot(at)
    moment: list[float] = []

    def report(orders: Orders, truth: Truth) -> None:
        moment.append(reached_s(truth, place) + 7)
        orders.reports.append((moment[0], kind))
        if dead_h:
            orders.dead.append((moment[0] - 300, moment[0] + 3600 * at.rng.uniform(*dead_h)))

    vehicle = go(at, Orders(when=report))
    name = f"{kind.replace('_', ' ')}, dead zone, told 1-4 h late" if dead_h else kind
    fault = fault_of(
        name.replace("_", " "), {rule}, vehicle, moment[0], moment[0], moment[0] + 4 * 3600
    )
    return Scene([vehicle], fault._replace(heard=vehicle.reports[0].received_at))


def seal_cut(at: Setting) -> Scene:
    """The seal's wire is cut on the way."""
    return _reported(at, "seal_cut", "SEAL_CUT", None)


def seal_opened(at: Setting) -> Scene:
    """The seal is opened on the way."""
    return _reported(at, "seal_opened", "SEAL_OPENED", None)


def seal_opened_unseen(at: Setting) -> Scene:
    """The same without coverage."""
    return _reported(at, "seal_opened", "SEAL_OPENED", (1.0, 4.0))


def sos(at: Setting) -> Scene:
    """The driver calls for help."""
    return _reported(at, "sos", "SOS", None)


def sos_unseen(at: Setting) -> Scene:
    """The same without coverage."""
    return _reported(at, "sos", "SOS", (1.0, 4.0))


def _off(at: Setting, minutes: float | None, name: str) -> Scene:
    place = spot(at)
    window: list[float] = []

    def switch_off(orders: Orders, truth: Truth) -> None:
        begins = reached_s(truth, place)
        window[:] = [begins, begins + minutes * 60 if minutes else 1e9]
        orders.off.append((window[0], window[1]))

    vehicle = go(at, Orders(when=switch_off))
    begins = window[0]
    ends = min(window[1], begins + 6 * 3600)
    due = begins + 2 * vehicle.interval_s
    fault = fault_of(name, {"SILENCE"}, vehicle, begins, due, ends)
    return Scene([vehicle], fault._replace(heard=fault.due))


def silence(at: Setting) -> Scene:
    """The device is off for 40 minutes."""
    return _off(at, 40.0, "silence, 40 min")


def silence_for_good(at: Setting) -> Scene:
    """The device is off and stays so."""
    return _off(at, None, "silence for good")


def _spoofed(at: Setting, seconds: float | None, name: str) -> Scene:
    place, course = spot(at), at.rng.uniform(0, 2 * np.pi)
    away = at.rng.uniform(20_000, 60_000)
    begins: list[float] = []

    def spoof(orders: Orders, truth: Truth) -> None:
        begins.append(reached_s(truth, place))
        until = begins[0] + seconds if seconds else 1e9
        orders.spoof = begins[0], until, away * np.cos(course), away * np.sin(course)

    vehicle = go(at, Orders(when=spoof))
    ends = begins[0] + (seconds or 3600.0)
    fault = fault_of(name, {"JUMP", "INTERFERENCE"}, vehicle, begins[0], begins[0], ends)
    return Scene([vehicle], fault)


def spoofed(at: Setting) -> Scene:
    """From one fix to the next 20 to 60 km away, and there it drives on."""
    return _spoofed(at, None, "spoofed jump that stays")


def teleport(at: Setting) -> Scene:
    """The same for five minutes, and back."""
    return _spoofed(at, 300.0, "teleport and return")


def _received(
    at: Setting, name: str, rules: set[str], minutes: float, act: Callable[[Orders, float], None]
) -> Scene:
    place = spot(at)
    begins: list[float] = []

    def when(orders: Orders, truth: Truth) -> None:
        begins.append(reached_s(truth, place))
        act(orders, begins[0])

    vehicle = go(at, Orders(when=when, rests=False))
    ends = begins[0] + minutes * 60
    return Scene([vehicle], fault_of(name, rules, vehicle, begins[0], begins[0], ends))


def mock(at: Setting) -> Scene:
    """Fixes set by software for half an hour, in plausible places."""

    def act(orders: Orders, begins: float) -> None:
        orders.mock = begins, begins + 1800

    return _received(at, "fixes set by software (mock)", {"SPOOFING"}, 30, act)


def frozen(at: Setting) -> Scene:
    """For 15 minutes always the same place, while the speed says otherwise."""

    def act(orders: Orders, begins: float) -> None:
        orders.frozen = begins, begins + 900

    return _received(at, "frozen receiver", {"FROZEN"}, 15, act)


def jamming_one(at: Setting) -> Scene:
    """One device reports jamming."""

    def act(orders: Orders, begins: float) -> None:
        orders.jams.append((begins, begins + 600))
        orders.reports += [(begins + 15, "jamming_started"), (begins + 600, "jamming_ended")]

    return _received(at, "jamming, reported by one", {"JAMMING", "INTERFERENCE"}, 10, act)


def jamming_area(at: Setting) -> Scene:
    """Four vehicles within 6 km lose their fixes and report jamming."""
    way = pace(at.road, at.road.length_m, at.rng)
    place = spot(at)
    begins = 1200 + float(np.interp(place, way.driven_m, way.times_s))

    def jam(orders: Orders, truth: Truth) -> None:  # noqa: ARG001 - all at one time
        orders.jams.append((begins, begins + 900))
        orders.reports += [(begins + 15, "jamming_started"), (begins + 900, "jamming_ended")]

    vehicles = [
        go(at, Orders(rests=False, stand_s=1200.0 + 90 * i, pace=way, when=jam), f"-{i}")
        for i in range(4)
    ]
    devices = frozenset(v.device_id for v in vehicles)
    fault = fault_of(
        "area jamming, as one incident", {"INTERFERENCE"}, vehicles[0], begins, begins + 60,
        begins + 900, devices,
    )  # fmt: skip
    return Scene(vehicles, fault)
