"""Kawal Logistik: the command `kawal`. Every room is entered from here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from cli import (
    check,
    custody,
    evidence,
    facts,
    integrations,
    manifests,
    people,
    plans,
    regions,
    rules,
    services,
    trackers,
    up,
)
from cli.configure import SettingsError
from cli.site import Site
from cli.supervise import SuperviseError
from db.migrate import MigrationError
from db.pool import AWAY
from db.process import ServerError


class Kawal(click.Group):
    """Turns what can be expected to go wrong into a sentence that says what to do."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except SettingsError as error:
            raise click.ClickException(f"settings:\n{error}") from None
        except AWAY as error:
            reason = str(error).strip().splitlines()[0]
            raise click.ClickException(
                f"the database cannot be reached: {reason}\n`make up` starts it, `kawal check`"
                " tells more."
            ) from None
        except (MigrationError, ServerError, SuperviseError, up.UpError) as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Kawal, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kawal-logistik")
def main() -> None:
    """Kawal Logistik: the realtime operations screen for election logistics."""


@main.command("up")
@click.option("--demo/--no-demo", default=True, show_default=True,
              help="With a plan, trackers and an account to look at.")  # fmt: skip
def up_command(demo: bool) -> None:
    """Start everything, wait until it answers, and print where it is."""
    site = Site()
    where = up.bring_up(site, demo=demo, say=up.say_progress())
    click.echo(f"\nThe screen: {where}")
    if demo:
        click.echo(f"Sign in as:  {up.DEMO_LOGIN}   password: {site.password('web-demo')}")
        click.echo(f"Try:         {program()} simulate --scenario route-deviation  (or seal-cut)")
    else:
        click.echo(f"Next:        {program()} account add, {program()} plan import FILE")
    click.echo("Stop:        make down")


def program() -> str:
    """This program as one types it from here."""
    path = Path(sys.executable).with_name("kawal")
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


@main.command("down")
def down_command() -> None:
    """Stop everything that `kawal up` started; the data stays."""
    click.echo("stopped" if up.take_down(Site()) else "nothing was running")


for command in (
    check.check_command,
    services.migrate_command,
    services.ingest_command,
    services.dashboard_command,
    services.demo_command,
    services.serve_command,
    plans.plan_group,
    rules.rules_group,
    people.account_group,
    trackers.device_group,
    trackers.simulate_command,
    trackers.replay_command,
    evidence.evidence_group,
    custody.custody_group,
    facts.events_command,
    facts.positions_command,
    facts.gaps_command,
    facts.rejections_command,
    integrations.integrate_command,
    integrations.standin_command,
    integrations.webhook_secret_command,
    manifests.manifest_group,
    regions.region_group,
):
    main.add_command(command)

if __name__ == "__main__":
    main()
