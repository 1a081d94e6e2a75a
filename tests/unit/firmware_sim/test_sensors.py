"""Battery and latches."""

import pytest

from firmware_sim.journey import Motion
from firmware_sim.sensors import Occurrence, Sensors
from firmware_sim.settings import Battery

ROAD = Motion((110.0, -7.0), 60.0, 90.0, parked=False)
DEPOT = Motion((110.0, -7.0), 0.0, 90.0, parked=True)


def test_the_battery_drains_on_the_road_and_less_asleep() -> None:
    sensors = Sensors(Battery(start_pct=50, drain_pct_per_h=2, charge_pct_per_h=10))
    sensors.advance(3_600, ROAD, awake=True)
    assert sensors.battery_pct == pytest.approx(48)
    sensors.advance(7_200, ROAD, awake=False)
    assert sensors.battery_pct == pytest.approx(47.8)


def test_it_charges_while_parked_and_never_beyond_full() -> None:
    sensors = Sensors(Battery(start_pct=90, drain_pct_per_h=1, charge_pct_per_h=10))
    sensors.advance(1_800, DEPOT, awake=True)
    assert sensors.battery_pct == pytest.approx(94.5)
    sensors.advance(36_000, DEPOT, awake=True)
    assert sensors.battery_pct == 100


def test_flat_and_charged_are_apart() -> None:
    sensors = Sensors(Battery(start_pct=1, drain_pct_per_h=1, charge_pct_per_h=10))
    assert not sensors.flat
    assert not sensors.charged
    sensors.advance(3_600, ROAD, awake=True)
    assert sensors.flat
    sensors.advance(7_200, DEPOT, awake=True)
    assert sensors.charged


def test_what_a_sensor_latched_is_read_once_and_in_order() -> None:
    sensors = Sensors(Battery())
    sensors.seal("opened")
    sensors.latch(Occurrence("light", light_lux=300.0))
    assert sensors.read() == [
        Occurrence("seal_opened", with_seal=True),
        Occurrence("light", light_lux=300.0),
    ]
    assert sensors.read() == []
