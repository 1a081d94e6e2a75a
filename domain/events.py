"""Events: facts that do not change. What each of them means for alerts is one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from domain.alerts import Severity
from domain.reconciliation_words import ALERTING, SEVERITY, found_kind, gone_kind

Numbers = Mapping[str, float | str | None]


class Origin(StrEnum):
    """Who says so: the device itself, a rule over its fixes, or the watch over absence."""

    DEVICE = "DEVICE"
    RULE = "RULE"
    WATCH = "WATCH"


class DeviceEvent(NamedTuple):
    """What a device reports beside fixes. `kind` is a word of the wire protocol."""

    device_id: str
    epoch: int
    seq: int
    kind: str
    event_time: datetime
    received_at: datetime
    buffered: bool
    lat_deg: float | None
    lon_deg: float | None
    accuracy_m: float | None
    seal_no: str | None
    light_lux: float | None
    battery_pct: float | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One fact.

    `event_time` is when it happened, `decided_at` the time of the fix at which it was
    certain, `late_by_s` how long that fix was under way where that is too long.
    `numbers` are those that the decision was taken on, `rules_version` names the thresholds.
    `group_id` is the convoy or the incident of an event of several devices.
    """

    kind: str
    origin: Origin
    device_id: str
    event_time: datetime
    decided_at: datetime
    shipment_id: str | None = None
    facility_id: str | None = None
    late_by_s: float | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    numbers: Numbers = field(default_factory=dict)
    in_transit: bool = True
    ordinal: str = ""
    rules_version: str | None = None
    group_id: str | None = None

    @property
    def key(self) -> str:
        """The same fact has the same key, however often it is found."""
        when = self.event_time.isoformat(timespec="milliseconds")
        place = self.facility_id or ""
        return f"{self.kind}/{self.device_id}/{place}/{when}/{self.ordinal}"

    @property
    def meaning(self) -> Meaning | None:
        """What this event means for alerts; None where it is a fact alone."""
        meaning = MEANINGS.get(self.kind)
        if meaning and meaning.only_in_transit and not self.in_transit:
            return None
        return meaning

    @property
    def alert_key(self) -> str | None:
        """Which alert the event opens or clears: one rule, one shipment, one device; or one
        rule and one group."""
        meaning = self.meaning
        if meaning is None:
            return None
        if self.group_id is not None:
            member = self.device_id if meaning.per_member else "-"
            return f"{meaning.rule}/{self.group_id}/{member}"
        place = self.facility_id if meaning.per_facility else None
        if meaning.per_ordinal:
            place = self.ordinal
        parts = (meaning.rule, self.shipment_id, self.device_id, place)
        return "/".join(part or "-" for part in parts)


class Meaning(NamedTuple):
    """`opens` is True where the event opens an alert and False where it clears one."""

    rule: str
    opens: bool
    severity: Severity = Severity.LOW
    only_in_transit: bool = False
    per_facility: bool = False
    per_ordinal: bool = False
    per_member: bool = False  # of a group: an alert for each of its devices


MEANINGS: dict[str, Meaning] = {
    "corridor_left": Meaning("CORRIDOR_DEVIATION", True, Severity.HIGH),
    "corridor_further": Meaning("CORRIDOR_DEVIATION", True, Severity.HIGH),
    "corridor_rejoined": Meaning("CORRIDOR_DEVIATION", False),
    "wrong_destination": Meaning("WRONG_DESTINATION", True, Severity.HIGH, per_facility=True),
    "wrong_destination_left": Meaning("WRONG_DESTINATION", False, per_facility=True),
    "relocated": Meaning("JUMP", True, Severity.HIGH),
    "receiver_frozen": Meaning("FROZEN", True, Severity.MEDIUM),
    "receiver_thawed": Meaning("FROZEN", False),
    "mock_started": Meaning("SPOOFING", True, Severity.HIGH),
    "mock_ended": Meaning("SPOOFING", False),
    "silence": Meaning("SILENCE", True, Severity.MEDIUM),
    "silence_ended": Meaning("SILENCE", False),
    "never_heard": Meaning("SILENCE", True, Severity.MEDIUM),
    "unplanned_stop": Meaning("UNPLANNED_STOP", True, Severity.MEDIUM),
    "unplanned_stop_ended": Meaning("UNPLANNED_STOP", False),
    "detained": Meaning("DETENTION", True, Severity.MEDIUM, per_facility=True),
    "detention_ended": Meaning("DETENTION", False, per_facility=True),
    "wrong_way": Meaning("WRONG_WAY", True, Severity.HIGH),
    "right_way": Meaning("WRONG_WAY", False),
    "waypoint_skipped": Meaning("WAYPOINT_SKIPPED", True, Severity.MEDIUM, per_ordinal=True),
    "waypoint_visited_late": Meaning("WAYPOINT_SKIPPED", False, per_ordinal=True),
    "late_arrival_expected": Meaning("LATE_ARRIVAL", True, Severity.MEDIUM),
    "on_time_again": Meaning("LATE_ARRIVAL", False),
    "arrived_late": Meaning("LATE_ARRIVAL", False),
    "seal_opened": Meaning("SEAL_OPENED", True, Severity.CRITICAL, only_in_transit=True),
    "seal_cut": Meaning("SEAL_CUT", True, Severity.CRITICAL, only_in_transit=True),
    "tamper": Meaning("TAMPER", True, Severity.CRITICAL),
    "sos": Meaning("SOS", True, Severity.CRITICAL),
    "door_opened": Meaning("DOOR_OPENED", True, Severity.HIGH, only_in_transit=True),
    "door_closed": Meaning("DOOR_OPENED", False),
    "light": Meaning("LIGHT", True, Severity.HIGH, only_in_transit=True),
    "jamming_started": Meaning("JAMMING", True, Severity.HIGH),
    "jamming_ended": Meaning("JAMMING", False),
    "convoy_split": Meaning("CONVOY_SPLIT", True, Severity.HIGH, per_member=True),
    "convoy_rejoined": Meaning("CONVOY_SPLIT", False, per_member=True),
    "escort_lost": Meaning("ESCORT_LOST", True, Severity.HIGH),
    "escort_back": Meaning("ESCORT_LOST", False),
    "interference_started": Meaning("INTERFERENCE", True, Severity.CRITICAL),
    "interference_grew": Meaning("INTERFERENCE", True, Severity.CRITICAL),
    "interference_ended": Meaning("INTERFERENCE", False),
    "battery_low": Meaning("LOW_BATTERY", True, Severity.LOW),
    "milestone_at_risk": Meaning("MILESTONE", True, Severity.HIGH),
    "milestone_missed": Meaning("MILESTONE", True, Severity.HIGH),
    "milestone_on_track": Meaning("MILESTONE", False),
    "milestone_reached": Meaning("MILESTONE", False),
    **{found_kind(kind): Meaning(kind.value, True, SEVERITY[kind]) for kind in ALERTING},
    **{gone_kind(kind): Meaning(kind.value, False) for kind in ALERTING},
}
