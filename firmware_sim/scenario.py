"""Scenario files (TOML): how a tracker lives, and what goes wrong when."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from firmware_sim.faults import AnyFault
from firmware_sim.settings import (
    Battery,
    DeviceTime,
    Drive,
    Flash,
    Gnss,
    Policy,
    Positive,
    Radio,
    Seconds,
    Strict,
    Zone,
)


class ScenarioError(ValueError):
    """A scenario that cannot be used: names the file, the field and the reason."""


class Scenario(Strict):
    """One file. Fault times count from the scenario's start in virtual seconds.

    Run alone, a tracker first drives undisturbed for `lead_in_s`; injected into a
    running tracker, only the faults count, and they begin at once.
    """

    name: str = ""
    summary_id: Annotated[str, Field(max_length=200)]
    summary_en: Annotated[str, Field(max_length=200)]
    seed: int = 1
    lead_in_s: Seconds = 120.0
    duration_s: Positive = 3600.0
    policy: Policy = Policy()
    drive: Drive = Drive()
    gnss: Gnss = Gnss()
    radio: Radio = Radio()
    battery: Battery = Battery()
    clock: DeviceTime = DeviceTime()
    flash: Flash = Flash()
    zones: tuple[Zone, ...] = ()
    faults: tuple[AnyFault, ...] = ()


def _error(name: str, reason: ValidationError | tomllib.TOMLDecodeError) -> ScenarioError:
    if isinstance(reason, tomllib.TOMLDecodeError):
        return ScenarioError(f"scenario {name}: not TOML: {reason}")
    found = "; ".join(
        f"{'.'.join(str(part) for part in e['loc']) or 'file'}: {e['msg']}" for e in reason.errors()
    )
    return ScenarioError(f"scenario {name}: {found}")


def parse(text: str, name: str) -> Scenario:
    """Read a scenario from TOML; raise ScenarioError naming every field at fault."""
    try:
        return Scenario.model_validate({**tomllib.loads(text), "name": name})
    except (ValidationError, tomllib.TOMLDecodeError) as reason:
        raise _error(name, reason) from None


def names() -> list[str]:
    """Names of the scenarios that come with the simulator."""
    folder = resources.files("firmware_sim") / "scenarios"
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )


def bundled(name: str) -> Scenario:
    """A scenario that comes with the simulator; raise ScenarioError for another name."""
    if name not in names():
        raise ScenarioError(f"scenario {name!r}: unknown; there are: {', '.join(names())}")
    text = (resources.files("firmware_sim") / "scenarios" / f"{name}.toml").read_text("utf-8")
    return parse(text, name)


def load(name_or_file: str | Path) -> Scenario:
    """A bundled scenario by its name, or any file that ends in .toml; else ScenarioError."""
    if str(name_or_file).endswith(".toml"):
        return _load_file(Path(name_or_file))
    return bundled(str(name_or_file))


def _load_file(file: Path) -> Scenario:
    try:
        return parse(file.read_text("utf-8"), file.stem)
    except (OSError, UnicodeDecodeError) as reason:
        raise ScenarioError(f"scenario {file}: {reason}") from None
