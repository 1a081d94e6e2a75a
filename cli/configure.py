"""Settings from `kawal.toml` and the environment, read once at the start.

`KAWAL_<SECTION>_<FIELD>` overrides the file. A value `$NAME` in the file is taken from the
environment, so that no secret needs to be in it. Unknown keys are refused in both.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from domain.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
FILE = "kawal.toml"
PREFIX = "KAWAL_"
# Read by the files of deploy/, the tests and the home folder, not settings.
_OTHERS = frozenset({
    "KAWAL_HOME", "KAWAL_CACHE_DIR", "KAWAL_DEBIAN_MIRROR", "KAWAL_ROOT", "KAWAL_USER",
    "KAWAL_CONTROL_PORT", "KAWAL_CONTROL_PASSWORD", "KAWAL_PROGRAM", "KAWAL_OWN_DATABASE",
    "KAWAL_OWN_BROKER", "KAWAL_SUPERVISED", "KAWAL_DB_PASSWORD", "KAWAL_DB_PORT",
    "KAWAL_BROKER_PASSWORD", "KAWAL_BROKER_ADDRESS", "KAWAL_BROKER_PORT", "KAWAL_CHROMIUM",
})  # fmt: skip


class SettingsError(Exception):
    """A setting is wrong; the message names it, its source and the reason."""


def home(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the embedded servers, their data, logs and secrets."""
    return Path(environment.get("KAWAL_HOME") or ROOT / ".kawal").resolve()


def load(folder: Path = ROOT, environment: Mapping[str, str] = os.environ) -> Settings:
    """All settings. Raises SettingsError naming every fault."""
    tree = _from_file(folder / FILE, environment)
    for name, value in environment.items():
        if name.startswith(PREFIX) and name not in _OTHERS:
            section, _, field = name.removeprefix(PREFIX).lower().partition("_")
            fields = tree.setdefault(section, {})
            if isinstance(fields, dict):  # else the file is at fault, which is told below
                fields[field] = value
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise SettingsError("\n".join(map(_fault, error.errors(include_url=False)))) from None


def _fault(fault: Any) -> str:
    path = ".".join(str(part) for part in fault["loc"])
    variable = PREFIX + "_".join(str(part) for part in fault["loc"]).upper()
    return f"{path} (in {FILE} or {variable}): {fault['msg']}"


def _from_file(file: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        tree = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE}: {error}") from None
    for section, fields in tree.items():
        if isinstance(fields, dict):
            tree[section] = {key: _expand(key, v, environment) for key, v in fields.items()}
    return tree


def _expand(key: str, value: Any, environment: Mapping[str, str]) -> Any:
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    name = value.removeprefix("$")
    if name not in environment:
        raise SettingsError(f"{key} (in {FILE}): the environment has no {name}")
    return environment[name]
