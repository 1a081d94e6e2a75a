"""Search for regions: by name as people type it, or by the beginning of a code.

Accents, apostrophes, dots and blanks make no difference (Fakfak is Fak Fak). A word for the
kind keeps to it: "kab bogor", "kota bogor", "kec. cibinong".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import IntEnum
from functools import cache
from heapq import nsmallest
from itertools import islice
from typing import NamedTuple

from domain.regions import Kind, Level, Region, children, dotted, to_districts, villages

_KINDS: dict[str, frozenset[Kind]] = {
    **dict.fromkeys(("provinsi", "prov", "propinsi"), frozenset({Kind.PROVINCE})),
    **dict.fromkeys(
        ("kabupaten administrasi", "kab administrasi", "kab adm", "kabupaten", "kab"),
        frozenset({Kind.REGENCY}),
    ),
    **dict.fromkeys(("kota administrasi", "kota adm", "kota"), frozenset({Kind.CITY})),
    **dict.fromkeys(
        ("kecamatan", "kec", "distrik"), frozenset({Kind.DISTRICT, Kind.PAPUAN_DISTRICT})
    ),
    **dict.fromkeys(("kelurahan", "kel"), frozenset({Kind.URBAN_VILLAGE})),
    **dict.fromkeys(
        ("desa adat", "desa", "kampung"), frozenset({Kind.VILLAGE, Kind.CUSTOMARY_VILLAGE})
    ),
}
_KIND_WORD = re.compile(rf"^({'|'.join(sorted(_KINDS, key=len, reverse=True))}) ")
_OTHER = re.compile(r"[\W_]+")
_APOSTROPHES = str.maketrans("", "", "'`\u2018\u2019\u02bc")
_CODE = re.compile(r"^[0-9]+(\.[0-9]*)*$")

# What these provinces are called, beside their name by law.
_ALSO = {
    "19": ("babel",),
    "21": ("kepri",),
    "31": ("jakarta", "dki jakarta", "dkj"),
    "34": ("yogyakarta", "di yogyakarta", "diy", "jogja"),
    "52": ("ntb",),
    "53": ("ntt",),
}


class _Rank(IntEnum):
    EXACT = 0
    PREFIX = 1
    WORD = 2
    INSIDE = 3
    NONE = 4


class _Entry(NamedTuple):
    """A region and the texts that it is found by; `joined` holds them without blanks."""

    region: Region
    names: tuple[str, ...]
    joined: str


def fold(text: str) -> str:
    """`text` in small letters, without accents and apostrophes, other signs as one blank."""
    small = text.casefold()
    if not small.isascii():
        small = "".join(c for c in unicodedata.normalize("NFKD", small) if not _is_mark(c))
    return " ".join(_OTHER.sub(" ", small.translate(_APOSTROPHES)).split())


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0


def _bare(folded: str) -> str:
    return _KIND_WORD.sub("", folded)


def _entry(region: Region) -> _Entry:
    full = fold(region.name)
    bare = _bare(full) if region.level is Level.REGENCY else full
    names = (bare, full, *_ALSO.get(region.code, ()))
    return _Entry(region, tuple(dict.fromkeys(names)), "|".join(names).replace(" ", ""))


@cache
def _upper() -> tuple[_Entry, ...]:
    return tuple(map(_entry, to_districts()))


@cache
def _lower() -> tuple[_Entry, ...]:
    return tuple(map(_entry, villages()))


def _entries(level: Level | None) -> Iterator[_Entry]:
    if level is not Level.VILLAGE:
        yield from (each for each in _upper() if level in (None, each.region.level))
    if level in (None, Level.VILLAGE):
        yield from _lower()


def _under(code: str, within: str | None) -> bool:
    return not within or code == within or code.startswith(f"{within}.")


def search(
    text: str, *, level: Level | None = None, within: str | None = None, limit: int = 20
) -> list[Region]:
    """The regions that `text` fits best: the whole name before its beginning, before the
    beginning of a word, before any part of it; larger regions first, then by code.

    `within` keeps to a region and what is in it (its dotted code), `level` to one level.
    """
    if _CODE.fullmatch(text.strip()):
        return list(islice(_by_code(text.strip(), level, within), limit))
    return [region for *_, region in nsmallest(limit, _by_name(fold(text), level, within))]


_Found = tuple[_Rank, Level, str, Region]


def _by_code(text: str, level: Level | None, within: str | None) -> Iterator[Region]:
    """In their order, so that nobody reads the villages of all to find a province."""
    start = dotted(text.replace(".", ""))

    def fits(region: Region) -> bool:
        return region.code.startswith(start) and _under(region.code, within)

    yield from (each for each in to_districts() if level in (None, each.level) and fits(each))
    if level in (None, Level.VILLAGE):
        for above in to_districts():
            if above.level is Level.DISTRICT and _may_hold(above.code, start, within):
                yield from filter(fits, children(above.code))


def _may_hold(district: str, start: str, within: str | None) -> bool:
    """Whether a village of the district may begin with `start`, within a region."""
    below = within is None or within.startswith(district) or _under(district, within)
    return below and (district.startswith(start) or start.startswith(district))


def _by_name(wanted: str, level: Level | None, within: str | None) -> Iterator[_Found]:
    word = _KIND_WORD.match(wanted)
    kinds = _KINDS[word[1]] if word else frozenset()
    bare = _bare(wanted)
    joined, joined_bare = wanted.replace(" ", ""), bare.replace(" ", "")
    for entry in _entries(level):
        # Nearly all fall out here: what follows is for those that hold the letters.
        if not joined or joined_bare not in entry.joined or not _under(entry.region.code, within):
            continue
        ranks = [_rank(name, wanted, joined) for name in entry.names]
        if entry.region.kind in kinds:
            ranks += [_rank(name, bare, joined_bare) for name in entry.names]
        best = min(ranks)
        if best is not _Rank.NONE:
            yield best, entry.region.level, entry.region.code, entry.region


def _rank(name: str, wanted: str, joined: str) -> _Rank:
    without_blanks = name.replace(" ", "")
    if without_blanks == joined:
        return _Rank.EXACT
    if name.startswith(wanted):
        return _Rank.PREFIX
    if f" {wanted}" in name:
        return _Rank.WORD
    return _Rank.INSIDE if joined in without_blanks else _Rank.NONE
