"""The fleet file: which trackers run, on which routes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from firmware_sim.settings import Fraction, SpeedKmh

RESERVED = frozenset({"fleet"})  # a topic of the control; see control.py

Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]


class FleetError(ValueError):
    """A fleet that cannot run: names the entry, the field and the reason."""


class Entry(BaseModel):
    """One tracker of a fleet file. `route`: (longitude, latitude) degrees.

    What is None is the scenario's own. `half_width_m`: of the corridor around the route,
    so that a deviation leaves it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    device_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    password: Annotated[str, Field(repr=False)]
    route: Annotated[list[tuple[Lon, Lat]], Field(min_length=2)]
    scenario: str = "nominal"
    speed_kmh: SpeedKmh | None = None
    loop: bool | None = None
    start_fraction: Fraction = 0.0
    dwell_start_s: Annotated[float, Field(ge=0)] | None = None
    dwell_end_s: Annotated[float, Field(ge=0)] | None = None
    report_interval_s: Annotated[float, Field(gt=0)] | None = None
    half_width_m: Annotated[float, Field(ge=0)] = 0.0
    seal_no: Annotated[str, Field(max_length=40)] = ""
    seed: int | None = None
    pace: Annotated[str, Field(max_length=64)] = ""


def read_fleet(file: Path) -> list[Entry]:
    """Read a fleet file (a JSON list); raise FleetError naming every field at fault."""
    try:
        entries = TypeAdapter(list[Entry]).validate_json(file.read_bytes())
    except OSError as reason:
        raise FleetError(f"fleet {file}: {reason}") from None
    except ValidationError as reason:
        found = "; ".join(
            f"{'.'.join(str(part) for part in e['loc']) or 'file'}: {e['msg']}"
            for e in reason.errors(include_input=False)
        )
        raise FleetError(f"fleet {file}: {found}") from None
    check(entries)
    return entries


def check(entries: Sequence[Entry]) -> None:
    """Raise FleetError for an empty fleet, or a device twice or of a reserved name."""
    seen: set[str] = set()
    for entry in entries:
        if entry.device_id in seen:
            raise FleetError(f"fleet: device_id {entry.device_id}: given twice")
        if entry.device_id in RESERVED:
            raise FleetError(f"fleet: device_id {entry.device_id}: is reserved")
        seen.add(entry.device_id)
    if not entries:
        raise FleetError("fleet: is empty")
