"""Manifests pulled from the stand-in for KPU, over real HTTP into the real database."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db import connectors, manifests, rejections
from db.connectors import ConnectorState
from db.pool import Connection
from domain.manifest_rows import Row
from domain.settings import Materials
from integrations.connector import Page, StoppingError, Stored
from integrations.kpu import KpuConnector
from integrations.runner import Pull
from tests.integration.integrations.conftest import Served
from tests.support.kpu_documents import broken, document
from tests.support.outside import page_writer

NOW = datetime(2024, 11, 25, 8, tzinfo=UTC)
INTERVAL_S = 30
LATER = timedelta(seconds=INTERVAL_S + 1)
RECORDINGS = Path(__file__).resolve().parents[2] / "recordings/kpu"


def connector(server: Served, **limits: Any) -> KpuConnector:
    return KpuConnector(server.client(**limits), INTERVAL_S, Materials())


def pull(server: Served, **limits: Any) -> Pull[Row]:
    return Pull(connector(server, **limits), threading.Event(), chance=lambda: 1.0)


def state(connection: Connection) -> ConnectorState:
    return connectors.state(connection, "kpu")


def ids(connection: Connection) -> list[str]:
    found = connection.execute("select manifest_id from manifest order by 1").fetchall()
    return [row[0] for row in found]


def imports(connection: Connection) -> int:
    return len(manifests.imports(connection))


# --- pages ------------------------------------------------------------------------------


def test_all_pages_are_taken_and_then_nothing_is_taken_twice(
    connection: Connection, kpu_server: Served
) -> None:
    write = page_writer(kpu_server.outside.folder)
    for number in (1, 2, 3):
        write(f"{number:03}", document(number))
    task = pull(kpu_server)
    task.run(connection, NOW)
    assert ids(connection) == ["M-1", "M-2", "M-3"]
    before = state(connection)
    assert (before.records, before.refused, before.failures) == (9, 0, 0)
    assert before.last_success_at == NOW
    assert imports(connection) == 3

    task.run(connection, NOW + LATER)
    assert kpu_server.outside.asked[304] == 1
    assert imports(connection) == 3
    after = state(connection)
    assert (after.records, after.cursor, after.etag) == (9, before.cursor, before.etag)
    assert after.last_success_at == NOW + LATER


def test_it_is_not_asked_before_its_time(connection: Connection, kpu_server: Served) -> None:
    task = pull(kpu_server)
    task.run(connection, NOW)
    task.run(connection, NOW + timedelta(seconds=INTERVAL_S - 1))
    assert sum(kpu_server.outside.asked.values()) == 1


def test_a_page_that_appears_is_taken_and_a_new_process_goes_on_there(
    connection: Connection, kpu_server: Served
) -> None:
    write = page_writer(kpu_server.outside.folder)
    write("002", document(1))
    pull(kpu_server).run(connection, NOW)
    write("001", document(2))  # later, whatever its name
    pull(kpu_server).run(connection, NOW + LATER)
    assert ids(connection) == ["M-1", "M-2"]
    assert imports(connection) == 3  # the last page is read again: it now has a next
    assert state(connection).records == 6


def test_an_empty_list_is_no_failure(connection: Connection, kpu_server: Served) -> None:
    pull(kpu_server).run(connection, NOW)
    assert state(connection).failures == 0
    assert ids(connection) == []


def test_a_cursor_that_is_gone_begins_again_and_changes_nothing(
    connection: Connection, kpu_server: Served
) -> None:
    write = page_writer(kpu_server.outside.folder)
    write("001", document(1))
    task = pull(kpu_server)
    task.run(connection, NOW)
    write("001", document(1))
    write("002", document(2))
    with connection.transaction():
        connection.execute("update connector_state set cursor = 'of last year'")
    task.run(connection, NOW + LATER)
    assert "beginning again" in (state(connection).last_error or "")
    task.run(connection, NOW + LATER * 2)
    assert ids(connection) == ["M-1", "M-2"]
    assert (state(connection).records, state(connection).failures) == (6, 0)


def test_refused_rows_are_kept_and_counted_beside_good_ones(
    connection: Connection, kpu_server: Served
) -> None:
    page_writer(kpu_server.outside.folder)("001", broken(1))
    pull(kpu_server).run(connection, NOW)
    assert ids(connection) == ["M-1"]
    assert state(connection).refused == 2  # the manifest, and its box with it
    (newest, *_) = manifests.imports(connection)
    assert newest.source == "kpu-pull"
    reasons = manifests.import_rows(connection, newest.import_id, state="REFUSED")
    assert any(row.field == "planned_arrival" for row in reasons)


def test_text_that_no_database_holds_spoils_its_row_only(
    connection: Connection, kpu_server: Served
) -> None:
    folder = kpu_server.outside.folder
    folder.mkdir()
    whole = document(1)
    whole["manifests"].append({**document(2)["manifests"][0], "id": "M\0\ud800"})
    (folder / "001.json").write_text(json.dumps(whole))
    pull(kpu_server).run(connection, NOW)
    assert state(connection).last_error is None
    assert ids(connection) == ["M-1"]


def test_a_page_that_is_no_manifest_blocks_and_says_why(
    connection: Connection, kpu_server: Served
) -> None:
    write = page_writer(kpu_server.outside.folder)
    write("001", {**document(1), "version": 9})
    task = pull(kpu_server)
    task.run(connection, NOW)
    assert "version" in (state(connection).last_error or "")
    assert state(connection).cursor is None
    (kept,) = rejections.newest(connection, NOW - timedelta(days=9999), 10)
    assert (kept.topic, kept.field) == ("connector/kpu", "version")
    write("001", document(1))
    task.run(connection, NOW + LATER)
    assert ids(connection) == ["M-1"]
    assert state(connection).last_error is None


def test_recorded_answers_are_read(connection: Connection, kpu_server: Served) -> None:
    write = page_writer(kpu_server.outside.folder)
    for file in sorted(RECORDINGS.glob("page-*.json")):
        write(file.stem, json.loads(file.read_text("utf-8")))
    pull(kpu_server).run(connection, NOW)
    found = state(connection)
    assert (found.last_error, found.refused) == (None, 0)
    assert found.records > 0


# --- failures ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("error", "500"),
        ("garbage", "UTF-8"),
        ("cut", "JSON"),
        ("deep", "nested"),
        ("endless", "larger"),
        ("bomb", "larger"),
        ("html", "text/html"),
        ("slow", "within 1 s"),
        ("dribble", "within 1 s"),
    ],
)
def test_a_bad_day_moves_nothing_and_ends_by_itself(
    connection: Connection, kpu_server: Served, fault: Any, words: str
) -> None:
    page_writer(kpu_server.outside.folder)("001", document(1))
    task = pull(kpu_server, timeout_s=1 if "within" in words else 30)
    kpu_server.outside.switch.set(fault)
    task.run(connection, NOW)
    bad = state(connection)
    assert words in (bad.last_error or "")
    assert (bad.failures, bad.cursor, bad.records) == (1, None, 0)
    assert ids(connection) == []
    kpu_server.outside.switch.set(None)
    task.run(connection, NOW + timedelta(seconds=2))
    good = state(connection)
    assert (good.failures, good.last_error, good.records) == (0, None, 3)


def test_pauses_grow_to_a_minute(connection: Connection, kpu_server: Served) -> None:
    kpu_server.outside.switch.set("error")
    task, now, pauses = pull(kpu_server), NOW, []
    for _ in range(9):
        task.run(connection, now)
        again = state(connection).next_attempt_at
        assert again is not None
        pauses.append((again - now).total_seconds())
        now = again
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert state(connection).failures == 9


def test_a_request_to_wait_is_honoured_also_by_the_next_process(
    connection: Connection, kpu_server: Served
) -> None:
    kpu_server.outside.switch.set("throttle", times=1, retry_after_s=120)
    pull(kpu_server).run(connection, NOW)
    pull(kpu_server).run(connection, NOW + timedelta(seconds=119))
    assert kpu_server.outside.asked == {429: 1}
    pull(kpu_server).run(connection, NOW + timedelta(seconds=120))
    assert kpu_server.outside.asked == {429: 1, 200: 1}


def test_a_refused_token_names_the_setting(connection: Connection, kpu_server: Served) -> None:
    pull(kpu_server, token="wrong").run(connection, NOW)
    assert state(connection).last_error == "the token is refused: KAWAL_INTEGRATIONS_KPU_TOKEN"


# --- the place --------------------------------------------------------------------------


class Dying(KpuConnector):
    """Fails when the second page is stored, as a process that is killed there."""

    def store(
        self, connection: Connection, items: Iterator[Row], page: Page, cursor: str | None
    ) -> Stored:
        stored = super().store(connection, items, page, cursor)
        if cursor is not None:
            raise StoppingError
        return stored


def test_what_is_rolled_back_has_not_moved_the_place(
    connection: Connection, kpu_server: Served
) -> None:
    write = page_writer(kpu_server.outside.folder)
    for number in (1, 2, 3):
        write(f"{number:03}", document(number))
    dying = Dying(kpu_server.client(), INTERVAL_S, Materials())
    with pytest.raises(StoppingError):
        Pull(dying, threading.Event()).run(connection, NOW)
    assert ids(connection) == ["M-1"]
    assert state(connection).records == 3
    pull(kpu_server).run(connection, NOW)
    assert ids(connection) == ["M-1", "M-2", "M-3"]
    assert (state(connection).records, imports(connection)) == (9, 3)


def test_a_stop_in_the_middle_of_a_page_takes_nothing_of_it(
    connection: Connection, kpu_server: Served
) -> None:
    page_writer(kpu_server.outside.folder)("001", document(1))
    stop = threading.Event()

    class Stopped(KpuConnector):
        def parse(self, page: Page) -> Iterator[Row]:
            for row in super().parse(page):
                yield row
                stop.set()

    with pytest.raises(StoppingError):
        Pull(Stopped(kpu_server.client(), INTERVAL_S, Materials()), stop).run(connection, NOW)
    assert (ids(connection), imports(connection)) == ([], 0)


def test_two_processes_do_not_take_a_page_twice(connection: Connection, kpu_server: Served) -> None:
    write = page_writer(kpu_server.outside.folder)
    write("001", document(1))
    write("002", document(2))

    class Overtaken(KpuConnector):
        def store(
            self, connection: Connection, items: Iterator[Row], page: Page, cursor: str | None
        ) -> Stored:
            connection.execute("update connector_state set cursor = 'theirs'")
            return super().store(connection, items, page, cursor)

    task = Pull(Overtaken(kpu_server.client(), INTERVAL_S, Materials()), threading.Event())
    task.run(connection, NOW)
    assert "another `kawal integrate`" in (state(connection).last_error or "")
    assert ids(connection) == []
