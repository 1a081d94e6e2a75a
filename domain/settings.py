"""The one tree of settings. `app.py` reads it once and passes each part its section.

Every field has its unit in its name and a description, from which
`docs/reference/settings.md` and `kawal check` are made.
"""

from __future__ import annotations

from pathlib import Path
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
    corridor_at_least_s: float = Field(
        30,
        ge=0,
        description="Left a corridor only when that has held for this long: one"
        " reflection can bend several fixes of a device that reports often.",
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
        2, ge=1, description="Silent after this many report intervals without any message."
    )
    silence_at_least_s: float = Field(10, ge=0, description="Never silent before this long.")
    silence_grace_s: float = Field(
        30,
        ge=0,
        description="And this long more, yet no longer than one interval, for a report"
        " that is still on its way.",
    )
    blankspot_grace_s: float = Field(
        300,
        ge=0,
        description="Silence in a known blankspot is held until this long after the expected exit.",
    )
    frozen_fixes: int = Field(
        5,
        ge=2,
        le=100,
        description="So many fixes at exactly one place, while the speed says"
        " otherwise, come from a frozen receiver.",
    )
    frozen_speed_kmh: float = Field(10, gt=0, description="The speed that says otherwise.")
    min_satellites: int = Field(
        4, ge=0, le=30, description="A fix from fewer satellites is left out of the rules."
    )
    stale_after_s: float = Field(
        600, gt=0, description="A fix sent as live, yet older than this at its receipt, is stale."
    )
    accuracy_floor_m: float = Field(
        5,
        ge=0,
        description="No error circle counts as smaller: receivers call themselves"
        " better than they are.",
    )
    relocated_at_least_m: float = Field(
        500, ge=0, description="Fixes that agree after a shorter jump are believed quietly."
    )
    relocated_again_s: float = Field(
        600, ge=0, description="A device that jumps again this soon is not told again."
    )
    fence_dwell_s: float = Field(
        0, ge=0, description="Entered a fence only when inside for this long."
    )
    stop_radius_m: float = Field(
        75, gt=0, description="Within this distance, error circle added, a vehicle stands."
    )
    stop_after_s: float = Field(300, gt=0, description="Standing this long is a stop.")
    unplanned_stop_s: float = Field(
        1800, gt=0, description="A stop this long outside any fence is unplanned."
    )
    port_stop_s: float = Field(3600, gt=0, description="The same at a port or an airport.")
    detention_s: float = Field(
        14400, gt=0, description="Kept this long inside a fence on the way is a detention."
    )
    wrong_way_m: float = Field(
        1000, gt=0, description="Gone back this far along the route, error circle deducted."
    )
    waypoint_radius_m: float = Field(
        500, gt=0, description="A waypoint without a radius of its own is visited within this."
    )
    waypoint_gap_s: float = Field(
        600,
        gt=0,
        description="A waypoint passed in a longer gap between fixes is not called"
        " skipped: nobody saw.",
    )
    convoy_behind_m: float = Field(
        5000, gt=0, description="A vehicle of a convoy this far from the others fell behind."
    )
    convoy_escort_m: float = Field(
        2000, gt=0, description="An escort this far from each vehicle of its convoy is lost."
    )
    convoy_fresh_s: float = Field(
        180, gt=0, description="A fix older than this says nothing of where a convoy is."
    )
    convoy_after_s: float = Field(
        180, ge=0, description="A convoy must be apart for this long before it is told."
    )
    interference_devices: int = Field(
        3, ge=2, le=100, description="So many devices with signs of interference are an incident."
    )
    interference_radius_m: float = Field(
        20000, gt=0, description="Signs this close to each other belong together."
    )
    interference_window_s: float = Field(
        600,
        gt=0,
        description="Signs this close in time belong together; without any for as"
        " long, the incident is over.",
    )
    late_arrival_s: float = Field(
        3600, gt=0, description="Expected this much later than planned, at the best, is told."
    )

    @model_validator(mode="after")
    def _enough_fixes(self) -> Self:
        if self.confirm_fixes > self.confirm_window:
            raise ValueError(
                "confirm_fixes must not be more than confirm_window: no rule would fire"
            )
        return self


class Alerts(Section):
    """What happens to alerts by the clock."""

    escalate_critical_s: float = Field(
        120, ge=0, description="Escalated when nobody has seen it for this long; 0: never."
    )
    escalate_high_s: float = Field(600, ge=0, description="The same for high ones.")
    escalate_medium_s: float = Field(3600, ge=0, description="The same for medium ones.")
    escalate_low_s: float = Field(0, ge=0, description="The same for low ones.")
    cooldown_s: float = Field(
        600,
        ge=0,
        description="An alert that comes again this soon after its end comes quietly;"
        " critical ones never do.",
    )
    flood_alerts: int = Field(
        10, ge=1, description="More new alerts than this in the flood window are a flood."
    )
    flood_window_s: float = Field(600, gt=0, description="The flood window.")
    shelve_longest_h: float = Field(12, gt=0, description="An alert is shelved this long at most.")


class Evidence(Section):
    """Signed bundles of what was true and what was known."""

    key_file: Path | None = Field(
        None, description="Ed25519 private key, PEM; none: made on first use beside the secrets."
    )


class Materials(Section):
    """How much of each item a polling station is due. For what no public source settles, the
    numbers are proposals."""

    reserve_pct: float = Field(
        2.5, ge=0, le=100, description="Ballots beyond the voters' list, rounded up per station."
    )
    booths_per_station: int = Field(4, ge=0, le=20, description="Voting booths a station.")
    ink_per_station: int = Field(2, ge=0, le=20, description="Bottles of ink a station.")
    seals_per_box: int = Field(5, ge=0, le=100, description="Seals a ballot box.")


class Reconciliation(Section):
    """When what was sent, received and seen to travel does not agree."""

    receipt_after_s: float = Field(
        7200, gt=0, description="There, and without a receipt this long after, is told."
    )
    presence_slack_s: float = Field(
        900,
        ge=0,
        description="A receipt counts where the tracker was inside the fence within this long"
        " of it: people sign after they have carried.",
    )
    platform_slack_s: float = Field(
        7200, ge=0, description="The shipping platform may be this far behind the tracker."
    )
    return_days: float = Field(
        5, gt=0, description="Boxes are back at the warehouse this long after the voting day."
    )
    check_interval_s: float = Field(
        2.0, gt=0, description="Manifests that are due are looked for this often."
    )


class Milestones(Section):
    """By when so much of the boxes is to be where. Days before the voting day, local time."""

    regency_days: int = Field(18, ge=0, description="At the regency's warehouse by the end of H-.")
    regency_pct: float = Field(99, gt=0, le=100, description="So many of the boxes by then.")
    district_days: int = Field(4, ge=0, description="At the district (PPK) by the end of H-.")
    district_pct: float = Field(90, gt=0, le=100, description="So many of the boxes by then.")
    station_days: int = Field(1, ge=0, description="At the polling station on H-.")
    station_hour: int = Field(18, ge=1, le=24, description="By this hour of that day.")
    station_pct: float = Field(100, gt=0, le=100, description="So many of the boxes by then.")
    warn_h: float = Field(24, ge=0, description="Told this long before, where it will be missed.")
    warn_remote_h: float = Field(
        48, ge=0, description="The same in frontier and remote areas (3T)."
    )


class Integrations(Section):
    """The outside systems. One without an address is off."""

    host: str = Field("127.0.0.1", description="Address of the webhooks and of /healthz.")
    port: int = Field(8052, ge=0, le=65535, description="Port of the webhooks and of /healthz.")
    kpu_url: str | None = Field(None, description="Where manifests are pulled from.")
    kpu_token: SecretStr | None = Field(None, description="Bearer token of the pull.")
    kpu_interval_s: float = Field(30, gt=0, description="How often KPU is asked.")
    webhook_secret: SecretStr | None = Field(
        None, description="Standard Webhooks secret (whsec_...); none: made at first use."
    )
    shipping_webhook_secret: SecretStr | None = Field(
        None, description="The same for the shipping platform, which must not speak for KPU."
    )
    drop_folder: Path | None = Field(
        None, description="Watched for CSV, XLSX, JSON and ZIP files; none: below the home folder."
    )
    shipping_url: str | None = Field(None, description="Where the shipping platform is asked.")
    shipping_token: SecretStr | None = Field(None, description="Bearer token of the platform.")
    shipping_interval_s: float = Field(60, gt=0, description="How often the platform is asked.")
    timeout_s: float = Field(20, gt=0, description="Longest wait for an answer.")
    largest_mb: float = Field(50, gt=0, description="A larger answer or file is refused.")


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
    alerts: Alerts = Alerts()
    evidence: Evidence = Evidence()
    materials: Materials = Materials()
    reconciliation: Reconciliation = Reconciliation()
    milestones: Milestones = Milestones()
    integrations: Integrations = Integrations()
    dashboard: Dashboard = Dashboard()
