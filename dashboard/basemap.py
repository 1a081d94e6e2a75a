"""The map of Indonesia under the live layers, without any outside server.

`assets/basemap.json` holds the land and the names (see `deploy/basemap`); this module dresses it.
Letters come from the fonts of the viewer's computer through the `local-font` protocol.
"""

from typing import Any, Final, Literal, NamedTuple

Theme = Literal["dark", "light"]
Layer = dict[str, Any]

LAND_SOURCE: Final = "basemap"
NAMES_SOURCE: Final = "basemap-names"
TILES_SOURCE: Final = "basemap-tiles"
FIRST_NAME_LAYER: Final = "basemap-sea-name-3"
"""Layers that names should stay above are added before this one."""

BOUNDS: Final = (95.0, -11.1, 141.1, 6.2)
"""West, south, east, north of Indonesia in degrees: what the national view fits."""
MAX_BOUNDS: Final = (86.0, -19.0, 150.0, 15.0)
"""As far as the land around is drawn: the map should not be panned beyond."""

_DATA_URL: Final = "/assets/basemap.json"
_GLYPHS: Final = "local-font://{fontstack}/{range}"
_REGULAR: Final = ["sans-serif"]
_BOLD: Final = ["sans-serif Bold"]
_ITALIC: Final = ["sans-serif Italic"]


class Palette(NamedTuple):
    """Colours of one theme: grey and blue only, so that an alert's colour is the only one."""

    sea: str
    abroad: str
    land: str
    coast: str
    province_border: str
    country_border: str
    halo: str
    province_name: str
    place_name: str
    sea_name: str
    raster_brightness_max: float


PALETTES: Final[dict[Theme, Palette]] = {
    "dark": Palette(
        sea="#0e1822",
        abroad="#17222c",
        land="#22303c",
        coast="#4a5f71",
        province_border="#4a5e72",
        country_border="#71879b",
        halo="#0e1822",
        province_name="#a6b8c8",
        place_name="#c6d2dd",
        sea_name="#7494b0",
        raster_brightness_max=0.55,
    ),
    "light": Palette(
        sea="#d3dee7",
        abroad="#e4e9ec",
        land="#f6f8f9",
        coast="#93a7b7",
        province_border="#b4c1cc",
        country_border="#7c8f9f",
        halo="#f6f8f9",
        province_name="#4d5f6e",
        place_name="#33424f",
        sea_name="#44657f",
        raster_brightness_max=1.0,
    ),
}


def style(theme: Theme, tile_url: str | None = None) -> dict[str, Any]:
    """A MapLibre style (style specification version 8).

    `tile_url` puts a raster tile server of your own over the land: an address with `{z}`, `{x}`
    and `{y}`. Raises ValueError if one of them is missing.
    """
    palette = PALETTES[theme]
    return {
        "version": 8,
        "name": f"kawal-{theme}",
        "glyphs": _GLYPHS,
        "sources": _sources(tile_url),
        "layers": [
            *_land(palette),
            *_tiles(palette, tile_url),
            *_borders(palette),
            *_names(palette, has_tiles=tile_url is not None),
        ],
    }


def _sources(tile_url: str | None) -> dict[str, Any]:
    # Two sources over one file: should the letters fail, the land is drawn all the same.
    is_name = ["has", "rank"]
    shared = {"type": "geojson", "data": _DATA_URL, "maxzoom": 10}
    sources: dict[str, Any] = {
        LAND_SOURCE: {**shared, "filter": ["!", is_name], "attribution": "Natural Earth"},
        NAMES_SOURCE: {**shared, "filter": is_name},
    }
    if tile_url is not None:
        sources[TILES_SOURCE] = {"type": "raster", "tiles": [_checked(tile_url)], "tileSize": 256}
    return sources


def _checked(tile_url: str) -> str:
    missing = [mark for mark in ("{z}", "{x}", "{y}") if mark not in tile_url]
    if missing:
        raise ValueError(f"tile_url: {' '.join(missing)} missing in {tile_url!r}")
    return tile_url


def _kind(*kinds: str) -> list[Any]:
    return ["in", ["get", "kind"], ["literal", list(kinds)]]


def _by_zoom(*stops: float) -> list[Any]:
    return ["interpolate", ["linear"], ["zoom"], *stops]


def _drawn(layer_id: str, kind: str, of_kinds: list[Any], paint: dict[str, Any]) -> Layer:
    return {
        "id": layer_id,
        "type": kind,
        "source": LAND_SOURCE,
        "filter": of_kinds,
        "paint": paint,
    }


def _land(palette: Palette) -> list[Layer]:
    # The coast lies under the fills: what is left of it is its half at sea, and no province border.
    coast = {"line-color": palette.coast, "line-width": _by_zoom(4, 1.2, 9, 3)}
    return [
        {"id": "basemap-sea", "type": "background", "paint": {"background-color": palette.sea}},
        _drawn("basemap-coast", "line", _kind("province", "neighbour"), coast),
        _drawn("basemap-abroad", "fill", _kind("neighbour"), {"fill-color": palette.abroad}),
        _drawn("basemap-land", "fill", _kind("province"), {"fill-color": palette.land}),
    ]


def _tiles(palette: Palette, tile_url: str | None) -> list[Layer]:
    if tile_url is None:
        return []
    paint = {"raster-saturation": -0.8, "raster-brightness-max": palette.raster_brightness_max}
    return [{"id": "basemap-tiles", "type": "raster", "source": TILES_SOURCE, "paint": paint}]


def _borders(palette: Palette) -> list[Layer]:
    province = {"line-color": palette.province_border, "line-width": _by_zoom(4, 0.7, 9, 1.6)}
    country = {
        "line-color": palette.country_border,
        "line-width": _by_zoom(4, 1.1, 9, 2.2),
        "line-dasharray": [4, 2],
    }
    return [
        _drawn("basemap-province-border", "line", _kind("province-border"), province),
        _drawn("basemap-country-border", "line", _kind("country-border"), country),
    ]


def _names(palette: Palette, *, has_tiles: bool) -> list[Layer]:
    # The last layer is placed first: provinces push away cities, cities ports, ports the rest.
    small = [
        *_by_rank("sea", {3: 8, 2: 5.2, 1: 0}, palette, palette.sea_name, _sea_layout()),
        *_by_rank("country", {2: 6, 1: 0}, palette, palette.sea_name, _country_layout()),
        *_by_rank("port", {2: 7.8, 1: 6.6}, palette, palette.place_name, _spot_layout("▪", 12)),
        *_by_rank(
            "city", {3: 7.4, 2: 6.2, 1: 5.4}, palette, palette.place_name, _spot_layout("•", 14)
        ),
    ]
    # Tiles bring small names along; the layers stay, as others are placed before the first of them.
    return [
        *(_hidden(small) if has_tiles else small),
        _named("province", palette, palette.province_name, _province_layout()),
    ]


def _hidden(layers: list[Layer]) -> list[Layer]:
    return [{**layer, "layout": {**layer["layout"], "visibility": "none"}} for layer in layers]


def _named(kind: str, palette: Palette, color: str, layout: Layer) -> Layer:
    return {
        "id": f"basemap-{kind}-name",
        "type": "symbol",
        "source": NAMES_SOURCE,
        "filter": _kind(f"{kind}-name"),
        "layout": {"text-field": ["get", "name"], "text-font": _REGULAR, **layout},
        "paint": {
            "text-color": color,
            "text-halo-color": palette.sea if kind == "sea" else palette.halo,
            "text-halo-width": 1.4,
        },
    }


def _by_rank(
    kind: str, min_zooms: dict[int, float], palette: Palette, color: str, layout: Layer
) -> list[Layer]:
    named = _named(kind, palette, color, layout)
    return [
        {
            **named,
            "id": f"{named['id']}-{rank}",
            "minzoom": min_zoom,
            "filter": ["all", named["filter"], ["==", ["get", "rank"], rank]],
        }
        for rank, min_zoom in min_zooms.items()
    ]


def _province_layout() -> Layer:
    # From afar the names of narrow provinces stand beside them, at sea; near by, upon them.
    # (MapLibre lays names out at whole zooms only.)
    beside = ["match", ["get", "anchor"], "left", _ems(0.9, 0), "right", _ems(-0.9, 0)]
    beside += ["top", _ems(0, 0.8), "bottom", _ems(0, -1), _ems(0, 0)]
    return {
        "text-font": _BOLD,
        "text-size": _by_zoom(4, 10.5, 6, 13, 9, 18),
        "text-letter-spacing": 0.04,
        "text-max-width": 6.5,
        "text-line-height": 1.1,
        "text-anchor": ["step", ["zoom"], ["get", "anchor"], 6, "center"],
        "text-offset": ["step", ["zoom"], beside, 6, _ems(0, 0)],
        "symbol-sort-key": ["get", "rank"],
    }


def _ems(x: float, y: float) -> list[Any]:
    return ["literal", [x, y]]


def _spot_layout(mark: str, size: float) -> Layer:
    # The mark is a letter of the name, so that no mark is left on the map when its name gives way.
    spot = [mark, {"font-scale": 1.2}]
    is_west = ["==", ["get", "side"], "west"]
    west = ["format", ["get", "name"], {}, " ", {}, *spot]
    east = ["format", *spot, " ", {}, ["get", "name"], {}]
    return {
        "text-field": ["case", is_west, west, east],
        "text-anchor": ["case", is_west, "right", "left"],
        "text-offset": ["case", is_west, _ems(0.36, 0), _ems(-0.36, 0)],
        "text-max-width": 20,
        "text-size": _by_zoom(5, size - 3, 9, size),
    }


def _sea_layout() -> Layer:
    return {
        "text-font": _ITALIC,
        "text-size": _by_zoom(4, 11, 8, 15),
        "text-letter-spacing": 0.12,
        "text-rotate": ["get", "rotate"],
        "text-rotation-alignment": "map",
    }


def _country_layout() -> Layer:
    return {
        "text-transform": "uppercase",
        "text-size": _by_zoom(4, 10, 8, 13),
        "text-letter-spacing": 0.2,
    }
