"""What is tested here runs event loops of its own."""

from __future__ import annotations

import inspect

import pytest

from tests.support.loops import without_loop


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    wanted = inspect.signature(pyfuncitem.obj).parameters
    given = {name: pyfuncitem.funcargs[name] for name in wanted}
    without_loop(lambda: pyfuncitem.obj(**given))
    return True
