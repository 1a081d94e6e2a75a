import json
from importlib.resources import files
from typing import Any, get_args

import pytest
from shapely import Point, box, union_all
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from dashboard.basemap import BOUNDS, FIRST_NAME_LAYER, MAX_BOUNDS, PALETTES, Theme, style

THEMES: tuple[Theme, ...] = get_args(Theme)
KM_PER_DEGREE = 111.2
AA_CONTRAST = 4.5

# Kemendagri's codes and names (decree 300.2.2-2138/2025), in the usual short form.
PROVINCES = {
    11: "Aceh",
    12: "Sumatera Utara",
    13: "Sumatera Barat",
    14: "Riau",
    15: "Jambi",
    16: "Sumatera Selatan",
    17: "Bengkulu",
    18: "Lampung",
    19: "Kepulauan Bangka Belitung",
    21: "Kepulauan Riau",
    31: "DKI Jakarta",
    32: "Jawa Barat",
    33: "Jawa Tengah",
    34: "DI Yogyakarta",
    35: "Jawa Timur",
    36: "Banten",
    51: "Bali",
    52: "Nusa Tenggara Barat",
    53: "Nusa Tenggara Timur",
    61: "Kalimantan Barat",
    62: "Kalimantan Tengah",
    63: "Kalimantan Selatan",
    64: "Kalimantan Timur",
    65: "Kalimantan Utara",
    71: "Sulawesi Utara",
    72: "Sulawesi Tengah",
    73: "Sulawesi Selatan",
    74: "Sulawesi Tenggara",
    75: "Gorontalo",
    76: "Sulawesi Barat",
    81: "Maluku",
    82: "Maluku Utara",
    91: "Papua",
    92: "Papua Barat",
    93: "Papua Selatan",
    94: "Papua Tengah",
    95: "Papua Pegunungan",
    96: "Papua Barat Daya",
}
YOUNGER_WITHIN = {65: 64, 93: 91, 94: 91, 95: 91, 96: 92}


@pytest.fixture(scope="module")
def raw() -> bytes:
    return files("dashboard").joinpath("assets", "basemap.json").read_bytes()


@pytest.fixture(scope="module")
def features(raw: bytes) -> list[dict[str, Any]]:
    collection = json.loads(raw)
    assert collection["type"] == "FeatureCollection"
    return list(collection["features"])


def of_kind(features: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [feature for feature in features if feature["properties"]["kind"] in kinds]


@pytest.fixture(scope="module")
def provinces(features: list[dict[str, Any]]) -> dict[int, BaseGeometry]:
    return {f["properties"]["code"]: shape(f["geometry"]) for f in of_kind(features, "province")}


@pytest.fixture(scope="module")
def land(provinces: dict[int, BaseGeometry]) -> BaseGeometry:
    return union_all(list(provinces.values()))


def named_point(features: list[dict[str, Any]], kind: str, name: str) -> BaseGeometry:
    (found,) = (f for f in of_kind(features, kind) if f["properties"]["name"] == name)
    return shape(found["geometry"])


def test_the_file_is_small_enough_to_load_with_the_page(raw: bytes) -> None:
    assert len(raw) <= 500_000


def test_every_feature_is_a_geometry_with_a_kind(features: list[dict[str, Any]]) -> None:
    for feature in features:
        assert feature["type"] == "Feature"
        assert feature["properties"]["kind"]
        assert not shape(feature["geometry"]).is_empty


def test_each_of_the_38_provinces_is_named_once(features: list[dict[str, Any]]) -> None:
    names = [f["properties"] for f in of_kind(features, "province-name")]
    assert len(names) == 38
    assert {name["code"]: name["name"] for name in names} == PROVINCES


def test_each_province_belongs_to_one_outline(features: list[dict[str, Any]]) -> None:
    outlines = [f["properties"] for f in of_kind(features, "province")]
    assert sorted(code for outline in outlines for code in outline["holds"]) == sorted(PROVINCES)
    assert all(outline["code"] in outline["holds"] for outline in outlines)
    assert all(outline["name"] == PROVINCES[outline["code"]] for outline in outlines)


@pytest.mark.parametrize("code", PROVINCES)
def test_a_name_lies_on_the_land_of_its_province(
    code: int, features: list[dict[str, Any]], provinces: dict[int, BaseGeometry]
) -> None:
    point = named_point(features, "province-name", PROVINCES[code])
    assert provinces[YOUNGER_WITHIN.get(code, code)].contains(point)


@pytest.mark.parametrize(
    ("province", "capital", "capital_of_the_rest"),
    [
        ("Kalimantan Utara", "Tanjung Selor", "Samarinda"),
        ("Papua Selatan", "Merauke", "Jayapura"),
        ("Papua Tengah", "Nabire", "Jayapura"),
        ("Papua Pegunungan", "Wamena", "Jayapura"),
        ("Papua Barat Daya", "Sorong", "Manokwari"),
    ],
)
def test_a_province_without_outline_is_named_near_its_own_capital(
    province: str, capital: str, capital_of_the_rest: str, features: list[dict[str, Any]]
) -> None:
    point = named_point(features, "province-name", province)
    own = point.distance(named_point(features, "city-name", capital))
    assert own < 2.5
    assert own < point.distance(named_point(features, "city-name", capital_of_the_rest))


def test_outlines_are_sound_and_share_their_borders(
    provinces: dict[int, BaseGeometry], land: BaseGeometry
) -> None:
    assert all(outline.is_valid for outline in provinces.values())
    assert sum(outline.area for outline in provinces.values()) == pytest.approx(land.area, rel=1e-6)


def test_province_borders_are_the_edges_of_two_outlines(
    features: list[dict[str, Any]], provinces: dict[int, BaseGeometry], land: BaseGeometry
) -> None:
    (border,) = of_kind(features, "province-border")
    line = shape(border["geometry"])
    edges = union_all([outline.boundary for outline in provinces.values()])
    assert line.difference(edges.buffer(1e-6)).is_empty
    assert line.intersection(land.boundary).length < 0.01 * line.length


def test_the_land_fills_the_country_and_nothing_is_far_away(
    features: list[dict[str, Any]], land: BaseGeometry
) -> None:
    assert box(*BOUNDS).contains(land)
    assert land.bounds == pytest.approx(BOUNDS, abs=0.3)
    reach = box(*MAX_BOUNDS)
    assert all(reach.contains(shape(f["geometry"])) for f in features if "name" in f["properties"])


@pytest.mark.parametrize(
    ("island", "lon", "lat"),
    [
        ("Nias", 97.6, 1.1),
        ("Natuna", 108.2, 3.95),
        ("Belitung", 107.9, -2.85),
        ("Madura", 113.4, -7.05),
        ("Bawean", 112.66, -5.8),
        ("Lombok", 116.35, -8.6),
        ("Sumba", 120.0, -9.7),
        ("Rote", 123.1, -10.75),
        ("Buru", 126.6, -3.4),
        ("Biak", 136.0, -1.0),
    ],
)
def test_islands_survive(island: str, lon: float, lat: float, land: BaseGeometry) -> None:
    assert land.contains(Point(lon, lat)), island


def test_places_lie_on_the_coast_or_inland(
    features: list[dict[str, Any]], land: BaseGeometry
) -> None:
    for feature in of_kind(features, "city-name", "port-name"):
        off_shore_km = land.distance(shape(feature["geometry"])) * KM_PER_DEGREE
        assert off_shore_km < 2.5, feature["properties"]["name"]


def test_sea_names_lie_at_sea(features: list[dict[str, Any]], land: BaseGeometry) -> None:
    abroad = [shape(f["geometry"]).buffer(0) for f in of_kind(features, "neighbour")]
    dry = union_all([land, *abroad])
    for feature in of_kind(features, "sea-name"):
        assert not dry.contains(shape(feature["geometry"])), feature["properties"]["name"]


def test_no_name_stands_twice_among_its_kind(features: list[dict[str, Any]]) -> None:
    names = [(f["properties"]["kind"], f["properties"]["name"]) for f in features if is_point(f)]
    assert len(names) == len(set(names))


def is_point(feature: dict[str, Any]) -> bool:
    return bool(feature["geometry"]["type"] == "Point")


@pytest.mark.parametrize("theme", THEMES)
def test_a_style_asks_no_outside_server(theme: Theme) -> None:
    text = json.dumps(style(theme))
    assert "http" not in text
    assert "//" not in text.replace("local-font://", "")


@pytest.mark.parametrize("theme", THEMES)
def test_every_layer_has_its_own_id_and_a_source_of_the_style(theme: Theme) -> None:
    made = style(theme)
    ids = [layer["id"] for layer in made["layers"]]
    assert len(ids) == len(set(ids))
    used = {layer["source"] for layer in made["layers"] if "source" in layer}
    assert used == set(made["sources"])


@pytest.mark.parametrize("theme", THEMES)
def test_every_kind_of_feature_is_drawn(theme: Theme, features: list[dict[str, Any]]) -> None:
    drawn = json.dumps([layer.get("filter") for layer in style(theme)["layers"]])
    assert all(f'"{feature["properties"]["kind"]}"' in drawn for feature in features)


@pytest.mark.parametrize("theme", THEMES)
def test_every_rank_of_a_place_has_a_layer(theme: Theme, features: list[dict[str, Any]]) -> None:
    ids = {layer["id"] for layer in style(theme)["layers"]}
    for feature in of_kind(features, "city-name", "port-name", "sea-name", "country-name"):
        properties = feature["properties"]
        assert f"basemap-{properties['kind']}-{properties['rank']}" in ids


@pytest.mark.parametrize("tile_url", [None, "/tiles/{z}/{x}/{y}.png"])
def test_names_come_last_and_begin_at_the_layer_that_is_told(tile_url: str | None) -> None:
    layers = style("dark", tile_url)["layers"]
    first = [layer["id"] for layer in layers].index(FIRST_NAME_LAYER)
    assert {layer["type"] for layer in layers[first:]} == {"symbol"}
    assert "symbol" not in {layer["type"] for layer in layers[:first]}


def test_own_tiles_cover_the_land_but_no_border_and_replace_the_small_names() -> None:
    made = style("light", "/tiles/{z}/{x}/{y}.png")
    ids = [layer["id"] for layer in made["layers"]]
    assert made["sources"]["basemap-tiles"]["tiles"] == ["/tiles/{z}/{x}/{y}.png"]
    assert (
        ids.index("basemap-land")
        < ids.index("basemap-tiles")
        < ids.index("basemap-province-border")
    )
    shown = [
        layer["id"]
        for layer in made["layers"]
        if layer["type"] == "symbol" and layer["layout"].get("visibility") != "none"
    ]
    assert shown == ["basemap-province-name"]


def test_a_tile_address_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"tile_url: \{x\} \{y\} missing"):
        style("dark", "/tiles/{z}.png")


@pytest.mark.parametrize("theme", THEMES)
def test_every_name_is_legible_on_every_ground_it_may_meet(theme: Theme) -> None:
    palette = PALETTES[theme]
    grounds = {
        palette.province_name: [palette.sea, palette.land, palette.abroad],
        palette.place_name: [palette.sea, palette.land, palette.abroad],
        palette.sea_name: [palette.sea, palette.abroad],
    }
    for color, behind in grounds.items():
        for ground in behind:
            assert contrast(color, ground) >= AA_CONTRAST, (color, ground)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
