"""Search for regions, as people type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.region_search import fold
from domain.regions import Level, find, search, to_districts


def names(text: str, *, level: Level | None = None, within: str | None = None) -> list[str]:
    return [region.name for region in search(text, level=level, within=within, limit=5)]


def codes(text: str, limit: int = 5) -> list[str]:
    return [region.code for region in search(text, limit=limit)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("bogor", ["32.01", "32.71"]),
        ("Kab Bogor", ["32.01"]),
        ("kab. bogor", ["32.01"]),
        ("Kabupaten Bogor", ["32.01"]),
        ("kota bogor", ["32.71"]),
        ("JAKARTA", ["31", "31.71"]),
        ("DKI Jakarta", ["31"]),
        ("jogja", ["34"]),
        ("ntt", ["53"]),
        ("prov. jawa barat", ["32"]),
        ("kec. cibinong", ["32.01.01"]),
        ("kota baru", ["63.02", "15.71.07"]),
        ("fakfak", ["92.03", "92.03.01"]),
        ("Pangkalpinang", ["19.71"]),
        ("ombolata salo'o", ["12.04.05.2023"]),
        ("OMBOLATA SALOO", ["12.04.05.2023"]),
        ("bulukúmba", ["73.02"]),
    ],
)
def test_what_people_type_finds_what_they_mean(text: str, first: list[str]) -> None:
    assert codes(text)[: len(first)] == first


def test_a_word_for_the_kind_keeps_to_it() -> None:
    assert codes("kab bogor") == ["32.01"]
    assert all(code[3:5] >= "71" for code in codes("kota bandung"))


def test_whole_names_come_before_beginnings_words_and_parts() -> None:
    found = names("bandung", level=Level.REGENCY)
    assert found == ["Kabupaten Bandung", "Kota Bandung", "Kabupaten Bandung Barat"]
    assert names("barat", level=Level.PROVINCE)[0] == "Sumatera Barat"
    assert names("angka", level=Level.REGENCY)[0] == "Kabupaten Langkat"
    assert codes("lebak siliw", limit=1) == ["32.73.02.1006"]


@pytest.mark.parametrize("text", ["32.73", "3273", " 32.73"])
def test_a_code_finds_its_region_and_then_what_is_in_it(text: str) -> None:
    assert codes(text, limit=3) == ["32.73", "32.73.01", "32.73.02"]


@pytest.mark.parametrize("text", ["32.7", "327", "32.7."])
def test_the_beginning_of_a_code_is_enough(text: str) -> None:
    assert codes(text, limit=2) == ["32.71", "32.72"]


def test_within_a_region() -> None:
    assert [region.code for region in search("sukasari", within="32.73")] == ["32.73.01"]
    assert len(search("sukasari", limit=100)) > 5
    assert names("coblong", within="33") == []
    assert [region.code for region in search("3", within="33", level=Level.PROVINCE)] == ["33"]


def test_a_code_within_is_the_region_and_no_longer_number() -> None:
    assert all(region.code.startswith("32.7") for region in search("32.7", within="32"))
    assert search("bogor", within="32.0") == []


@pytest.mark.parametrize("text", ["", "   ", "'", "xyzzy", "99"])
def test_nothing_is_found_by_what_names_nothing(text: str) -> None:
    assert search(text) == []


def test_no_more_than_the_limit() -> None:
    assert len(search("a", limit=7)) == 7
    assert search("a", limit=0) == []


@given(st.text(max_size=30))
def test_any_text_can_be_searched_for(text: str) -> None:
    assert len(search(text, level=Level.REGENCY)) <= 20


@given(st.sampled_from(to_districts()))
def test_every_region_is_found_by_its_name_and_by_its_code(region: tuple[str, str]) -> None:
    found = find(region[0])
    assert found is not None
    assert found in search(found.name, level=found.level, within=found.code[:2], limit=50)
    assert search(found.code)[0] == found


@given(st.text(max_size=30))
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    assert fold(fold(text)) == fold(text)
