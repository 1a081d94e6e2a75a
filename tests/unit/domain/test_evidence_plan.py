"""The plan as it was known: later imports win part by part, and none removes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.evidence_plan import PlanFact, as_known, assignments, part_changes
from tests.support.journeys import plan

START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHIPMENT = "SHP-KWL-0001"


def imported(number: int, **parts: Any) -> PlanFact:
    return PlanFact(number, START + number * HOUR, "sari", f"{number:064}", parts)


def whole() -> dict[str, Any]:
    found = plan().model_dump(mode="json", by_alias=True, exclude_none=True)
    kinds = ("facilities", "routes", "shipments", "devices", "assignments")
    return {"operation": [found["operation"]], **{kind: found[kind] for kind in kinds}}


def changed(**fields: Any) -> dict[str, Any]:
    return {**whole()["shipments"][0], **fields}


def test_only_imports_up_to_then_are_known() -> None:
    rows = [imported(1, **whole()), imported(2, shipments=[changed(vehicle="H 1 A")])]
    none, one, both = (as_known(rows, START + hours * HOUR) for hours in (0, 1, 2))
    assert all(not parts for parts in none.values())
    assert one["shipments"][SHIPMENT]["vehicle"] is None
    assert both["shipments"][SHIPMENT]["vehicle"] == "H 1 A"
    assert set(both["facilities"]) == {"FROM", "OTHER", "TO"}  # what a file leaves out stays
    assert both["operation"]["operation"]["id"] == "UJI"


def test_times_are_the_same_part_in_whatever_zone_they_are_written() -> None:
    (assignment,) = whole()["assignments"]
    assignment["from"] = "2024-11-25T08:00:00+07:00"
    rows = [imported(1, **whole()), imported(2, assignments=[assignment])]
    (known,) = assignments(as_known(rows, START + 2 * HOUR))
    assert (known.device_id, known.valid_from) == ("KWL-0001", START - 24 * HOUR)


def test_the_state_of_a_shipment_is_none_of_the_plan() -> None:
    rows = [imported(1, shipments=[changed(status="ARRIVED")])]
    assert "status" not in as_known(rows, START + HOUR)["shipments"][SHIPMENT]


def test_changes_are_named_part_by_part() -> None:
    rows = [imported(1, **whole()), imported(2, shipments=[changed(vehicle="H 1 A")])]
    none, one, both = (as_known(rows, START + hours * HOUR) for hours in (0, 1, 2))
    assert list(part_changes(one, both)) == [(f"shipments/{SHIPMENT}", "vehicle", None, "H 1 A")]
    new = {name for name, about, was, _ in part_changes(none, one) if about == "" and was is None}
    assert {"operation/operation", f"shipments/{SHIPMENT}", "devices/KWL-0001"} <= new
