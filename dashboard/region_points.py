"""Where a province is marked on a map: the point of its name on the basemap."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files


@cache
def province_points() -> dict[str, tuple[float, float]]:
    """By Kemendagri code: longitude and latitude, in degrees."""
    source = files("dashboard") / "assets" / "basemap.json"
    features = json.loads(source.read_text(encoding="utf-8"))["features"]
    return {
        f"{feature['properties']['code']:02}": _point(feature["geometry"]["coordinates"])
        for feature in features
        if feature["properties"]["kind"] == "province-name"
    }


def _point(lon_lat: list[float]) -> tuple[float, float]:
    lon_deg, lat_deg = lon_lat
    return lon_deg, lat_deg
