import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain import regions
from domain.regions import CODE_PATTERN, Kind, Level, Zone, find, in_indonesia, normalise, zone


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


def test_the_list_has_all_regions() -> None:
    assert regions.counts() == {
        Level.PROVINCE: 38,
        Level.REGENCY: 514,
        Level.DISTRICT: 7_285,
        Level.VILLAGE: 83_762,
    }


def test_416_regencies_and_98_cities() -> None:
    kinds = [each.kind for each in regions.to_districts()]
    assert (kinds.count(Kind.REGENCY), kinds.count(Kind.CITY)) == (416, 98)


def test_every_code_of_the_list_is_a_code() -> None:
    listed = (*regions.to_districts(), *regions.villages())
    assert [each.code for each in listed if not re.fullmatch(CODE_PATTERN, each.code)] == []
    assert all(each.level == regions.level_of(each.code) for each in listed)


@pytest.mark.parametrize(
    ("code", "name", "kind"),
    [
        ("32", "Jawa Barat", Kind.PROVINCE),
        ("32.04", "Kabupaten Bandung", Kind.REGENCY),
        ("32.73", "Kota Bandung", Kind.CITY),
        ("32.73.02", "Coblong", Kind.DISTRICT),
        ("93.01.08", "Sota", Kind.PAPUAN_DISTRICT),
        ("33.74.15.1001", "Gondoriyo", Kind.URBAN_VILLAGE),
        ("12.04.05.2023", "Ombolata Salo'o", Kind.VILLAGE),
        ("91.03.01.3007", "Desa Adat Yoboi", Kind.CUSTOMARY_VILLAGE),
    ],
)
def test_a_region_has_a_name_and_a_kind(code: str, name: str, kind: Kind) -> None:
    region = find(code)
    assert region is not None
    assert (region.name, region.kind, region.tz) == (name, kind, zone(code))


@pytest.mark.parametrize("code", ["", "32.99", "99", "3273", "32.73.99", "32.73.02.1999", "x"])
def test_there_is_no_other_region(code: str) -> None:
    assert find(code) is None
    assert code == "" or regions.children(code) == []


@pytest.mark.parametrize(
    ("bps", "there", "here"),
    [
        ("94", "Papua", "Papua Tengah"),
        ("91", "Papua Barat", "Papua"),
        ("3171", "Jakarta Selatan", "Kota Administrasi Jakarta Pusat"),
        ("1101", "Simeulue", "Kabupaten Aceh Selatan"),
        ("1201", "Nias", "Kabupaten Tapanuli Tengah"),
        ("9401", "Merauke", "Kabupaten Nabire"),
    ],
)
def test_a_code_of_bps_names_another_region_here(bps: str, there: str, here: str) -> None:
    region = find(normalise(bps))
    assert region is not None
    assert region.name == here
    assert there not in (here, here.partition(" ")[2])


@pytest.mark.parametrize("bps", ["97", "9471"])
def test_a_code_of_bps_may_be_none_here(bps: str) -> None:
    assert find(normalise(bps)) is None


def test_the_six_provinces_of_papua_are_91_to_96() -> None:
    papua = {each.code: each.name for each in regions.children() if each.code > "90"}
    assert papua == {
        "91": "Papua",
        "92": "Papua Barat",
        "93": "Papua Selatan",
        "94": "Papua Tengah",
        "95": "Papua Pegunungan",
        "96": "Papua Barat Daya",
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("32", "32"),
        ("3273", "32.73"),
        (" 32.73 ", "32.73"),
        ("32 73 02", "32.73.02"),
        ("3273021004", "32.73.02.1004"),
        ("32-73-02-1004", "32.73.02.1004"),
    ],
)
def test_a_code_is_read_as_people_type_it(text: str, code: str) -> None:
    assert normalise(text) == code


@pytest.mark.parametrize("text", ["", "3", "327", "32730", "Bandung", "32.73.02.10041", "3270"])
def test_what_is_no_code_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no Kemendagri code"):
        normalise(text)


def test_a_way_down_and_up() -> None:
    names = [region.name for region in regions.path("32.73.02.1004")]
    assert names == ["Jawa Barat", "Kota Bandung", "Coblong", "Dago"]
    assert regions.parent("32.73.02") == find("32.73")
    assert regions.parent("32") is None


def test_the_path_of_a_village_that_the_list_lacks_ends_above_it() -> None:
    assert [region.code for region in regions.path("32.73.02.1999")] == ["32", "32.73", "32.73.02"]
    assert regions.first_unknown("32.73.02.1999") is Level.VILLAGE
    assert regions.first_unknown("32.99.01") is Level.REGENCY
    assert regions.first_unknown("32.73.02.1004") is None


def test_children_come_by_code() -> None:
    assert len(regions.children()) == 38
    codes = [region.code for region in regions.children("32")]
    assert len(codes) == 27
    assert codes == sorted(codes)
    assert {region.level for region in regions.children("32.73.02")} == {Level.VILLAGE}
    assert regions.children("32.73.02.1004") == []
