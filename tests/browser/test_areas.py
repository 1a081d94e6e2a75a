"""The area of an incident on the map."""

from __future__ import annotations

import json
from typing import Any

from domain.footprint import footprint
from tests.browser.conftest import Visit
from tests.browser.screens import Operation, until

PLACES = [(-6.53, 106.77, 400.0), (-6.6, 106.95, 400.0), (-6.45, 107.0, 400.0)]
SHAPES = "kawal.live.map.getSource('areas').serialize().data.features"
DRAWN = "kawal.live.map.queryRenderedFeatures({layers: ['area']}).length"


def incident(kind: str = "interference_started", **numbers: Any) -> dict[str, Any]:
    area = footprint(PLACES)
    given = {"devices": 3, "kinds": "jamming,jump", "radius_m": area.radius_m,
             "footprint": area.text} | numbers  # fmt: skip
    return {"kind": kind, "shipment_id": None, "numbers": given, "group_id": "GNSS-1"}


def test_an_open_incident_is_an_area_that_goes_when_it_is_resolved(
    visit: Visit, operation: Operation
) -> None:
    operation.plan()
    operation.report("TRK-1", 106.77, -6.53)
    operation.happen(device_id="TRK-1", **incident())
    visitor = visit()
    visitor.sign_in(address="/#map=9/-6.55/106.9")
    until(lambda: visitor.ask(DRAWN) > 0)
    (shape,) = visitor.ask(SHAPES)
    assert shape["geometry"] == json.loads(footprint(PLACES).text)
    assert "3 pelacak" in shape["properties"]["label"]
    assert shape["properties"]["over"] is False
    visitor.page.click("#button-legend")
    assert "Area insiden" in visitor.text("#legend")
    operation.happen(device_id="TRK-1", **incident("interference_ended"))
    until(lambda: visitor.ask(SHAPES)[0]["properties"]["over"])
    operation.connection.execute(
        "update alert set state = 'RESOLVED', changed_xid = pg_current_xact_id()"
    )
    operation.connection.execute("notify kawal")
    until(lambda: visitor.ask(SHAPES) == [])


def test_what_is_no_area_is_not_drawn_and_breaks_nothing(
    visit: Visit, operation: Operation
) -> None:
    operation.plan()
    operation.report("TRK-1", 106.77, -6.53)
    bad = ["<img src=x onerror=alert(1)>", "{", '{"type":"Polygon","coordinates":[[["x",1]]]}', 7]
    for number, footprint_text in enumerate(bad):
        told = incident(footprint=footprint_text) | {"group_id": f"GNSS-{number}"}
        operation.happen(device_id="TRK-1", **told)
    visitor = visit()
    visitor.sign_in(address="/#map=9/-6.55/106.9")
    visitor.wait("kawal.live.map.loaded()")
    until(lambda: visitor.markers() == ["TRK-1"])
    assert visitor.ask("kawal.picture.alerts.size") == len(bad)
    assert visitor.ask(SHAPES) == []
