"""Regions by Kemendagri code (never BPS: the two lists differ), and their time zones.

A code is dotted, 2, 4, 6 or 10 digits: province, regency or city, district, village.
Sources: Kepmendagri 300.2.2-2138/2025 (codes), Keppres 41/1987 (zones by province; the
provinces founded since keep the zone of the province they came from).
"""

from __future__ import annotations

from enum import StrEnum


class Zone(StrEnum):
    """The three time zones; the name is what people say, the value is its IANA name."""

    WIB = "Asia/Jakarta"  # UTC+7
    WITA = "Asia/Makassar"  # UTC+8
    WIT = "Asia/Jayapura"  # UTC+9


_PROVINCES = {
    Zone.WIB: "11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 61 62",
    Zone.WITA: "51 52 53 63 64 65 71 72 73 74 75 76",
    Zone.WIT: "81 82 91 92 93 94 95 96",
}
_ZONES = {code: zone for zone, codes in _PROVINCES.items() for code in codes.split()}

# Second pair: 01-69 is a regency (kabupaten), 71-99 a city (kota). Village: 1xxx
# kelurahan, 2xxx desa, 3xxx desa adat.
CODE_PATTERN = (
    r"^[0-9]{2}(\.(0[1-9]|[1-6][0-9]|7[1-9]|[89][0-9])(\.(0[1-9]|[1-9][0-9])(\.[1-3][0-9]{3})?)?)?$"
)


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
