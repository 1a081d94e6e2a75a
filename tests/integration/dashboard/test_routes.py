from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from db import accounts, alerts, views
from db.accounts import Role
from db.pool import connect
from domain.positions import Flag
from domain.quality import UNUSABLE
from tests.browser.screens import PASSWORD, Operation, until
from tests.integration.dashboard.conftest import SignIn


@pytest.fixture
def client(sign_in: SignIn) -> httpx.Client:
    return sign_in("sari")


def raise_alert(operation: Operation) -> int:
    operation.happen("seal_cut", "TRK-1", numbers={"seal_no": "A-1"})
    row = operation.connection.execute("select alert_id from alert").fetchone()
    assert row
    return int(row[0])


def test_a_step_is_taken_and_recorded(client: httpx.Client, operation: Operation) -> None:
    alert_id = raise_alert(operation)
    address = f"/api/alerts/{alert_id}/steps"
    assert client.post(address, json={"trigger": "ACKNOWLEDGE"}).status_code == 204
    body = {"trigger": "RESOLVE", "note": "  segel <b>utuh</b> "}
    assert client.post(address, json=body).status_code == 204
    steps = views.alert_steps(operation.connection, alert_id)[1:]
    assert [(step.trigger, step.actor, step.note) for step in steps] == [
        ("ACKNOWLEDGE", "Sari", None),
        ("RESOLVE", "Sari", "segel <b>utuh</b>"),
    ]


def test_a_viewer_may_only_look(sign_in: SignIn, operation: Operation) -> None:
    alert_id = raise_alert(operation)
    answer = sign_in("tamu").post(f"/api/alerts/{alert_id}/steps", json={"trigger": "ACKNOWLEDGE"})
    assert (answer.status_code, answer.json()) == (403, {"error": "role"})
    assert len(views.alert_steps(operation.connection, alert_id)) == 1


def test_who_comes_second_is_told_so(client: httpx.Client, operation: Operation) -> None:
    address = f"/api/alerts/{raise_alert(operation)}/steps"
    client.post(address, json={"trigger": "DISMISS"})
    answer = client.post(address, json={"trigger": "ACKNOWLEDGE"})
    assert (answer.status_code, answer.json()) == (409, {"error": "refused"})


def test_a_step_that_meets_ingest_half_way_is_taken_all_the_same(
    client: httpx.Client, operation: Operation, database_url: str
) -> None:
    """Ingest has the child and wants the incident, the person the other way round."""
    parent = raise_alert(operation)
    operation.happen("jamming_started", "TRK-2")
    row = operation.connection.execute(
        "select alert_id, alert_key from alert where rule = 'JAMMING'"
    ).fetchone()
    assert row
    assert alerts.adopt(operation.connection, parent, [row[1]]) == 1
    lock = "select from alert where alert_id = %s for update"
    waiting = "select count(*) from pg_locks where not granted"
    with connect(database_url, "test") as ingest, ThreadPoolExecutor(1) as person:
        ingest.execute("set deadlock_timeout = '30s'")  # so that the person is chosen
        with ingest.transaction():
            ingest.execute(lock, [row[0]])
            body = {"trigger": "ACKNOWLEDGE"}
            answer = person.submit(client.post, f"/api/alerts/{parent}/steps", json=body)
            until(lambda: operation.connection.execute(waiting).fetchone() == (1,))
            ingest.execute(lock, [parent])
        assert answer.result().status_code == 204
    states = operation.connection.execute("select distinct state from alert").fetchall()
    assert states == [("ACKNOWLEDGED",)]


def test_a_step_that_makes_no_sense_is_refused(client: httpx.Client) -> None:
    refused: list[tuple[str, dict[str, str], int]] = [
        ("/api/alerts/999999/steps", {"trigger": "ACKNOWLEDGE"}, 404),
        ("/api/alerts/1/steps", {"trigger": "CLEAR"}, 422),
        ("/api/alerts/1/steps", {"trigger": "RESOLVE", "note": "x" * 501}, 422),
        ("/api/alerts/1/steps", {}, 422),
        ("/api/alerts/satu/steps", {"trigger": "ACKNOWLEDGE"}, 422),
    ]
    for path, body, code in refused:
        assert client.post(path, json=body).status_code == code, (path, body)


def test_the_screen_can_ask_why(client: httpx.Client, operation: Operation) -> None:
    address = f"/api/alerts/{raise_alert(operation)}/explanation"
    english = client.get(address, params={"lang": "en"}).json()
    assert "reported that a seal was cut (number A-1)" in english[0]
    assert "segel dipotong (nomor A-1)" in client.get(address, params={"lang": "id"}).json()[0]
    assert client.get("/api/alerts/999/explanation", params={"lang": "en"}).status_code == 404
    assert client.get(address, params={"lang": "fr"}).status_code == 422


def test_the_plan_travels_once(client: httpx.Client, operation: Operation) -> None:
    answer = until(lambda: (got := client.get("/api/plan")).json()["routes"]["features"] and got)
    assert answer.json()["facilities"]["features"][0]["properties"]["tz"] == "Asia/Jakarta"
    tag = {"If-None-Match": answer.headers["etag"]}
    assert client.get("/api/plan", headers=tag).status_code == 304
    operation.plan(shipments=2)
    assert until(lambda: client.get("/api/plan", headers=tag).status_code == 200)


def test_a_track_is_of_the_device_that_is_asked_for(
    client: httpx.Client, operation: Operation
) -> None:
    operation.report("TRK-1", 106.85, -6.5)
    operation.report("TRK-2", 100.0, 0.0)
    operation.report("TRK-1", 106.9, -6.5, flags=int(Flag.MOCK))
    operation.report("TRK-1", 106.86, -6.5, flags=int(Flag.STALE | Flag.DUPLICATE_TIME))
    assert client.get("/api/track/TRK-1").json() == {
        "line": [[106.85, -6.5], [106.86, -6.5]],
        "doubted": [[106.9, -6.5]],
        "unusable": UNUSABLE,
    }
    assert client.get("/api/track/TRK-9").json()["line"] == []


def test_the_style_of_the_map_is_there(client: httpx.Client) -> None:
    for theme in ("dark", "light"):
        style = client.get("/api/style", params={"theme": theme}).json()
        assert style["name"] == f"kawal-{theme}"


def test_only_the_two_files_of_maplibre_are_served(client: httpx.Client) -> None:
    assert "maplibregl" in client.get("/vendor/maplibre-gl.js").text
    assert client.get("/vendor/maplibre-gl.css").status_code == 200
    for name in ("ipywidget.js", "..%2F__init__.py", "maplibre-gl.js.map"):
        assert client.get(f"/vendor/{name}").status_code in (404, 422)


def test_a_page_comes_in_the_language_and_theme_of_its_reader(client: httpx.Client) -> None:
    client.cookies.set("kawal_theme", "light")
    page = client.get("/").text
    assert '<html lang="id" data-theme="light">' in page
    assert "Dalam perjalanan" in client.get("/_dash-layout").text


def step(client: httpx.Client, alert_id: int, **body: object) -> tuple[int, str | None]:
    """(status, reason of the refusal)."""
    answer = client.post(f"/api/alerts/{alert_id}/steps", json=body)
    return answer.status_code, answer.json()["error"] if answer.content else None


def rini(operation: Operation) -> None:
    accounts.create(operation.connection, "rini", "Rini", PASSWORD, Role.LIAISON)


def test_an_alert_is_assigned_taken_and_escalated(
    client: httpx.Client, operation: Operation
) -> None:
    rini(operation)
    people = client.get("/api/handlers").json()
    assert [(one["login"], one["role"]) for one in people] == [
        ("rini", "LIAISON"),
        ("sari", "SUPERVISOR"),
    ]
    alert_id = raise_alert(operation)
    assert step(client, alert_id, trigger="ASSIGN", assignee="rini", note="dekat") == (204, None)
    assert step(client, alert_id, trigger="ASSIGN") == (204, None)
    assert step(client, alert_id, trigger="ESCALATE", note="butuh polisi") == (204, None)
    steps = views.alert_steps(operation.connection, alert_id)[1:]
    assert [(each.trigger, each.actor, each.assignee, each.note) for each in steps] == [
        ("ASSIGN", "Sari", "Rini", "dekat"),
        ("ASSIGN", "Sari", "Sari", None),
        ("ACKNOWLEDGE", "Sari", None, None),
        ("ESCALATE", "Sari", None, "butuh polisi"),
    ]


def test_an_alert_is_shelved_and_brought_back(client: httpx.Client, operation: Operation) -> None:
    alert_id = raise_alert(operation)
    before = datetime.now(UTC)
    body = {"trigger": "SHELVE", "note": "segel diganti", "minutes": 30}
    assert step(client, alert_id, **body) == (204, None)
    (shelved,) = (
        each
        for each in views.alert_steps(operation.connection, alert_id)
        if each.trigger == "SHELVE"
    )
    assert shelved.note == "segel diganti"
    assert shelved.until is not None
    assert timedelta(minutes=30) <= shelved.until - before < timedelta(minutes=31)
    assert step(client, alert_id, trigger="UNSHELVE") == (204, None)
    assert step(client, alert_id, trigger="UNSHELVE") == (409, "refused")


def test_what_goes_with_a_step_is_looked_at(client: httpx.Client, operation: Operation) -> None:
    alert_id = raise_alert(operation)
    refused: list[tuple[dict[str, object], tuple[int, str]]] = [
        ({"trigger": "ASSIGN", "assignee": "hantu"}, (422, "assignee")),
        ({"trigger": "ASSIGN", "assignee": "tamu"}, (422, "assignee")),
        ({"trigger": "ESCALATE", "note": " "}, (422, "note")),
        ({"trigger": "SHELVE", "note": "uji"}, (422, "until")),
        ({"trigger": "SHELVE", "note": "uji", "minutes": 721}, (422, "until")),
        ({"trigger": "SHELVE", "minutes": 10}, (422, "reason")),
    ]
    for body, told in refused:
        assert step(client, alert_id, **body) == told, body
    no_time = {"trigger": "SHELVE", "note": "x", "minutes": 0}
    for unread in (no_time, {"trigger": "WAKE"}):
        assert client.post(f"/api/alerts/{alert_id}/steps", json=unread).status_code == 422
    assert len(views.alert_steps(operation.connection, alert_id)) == 1


def test_a_liaison_may_not_shelve_what_is_critical(sign_in: SignIn, operation: Operation) -> None:
    rini(operation)
    alert_id = raise_alert(operation)
    client = sign_in("rini")
    session = client.get("/api/session").json()
    assert (session["may_handle"], session["may_shelve_critical"]) == (True, False)
    body = {"trigger": "SHELVE", "note": "uji", "minutes": 10}
    assert step(client, alert_id, **body) == (403, "critical")
    assert step(sign_in("tamu"), alert_id, **body) == (403, "role")


def test_a_group_is_acknowledged_as_far_as_it_is_new(
    sign_in: SignIn, client: httpx.Client, operation: Operation
) -> None:
    operation.plan(shipments=3)
    for number in (1, 2, 3):
        operation.happen("sos", f"TRK-{number}")
    rows = operation.connection.execute("select alert_id from alert order by 1").fetchall()
    ids = [row[0] for row in rows]
    step(client, ids[1], trigger="ACKNOWLEDGE")
    address, body = "/api/alerts/acknowledge", {"alert_ids": [*ids, ids[0], 999999]}
    assert sign_in("tamu").post(address, json=body).status_code == 403
    assert client.post(address, json=body).json() == {"taken": 2}
    assert client.post(address, json={"alert_ids": []}).status_code == 422
    states = operation.connection.execute("select distinct state from alert").fetchall()
    assert states == [("ACKNOWLEDGED",)]
    steps = operation.connection.execute("select count(*) from alert_step").fetchone()
    assert steps == (6,)
