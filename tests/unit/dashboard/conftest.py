from collections.abc import Callable
from importlib.resources import files

import pytest


@pytest.fixture
def script() -> Callable[[str], str]:
    """The text of a script of ours by its file name."""
    return lambda name: files("dashboard").joinpath("assets", "js", name).read_text("utf-8")
