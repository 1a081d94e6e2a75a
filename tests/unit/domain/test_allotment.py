"""Ballot arithmetic: exact, per station, and never less than the whole would need."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.allotment import Due, Received, ballots_due, differences, due, total
from domain.manifest_words import Election, Item
from domain.manifests import Station
from domain.settings import Materials

PROPOSED = Materials()
GOVERNOR, REGENT = Election.GOVERNOR, Election.REGENT


def station(**voters: int) -> Station:
    return Station.model_validate(
        {"id": "TPS-1", "region": "32.73.01.1001", "number": 1, "voters": voters}
    )


@pytest.mark.parametrize(
    ("voters", "ballots"), [(0, 0), (1, 2), (39, 40), (40, 41), (41, 43), (600, 615), (599, 614)]
)
def test_the_reserve_is_rounded_up(voters: int, ballots: int) -> None:
    assert ballots_due(voters, PROPOSED) == ballots


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_any_percentage_is_exact(voters: int, hundredths: int) -> None:
    materials = Materials(reserve_pct=hundredths / 100)
    exact = voters + ceil(Fraction(voters * hundredths, 10_000))
    assert ballots_due(voters, materials) == exact


def test_a_percentage_that_no_binary_float_holds() -> None:
    # 1000 * (2.2 / 100) is 22.000000000000004 in floats.
    assert ballots_due(1000, Materials(reserve_pct=2.2)) == 1022


def test_no_voters_fewer_than_none() -> None:
    with pytest.raises(ValueError, match="voters: must not be negative"):
        ballots_due(-1, PROPOSED)


@given(st.lists(st.integers(0, 600), min_size=1, max_size=60))
def test_rounding_at_each_station_is_never_less_than_once_for_all(dpt: list[int]) -> None:
    each = sum(ballots_due(voters, PROPOSED) for voters in dpt)
    assert 0 <= each - ballots_due(sum(dpt), PROPOSED) < len(dpt)


def test_the_figure_of_jakarta_is_a_sum_over_its_stations() -> None:
    """8,214,007 voters were given 8,425,775 ballots: 6,417 more than one reserve for all, which
    only rounding at each station explains. Over some 14,800 stations that is less than one
    ballot each, and stations of 553 and 554 voters, a few of them unlike, add up to it."""
    voters, ballots, stations = 8_214_007, 8_425_775, 14_835
    once = ballots_due(voters, PROPOSED)
    assert once == 8_419_358
    assert once <= ballots < once + stations
    # 40 n voters round nothing up, 40 n + 1 round up most: 39/40 of a ballot each.
    mixed = _arrangement(voters, ballots, stations)
    assert len(mixed) == stations
    assert sum(mixed) == voters
    assert max(mixed) <= 600
    assert sum(ballots_due(dpt, PROPOSED) for dpt in mixed) == ballots


def _arrangement(voters: int, ballots: int, stations: int) -> list[int]:
    """Stations of about the same size, pairs of them moved apart by one voter until it fits."""
    size, larger = divmod(voters, stations)
    sizes = [size + 1] * larger + [size] * (stations - larger)
    wanted = ballots - sum(ballots_due(dpt, PROPOSED) for dpt in sizes)
    step = 1 if wanted > 0 else -1
    for at in range(0, stations - 1, 2):
        if not wanted:
            break
        for move in range(1, 40):
            pair = (sizes[at] - move, sizes[at + 1] + move)
            gained = _ballots(*pair) - _ballots(sizes[at], sizes[at + 1])
            if gained == step:
                sizes[at : at + 2] = pair
                wanted -= gained
                break
    return sizes


def _ballots(*dpt: int) -> int:
    return sum(ballots_due(voters, PROPOSED) for voters in dpt)


def test_what_a_station_is_due() -> None:
    assert due(station(REGENT=500, GOVERNOR=510), PROPOSED) == [
        Due(Item.BALLOT, GOVERNOR, 523, reserve=13),
        Due(Item.BALLOT, REGENT, 513, reserve=13),
        Due(Item.BALLOT_BOX, GOVERNOR, 1),
        Due(Item.BALLOT_BOX, REGENT, 1),
        Due(Item.BOOTH, None, 4),
        Due(Item.INK, None, 2),
        Due(Item.SEAL, None, 10),
    ]


def test_one_election_alone_has_one_box_and_the_settings_hold() -> None:
    materials = Materials(booths_per_station=2, ink_per_station=1, seals_per_box=3)
    found = {row.item: row.qty for row in due(station(GOVERNOR=600), materials)}
    assert found == {
        Item.BALLOT: 615,
        Item.BALLOT_BOX: 1,
        Item.BOOTH: 2,
        Item.INK: 1,
        Item.SEAL: 3,
    }


def test_ballots_for_a_repeated_vote_are_no_stations_due() -> None:
    assert Item.REVOTE_BALLOT not in {row.item for row in due(station(GOVERNOR=1), PROPOSED)}


def test_stations_together() -> None:
    dues = due(station(GOVERNOR=40), PROPOSED) + due(station(GOVERNOR=41), PROPOSED)
    assert total(dues)[0] == Due(Item.BALLOT, GOVERNOR, 84, reserve=3)
    assert len(total(dues)) == 5


def test_80_received_of_100_due() -> None:
    dues = [Due(Item.BALLOT, GOVERNOR, 103, reserve=3)]
    [row] = differences(
        dues, {(Item.BALLOT, GOVERNOR): 100}, {(Item.BALLOT, GOVERNOR): Received(80, damaged=4)}
    )
    assert (row.unsent, row.missing, row.reserve_left) == (3, 20, -24)
    assert row.damaged_over_reserve
    assert not row.agrees


@pytest.mark.parametrize(("damaged", "over"), [(0, False), (3, False), (4, True)])
def test_damage_within_the_reserve_costs_no_voter_a_ballot(damaged: int, over: bool) -> None:
    key = (Item.BALLOT, GOVERNOR)
    dues = [Due(*key, 103, reserve=3)]
    [row] = differences(dues, {key: 103}, {key: Received(103, damaged)})
    assert row.damaged_over_reserve is over
    assert (row.reserve_left < 0) is over
    assert row.agrees is (damaged == 0)


def test_what_nobody_is_due_is_a_row_too() -> None:
    rows = differences(
        [Due(Item.INK, None, 2)], {(Item.FORM, None): 5}, {(Item.BOOTH, None): Received(1)}
    )
    assert [(row.item, row.unsent, row.missing) for row in rows] == [
        (Item.INK, 2, 0),
        (Item.FORM, -5, 5),
        (Item.BOOTH, 0, -1),
    ]
