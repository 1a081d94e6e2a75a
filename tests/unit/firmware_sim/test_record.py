"""The offline generator: the same bytes each time, all within the protocol."""

from datetime import datetime, timedelta

import pytest

from firmware_sim import scenario as scenarios
from firmware_sim.record import DEFAULT_START, Sent, record
from firmware_sim.scenario import ScenarioError
from tests.unit.firmware_sim.support import ROAD, check_frame, events, records, scenario


def keys(sent: list[Sent]) -> list[tuple[int, int]]:
    return [(r["epoch"], r["seq"]) for leaf in ("position", "event") for r in records(sent, leaf)]


@pytest.mark.parametrize("name", scenarios.names())
def test_every_frame_of_every_scenario_is_within_the_protocol(name: str) -> None:
    sent = record(name, ROAD)
    for topic, payload, _ in sent:
        check_frame(topic, payload)
    assert len(sent) > 60
    assert [at for _, _, at in sent] == sorted(at for _, _, at in sent)
    seqs: dict[int, set[int]] = {}
    for epoch, seq in keys(sent):
        seqs.setdefault(epoch, set()).add(seq)
    for found in seqs.values():
        assert found == set(range(1, len(found) + 1))


@pytest.mark.parametrize("name", ["nominal", "duplicate-storm", "reboot"])
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    assert record(name, ROAD, duration_s=1_200) == record(name, ROAD, duration_s=1_200)


def test_another_seed_or_device_gives_others() -> None:
    one = record("nominal", ROAD, duration_s=600)
    assert record("nominal", ROAD, duration_s=600, seed=99) != one
    other = record("nominal", ROAD, duration_s=600, device_id="SIM-0002")
    assert [r["lat_deg"] for r in records(other, "position")] != [
        r["lat_deg"] for r in records(one, "position")
    ]
    assert all(topic.startswith("kawal/v1/SIM-0002/") for topic, _, _ in other)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nominal", ["boot", "seal_closed"]),
        ("route-deviation", ["boot"]),
        ("dead-zone", ["boot", "fix_lost", "fix_regained"]),
        ("seal-cut", ["boot", "seal_cut", "light", "door_opened", "door_closed"]),
        ("jammer", ["boot", "jamming_started", "fix_lost", "fix_regained", "jamming_ended"]),
        ("reboot", ["boot", "boot", "boot"]),
        ("frozen-receiver", ["boot"]),
        ("spoofed", ["boot"]),
        ("unplanned-stop", ["boot"]),
    ],
)
def test_each_scenario_tells_its_story(name: str, expected: list[str]) -> None:
    assert events(record(name, ROAD)) == expected


def test_a_storm_repeats_every_message_and_adds_no_record() -> None:
    sent = record("duplicate-storm", ROAD, duration_s=1_200)
    counts = [keys(sent).count(key) for key in set(keys(sent))]
    assert max(counts) == 6  # once, four copies, and once more
    assert counts.count(6) > 20


def test_a_drifting_clock_is_wrong_by_what_the_scenario_says() -> None:
    sent = record("clock-drift", ROAD)
    wrong = [
        (at - DEFAULT_START, datetime.fromisoformat(found["fix_time"]) - at)
        for topic, payload, at in sent
        if topic.endswith("/position")
        for found in records([(topic, payload, at)], "position")
        if not found["buffered"]
    ]
    before = [off for since, off in wrong if since < timedelta(seconds=290)]
    jumped = [
        off for since, off in wrong if timedelta(seconds=620) < since < timedelta(seconds=1190)
    ]
    after = [off for since, off in wrong if since > timedelta(seconds=1220)]
    assert max(before) < timedelta(seconds=1)
    assert timedelta(seconds=895) < min(jumped) <= max(jumped) < timedelta(seconds=910)
    assert max(abs(off) for off in after) < timedelta(seconds=0.01)


def test_a_coarser_sample_is_allowed() -> None:
    loop = scenario(drive={"loop": True})
    sent = record(loop, ROAD, duration_s=7_200, sample_s=20)
    assert len(list(records(sent, "position"))) == pytest.approx(360, rel=0.25)


def test_the_epoch_and_the_start_are_the_callers() -> None:
    start = DEFAULT_START + timedelta(days=1)
    sent = record("nominal", ROAD, duration_s=100, epoch=77, start=start)
    assert {epoch for epoch, _ in keys(sent)} == {77}
    assert sent[0][2] >= start


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ScenarioError, match="unknown"):
        record("lunch", ROAD)
    with pytest.raises(ValueError, match="two different vertices"):
        record("nominal", ROAD[:1])
