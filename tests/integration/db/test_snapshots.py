"""Snapshots: any state of a device comes back as it was, and the right one is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import snapshots
from db.pool import Connection
from domain.states import (
    DeviceState,
    Lateness,
    Motion,
    Pace,
    Passing,
    Progress,
    Receiver,
    Reference,
    Turn,
    Visit,
    Votes,
)
from tests.integration.db.support import START

HOUR = timedelta(hours=1)
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
NEVER = datetime(2100, 1, 1, tzinfo=UTC)

times = st.timedeltas(timedelta(0), NEVER - FIRST).map(lambda since: FIRST + since)
metres = st.floats(0, 1e7)
names = st.text("ABCabc0189_-.", min_size=1, max_size=8)
some_metres = st.none() | metres
references = st.builds(
    Reference, times, st.floats(-90, 90), st.floats(-180, 180), metres, some_metres, some_metres
)
votes = st.builds(Votes, st.lists(st.booleans(), max_size=4).map(tuple), st.none() | times)
some_names = st.lists(names, max_size=3).map(tuple)
progresses = st.builds(
    Progress,
    along_m=some_metres,
    reached_at=st.none() | times,
    at=st.none() | references,
    sure_m=metres,
    lows_m=st.lists(metres, max_size=3).map(tuple),
    pace=st.builds(Pace, st.none() | times, *[metres] * 5, st.booleans()),
    lateness=st.builds(Lateness, st.booleans(), votes, st.none() | times),
    passing=st.builds(
        Passing,
        st.integers(0, 9),
        *[some_names] * 3,
        st.dictionaries(names, metres, max_size=3),
        votes,
    ),
    turn=st.builds(Turn, st.booleans(), votes, metres),
    peak_m=metres,
    over=st.booleans(),
    again=st.booleans(),
)
states = st.builds(
    DeviceState,
    time=st.none() | times,
    shipment_id=st.none() | names,
    good=st.none() | references,
    suspects=st.lists(references, max_size=3).map(tuple),
    inside=st.dictionaries(names, st.builds(Visit, times, st.none() | times, st.booleans())),
    votes=st.dictionaries(names, votes, max_size=4),
    corridor_out=st.booleans(),
    corridor_votes=votes,
    corridor_reported_m=metres,
    arrived=st.booleans(),
    motion=st.just(Motion()),
    progress=progresses,
    receiver=st.just(Receiver()),
)


def kept(connection: Connection) -> list[tuple[str, float]]:
    """(device, hours after START) of every snapshot."""
    rows = connection.execute("select device_id, at from rule_snapshot order by device_id, at")
    return [(device_id, (at - START) / HOUR) for device_id, at in rows.fetchall()]


def save(connection: Connection, device_id: str, *hours: float) -> None:
    """Snapshots that can be told apart by a number in them."""
    for hour in hours:
        state = DeviceState(time=START + hour * HOUR, corridor_reported_m=hour)
        snapshots.save(connection, device_id, START + hour * HOUR, state)


def newest(connection: Connection, **before: float) -> dict[str, float]:
    """Device -> hour of the snapshot found."""
    limits = {device: START + hour * HOUR for device, hour in before.items()}
    found = snapshots.newest_before(connection, limits)
    assert all(at == state.time for at, state in found.values())
    return {device: state.corridor_reported_m for device, (_, state) in found.items()}


@given(states)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_state_comes_back_as_it_was(connection: Connection, state: DeviceState) -> None:
    snapshots.save(connection, "A", START, state)
    found = snapshots.newest_before(connection, {"A": NEVER})
    assert found == {"A": (START, state)}
    assert isinstance(found["A"][1].corridor_votes.window, tuple)


def test_the_newest_before_a_time_of_each_device(connection: Connection) -> None:
    save(connection, "A", 1, 2, 3)
    save(connection, "B", 1, 5)
    assert newest(connection, A=3, B=9, C=9) == {"A": 2, "B": 5}
    assert newest(connection, A=1) == {}
    assert newest(connection) == {}


def test_a_later_state_of_the_same_moment_replaces_the_earlier(connection: Connection) -> None:
    state = DeviceState(time=START, arrived=True)
    snapshots.save(connection, "A", START, DeviceState(time=START))
    snapshots.save(connection, "A", START, state)
    assert snapshots.newest_before(connection, {"A": NEVER}) == {"A": (START, state)}


def test_a_late_fix_makes_those_of_its_time_and_after_untrue(connection: Connection) -> None:
    save(connection, "A", 1, 2, 3)
    save(connection, "B", 3)
    snapshots.discard_from(connection, "A", START + 2 * HOUR)
    assert kept(connection) == [("A", 1), ("B", 3)]


def test_those_too_old_for_any_late_fix_go_but_for_one_to_begin_from(
    connection: Connection,
) -> None:
    save(connection, "A", 1, 2, 3, 4)
    save(connection, "B", 1, 2)
    save(connection, "C", 9)
    snapshots.discard_before(connection, START + 3 * HOUR)
    assert kept(connection) == [("A", 2), ("A", 3), ("A", 4), ("B", 2), ("C", 9)]
    assert newest(connection, A=3, B=3) == {"A": 2, "B": 2}
