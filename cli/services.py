"""The processes: `kawal migrate`, `ingest`, `dashboard`, `demo`, and the servers below them."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from datetime import UTC, datetime
from typing import Any

import click
import structlog

from cli.demo_clerk import Clerk
from cli.site import Site
from cli.supervise import DEMO_SPEED
from dashboard.factory import serve
from db import positions
from db.migrate import migrate
from db.pool import AWAY, connect, open_pool
from domain.demo import demo_fleet, demo_plan
from domain.plan import Plan
from firmware_sim.fleet import run_fleet, stop_on_signals
from firmware_sim.fleet_file import Entry
from firmware_sim.mqtt_link import Broker, Login
from ingest.service import Service

log = structlog.get_logger(__name__)

PR_SET_PDEATHSIG = 1
CLERK_S = 3.0


def log_as_json() -> None:
    """One JSON object a line on standard error, times in UTC."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
    if os.environ.get("KAWAL_SUPERVISED"):
        _end_with_parent()


def _end_with_parent() -> None:
    """When the supervisor is killed, nothing of it may go on behind its back (Linux)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database up to date; safe to run twice and from several places at once."""
    applied = migrate(Site().database_url, lambda name: click.echo(f"applied {name}"))
    if not applied:
        click.echo("The database is up to date.")


@click.command("ingest")
def ingest_command() -> None:
    """Take messages from the broker into the database until SIGTERM."""
    log_as_json()
    site = Site()
    settings = site.settings
    service = Service(
        settings.ingest,
        settings.rules,
        site.database_url,
        site.broker_url,
        alerts=settings.alerts,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    service.run()


@click.command("dashboard")
def dashboard_command() -> None:
    """Serve the screen until SIGTERM."""
    log_as_json()
    site = Site()
    with open_pool(site.database_url, "dashboard", max_size=8) as pool:
        serve(site.settings, pool, lambda port: log.info("serving", port=port))


@click.command("demo")
@click.option("--speed", type=float, default=DEMO_SPEED, show_default=True,
              help="How many times faster than real.")  # fmt: skip
def demo_command(speed: float) -> None:
    """Drive the demonstration's trackers until SIGTERM."""
    log_as_json()
    site = Site()
    plan = demo_plan(datetime.now(UTC))
    credentials = site.passwords(device.id for device in plan.devices)
    with connect(site.database_url, "demo") as connection:
        last = positions.latest(connection)
    clerk = threading.Thread(target=_write_receipts, args=(site, plan), daemon=True)
    clerk.start()
    entries = [Entry.model_validate(entry) for entry in demo_fleet(plan, credentials, last)]
    run_fleet(
        entries,
        Broker(*site.broker_address),
        speed=speed,
        stamp="wall",
        control=Login("demo", site.password("demo")),
        flash_folder=site.home / "data/demo",
        stop=stop_on_signals().is_set,
    )


def _write_receipts(site: Site, plan: Plan) -> None:
    """Until the process ends; a database that is away comes back."""
    clerk = Clerk(site.home / "data/demo", plan)
    while True:
        time.sleep(CLERK_S)
        try:
            with connect(site.database_url, "clerk") as connection:
                for shipment_id in clerk.look(connection):
                    log.info("receipt written", shipment=shipment_id)
        except AWAY as error:
            log.warning("the clerk cannot look", error=str(error).strip())


@click.command("serve", hidden=True)
@click.argument("server", type=click.Choice(["database", "broker"]))
def serve_command(server: str) -> None:
    """Become an embedded server (for the supervisor)."""
    site = Site()
    chosen: Any = site.database if server == "database" else site.broker
    chosen.reclaim()
    command = chosen.command()
    os.execvp(command[0], command)  # noqa: S606 - a list, and no shell
