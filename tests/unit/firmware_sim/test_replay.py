"""A recorded track goes over a real broker and is acknowledged to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.mqtt_link import Broker, Login
from firmware_sim.replay import Progress, Summary, replay
from firmware_sim.tracks import Columns, ReadOptions, TrackError
from tests.unit.firmware_sim.support import StandIn

COLUMNS = Columns(device="tracker", time="t", lat="Y", lon="X")
THEN = datetime(2008, 12, 11, 4, 42, 14, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """300 fixes of three devices, two bad rows among them."""
    rows = [
        f"{110 + n / 1e4:.6f};-7.0;{n % 3 + 1};{THEN + timedelta(seconds=n)}" for n in range(300)
    ]
    rows[10:10] = ["110;-97;1;2008-12-11 04:42:14+00", "110;-7;1;soon"]
    made = tmp_path / "tracks.csv"
    made.write_text("\n".join(["X;Y;tracker;t", *rows, ""]), "utf-8")
    return made


def play(
    file: Path, broker: Broker, logins: dict[str, Login], leave_out: str = "", **more: Any
) -> Summary:
    def credentials(devices: Sequence[str]) -> Mapping[str, str]:
        assert devices == ["KWL-0001", "KWL-0002", "KWL-0003"]
        return {name: logins[name].password for name in devices if name != leave_out}

    options = ReadOptions(device_prefix="KWL-000")
    return replay(file, broker, credentials, columns=COLUMNS, options=options, **more)


def stored(stand_in: StandIn, device_id: str) -> list[dict[str, Any]]:
    messages = stand_in.of(device_id, "position")
    return [record for m in messages for record in m.get("records", [m])]


def test_every_readable_row_is_acknowledged_and_the_others_told(
    file: Path, broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    seen: list[Progress] = []
    done = play(file, broker, logins, speed=0, stamp_as="recorded", on_progress=seen.append)
    assert (done.devices, done.fixes, done.published, done.acknowledged) == (3, 300, 300, 300)
    assert done.complete
    assert [(bad.line, bad.field) for bad in done.refused] == [(12, "lat"), (13, "time")]
    assert seen[-1] == Progress(fixes=300, given_out=300, acknowledged=300)
    found = stored(stand_in, "KWL-0002")
    assert [r["seq"] for r in found] == list(range(1, 101))
    assert found[0]["fix_time"] == "2008-12-11T04:42:15.000Z"
    assert {(r["accuracy_m"], r["buffered"]) for r in found} == {(10.0, True)}


def test_a_second_replay_at_recorded_times_adds_no_record(
    file: Path, broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    for _ in range(2):
        assert play(file, broker, logins, speed=0, stamp_as="recorded").complete
    assert len(stored(stand_in, "KWL-0001")) == 200
    assert len(stand_in.commitments.stored("KWL-0001")) == 100


def test_as_now_it_takes_its_time_and_nothing_lies_ahead(
    file: Path, broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    begin = datetime.now(UTC)
    assert play(file, broker, logins, speed=300).complete
    end = datetime.now(UTC)
    assert timedelta(seconds=0.9) < end - begin
    times = [datetime.fromisoformat(r["fix_time"]) for r in stored(stand_in, "KWL-0003")]
    assert begin - timedelta(seconds=0.1) < min(times)
    assert max(times) <= end
    assert max(times) - min(times) == pytest.approx(timedelta(seconds=0.99), abs=timedelta(0, 0.01))


def test_a_device_without_credentials_is_left_out_and_told(
    file: Path, broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    done = play(file, broker, logins, leave_out="KWL-0002", speed=0)
    assert done.devices_without_credentials == ["KWL-0002"]
    assert (done.acknowledged, done.unacknowledged) == (200, 100)
    assert not stand_in.of("KWL-0002", "position")


def test_it_gives_up_when_nobody_acknowledges(
    file: Path, broker: Broker, logins: dict[str, Login]
) -> None:
    done = play(file, broker, logins, speed=0, patience_s=1.0)
    assert (done.published, done.acknowledged, done.unacknowledged) == (0, 0, 300)
    assert done.troubles["KWL-0001"] == "the broker answered 0x10 to a publish"


def test_one_device_that_is_not_let_in_does_not_hold_up_the_others(
    file: Path, broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    wrong = {**logins, "KWL-0001": Login("KWL-0001", "guess")}
    done = play(file, broker, wrong, speed=0, patience_s=1.5)
    assert done.acknowledged == 200
    assert done.troubles == {"KWL-0001": "Not authorized"}


def test_it_can_be_stopped(
    file: Path, broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    done = play(file, broker, logins, speed=20, stop=lambda: len(stand_in.messages) > 10)
    assert 0 < done.published < 300


def test_an_unreadable_file_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(TrackError, match=r"none\.csv"):
        replay(tmp_path / "none.csv", Broker("127.0.0.1", 1), lambda _: {}, columns=COLUMNS)
