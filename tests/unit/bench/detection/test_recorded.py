"""Recorded tracks: cut into trips, each judged against an earlier pass where there is one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bench.detection import recorded
from bench.detection.run import NAIVE, OURS, Measured, judge
from domain.settings import Rules

START = datetime(2024, 11, 1, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Twice the same 6 km, with noise and one wild fix each, and something too short."""
    rng = np.random.default_rng(1)
    rows = ["X;Y;tracker;t"]
    for day, fixes in ((0, 200), (1, 200), (2, 5)):
        for step in range(fixes):
            time = START + timedelta(days=day, seconds=3 * step)
            lon = 110 + step * 0.0003 + rng.normal(0, 0.00003)
            lat = -7 + 0.002 * np.sin(step / 40) + rng.normal(0, 0.00003)
            if step == 120:
                lat += 0.05
            rows.append(f"{lon:.6f};{lat:.6f};4;{time.isoformat(sep=' ')}")
    path = tmp_path / "tracks.csv"
    path.write_text("\n".join(rows), "utf-8")
    return path


def test_the_second_trip_is_judged_against_the_first(file: Path) -> None:
    trips = recorded.read([file])
    assert (trips.by_itself, trips.by_earlier_pass) == (1, 1)
    assert trips.fixes == 400


def test_a_wild_fix_rings_with_the_naive_rules_alone(file: Path) -> None:
    measured = Measured()
    for world in recorded.read([file]).worlds():
        judge(measured, world, Rules())
    assert measured.quiet_h == pytest.approx(400 * 3 / 3600, rel=0.02)
    assert measured.tallies[OURS].false_alarms == 0
    assert measured.tallies[NAIVE].false["CORRIDOR_DEVIATION"] == 2
    assert measured.tallies[NAIVE].false["JUMP"] >= 2
