"""What can go wrong (or merely happen) to a tracker, and when."""

from typing import Annotated, Literal

from pydantic import Field

from firmware_sim.settings import Percent, Seconds, SpeedKmh, Strict


class Fault(Strict):
    """Something that happens `at_s` virtual seconds after the scenario's start."""

    at_s: Seconds
    duration_s: Seconds = 0.0


class Deviation(Fault):
    """Leave the route sideways to `distance_km`, wait there, come back to the route.

    A tracker that knows the half width of its corridor goes 3 km beyond it at least.
    """

    kind: Literal["route_deviation"]
    distance_km: Annotated[float, Field(gt=0, le=200)] = 6.0
    speed_kmh: SpeedKmh = 120.0
    side: Literal["auto", "left", "right"] = "auto"
    dwell_s: Seconds = 60.0


class Standstill(Fault):
    """Stop on the road for `duration_s`."""

    kind: Literal["standstill"]


class GnssOutage(Fault):
    """No sky: a tunnel, a dense canopy."""

    kind: Literal["gnss_outage"]


class RadioOutage(Fault):
    """No coverage."""

    kind: Literal["radio_outage"]


class Jamming(Fault):
    """1: the fix suffers; 2: the fix is lost. The receiver reports it."""

    kind: Literal["jamming"]
    level: Literal[1, 2]


class Spoof(Fault):
    """A false position; `mock` when software on the device made it."""

    kind: Literal["spoof"]
    east_m: float = 0.0
    north_m: float = 0.0
    mock: bool = False


class Freeze(Fault):
    """The receiver hangs: it goes on to give the place that it had, and a speed."""

    kind: Literal["frozen"]


class Seal(Fault):
    """The electronic seal changes its state."""

    kind: Literal["seal"]
    state: Literal["closed", "opened", "cut"]


class Light(Fault):
    """Light falls into the box."""

    kind: Literal["light"]
    light_lux: Annotated[float, Field(ge=0, le=200_000)] = 800.0


class Door(Fault):
    """The door opens, and closes after `duration_s`."""

    kind: Literal["door"]


class Button(Fault):
    """The SOS button, or a hand on the tracker itself."""

    kind: Literal["sos", "tamper"]


class Charge(Fault):
    """Set the battery's charge."""

    kind: Literal["battery"]
    battery_pct: Percent


class Reboot(Fault):
    """Power off, and on again after `duration_s`; volatile memory is lost."""

    kind: Literal["reboot"]


class Duplicates(Fault):
    """Each message is sent `copies` times more, and once again `again_after_s` later."""

    kind: Literal["duplicates"]
    copies: Annotated[int, Field(ge=0, le=50)] = 4
    again_after_s: Seconds = 60.0


class ClockFault(Fault):
    """Step the device's clock; with a duration it is set right again afterwards."""

    kind: Literal["clock"]
    step_s: float = 0.0
    drift_ppm: float | None = None


AnyFault = Annotated[
    Deviation
    | Standstill
    | GnssOutage
    | RadioOutage
    | Jamming
    | Spoof
    | Freeze
    | Seal
    | Light
    | Door
    | Button
    | Charge
    | Reboot
    | Duplicates
    | ClockFault,
    Field(discriminator="kind"),
]
