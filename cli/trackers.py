"""`kawal simulate`, `kawal replay` and `kawal device`: trackers, simulated and real."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli import track_options as how
from cli.site import Site
from cli.track_options import track_options
from cli.up import register_devices
from db import plan as stored_plan
from db.pool import connect
from domain.plan import Plan, Route
from firmware_sim import control, scenario
from firmware_sim.fleet import run_alone
from firmware_sim.fleet_file import Entry, FleetError
from firmware_sim.mqtt_link import Broker, Login
from firmware_sim.replay import Progress as Replayed
from firmware_sim.replay import Summary, replay
from firmware_sim.tracks import TrackError


@click.command("simulate")
@click.option("--scenario", "name", required=True, type=click.Choice(scenario.names()),
              help="What happens.")  # fmt: skip
@click.option("--device", help="Which tracker; default: one of the demonstration that moves.")
@click.option("--alone", is_flag=True, help="Run one tracker by itself along its planned route.")
@click.option("--speed", type=click.FloatRange(min=0.1), default=1.0, show_default=True,
              help="With --alone: how many times faster than real.")  # fmt: skip
@click.option("--within-km", type=click.FloatRange(min=0), default=0.0, show_default=True,
              help="Also to every other tracker of the demonstration this near to it.")  # fmt: skip
def simulate_command(
    name: str, device: str | None, alone: bool, speed: float, within_km: float
) -> None:
    """Make a scenario happen: at once to trackers of the demonstration, or to one alone."""
    site = Site()
    if alone:
        _simulate_alone(site, name, device, speed)
        return
    login = Login("demo-remote", site.password("demo-remote"))
    try:
        done = control.inject(
            Broker(*site.broker_address), login, name, device, within_m=within_km * 1000
        )
    except control.NoFleetError as error:
        raise click.ClickException(
            f"{error}\nStart the demonstration with `make up`, or add --alone --device NAME."
        ) from None
    except (control.RefusedError, FleetError, scenario.ScenarioError) as error:
        raise click.ClickException(str(error)) from None
    devices = ", ".join((done.device_id, *done.also))
    click.echo(f"{devices}: {done.scenario}. {done.message}")


def _simulate_alone(site: Site, name: str, device: str | None, speed: float) -> None:
    if device is None:
        raise click.UsageError("--alone needs --device")
    with connect(site.database_url, "cli") as connection:
        route = _route_of(stored_plan.load(connection), device)
    line = list(route.line.coordinates)
    password = register_devices(site, [device])[device]
    entry = Entry(device_id=device, password=password, route=line, half_width_m=route.half_width_m)
    click.echo(f"{device}: {name} at {speed:g}x; Ctrl-C ends it")
    done = run_alone(name, entry, Broker(*site.broker_address), speed=speed, stamp="wall")
    click.echo(f"{done.records_acknowledged} of {done.records_sent} records acknowledged")


def _route_of(plan: Plan, device: str) -> Route:
    now = datetime.now(UTC)
    shipments = {s.id: s for s in plan.shipments}
    for a in plan.assignments:
        over = a.valid_until is not None and a.valid_until <= now
        if a.device_id == device and a.valid_from <= now and not over:
            for route in plan.routes:
                if route.id == shipments[a.shipment_id].route_id:
                    return route
    raise click.ClickException(f"{device} has no shipment with a route in the plan now")


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@track_options
@click.option("--longest-gap-s", type=click.FloatRange(min=1), default=float("inf"),
              help="With --as now: wait no longer between two fixes.")  # fmt: skip
@click.option("--speed", type=click.FloatRange(min=0), default=1.0, show_default=True,
              help="How many times faster than recorded; 0: as fast as possible.")  # fmt: skip
@click.option("--as", "stamp_as", type=click.Choice(["now", "recorded"]), default="now",
              show_default=True, help="As if it happened now, or at its own times.")  # fmt: skip
def replay_command(
    file: Path, speed: float, stamp_as: Any, longest_gap_s: float, **given: Any
) -> None:
    """Publish a recorded track (CSV or GPX) over MQTT and wait until all of it is stored."""
    site = Site()
    bar = Progress(
        TextColumn("stored"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True),
    )  # fmt: skip
    with bar:
        task = bar.add_task("replay", total=None)

        def show(done: Replayed) -> None:
            bar.update(task, total=done.fixes, completed=done.acknowledged)

        try:
            summary = replay(
                file,
                Broker(*site.broker_address),
                lambda devices: register_devices(site, list(devices)),
                columns=how.columns(file, given),
                options=how.options(given),
                speed=speed,
                stamp_as=stamp_as,
                longest_gap_s=longest_gap_s,
                on_progress=show,
            )
        except TrackError as error:
            raise click.ClickException(str(error)) from None
    _tell(summary)


def _tell(summary: Summary) -> None:
    how.tell_refused(summary.refused)
    for device, trouble in summary.troubles.items():
        click.echo(f"{device}: {trouble}", err=True)
    click.echo(
        f"{summary.devices} devices, {summary.fixes} fixes: {summary.published} published,"
        f" {summary.acknowledged} stored, {summary.resent} sent again,"
        f" {len(summary.refused)} rows refused"
    )
    if not summary.complete:
        raise click.ClickException(f"{summary.unacknowledged} fixes were not acknowledged")


@click.group("device")
def device_group() -> None:
    """Devices and their passwords at the embedded broker."""


@device_group.command("add")
@click.argument("device_id")
def device_add(device_id: str) -> None:
    """Let DEVICE_ID sign in; prints its password (the same one if it has one already)."""
    site = _own_broker()
    try:
        password = register_devices(site, [device_id])[device_id]
    except ValueError as error:
        site.forget_password(device_id)
        raise click.ClickException(str(error)) from None
    host, port = site.broker_address
    click.echo(f"host {host}\nport {port}\nuser {device_id}\npassword {password}")


@device_group.command("revoke")
@click.argument("device_id")
def device_revoke(device_id: str) -> None:
    """Refuse DEVICE_ID from now on; a connection that is open drops."""
    site = _own_broker()
    site.broker.remove_users([device_id])
    site.broker.reload()
    site.forget_password(device_id)
    click.echo(f"{device_id} can no longer sign in")


def _own_broker() -> Site:
    site = Site()
    if not site.own_broker:
        raise click.ClickException("broker.url is set: add or remove users at that broker")
    return site
