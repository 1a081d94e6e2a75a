"""Noise: how far a receiver's fix is from the truth, and what it claims about that.

After the literature (docs/reference/detection.md holds the list, by the numbers here):

- the error of consecutive fixes is strongly correlated, not white [1, 2]: a first-order
  Gauss-Markov (Ornstein-Uhlenbeck) process for each axis, plus a little white noise;
- its size depends on the surroundings: a few metres in the open [3], 7 to 13 m on average
  between houses [4] and tens of metres in a canyon of houses [5], more and with more large
  errors under trees [6]; reflections make heavy tails [7];
- a receiver claims a radius of 68 % [8] that is out of its own model of the error, so it is
  too small where reflections dominate;
- a phone that sees no sky answers with a place by WiFi or by the cell: 74 m and 600 m off, in
  the median [9];
- the first fixes after a start or an outage can be far off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RADIUS_68 = math.sqrt(-2 * math.log(1 - 0.68))  # of a two-dimensional normal error, in sigmas


@dataclass(frozen=True, slots=True)
class Environment:
    """Surroundings. `sigma_m` of each axis is correlated over `tau_s`; `white_m` is not.

    Reflections ("bursts") come `bursts_per_h` times an hour, `burst_m` is their median size
    and `burst_s` the time in which they fade. `claim` is what the receiver claims of its true
    68 % radius. `outages_per_h`: no fix at all (tunnels, dense canopy).
    """

    name: str
    sigma_m: float
    tau_s: float
    white_m: float
    bursts_per_h: float
    burst_m: float
    burst_s: float
    claim: float
    satellites: float
    outages_per_h: float


OPEN_ROAD = Environment("open road", 3.0, 150, 0.8, 0.05, 20, 30, 0.95, 14, 0.02)
TOWN = Environment("urban canyon", 9.0, 60, 2.5, 3.0, 35, 45, 0.6, 9, 0.3)
MOUNTAIN = Environment("mountain", 5.0, 120, 1.5, 0.6, 30, 60, 0.8, 9, 0.3)
FOREST = Environment("forest", 7.0, 90, 2.5, 0.6, 25, 45, 0.75, 8, 0.2)
ENVIRONMENTS = (OPEN_ROAD, TOWN, MOUNTAIN, FOREST)

BURST_SPREAD = 0.8  # of the logarithm: one in forty is five times the median
BURST_LARGEST_M = 600.0
SEEN_BURSTS = 0.6  # so many bursts does the receiver notice, and claims a larger radius
COLD_FIXES = 2
COLD_SHARE = 0.3  # of starts whose first fixes are far off
COLD_MEDIAN_M, COLD_SPREAD, COLD_LARGEST_M = 120.0, 1.0, 3000.0
NETWORK_SHARE = (0.01, 0.08, 0.03, 0.04)  # of a phone's fixes, by environment
NETWORK = ((0.8, 74.0, (25, 100)), (0.2, 600.0, (300, 1500)))  # share, median error, claims
NETWORK_SPREAD = 0.7
WILD_PER_H = 0.01  # a fix from nowhere: 0/0, or a digit gone wrong


class Noise(NamedTuple):
    """What the receiver makes of each fix: metres east and north, claim, satellites, and which
    fixes come from nowhere."""

    east_m: Floats
    north_m: Floats
    accuracy_m: Floats
    satellites: Ints
    wild: NDArray[np.bool_]


def make(
    times_s: Floats,
    where: Ints,
    starts: NDArray[np.bool_],
    rng: np.random.Generator,
    *,
    phone: bool = False,
) -> Noise:
    """Errors of the fixes at `times_s` (rising) in the environments `where` (indices).

    `starts` marks fixes before which the receiver had none for a while. `phone`: it has
    other sources of places than satellites.
    """
    sigma = np.array([e.sigma_m for e in ENVIRONMENTS])[where]
    tau = np.array([e.tau_s for e in ENVIRONMENTS])[where]
    white = np.array([e.white_m for e in ENVIRONMENTS])[where]
    claim = np.array([e.claim for e in ENVIRONMENTS])[where]
    east = _gauss_markov(times_s, sigma, tau, rng) + rng.normal(0, white)
    north = _gauss_markov(times_s, sigma, tau, rng) + rng.normal(0, white)
    spread = rng.lognormal(0, 0.2, len(times_s))
    accuracy = np.maximum(RADIUS_68 * np.hypot(sigma, white) * claim * spread, 1.0)
    error = east, north, accuracy
    _reflect(times_s, where, error, rng)
    _start_cold(starts, error, rng)
    if phone:
        _ask_network(where, error, rng)
    seen = np.array([e.satellites for e in ENVIRONMENTS])[where]
    satellites = np.maximum(rng.normal(seen, 1.8), 3).astype(np.int64)
    gaps = np.diff(times_s, prepend=times_s[:1] - 30)
    wild = rng.random(len(times_s)) < WILD_PER_H * np.minimum(gaps, 60) / 3600
    return Noise(east, north, accuracy, satellites, wild)


def _gauss_markov(times_s: Floats, sigma: Floats, tau: Floats, rng: np.random.Generator) -> Floats:
    keep = np.exp(-np.diff(times_s, prepend=times_s[:1]) / tau)
    step = (np.sqrt(1 - keep**2) * rng.normal(0, 1, len(times_s))).tolist()
    unit, value = [], float(rng.normal())
    for kept, added in zip(keep.tolist(), step, strict=True):
        value = kept * value + added
        unit.append(value)
    return np.array(unit) * sigma


Error = tuple[Floats, Floats, Floats]  # east, north, and what is claimed; changed in place


def _reflect(times_s: Floats, where: Ints, error: Error, rng: np.random.Generator) -> None:
    """Add reflections: each jumps in and fades, in one direction."""
    east, north, accuracy = error
    rates = np.array([e.bursts_per_h for e in ENVIRONMENTS])[where]
    gaps = np.minimum(np.diff(times_s, append=times_s[-1:]), 120)
    for first in np.flatnonzero(rng.random(len(times_s)) < rates * gaps / 3600):
        kind = ENVIRONMENTS[where[first]]
        size = min(kind.burst_m * rng.lognormal(0, BURST_SPREAD), BURST_LARGEST_M)
        course = rng.uniform(0, 2 * math.pi)
        fade_s = rng.exponential(kind.burst_s) + 10
        last = int(np.searchsorted(times_s, times_s[first] + 5 * fade_s))
        shape = size * np.exp(-(times_s[first:last] - times_s[first]) / fade_s)
        east[first:last] += shape * math.cos(course)
        north[first:last] += shape * math.sin(course)
        if rng.random() < SEEN_BURSTS:
            accuracy[first:last] = np.hypot(accuracy[first:last], 0.5 * shape)


def _start_cold(starts: NDArray[np.bool_], error: Error, rng: np.random.Generator) -> None:
    east, north, accuracy = error
    for start in np.flatnonzero(starts).tolist():
        if rng.random() >= COLD_SHARE:
            continue
        for fix in range(start, min(start + int(rng.integers(1, COLD_FIXES + 1)), len(east))):
            size = min(COLD_MEDIAN_M * rng.lognormal(0, COLD_SPREAD), COLD_LARGEST_M)
            course = rng.uniform(0, 2 * math.pi)
            east[fix] += size * math.cos(course)
            north[fix] += size * math.sin(course)
            honest = rng.random() < 0.5
            accuracy[fix] = max(accuracy[fix], size / 1.5 if honest else rng.uniform(15, 50))


def _ask_network(where: Ints, error: Error, rng: np.random.Generator) -> None:
    """Some fixes are not from satellites at all."""
    east, north, accuracy = error
    by_network = np.flatnonzero(rng.random(len(where)) < np.array(NETWORK_SHARE)[where])
    for fix in by_network.tolist():
        _, middle, claims = NETWORK[int(rng.random() >= NETWORK[0][0])]
        size, course = middle * rng.lognormal(0, NETWORK_SPREAD), rng.uniform(0, 2 * math.pi)
        east[fix], north[fix] = size * math.cos(course), size * math.sin(course)
        accuracy[fix] = rng.uniform(*claims)
