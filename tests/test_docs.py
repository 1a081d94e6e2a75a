"""The documentation says what the code is, all of it, and leads nowhere that is not there."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, get_args
from urllib.parse import unquote

import click
import pytest

from app import main as kawal
from dashboard.i18n import LANGUAGES, catalogue
from docs import generate
from domain.alerts import TRANSITIONS, AlertState, Severity
from domain.events import MEANINGS
from domain.settings import Settings
from ingest.health import Metrics
from ingest.wire import EventKind

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
README_LINES = 90
SECTIONS = set(Settings.model_fields)


# --- files ------------------------------------------------------------------------------


def _ignored() -> list[str]:
    lines = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    return [".git", *(line.rstrip("/") for line in lines if line and not line.startswith("#"))]


def _files(folder: Path, ignored: list[str]) -> Iterator[Path]:
    """Every file that git would take, without asking git: this may be an unpacked archive."""
    for entry in sorted(folder.iterdir()):
        if any(fnmatch(entry.name, pattern) for pattern in ignored):
            continue
        if entry.is_dir():
            yield from _files(entry, ignored)
        else:
            yield entry


FILES = list(_files(ROOT, _ignored()))
PAGES = [file for file in FILES if file.suffix == ".md"]


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(params=PAGES, ids=_name)
def page(request: pytest.FixtureRequest) -> Path:
    """Each Markdown file in turn."""
    found: Path = request.param
    return found


# --- Markdown ---------------------------------------------------------------------------


def _fences(text: str) -> list[tuple[str, str]]:
    """(language, content) of every fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def _prose(text: str) -> str:
    """Without fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def _table(page: Path, first: str) -> list[list[str]]:
    """The rows of every table of `page` whose first heading is `first`, without code marks."""
    rows: list[list[str]] = []
    inside = False
    for line in page.read_text("utf-8").splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.split("|")[1:-1]]
        if not line.startswith("|"):
            inside = False
        elif inside and not set("".join(cells)) <= set("-: "):
            rows.append(cells)
        elif cells[0] == first:
            inside = True
    assert rows, f"{_name(page)} has no table that begins with {first!r}"
    return rows


def _column(page: Path, first: str) -> list[str]:
    return [row[0] for row in _table(page, first)]


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _prose(page.read_text("utf-8")), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-").strip("-")
        for heading in headings
    }


# --- links ------------------------------------------------------------------------------


def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        aim = (page.parent / path).resolve() if path else page
        if not aim.exists() or (anchor and anchor not in _anchors(aim)):
            broken.append(target)
    assert not broken, f"{_name(page)} links to nothing: {broken}"


def test_the_index_names_every_page_of_the_documentation() -> None:
    linked = re.findall(r"\]\(([^)#]+)\)", (DOCS / "index.md").read_text("utf-8"))
    named = {(DOCS / target).resolve() for target in linked}
    pages = {p for p in PAGES if p.is_relative_to(DOCS) and p.name != "index.md"}
    assert pages - named == set()


# --- the README -------------------------------------------------------------------------


def test_the_readme_is_short_and_shows_how_to_start_first() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= README_LINES
    first_screen = "\n".join(lines[:50])
    for shown in ("docs/images/", "make up", "make test", "kawal simulate"):
        assert shown in first_screen, f"{shown} is not on the first screen"


def test_every_target_of_make_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = page.read_text("utf-8")
    code = [*re.findall(r"`(make \w+)`", text), *re.findall(r"^\s*(make \w+)", text, re.MULTILINE)]
    assert {words.split()[1] for words in code} <= targets


# --- commands ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", generate.pages(), ids=_name)
def test_a_generated_page_is_what_the_code_says_now(path: Path) -> None:
    assert path.read_text("utf-8") == generate.pages()[path], "run `make docs`"


def _commands(text: str) -> Iterator[str]:
    """Everything that a page tells to type, one command a line."""
    for language, content in _fences(text):
        if language in ("sh", "bash", "ini", "text"):
            yield from re.sub(r"\s*\\\n\s*", " ", content).splitlines()
    prose = _prose(text)
    yield from re.findall(r"`([^`\n]+)`", prose)
    yield from (line.strip() for line in prose.splitlines() if line.startswith("    "))


def _calls(text: str) -> Iterator[list[str]]:
    """The words after `kawal` of every call in a page."""
    for line in _commands(text):
        for call in re.findall(r"(?:^|[\s/=])kawal ((?:[a-z]+\b|-).*)", line):
            end = re.split(r"\s[|>#&;]|\s{2,}|…|\.\.\.", call)[0]
            yield shlex.split(end, posix=True)


def _resolve(words: list[str]) -> tuple[click.Command, list[str]]:
    command: click.Command = kawal
    for at, word in enumerate(words):
        if not isinstance(command, click.Group):
            return command, words[at:]
        if word not in command.commands:
            raise LookupError(f"kawal {' '.join(words)}: there is no {word!r}")
        command = command.commands[word]
    return command, []


def _unknown_options(command: click.Command, words: Iterable[str]) -> list[str]:
    known = {"--help", "-h"}
    for parameter in command.params:
        known |= {*parameter.opts, *parameter.secondary_opts}
    return [word for word in words if word.startswith("-") and word.split("=")[0] not in known]


def test_every_call_of_kawal_exists_with_its_options(page: Path) -> None:
    for words in _calls(page.read_text("utf-8")):
        if words[0].startswith("-") or words[0] in ("and", "or", "is"):
            continue
        command, rest = _resolve(words)
        assert not _unknown_options(command, rest), words


def test_the_scenarios_named_exist(page: Path) -> None:
    command = kawal.commands["simulate"]
    choice: Any = next(p for p in command.params if p.name == "name").type
    named = re.findall(r"--scenario ([a-z][\w-]*)", page.read_text("utf-8"))
    assert set(named) <= set(choice.choices)


# --- settings ---------------------------------------------------------------------------


def _variables() -> set[str]:
    return {
        f"KAWAL_{section}_{name}".upper()
        for section, field in Settings.model_fields.items()
        for name in getattr(field.annotation, "model_fields", {})
    }


def test_every_variable_that_a_page_names_is_one(page: Path) -> None:
    elsewhere = "".join(
        file.read_text("utf-8", "replace")
        for file in FILES
        if file.parent.name in ("deploy", "cli") and file.suffix != ".md"
    )
    known = _variables() | set(re.findall(r"KAWAL_[A-Z_]+", elsewhere))
    assert set(re.findall(r"KAWAL_[A-Z_]+[A-Z]", page.read_text("utf-8"))) <= known


def test_every_setting_that_a_page_names_is_one(page: Path) -> None:
    named = re.findall(r"`([a-z]+)\.([a-z_]+)`", page.read_text("utf-8"))
    for section, name in named:
        if section in SECTIONS and name != "json" and not _is_module(section, name):
            assert f"KAWAL_{section}_{name}".upper() in _variables(), f"{section}.{name}"


def _is_module(package: str, name: str) -> bool:
    return (ROOT / package / f"{name}.py").exists()


# --- rules and alerts ---------------------------------------------------------------------


def test_every_event_is_in_the_rules_with_what_it_means() -> None:
    rows = {row[0]: row[1:] for row in _table(REFERENCE / "rules.md", "event") if len(row) == 5}
    assert rows == {
        kind: [
            meaning.rule,
            "opens" if meaning.opens else "clears",
            Severity(meaning.severity).name.lower() if meaning.opens else "",
            "yes" if meaning.only_in_transit else "",
        ]
        for kind, meaning in MEANINGS.items()
    }


def _kinds() -> set[str]:
    """Every kind of event: of the wire protocol, with a meaning, or told by a rule."""
    rules = "".join(file.read_text("utf-8") for file in (ROOT / "domain").glob("*.py"))
    told = re.findall(r"tell\(\s*\"(\w+)\"", rules) + re.findall(r"Event\(\s*kind=\"(\w+)\"", rules)
    return {*get_args(EventKind), *MEANINGS, *told}


def test_every_kind_of_event_is_in_the_rules() -> None:
    text = (REFERENCE / "rules.md").read_text("utf-8")
    assert {kind for kind in _kinds() if f"`{kind}`" not in text} == set()


def test_rules_that_nothing_clears_are_named() -> None:
    cleared = {meaning.rule for meaning in MEANINGS.values() if not meaning.opens}
    never = {meaning.rule for meaning in MEANINGS.values()} - cleared
    text = (REFERENCE / "rules.md").read_text("utf-8")
    named = re.search(r"stays until a person resolves it: ([^.]*)\.", text)
    assert named
    assert set(re.findall(r"`(\w+)`", named[1])) == never


def test_the_defaults_in_the_rules_are_those_of_the_settings() -> None:
    text = (REFERENCE / "rules.md").read_text("utf-8")
    told = re.findall(r"`rules\.(\w+)`\s\(([\d,]+)(?: [a-z]+)?\)", text)
    assert told
    for name, number in told:
        default = Settings().rules.model_dump()[name]
        assert float(number.replace(",", "")) == default, name


def test_the_life_cycle_is_that_of_the_code() -> None:
    rows = {(row[0], row[1]): row[2] for row in _table(REFERENCE / "alerts.md", "from")}
    assert rows == {(str(a), str(t)): str(b) for (a, t), b in TRANSITIONS.items()}
    assert _column(REFERENCE / "alerts.md", "state") == [str(state) for state in AlertState]


def test_every_severity_is_named() -> None:
    rows = {row[0]: row[1] for row in _table(REFERENCE / "alerts.md", "number")}
    assert rows == {str(int(s)): s.name.lower() for s in Severity}


# --- metrics, packages, tables ------------------------------------------------------------


def test_every_metric_is_documented() -> None:
    counted = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in Metrics().registry.collect()
    }
    assert set(_column(REFERENCE / "metrics.md", "name")) == counted


def test_every_direct_dependency_says_why_it_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = [re.split(r"[\[<>=~!; ]", requirement)[0] for requirement in asked]
    rows = _table(REFERENCE / "dependencies.md", "package")
    assert sorted(row[0] for row in rows) == sorted(names)
    assert all(row[1] for row in rows)


def test_every_table_of_the_database_is_documented() -> None:
    migrations = "".join(f.read_text("utf-8") for f in (ROOT / "db/migrations").glob("*.sql"))
    created = set(re.findall(r"create (?:table|view|materialized view) (\w+)", migrations))
    named = _column(REFERENCE / "database.md", "table")
    assert {name.split()[0] for name in named} == created | {"migration"}


# --- the screen ---------------------------------------------------------------------------

STATES = ("connection.", "map_state.", "alert_state.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_of_the_screen_is_documented(language: str) -> None:
    text = (REFERENCE / "screen.md").read_text("utf-8")
    words = {
        word
        for key, word in catalogue(language).items()
        if key.startswith("connection.") or (key.startswith(STATES) and key.endswith(".title"))
    }
    assert words
    assert {word for word in words if word not in text} == set()


def test_every_key_of_the_screen_is_documented() -> None:
    script = (ROOT / "dashboard/assets/js/keyboard.js").read_text("utf-8")
    keys = {a or b for a, b in re.findall(r"^ {6}(?:(\w+)|\"(.)\"): \(\) =>", script, re.MULTILINE)}
    named = {key for cell in _column(REFERENCE / "screen.md", "key") for key in cell.split(", ")}
    assert keys
    assert named == keys


# --- what must not be in any file -----------------------------------------------------------

# Put together here, so that this file does not hold them itself.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"),
        ("deb", "debian", "org"), ("security", "debian", "org"), ("proxy", "golang", "org"),
        ("crates", "io"), ("docker", "io"), ("ghcr", "io"), ("quay", "io"),
    )
]  # fmt: skip
MACHINE_PATH = re.compile(
    rb"(?<![\w.~$}/-])/(?:" + b"|".join([b"work", b"root", b"home"]) + rb")/\w"
)


def test_no_file_holds_a_host_of_a_registry_or_a_path_of_this_machine() -> None:
    found = []
    for file in FILES:
        data = file.read_bytes()
        found += [(_name(file), host) for host in HOSTS if host.encode() in data]
        found += [(_name(file), match.decode()) for match in MACHINE_PATH.findall(data)]
    assert found == []
