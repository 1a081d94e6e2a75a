"""`kawal account`: who may sign in to the screen."""

from __future__ import annotations

import secrets

import click

from cli.site import Site
from db import accounts
from db.accounts import AccountError, Role
from db.pool import connect


@click.group("account")
def account_group() -> None:
    """Accounts of the screen."""


@account_group.command("add")
@click.argument("login")
@click.option("--name", required=True, help="Name of the person, shown on the screen.")
@click.option("--role", type=click.Choice([r.value for r in Role]), default="VIEWER",
              show_default=True, help="What the person may do.")  # fmt: skip
@click.option("--language", type=click.Choice(["id", "en"]), default="id", show_default=True,
              help="Of the screen: Bahasa Indonesia or English.")  # fmt: skip
@click.option("--ask", is_flag=True, help="Type the password instead of having one made.")
def account_add(login: str, name: str, role: str, language: str, ask: bool) -> None:
    """Make an account; prints a password that was made for it."""
    password = secrets.token_urlsafe(12)
    if ask:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with connect(Site().database_url, "cli") as connection:
        try:
            accounts.create(connection, login, name, password, Role(role), language=language)
        except AccountError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"account {login} ({role}) made" + ("" if ask else f", password {password}"))
