"""The watch: who has fallen silent, and that nobody is called so while it is we who are deaf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from db import plan as stored_plan
from db import positions, statuses
from db.changes import CHANNEL
from db.pool import Connection, connect
from db.statuses import Status
from domain.chart import chart
from domain.plan import Plan, dump
from domain.settings import Rules
from domain.states import DeviceState
from ingest.decode import Raw
from ingest.evaluate import Evaluator
from ingest.pipeline import Outcome, Pipeline
from ingest.watch import Watch
from tests.integration.db.support import fix
from tests.support.journeys import START, plan

DEVICES = ["KWL-0001", "KWL-0002"]
LONG_AGO = START - timedelta(hours=5)
QUIET = 90  # three intervals of 30 s


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Scene:
    """A watch over a small plan; all times are seconds after START."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rules = Rules()
        self.restart()

    def restart(self) -> None:
        self.survey = chart(stored_plan.load(self.connection), self.rules)
        self.watch = Watch(self.rules)
        self.watch.load(self.connection)

    def hear(self, seconds: float, device_id: str = "KWL-0001") -> None:
        self.watch.hear(self.connection, {device_id: at(seconds)})

    def look(
        self,
        seconds: float,
        *,
        hearing_since: datetime = LONG_AGO,
        states: Mapping[str, DeviceState] | None = None,
    ) -> list[str]:
        """Devices that were found silent."""
        found = self.watch.look(
            self.connection, self.survey, states or {}, hearing_since, at(seconds)
        )
        return [event.device_id for event in found]

    def alerts(self) -> list[tuple[Any, ...]]:
        return self.connection.execute(
            "select device_id, state, opened_at, cleared_at, occurrences from alert"
            " where rule = 'SILENCE' order by alert_id"
        ).fetchall()


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with connect(database_url, "test") as opened:
        yield opened


def put(connection: Connection, found: Plan) -> None:
    stored_plan.store(connection, found, "test", dump(found))


@pytest.fixture
def scene(connection: Connection) -> Scene:
    put(connection, plan(DEVICES))
    return Scene(connection)


def test_silent_after_three_intervals_and_told_once(scene: Scene) -> None:
    scene.hear(0)
    assert scene.look(QUIET) == []
    assert scene.look(QUIET + 1) == ["KWL-0001"]
    assert scene.look(QUIET + 500) == []
    assert scene.alerts() == [("KWL-0001", "NEW", at(0), None, 1)]
    event = scene.connection.execute(
        "select kind, origin, shipment_id, event_time, decided_at, detail from event"
    ).fetchall()
    numbers = {"silent_s": 91, "interval_s": 30.0}
    assert event == [("silence", "WATCH", "SHP-KWL-0001", at(0), at(91), numbers)]


def test_who_keeps_talking_is_not_silent(scene: Scene) -> None:
    for seconds in range(0, 600, 80):
        scene.hear(seconds)
        assert scene.look(seconds + 85) == []


def test_a_message_that_was_under_way_does_not_put_the_clock_back(scene: Scene) -> None:
    scene.hear(60)
    scene.hear(0)
    assert scene.look(60 + QUIET) == []


def test_nobody_is_silent_while_we_could_not_hear(scene: Scene) -> None:
    """Three intervals are given from the moment at which we are connected again."""
    scene.hear(0)
    assert scene.look(1000, hearing_since=at(950)) == []
    assert scene.look(950 + QUIET, hearing_since=at(950)) == []
    assert scene.look(950 + QUIET + 1, hearing_since=at(950)) == ["KWL-0001"]


def test_heard_again_ends_it_and_again_silent_is_the_same_work(scene: Scene) -> None:
    scene.hear(0)
    scene.look(100)
    scene.hear(200)
    assert scene.alerts() == [("KWL-0001", "NEW", at(0), at(200), 1)]
    assert scene.look(200 + QUIET) == []
    assert scene.look(200 + QUIET + 1) == ["KWL-0001"]
    assert scene.alerts() == [("KWL-0001", "NEW", at(0), None, 2)]


def test_each_device_for_itself(scene: Scene) -> None:
    scene.hear(0)
    scene.hear(50, "KWL-0002")
    assert scene.look(100) == ["KWL-0001"]
    assert scene.look(150) == ["KWL-0002"]
    scene.hear(160, "KWL-0002")
    assert [cleared for *_, cleared, _ in scene.alerts()] == [None, at(160)]


def test_who_has_arrived_may_be_silent(scene: Scene) -> None:
    scene.hear(0)
    assert scene.look(500, states={"KWL-0001": DeviceState(arrived=True)}) == []
    assert scene.look(500, states={"KWL-0001": DeviceState()}) == ["KWL-0001"]


def test_who_is_on_no_shipment_may_be_silent(scene: Scene, connection: Connection) -> None:
    scene.hear(0, "STRANGER")
    assert scene.look(500) == []
    ended = plan(DEVICES).model_dump(mode="json", by_alias=True)
    for assignment in ended["assignments"]:
        assignment["until"] = at(300).isoformat()
    put(connection, Plan.model_validate(ended))
    scene.restart()
    scene.hear(0)
    scene.hear(250, "KWL-0002")
    assert scene.look(299) == ["KWL-0001"]
    assert scene.look(500) == []


def test_a_restart_neither_forgets_nor_repeats(scene: Scene) -> None:
    scene.hear(0)
    scene.look(100)
    scene.restart()
    assert scene.look(500) == []
    scene.hear(600)
    assert scene.alerts() == [("KWL-0001", "NEW", at(0), at(600), 1)]


def test_a_restart_knows_when_each_was_last_heard(scene: Scene, connection: Connection) -> None:
    with connection.transaction():
        positions.copy_positions(connection, [fix(1, fix_time=at(-60), received_at=at(0))])
        positions.update_latest(connection, [fix(1, fix_time=at(-60), received_at=at(0))])
    statuses.record(connection, [Status("KWL-0002", "online", at(40), at(50))])
    scene.restart()
    assert scene.look(QUIET) == []
    assert scene.look(QUIET + 1) == ["KWL-0001"]
    assert scene.look(50 + QUIET) == []
    assert scene.look(50 + QUIET + 1) == ["KWL-0002"]


def test_what_the_device_says_of_its_interval_counts(scene: Scene, connection: Connection) -> None:
    slow = Status("KWL-0001", "online", at(0), at(0), report_interval_s=300)
    statuses.record(connection, [slow])
    scene.restart()
    assert scene.look(900) == []
    assert scene.look(901) == ["KWL-0001"]


def test_listeners_are_woken(scene: Scene, database_url: str) -> None:
    scene.hear(0)
    with connect(database_url, "listener") as listener:
        listener.execute(f"listen {CHANNEL}")
        scene.look(100)
        assert list(listener.notifies(timeout=10, stop_after=1))


# --- with the pipeline before it -----------------------------------------------------------


class Ingest:
    """Messages through the pipeline to the watch, as the service does it."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.pipeline = Pipeline(scene.rules, Evaluator(scene.rules))

    def take(self, kind: str, payload: bytes, seconds: float) -> Outcome:
        raw = Raw(f"kawal/v1/KWL-0001/{kind}", payload, at(seconds))
        outcome = self.pipeline.process(self.scene.connection, [raw])
        self.scene.watch.hear(self.scene.connection, outcome.heard, outcome.intervals_s)
        return outcome


def test_an_interval_that_changes_on_the_way_counts_at_once(scene: Scene) -> None:
    """A truck that stops reports every five minutes, and says so before."""
    ingest = Ingest(scene)
    online = b'{"v":1,"state":"online","time":"2024-11-26T01:00:00Z","report_interval_s":%d}'
    ingest.take("status", online % 300, 0)
    assert scene.look(900) == []
    ingest.take("status", online % 10, 950)
    assert scene.look(981) == ["KWL-0001"]


def test_a_last_will_is_no_sign_of_life(scene: Scene) -> None:
    """The broker sends it when the device is gone, long after its last word."""
    ingest = Ingest(scene)
    ingest.take("status", b'{"v":1,"state":"online"}', 0)
    ingest.take("status", b'{"v":1,"state":"offline","reason":"connection_lost"}', 85)
    assert scene.look(QUIET + 1) == ["KWL-0001"]
    ingest.take("status", b'{"v":1,"state":"offline","reason":"connection_lost"}', 120)
    scene.restart()
    assert scene.alerts() == [("KWL-0001", "NEW", at(0), None, 1)]


@pytest.mark.parametrize(
    "payload",
    [
        b'{"v":1,"state":"offline","time":"2024-11-26T01:01:00Z"}',
        b'{"v":1,"state":"sleeping"}',
        b"what the device meant by it, it is alive",
    ],
)
def test_a_word_of_the_device_itself_is_a_sign_of_life(scene: Scene, payload: bytes) -> None:
    ingest = Ingest(scene)
    scene.hear(0)
    ingest.take("status", payload, 60)
    assert scene.look(QUIET + 1) == []
