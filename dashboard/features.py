"""The plan as GeoJSON: facilities, their fences and the corridors."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from db.views import FacilityRow, RouteRow

CIRCLE_CORNERS = 64
EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
EQUATOR_M = 2 * math.pi * 6_378_137.0
TILE_PX = 512

Feature = dict[str, Any]


def collection(features: Iterable[Feature]) -> dict[str, Any]:
    """A GeoJSON FeatureCollection."""
    return {"type": "FeatureCollection", "features": list(features)}


def facility_feature(row: FacilityRow) -> Feature:
    """The point of a facility."""
    return _feature(
        {"type": "Point", "coordinates": [row.lon_deg, row.lat_deg]},
        id=row.facility_id,
        kind=row.kind,
        name=row.name,
        tz=row.tz,
    )


def fence_feature(row: FacilityRow) -> Feature:
    """The fence of a facility as a polygon."""
    geometry = row.fence_polygon
    if row.fence_radius_m is not None:
        geometry = circle(row.lon_deg, row.lat_deg, row.fence_radius_m)
    return _feature(geometry, id=row.facility_id, kind=row.kind, name=row.name)


def route_feature(row: RouteRow) -> Feature:
    """The line of a route. `width_px`: the corridor's width on the map at zoom 0."""
    latitudes = [point[1] for point in row.line["coordinates"]]
    width_px = pixels_at_zoom_0(2 * row.half_width_m, sum(latitudes) / len(latitudes))
    return _feature(row.line, id=row.route_id, name=row.name, width_px=width_px)


def circle(lon_deg: float, lat_deg: float, radius_m: float) -> dict[str, Any]:
    """A polygon around a point, true to size in metres where the point is."""
    reach_deg = math.degrees(radius_m / EARTH_RADIUS_M)
    stretch = math.cos(math.radians(lat_deg))
    angles = [2 * math.pi * corner / CIRCLE_CORNERS for corner in range(CIRCLE_CORNERS)]
    ring = [
        [lon_deg + reach_deg * math.cos(a) / stretch, lat_deg + reach_deg * math.sin(a)]
        for a in angles
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def pixels_at_zoom_0(length_m: float, lat_deg: float) -> float:
    """A length on the Web Mercator map; it doubles with each zoom level."""
    return length_m * TILE_PX / (EQUATOR_M * math.cos(math.radians(lat_deg)))


def _feature(geometry: Any, **properties: Any) -> Feature:
    return {"type": "Feature", "geometry": geometry, "properties": properties}
