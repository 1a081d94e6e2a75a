"""Measurements, as ratios against named baselines in the same run; never tests."""
