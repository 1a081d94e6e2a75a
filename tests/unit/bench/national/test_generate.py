"""The national plan: it adds up, stays the same, and holds what stations are due."""

from __future__ import annotations

from itertools import islice

from bench.national import generate
from domain.manifests import Station
from domain.settings import Materials

FEW = 3000


def test_the_stations_add_up_and_the_same_seed_draws_the_same() -> None:
    plan = generate.districts(FEW, seed=3)
    assert sum(sum(one.villages.values()) for one in plan) == FEW
    assert plan == generate.districts(FEW, seed=3)
    assert plan != generate.districts(FEW, seed=4)


def test_the_rows_are_as_many_as_the_bar_says_and_each_record_comes_once() -> None:
    plan = generate.districts(FEW)[:40]
    rows = list(generate.rows(plan, Materials()))
    assert len(rows) == generate.count(plan)
    assert len({(row.kind, row.record.model_dump_json()) for row in rows}) == len(rows)
    assert rows == list(islice(generate.rows(iter(plan), Materials()), len(rows)))


def test_two_provinces_elect_at_one_level_only() -> None:
    found: dict[str, set[int]] = {}
    for row in generate.rows(generate.districts(FEW), Materials()):
        if isinstance(row.record, Station):
            found.setdefault(row.record.region[:2], set()).add(len(row.record.voters))
    assert {code for code, numbers in found.items() if numbers == {1}} == {"31", "34"}
    assert {code for code, numbers in found.items() if numbers == {2}} == found.keys() - {
        "31",
        "34",
    }
