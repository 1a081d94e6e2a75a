"""`kawal rules explain` and `kawal rules show`: why an alert fired, and which rules hold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table

from cli.facts import Moment, literal
from cli.site import Site
from dashboard.i18n import LANGUAGES, texts
from db import explanations, rule_sets
from db import plan as stored_plan
from db.alerts import UnknownAlertError
from db.pool import Connection, connect
from db.rule_sets import LoggedChange
from domain.explanations import explain
from domain.plan import Plan, Shipment
from domain.plan_words import Mode
from domain.rule_history import RuleHistory
from domain.settings import Rules
from domain.thresholds import FIXED, Thresholds
from domain.wording import Writer


@click.command("explain")
@click.argument("alert_id", metavar="ALERT", type=int)
@click.option("--lang", type=click.Choice(LANGUAGES), default=LANGUAGES[0], show_default=True,
              help="Language of the sentences.")  # fmt: skip
def explain_command(alert_id: int, lang: str) -> None:
    """Say in plain words why ALERT (its number) fired, and on which numbers."""
    with connect(Site().database_url, "cli") as connection:
        try:
            case = explanations.case(connection, alert_id)
        except UnknownAlertError as error:
            raise click.ClickException(str(error)) from None
    translate = texts(lang)
    writer = Writer(translate, lang, case.alert.tz)
    subject = " · ".join(each for each in (case.alert.shipment_id, case.alert.device_id) if each)
    title = translate(f"rule.{case.alert.rule}")
    click.echo(literal_line(f"{alert_id} · {title} · {subject}"))
    for sentence in explain(case):
        click.echo(literal_line(f"  {writer.write(sentence)}"))


def literal_line(text: str) -> str:
    """Outside text with nothing in it that a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text)


@click.command("show")
@click.option("--shipment", help="Of this shipment, one table for each kind of leg.")
@click.option("--at", type=Moment(), default="0s", help="At this time; now.")
@click.option("--history", is_flag=True, help="Who changed them and when, instead.")
def show_command(shipment: str | None, at: datetime, history: bool) -> None:
    """Show the thresholds in force, where each comes from, and their version."""
    site = Site()
    with connect(site.database_url, "cli") as connection:
        if history:
            _tell_history(rule_sets.log(connection))
            return
        for heading, found in _in_force(connection, site.settings.rules, shipment, at):
            _tell(heading, found)


def _in_force(
    connection: Connection, base: Rules, shipment_id: str | None, at: datetime
) -> Iterable[tuple[str, Thresholds]]:
    history = rule_sets.history(connection, base)
    if shipment_id is None:
        return [("settings", history.base(at))]
    plan = stored_plan.load(connection)
    shipment = next((each for each in plan.shipments if each.id == shipment_id), None)
    if shipment is None:
        raise click.ClickException(f"the plan has no shipment {shipment_id!r}")
    return _by_leg(plan, shipment, history, at)


def _by_leg(
    plan: Plan, shipment: Shipment, history: RuleHistory, at: datetime
) -> list[tuple[str, Thresholds]]:
    route = next((each for each in plan.routes if each.id == shipment.route_id), None)
    modes = dict.fromkeys(leg.mode for leg in route.legs) if route else {}
    found: dict[str, tuple[list[Mode], Thresholds]] = {}
    for mode in modes or [shipment.mode]:
        thresholds = history.thresholds(at, mode, shipment.direction, shipment.id)
        found.setdefault(thresholds.version, ([], thresholds))[0].append(mode)
    return [(f"{shipment.id} · {', '.join(by)}", thresholds) for by, thresholds in found.values()]


def _tell(heading: str, found: Thresholds) -> None:
    table = Table("threshold", "value", "from", title=f"{heading} · version {found.version}")
    for name, value in found.rules.model_dump().items():
        where = found.source(name).lower()
        note = f"{where} (nowhere else)" if name in FIXED else where
        table.add_row(name, f"{value:g}", note)
    Console().print(table)
    if found.fault:
        click.echo(f"The plan's thresholds are not taken: {found.fault}", err=True)


def _tell_history(changes: Iterable[LoggedChange]) -> None:
    table = Table("from (UTC)", "by", "source", "changed")
    before: dict[str, dict[str, object]] = {}
    for change in changes:
        said = _flat(change.document)
        was = before.get(change.source, {})
        names = [name for name in {**was, **said} if was.get(name) != said.get(name)]
        words = [f"{n}: {was.get(n, '–')} → {said.get(n, '–')}" for n in names]
        first = change.source == "SETTINGS" and not was
        cells = (f"{change.valid_from:%Y-%m-%d %H:%M:%S}", change.actor, change.source)
        table.add_row(*map(literal, cells), literal("first known" if first else "; ".join(words)))
        before[change.source] = said
    Console().print(table)


def _flat(document: dict[str, object], path: str = "") -> dict[str, object]:
    """The leaves of a document by their paths."""
    found: dict[str, object] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{path}{name}.")
        elif value or not isinstance(value, list):
            found[f"{path}{name}"] = value
    return found
