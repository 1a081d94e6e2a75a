from hypothesis import given
from hypothesis import strategies as st

from dashboard.tables import Table


def test_only_a_row_that_differs_is_news() -> None:
    table: Table[str, int] = Table()
    assert table.put("a", 1, version=1)
    assert not table.put("a", 1, version=2)
    assert table.since(1) == []
    assert table.put("a", 2, version=3)
    assert table.since(2) == [2]


def test_a_row_that_comes_back_is_no_longer_gone() -> None:
    table: Table[str, int] = Table()
    table.put("a", 1, version=1)
    assert table.drop("a", version=2)
    assert not table.drop("a", version=3)
    assert table.gone_since(1) == ["a"]
    table.put("a", 1, version=4)
    assert table.gone_since(0) == []
    assert table.since(2) == [1]


def test_keeping_some_forgets_all_others() -> None:
    table: Table[str, int] = Table()
    for number, key in enumerate("abc"):
        table.put(key, number, version=1)
    assert table.keep_only("b", version=2)
    assert list(table) == [1]
    assert sorted(table.gone_since(1)) == ["a", "c"]
    assert not table.keep_only("b", version=3)


STEPS = st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 3)), max_size=30)


@given(STEPS, st.lists(st.integers(0, 30), max_size=5))
def test_whoever_follows_has_the_same_rows_however_seldom_it_asks(
    steps: list[tuple[str, int | None]], asks: list[int]
) -> None:
    table: Table[str, tuple[str, int]] = Table()
    follower: dict[str, int] = {}
    seen = 0
    for version, (key, value) in enumerate(steps, start=1):
        if value is None:
            table.drop(key, version)
        else:
            table.put(key, (key, value), version)
        if version in asks or version == len(steps):
            follower.update(table.since(seen))
            for gone in table.gone_since(seen):
                follower.pop(gone, None)
            seen = version
    assert follower == dict(table)
