"""Tests here need a thread without an event loop: the browser tests leave one running."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    names = pyfuncitem._fixtureinfo.argnames
    with ThreadPoolExecutor(1) as pool:
        wanted = {name: pyfuncitem.funcargs[name] for name in names}
        pool.submit(pyfuncitem.obj, **wanted).result()
    return True
