"""The house as docs/explanation/architecture.md draws it: rooms, direction, and what ships."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES = ["cli", "dashboard", "db", "domain", "firmware_sim", "ingest", "integrations"]
LONGEST = 400
# Modules of `db` that speak SQL of no file of their own.
WITHOUT_QUERIES = {
    "pool": "makes connections",
    "process": "runs servers",
    "server": "administers clusters, before there is a database of ours",
    "sql": "reads the files",
}
# Unit tests of more than one module.
TESTS_OF_SEVERAL = {
    "ingest/test_doubted_scenarios.py": "what the simulator sends, decoded and judged",
    "firmware_sim/test_delivery.py": "flash, outbox and modem together",
}


def _files(package: str) -> list[Path]:
    return [
        file
        for file in sorted((ROOT / package).rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    ]


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


PRODUCT = [ROOT / "app.py", *(file for package in PACKAGES for file in _files(package))]


# --- direction --------------------------------------------------------------------------


def test_imports_go_one_way() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(program), "--no-cache"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_is_checked_typed_and_shipped() -> None:
    tools = PROJECT["tool"]
    assert sorted(tools["importlinter"]["root_packages"]) == PACKAGES
    assert sorted(tools["mypy"]["files"]) == sorted(["app.py", *PACKAGES])
    shipped = tools["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert sorted(shipped) == sorted(["app.py", *PACKAGES])
    rooms = {file.parent.name for file in ROOT.glob("*/__init__.py")}
    assert rooms - {"bench", "docs"} == set(PACKAGES)


@pytest.mark.parametrize("name", ["app", *PACKAGES])
def test_the_package_that_is_imported_is_ours(name: str) -> None:
    """Names like `db` are common: another wheel could bring one along."""
    found = import_module(name).__file__
    assert found is not None
    assert Path(found).resolve().is_relative_to(ROOT)


# --- what ships -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of all files in the wheel, built as `pip` would build it."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_file_of_the_product_and_nothing_else(wheel: set[str]) -> None:
    inside = {name for name in wheel if ".dist-info/" not in name}
    assert inside == {_name(file) for file in PRODUCT}


@pytest.mark.parametrize(
    "pattern",
    [
        "db/migrations/*.sql", "db/queries/*.sql", "dashboard/locale/*/*/*.po",
        "dashboard/assets/*.css", "dashboard/assets/js/*.js", "dashboard/assets/*.json",
        "dashboard/templates/*.html", "domain/*.json", "firmware_sim/scenarios/*.toml",
    ],
)  # fmt: skip
def test_the_wheel_holds_data_of_each_kind(wheel: set[str], pattern: str) -> None:
    assert any(Path(name).match(pattern) for name in wheel)


# --- one noun, one name -----------------------------------------------------------------


def test_every_file_of_queries_has_its_module_and_the_other_way_round() -> None:
    modules = {file.stem for file in (ROOT / "db").glob("*.py")} - {"__init__"}
    queries = {file.stem for file in (ROOT / "db/queries").glob("*.sql")}
    assert modules - set(WITHOUT_QUERIES) == queries
    assert set(WITHOUT_QUERIES) <= modules


@pytest.mark.parametrize("file", sorted((ROOT / "db/queries").glob("*.sql")), ids=_name)
def test_every_query_is_used_by_its_module(file: Path) -> None:
    names = re.findall(r"^-- name: (\w+)", file.read_text("utf-8"), re.MULTILINE)
    code = (ROOT / "db" / f"{file.stem}.py").read_text("utf-8")
    assert f'queries("{file.stem}")' in code
    families = tuple(re.findall(r'f"(\w+_)\{', code))  # such as put_{kind}
    unused = [
        n for n in names if f'"{n}"' not in code and not (families and n.startswith(families))
    ]
    assert unused == []


def test_every_unit_test_is_named_after_its_module() -> None:
    tests = (ROOT / "tests/unit").glob("*/test_*.py")
    astray = {
        f"{test.parent.name}/{test.name}"
        for test in tests
        if not (ROOT / test.parent.name / test.name.removeprefix("test_")).exists()
    }
    assert astray - set(TESTS_OF_SEVERAL) == set()


# --- size and manners -------------------------------------------------------------------


def test_no_file_of_the_product_is_longer_than_one_can_read() -> None:
    text = [f for f in PRODUCT if f.suffix in {".py", ".sql", ".js", ".css", ".json", ".html"}]
    assert [_name(f) for f in text if len(f.read_text("utf-8").splitlines()) > LONGEST] == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        _name(file)
        for file in PRODUCT
        if file.suffix == ".py" and not file.read_text("utf-8").lstrip().startswith('"""')
    ]
    assert silent == []


def test_no_module_is_named_after_nothing() -> None:
    vague = {"utils", "util", "common", "core", "helpers", "helper", "misc", "manager", "handlers"}
    assert [_name(file) for file in PRODUCT if file.stem in vague] == []
