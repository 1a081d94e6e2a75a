"""Fixtures for every test; what a test does not ask for is not started."""

pytest_plugins = ["tests.support.services"]
