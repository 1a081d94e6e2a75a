"""Dark for the control room, light for the office."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.basemap import Theme

THEME_COOKIE = "kawal_theme"


def theme_of(cookies: Mapping[str, str]) -> Theme:
    """The theme that a browser asks for; dark where it asks for none."""
    return "light" if cookies.get(THEME_COOKIE) == "light" else "dark"
