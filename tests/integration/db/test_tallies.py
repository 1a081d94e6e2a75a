from db import tallies
from db.pool import Connection
from domain.settings import Materials
from tests.integration.db.test_manifests import district, store


def sums(connection: Connection, code: str) -> list[tuple[object, ...]]:
    """Whole, in an order of its own."""
    rows = connection.execute(
        "select direction, leg, item, election, due, sent, received, used, damaged_light,"
        " damaged_heavy, short from tally where region_code = %s order by 1, 2, 3, 4",
        [code],
    )
    return rows.fetchall()


def test_every_level_is_the_sum_of_what_lies_below(connection: Connection) -> None:
    store(connection, district())
    for column in ("due", "sent", "received", "short"):
        by_level = connection.execute(
            f"select level, sum({column}) from tally group by level"  # noqa: S608
        ).fetchall()
        assert len({total for level, total in by_level if level < 4}) == 1, (column, by_level)
    sent = connection.execute("select sum(qty) from current_line").fetchone()
    nation = connection.execute("select sum(sent) from tally where region_code = ''").fetchone()
    assert nation == sent


def test_the_ballots_due_are_those_of_the_voters_lists(connection: Connection) -> None:
    store(connection, district())
    due = connection.execute("select sum(ballots_due) from electorate").fetchone()
    nation = connection.execute(
        "select sum(due) from tally where region_code = '' and item = 'BALLOT' and leg = 'STATION'"
    ).fetchone()
    assert nation == due


def test_made_again_from_nothing_it_is_the_same(connection: Connection) -> None:
    store(connection, district())
    before = sums(connection, "")
    connection.execute("delete from tally")
    connection.execute("delete from region_progress")
    tallies.refresh(connection, None, Materials())
    assert before
    assert sums(connection, "") == before


def test_how_far_boxes_are_counts_each_box_once(connection: Connection) -> None:
    store(connection, district())
    stations, boxes = connection.execute(
        "select stations, boxes from region_progress where region_code = ''"
    ).fetchone() or (0, 0)
    known = connection.execute("select count(*) from station").fetchone()
    units = connection.execute(
        "select count(distinct unit_id) from current_unit"
        " where kind = 'BOX' and station_id is not null"
    ).fetchone()
    assert (stations,) == known
    assert (boxes,) == units
