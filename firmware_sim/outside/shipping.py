"""The shipping platform, as far as this project needs it: a list of status reports."""

from __future__ import annotations

from pathlib import Path

from firmware_sim.outside.pages import Outside

EMPTY = {"format": "kawal-shipping", "version": 1, "source": "PT Pos", "statuses": []}


def shipping(folder: Path, token: str) -> Outside:
    """The stand-in for the platform over the documents in `folder`."""
    return Outside(folder, token, "/v1/statuses", EMPTY)
