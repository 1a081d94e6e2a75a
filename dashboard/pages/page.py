"""What every page is: a name, and how it is drawn from an address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from babel.numbers import format_decimal, format_percent
from dash import html
from dash.development.base_component import Component

from dashboard.i18n import Texts
from db.accounts import Account
from db.pool import Connection
from domain.settings import Settings


class Asked(NamedTuple):
    """What a browser asks for: `/manifests/M-1?tab=seals` has the path ("M-1",) and the query
    {"tab": "seals"}.

    `now` is the time of the request.
    """

    path: tuple[str, ...]
    query: Mapping[str, str]
    account: Account
    t: Texts
    now: datetime
    settings: Settings

    def number(self, value: float | None) -> str:
        """A number as the language writes it; a dash where there is none."""
        return "–" if value is None else format_decimal(value, locale=self.t.language)

    def percent(self, value: float | None) -> str:
        """0..100 as a percentage with at most one decimal, never rounded up to 100."""
        if value is None:
            return "–"
        shown = min(value, 99.9) if value < 100 else value
        return format_percent(shown / 100, format="#,##0.#%", locale=self.t.language)


Draw = Callable[[Connection, Asked], list[Component]]


class Page(NamedTuple):
    """`/{name}` and everything below it. `title` is a key of the catalogue."""

    name: str
    title: str
    draw: Draw


class NoSuchPageError(LookupError):
    """There is nothing at this address; the message is a key of the catalogue."""


def named(**attributes: str) -> dict[str, Any]:
    """HTML attributes with a hyphen: `named(aria_label="Menu")` for aria-label."""
    return {name.replace("_", "-"): value for name, value in attributes.items()}


def address(page: str, *path: object, **query: object) -> str:
    """The address of a page, with everything in it quoted."""
    below = "".join(f"/{quote(str(part), safe='')}" for part in path)
    asked = {name: value for name, value in query.items() if value not in (None, "")}
    return f"/{page}{below}" + (f"?{urlencode(asked)}" if asked else "")


def link(words: Any, page: str, *path: object, **query: object) -> html.A:
    """A link to a page of ours."""
    return html.A(words, href=address(page, *path, **query))
