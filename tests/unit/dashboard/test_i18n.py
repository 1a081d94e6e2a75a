"""Both languages say everything, and nothing is said outside the catalogues."""

import ast
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest
from jinja2 import Environment, nodes

from dashboard.i18n import LANGUAGES, catalogue, texts
from db.accounts import Role
from domain.alerts import Trigger
from domain.events import MEANINGS
from domain.positions import Flag

ROOT = Path(str(files("dashboard")))
SCRIPTS = sorted((ROOT / "assets/js").glob("*.js"))
MODULES = sorted(ROOT.rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").glob("*.html"))
KEY = re.compile(r"[a-z_]+(\.[\w]+)+")
ID, EN = (catalogue(language) for language in ("id", "en"))


def placeholders(text: str) -> set[str | None]:
    return {field for _, field, _, _ in Formatter().parse(text)} - {None}


def test_both_languages_have_the_same_keys_and_no_empty_text() -> None:
    assert ID.keys() == EN.keys()
    assert all(text.strip() for words in (ID, EN) for text in words.values())


@pytest.mark.parametrize("key", sorted(ID))
def test_both_languages_fill_in_the_same_values(key: str) -> None:
    assert placeholders(ID[key]) == placeholders(EN[key])


def test_indonesian_comes_first() -> None:
    assert LANGUAGES[0] == "id"
    assert texts("fr").language == "id"
    with pytest.raises(ValueError, match="fr"):
        catalogue("fr")


def test_what_is_not_written_shows_its_key() -> None:
    assert texts("id")("no.such.key") == "no.such.key"


@pytest.mark.parametrize("rule", sorted({meaning.rule for meaning in MEANINGS.values()}))
def test_every_rule_has_a_title(rule: str) -> None:
    assert f"rule.{rule}" in ID


def test_every_role_step_and_flag_has_a_word() -> None:
    wanted = {f"role.{role}" for role in Role}
    wanted |= {f"step.{trigger}" for trigger in (*Trigger, "OPEN")}
    wanted |= {f"flag.{flag.name.lower()}" for flag in Flag if flag and flag.name}
    wanted |= {f"severity.{severity}" for severity in range(1, 5)}
    assert wanted <= ID.keys()


def literals(path: Path) -> Iterator[str]:
    """The texts in the source: Python strings, or strings and template parts of a script."""
    source = path.read_text("utf-8")
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
        return
    source = re.sub(r"(^|\s)//[^\n]*", "", source)
    for quoted, template in re.findall(r'"((?:[^"\\\n]|\\.)*)"|`([^`]*)`', source):
        yield quoted
        yield from re.split(r"\$\{[^}]*\}", template)


def asked(path: Path) -> Iterator[str]:
    """The keys that a file asks for in so many words."""
    source = path.read_text("utf-8")
    pattern = r"""(?:\bt\(|\bhas\(|word\(t, |_button\(t, \"[\w-]+\", )\(?["']([\w.]+)["']"""
    yield from re.findall(pattern, source)


@pytest.mark.parametrize("path", [*SCRIPTS, *MODULES, *TEMPLATES], ids=lambda path: path.name)
def test_every_key_that_is_asked_for_is_written(path: Path) -> None:
    assert {key for key in asked(path) if "." in key and not key.endswith(".")} <= ID.keys()


def test_every_text_is_asked_for() -> None:
    sources = [path.read_text("utf-8") for path in (*SCRIPTS, *MODULES, *TEMPLATES)]
    source = "\n".join(sources)
    # Keys that are put together: the part before the last value names them.
    made = {
        found
        for found in re.findall(r"[\"'`]([\w.]+[._])(?:\$\{|\{|[\"'] ~)", source)
        if any(key.startswith(found) for key in ID)
    }
    made |= {"map_state.", "alert_state.", "rule.", "map.", "step.", "explain."}
    unused = {
        key for key in ID if key not in source and not any(key.startswith(part) for part in made)
    }
    assert unused == set()


def sentences(texts_of_source: Iterator[str]) -> list[str]:
    """What reads like words for a person: two words with a blank between them."""
    return [
        text
        for text in texts_of_source
        if re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", text) and not KEY.fullmatch(text)
    ]


# Not for a reader of the page: class names, media queries, fonts, names of formats, faults.
QUIET = re.compile(
    r"^( ?(icon|badge|tag|quiet|sample|big|input,) |\(prefers-|texts: |map: |(number|day|clock) "
    r"|\d+ \d+px|Segoe UI|Noto Sans|Liberation Sans|sans-serif )"
)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_speaks_for_itself(path: Path) -> None:
    assert [text for text in sentences(literals(path)) if not QUIET.search(text)] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_reads_text_as_html(path: Path) -> None:
    source = path.read_text("utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|setHTML", source)


def test_no_template_speaks_for_itself() -> None:
    for path in TEMPLATES:
        tree = Environment(autoescape=True).parse(path.read_text("utf-8"))
        markup = "".join(
            part.data if isinstance(part, nodes.TemplateData) else " "
            for output in tree.find_all(nodes.Output)
            for part in output.nodes
        )
        assert re.sub(r"<[^>]*>", "", markup).strip(" ·→–\n") == ""


def test_the_shell_speaks_only_through_the_catalogue() -> None:
    """Every text child of a component is a call of `word`, a name from the database, a zone,
    the code of a language or a dash."""
    tree = ast.parse((ROOT / "shell.py").read_text("utf-8"))
    spoken = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("html."):
            children = [*node.args, *[k.value for k in node.keywords if k.arg == "children"]]
            parts = [
                part
                for child in children
                for part in (child.elts if isinstance(child, ast.List) else [child])
            ]
            spoken += [p.value for p in parts if isinstance(p, ast.Constant)]
    assert set(spoken) <= {"–"}
