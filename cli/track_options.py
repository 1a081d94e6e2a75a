"""How a recorded track is read: the options that `kawal replay` and `kawal rules test` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from firmware_sim.tracks import Columns, ReadOptions, RefusedRow

REFUSED_SHOWN = 20
FILE: click.Path = click.Path(exists=True, dir_okay=False, path_type=Path)

_OPTIONS = (
    click.option("--device-column", help="CSV: column that names the device."),
    click.option("--time-column", help="CSV: column of the fix time."),
    click.option("--lat-column", help="CSV: column of the latitude, degrees."),
    click.option("--lon-column", help="CSV: column of the longitude, degrees."),
    click.option("--speed-column", help="CSV: column of the speed, km/h."),
    click.option("--course-column", help="CSV: column of the course, degrees."),
    click.option("--accuracy-column", help="CSV: column of the accuracy, metres."),
    click.option("--delimiter", help="CSV: separator; default: found in the header."),
    click.option("--encoding", default="utf-8-sig", show_default=True, help="Of a CSV file."),
    click.option("--timezone", help="Zone of times that carry none, such as Asia/Jakarta."),
    click.option("--device", help="Name of the device, where the file has no column of it."),
    click.option("--device-prefix", default="", help="Put before each device name of the file."),
    click.option(
        "--accuracy-m",
        type=click.FloatRange(min=0.1),
        default=10.0,
        show_default=True,
        help="Accuracy taken where the file has none.",
    ),
)


def track_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: the options by which a command reads tracks."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def columns(file: Path, given: dict[str, Any]) -> Columns | None:
    """The columns of a CSV file; None for GPX. Raises UsageError for those that are missing."""
    if file.suffix.lower() == ".gpx":
        return None
    missing = [name for name in ("time", "lat", "lon") if not given[f"{name}_column"]]
    if missing:
        wanted = ", ".join(f"--{name}-column" for name in missing)
        raise click.UsageError(f"a CSV file needs {wanted}")
    names = ("time", "lat", "lon", "device", "speed", "course", "accuracy")
    return Columns(**{name: given[f"{name}_column"] for name in names})


def options(given: dict[str, Any]) -> ReadOptions:
    """How the file is read."""
    names = ("delimiter", "encoding", "timezone", "device", "device_prefix", "accuracy_m")
    return ReadOptions(**{name: given[name] for name in names})


def tell_refused(refused: list[RefusedRow]) -> None:
    """The first rows that could not be read, and how many more there are, on stderr."""
    for row in refused[:REFUSED_SHOWN]:
        click.echo(f"line {row.line}: {row.field}: {row.reason}", err=True)
    if len(refused) > REFUSED_SHOWN:
        click.echo(f"... and {len(refused) - REFUSED_SHOWN} more", err=True)
