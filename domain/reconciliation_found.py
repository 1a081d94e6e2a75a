"""Found: a discrepancy of a case, with what every one of them takes from its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from domain.discrepancies import Discrepancy, Evidence
from domain.reconciliation_case import Case
from domain.reconciliation_words import DiscrepancyKind


def found_in(
    case: Case,
    kind: DiscrepancyKind,
    at: datetime,
    *,
    from_side: bool = False,
    station_id: str | None = None,
    unit_id: str | None = None,
    item: str | None = None,
    election: str | None = None,
    ref: str | None = None,
    expected: int | None = None,
    found: int | None = None,
    numbers: Mapping[str, float | str | None] = {},
    evidence: tuple[Evidence, ...] = (),
) -> Discrepancy:
    """What does not agree in `case` since `at`: in the region of the station, or of where the
    manifest goes; `from_side`: of where it comes from."""
    region = case.head.from_region if from_side else case.region_of(station_id)
    return Discrepancy(
        kind=kind,
        manifest_id=case.head.manifest_id,
        shipment_id=case.head.shipment_id,
        region_code=region,
        opened_at=at,
        station_id=station_id,
        unit_id=unit_id,
        item=item,
        election=election,
        ref=ref,
        expected=expected,
        found=found,
        numbers=numbers,
        evidence=evidence,
    )
