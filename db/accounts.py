"""Accounts of people, and their sign-ins.

Passwords are kept as Argon2id hashes. A browser holds a random token; only the SHA-256
of it is stored, so that nobody who reads the table can take over a session.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from db.pool import Connection
from db.sql import queries

MIN_PASSWORD_LENGTH = 10
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_HASHER = PasswordHasher()


class AccountError(ValueError):
    """The account cannot be made as asked; the message names the field and the reason."""


class Role(StrEnum):
    """What a person may do. A viewer only looks."""

    VIEWER = "VIEWER"
    SUPERVISOR = "SUPERVISOR"
    LIAISON = "LIAISON"
    ADMINISTRATOR = "ADMINISTRATOR"

    @property
    def may_handle_alerts(self) -> bool:
        """True for everyone who may take a step on an alert."""
        return self is not Role.VIEWER

    @property
    def may_shelve_critical(self) -> bool:
        """True for those who may put a critical alert aside."""
        return self in (Role.SUPERVISOR, Role.ADMINISTRATOR)


class Account(NamedTuple):
    """A person. `language` is id or en."""

    login: str
    name: str
    role: Role
    language: str


class Session(NamedTuple):
    """A sign-in that is still good."""

    account: Account
    expires_at: datetime


def create(
    connection: Connection,
    login: str,
    name: str,
    password: str,
    role: Role,
    *,
    language: str = "id",
) -> Account:
    """Make an account. Raises AccountError for a bad field or a login that is taken."""
    if not _LOGIN.fullmatch(login):
        raise AccountError("login: a-z 0-9 . _ - only, at most 64, a letter or digit first")
    if not name.strip():
        raise AccountError("name: must not be empty")
    if len(password) < MIN_PASSWORD_LENGTH:
        raise AccountError(f"password: at least {MIN_PASSWORD_LENGTH} characters")
    account = Account(login, name.strip(), Role(role), language)
    values = account._asdict() | {"password_hash": _HASHER.hash(password)}
    if connection.execute(queries("accounts")["create"], values).rowcount == 0:
        raise AccountError(f"login: {login} is taken")
    return account


def verify(connection: Connection, login: str, password: str) -> Account | None:
    """The account whose password this is, else None.

    An unknown login takes as long as a wrong password, so that neither can be told apart.
    """
    row = connection.execute(queries("accounts")["password"], {"login": login}).fetchone()
    if row is None:
        _HASHER.hash(password)
        return None
    try:
        _HASHER.verify(row[0], password)
    except VerificationError:
        return None
    if _HASHER.check_needs_rehash(row[0]):
        _set_password(connection, login, password)
    return _account(row[1:])


def open_session(connection: Connection, login: str, lifetime: timedelta) -> str:
    """Store a new sign-in and return its token, which is nowhere else."""
    token = secrets.token_urlsafe(32)
    connection.execute(queries("accounts")["forget_expired"])
    connection.execute(
        queries("accounts")["open_session"],
        {"token_hash": _hash(token), "login": login, "lifetime": lifetime},
    )
    return token


def session(connection: Connection, token: str) -> Session | None:
    """The sign-in of a token; None where it is unknown, over, or the account disabled."""
    row = connection.execute(
        queries("accounts")["session"], {"token_hash": _hash(token)}
    ).fetchone()
    return Session(_account(row[1:]), row[0]) if row else None


def close_session(connection: Connection, token: str) -> None:
    """Sign out; an unknown token is no error."""
    connection.execute(queries("accounts")["close_session"], {"token_hash": _hash(token)})


def set_language(connection: Connection, login: str, language: str) -> None:
    """Remember the language in which a person reads the screen."""
    connection.execute(queries("accounts")["set_language"], {"login": login, "language": language})


def _set_password(connection: Connection, login: str, password: str) -> None:
    connection.execute(
        queries("accounts")["set_password"],
        {"login": login, "password_hash": _HASHER.hash(password)},
    )


def _account(row: tuple[str, str, str, str]) -> Account:
    login, name, role, language = row
    return Account(login, name, Role(role), language)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
