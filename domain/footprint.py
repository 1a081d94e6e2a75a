"""Footprint: the area that an incident is known to touch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely

from domain.geodesy import METRES_PER_DEGREE, local_xy

AT_LEAST_M = 500.0  # a vehicle moves on between its last good fix and its word
COARSE_M = 25.0  # corners that a person could not see at this scale
DIGITS = 5  # a metre


class Footprint(NamedTuple):
    """`text` is a GeoJSON polygon; the circle around the centre holds it."""

    lat_deg: float
    lon_deg: float
    radius_m: float
    text: str


def footprint(places: Sequence[tuple[float, float, float]]) -> Footprint:
    """The hull of the error circles of `places`: (latitude, longitude, radius in metres)."""
    lat, lon, radius_m = np.array(sorted(set(places)), dtype=np.float64).T
    lat_0, lon_0 = lat[0], lon[0]
    x, y = local_xy(lat, lon, lat_0, lon_0)
    circles = shapely.buffer(shapely.points(x, y), np.maximum(radius_m, AT_LEAST_M))
    hull = shapely.simplify(shapely.convex_hull(shapely.union_all(circles)), COARSE_M)
    corners = shapely.get_coordinates(hull)
    middle = shapely.get_coordinates(shapely.centroid(hull))[0]
    reach_m = float(np.hypot(*(corners - middle).T).max())
    per_lon = METRES_PER_DEGREE * np.cos(np.radians(lat_0))
    degrees = [lon_0, lat_0] + np.vstack([corners, middle]) / [per_lon, METRES_PER_DEGREE]
    *ring, centre = np.round(degrees, DIGITS).tolist()
    text = json.dumps({"type": "Polygon", "coordinates": [ring]}, separators=(",", ":"))
    return Footprint(centre[1], centre[0], round(reach_m), text)
