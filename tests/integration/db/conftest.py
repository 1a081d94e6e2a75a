"""Connections for the tests of the database layer."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from db.pool import Connection, connect
from db.server import DatabaseServer

TABLES = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'migration'
"""


@pytest.fixture(scope="module")
def module_url(database_server: DatabaseServer, template_database: str) -> Iterator[str]:
    """URL of a migrated database that only this module uses."""
    database_server.create_database("module", template_database)
    yield database_server.url("module")
    database_server.drop_database("module")


@pytest.fixture
def connection(module_url: str) -> Iterator[Connection]:
    """To the database of this module, emptied after each test: many times faster than one
    database a test."""
    with connect(module_url, "test") as opened:
        yield opened
    with psycopg.connect(module_url) as cleaner:
        cleaner.execute("set session_replication_role = replica")  # some are append-only
        names = [sql.Identifier(row[0]) for row in cleaner.execute(TABLES).fetchall()]
        words = sql.SQL("truncate {} restart identity cascade")
        cleaner.execute(words.format(sql.SQL(", ").join(names)))


@pytest.fixture
def other_connection(module_url: str) -> Iterator[Connection]:
    """A second one to the same database."""
    with connect(module_url, "other") as opened:
        yield opened
