"""A receiver whose errors are honest, correlated and sometimes gross."""

from itertools import pairwise
from math import exp, hypot
from random import Random
from statistics import mean
from typing import Any

import pytest

from firmware_sim.gnss import Fix, GaussMarkov, Receiver, Sky
from firmware_sim.journey import Motion
from firmware_sim.route import LonLat, plane_m
from firmware_sim.settings import Gnss

HERE: LonLat = (110.0, -7.0)
STILL = Motion(HERE, 0.0, 90.0, parked=True)
DRIVING = Motion(HERE, 60.0, 90.0, parked=False)
OPEN = Sky()


def receiver(seed: int = 1, **changes: Any) -> Receiver:
    made = Receiver(Gnss(**{"multipath_per_h": 0.0, **changes}), Random(seed))
    made.start()
    return made


def fixes(made: Receiver, seconds: range, motion: Motion = STILL, sky: Sky = OPEN) -> list[Fix]:
    found = [made.sample(float(at_s), motion, sky) for at_s in seconds]
    return [fix for fix in found if fix is not None]


def error_m(fix: Fix) -> float:
    return hypot(*plane_m(HERE, (fix.lon_deg, fix.lat_deg)))


def test_a_gauss_markov_process_has_unit_variance_and_its_correlation() -> None:
    process = GaussMarkov(Random(7), 60.0)
    values = [process.at(float(at_s)) for at_s in range(60_000)]
    variance = mean(v * v for v in values)
    assert variance == pytest.approx(1.0, abs=0.15)
    after_60_s = mean(a * b for a, b in zip(values, values[60:], strict=False)) / variance
    assert after_60_s == pytest.approx(exp(-1), abs=0.1)


def test_68_percent_lie_within_the_stated_accuracy() -> None:
    inside = [
        error_m(fix) <= fix.accuracy_m
        for seed in range(40)
        for fix in fixes(receiver(seed), range(0, 12_000, 120))
    ]
    assert mean(inside) == pytest.approx(0.68, abs=0.04)


def test_errors_are_a_few_metres_and_do_not_jump() -> None:
    found = fixes(receiver(), range(3_600))
    assert 1.0 < mean(error_m(fix) for fix in found) < 8.0
    steps = [abs(error_m(a) - error_m(b)) for a, b in pairwise(found) if a.hdop == b.hdop]
    assert mean(steps) < 1.0  # independent errors of this size would step about 3 m


def test_it_needs_its_time_to_first_fix_cold_and_hot() -> None:
    made = receiver(cold_start_s=30, hot_start_s=3)
    found = [made.sample(float(s), STILL, OPEN) is not None for s in range(60)]
    assert 21 <= found.index(True) <= 39
    made.stop()
    assert made.sample(60.0, STILL, OPEN) is None
    made.start()
    again = [made.sample(float(s), STILL, OPEN) is not None for s in range(61, 80)]
    assert 2 <= again.index(True) <= 4
    made.forget()
    made.start()
    assert not any(made.sample(float(s), STILL, OPEN) for s in range(80, 100))


def test_a_tunnel_takes_the_fix_away_for_its_length_and_a_hot_start() -> None:
    made = receiver()
    fixes(made, range(60))
    assert fixes(made, range(60, 100), sky=Sky(blocked=True)) == []
    found = [made.sample(float(s), STILL, OPEN) is not None for s in range(100, 110)]
    assert not found[0]
    assert found[-1]


def test_light_jamming_shows_and_makes_the_fix_worse() -> None:
    made = receiver()
    good = fixes(made, range(100, 400))
    bad = fixes(made, range(400, 700), sky=Sky(jamming=1))
    assert {fix.jamming for fix in good} == {0}
    assert {fix.jamming for fix in bad} == {1}
    assert mean(f.accuracy_m for f in bad) > 1.5 * mean(f.accuracy_m for f in good)
    assert mean(f.satellites for f in bad) < mean(f.satellites for f in good) - 3


def test_heavy_jamming_takes_the_fix_away() -> None:
    made = receiver()
    assert fixes(made, range(60))
    assert fixes(made, range(60, 120), sky=Sky(jamming=2)) == []


def test_spoofing_moves_the_fix_and_mock_says_so() -> None:
    made = receiver()
    fixes(made, range(60))
    fix = fixes(made, range(60, 61), sky=Sky(spoof_east_m=5_000, mock=True))[0]
    assert plane_m(HERE, (fix.lon_deg, fix.lat_deg))[0] == pytest.approx(5_000, abs=30)
    assert fix.mock


def test_a_frozen_receiver_repeats_its_place_and_goes_on_to_measure_its_speed() -> None:
    made = receiver()
    free = fixes(made, range(60), DRIVING)
    held = fixes(made, range(60, 80), DRIVING, Sky(frozen=True))
    assert {(f.lon_deg, f.lat_deg) for f in held} == {(free[-1].lon_deg, free[-1].lat_deg)}
    assert len({f.speed_kmh for f in held}) == 20
    (after,) = fixes(made, range(80, 81), DRIVING)
    assert (after.lon_deg, after.lat_deg) != (held[-1].lon_deg, held[-1].lat_deg)


def test_multipath_comes_now_and_then_and_passes() -> None:
    found = fixes(receiver(multipath_per_h=6.0, multipath_m=100.0), range(36_000))
    outliers = [fix for fix in found if error_m(fix) > 40]
    assert 100 < len(outliers) < 2_000  # 60 of 5 to 20 s
    assert mean(f.accuracy_m for f in outliers) > 20


def test_speed_and_course_are_measured() -> None:
    found = fixes(receiver(), range(200), DRIVING)
    assert mean(fix.speed_kmh for fix in found) == pytest.approx(60, abs=0.5)
    courses = [fix.course_deg for fix in found if fix.course_deg is not None]
    assert len(courses) == len(found)
    assert mean(courses) == pytest.approx(90, abs=1)
    assert all(fix.course_deg is None for fix in fixes(receiver(), range(200)))


def test_the_same_seed_gives_the_same_fixes() -> None:
    assert fixes(receiver(3), range(300)) == fixes(receiver(3), range(300))
    assert fixes(receiver(3), range(300)) != fixes(receiver(4), range(300))
