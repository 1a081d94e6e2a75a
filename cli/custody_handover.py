"""`kawal custody offer`, `offers` and `accept`: a handover between two accounts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
from pydantic import ValidationError

from cli.site import Site
from db import accounts, custody, handover_offers
from db.pool import Connection, connect
from domain.custody import Paper, TwoPersonError
from domain.handovers import Offered, OfferError
from domain.manifest_words import DocumentKind


class Reading(click.ParamType[tuple[str, tuple[str, ...]]]):
    """The seals read on a unit: `BOX-1=S-1,S-2`, or `BOX-1=` where there is none."""

    name = "UNIT=SEALS"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, tuple[str, ...]]:
        """Read it, or say what is expected."""
        unit, equals, seals = str(value).partition("=")
        if not unit or not equals:
            self.fail("write the unit and its seals: BOX-1=S-1,S-2, or BOX-1= for none", param, ctx)
        return unit, tuple(seal.strip() for seal in seals.split(",") if seal.strip())


by_option = click.option("--as", "login", required=True, help="Your account.")
password_option = click.option(
    "--password", prompt=True, hide_input=True, envvar="KAWAL_PASSWORD",
    help="Of your account; asked for if not given.",
)  # fmt: skip
seal_option = click.option(
    "--seal", "seals", type=Reading(), multiple=True,
    help="The seals that you read on a unit: BOX-1=S-1,S-2. Once for each unit.",
)  # fmt: skip
note_option = click.option("--note", help="What else should be known.")


@contextmanager
def _signed_in(login: str, password: str) -> Iterator[Connection]:
    """A connection for a person who has shown to be it; errors as sentences."""
    with connect(Site().database_url, "custody") as connection:
        account = accounts.verify(connection, login, password)
        if account is None or not account.role.may_handle_alerts:
            raise click.ClickException("this account is unknown, or may only look")
        try:
            yield connection
        except (OfferError, TwoPersonError) as error:
            raise click.ClickException(str(error)) from None
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise click.ClickException(f"{field}: {first['msg']}") from None


@click.command("offer")
@click.argument("manifest")
@click.option("--place", required=True, help="Where: a facility or a station.")
@click.option("--unit", "units", multiple=True, help="A unit; none given: all of the manifest.")
@seal_option
@click.option("--bast", help="Number of the handover record (BAST).")
@note_option
@by_option
@password_option
def offer_command(
    *,
    manifest: str,
    place: str,
    units: tuple[str, ...],
    seals: tuple[tuple[str, tuple[str, ...]], ...],
    bast: str | None,
    note: str | None,
    login: str,
    password: str,
) -> None:
    """Offer units of MANIFEST to a second person, who accepts with an account of their own."""
    with _signed_in(login, password) as connection:
        paper = Paper(kind=DocumentKind.BAST, number=bast) if bast else None
        offered = Offered(
            manifest_id=manifest,
            place=place,
            units=units or _all_units(connection, manifest),
            seals=dict(seals),
            document=paper,
            note=note,
        )
        number = handover_offers.offer(connection, offered, login, datetime.now(UTC))
    click.echo(f"offer {number}: {len(offered.units)} units, to be accepted by somebody else")


def _all_units(connection: Connection, manifest: str) -> tuple[str, ...]:
    return tuple(u.id for one in custody.carried(connection, [manifest]) for u in one.units)


@click.command("offers")
@click.option("--manifest", help="Only of this manifest.")
def offers_command(manifest: str | None) -> None:
    """List the offers that nobody has answered yet."""
    with connect(Site().database_url, "custody") as connection:
        found = handover_offers.offers_open(connection, manifest)
    for one in found:
        units = len(one.offered.units)
        click.echo(
            f"{one.offer_id:>5}  {one.offered_at:%Y-%m-%dT%H:%MZ}  {one.offered.manifest_id}"
            f"  {one.offered.place}  {units} units  by {one.offered_by}"
        )


@click.command("accept")
@click.argument("offer", type=int)
@seal_option
@note_option
@click.option("--refuse", is_flag=True, help="Say no to it.")
@click.option("--withdraw", is_flag=True, help="Take back an offer of your own.")
@by_option
@password_option
def accept_command(
    *,
    offer: int,
    seals: tuple[tuple[str, tuple[str, ...]], ...],
    note: str | None,
    refuse: bool,
    withdraw: bool,
    login: str,
    password: str,
) -> None:
    """Accept OFFER, having read the seals; wrong ones are recorded as found."""
    if refuse and withdraw:
        raise click.UsageError("either --refuse or --withdraw")
    now = datetime.now(UTC)
    with _signed_in(login, password) as connection:
        if refuse:
            handover_offers.refuse(connection, offer, login, now)
            click.echo(f"offer {offer}: refused")
        elif withdraw:
            handover_offers.withdraw(connection, offer, login, now)
            click.echo(f"offer {offer}: withdrawn")
        else:
            row = handover_offers.accept(connection, offer, login, dict(seals), now, note=note)
            click.echo(f"{row.chain}, row {row.seq}: handed over")
            for doubt in row.event.doubts:
                said = " ".join(filter(None, (doubt.code, doubt.unit, doubt.detail)))
                click.echo(f"look at this: {said}", err=True)
