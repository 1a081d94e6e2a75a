"""Settings of one simulated tracker; all of them have a default."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Fraction = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]
Seconds = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
SpeedKmh = Annotated[float, Field(gt=0, le=1200)]


class Strict(BaseModel):
    """A table of the file; a key that is not listed is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Policy(Strict):
    """When the firmware reports. Durations are virtual seconds."""

    sample_s: Positive = 1.0
    moving_interval_s: Positive = 20.0
    stopped_interval_s: Positive = 300.0
    alarm_interval_s: Positive = 10.0
    alarm_hold_s: Seconds = 120.0
    course_change_deg: Annotated[float, Field(gt=0, le=180)] = 20.0
    stopped_after_s: Seconds = 60.0
    sleep_after_s: Seconds = 900.0
    fix_lost_after_s: Seconds = 15.0
    status_interval_s: Positive = 900.0
    boot_s: Seconds = 4.0


class SpeedFrom(Strict):
    """From this fraction of the route on, drive at this speed."""

    from_fraction: Fraction
    speed_kmh: SpeedKmh


class Stop(Strict):
    """A planned stop on the way out."""

    at_fraction: Fraction
    duration_s: Seconds


class Drive(Strict):
    """How the vehicle follows its route."""

    speed_kmh: SpeedKmh = 60.0
    speed_variation: Annotated[float, Field(ge=0, le=0.5)] = 0.08
    profile: tuple[SpeedFrom, ...] = ()
    stops: tuple[Stop, ...] = ()
    dwell_start_s: Seconds = 30.0
    dwell_end_s: Seconds = 300.0
    loop: bool = False


class Gnss(Strict):
    """The receiver. `uere_m`: error of one range, 1 sigma; times hdop it gives the fix's."""

    uere_m: Positive = 3.5
    correlation_s: Positive = 60.0
    satellites: Annotated[float, Field(ge=4, le=30)] = 10.0
    multipath_per_h: Seconds = 1.0
    multipath_m: Positive = 60.0
    cold_start_s: Seconds = 30.0
    hot_start_s: Seconds = 3.0


class Radio(Strict):
    """The modem and its network. Times are seconds of the network (real ones)."""

    signal_dbm: Annotated[float, Field(ge=-150, le=0)] = -85.0
    window: Annotated[int, Field(ge=1, le=100)] = 4
    batch_records: Annotated[int, Field(ge=1, le=50)] = 50
    reconnect_min_s: Positive = 1.0
    reconnect_max_s: Positive = 60.0


class Battery(Strict):
    """`charge_pct_per_h` counts while the vehicle is parked at an end of its route."""

    start_pct: Percent = 96.0
    drain_pct_per_h: Seconds = 0.6
    charge_pct_per_h: Seconds = 30.0
    low_pct: Percent = 15.0


class DeviceTime(Strict):
    """How wrong the device's clock is from the beginning."""

    offset_s: float = 0.0
    drift_ppm: float = 0.0


class Flash(Strict):
    """The ring that stores and forwards."""

    capacity: Annotated[int, Field(ge=8, le=1_000_000)] = 20_000


class Zone(Strict):
    """A dead zone by place: a circle, given by its point or by a fraction of the route."""

    kind: Literal["gnss", "radio"]
    radius_m: Positive
    lon_deg: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat_deg: Annotated[float, Field(ge=-90, le=90)] | None = None
    at_fraction: Fraction | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        point = self.lon_deg is not None and self.lat_deg is not None
        if point == (self.at_fraction is not None):
            raise ValueError("give either lon_deg and lat_deg, or at_fraction")
        return self
