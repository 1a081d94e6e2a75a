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
from domain.events import Event
from domain.plan import Plan, dump
from domain.settings import Rules
from domain.states import DeviceState
from ingest.decode import Raw
from ingest.evaluate import Evaluator
from ingest.pipeline import Outcome, Pipeline
from ingest.watch import Watch
from tests.integration.db.support import fix
from tests.support.journeys import INTERVAL, START, along, plan, single

DEVICES = ["KWL-0001", "KWL-0002"]
LONG_AGO = START - timedelta(hours=5)
QUIET = 60  # two intervals of 30 s


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Scene:
    """A watch over a small plan; all times are seconds after START."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rules = Rules(silence_grace_s=0)
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
    put(connection, plan(DEVICES[:1]))
    return Scene(connection)


@pytest.fixture
def pair(connection: Connection) -> Scene:
    """Two devices."""
    put(connection, plan(DEVICES))
    return Scene(connection)


def test_silent_after_two_intervals_and_told_once(scene: Scene) -> None:
    scene.hear(0)
    assert scene.look(QUIET) == []
    assert scene.look(QUIET + 1) == ["KWL-0001"]
    assert scene.look(QUIET + 500) == []
    assert scene.alerts() == [("KWL-0001", "NEW", at(0), None, 1)]
    event = scene.connection.execute(
        "select kind, origin, shipment_id, event_time, decided_at, detail from event"
    ).fetchall()
    numbers = {"silent_s": 61, "interval_s": 30.0}
    assert event == [("silence", "WATCH", "SHP-KWL-0001", at(0), at(61), numbers)]


def test_who_keeps_talking_is_not_silent(scene: Scene) -> None:
    for seconds in range(0, 600, 50):
        scene.hear(seconds)
        assert scene.look(seconds + 55) == []


def test_a_message_that_was_under_way_does_not_put_the_clock_back(scene: Scene) -> None:
    scene.hear(60)
    scene.hear(0)
    assert scene.look(60 + QUIET) == []


def test_nobody_is_silent_while_we_could_not_hear(scene: Scene) -> None:
    """Two intervals are given from the moment at which we are connected again."""
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


def test_each_device_for_itself(pair: Scene) -> None:
    pair.hear(0)
    pair.hear(50, "KWL-0002")
    assert pair.look(100) == ["KWL-0001"]
    assert pair.look(150) == ["KWL-0002"]
    pair.hear(160, "KWL-0002")
    assert [cleared for *_, cleared, _ in pair.alerts()] == [None, at(160)]


def test_who_has_arrived_may_be_silent(scene: Scene) -> None:
    scene.hear(0)
    there = DeviceState(shipment_id="SHP-KWL-0001", arrived=True)
    earlier = DeviceState(shipment_id="SHP-BEFORE", arrived=True)
    assert scene.look(500, states={"KWL-0001": there}) == []
    assert scene.look(500, states={"KWL-0001": earlier}) == ["KWL-0001"]


def test_who_is_on_no_shipment_may_be_silent(pair: Scene, connection: Connection) -> None:
    pair.hear(0, "STRANGER")
    for device_id in DEVICES:
        pair.hear(450, device_id)
    assert pair.look(500) == []
    ended = plan(DEVICES).model_dump(mode="json", by_alias=True)
    for assignment in ended["assignments"]:
        assignment["until"] = at(300).isoformat()
    put(connection, Plan.model_validate(ended))
    pair.restart()
    pair.hear(0)
    pair.hear(250, "KWL-0002")
    assert pair.look(299) == ["KWL-0001"]
    assert pair.look(500) == []


def test_a_restart_neither_forgets_nor_repeats(scene: Scene) -> None:
    scene.hear(0)
    scene.look(100)
    scene.restart()
    assert scene.look(500) == []
    scene.hear(600)
    assert scene.alerts() == [("KWL-0001", "NEW", at(0), at(600), 1)]


def test_a_restart_knows_when_each_was_last_heard(pair: Scene, connection: Connection) -> None:
    with connection.transaction():
        positions.copy_positions(connection, [fix(1, fix_time=at(-60), received_at=at(0))])
        positions.update_latest(connection, [fix(1, fix_time=at(-60), received_at=at(0))])
    statuses.record(connection, [Status("KWL-0002", "online", at(40), at(50))])
    pair.restart()
    assert pair.look(QUIET) == []
    assert pair.look(QUIET + 1) == ["KWL-0001"]
    assert pair.look(50 + QUIET) == []
    assert pair.look(50 + QUIET + 1) == ["KWL-0002"]


def test_what_the_device_says_of_its_interval_counts(scene: Scene, connection: Connection) -> None:
    slow = Status("KWL-0001", "online", at(0), at(0), report_interval_s=300)
    statuses.record(connection, [slow])
    scene.restart()
    assert scene.look(600) == []
    assert scene.look(601) == ["KWL-0001"]


def test_listeners_are_woken(scene: Scene, database_url: str) -> None:
    scene.hear(0)
    with connect(database_url, "listener") as listener:
        listener.execute(f"listen {CHANNEL}")
        scene.look(100)
        assert list(listener.notifies(timeout=10, stop_after=1))


@pytest.mark.parametrize("interval_s", [10, 30, 300])
def test_told_within_two_intervals_after_the_first_missing_report(
    scene: Scene, connection: Connection, interval_s: int
) -> None:
    scene.rules = Rules()
    statuses.record(
        connection, [Status("KWL-0001", "online", at(0), at(0), report_interval_s=interval_s)]
    )
    scene.restart()
    tick = 0.4
    while not scene.look(tick):
        tick += 1.0
    (told,) = connection.execute("select decided_at - event_time from event").fetchone() or ()
    missing = told - timedelta(seconds=interval_s)
    assert timedelta(seconds=interval_s) < missing
    assert missing <= timedelta(seconds=2 * interval_s + 1)  # a tick of the watch


# --- never heard ---------------------------------------------------------------------------


def departing(after_s: float, arriving_s: float = 86_400) -> Plan:
    document = plan(DEVICES[:1]).model_dump(mode="json", by_alias=True)
    document["shipments"][0]["planned_departure"] = at(after_s).isoformat()
    document["shipments"][0]["planned_arrival"] = at(arriving_s).isoformat()
    return Plan.model_validate(document)


def test_who_was_never_heard_is_missed_two_intervals_after_the_departure(
    scene: Scene, connection: Connection
) -> None:
    put(connection, departing(3600))
    scene.restart()
    assert scene.look(3600 + QUIET) == []
    assert scene.look(3600 + QUIET + 1) == ["KWL-0001"]
    assert scene.look(3600 + QUIET + 2) == []
    scene.restart()
    assert scene.look(7200) == []
    (kind, detail) = connection.execute("select kind, detail from event").fetchone() or ()
    assert kind == "never_heard"
    assert datetime.fromisoformat(detail["since"]) == at(3600)
    scene.hear(9000)
    assert scene.alerts() == [("KWL-0001", "NEW", at(3600), at(9000), 1)]
    assert scene.look(9001 + QUIET) == ["KWL-0001"]


def test_who_was_heard_before_its_assignment_alone_is_missed_likewise(
    connection: Connection,
) -> None:
    document = departing(3600).model_dump(mode="json", by_alias=True)
    document["assignments"][0]["from"] = at(1000).isoformat()
    put(connection, Plan.model_validate(document))
    scene = Scene(connection)
    scene.hear(900)
    assert scene.look(3600) == []
    assert scene.look(3661) == ["KWL-0001"]


def test_nobody_is_missed_while_we_could_not_hear(scene: Scene) -> None:
    assert scene.look(QUIET, hearing_since=at(0)) == []
    assert scene.look(QUIET + 1, hearing_since=at(0)) == ["KWL-0001"]


def test_nobody_is_missed_on_a_journey_of_the_past(scene: Scene, connection: Connection) -> None:
    put(connection, departing(-7200, -3600))
    scene.restart()
    assert scene.look(0) == []


# --- blankspots ----------------------------------------------------------------------------

HOUR = 3600


def blank_plan() -> Plan:
    """The road of 110 km in two hours; no coverage from km 40 to km 60, nor at OTHER (55.2)."""
    document = departing(-1800, -1800 + 2 * HOUR).model_dump(mode="json", by_alias=True)
    document["routes"][0]["blankspots"] = [{"from_km": 40, "to_km": 60}]
    return Plan.model_validate(document)


class Road:
    """A device driven along the road by the rules, to the watch over it."""

    def __init__(self, connection: Connection, found: Plan) -> None:
        put(connection, found)
        self.scene = Scene(connection)
        self.evaluator = Evaluator(self.scene.rules)
        self.pipeline = Pipeline(self.scene.rules, self.evaluator)
        self.evaluator.survey = self.scene.survey

    def drive(self, first: int, last: int, start: float, by: float) -> None:
        """Fixes numbered first..last, the last of them 30 s after the one before."""
        for item in along(first, last, start, by):
            heard_at = START + (item["seq"] - 1) * INTERVAL
            raw = Raw("kawal/v1/KWL-0001/position", single(item), heard_at)
            outcome = self.pipeline.process(self.scene.connection, [raw])
            self.scene.watch.hear(self.scene.connection, outcome.heard, outcome.intervals_s)

    def look(self, seconds: float) -> list[Event]:
        scene, now = self.scene, at(seconds)
        return scene.watch.look(
            scene.connection, scene.survey, self.evaluator.states, LONG_AGO, now,
            recall=lambda found: self.evaluator.recall(scene.connection, found, now),
        )  # fmt: skip

    def restart(self) -> None:
        self.scene.restart()
        self.evaluator.forget()


def test_silence_in_a_known_blankspot_is_held_and_told_when_it_lasts(
    connection: Connection,
) -> None:
    road = Road(connection, blank_plan())
    road.drive(1, 20, 110.2, 0.0085)  # to km 40, 30 s a kilometre
    last = 19 * 30
    (held,) = road.look(last + QUIET + 1)
    assert (held.kind, held.event_time) == ("silence_held", at(last))
    assert (held.numbers["from_km"], held.numbers["to_km"]) == (40.0, 60.0)
    expected_exit = datetime.fromisoformat(str(held.numbers["expected_exit"]))
    assert at(last + 600) < expected_exit < at(last + 2 * HOUR)
    road.restart()
    due_s = (expected_exit - START).total_seconds() + road.scene.rules.blankspot_grace_s
    assert road.look(due_s) == []
    assert road.scene.alerts() == []
    (silence,) = road.look(due_s + 1)
    assert silence.kind == "silence"
    assert silence.numbers["expected_exit"] == held.numbers["expected_exit"]
    assert road.scene.alerts() == [("KWL-0001", "NEW", at(last), None, 1)]
    road.restart()
    assert road.look(due_s + 100) == []
    road.scene.hear(due_s + 200)
    assert road.scene.alerts() == [("KWL-0001", "NEW", at(last), at(due_s + 200), 1)]


def test_heard_again_behind_the_blankspot_and_nobody_was_rung(connection: Connection) -> None:
    road = Road(connection, blank_plan())
    road.drive(1, 20, 110.2, 0.0085)
    assert [event.kind for event in road.look(700)] == ["silence_held"]
    road.drive(50, 52, 110.58, 0.0085)
    assert road.scene.alerts() == []
    kinds = connection.execute(
        "select kind from event where origin = 'WATCH' order by event_id"
    ).fetchall()
    assert kinds == [("silence_held",), ("silence_ended",)]
    road.restart()
    silent = [event.kind for event in road.look(51 * 30 + QUIET + 1)]
    assert silent == ["silence"]  # at km 66 there is coverage


def test_far_before_the_blankspot_silence_is_silence(connection: Connection) -> None:
    road = Road(connection, blank_plan())
    road.drive(1, 10, 110.2, 0.0085)  # km 30
    assert [event.kind for event in road.look(9 * 30 + QUIET + 1)] == ["silence"]


def test_at_a_place_without_coverage_silence_is_held(connection: Connection) -> None:
    document = plan(DEVICES[:1]).model_dump(mode="json", by_alias=True)
    document["facilities"][1]["signal"] = "BLANKSPOT"
    road = Road(connection, Plan.model_validate(document))
    road.drive(1, 6, 110.4985, 0.0003)
    (held,) = road.look(5 * 30 + QUIET + 1)
    assert (held.kind, held.facility_id) == ("silence_held", "OTHER")
    due_s = 5 * 30 + road.scene.rules.detention_s + road.scene.rules.blankspot_grace_s
    assert road.look(due_s) == []
    assert [event.kind for event in road.look(due_s + 1)] == ["silence"]


def test_after_a_restart_it_is_still_known_who_has_arrived(connection: Connection) -> None:
    road = Road(connection, plan(DEVICES[:1]))
    road.drive(1, 6, 110.9995, 0.0001)
    assert road.look(1000) == []
    road.restart()
    assert road.look(2000) == []


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
    assert scene.look(600) == []
    ingest.take("status", online % 10, 650)
    assert scene.look(670) == []
    assert scene.look(671) == ["KWL-0001"]


def test_a_last_will_is_no_sign_of_life(scene: Scene) -> None:
    """The broker sends it when the device is gone, long after its last word."""
    ingest = Ingest(scene)
    ingest.take("status", b'{"v":1,"state":"online"}', 0)
    ingest.take("status", b'{"v":1,"state":"offline","reason":"connection_lost"}', 55)
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
    ingest.take("status", payload, 40)
    assert scene.look(QUIET + 1) == []
