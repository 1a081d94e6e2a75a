"""The document that a browser gets first: head and frame of every Dash application of ours."""

from __future__ import annotations

from typing import Any

from dash import Dash
from fastapi import FastAPI

from dashboard.auth import current_session
from dashboard.i18n import texts
from dashboard.theme import theme_of

FRAME = """<!DOCTYPE html>
<html lang="{lang}" data-theme="{theme}">
  <head>
    {metas}
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/logo.svg">
    <link rel="stylesheet" href="/vendor/maplibre-gl.css">
    <link rel="stylesheet" href="/assets/tokens.css">
    <link rel="stylesheet" href="/assets/icons.css">
    <link rel="stylesheet" href="/assets/shell.css">
    {own_css}
    {css}
    <script src="/vendor/maplibre-gl.js" defer></script>
    {own_scripts}
  </head>
  <body class="{body_class}">
    {app_entry}
    <footer hidden>
      {config}
      {scripts}
      {renderer}
    </footer>
  </body>
</html>"""


class Document(Dash):
    """Dash with a page that starts in the reader's language and theme, and loads from us.

    `own_css`, `own_scripts`: elements for the head; `body_class`: what the styles tell it by.
    """

    own_css = ""
    own_scripts = ""
    body_class = ""

    def __init__(self, name: str, app: FastAPI, language: str, prefix: str | None = None) -> None:
        super().__init__(
            name,
            server=app,  # type: ignore[arg-type]
            requests_pathname_prefix=prefix,
            routes_pathname_prefix=prefix,
            title=texts(language)("product.name"),
            update_title=None,  # type: ignore[arg-type]
            include_assets_files=False,
            add_log_handler=False,
            enable_mcp=False,
        )
        # The renderer would open a socket for callbacks that we do not have.
        self.backend.websocket_capability = False

    def interpolate_index(self, **parts: Any) -> str:  # type: ignore[override]
        """The page before its scripts run."""
        session = current_session.get()
        return FRAME.format(
            **parts,
            lang=session.account.language if session else "id",
            theme=theme_of(self.backend.request_adapter().cookies),
            own_css=self.own_css,
            own_scripts=self.own_scripts,
            body_class=self.body_class,
        )
