"""`kawal integrate`, its secrets, and the stand-ins for the systems of others."""

from __future__ import annotations

import base64
import signal
import threading
from pathlib import Path

import click
import uvicorn
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from cli.configure import SettingsError
from cli.services import log_as_json
from cli.site import Site
from firmware_sim.outside.kpu import kpu
from firmware_sim.outside.pages import Outside, create_app
from firmware_sim.outside.push import Pusher
from firmware_sim.outside.shipping import shipping
from integrations import kpu as kpu_connector
from integrations import shipping as shipping_connector
from integrations.file_drop import FileDrop
from integrations.http import Client, Endpoint
from integrations.kpu import KpuConnector
from integrations.milestone_watch import MilestoneWatch
from integrations.reconciler import Reconciler
from integrations.runner import Pull
from integrations.service import PortTakenError, Service, Task
from integrations.shipping import ShippingConnector
from integrations.signatures import PREFIX, parse_keys

SYSTEMS = ("kpu", "shipping")
_SETTINGS = {"kpu": "KAWAL_INTEGRATIONS_WEBHOOK_SECRET",
             "shipping": "KAWAL_INTEGRATIONS_SHIPPING_WEBHOOK_SECRET"}  # fmt: skip
_STANDINS = {"kpu": kpu, "shipping": shipping}


# --- the service ---


@click.command("integrate")
def integrate_command() -> None:
    """Exchange data with the systems of others until SIGTERM."""
    log_as_json()
    service = make_service(Site(), threading.Event())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    try:
        service.run()
    except PortTakenError as error:
        raise click.ClickException(str(error)) from None


def make_service(site: Site, stop: threading.Event) -> Service:
    """The service as the settings want it. Raises SettingsError."""
    settings = site.settings
    try:
        tasks = list(_tasks(site, stop))
        hooks = [
            kpu_connector.push_hook(_keys(site, "kpu"), settings.materials),
            shipping_connector.push_hook(_keys(site, "shipping")),
        ]
    except ValueError as error:
        raise SettingsError(str(error)) from None
    return Service(settings.integrations, site.database_url, tasks, hooks, stop)


def _tasks(site: Site, stop: threading.Event) -> list[Task]:
    settings, materials = site.settings.integrations, site.settings.materials
    tasks: list[Task] = [
        FileDrop(drop_folder(site), materials, int(settings.largest_mb * 1e6), stop),
        MilestoneWatch(
            site.settings.milestones, site.settings.reconciliation, site.settings.alerts
        ),
    ]
    work = site.settings.alerts
    tasks.append(Reconciler(site.settings.reconciliation, materials, work, stop))
    if settings.kpu_url:
        client = _client(site, "kpu", settings.kpu_url, settings.kpu_token, stop)
        tasks.append(Pull(KpuConnector(client, settings.kpu_interval_s, materials), stop))
    if settings.shipping_url:
        client = _client(site, "shipping", settings.shipping_url, settings.shipping_token, stop)
        tasks.append(Pull(ShippingConnector(client, settings.shipping_interval_s), stop))
    return tasks


def _client(
    site: Site, name: str, url: str, token: SecretStr | None, stop: threading.Event
) -> Client:
    settings, prefix = site.settings.integrations, f"KAWAL_INTEGRATIONS_{name.upper()}"
    endpoint = Endpoint(
        url,
        token.get_secret_value() if token else None,
        settings.timeout_s,
        int(settings.largest_mb * 1e6),
        f"{prefix}_URL",
        f"{prefix}_TOKEN",
    )
    return Client(endpoint, stop)


def drop_folder(site: Site) -> Path:
    """Where files are dropped."""
    return site.settings.integrations.drop_folder or site.home / "drop"


# --- secrets ---


def _keys(site: Site, system: str) -> list[Webhook]:
    return parse_keys(webhook_secrets(site, system), _SETTINGS[system])


def webhook_secrets(site: Site, system: str) -> str:
    """The secrets of a webhook, by blanks: of the settings, else one of our own making."""
    settings = site.settings.integrations
    given = settings.webhook_secret if system == "kpu" else settings.shipping_webhook_secret
    if given is not None:
        return given.get_secret_value()
    made = site.password(f"{system}-webhook").encode()
    return PREFIX + base64.b64encode(made).decode()


@click.command("webhook-secret")
@click.argument("system", type=click.Choice(SYSTEMS))
def webhook_secret_command(system: str) -> None:
    """Print the secret with which SYSTEM signs its webhooks, to be handed over in private."""
    click.echo(webhook_secrets(Site(), system))


# --- stand-ins ---


@click.command("standin")
@click.argument("system", type=click.Choice(SYSTEMS))
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False),
              help="JSON documents, each a page. Default: those of the demonstration.")  # fmt: skip
@click.option("--port", type=int, help="Where to listen. Default: the port of `kawal up`.")
@click.option("--token", help="Bearer token that is asked for. Default: that of `kawal up`.")
@click.option("--push-to", help="Address of the webhook that hears the documents in FOLDER/push.")
def standin_command(
    system: str, folder: Path | None, port: int | None, token: str | None, push_to: str | None
) -> None:
    """Play the system of others: serve pages, and push signed messages, until SIGTERM."""
    log_as_json()
    site = Site()
    folder = folder or site.home / "data/demo" / system
    folder.mkdir(parents=True, exist_ok=True)
    outside = _STANDINS[system](folder, token or site.password(f"{system}-token"))
    stop = threading.Event()
    pusher = Pusher(
        folder / "push",
        push_to or f"http://127.0.0.1:{site.settings.integrations.port}/webhooks/{system}",
        webhook_secrets(site, system).split()[0],
    )
    threading.Thread(target=pusher.run, args=(stop,), daemon=True).start()
    _serve(outside, site.ports[system] if port is None else port)
    stop.set()


def _serve(outside: Outside, port: int) -> None:
    uvicorn.run(
        create_app(outside),
        host="127.0.0.1",
        port=port,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
