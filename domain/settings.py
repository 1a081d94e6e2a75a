"""The one tree of settings. `app.py` reads it once and passes each part its section.

Every field has its unit in its name and a description, from which
`docs/reference/settings.md` and `kawal check` are made.
"""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class Section(BaseModel):
    """A section refuses keys that it does not know, so that a typing error is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(Section):
    """The TimescaleDB server."""

    url: SecretStr | None = Field(None, description="Conninfo or URL; none: the embedded server.")


class Broker(Section):
    """The MQTT broker."""

    url: SecretStr | None = Field(
        None, description="mqtt://user:password@host:port; none: the embedded broker."
    )
    listen_host: str = Field(
        "127.0.0.1",
        description="Address that the embedded broker listens on; 0.0.0.0 lets trackers of the"
        " network in (not encrypted: only behind a VPN or on a network of your own).",
    )


class Ingest(Section):
    """The way from the broker to the database."""

    batch_size: int = Field(5000, ge=1, le=20000, description="Messages a transaction at most.")
    batch_wait_ms: int = Field(20, ge=1, le=5000, description="Longest wait for a batch to fill.")
    ack_interval_ms: int = Field(
        1000, ge=10, le=60000, description="Application acknowledgements go out this often."
    )
    health_host: str = Field("127.0.0.1", description="Address of /healthz and /metrics.")
    health_port: int = Field(8051, ge=0, le=65535, description="Port of /healthz and /metrics.")
    housekeeping_interval_s: float = Field(
        3600, gt=0, description="How often old data is looked for."
    )
    retention_days: int = Field(365, ge=1, description="Positions older than this are removed.")


class Rules(Section):
    """Thresholds of the rules; defaults are those of the operation's rule book."""

    late_after_s: float = Field(120, gt=0, description="A fix received later than this is late.")
    future_after_s: float = Field(
        120, gt=0, description="A fix time further ahead of the receipt is flagged."
    )
    max_speed_kmh: float = Field(
        200, gt=0, description="A faster change of place on land or water is flagged as a jump."
    )
    max_air_speed_kmh: float = Field(1000, gt=0, description="The same for planes and helicopters.")
    max_accuracy_m: float = Field(
        500, gt=0, description="A fix with a larger error circle is left out of the rules."
    )
    confirm_fixes: int = Field(
        3, ge=1, le=20, description="So many (N) of the last M fixes must agree."
    )
    confirm_window: int = Field(4, ge=1, le=20, description="M, at least N.")
    fence_margin_m: float = Field(
        50, ge=0, description="Left a fence only when this far outside, error circle deducted."
    )
    corridor_margin_m: float = Field(
        0, ge=0, description="Left a corridor only when this far outside, error circle deducted."
    )
    wrong_destination_after_s: float = Field(
        120, ge=0, description="Standing this long inside a fence off the plan is an arrival."
    )
    reevaluate_hours: float = Field(
        96, gt=0, description="A fix later than this is kept, but changes no past event."
    )
    snapshot_fixes: int = Field(
        200, ge=10, description="The rules' state of a device is kept after so many fixes."
    )
    silence_intervals: float = Field(
        3, ge=1, description="Silent after this many report intervals without any message."
    )
    silence_at_least_s: float = Field(10, ge=0, description="Never silent before this long.")

    @model_validator(mode="after")
    def _enough_fixes(self) -> Self:
        if self.confirm_fixes > self.confirm_window:
            raise ValueError(
                "confirm_fixes must not be more than confirm_window: no rule would fire"
            )
        return self


class Dashboard(Section):
    """The operations screen."""

    host: str = Field("127.0.0.1", description="Address that the screen listens on.")
    port: int = Field(8050, ge=0, le=65535, description="Port that the screen listens on.")
    tick_ms: int = Field(250, ge=50, le=5000, description="Changed rows go out this often.")
    language: str = Field("id", pattern="^(id|en)$", description="Language of the sign-in page.")
    tile_url: str | None = Field(
        None, description="Own raster tile server, {z}/{x}/{y}; none: the offline basemap alone."
    )
    secure_cookie: bool = Field(False, description="True where the screen is behind TLS.")
    session_hours: float = Field(12, gt=0, description="A sign-in lasts this long.")
    exercise: str | None = Field(
        None, description="Words of the banner that marks an exercise; none: no banner."
    )


class Settings(Section):
    """All sections."""

    database: Database = Database()
    broker: Broker = Broker()
    ingest: Ingest = Ingest()
    rules: Rules = Rules()
    dashboard: Dashboard = Dashboard()
