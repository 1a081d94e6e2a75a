"""Virtual time, its map onto real time, and clocks that are wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.clock import DeviceClock, VirtualClock

START = datetime(2024, 11, 26, tzinfo=UTC)


class Real:
    """A real clock that the test sets."""

    def __init__(self, at_s: float = 1_700_000_000.0) -> None:
        self.at_s = at_s

    def __call__(self) -> float:
        return self.at_s


def test_virtual_time_runs_at_the_given_multiple() -> None:
    real = Real()
    clock = VirtualClock(START, speed=20, real=real)
    real.at_s += 3
    assert clock.now_s() == pytest.approx(60)
    assert clock.wire_time(60) == START + timedelta(seconds=60)


def test_wall_stamps_put_the_past_into_the_real_past() -> None:
    real = Real()
    clock = VirtualClock(START, speed=20, stamp="wall", real=real)
    real.at_s += 10
    now = datetime.fromtimestamp(real.at_s, tz=UTC)
    assert abs(clock.wire_time(clock.now_s()) - now) < timedelta(milliseconds=1)
    taken = clock.wire_time(clock.now_s() - 60)
    assert abs((now - taken) - timedelta(seconds=3)) < timedelta(milliseconds=1)


@given(
    speed=st.floats(0.1, 1000),
    offsets=st.lists(st.floats(0, 1e5), min_size=2, max_size=20),
)
def test_wall_stamps_keep_the_order_and_never_lie_ahead(speed: float, offsets: list[float]) -> None:
    real = Real()
    clock = VirtualClock(START, speed=speed, stamp="wall", real=real)
    real.at_s += 1e5 / speed
    stamps = [clock.wire_time(at_s) for at_s in sorted(offsets)]
    assert stamps == sorted(stamps)
    latest = datetime.fromtimestamp(real.at_s, tz=UTC) + timedelta(milliseconds=1)
    assert stamps[-1] <= latest


def test_durations_are_translated_only_for_wall_stamps() -> None:
    wall = VirtualClock(START, speed=20, stamp="wall", real=Real())
    assert (wall.wire_seconds(20), wall.virtual_seconds(1)) == (1, 20)
    virtual = VirtualClock(START, speed=20, real=Real())
    assert (virtual.wire_seconds(20), virtual.virtual_seconds(1)) == (20, 1)
    assert virtual.network_scale == 20


def test_a_machine_that_slept_does_not_live_through_the_missing_hours() -> None:
    real = Real()
    clock = VirtualClock(START, speed=20, stamp="wall", real=real)
    real.at_s += 1
    assert not clock.slip_to(21)
    real.at_s += 7200
    assert clock.slip_to(21)
    assert clock.now_s() == pytest.approx(21)
    now = datetime.fromtimestamp(real.at_s, tz=UTC)
    assert abs(clock.wire_time(21) - now) < timedelta(milliseconds=1)


def test_a_clock_that_was_set_back_goes_on() -> None:
    real = Real()
    clock = VirtualClock(START, speed=1, real=real)
    real.at_s += 100
    assert not clock.slip_to(101)
    real.at_s -= 3600
    assert clock.slip_to(101)
    real.at_s += 2
    assert clock.now_s() == pytest.approx(103)


def test_a_sample_far_ahead_is_no_slip() -> None:
    real = Real()
    clock = VirtualClock(START, speed=1, real=real)
    real.at_s += 1
    assert not clock.slip_to(600)


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_that_is_not_positive_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed: must be above 0"):
        VirtualClock(START, speed=speed)


def test_wall_stamps_need_a_speed() -> None:
    with pytest.raises(ValueError, match="stamp: wall needs a speed"):
        VirtualClock(START, stamp="wall")


def test_a_device_clock_drifts_steps_and_is_set_right() -> None:
    device = DeviceClock(VirtualClock(START), offset_s=-2.0, drift_ppm=100.0)

    def error_s(at_s: float) -> float:
        return (device.time(at_s) - START).total_seconds() - at_s

    assert error_s(0) == pytest.approx(-2)
    assert error_s(10_000) == pytest.approx(-1)
    device.step(900)
    assert error_s(10_000) == pytest.approx(899)
    device.drift(0.0, 10_000)
    assert error_s(50_000) == pytest.approx(899)
    device.set_right()
    assert error_s(50_000) == pytest.approx(0)


def test_a_step_is_in_seconds_of_the_wire() -> None:
    clock = VirtualClock(START, speed=20, stamp="wall", real=Real())
    device = DeviceClock(clock)
    before = device.time(60)
    device.step(900)
    assert device.time(60) - before == timedelta(seconds=900)
