"""`kawal check`: what is set, what runs, and whether each connection works."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable

import click

from cli.configure import SettingsError
from cli.site import Site
from cli.supervise import Supervisor
from cli.up import address
from db.migrate import MigrationError, edition, pending, versions
from db.pool import connect
from ingest.probe import sign_in

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
        _try("ingest", lambda: _ingest(site)),
        _try("screen", lambda: _screen(site)),
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
    """Not as ingest at our own broker: there one name is one connection."""
    if not site.own_broker:
        return sign_in(site.broker_url)
    host, port = site.broker_address
    return sign_in(f"mqtt://demo-remote:{site.password('demo-remote')}@{host}:{port}")


def _ingest(site: Site) -> str:
    settings = site.settings.ingest
    state = json.loads(_get(f"http://{settings.health_host}:{settings.health_port}/healthz"))
    if not state["ok"]:
        raise ConnectionError(state["trouble"] or "not connected to the broker yet")
    return f"{state['devices']} devices, last commit {state['last_commit_at'] or 'none yet'}"


def _screen(site: Site) -> str:
    _get(f"{address(site)}readyz")
    return address(site)


def _get(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            body: str = answer.read().decode()
    except urllib.error.HTTPError as error:
        body = error.read().decode()
        if not body.startswith("{"):
            raise ConnectionError(f"{url}: {error}") from None
    return body


def _processes(site: Site) -> str:
    supervisor = Supervisor(site)
    if not supervisor.running():
        return "not under `kawal up`"
    found = supervisor.processes()
    down = [p.name for p in found if p.state not in ("RUNNING", "STOPPED")]
    if down:
        raise ConnectionError(f"not running: {', '.join(down)}; see {site.home / 'log'}")
    return ", ".join(f"{p.name} {p.state.lower()}" for p in found)
