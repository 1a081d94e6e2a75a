"""Writes the reference pages that follow from the code: `make docs`.

tests/test_docs.py fails where a page is not what this writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app import main as kawal
from cli.configure import PREFIX
from domain.settings import Settings

REFERENCE = Path(__file__).resolve().parent / "reference"
# Endings of field names, which say the unit; the longest that fits counts.
UNITS = {
    "_s": "seconds",
    "_ms": "milliseconds",
    "_hours": "hours",
    "_days": "days",
    "_m": "metres",
    "_kmh": "km/h",
    "_fixes": "fixes",
    "_window": "fixes",
    "_intervals": "report intervals",
    "_size": "messages",
}

SETTINGS_HEAD = """\
# Settings

What can be set, where, and what it means. Written by `make docs` from `domain/settings.py`.

A setting comes from `kawal.toml` in the folder of the checkout, or from the environment.
The environment wins. Both are read once, when a process starts: restart it to change one.

```toml
[rules]
silence_intervals = 4

[database]
url = "$DATABASE_URL"   # taken from the environment variable DATABASE_URL
```

- A value that begins with `$` is taken from the environment, so that no secret needs to be
  in the file.
- A key that is not listed here is refused at the start, in the file and in the environment.
- `kawal check` prints all settings that are in force. Secrets show as `**********`.
"""

SETTINGS_TAIL = """
## Variables that are no settings

| variable | meaning |
|---|---|
| `KAWAL_HOME` | Folder of the embedded servers, their data, logs and secrets. Default: `.kawal` in the checkout. |
| `KAWAL_CACHE_DIR` | Where the fetched server packages are kept. Default: `.kawal/cache/debs`. |
| `KAWAL_DEBIAN_MIRROR` | Debian mirror to fetch the servers from, where the machine's own sources name none. |

`kawal up` gives further variables to the processes that it starts (`deploy/supervisord.conf`);
do not set those yourself.
"""  # noqa: E501 - a row of a table is one line

CLI_HEAD = """\
# The command `kawal`

Every command and option. Written by `make docs` from the program itself.
`kawal COMMAND --help` shows the same.

A command ends with 0 when all went well, with 1 when it could not do its work (the message
says why), and with 2 when it was called in a wrong way. Results go to standard output,
messages and progress to standard error; a process that serves logs JSON, one object a line,
to standard error.

A **time** is an age before now (`90s`, `90m`, `2h`, `3d`) or RFC 3339 with its zone
(`2024-11-26T08:00:00+07:00`).

`make` sets up `.venv` with the program in it. In a shell, either write `.venv/bin/kawal` or
put that folder on your path: `source .venv/bin/activate`.
"""


def pages() -> dict[Path, str]:
    """Every generated page with its text."""
    return {
        REFERENCE / "settings.md": settings_page(),
        REFERENCE / "cli.md": cli_page(),
    }


def settings_page() -> str:
    """The reference of all settings."""
    sections = Settings.model_fields.items()
    return SETTINGS_HEAD + "".join(_section(n, f) for n, f in sections) + SETTINGS_TAIL


def _section(name: str, field: FieldInfo) -> str:
    model: Any = field.annotation
    if not issubclass(model, BaseModel):
        raise TypeError(f"settings.{name} is no section")
    rows = "".join(_setting(name, key, value) for key, value in model.model_fields.items())
    return (
        f"\n## `[{name}]`: {_lower(model.__doc__ or '')}\n\n"
        "| setting | variable | default | unit | meaning |\n|---|---|---|---|---|\n" + rows
    )


def _setting(section: str, name: str, field: FieldInfo) -> str:
    if not field.description:
        raise ValueError(f"{section}.{name} has no description")
    default = "none" if field.default in (None, PydanticUndefined) else _default(field.default)
    variable = f"{PREFIX}{section}_{name}".upper()
    cells = (f"`{name}`", f"`{variable}`", default, _unit(name), field.description)
    return f"| {' | '.join(cells)} |\n"


def _default(value: object) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _unit(name: str) -> str:
    fitting = [ending for ending in UNITS if name.endswith(ending)]
    return UNITS[max(fitting, key=len)] if fitting else ""


def _lower(sentence: str) -> str:
    first = sentence.strip().splitlines()[0].rstrip(".")
    return first[:1].lower() + first[1:]


def cli_page() -> str:
    """The reference of all commands."""
    return CLI_HEAD + "".join(_command(path, command) for path, command in commands())


def commands() -> Iterator[tuple[str, click.Command]]:
    """(words, command) of every command that the help shows, groups left out."""
    yield from _below("kawal", kawal)


def _below(path: str, group: click.Group) -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from _below(f"{path} {name}", command)
        else:
            yield f"{path} {name}", command


def _command(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    rows = [_option(context, option) for option in options]
    text = f"\n## `{path}`\n\n{_paragraph(command.help)}\n\n    {usage}\n"
    if rows:
        text += "\n| option | default | meaning |\n|---|---|---|\n" + "".join(rows)
    return text


def _option(context: click.Context, option: click.Option) -> str:
    words = " / ".join([*option.opts, *option.secondary_opts])
    if not option.is_flag:
        words += f" {option.make_metavar(context)}"
    default = "must be given" if option.required else _given(context, option)
    escaped = words.replace("|", "\\|")
    return f"| `{escaped}` | {default} | {option.help or ''} |\n"


def _given(context: click.Context, option: click.Option) -> str:
    value = option.get_default(context)
    if value is None or value == "" or type(value).__name__ == "Sentinel":
        return ""
    if option.secondary_opts:
        return f"`{(option.opts if value else option.secondary_opts)[0]}`"
    return "" if value is False else f"`{value}`"


def _paragraph(text: str | None) -> str:
    return " ".join((text or "").split())


def write() -> None:
    """Write every page that differs."""
    for path, text in pages().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            click.echo(f"wrote {path.name}")


if __name__ == "__main__":
    write()
