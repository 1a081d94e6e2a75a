"""The pages of manifests and boxes, drawn from a real database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard.i18n import texts
from dashboard.pages import boxes, manifests
from dashboard.pages.page import Asked, NoSuchPageError
from db.accounts import Account, Role
from db.pool import Connection, connect
from domain.settings import Settings
from tests.browser.screens import Operation
from tests.support import manifest_scene as scene

SARI = Account("sari", "Sari", Role.SUPERVISOR, "en")
TAMU = Account("tamu", "Tamu", Role.VIEWER, "en")


@pytest.fixture(scope="module")
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def connection(operation: Operation, database_url: str, now: datetime) -> Iterator[Connection]:
    """With the scene in it."""
    operation.plan(shipments=3)
    with connect(database_url, "test") as opened:
        scene.fill(opened, now, planned=60)
        yield opened


def asked(now: datetime, *path: str, account: Account = SARI, **query: Any) -> Asked:
    return Asked(path, query, account, texts(account.language), now, Settings())


def pieces(drawn: Any) -> Iterator[Any]:
    """All components and texts of a page."""
    if isinstance(drawn, list | tuple):
        for part in drawn:
            yield from pieces(part)
    else:
        yield drawn
        yield from pieces(getattr(drawn, "children", None) or [])


def text(drawn: Any) -> str:
    return " ".join(part for part in pieces(drawn) if isinstance(part, str))


def classes(part: Any) -> list[str]:
    return (getattr(part, "className", None) or "").split()


def links(drawn: Any) -> list[str]:
    return [part.href for part in pieces(drawn) if getattr(part, "href", None)]


def listed(drawn: Any) -> list[str]:
    """Ids of the manifests of a list."""
    found = [href.removeprefix("/manifests/") for href in links(drawn)]
    return [href for href in found if href.startswith("MNF")]


def test_what_is_on_its_way_or_late_comes_first(connection: Connection, now: datetime) -> None:
    drawn = manifests.draw(connection, asked(now))
    assert listed(drawn)[:2] == [scene.LATE, scene.ON_THE_WAY]
    assert len(listed(drawn)) == manifests.PAGE_ROWS


def test_pages_show_each_manifest_once(connection: Connection, now: datetime) -> None:
    first = manifests.draw(connection, asked(now))
    (onward,) = [href for href in links(first) if "after=" in href]
    after = onward.partition("after=")[2].replace("%7C", "|")
    second = manifests.draw(connection, asked(now, after=after))
    found = listed(first) + listed(second)
    assert len(found) == len(set(found)) == 63
    assert found[-1] == scene.RECEIVED  # what is over comes last


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "sj-0001"}, [scene.ON_THE_WAY]),
        ({"q": "SHP-2"}, [scene.RECEIVED]),
        ({"q": "P2411250001234"}, [scene.LATE]),
        ({"q": scene.SENT_SEAL}, [scene.RECEIVED]),
        ({"q": scene.SENT_SEAL.lower()}, [scene.RECEIVED]),
        ({"q": scene.SWAPPED_BOX}, [scene.RECEIVED]),
        ({"q": "32.01.25.2003-001"}, [scene.ON_THE_WAY]),
        ({"q": "%"}, []),
        ({"region": "32.01"}, [scene.ON_THE_WAY, scene.RECEIVED]),
        ({"region": "kabupaten bogor"}, [scene.ON_THE_WAY, scene.RECEIVED]),
        ({"status": "RECEIVED"}, [scene.RECEIVED]),
        ({"show": "late"}, [scene.LATE]),
        ({"show": "flawed"}, [scene.RECEIVED]),
        ({"region": "32.01", "status": "IN_TRANSIT"}, [scene.ON_THE_WAY]),
        ({"direction": "RETURN"}, []),
    ],
)
def test_filters(
    connection: Connection, now: datetime, query: dict[str, Any], found: list[str]
) -> None:
    assert listed(manifests.draw(connection, asked(now, **query))) == found


def test_words_that_are_no_filter_do_not_break_the_list(
    connection: Connection, now: datetime
) -> None:
    strange: dict[str, Any] = {
        "status": "'; drop",
        "after": "x_y",
        "page": "1",
        "words": "x",
        "region": "Atlantis",
    }
    drawn = manifests.draw(connection, asked(now, **strange))
    assert "No region has the name or code “Atlantis”." in text(drawn)
    assert listed(manifests.draw(connection, asked(now, after="9" * 400)))


def test_totals_are_of_all_that_fit(connection: Connection, now: datetime) -> None:
    drawn = manifests.draw(connection, asked(now, region="73"))
    cards = [part for part in pieces(drawn) if "card" in classes(part)]
    assert [text(card).rsplit(" ", 1)[1] for card in cards] == ["10", "1", "0", "1", "0"]


def test_a_manifest_says_where_it_is_and_what_differs(
    connection: Connection, now: datetime
) -> None:
    drawn = manifests.draw(connection, asked(now, scene.RECEIVED))
    said = text(drawn)
    assert scene.BAST in said
    assert "hash recorded" in said
    assert "no file" in said
    assert f"{scene.FOUND_SEAL} is not listed" in said
    assert f"{scene.SENT_SEAL} is missing" in said
    assert "Rahmat Hidayat" in said
    assert "Dewi Lestari" in said
    assert "Revision 1" in said
    assert "IN_TRANSIT → RECEIVED" in said
    assert f"/boxes/{scene.SWAPPED_BOX}" in links(drawn)


def test_the_tracker_of_a_manifest_is_one_click_away(connection: Connection, now: datetime) -> None:
    assert "/#device=TRK-1" in links(manifests.draw(connection, asked(now, scene.ON_THE_WAY)))
    assert "/#device=TRK-1" not in links(manifests.draw(connection, asked(now, scene.LATE)))


def test_a_shipment_leads_to_its_manifest(connection: Connection, now: datetime) -> None:
    drawn = manifests.draw(connection, asked(now, manifests.BY_SHIPMENT, "SHP-1"))
    assert scene.ON_THE_WAY in text(drawn)
    with pytest.raises(NoSuchPageError, match=r"manifests\.no_shipment"):
        manifests.draw(connection, asked(now, manifests.BY_SHIPMENT, "SHP-404"))


def test_what_is_not_there(connection: Connection, now: datetime) -> None:
    with pytest.raises(NoSuchPageError, match=r"manifest\.unknown"):
        manifests.draw(connection, asked(now, "M-404"))
    with pytest.raises(NoSuchPageError, match=r"boxes\.unknown"):
        boxes.draw(connection, asked(now, "BOX-404"))
    with pytest.raises(NoSuchPageError):
        manifests.draw(connection, asked(now, scene.LATE, "a", "b"))


def test_a_box_tells_its_journey_and_where_a_seal_differs(
    connection: Connection, now: datetime
) -> None:
    drawn = boxes.draw(connection, asked(now, scene.SWAPPED_BOX))
    said = text(drawn)
    for step in ("Packed", "Sealed", "Departed", "Handed over"):
        assert step in said
    assert f"{scene.SENT_SEAL} is missing" in said
    assert f"/manifests/{scene.RECEIVED}" in links(drawn)
    assert scene.BAST in said


@pytest.mark.parametrize("number", [scene.SENT_SEAL, scene.SWAPPED_BOX])
def test_one_unit_that_fits_is_shown_at_once(
    connection: Connection, now: datetime, number: str
) -> None:
    assert "Journey and seals" in text(boxes.draw(connection, asked(now, q=number)))


def test_several_that_fit_are_listed(connection: Connection, now: datetime) -> None:
    found = links(boxes.draw(connection, asked(now, q="32.01.25.2001-001")))
    assert [href for href in found if href.startswith("/boxes/KS")] == [
        "/boxes/KS-3201252001-001-BUP",
        "/boxes/KS-3201252001-001-GUB",
    ]


def test_only_who_may_handle_alerts_is_offered_a_hand_over(
    connection: Connection, now: datetime
) -> None:
    offer = f"/handover/{scene.ON_THE_WAY}"
    assert offer in links(manifests.draw(connection, asked(now, scene.ON_THE_WAY)))
    drawn = manifests.draw(connection, asked(now, scene.ON_THE_WAY, account=TAMU))
    assert offer not in links(drawn)


def test_units_come_a_page_at_a_time(
    connection: Connection, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.pages.manifest.UNIT_ROWS", 4)
    first = links(manifests.draw(connection, asked(now, scene.ON_THE_WAY)))
    (onward,) = [href for href in first if "after=" in href]
    after = onward.partition("after=")[2].removesuffix("#units")
    second = links(manifests.draw(connection, asked(now, scene.ON_THE_WAY, after=after)))
    shown = [href for href in first + second if href.startswith("/boxes/")]
    assert len(shown) == len(set(shown)) == 8


def test_times_are_of_the_region(connection: Connection, now: datetime) -> None:
    late = now - timedelta(hours=6)
    said = text(manifests.draw(connection, asked(now, scene.LATE)))
    shown = late.astimezone().astimezone(UTC) + timedelta(hours=8)
    assert f"{shown:%H:%M} WITA" in said
