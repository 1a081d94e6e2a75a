"""Named queries: each file reads, each name once, each used, and arrays as PostgreSQL has them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from db.sql import array, queries

ROOT = Path(__file__).resolve().parents[3]
FOLDER = files("db").joinpath("queries")
MODULES = sorted(file.name.removesuffix(".sql") for file in FOLDER.iterdir())
NAMES = [(module, name) for module in MODULES for name in queries(module)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the queries of this test are read from."""
    monkeypatch.setattr("db.sql.files", lambda _package: tmp_path)
    (tmp_path / "queries").mkdir()
    return tmp_path / "queries"


def test_a_file_is_cut_at_its_names(folder: Path) -> None:
    text = "-- about all\n-- name: first\n-- says what.\nselect 1;\n\n-- name: second\nselect 2;\n"
    (folder / "cut.sql").write_text(text)
    assert queries("cut") == {"first": "-- says what.\nselect 1;", "second": "select 2;"}


def test_a_name_given_twice_is_refused(folder: Path) -> None:
    (folder / "twice.sql").write_text("-- name: a\nselect 1;\n-- name: a\nselect 2;\n")
    with pytest.raises(ValueError, match=r"twice\.sql: query a is named twice"):
        queries("twice")


def test_a_file_that_is_not_there(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        queries("nothing")


@pytest.mark.parametrize("module", MODULES)
def test_queries_of_one_noun_are_for_one_module(module: str) -> None:
    assert (ROOT / f"db/{module}.py").exists()


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_every_query_is_one_statement_that_is_used(module: str, name: str) -> None:
    body = "\n".join(
        line for line in queries(module)[name].splitlines() if not line.lstrip().startswith("--")
    )
    assert body.rstrip().endswith(";")
    assert body.count(";") == 1
    text = (ROOT / f"db/{module}.py").read_text("utf-8")
    assert f'"{name}"' in text or f"{name.partition('_')[0]}_{{" in text  # as in put_{kind}


@pytest.mark.parametrize(
    ("values", "literal"),
    [([], "{}"), ([1, 2], "{1,2}"), (["KWL-0001", "a.b:c_d"], "{KWL-0001,a.b:c_d}")],
)
def test_an_array_literal(values: list[object], literal: str) -> None:
    assert array(values) == literal
