"""The screen says when it cannot be trusted, and heals by itself."""

from db.server import DatabaseServer
from tests.browser.conftest import Visit, Visitor
from tests.browser.screens import Operation, RunningScreen, until

BOGOR = (106.87, -6.55)
REFUSED = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET")


def state(visitor: Visitor) -> str:
    value: str = visitor.ask("document.getElementById('shell').dataset.state")
    return value


def test_a_restart_of_the_server_changes_nothing_that_was_chosen(
    visit: Visit, operation: Operation, screen: RunningScreen
) -> None:
    operation.plan()
    operation.report("TRK-1", *BOGOR)
    operation.happen("tamper", "TRK-1")
    visitor = visit()
    visitor.sign_in()
    visitor.page.click("#filter-new")
    visitor.ask("kawal.live.map.jumpTo({center: [107, -6.6], zoom: 9})")
    visitor.ask("kawal.live.select('TRK-1'); kawal.list.step(1); window.same = true")
    chosen = (
        "JSON.stringify([kawal.live.selected, kawal.list.selected, kawal.list.filter,"
        " kawal.live.map.getZoom(), kawal.live.map.getCenter().lng.toFixed(3), window.same])"
    )
    before = visitor.ask(chosen)
    instance = visitor.ask("kawal.picture.heartbeat.instance")
    screen.stop()
    until(lambda: state(visitor) == "lost")
    assert "Sambungan ke server terputus sejak" in visitor.text("#banner")
    assert "TERPUTUS" in visitor.text("#connection")
    screen.start()
    until(lambda: state(visitor) == "live")
    assert visitor.ask("document.getElementById('banner').hidden")
    assert visitor.ask("kawal.picture.heartbeat.instance") != instance
    operation.report("TRK-1", 106.95, -6.6)
    visitor.wait("kawal.picture.positions.get('TRK-1')?.lon === 106.95")
    assert visitor.ask(chosen) == before
    visitor.forgive(*REFUSED)


def test_data_that_stops_is_stale_and_a_database_that_goes_is_lost(
    visit: Visit, operation: Operation, database_server: DatabaseServer
) -> None:
    operation.plan(report_interval_s=1)
    operation.report("TRK-1", *BOGOR)
    visitor = visit()
    visitor.sign_in()
    until(lambda: state(visitor) == "stale")
    assert "Data berhenti sejak" in visitor.text("#banner")
    operation.report("TRK-1", *BOGOR)
    until(lambda: state(visitor) == "live")
    operation.close()
    database_server.stop()
    try:
        until(lambda: state(visitor) == "database")
        assert "Basis data tidak menjawab sejak" in visitor.text("#banner")
    finally:
        database_server.start()
    until(lambda: state(visitor) in ("live", "stale"), 30)


def test_a_sign_in_that_ended_is_said(
    visit: Visit, operation: Operation, screen: RunningScreen
) -> None:
    visitor = visit()
    visitor.sign_in()
    operation.connection.execute("delete from web_session")
    screen.stop()
    screen.start()
    until(lambda: state(visitor) == "expired")
    assert "Sesi Anda berakhir" in visitor.text("#banner")
    # The map may still have been fetching its land when the server went.
    visitor.forgive("401", "AJAXError", *REFUSED)
