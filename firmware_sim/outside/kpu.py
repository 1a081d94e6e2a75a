"""KPU, as far as this project needs it: a list of manifests, and pushes of what is new."""

from __future__ import annotations

from pathlib import Path

from firmware_sim.outside.pages import Outside

EMPTY = {
    "format": "kawal-manifest",
    "version": 1,
    "source": "KPU",
    "stations": [],
    "manifests": [],
    "receipts": [],
}


def kpu(folder: Path, token: str) -> Outside:
    """The stand-in for KPU over the documents in `folder`."""
    return Outside(folder, token, "/v1/manifests", EMPTY)
