"""`kawal plan import` and `kawal plan export`."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from cli.site import Site
from cli.up import register_devices
from db import plan as stored_plan
from db.plan import Report
from db.pool import connect
from domain.plan import dump
from domain.plan_changes import ChangeState
from domain.plan_faults import PlanError, parse, warnings

LISTED = 40  # changes shown one by one; the counts tell the rest


@click.group("plan")
def plan_group() -> None:
    """The plan: facilities, routes, shipments, devices and who travels with what."""


@plan_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_command(file: Path) -> None:
    """Import FILE whole, or refuse it whole with every fault named by its path."""
    text = file.read_bytes()
    site = Site()
    try:
        plan = parse(text, site.settings.rules)
        for doubt in warnings(plan):
            click.echo(f"warning: {doubt}", err=True)
        with connect(site.database_url, "cli") as connection:
            report = stored_plan.store(
                connection, plan, getpass.getuser(), text.decode("utf-8-sig")
            )
    except PlanError as error:
        raise click.ClickException(
            f"{file.name} is refused, nothing was changed:\n{error}"
        ) from None
    _tell(report)
    register_devices(site, [device.id for device in plan.devices])


def _tell(report: Report) -> None:
    changed = [c for c in report.changes if c.state in (ChangeState.NEW, ChangeState.CHANGED)]
    for change in changed[:LISTED]:
        click.echo(f"{change.state:8} {change.kind} {change.id}")
    if len(changed) > LISTED:
        click.echo(f"... and {len(changed) - LISTED} more")
    for (kind, state), count in sorted(report.counts.items()):
        click.echo(f"{count:6} {kind} {state}")
    click.echo("The plan was changed." if report.changed else "Nothing changed.")


@plan_group.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
def export_command(file: Path | None) -> None:
    """Write the stored plan to FILE, or to standard output."""
    with connect(Site().database_url, "cli") as connection:
        text = dump(stored_plan.load(connection))
    if file is None:
        click.echo(text, nl=False)
    else:
        file.write_text(text, "utf-8")
