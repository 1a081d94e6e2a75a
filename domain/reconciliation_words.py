"""Words of reconciliation: what can disagree, how grave it is, and what rings nobody."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from domain.alerts import Severity


class DiscrepancyKind(StrEnum):
    """What does not agree. The kind is also the rule of its alert."""

    RECEIPT_WITHOUT_PRESENCE = "RECEIPT_WITHOUT_PRESENCE"  # the tracker was elsewhere
    UNPROVEN_RECEIPT = "UNPROVEN_RECEIPT"  # where it was, nobody knows
    PRESENCE_WITHOUT_RECEIPT = "PRESENCE_WITHOUT_RECEIPT"
    BALLOTS_SHORT = "BALLOTS_SHORT"
    SHORT = "SHORT"
    SURPLUS = "SURPLUS"
    DAMAGED_OVER_RESERVE = "DAMAGED_OVER_RESERVE"
    BALLOTS_NOT_DUE = "BALLOTS_NOT_DUE"
    SEAL_MISMATCH = "SEAL_MISMATCH"
    UNPLANNED_HANDOVER = "UNPLANNED_HANDOVER"
    RECEIVED_ELSEWHERE = "RECEIVED_ELSEWHERE"
    UNIT_MISSING = "UNIT_MISSING"
    UNIT_UNEXPECTED = "UNIT_UNEXPECTED"
    BOXES_BACK_DIFFER = "BOXES_BACK_DIFFER"
    DEPARTED_UNSEALED = "DEPARTED_UNSEALED"
    DEPARTED_WITHOUT_SURAT_JALAN = "DEPARTED_WITHOUT_SURAT_JALAN"
    DEPARTED_WITHOUT_ESCORT = "DEPARTED_WITHOUT_ESCORT"
    ONE_SIGNER = "ONE_SIGNER"
    PLATFORM_DIFFERS = "PLATFORM_DIFFERS"


SEVERITY: Mapping[DiscrepancyKind, Severity] = {
    DiscrepancyKind.RECEIPT_WITHOUT_PRESENCE: Severity.HIGH,
    DiscrepancyKind.UNPROVEN_RECEIPT: Severity.LOW,
    DiscrepancyKind.PRESENCE_WITHOUT_RECEIPT: Severity.MEDIUM,
    DiscrepancyKind.BALLOTS_SHORT: Severity.CRITICAL,
    DiscrepancyKind.SHORT: Severity.MEDIUM,
    DiscrepancyKind.SURPLUS: Severity.MEDIUM,
    DiscrepancyKind.DAMAGED_OVER_RESERVE: Severity.HIGH,
    DiscrepancyKind.BALLOTS_NOT_DUE: Severity.HIGH,
    DiscrepancyKind.SEAL_MISMATCH: Severity.CRITICAL,
    DiscrepancyKind.UNPLANNED_HANDOVER: Severity.HIGH,
    DiscrepancyKind.RECEIVED_ELSEWHERE: Severity.HIGH,
    DiscrepancyKind.UNIT_MISSING: Severity.HIGH,
    DiscrepancyKind.UNIT_UNEXPECTED: Severity.MEDIUM,
    DiscrepancyKind.BOXES_BACK_DIFFER: Severity.HIGH,
    DiscrepancyKind.DEPARTED_UNSEALED: Severity.HIGH,
    DiscrepancyKind.DEPARTED_WITHOUT_SURAT_JALAN: Severity.MEDIUM,
    DiscrepancyKind.DEPARTED_WITHOUT_ESCORT: Severity.MEDIUM,
    DiscrepancyKind.ONE_SIGNER: Severity.MEDIUM,
    DiscrepancyKind.PLATFORM_DIFFERS: Severity.MEDIUM,
}
# On the list, and no alert: a dead zone is no lie.
NOTES = frozenset({DiscrepancyKind.UNPROVEN_RECEIPT})
ALERTING = tuple(kind for kind in DiscrepancyKind if kind not in NOTES)


def found_kind(kind: DiscrepancyKind) -> str:
    """The event that tells of such discrepancies, or of more of them."""
    return f"{kind.lower()}_found"


def gone_kind(kind: DiscrepancyKind) -> str:
    """The event that tells that none is left."""
    return f"{kind.lower()}_gone"


class Reason(StrEnum):
    """Which of its conditions a discrepancy fails."""

    PLACE = "PLACE"
    PERSON = "PERSON"
    STATION = "STATION"
    SILENT = "SILENT"
    BLANKSPOT = "BLANKSPOT"
    PLATFORM_AHEAD = "PLATFORM_AHEAD"
    PLATFORM_BEHIND = "PLATFORM_BEHIND"
