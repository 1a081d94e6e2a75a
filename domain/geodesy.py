"""Distances on the ground, in metres, over arrays.

Planar in a local equirectangular projection: within a corridor's or a fence's width it
agrees with the geodesic far below the receiver's own error.
"""

from __future__ import annotations

from math import asin, cos, hypot, radians, sin, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG 1980
METRES_PER_DEGREE = EARTH_RADIUS_M * np.pi / 180


def distance_m(lat_a: Floats, lon_a: Floats, lat_b: Floats, lon_b: Floats) -> Floats:
    """Great-circle distance by the haversine formula; inputs in degrees, shapes broadcast."""
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half_phi = (phi_b - phi_a) / 2
    half_lambda = np.radians(np.subtract(lon_b, lon_a)) / 2
    h = np.sin(half_phi) ** 2 + np.cos(phi_a) * np.cos(phi_b) * np.sin(half_lambda) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(h, 1.0))))


def local_xy(
    lat: Floats, lon: Floats, lat_0: Floats | np.float64, lon_0: Floats | np.float64
) -> tuple[Floats, Floats]:
    """Metres east and north of (lat_0, lon_0). Valid across the antimeridian."""
    dlon = (np.subtract(lon, lon_0) + 180) % 360 - 180
    x = dlon * METRES_PER_DEGREE * np.cos(np.radians(lat_0))
    y = np.subtract(lat, lat_0) * METRES_PER_DEGREE
    return np.asarray(x), np.asarray(y)


def apart_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """As `distance_m` for two points that are near each other, without an array's cost."""
    east = ((lon_b - lon_a + 180) % 360 - 180) * cos(radians((lat_a + lat_b) / 2))
    return hypot(east, lat_b - lat_a) * METRES_PER_DEGREE


def ground_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance of one pair by the haversine formula; an array would cost ten times
    as much."""
    phi_a, phi_b = radians(lat_a), radians(lat_b)
    half_phi, half_lambda = (phi_b - phi_a) / 2, radians(lon_b - lon_a) / 2
    h = sin(half_phi) ** 2 + cos(phi_a) * cos(phi_b) * sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(h, 1.0)))
