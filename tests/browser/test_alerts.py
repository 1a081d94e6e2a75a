from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg.types.json import Jsonb

from dashboard import i18n
from db import accounts, alert_work, alerts, views
from db.accounts import Role
from domain.alerts import Trigger
from domain.settings import Alerts
from tests.browser.conftest import WALL, Visit, Visitor
from tests.browser.screens import PASSWORD, Operation, until

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


# --- work beside the life-cycle ---------------------------------------------------------

MENU = f"{CARD} [data-action=MORE]"
ROW = "#alert-list > li"


def silent(operation: Operation, *numbers: int) -> None:
    for number in numbers:
        told = {"silent_s": 100.0, "interval_s": 30.0}
        operation.happen("silence", f"TRK-{number}", numbers=told)


def tend(operation: Operation, **later: float) -> int:
    """What ingest does each second, as if it were later."""
    return alert_work.tend(operation.connection, Alerts(), datetime.now(UTC) + timedelta(**later))


def only(operation: Operation) -> int:
    (alert_id,) = operation.connection.execute("select alert_id from alert").fetchone() or ()
    return int(alert_id)


def blinks(visitor: Visitor, selector: str) -> bool:
    """By its class: a browser that asks for less motion, as here, never animates."""
    return bool(visitor.ask(f"document.querySelector('{selector}').matches('.is-loud.is-new')"))


def test_one_is_given_to_a_colleague_and_taken_back(visit: Visit, operation: Operation) -> None:
    operation.plan()
    accounts.create(operation.connection, "rini", "Rini", PASSWORD, Role.LIAISON)
    deviate(operation)
    visitor = visit()
    visitor.sign_in()
    visitor.page.click(MENU)
    visitor.page.click(f"{CARD} [data-action=ASSIGN]")
    people = "[...document.getElementById('note-assignee').options].map((o) => o.value)"
    until(lambda: visitor.ask(people) == ["rini", "sari"])
    visitor.page.select_option("#note-assignee", "rini")
    visitor.page.fill("#note-text", "dekat lokasi")
    visitor.page.click("#note-dialog button.main")
    until(lambda: "ditugaskan ke Rini" in visitor.text(CARD))
    visitor.page.click(f"{CARD} .tags [data-action=TAKE]")
    until(lambda: "ditanggapi Sari" in visitor.text(CARD))
    until(lambda: "kepada Rini" in visitor.text("#history"))
    until(lambda: "kepada Sari" in visitor.text("#history"))
    assert "dekat lokasi" in visitor.text("#history")
    row = operation.connection.execute("select state, assignee from alert").fetchone()
    assert row == ("ACKNOWLEDGED", "sari")


def test_one_is_shelved_comes_back_by_itself_and_escalates(
    visit: Visit, operation: Operation
) -> None:
    operation.plan()
    deviate(operation)
    visitor = visit()
    visitor.sign_in()
    visitor.page.click(MENU)
    visitor.page.click(f"{CARD} [data-action=SHELVE]")
    visitor.page.click("#note-dialog button.main")
    assert visitor.ask("document.getElementById('note-dialog').open")  # without a reason: no
    visitor.page.fill("#note-text", "jalan dialihkan polisi")
    visitor.page.select_option("#note-minutes", "120")
    visitor.page.click("#note-dialog button.main")
    visitor.page.wait_for_selector("#alert-state h3")
    assert visitor.text("#alert-state h3") == "Semua peringatan ditunda"
    assert visitor.text("#count-shelved") == "1"
    until(lambda: visitor.text("#kpi-unacknowledged .number") == "0")
    visitor.page.click("#filter-shelved")
    told = visitor.text(CARD)
    assert "ditunda Sari sampai" in told
    assert "jalan dialihkan polisi" in told
    assert not blinks(visitor, CARD)
    assert visitor.page.query_selector(f"{CARD} [data-action=ESCALATE]") is None
    assert tend(operation, minutes=121) == 1
    until(lambda: visitor.text("#alert-state h3") == "Tidak ada yang ditunda")
    visitor.page.click("#filter-all")
    until(lambda: blinks(visitor, CARD))
    assert tend(operation, minutes=132) == 1
    until(lambda: "eskalasi 1" in visitor.text(CARD))
    visitor.page.click(f"{CARD} h3")
    until(lambda: "Kembali dari penundaan" in visitor.text("#history"))


def test_what_comes_again_or_late_is_listed_and_does_not_blink(
    visit: Visit, operation: Operation
) -> None:
    operation.plan(shipments=3)
    deviate(operation, "TRK-1")
    alerts.transition(operation.connection, only(operation), Trigger.RESOLVE, "sari")
    operation.happen("corridor_further", "TRK-1", numbers={"outside_m": 2100.0})
    operation.happen("silence", "TRK-2", late_by_s=7200.0, numbers={"silent_s": 100.0})
    operation.happen("seal_opened", "TRK-3", late_by_s=7200.0, numbers={"seal_no": "A-3"})
    visitor = visit()
    visitor.sign_in()
    visitor.wait(f"document.querySelectorAll('{CARD}').length === 3")
    listed = "kawal.list.listed().map((alert) => [alert.rule, alert.priority, alert.loud])"
    assert visitor.ask(listed) == [
        ["SEAL_OPENED", 1, True],
        ["CORRIDOR_DEVIATION", 3, False],
        ["SILENCE", 4, False],
    ]
    late, again, quiet = (visitor.text(f"{CARD}:nth-child({at})") for at in (1, 2, 3))
    assert "kritis terlambat: 2 jam" in late
    assert "berulang 1 kali, senyap" in again
    assert "terlambat 2 jam" in quiet
    assert blinks(visitor, CARD)
    assert not blinks(visitor, f"{CARD}:nth-child(2)")
    assert tend(operation, seconds=601) == 2  # it still holds and wakes up; the seal escalates
    until(lambda: blinks(visitor, f"{CARD}:nth-child(2)"))
    assert "senyap" not in visitor.text(f"{CARD}:nth-child(2)")


def test_an_incident_holds_its_alerts(visit: Visit, operation: Operation) -> None:
    operation.plan(shipments=4)
    deviate(operation, "TRK-1")
    incident = only(operation)
    silent(operation, 2, 3, 4)
    keys = [f"SILENCE/SHP-{number}/TRK-{number}/-" for number in (2, 3, 4)]
    assert alerts.adopt(operation.connection, incident, keys) == 3
    visitor = visit()
    visitor.sign_in()
    visitor.wait(f"document.querySelectorAll('{CARD}').length === 1")
    assert "3 peringatan anak, 3 belum ditanggapi" in visitor.text(CARD)
    assert visitor.text("#count-all") == "1"
    until(lambda: visitor.text("#kpi-unacknowledged .number") == "1")
    visitor.page.click("[data-action=CHILDREN]")
    visitor.wait(f"document.querySelectorAll('{CARD}.is-inside').length === 3")
    assert not blinks(visitor, f"{CARD}.is-inside")
    alerts.transition(operation.connection, incident, Trigger.RESOLVE, "sari")
    visitor.wait(f"document.querySelectorAll('{CARD}.is-loud').length === 3")


def flood(operation: Operation) -> None:
    """A hundred alerts within the last ten minutes, and two critical ones."""
    operation.plan(shipments=100)
    for number in range(1, 41):
        operation.report(f"TRK-{number}", 106.8 + number / 300, -6.5 - number / 400)
    kinds: dict[str, dict[str, float]] = {
        "corridor_left": {
            "outside_m": 1850.0,
            "distance_m": 2350.0,
            "half_width_m": 500.0,
            "accuracy_m": 8.0,
        },
        "silence": {"silent_s": 100.0, "interval_s": 30.0},
        "battery_low": {"battery_pct": 12.0},
        "door_opened": {},
        "jamming_started": {},
    }
    for number in range(1, 101):
        kind = list(kinds)[number % 5]
        operation.happen(kind, f"TRK-{number}", numbers=kinds[kind])
    operation.connection.execute(
        "update alert set raised_at = now() - alert_id * interval '5 s',"
        " opened_at = now() - alert_id * interval '5 s'"
    )
    operation.happen("seal_cut", "TRK-7", numbers={"seal_no": "A-7"})
    operation.happen("sos", "TRK-9", late_by_s=5000.0)


def test_a_flood_stays_readable_and_every_alert_is_reached(
    visit: Visit, operation: Operation, tmp_path: Path
) -> None:
    flood(operation)
    visitor = visit(WALL)
    visitor.sign_in()
    until(lambda: visitor.page.is_visible("#flood"))
    assert visitor.text("#flood-title") == "Banjir peringatan: 101 dalam 10 mnt"
    titles = [row.inner_text() for row in visitor.page.query_selector_all(f"{ROW} h3")]
    assert titles == ["Panggilan darurat (SOS)", "Segel dipotong dalam perjalanan"]
    groups = visitor.page.query_selector_all(f"{ROW}.group")
    counts = {
        group.query_selector(".title").inner_text(): group.query_selector(".big").inner_text()  # type: ignore[union-attr]
        for group in groups
    }
    assert list(counts.values()) == ["20"] * 5
    assert list(counts)[3:] == ["Pelacak senyap", "Baterai lemah"]
    visitor.page.screenshot(path=tmp_path / "flood.png")
    bottom = "document.getElementById('alert-list').getBoundingClientRect().bottom"
    fifth = f"document.querySelector('{ROW}:nth-child(5)').getBoundingClientRect().bottom"
    assert visitor.ask(f"{fifth} <= {bottom}")  # what is critical or high needs no scrolling
    for at in range(len(groups)):
        visitor.page.locator(".group .toggle").nth(at).click()
    while visitor.page.query_selector("[data-action=ROOM]"):
        visitor.page.click("[data-action=ROOM]")
    visitor.wait(f"document.querySelectorAll('{ROW}[data-alert]').length === 102")


def test_in_a_flood_the_wish_of_the_person_holds(visit: Visit, operation: Operation) -> None:
    flood(operation)
    visitor = visit()
    visitor.sign_in()
    until(lambda: visitor.ask("kawal.list.grouping") == "cause")
    visitor.page.click("#group-time")
    visitor.wait(f"document.querySelectorAll('{ROW}[data-alert]').length === 60")
    for _ in range(62):
        visitor.page.keyboard.press("j")
    visitor.wait(f"document.querySelectorAll('{ROW}[data-alert]').length === 102")
    focused = visitor.ask("document.activeElement.dataset.alert")
    assert focused == str(visitor.ask("kawal.list.listed()[61].alert_id"))
    visitor.ask(f"window.kept = document.querySelectorAll('{ROW}')[90]")
    operation.happen("tamper", "TRK-11", numbers={})
    until(lambda: "Perangkat dibongkar" in visitor.text("#alert-list"))
    assert visitor.ask("kept.isConnected")
    assert visitor.ask("document.activeElement.dataset.alert") == focused
    assert visitor.ask("kawal.list.grouping") == "time"
    # An hour later it is over: the list is again what it was without a flood.
    operation.connection.execute(
        "update alert set raised_at = raised_at - interval '1 h',"
        " changed_xid = pg_current_xact_id()"
    )
    until(lambda: visitor.page.is_hidden("#flood"))
    assert visitor.ask("[kawal.list.grouping, kawal.list.chosen]") == ["time", None]


def test_a_group_is_acknowledged_at_once_after_a_question(
    visit: Visit, operation: Operation
) -> None:
    operation.plan(shipments=4)
    silent(operation, 1, 2, 3)
    deviate(operation, "TRK-3")
    visitor = visit()
    visitor.sign_in(address="/#group=cause")
    visitor.wait(f"document.querySelectorAll('{ROW}').length === 2")
    visitor.page.click("#group-shipment")
    group = ".group[data-group=shipment-SHP-3]"
    visitor.page.wait_for_selector(group)
    told = visitor.text(group)
    for words in ("SJ-0003", "TINGGI", "2", "Keluar dari koridor rute · Pelacak senyap"):
        assert words in told
    assert "group=shipment" in visitor.page.url
    visitor.page.keyboard.press("g")
    group = ".group[data-group=cause-SILENCE]"
    visitor.page.wait_for_selector(group)
    assert "3 pengiriman" in visitor.text(group)
    visitor.page.click(f"{group} [data-action=ACKNOWLEDGE_ALL]")
    assert visitor.text("#note-title") == "Tanggapi 3 peringatan sekaligus?"
    visitor.page.click("#note-dialog button.quiet")
    assert operation.connection.execute("select distinct state from alert").fetchall() == [("NEW",)]
    visitor.page.click(f"{group} [data-action=ACKNOWLEDGE_ALL]")
    visitor.page.click("#note-dialog button.main")
    until(lambda: "semua sudah ditanggapi" in visitor.text(group))
    rows = operation.connection.execute("select rule, state from alert order by alert_id")
    assert rows.fetchall() == [("SILENCE", "ACKNOWLEDGED")] * 3 + [("CORRIDOR_DEVIATION", "NEW")]
    assert visitor.text("#count-new") == "1"


# Rule, the numbers of its event, and what the card says of them.
NIGHT: dict[str, tuple[dict[str, float | str], str]] = {
    "UNPLANNED_STOP": ({"standing_s": 2100, "limit_s": 1800}, "35 mnt|batas 30 mnt"),
    "DETENTION": ({"standing_s": 15000, "limit_s": 14400}, "4 jam 10 mnt|batas 4 jam"),
    "WRONG_WAY": (
        {"back_m": 1500, "along_m": 12000, "total_m": 60000},
        "1,5 km|kini di 12,0 km dari 60,0 km",
    ),
    "WAYPOINT_SKIPPED": (
        {"waypoint": "Simpang Gadog", "distance_m": 2400, "radius_m": 500},
        "Simpang Gadog|terdekat 2,4 km, batas 500 m",
    ),
    "CONVOY_SPLIT": (
        {"behind_m": 6200, "limit_m": 5000, "convoy": "Konvoi 1"},
        "6,2 km|konvoi Konvoi 1, batas 5,0 km",
    ),
    "ESCORT_LOST": (
        {"distance_m": 3100, "limit_m": 2000, "convoy": "Konvoi 1"},
        "3,1 km|batas 2,0 km",
    ),
    "INTERFERENCE": (
        {"devices": 4, "radius_m": 9000, "kinds": "jamming,jump"},
        "4 pelacak|dalam radius 9,0 km: gangguan sinyal, lompatan",
    ),
    "FROZEN": ({"fixes": 5, "speed_kmh": 42}, "5 posisi|padahal kecepatan 42 km/jam"),
    "SPOOFING": ({"fixes": 3, "reason": "mock"}, "3 posisi|posisi buatan"),
    "LATE_ARRIVAL": (
        {"eta": "2024-11-26T12:30:00Z", "planned": "2024-11-26T10:00:00Z", "late_s": 9000},
        "2 jam 30 mnt|19.30.00 WIB|17.00.00 WIB",
    ),
    "MILESTONE": (
        {
            "region": "Kabupaten Merauke",
            "milestone": "H-1",
            "missing": 12,
            "reached_pct": 88.0,
            "forecast_pct": 90.5,
            "deadline": "2024-11-26T09:00:00Z",
            "tz": "Asia/Jayapura",
        },
        "kurang 12 kotak|Kabupaten Merauke, H-1|18.00.00 WIT|88,0 % sudah ada|90,5 %",
    ),
    "SILENCE": (
        {"silent_s": 4000, "interval_s": 30, "expected_exit": "2024-11-26T09:00:00Z"},
        "keluar diperkirakan|16.00.00 WIB",
    ),
}


def test_every_rule_of_the_night_says_what_it_was_decided_on(
    visit: Visit, operation: Operation
) -> None:
    operation.plan()
    for rule, (detail, _) in NIGHT.items():
        operation.connection.execute(
            "insert into alert (alert_key, rule, severity, programme, shipment_id, state,"
            " opened_at, last_seen_at, detail)"
            " values (%s, %s, 3, 'LOGISTICS', 'SHP-1', 'NEW', now(), now(), %s)",
            (rule, rule, Jsonb(detail)),
        )
    visitor = visit()
    visitor.sign_in()
    visitor.wait(f"document.querySelectorAll('{CARD}').length === {len(NIGHT)}")
    told = visitor.ask(
        "Object.fromEntries([...kawal.list.cards.values()]"
        ".map(({ alert, element }) => [alert.rule, element.innerText]))"
    )
    for rule, (_, words) in NIGHT.items():
        assert i18n.catalogue("id")[f"rule.{rule}"] in told[rule]
        for word in words.split("|"):
            assert word in told[rule], (rule, told[rule])
