"""Making something happen to a fleet that runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from firmware_sim.control import NoFleetError, RefusedError, inject
from firmware_sim.fleet import run_fleet
from firmware_sim.mqtt_link import Broker, Login
from firmware_sim.route import Path
from firmware_sim.scenario import ScenarioError
from tests.unit.firmware_sim.support import ROAD, StandIn, wait_until
from tests.unit.firmware_sim.test_fleet import entries


@contextmanager
def running(broker: Broker, logins: dict[str, Login], speed: float = 40.0) -> Iterator[None]:
    """A fleet of four in another thread."""
    stop, fleet = threading.Event(), entries(logins, report_interval_s=20)

    def run() -> None:
        run_fleet(
            fleet,
            broker,
            speed=speed,
            stamp="wall",
            control=logins["demo"],
            stop=stop.is_set,
        )

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def moving(stand_in: StandIn) -> bool:
    return all(
        any(fix.get("speed_kmh", 0) > 20 for fix in stand_in.of(f"KWL-{n:04}", "position"))
        for n in range(1, 5)
    )


def test_a_deviation_is_seen_within_seconds_and_a_second_one_refused(
    broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    with running(broker, logins):
        wait_until(lambda: moving(stand_in))
        done = inject(broker, logins["demo-remote"], "route-deviation")
        assert done.device_id.startswith("KWL-")
        begin = time.monotonic()
        path = Path(ROAD)
        wait_until(
            lambda: any(
                path.away_m((fix["lon_deg"], fix["lat_deg"])) > 4_000
                for fix in stand_in.of(done.device_id, "position")
                if "lat_deg" in fix
            )
        )
        assert time.monotonic() - begin < 15
        with pytest.raises(RefusedError, match=f"{done.device_id}: route-deviation is under way"):
            inject(broker, logins["demo-remote"], "seal-cut", done.device_id)
        other = inject(broker, logins["demo-remote"], "seal-cut")
        assert other.device_id != done.device_id
        wait_until(
            lambda: any(
                record["event"] == "seal_cut"
                for message in stand_in.of(other.device_id, "event")
                for record in message.get("records", [message])
            )
        )
    with pytest.raises(NoFleetError, match="no simulated fleet runs"):
        inject(broker, logins["demo-remote"], "seal-cut")


def test_a_jammer_of_an_area_takes_all_that_are_near(
    broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    with running(broker, logins):
        wait_until(lambda: moving(stand_in))
        done = inject(broker, logins["demo-remote"], "jammer", within_m=20_000)
        jammed = {done.device_id, *done.also}
        assert jammed == {f"KWL-{n:04}" for n in range(1, 5)}
        wait_until(
            lambda: all(
                any(told["event"] == "jamming_started" for told in stand_in.of(device, "event"))
                for device in jammed
            )
        )


def test_what_cannot_be_done_is_refused_with_its_reason(
    broker: Broker, logins: dict[str, Login], stand_in: StandIn
) -> None:
    with running(broker, logins):
        wait_until(lambda: stand_in.of("KWL-0001", "event"))
        with pytest.raises(RefusedError, match="NOBODY: is not in the running fleet; it has: KWL"):
            inject(broker, logins["demo-remote"], "seal-cut", "NOBODY")
        with pytest.raises(ScenarioError, match=r"'\.\./secret': unknown"):
            inject(broker, logins["demo-remote"], "../secret")


def test_a_fleet_that_is_killed_leaves_no_status(broker: Broker, logins: dict[str, Login]) -> None:
    from firmware_sim.clock import VirtualClock
    from firmware_sim.control import FleetControl
    from firmware_sim.mqtt_link import Network
    from firmware_sim.record import DEFAULT_START

    network = Network()
    clock = VirtualClock(DEFAULT_START, speed=1)
    control = FleetControl(network, broker, logins["demo"], {}, clock)
    until_s = time.monotonic() + 1.0
    while time.monotonic() < until_s:
        control.serve(0.0)
        network.poll(0.05)
    # It stays silent, but its status is there; then its connection breaks.
    with pytest.raises(NoFleetError, match="does not answer"):
        inject(broker, logins["demo-remote"], "seal-cut", timeout_s=0.5)
    control._link.drop()
    with pytest.raises(NoFleetError, match="no simulated fleet runs"):
        inject(broker, logins["demo-remote"], "seal-cut")
    network.close()


def test_a_wrong_password_is_told(broker: Broker) -> None:
    with pytest.raises(NoFleetError, match="Not authorized"):
        inject(broker, Login("demo-remote", "guess"), "seal-cut")


def test_no_broker_is_told() -> None:
    with pytest.raises(NoFleetError, match="cannot be asked"):
        inject(Broker("127.0.0.1", 1), Login("demo-remote", "x"), "seal-cut")
