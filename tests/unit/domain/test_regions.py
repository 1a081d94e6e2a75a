import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.regions import CODE_PATTERN, Zone, in_indonesia, zone


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("11.71", Zone.WIB),  # Banda Aceh
        ("31.75.06.1001", Zone.WIB),  # Jakarta
        ("35.10", Zone.WIB),  # Banyuwangi, a strait away from Bali
        ("61", Zone.WIB),  # Kalimantan Barat
        ("62.71", Zone.WIB),  # Palangka Raya
        ("63.71", Zone.WITA),  # Banjarmasin
        ("65", Zone.WITA),  # Kalimantan Utara
        ("51.71", Zone.WITA),  # Denpasar
        ("53.02.01", Zone.WITA),  # Soe
        ("75", Zone.WITA),  # Gorontalo
        ("82", Zone.WIT),  # Maluku Utara
        ("93.01.08", Zone.WIT),  # Sota, in one of the provinces of 2022
        ("96", Zone.WIT),  # Papua Barat Daya
    ],
)
def test_a_region_keeps_the_time_of_its_province(code: str, expected: Zone) -> None:
    assert zone(code) is expected


def test_all_38_provinces_have_a_zone() -> None:
    provinces = [f"{number:02}" for number in range(100)]
    assert sum(_has_zone(code) for code in provinces) == 38


def _has_zone(code: str) -> bool:
    try:
        zone(code)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("code", ["20", "99.01", "", "3"])
def test_a_province_that_does_not_exist_is_named_in_the_error(code: str) -> None:
    with pytest.raises(ValueError, match=f"code '{code[:2]}'"):
        zone(code)


@pytest.mark.parametrize(("each", "hours"), [(Zone.WIB, 7), (Zone.WITA, 8), (Zone.WIT, 9)])
def test_the_zones_are_known_to_the_time_zone_database(each: Zone, hours: int) -> None:
    noon = datetime(2024, 11, 27, 12, tzinfo=UTC)
    assert noon.astimezone(ZoneInfo(each.value)).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize(
    "code", ["33", "33.74", "33.01", "33.74.15", "33.74.15.1001", "91.03.01.3001"]
)
def test_codes_of_all_levels_are_codes(code: str) -> None:
    assert re.fullmatch(CODE_PATTERN, code)


@pytest.mark.parametrize(
    "code", ["3374", "33.7", "33.70", "33.00", "33.74.00", "33.74.15.0001", "33.74.15.10011", "33."]
)
def test_other_texts_are_no_codes(code: str) -> None:
    assert not re.fullmatch(CODE_PATTERN, code)


def test_indonesia_reaches_from_sabang_to_merauke() -> None:
    assert in_indonesia(lat_deg=5.89, lon_deg=95.32)
    assert in_indonesia(lat_deg=-8.43, lon_deg=141.0)
    assert in_indonesia(lat_deg=-11.0, lon_deg=122.85)  # Ndana, south of Rote
    assert not in_indonesia(lat_deg=39.9, lon_deg=116.4)
    assert not in_indonesia(lat_deg=106.8, lon_deg=-6.2)
