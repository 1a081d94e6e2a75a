"""`kawal events`, `kawal positions`, `kawal rejections`: facts for people and for others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cli.site import Site
from db import events, ledger, positions, rejections
from db.pool import connect
from domain.positions import Flag, Position
from domain.readout import csv_lines, moment, ndjson

EVENT_FIELDS = (
    "event_id", "kind", "origin", "device_id", "shipment_id", "facility_id", "event_time",
    "decided_at", "recorded_at", "late_by_s", "lat_deg", "lon_deg", "detail", "rules_version",
    "superseded_at",
)  # fmt: skip


class Moment(click.ParamType[datetime]):
    """A time: an age or RFC 3339 with its zone."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """Read it, or say what is expected."""
        if isinstance(value, datetime):
            return value
        try:
            return moment(value, datetime.now(UTC))
        except ValueError as error:
            self.fail(str(error), param, ctx)


since_option = click.option(
    "--since", type=Moment(), default="1h", show_default=True,
    help="From this time on: 90m, 2h, 3d ago, or RFC 3339 with its zone.",
)  # fmt: skip
until_option = click.option("--until", type=Moment(), default="0s", help="To this time; now.")
format_option = click.option(
    "--format", "form", type=click.Choice(["ndjson", "csv"]), default="ndjson", show_default=True,
    help="One JSON object a line, or CSV with a header.",
)  # fmt: skip
device_option = click.option("--device", help="Only of this device.")


@click.command("events")
@since_option
@until_option
@device_option
@click.option("--shipment", help="Only of this shipment.")
@format_option
def events_command(
    since: datetime, until: datetime, device: str | None, shipment: str | None, form: str
) -> None:
    """Print events by event time, superseded ones marked."""
    with connect(Site().database_url, "cli") as connection:
        _write(form, events.export(connection, since, until, device, shipment), EVENT_FIELDS)


@click.command("positions")
@since_option
@until_option
@device_option
@format_option
def positions_command(since: datetime, until: datetime, device: str | None, form: str) -> None:
    """Print positions by fix time, doubted ones with the names of their flags."""
    fields = Position._fields
    with connect(Site().database_url, "cli") as connection:
        _write(form, map(_row, positions.export(connection, since, until, device)), fields)


def _row(position: Position) -> dict[str, Any]:
    names = [str(flag.name) for flag in Flag(position.flags)]
    return {**position._asdict(), "flags": " ".join(names)}


def _write(form: str, rows: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> None:
    for line in ndjson(rows) if form == "ndjson" else csv_lines(rows, fields):
        click.echo(line, nl=False)


@click.command("gaps")
def gaps_command() -> None:
    """Show numbers that devices have lost for good (overwritten before they were stored)."""
    with connect(Site().database_url, "cli") as connection:
        found = ledger.gaps(connection)
    for device_id, epoch, first, last in found:
        click.echo(f"{device_id}: {last - first + 1} lost, seq {first} to {last} of epoch {epoch}")
    if not found:
        click.echo("No device has lost a record.")


@click.command("rejections")
@since_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True,
              help="At most so many, the newest.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["table", "ndjson"]), default="table",
              show_default=True, help="For people, or one JSON object a line.")  # fmt: skip
def rejections_command(since: datetime, limit: int, form: str) -> None:
    """Show messages that were refused, with the field and the reason."""
    with connect(Site().database_url, "cli") as connection:
        found = rejections.newest(connection, since, limit)
    if form == "ndjson":
        rows = ({**r._asdict(), "payload": r.payload.decode("utf-8", "replace")} for r in found)
        _write(form, rows, ())
    elif not found:
        click.echo("No message was refused since then.")
    else:
        Console().print(_table(found))


def _table(found: Iterable[rejections.StoredRejection]) -> Table:
    table = Table("last seen (UTC)", "times", "topic", "field", "reason", "payload")
    for r in found:
        # Outside text: no markup, no control characters.
        shown = ascii(r.payload[:60].decode("utf-8", "replace"))[1:-1]
        cells = (f"{r.last_seen_at:%Y-%m-%d %H:%M:%S}", str(r.occurrences), r.topic, r.field)
        table.add_row(*(literal(cell) for cell in (*cells, r.reason, shown)))
    return table


def literal(text: str) -> str:
    """`text` for a table: no markup, no control characters."""
    return "".join(c if c.isprintable() else "?" for c in text).replace("[", "\\[")
