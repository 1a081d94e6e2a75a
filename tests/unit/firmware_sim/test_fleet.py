"""A fleet against a real broker, and its file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.flash import Ring
from firmware_sim.fleet import Progress, run_alone, run_fleet
from firmware_sim.fleet_file import Entry, FleetError, read_fleet
from firmware_sim.mqtt_link import Broker, Login
from firmware_sim.scenario import ScenarioError
from ingest.broker import BrokerServer
from tests.unit.firmware_sim.support import ROAD, ROOT, StandIn, wait_until


def entry(login: Login, **more: Any) -> Entry:
    """On the road at once."""
    return Entry(
        device_id=login.username,
        password=login.password,
        route=ROAD,
        **{"start_fraction": 0.2, "loop": True, **more},
    )


def entries(logins: dict[str, Login], **more: Any) -> list[Entry]:
    return [entry(login, **more) for name, login in logins.items() if name.startswith("KWL")]


def test_a_fleet_moves_and_everything_is_committed(
    broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    stop = threading.Event()
    seen: list[Progress] = []

    def note(progress: Progress) -> None:
        seen.append(progress)
        if progress.records_acknowledged > 40:
            stop.set()

    last = run_fleet(
        entries(logins), broker, speed=60, stamp="wall", stop=stop.is_set, on_progress=note
    )
    assert last.records_held == 0
    assert last.records_acknowledged > 40
    assert max(progress.connected for progress in seen) == 4
    assert max(progress.moving for progress in seen) == 4
    now = time.time()
    for name in ("KWL-0001", "KWL-0004"):
        stored = stand_in.commitments.stored(name)
        ((epoch, _),) = {(epoch, 0) for epoch, _ in stored}
        assert abs(epoch - now) < 120  # a ring in memory takes the time for its epoch
        assert {seq for _, seq in stored} == set(range(1, len(stored) + 1))
        wait_until(lambda name=name: stand_in.of(name, "status")[-1]["state"] == "offline")
        assert stand_in.of(name, "status")[-1]["reason"] == "shutdown"


def test_wall_stamps_lie_in_the_present(
    broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    from datetime import UTC, datetime

    begin = datetime.now(UTC)
    run_alone(
        "nominal",
        entry(logins["KWL-0001"], report_interval_s=20),
        broker,
        speed=60,
        stamp="wall",
        duration_s=300,
    )
    fixes = [m for m in stand_in.of("KWL-0001", "position") if "records" not in m]
    times = [datetime.fromisoformat(fix["fix_time"]) for fix in fixes]
    assert len(times) > 5
    assert times == sorted(times)
    assert begin < times[0] < times[-1] < datetime.now(UTC)
    online = [m for m in stand_in.of("KWL-0001", "status") if m["state"] == "online"]
    assert online[0]["report_interval_s"] == pytest.approx(20 / 60, abs=0.001)


def test_a_ring_file_outlives_the_process(
    tmp_path: Path, broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    stand_in.muted = True
    only = entry(logins["KWL-0001"])
    run_fleet([only], broker, speed=200, flash_folder=tmp_path / "flash", duration_s=300)
    ring = Ring(20_000, file=tmp_path / "flash/KWL-0001.ring")
    held, epoch = len(ring), ring.epoch
    ring.close()
    assert held > 5
    stand_in.muted = False
    last = run_fleet([only], broker, speed=200, flash_folder=tmp_path / "flash", duration_s=300)
    assert last.records_held == 0
    stored = stand_in.commitments.stored("KWL-0001")
    old = {seq for its_epoch, seq in stored if its_epoch == epoch}
    assert old == set(range(1, max(old) + 1))
    assert {its_epoch > epoch for its_epoch, _ in stored - {(epoch, seq) for seq in old}} == {True}


def test_a_broker_that_restarts_loses_nothing(
    server: BrokerServer, logins: dict[str, Login]
) -> None:
    restarted = threading.Event()
    broker = Broker(server.address, server.port)
    stand_in = StandIn(broker.host, broker.port, logins["ingest"].password)

    def restart(progress: Progress) -> None:
        if progress.records_acknowledged > 5 and not restarted.is_set():
            restarted.set()
            server.stop()
            server.start()

    last = run_fleet(
        [entry(logins["KWL-0001"])], broker, speed=150, duration_s=1_200, on_progress=restart
    )
    assert restarted.is_set()
    wait_until(lambda: len(stand_in.commitments.stored("KWL-0001")) > 20)
    stored = {seq for _, seq in stand_in.commitments.stored("KWL-0001")}
    assert stored == set(range(1, max(stored) + 1))
    assert last.records_held <= 2
    stand_in.close()


def test_trouble_is_told(broker: Broker, logins: dict[str, Login]) -> None:
    wrong = entry(Login("KWL-0001", "guess"))
    last = run_fleet([wrong], broker, speed=200, duration_s=200)
    assert last.trouble == "KWL-0001: Not authorized"
    silent = run_fleet([entry(logins["KWL-0001"])], broker, speed=200, duration_s=200)
    assert silent.trouble == "KWL-0001: the broker answered 0x10 to a publish"
    assert silent.records_acknowledged == 0


def test_sigterm_ends_it_in_order(
    tmp_path: Path, broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    file = tmp_path / "fleet.json"
    file.write_text(json.dumps([e.model_dump(mode="json") for e in entries(logins)]), "utf-8")
    program = (
        "import sys; from pathlib import Path\n"
        "from firmware_sim.fleet import run_fleet, stop_on_signals\n"
        "from firmware_sim.fleet_file import read_fleet\n"
        "from firmware_sim.mqtt_link import Broker\n"
        "stop = stop_on_signals()\n"
        "broker = Broker(sys.argv[2], int(sys.argv[3]))\n"
        "run_fleet(read_fleet(Path(sys.argv[1])), broker, speed=20, stop=stop.is_set)\n"
    )
    arguments = [sys.executable, "-c", program, str(file), broker.host, str(broker.port)]
    with subprocess.Popen(arguments, cwd=ROOT) as process:
        wait_until(lambda: stand_in.of("KWL-0004", "event"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    wait_until(lambda: stand_in.of("KWL-0004", "status")[-1].get("reason") == "shutdown")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"device_id": "a b"}, "0.device_id"),
        ({"route": [[110, -7]]}, "0.route"),
        ({"route": [[110, -7], [-7, 110]]}, "0.route.1.1"),
        ({"start_fraction": 1.5}, "0.start_fraction"),
        ({"sped_kmh": 50}, "0.sped_kmh"),
        ({"device_id": "fleet"}, "device_id fleet: is reserved"),
    ],
)
def test_a_bad_fleet_file_is_refused_by_field(
    tmp_path: Path, change: dict[str, Any], field: str
) -> None:
    file = tmp_path / "fleet.json"
    good = {"device_id": "A", "password": "s3cret", "route": [[110, -7], [111, -7]]}
    file.write_text(json.dumps([{**good, **change}]), "utf-8")
    with pytest.raises(FleetError) as refused:
        read_fleet(file)
    assert field in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "{}", "[", "[]"])
def test_what_is_no_list_of_trackers_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "fleet.json"
    file.write_text(text, "utf-8")
    with pytest.raises(FleetError, match=r"^fleet"):
        read_fleet(file)
    with pytest.raises(FleetError, match=r"none\.json"):
        read_fleet(tmp_path / "none.json")


def test_a_device_twice_or_an_unknown_scenario_is_refused_before_anything_runs() -> None:
    nowhere = Broker("127.0.0.1", 1)
    one = entry(Login("A", "x"))
    with pytest.raises(FleetError, match="device_id A: given twice"):
        run_fleet([one, one], nowhere)
    with pytest.raises(ScenarioError, match="'lunch': unknown"):
        run_fleet([entry(Login("A", "x"), scenario="lunch")], nowhere)
