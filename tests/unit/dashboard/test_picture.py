import json
from datetime import timedelta
from typing import Any

import pytest

from dashboard import picture as pictures
from dashboard.messages import milliseconds
from dashboard.picture import Flood, Picture
from db.views import FacilityRow, ProgressRow
from domain.settings import Rules
from tests.unit.dashboard.rows import NOW, alert, changes, device, plan, position, status


@pytest.fixture
def picture() -> Picture:
    made = Picture(Rules())
    made.apply(changes(whole=True, plan=plan([device("TRK-1"), device("TRK-2")])))
    return made


def test_what_did_not_change_does_not_travel(picture: Picture) -> None:
    assert picture.apply(changes(positions=[position("TRK-1"), position("TRK-2")]))
    version = picture.version
    assert not picture.apply(changes(positions=[position("TRK-1")]))
    assert picture.version == version
    picture.apply(changes(positions=[position("TRK-1"), position("TRK-2", lon_deg=107.0)]))
    delta = picture.delta(version)
    assert not delta["whole"]
    assert delta["positions"]["lon"] == [107.0]
    assert delta.keys() == {"seq", "whole", "positions"}


def test_a_slow_browser_gets_the_newest_state_in_one_piece(picture: Picture) -> None:
    version = picture.version
    for step in range(50):
        picture.apply(changes(positions=[position("TRK-1", lon_deg=106.0 + step / 100)]))
    assert picture.delta(version)["positions"]["lon"] == [106.49]


def test_a_new_browser_and_one_of_another_run_get_the_whole(picture: Picture) -> None:
    picture.apply(changes(positions=[position("TRK-1")], alerts=[alert()]))
    for since in (None, picture.version + 1):
        delta = picture.delta(since)
        assert delta["whole"]
        assert delta["devices"]["id"] == ["TRK-1", "TRK-2"]
        assert len(delta["alerts"]) == 1


def test_a_browser_from_before_what_is_remembered_gets_the_whole(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "REMEMBERED_VERSIONS", 5)
    old = picture.version
    for step in range(20):
        picture.apply(changes(positions=[position("TRK-1", lon_deg=106.0 + step)]))
    assert picture.delta(old)["whole"]
    assert not picture.delta(picture.version - 1)["whole"]


def test_numbers_of_devices_stay_and_columns_are_equally_long(picture: Picture) -> None:
    picture.apply(changes(positions=[position("TRK-2"), position("TRK-1")]))
    whole = picture.delta(None)
    number = dict(zip(whole["devices"]["id"], whole["devices"]["i"], strict=True))
    assert len(set(number.values())) == 2
    for table in ("devices", "positions"):
        assert {len(column) for column in whole[table].values()} == {2}
    picture.apply(changes(positions=[position("TRK-2", lat_deg=-7.0)]))
    assert picture.delta(whole["seq"])["positions"]["i"] == [number["TRK-2"]]


def test_every_message_is_json(picture: Picture) -> None:
    picture.apply(
        changes(
            positions=[position("TRK-1", speed_kmh=None, course_deg=None, battery_pct=None)],
            statuses=[status("TRK-1")],
            alerts=[alert(cleared_at=NOW)],
        )
    )
    assert json.loads(json.dumps(picture.delta(None), allow_nan=False))["alerts"][0]["cleared_at"]


def test_a_closed_alert_leaves(picture: Picture) -> None:
    picture.apply(changes(alerts=[alert(7)]))
    version = picture.version
    picture.apply(changes(alerts=[alert(7, state="RESOLVED")]))
    assert picture.delta(version)["gone_alerts"] == [7]
    assert picture.delta(None)["alerts"] == []


def test_a_whole_look_removes_what_is_gone(picture: Picture) -> None:
    picture.apply(changes(positions=[position("TRK-1"), position("TRK-2")], alerts=[alert(7)]))
    version = picture.version
    picture.apply(changes(whole=True, positions=[position("TRK-1")]))
    delta = picture.delta(version)
    assert delta["gone_positions"] == ["TRK-2"]
    assert delta["gone_alerts"] == [7]


def test_a_device_that_no_plan_knows_is_shown(picture: Picture) -> None:
    picture.apply(changes(positions=[position("HP-7")]))
    devices = picture.delta(None)["devices"]
    at = devices["id"].index("HP-7")
    assert devices["registered"][at] is False
    picture.apply(changes(plan=plan([device("TRK-1"), device("TRK-2")])))
    assert "HP-7" in picture.delta(None)["devices"]["id"]


def test_totals_tell_who_reports_who_fell_silent_and_who_never_spoke(picture: Picture) -> None:
    picture.apply(
        changes(
            plan=plan(
                [device(f"TRK-{number}") for number in range(1, 5)],
                {"IN_TRANSIT": 3, "ARRIVED": 1, "RECEIVED": 2, "PLANNED": 4},
            ),
            positions=[
                position("TRK-1"),
                position("TRK-2", received_at=NOW - timedelta(seconds=91)),
                position("TRK-3", received_at=NOW - timedelta(hours=1)),
            ],
            statuses=[status("TRK-3", state="sleeping", received_at=NOW - timedelta(hours=1))],
            alerts=[alert(1), alert(2, state="ACKNOWLEDGED")],
        )
    )
    totals = picture.totals(NOW)
    assert (totals.reporting, totals.silent, totals.unheard) == (2, 1, 1)
    assert (totals.in_transit, totals.arrived, totals.shipments) == (3, 3, 10)
    assert (totals.unacknowledged, totals.open) == (1, 2)


def test_a_last_will_is_no_sign_of_life(picture: Picture) -> None:
    picture.apply(changes(positions=[position("TRK-1", received_at=NOW - timedelta(minutes=5))]))
    picture.apply(changes(statuses=[status("TRK-1", state="offline")]))
    assert picture.totals(NOW).silent == 1
    picture.apply(changes(statuses=[status("TRK-1", state="online")]))
    assert picture.totals(NOW).silent == 0


def test_the_device_itself_knows_best_how_often_it_reports(picture: Picture) -> None:
    assert picture.stale_after_s() is None
    picture.apply(changes(positions=[position("TRK-1")]))
    assert picture.stale_after_s() == 90
    picture.apply(changes(statuses=[status("TRK-1", report_interval_s=600.0)]))
    assert picture.stale_after_s() == 1230


def test_a_changed_plan_has_another_tag_and_its_places(picture: Picture) -> None:
    before = picture.plan_version
    place = FacilityRow("F", "PPK", "PPK", "Asia/Jakarta", -6.5, 106.8, 200.0, None)
    picture.apply(changes(plan=plan([])._replace(facilities=[place])))
    assert picture.plan_version > before
    assert len(picture.plan()["fences"]["features"]) == 1
    assert picture.delta(None)["devices"] == {}


def test_what_is_put_aside_or_part_of_an_incident_is_not_on_the_list(picture: Picture) -> None:
    hour = timedelta(hours=1)
    picture.apply(
        changes(
            alerts=[
                alert(1),
                alert(2, shelved_until=NOW + hour, shelved_by="Sari", shelf_reason="uji"),
                alert(3, severity=2, parent_id=1),
            ]
        )
    )
    totals = picture.totals(NOW)
    assert (totals.unacknowledged, totals.open, totals.shelved) == (1, 1, 1)
    # Also while nobody tends the alerts, a shelf is over at its end.
    later = picture.totals(NOW + hour)
    assert (later.unacknowledged, later.open, later.shelved) == (2, 2, 0)


def test_an_alert_travels_with_its_priority_and_whether_it_is_loud(picture: Picture) -> None:
    rows = [
        alert(1),
        alert(2, severity=2),
        alert(3, severity=2, late_by_s=900.0),
        alert(4, late_by_s=900.0),
        alert(5, severity=3, quiet=True),
        alert(6, severity=2, parent_id=1),
        alert(7, shelved_until=NOW + timedelta(hours=1)),
    ]
    picture.apply(changes(alerts=rows))
    told = [(a["alert_id"], a["priority"], a["loud"]) for a in picture.delta(None)["alerts"]]
    assert told == [
        (1, 1, True),
        (2, 2, True),
        (3, 3, False),
        (4, 1, True),
        (5, 4, False),
        (6, 4, False),
        (7, 4, False),
    ]


def test_a_flood_counts_what_is_new_and_live_also_when_it_was_dealt_with(
    picture: Picture,
) -> None:
    minute = timedelta(minutes=1)
    quiet = [alert(100, quiet=True), alert(101, parent_id=1), alert(102, late_by_s=900.0)]
    picture.apply(changes(alerts=[alert(n) for n in range(10)] + quiet))
    assert picture.flood(NOW) is None
    picture.apply(changes(alerts=[alert(10, raised_at=NOW + minute)]))
    picture.apply(changes(alerts=[alert(n, state="RESOLVED") for n in range(5)]))
    assert picture.flood(NOW + minute) == Flood(11, 600.0)
    assert picture.flood(NOW + 9.9 * minute) == Flood(11, 600.0)
    assert picture.flood(NOW + 10 * minute) is None


def test_what_an_incident_takes_is_no_flood_of_its_own(picture: Picture) -> None:
    picture.apply(changes(alerts=[alert(n) for n in range(20)]))
    assert picture.flood(NOW)
    picture.apply(changes(alerts=[alert(n, parent_id=19) for n in range(19)]))
    assert picture.flood(NOW) is None


def progress(device_id: str = "TRK-1", **more: Any) -> ProgressRow:
    row = ProgressRow(
        "SHP-1", device_id, 30_000.4, 100_000.0, 30.0, NOW, NOW, NOW + timedelta(hours=1), None,
        False, "SHIP", NOW,
    )  # fmt: skip
    return row._replace(**more)


def test_progress_travels_by_shipment_when_it_changed(picture: Picture) -> None:
    version = picture.version
    assert picture.apply(changes(progress=[progress()]))
    assert picture.delta(version)["progress"] == {
        "shipment": ["SHP-1"],
        "percent": [30.0],
        "left_m": [70_000],
        "length_m": [100_000],
        "fix": [milliseconds(NOW)],
        "early": [milliseconds(NOW)],
        "eta": [milliseconds(NOW) + 3_600_000],
        "late": [None],
        "wrong_way": [False],
        "mode": ["SHIP"],
        "at": [milliseconds(NOW)],
    }
    assert not picture.apply(changes(progress=[progress()]))


def test_of_two_devices_with_one_shipment_the_one_seen_last_counts(picture: Picture) -> None:
    picture.apply(changes(progress=[progress()]))
    older = progress("TRK-2", fix_time=NOW - timedelta(minutes=5), percent=29.0)
    assert not picture.apply(changes(progress=[older]))
    picture.apply(changes(progress=[older._replace(fix_time=NOW + timedelta(minutes=5))]))
    assert picture.delta(None)["progress"]["percent"] == [29.0]
    picture.apply(changes(whole=True))
    assert picture.delta(None)["progress"] == {}
