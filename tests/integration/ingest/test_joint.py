"""Rules over several devices on a real TimescaleDB: whatever comes late, the end is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest

from db import alerts
from db import plan as stored_plan
from db.pool import Connection
from domain.alerts import Trigger
from domain.chart import chart
from domain.plan import Plan, dump
from domain.settings import Rules
from ingest.decode import Raw
from ingest.evaluate import Evaluator
from ingest.joint import Joint
from ingest.pipeline import Pipeline
from tests.support.journeys import INTERVAL, START, record, single
from tests.support.journeys import plan as simple_plan

TRUCKS = ("T-1", "T-2", "T-3")
ESCORT = "E-1"
KM = 0.00906  # degrees of longitude along 7° S
END = START + timedelta(minutes=40)
Message = tuple[str, bytes, datetime]


def convoy_plan() -> Plan:
    whole = simple_plan(TRUCKS).model_dump(by_alias=True, mode="json", exclude_none=True)
    whole["devices"].append(
        {"id": ESCORT, "kind": "TRACKER", "name": ESCORT, "report_interval_s": 30}
    )
    shipments = [f"SHP-{name}" for name in TRUCKS]
    whole["convoys"] = [
        {"id": "K-1", "name": "Konvoi 1", "shipments": shipments, "escorts": [ESCORT]}
    ]
    return Plan.model_validate(whole)


class Scene:
    """Ingest over a connection, as the service has it, with a clock of its own."""

    def __init__(self, connection: Connection, rules: Rules | None = None) -> None:
        self.connection, self.rules = connection, rules or Rules()
        self.restart()

    def restart(self) -> None:
        plan = stored_plan.load(self.connection)
        self.joint, evaluator = Joint(self.rules), Evaluator(self.rules)
        evaluator.survey = chart(plan, self.rules)
        self.joint.follow(plan, evaluator.survey)
        self.pipeline = Pipeline(self.rules, evaluator, joint=self.joint)

    def take(self, messages: Sequence[Message]) -> None:
        raws = [Raw(f"kawal/v1/{d}", payload, at) for d, payload, at in messages]
        self.pipeline.process(self.connection, raws)

    def judge(self, now: datetime) -> list[str]:
        found = self.joint.watch_interference(self.connection, now)
        found += self.joint.watch_convoys(self.connection, now, budget_s=60)
        return [event.kind for event in found]

    def live(self, messages: Sequence[Message], until: datetime) -> None:
        """Everything as it comes, judged each 30 s."""
        waiting, now = sorted(messages, key=lambda m: m[2]), START
        while now <= until:
            batch = [m for m in waiting if m[2] <= now]
            waiting = waiting[len(batch) :]
            if batch:
                self.take(batch)
            self.judge(now)
            now += INTERVAL

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def facts(self) -> list[tuple[Any, ...]]:
        """Current events of groups."""
        return self.rows(
            "select event_key, alert_key, group_id, event_time, decided_at, detail from event"
            " where superseded_at is null and group_id is not null order by 1"
        )

    def kinds(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "select kind, device_id from event where superseded_at is null"
            " and group_id is not null order by decided_at, kind"
        )


@pytest.fixture
def scene(database_url: str) -> Iterator[Scene]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        stored_plan.store(connection, convoy_plan(), "test", dump(convoy_plan()))
        yield Scene(connection)


def fix(
    device: str, step: int, km: float, delay_s: float = 1.0, speed_kmh: float = 60.0
) -> Message:
    item = record(step + 1, 110.0 + km * KM, speed_kmh=speed_kmh)
    at = START + step * INTERVAL + timedelta(seconds=delay_s)
    return f"{device}/position", single(item), at


def drive(device: str, steps: range, km: float, delay_s: float = 1.0) -> list[Message]:
    return [fix(device, s, km + s * 0.5, delay_s) for s in steps]


def left_behind(until: int = 70) -> list[Message]:
    """T-1 stands from step 20 on."""
    others = [
        m for i, d in enumerate((*TRUCKS[1:], ESCORT)) for m in drive(d, range(until), 11 + i)
    ]
    standing = [fix("T-1", s, 20, speed_kmh=0.0) for s in range(20, until)]
    return [*others, *drive("T-1", range(20), 10), *standing]


def said(device: str, kind: str, minute: float, km: float, delay_s: float = 1.0) -> Message:
    at = START + timedelta(minutes=minute)
    item = {
        "seq": 10_000 + round(minute * 60), "event": kind, "event_time": at.isoformat(),
        "lat_deg": -7.0, "lon_deg": 110.0 + km * KM, "accuracy_m": 20.0, "fix_time": at.isoformat(),
    }  # fmt: skip
    return f"{device}/event", single(item), at + timedelta(seconds=delay_s)


def jammed(minute: float = 2.0, delay_s: float = 1.0) -> list[Message]:
    return [
        said(d, "jamming_started", minute + i / 4, 20 + i * 3, delay_s)
        for i, d in enumerate((*TRUCKS, ESCORT))
    ]


def test_a_split_convoy_is_one_alert_of_one_vehicle_with_its_numbers(scene: Scene) -> None:
    scene.live(left_behind(), END - timedelta(minutes=10))
    ((rule, device, group, detail, late, key),) = scene.rows(
        "select rule, device_id, group_id, detail, late_by_s, alert_key from alert"
    )
    assert (rule, device, group, late) == ("CONVOY_SPLIT", "T-1", "K-1", None)
    assert key == "CONVOY_SPLIT/K-1/T-1"
    assert detail["convoy"] == "Konvoi 1"
    assert detail["behind_m"] > 5000
    version = scene.rows("select rules_version is not null from event where kind = 'convoy_split'")
    assert version == [(True,)]


def test_late_fixes_that_disprove_a_split_supersede_it_and_clear_the_alert(scene: Scene) -> None:
    """T-1 seemed to stand far behind; what it had stored says that it was there."""
    behind = [m for m in left_behind(60) if m[0] != "T-1/position"]
    behind += drive("T-1", range(20), 10)
    behind += [fix("T-1", s, 20, speed_kmh=0.0) for s in range(40, 48)]
    scene.live(behind, START + 50 * INTERVAL)
    assert ("convoy_split", "T-1") in scene.kinds()
    truth = [fix("T-1", s, 10 + s * 0.5) for s in range(20, 40)]
    # A second fix of the same times, from the counter after, that is right.
    right = [
        (topic, payload.replace(b'"epoch": 1', b'"epoch": 2'), at)
        for topic, payload, at in (fix("T-1", s, 10 + s * 0.5) for s in range(40, 60))
    ]
    scene.take([*truth, *right])
    scene.judge(START + 61 * INTERVAL)
    assert ("convoy_split", "T-1") not in scene.kinds()
    assert scene.rows("select count(*) from event where kind = 'convoy_split'") == [(1,)]
    assert scene.rows("select cleared_at is not null from alert where rule = 'CONVOY_SPLIT'") == [
        (True,)
    ]


def test_a_split_that_is_only_known_from_stored_data_is_late(scene: Scene) -> None:
    others = [m for m in left_behind() if m[0] != "T-1/position"]
    scene.live(others, END)
    assert scene.kinds() == []
    scene.take([m for m in left_behind() if m[0] == "T-1/position"])
    scene.judge(END + INTERVAL)
    assert scene.kinds() == [("convoy_split", "T-1")]
    ((late_by_s,),) = scene.rows("select late_by_s from alert where rule = 'CONVOY_SPLIT'")
    assert late_by_s > 600


def test_an_incident_is_one_critical_alert_and_its_alarms_are_its_quiet_children(
    scene: Scene,
) -> None:
    scene.live(jammed(), START + timedelta(minutes=4))
    ((parent, severity, detail, late),) = scene.rows(
        "select alert_id, severity, detail, late_by_s from alert where rule = 'INTERFERENCE'"
    )
    assert (severity, late, detail["devices"]) == (1, None, 4)
    assert detail["footprint"].startswith('{"type":"Polygon"')
    children = scene.rows(
        "select device_id, parent_id from alert where rule = 'JAMMING' order by 1"
    )
    assert children == [(device, parent) for device in (ESCORT, *TRUCKS)]
    sos = [said("T-2", "sos", 5, 20), said("T-2", "tamper", 5.1, 20)]
    scene.take(sos)
    scene.judge(START + timedelta(minutes=6))
    assert scene.rows("select count(*) from alert where parent_id is null") == [(3,)]


def test_an_incident_ends_when_all_are_back_and_releases_its_children(scene: Scene) -> None:
    ends = [said(d, "jamming_ended", 8, 20 + i * 3) for i, d in enumerate((*TRUCKS, ESCORT))]
    scene.live([*jammed(), *ends], START + timedelta(minutes=17))
    assert ("interference_ended", "T-1") not in scene.kinds()
    scene.judge(START + timedelta(minutes=18, seconds=1))
    assert scene.kinds()[-1] == ("interference_ended", "T-1")
    assert scene.rows("select cleared_at from alert where rule = 'INTERFERENCE'") == [
        (START + timedelta(minutes=8),)
    ]


def test_a_late_first_sign_gives_the_incident_another_name_and_keeps_the_work(
    scene: Scene,
) -> None:
    on_time = [m for m in jammed() if m[0] != "T-1/event"]
    scene.live(on_time, START + timedelta(minutes=4))
    ((alert_id, group),) = scene.rows(
        "select alert_id, group_id from alert where rule = 'INTERFERENCE'"
    )
    alerts.transition(scene.connection, alert_id, Trigger.ACKNOWLEDGE, "sari")
    scene.take([m for m in jammed() if m[0] == "T-1/event"])
    scene.judge(START + timedelta(minutes=5))
    ((same, renamed, state, cleared),) = scene.rows(
        "select alert_id, group_id, state, cleared_at from alert where rule = 'INTERFERENCE'"
    )
    assert (same, state, cleared) == (alert_id, "ACKNOWLEDGED", None)
    assert (group, renamed) == ("GNSS-20241126T010215-T-2", "GNSS-20241126T010200-T-1")
    parents = scene.rows("select distinct parent_id from alert where rule = 'JAMMING'")
    assert parents == [(alert_id,)]


def test_signs_that_all_came_late_make_a_late_alert(scene: Scene) -> None:
    scene.live([], END)
    scene.take(jammed(delay_s=2000))
    scene.judge(END)
    ((late_by_s,),) = scene.rows("select late_by_s from alert where rule = 'INTERFERENCE'")
    assert late_by_s > 1900


def test_a_restart_changes_nothing_and_forgets_nothing(scene: Scene) -> None:
    messages = [*left_behind(), *jammed()]
    scene.live(messages, START + timedelta(minutes=20))
    before = scene.facts()
    scene.restart()
    scene.judge(START + timedelta(minutes=20))
    assert scene.facts() == before
    # Committed by the pipeline, and then the process died before it was judged.
    scene.take([m for m in messages if m[2] > START + timedelta(minutes=20)])
    scene.take([said("T-1", "jamming_started", 1, 25)])
    scene.restart()
    scene.judge(END)
    names = scene.rows("select group_id from alert where rule = 'INTERFERENCE'")
    assert names == [("GNSS-20241126T010100-T-1",)]


def unplaced(device: str, kind: str, minute: float) -> Message:
    """What a receiver without a fix can say; where it was follows from its fixes."""
    at = START + timedelta(minutes=minute)
    item = {"seq": 20_000 + round(minute * 60), "event": kind, "event_time": at.isoformat()}
    return f"{device}/event", single(item), at + timedelta(seconds=1)


STORY = [
    *left_behind(60),
    *jammed(10),
    *(said(d, "jamming_ended", 14, 20) for d in TRUCKS),
    *(unplaced(d, "fix_lost", 19 + i / 3) for i, d in enumerate((*TRUCKS, ESCORT))),
    *(unplaced(d, "fix_regained", 21 + i / 3) for i, d in enumerate((*TRUCKS, ESCORT))),
    unplaced("T-2", "fix_lost", 25),
    unplaced("T-2", "fix_regained", 25.5),
]


def test_any_order_ends_in_the_same_events(database_url: str) -> None:
    """Cut into batches at random, shuffled and doubled, with restarts in between."""
    final = END + timedelta(hours=8)
    with psycopg.connect(database_url, autocommit=True) as connection:
        stored_plan.store(connection, convoy_plan(), "test", dump(convoy_plan()))
        perfect = Scene(connection)
        perfect.live(STORY, END)
        perfect.judge(final)
        expected = perfect.facts()
        assert {row[0].split("/")[0] for row in expected} == {
            "convoy_split", "interference_started", "interference_grew", "interference_ended",
        }  # fmt: skip
        assert any("fix_lost" in row[5].get("kinds", "") for row in expected)
        for seed in range(4):
            random = Random(seed)
            _forget_facts(connection)
            scene, messages = Scene(connection), [*STORY, *random.sample(STORY, 30)]
            if seed:
                random.shuffle(messages)
            now = END
            while messages:
                size = random.choice([1, 5, 30, 90])
                scene.take([(d, payload, now) for d, payload, _ in messages[:size]])
                messages = messages[size:]
                now += timedelta(seconds=random.choice([0, 7, 60]))
                if random.random() < 0.5:
                    scene.judge(now)
                if random.random() < 0.1:
                    scene.restart()
            scene.judge(final)
            assert scene.facts() == expected


def _forget_facts(connection: Connection) -> None:
    connection.execute(
        "truncate position, device_report, latest_position, sequence_ledger, event, alert,"
        " alert_event, alert_step, rule_snapshot restart identity cascade"
    )
