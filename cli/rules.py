"""`kawal rules`: try the rules over recorded tracks before the election."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from cli import track_options as how
from cli.configure import load
from cli.facts import literal
from cli.rules_explain import explain_command, show_command
from cli.track_options import track_options
from domain.events import DeviceEvent
from domain.plan import Plan
from domain.plan_faults import PlanError, parse
from domain.positions import Position
from domain.raised import Raised
from domain.readout import ndjson
from domain.recorded import read_recorded
from domain.rehearsal import Rehearsal, rehearse
from domain.settings import Rules
from domain.settings_given import GivenError, with_given
from firmware_sim.track_fix import TrackFix
from firmware_sim.tracks import RefusedRow, TrackError, read_tracks

FACTS = {".ndjson", ".jsonl"}
NUMBERS_SHOWN = 60


@click.group("rules")
def rules_group() -> None:
    """The rules: try them over recorded tracks, and have an alert explained."""


rules_group.add_command(explain_command)
rules_group.add_command(show_command)


@rules_group.command("test")
@click.argument("plan_file", metavar="PLAN", type=how.FILE)
@click.argument("files", metavar="TRACKS...", type=how.FILE, nargs=-1, required=True)
@click.option("--set", "given", multiple=True, metavar="rules.NAME=VALUE",
              help="Try another threshold; may be given again.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["table", "ndjson"]), default="table",
              show_default=True, help="For people, or one JSON object an alert.")  # fmt: skip
@track_options
def test_command(
    plan_file: Path, files: tuple[Path, ...], given: tuple[str, ...], form: str, **reading: Any
) -> None:
    """Print the alerts that the rules would have raised over TRACKS, if the plan were PLAN.

    TRACKS are CSV or GPX files, or the NDJSON of `kawal positions` and `kawal events`.
    Nothing is stored, and no server needs to run.
    """
    try:
        settings = with_given(load().rules, given)
    except GivenError as error:
        raise click.UsageError(str(error)) from None
    plan = _plan(plan_file, settings)
    positions: list[Position] = []
    reports: list[DeviceEvent] = []
    for file in files:
        _read(file, reading, positions, reports)
    found = _rehearse(plan, settings, positions, reports)
    _tell_strangers(found)
    if form == "ndjson":
        for line in ndjson(map(_row, found.alerts)):
            click.echo(line, nl=False)
        return
    if found.alerts:
        Console().print(_table(found.alerts))
    _tell_summary(found)


def _plan(file: Path, settings: Rules) -> Plan:
    try:
        return parse(file.read_bytes(), settings)
    except PlanError as error:
        raise click.ClickException(f"{file.name} is refused:\n{error}") from None


def _read(
    file: Path, reading: dict[str, Any], positions: list[Position], reports: list[DeviceEvent]
) -> None:
    if file.suffix.lower() in FACTS:
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            facts = read_recorded(lines)
        how.tell_refused([RefusedRow(*row) for row in facts.refused])
        positions += facts.positions
        reports += facts.reports
        return
    try:
        tracks = read_tracks(file, how.columns(file, reading), how.options(reading))
    except TrackError as error:
        raise click.ClickException(str(error)) from None
    how.tell_refused(tracks.refused)
    positions += (position_of(fix, number) for number, fix in enumerate(tracks.fixes, start=1))


def position_of(fix: TrackFix, number: int) -> Position:
    """A recorded fix as if it had been received when it was made, the `number`th of its file."""
    return Position(
        device_id=fix.device_id,
        fix_time=fix.fix_time,
        epoch=0,
        seq=number,
        received_at=fix.fix_time,
        lat_deg=fix.lat_deg,
        lon_deg=fix.lon_deg,
        speed_kmh=fix.speed_kmh,
        course_deg=fix.course_deg,
        altitude_m=fix.altitude_m,
        accuracy_m=fix.accuracy_m,
        hdop=None,
        satellites=None,
        battery_pct=None,
        signal_dbm=None,
        buffered=False,
        jamming=0,
        mock=False,
        source="track",
        flags=0,
    )


def _rehearse(
    plan: Plan, settings: Rules, positions: list[Position], reports: list[DeviceEvent]
) -> Rehearsal:
    bar = Progress(
        TextColumn("judged"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True),
    )  # fmt: skip
    with bar:
        task = bar.add_task("rules", total=len(positions))

        def show(done: int, total: int) -> None:
            bar.update(task, total=total, completed=done)

        return rehearse(plan, settings, positions, reports, on_progress=show)


def _tell_strangers(found: Rehearsal) -> None:
    for device_id in found.strangers:
        click.echo(f"{device_id}: not a device of this plan, its fixes were not judged", err=True)


# --- what is printed --------------------------------------------------------------------


def _row(alert: Raised) -> dict[str, Any]:
    return {
        "rule": alert.rule,
        "severity": alert.severity.name,
        "device_id": alert.device_id,
        "shipment_id": alert.shipment_id,
        "facility_id": alert.facility_id,
        "group_id": alert.group_id,
        "opened_at": alert.opened_at,
        "decided_at": alert.decided_at,
        "known_at": alert.known_at,
        "delay_s": alert.delay_s,
        "late_by_s": alert.late_by_s,
        "cleared_at": alert.cleared_at,
        "numbers": dict(alert.numbers),
    }


def _table(alerts: Iterable[Raised]) -> Table:
    table = Table("since (UTC)", "alert", "of", "delay", "lasted", "numbers")
    for alert in alerts:
        where = alert.facility_id or alert.group_id
        cells = (
            f"{alert.opened_at:%Y-%m-%d %H:%M:%S}",
            f"{alert.severity.name} {alert.rule}",
            " ".join(part for part in (alert.shipment_id, alert.device_id, where) if part),
            _span(alert.delay_s) + (" late" if alert.late_by_s else ""),
            _lasted(alert),
            _numbers(alert),
        )
        table.add_row(*map(literal, cells))
    return table


def _lasted(alert: Raised) -> str:
    if alert.cleared_at is None:
        return "to the end"
    return _span((alert.cleared_at - alert.opened_at).total_seconds())


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _numbers(alert: Raised) -> str:
    text = " ".join(f"{k}={v}" for k, v in alert.numbers.items() if v is not None)
    return text if len(text) <= NUMBERS_SHOWN else text[:NUMBERS_SHOWN] + "..."


def _tell_summary(found: Rehearsal) -> None:
    hours, count = found.tracked_h, len(found.alerts)
    rate = f", {count / hours * 1000:.1f} per 1,000 h" if hours else ""
    click.echo(f"{found.fixes} fixes, {found.reports} reports, {hours:.1f} h on a shipment")
    if found.duplicates:
        click.echo(f"{found.duplicates} fixes came more than once and count once")
    for name, times in found.doubted.items():
        click.echo(f"{times:6} fixes doubted: {name}")
    click.echo(f"{count} alerts{rate}")
    for rule, times in found.by_rule.items():
        click.echo(f"{times:6} {rule}")
