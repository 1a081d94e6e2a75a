from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from db import accounts
from db.accounts import AccountError, Role
from db.pool import Connection

PASSWORD = "sepuluh huruf lebih"


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened


def test_the_right_password_finds_the_account(connection: Connection) -> None:
    made = accounts.create(connection, "sari", "Sari Wulandari", PASSWORD, Role.LIAISON)
    assert accounts.verify(connection, "sari", PASSWORD) == made
    assert made.role.may_handle_alerts


@pytest.mark.parametrize(("login", "password"), [("sari", "salah"), ("siapa", PASSWORD)])
def test_a_wrong_password_or_login_finds_nobody(
    connection: Connection, login: str, password: str
) -> None:
    accounts.create(connection, "sari", "Sari", PASSWORD, Role.VIEWER)
    assert accounts.verify(connection, login, password) is None


def test_a_disabled_account_is_out_at_once(connection: Connection) -> None:
    accounts.create(connection, "sari", "Sari", PASSWORD, Role.SUPERVISOR)
    token = accounts.open_session(connection, "sari", timedelta(hours=1))
    connection.execute("update account set disabled_at = now()")
    assert accounts.verify(connection, "sari", PASSWORD) is None
    assert accounts.session(connection, token) is None


@pytest.mark.parametrize(
    ("login", "name", "password", "field"),
    [
        ("Sari Wulandari", "Sari", PASSWORD, "login"),
        ("", "Sari", PASSWORD, "login"),
        ("sari", " ", PASSWORD, "name"),
        ("sari", "Sari", "pendek", "password"),
    ],
)
def test_a_bad_field_is_named(
    connection: Connection, login: str, name: str, password: str, field: str
) -> None:
    with pytest.raises(AccountError, match=f"^{field}:"):
        accounts.create(connection, login, name, password, Role.VIEWER)


def test_a_login_is_given_once(connection: Connection) -> None:
    accounts.create(connection, "sari", "Sari", PASSWORD, Role.VIEWER)
    with pytest.raises(AccountError, match="taken"):
        accounts.create(connection, "sari", "Sari lain", PASSWORD, Role.ADMINISTRATOR)
    found = accounts.verify(connection, "sari", PASSWORD)
    assert found is not None
    assert found.role is Role.VIEWER


def test_a_session_lives_until_it_is_closed(connection: Connection) -> None:
    account = accounts.create(connection, "sari", "Sari", PASSWORD, Role.VIEWER)
    token = accounts.open_session(connection, "sari", timedelta(hours=1))
    found = accounts.session(connection, token)
    assert found is not None
    assert found.account == account
    accounts.close_session(connection, token)
    assert accounts.session(connection, token) is None
    accounts.close_session(connection, token)


def test_a_session_ends_by_the_clock_and_is_forgotten(connection: Connection) -> None:
    accounts.create(connection, "sari", "Sari", PASSWORD, Role.VIEWER)
    old = accounts.open_session(connection, "sari", timedelta(seconds=-1))
    assert accounts.session(connection, old) is None
    accounts.open_session(connection, "sari", timedelta(hours=1))
    assert connection.execute("select count(*) from web_session").fetchone() == (1,)


def test_neither_password_nor_token_is_stored(connection: Connection) -> None:
    accounts.create(connection, "sari", "Sari", PASSWORD, Role.VIEWER)
    token = accounts.open_session(connection, "sari", timedelta(hours=1))
    rows = connection.execute(
        "select a::text || s::text from account a join web_session s using (login)"
    ).fetchall()
    assert len(rows) == 1
    assert PASSWORD not in rows[0][0]
    assert token not in rows[0][0]


def test_the_language_is_remembered(connection: Connection) -> None:
    accounts.create(connection, "sari", "Sari", PASSWORD, Role.VIEWER)
    accounts.set_language(connection, "sari", "en")
    found = accounts.verify(connection, "sari", PASSWORD)
    assert found is not None
    assert found.language == "en"
