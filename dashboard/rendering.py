"""Pages that are plain HTML: forms that work without any script."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, select_autoescape


def render(template: str, **values: Any) -> str:
    """A page of `dashboard/templates`; everything that is put into it is text."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    folder = files("dashboard").joinpath("templates")
    return Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
