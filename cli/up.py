"""`kawal up` and `kawal down`: everything, from nothing to a screen that lives."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime

import click

from cli.configure import ROOT
from cli.demo_clerk import publish
from cli.site import DATABASE, SERVICES, Site
from cli.supervise import Supervisor
from db import accounts
from db import plan as stored_plan
from db.accounts import Role
from db.migrate import migrate
from db.pool import connect
from domain.demo import demo_plan
from domain.plan import dump

DEMO_LOGIN = "demo"
READY_S = 60.0


class UpError(Exception):
    """A step failed; the message says what to do."""


def bring_up(site: Site, *, demo: bool, say: Callable[[str], None]) -> str:
    """Do every step that is not done yet; returns the address of the screen."""
    supervisor = Supervisor(site)
    if not supervisor.running():
        _prepare(site, say)
        say("starting database and broker")
        supervisor.launch(demo=demo)
    _await_servers(site)
    say("bringing the database up to date")
    migrate(site.database_url, lambda name: say(f"  {name}"))
    if demo:
        say("preparing the demonstration: plan, trackers, account")
        _prepare_demo(site)
    outside = ["kpu", "shipping", "demo"] if demo else []
    for name in ("ingest", "integrations", "dashboard", *outside):
        say(f"starting {name}")
        supervisor.start(name)
    _await_screen(site)
    return address(site)


def address(site: Site) -> str:
    """Where a browser on this machine finds the screen."""
    host = site.settings.dashboard.host
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return f"http://{shown}:{site.settings.dashboard.port}/"


def _require_ports(site: Site) -> None:
    """Somebody else on our port would answer in our place, and look like us for a while."""
    for name, port in (
        ("KAWAL_DASHBOARD_PORT", site.settings.dashboard.port),
        ("KAWAL_INGEST_HEALTH_PORT", site.settings.ingest.health_port),
        ("KAWAL_INTEGRATIONS_PORT", site.settings.integrations.port),
    ):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            raise UpError(
                f"port {port} is in use by another program: stop it, or choose another port,"
                f" as in `{name}={port + 100} make up`"
            )


def _prepare(site: Site, say: Callable[[str], None]) -> None:
    _require_ports(site)
    if site.own_database or site.own_broker:
        _unpack(site, say)
    if site.own_database:
        say("preparing the database")
        site.database.initialise()
    if site.own_broker:
        say("preparing the broker")
        site.broker.initialise(site.passwords(SERVICES))


def _unpack(site: Site, say: Callable[[str], None]) -> None:
    say("fetching PostgreSQL, TimescaleDB and mosquitto (first time only)")
    script = ["bash", str(ROOT / "deploy/runtime.sh"), str(site.runtime)]
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            say(f"  {line.rstrip()}")
    if process.returncode != 0:
        raise UpError("the servers could not be fetched; the lines above say what is missing")


def _await_servers(site: Site) -> None:
    if site.own_broker:
        site.broker.wait_ready(READY_S)
    if not site.own_database:
        return
    site.database.wait_ready(READY_S)
    site.database.ensure_database(DATABASE)


def _prepare_demo(site: Site) -> None:
    now = datetime.now(UTC)
    plan = demo_plan(now)
    publish(site.home / "data/demo", plan, now, site.settings.materials)
    register_devices(site, [device.id for device in plan.devices])
    with connect(site.database_url, "cli") as connection:
        stored_plan.store(connection, plan, "kawal up", dump(plan))
        try:
            accounts.create(
                connection, DEMO_LOGIN, "Peragaan", site.password("web-demo"), Role.SUPERVISOR
            )
        except accounts.AccountError as error:
            if "taken" not in str(error):
                raise


def register_devices(site: Site, device_ids: list[str]) -> dict[str, str]:
    """Make sure that the embedded broker knows the devices; returns their passwords."""
    passwords = site.passwords(device_ids)
    if site.own_broker:
        known = site.broker.users()
        # Only who is new: a reload with another hash would throw out who is connected.
        if fresh := {name: word for name, word in passwords.items() if name not in known}:
            site.broker.add_users(fresh)
            site.broker.reload()
    return passwords


def _await_screen(site: Site) -> None:
    deadline_s = time.monotonic() + READY_S
    url = f"{address(site)}readyz"
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline_s:
                log = site.home / "log/dashboard.log"
                raise UpError(f"the screen does not answer at {url} ({error}); see {log}") from None
        time.sleep(0.2)


def take_down(site: Site) -> bool:
    """Stop everything; False where nothing ran."""
    supervisor = Supervisor(site)
    if supervisor.running():
        supervisor.shut_down()
        return True
    stopped = False
    # After a SIGKILL of the supervisor its servers may still be there.
    for server in (site.broker, site.database):
        if server.pids():
            server.stop()
            stopped = True
    return stopped


def say_progress() -> Callable[[str], None]:
    """Lines with the seconds that have passed, so that nobody wonders whether it hangs."""
    start_s = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"[{time.monotonic() - start_s:5.1f} s] {text}")

    return say
