"""`kawal check`: what is set, what runs, and whether each connection works."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable

import click
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from cli.configure import SettingsError
from cli.site import Site
from cli.supervise import Supervisor
from db.migrate import MigrationError, edition, pending, versions
from db.pool import connect

EDITIONS = {
    "apache": "Apache: old positions are removed by the service itself; no columnstore",
    "community": "community: columnstore, continuous aggregates and retention by the server",
}


@click.command("check")
def check_command() -> None:
    """Print the settings without secrets and test every connection."""
    try:
        site = Site()
    except SettingsError as error:
        raise click.ClickException(f"settings:\n{error}") from None
    click.echo(json.dumps(json.loads(site.settings.model_dump_json()), indent=2))
    results = [
        _try("database", lambda: _database(site)),
        _try("migrations", lambda: _migrations(site)),
        _try("broker", lambda: _broker(site)),
        _try("processes", lambda: _processes(site)),
    ]
    if not all(results):
        raise click.ClickException("something is not as it should be; `make up` starts everything")


def _try(name: str, test: Callable[[], str]) -> bool:
    try:
        click.echo(f"{name:12} ok    {test()}")
    except Exception as error:
        click.echo(f"{name:12} FAIL  {str(error).strip() or type(error).__name__}")
        return False
    return True


def _database(site: Site) -> str:
    with connect(site.database_url, "check") as connection:
        server, timescale = versions(connection)
        if timescale is None:
            raise MigrationError("the database has no TimescaleDB yet: run `kawal migrate`")
        return f"PostgreSQL {server}, TimescaleDB {timescale}, {EDITIONS[edition(connection)]}"


def _migrations(site: Site) -> str:
    with connect(site.database_url, "check") as connection:
        missing = pending(connection)
    if missing:
        raise MigrationError(f"not applied: {', '.join(missing)}; run `kawal migrate`")
    return "all applied"


def _broker(site: Site) -> str:
    """Sign in as the demo user: as ingest we would take its session."""
    host, port = site.broker_address
    answered = threading.Event()
    said: list[str] = []
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set("demo-remote", site.password("demo-remote"))

    def on_connect(
        _client: object, _data: object, _flags: object, reason: object, _p: object
    ) -> None:
        said.append(str(reason))
        answered.set()

    client.on_connect = on_connect
    client.connect(host, port, 10)
    client.loop_start()
    try:
        if not answered.wait(5):
            raise ConnectionError(f"{host}:{port} does not answer")
    finally:
        with contextlib.suppress(OSError):
            client.disconnect()
        client.loop_stop()
    if said[0] != "Success":
        raise ConnectionError(f"{host}:{port}: {said[0]}")
    return f"{host}:{port}"


def _processes(site: Site) -> str:
    supervisor = Supervisor(site)
    if not supervisor.running():
        raise ConnectionError("not started by `kawal up`")
    found = supervisor.processes()
    down = [p.name for p in found if p.state not in ("RUNNING", "STOPPED")]
    if down:
        raise ConnectionError(f"not running: {', '.join(down)}; see {site.home / 'log'}")
    return ", ".join(f"{p.name} {p.state.lower()}" for p in found)
