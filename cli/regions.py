"""`kawal region`: Kemendagri's codes and names, without a database."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.table import Table

from domain.regions import Level, Region, children, find, normalise, path, search

LEVELS = [level.name.lower() for level in Level if level is not Level.NATION]


class Code(click.ParamType[str]):
    """A Kemendagri code as people type it."""

    name = "code"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Read it, or say why it is none."""
        try:
            return normalise(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.group("region")
def region_group() -> None:
    """Find provinces, regencies and cities, districts and villages."""


@region_group.command("find")
@click.argument("text")
@click.option("--level", type=click.Choice(LEVELS), help="Only of this level.")
@click.option("--within", type=Code(), help="Only in the region of this code.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True,
              help="So many at most.")  # fmt: skip
def find_command(text: str, level: str | None, within: str | None, limit: int) -> None:
    """Find regions by name ("kab bogor") or by the beginning of a code (3273)."""
    at = Level[level.upper()] if level else None
    found = search(text, level=at, within=within, limit=limit)
    if not found:
        raise click.ClickException(f"no region is called {text!r} or has such a code")
    _print(found)


@region_group.command("show")
@click.argument("code", type=Code())
def show_command(code: str) -> None:
    """Show a region: where it lies, its time zone and how many regions are right below it."""
    region = find(code)
    if region is None:
        raise click.ClickException(f"the list has no region {code} (BPS codes differ)")
    way = " > ".join(f"{above.name} ({above.code})" for above in path(code))
    click.echo(f"{way}\n{region.kind}, {region.tz.name} ({region.tz})")
    below = children(code)
    if below:
        kinds = sorted({each.kind for each in below})
        click.echo(f"{len(below)} below: {', '.join(kinds)}")


def _print(regions: list[Region]) -> None:
    table = Table("code", "name", "kind", "in", "zone", box=None, pad_edge=False)
    for region in regions:
        above = ", ".join(each.name for each in reversed(path(region.code)[:-1]))
        table.add_row(region.code, region.name, region.kind, above, region.tz.name)
    Console(highlight=False, markup=False).print(table)
