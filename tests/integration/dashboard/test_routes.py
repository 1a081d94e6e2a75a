import httpx
import pytest

from db import views
from tests.browser.screens import Operation, until
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
    assert client.get("/api/track/TRK-1").json() == [[106.85, -6.5]]
    assert client.get("/api/track/TRK-9").json() == []


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
