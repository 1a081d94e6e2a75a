"""The page of a bundle: readable without a script, and outside text stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from domain import evidence_report
from domain.events import DeviceEvent
from domain.evidence import document
from domain.evidence_facts import AlertFact, EventFact, Facts, Question, StepFact
from domain.evidence_limits import Circumstances, limits
from domain.evidence_plan import PlanFact
from domain.evidence_report import render
from domain.evidence_tracks import Tracks
from domain.positions import Position
from tests.support.journeys import plan

START = datetime(2024, 11, 26, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;"
MADE = {"made_by": HOSTILE, "product": "kawal-logistik", "product_version": "0.1.0"}


class Page(HTMLParser):
    """What a browser makes of a page: its elements, its attributes, its text."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def facts(tz: str = "Asia/Jayapura", word: str = HOSTILE) -> Facts:
    """A word in every place where text comes from outside."""
    parts = plan().model_dump(mode="json", by_alias=True)
    parts["facilities"][2]["tz"] = tz
    parts["operation"]["name"] = word
    at, shipment = START + 30 * MINUTE, "SHP-KWL-0001"
    tracks = Tracks(["KWL-0001"], at, 0)
    tracks.add(
        Position(
            "KWL-0001",
            START,
            1,
            1,
            START,
            -7.0,
            110.0,
            None,
            None,
            None,
            8.0,
            None,
            None,
            None,
            None,
            False,
            0,
            False,
            "wire",
            4,
        )
    )
    return Facts(
        Question(at, START, at, shipment, None),
        at + 60 * MINUTE,
        tracks,
        events=[
            EventFact(
                1, word, word, "DEVICE", word, shipment, word, None, START, START, START,
                at + MINUTE, None, "k", None, None, {"seal_no": word}, word,
            )
        ],
        reports=[
            DeviceEvent(word, 1, 1, word, START, START, False, None, None, None, word, None, None,
                        word)
        ],
        alerts=[
            AlertFact(1, "k", word, 1, word, shipment, None, None, "NEW", START, START, START, None,
                      None, 1, {}, None, None, None, False, 0, None)
        ],
        steps=[StepFact(1, 1, START, word, word, None, "NEW", word, None, None)],
        plan=[
            PlanFact(1, START, word, word, {
                kind: [parts[kind]] if kind == "operation" else parts[kind]
                for kind in ("operation", "shipments", "facilities", "routes")
            })
        ],
        limits=limits(Circumstances(START, at, START + MINUTE, None, None, None, 0, 0, 1, 1, 1)),
    )  # fmt: skip


def page(**other: Any) -> Page:
    return Page(render(document(facts(**other)), MADE))


def test_hostile_names_notes_and_seals_do_not_become_html() -> None:
    hostile, plain = page(), page(word="x")
    assert hostile.tags == plain.tags
    assert hostile.attributes == plain.attributes
    assert "script" not in hostile.tags
    assert not any(name.startswith("on") for name in hostile.attributes)
    assert hostile.text.count(HOSTILE) >= 10


def test_the_page_loads_nothing() -> None:
    text = render(document(facts()), MADE).decode()
    assert "default-src 'none'" in text
    assert not {"src", "href"} & page(word="x").attributes


def test_times_are_those_of_the_destination_and_the_zone_is_named() -> None:
    text = page().text
    assert "2024-11-26 10:30:00 WIT" in text
    assert "WIT (Asia/Jayapura)" in text
    assert "2024-11-26 08:30:00 WIB" in page(tz="Asia/Jakarta").text


def test_bahasa_indonesia_comes_first() -> None:
    text = page(word="x").text
    for bahasa, english in (("Perbedaan", "Differences"), ("Batas bukti ini", "cannot say")):
        assert 0 < text.index(bahasa) < text.index(english)


def test_both_views_and_what_differs_are_shown() -> None:
    text = page(word="x").text
    assert "Yang diketahui saat itu What was known then" in text
    assert "Yang diketahui sekarang What is known now" in text
    assert "ZERO_ISLAND" in text
    assert "ya / yes" in text  # the event was true then, and is disproved now


def test_without_any_fact_there_is_a_page_all_the_same() -> None:
    empty = Facts(Question(START, START, START, None, 7), START, Tracks((), START, 0))
    text = Page(render(document(empty), MADE)).text
    assert "Tidak ada: yang diketahui saat itu masih berlaku." in text
    assert "2024-11-26 08:00:00 WIB" in text


def test_long_values_are_cut_and_say_so() -> None:
    found = facts(word="x")
    line = {"type": "LineString", "coordinates": [[110 + n / 1000, -7] for n in range(500)]}
    route = {**found.plan[0].parts["routes"][0], "line": line}
    found = replace(found, plan=[found.plan[0]._replace(parts={"routes": [route]})])
    assert "… (evidence.json)" in Page(render(document(found), MADE)).text
    assert "… (evidence.json)" not in page(word="x").text


def test_long_tables_are_cut_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_report, "MOST_ROWS", 2)
    found = facts(word="x")
    rows = [found.events[0]._replace(event_id=n) for n in range(5)]
    many = Facts(found.question, found.made_at, found.tracks, events=rows)
    assert "… dan 3 lagi, lihat evidence.json" in Page(render(document(many), MADE)).text
