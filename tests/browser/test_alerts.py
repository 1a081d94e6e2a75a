from db import views
from tests.browser.conftest import Visit
from tests.browser.screens import Operation, until

CARD = "#alert-list .card"


def deviate(operation: Operation, device_id: str = "TRK-1") -> None:
    operation.happen(
        "corridor_left",
        device_id,
        numbers={
            "outside_m": 1850,
            "distance_m": 2350,
            "half_width_m": 500.0,
            "accuracy_m": 8.0,
            "fixes": 3,
        },
    )


def test_an_alert_appears_and_is_acknowledged(visit: Visit, operation: Operation) -> None:
    operation.plan()
    operation.report("TRK-1", 106.87, -6.55)
    visitor, colleague = visit(), visit()
    visitor.sign_in()
    colleague.sign_in("tamu")
    assert visitor.text("#alert-state h3") == "Tidak ada peringatan"
    deviate(operation)
    visitor.page.wait_for_selector(CARD)
    told = visitor.text(CARD)
    for words in (
        "TINGGI",
        "Keluar dari koridor rute",
        "1,9 km",
        "2,4 km dari rute, batas 500 m, ±8 m",
        "SJ-0001",
        "lalu",
        "WIB",
    ):
        assert words in told
    until(lambda: visitor.text("#kpi-unacknowledged .number") == "1")
    until(lambda: visitor.ask("kawal.live.drawn.get('TRK-1').severity") == 2)
    visitor.page.click(f"{CARD} [data-action=ACKNOWLEDGE]")
    visitor.page.wait_for_selector(f"{CARD}.is-seen")
    assert "ditanggapi Sari" in visitor.text(CARD)
    until(lambda: "ditanggapi Sari" in colleague.text(CARD))
    (alert_id,) = operation.connection.execute("select alert_id from alert").fetchone() or ()
    assert [step.trigger for step in views.alert_steps(operation.connection, alert_id)] == [
        "OPEN",
        "ACKNOWLEDGE",
    ]
    visitor.page.click(f"{CARD} h3")
    until(lambda: "Ditanggapi" in visitor.text("#history"))


def test_a_note_goes_with_a_resolved_alert(visit: Visit, operation: Operation) -> None:
    operation.plan()
    deviate(operation)
    visitor = visit()
    visitor.sign_in()
    visitor.page.wait_for_selector(CARD)
    visitor.page.click(f"{CARD} [data-action=DISMISS]")
    visitor.page.click("#note-dialog button.quiet")
    assert visitor.page.query_selector(CARD)
    visitor.page.click(f"{CARD} [data-action=DISMISS]")
    visitor.page.fill("#note-text", "Memutar karena longsor")
    visitor.page.click("#note-dialog button.main")
    until(lambda: visitor.page.query_selector(CARD) is None)
    row = operation.connection.execute(
        "select state, note from alert join alert_step using (alert_id) where note is not null"
    ).fetchone()
    assert row == ("FALSE_POSITIVE", "Memutar karena longsor")


def test_the_keyboard_does_it_all(visit: Visit, operation: Operation) -> None:
    operation.plan(shipments=3)
    for number in (1, 2, 3):
        operation.report(f"TRK-{number}", 106.0 + number / 10, -6.5)
    visitor = visit()
    visitor.sign_in()
    deviate(operation, "TRK-1")
    operation.happen("seal_cut", "TRK-2", numbers={"seal_no": "A-2"})
    operation.happen("silence", "TRK-3", numbers={"silent_s": 100.0, "interval_s": 30.0})
    visitor.wait(f"document.querySelectorAll('{CARD}').length === 3")
    rules = "kawal.list.listed().map((alert) => alert.rule).join()"
    assert visitor.ask(rules) == "SEAL_CUT,CORRIDOR_DEVIATION,SILENCE"
    visitor.page.keyboard.press("j")
    visitor.page.keyboard.press("j")
    assert visitor.ask("kawal.list.current().rule") == "CORRIDOR_DEVIATION"
    visitor.page.keyboard.press("l")
    visitor.wait("kawal.live.selected === 'TRK-1'")
    visitor.page.keyboard.press("k")
    visitor.page.keyboard.press("a")
    until(lambda: visitor.ask(rules) == "CORRIDOR_DEVIATION,SILENCE,SEAL_CUT")
    assert visitor.ask("kawal.list.current().rule") == "SEAL_CUT"
    focused = visitor.ask("document.activeElement.dataset.alert")
    assert focused == str(visitor.ask("kawal.list.selected"))


def test_a_viewer_only_looks(visit: Visit, operation: Operation) -> None:
    operation.plan()
    deviate(operation)
    visitor = visit()
    visitor.sign_in("tamu")
    visitor.page.wait_for_selector(CARD)
    assert visitor.page.query_selector(f"{CARD} [data-action=ACKNOWLEDGE]") is None
    visitor.page.keyboard.press("j")
    visitor.page.keyboard.press("a")
    until(lambda: "hanya untuk memantau" in visitor.text("#toast"))
    assert operation.connection.execute("select state from alert").fetchone() == ("NEW",)


def test_who_was_too_late_is_told_so(visit: Visit, operation: Operation) -> None:
    operation.plan()
    deviate(operation)
    visitor = visit()
    visitor.sign_in()
    visitor.page.wait_for_selector(CARD)
    # Behind the back of the feed, so that the page still offers the step.
    operation.connection.execute("update alert set state = 'RESOLVED'")
    visitor.page.click(f"{CARD} [data-action=ACKNOWLEDGE]")
    until(lambda: "orang lain sudah lebih dulu" in visitor.text("#toast"))
    visitor.forgive("409")


def test_text_from_outside_stays_text(visit: Visit, operation: Operation) -> None:
    evil = "<img src=x onerror='window.evil=1'>"
    operation.plan()
    operation.connection.execute("update facility set name = %s", (evil,))
    operation.connection.execute("update shipment set surat_jalan_no = %s", (evil,))
    operation.connection.execute("update device set name = %s", (evil,))
    operation.report("TRK-1", 106.87, -6.55)
    operation.happen("tamper", "TRK-1", numbers={"note": evil})
    operation.connection.execute(
        "insert into alert (alert_key, rule, severity, programme, device_id, state, opened_at,"
        " last_seen_at, detail) values ('x', 'NEW_RULE', 3, 'LOGISTICS', 'TRK-1', 'NEW', now(),"
        " now(), jsonb_build_object('gap_m', 5300, 'leader', %s::text))",
        (evil,),
    )
    visitor = visit()
    visitor.sign_in(address="/#map=9/-6.5/106.8&device=TRK-1")
    visitor.wait(f"document.querySelectorAll('{CARD}').length === 2")
    told = visitor.text("#alert-list")
    assert evil in told
    assert "new rule" in told
    assert "5.300" in told
    visitor.page.fill("#find", "img")
    visitor.wait("!document.getElementById('found').hidden")
    assert evil in visitor.text("#selected")
    assert visitor.ask("document.querySelectorAll('#shell img').length") == 0
    assert visitor.ask("window.evil") is None
