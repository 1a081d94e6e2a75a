"""What records are called on a page: regions, places, states, seals, papers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from dashboard.i18n import Texts
from dashboard.pages import parts
from dashboard.pages.parts import NOTHING, Tone
from domain import regions
from domain.custody_states import seal_faults
from domain.custody_words import DoubtCode, Stage
from domain.plan_words import ShipmentStatus
from domain.regions import Zone

TONES: dict[str, Tone] = {
    ShipmentStatus.RECEIVED: "good",
    ShipmentStatus.PARTIALLY_RECEIVED: "warn",
    ShipmentStatus.HELD: "warn",
    ShipmentStatus.REJECTED: "bad",
    ShipmentStatus.LOST: "bad",
}
STAGE_TONES: dict[str, Tone] = {
    Stage.RECEIVED: "good",
    Stage.RETURNED: "good",
    Stage.HELD: "warn",
    Stage.OPENED: "warn",
    Stage.LOST: "bad",
}
GRAVE = 2  # severities up to this one are shown as such
HASH_SHOWN = 12


def region_name(code: str) -> str:
    """A region and the one above it, as far as the list has them; else the code."""
    names = [region.name for region in regions.path(code)]
    return ", ".join(reversed(names[-2:])) or code


def zone_of(code: str | None) -> str:
    """The time zone of a region, western where the province is not known."""
    try:
        return str(regions.zone(code or ""))
    except ValueError:
        return str(Zone.WIB)


def place(name: str | None, place_id: str | None, region: str | None = None) -> Component:
    """A place by its name, its id behind it, the region below."""
    shown: list[Any] = [html.Span(name or place_id or NOTHING, title=place_id or "")]
    if region:
        shown.append(html.Small(region_name(region), title=region))
    return html.Div(shown, className="place")


def status_tag(t: Texts, status: str) -> html.Span:
    """The status of a manifest, as its sender says."""
    return parts.tag(t(f"status.{status}"), TONES.get(status, ""))


def stage_tag(t: Texts, stage: str | None) -> Any:
    """Where a unit is on its way, as the ledger says."""
    if stage is None:
        return html.Span(t("unit_page.unknown"), className="muted")
    return parts.tag(t(f"stage.{stage}"), STAGE_TONES.get(stage, ""))


def item(t: Texts, name: str, election: str | None) -> str:
    """An item, with whom it elects where it is of one election."""
    word = t(f"item.{name}")
    return f"{word} · {t(f'election.{election}')}" if election else word


def station(number: int | None, station_id: str | None, region: str | None) -> Any:
    """A polling station by its number and village."""
    if station_id is None:
        return NOTHING
    name = f"TPS {number:03}" if number is not None else station_id
    return place(name, station_id, region)


def on_map(t: Texts, device_id: str) -> html.A:
    """A link that shows a tracker on the map of the operations screen."""
    return html.A(
        t("manifest.on_map", device=device_id),
        href=f"/#device={quote(device_id, safe='')}",
        className="button",
    )


def short_hash(digest: str | None) -> Any:
    """The beginning of a hash; all of it when pointed at."""
    if not digest:
        return NOTHING
    return html.Code(f"{digest[:HASH_SHOWN]}…", title=digest)


def seals(numbers: Sequence[str]) -> Any:
    """Seal numbers, each one not to be broken over two lines."""
    if not numbers:
        return NOTHING
    return html.Span([html.Code(number) for number in numbers], className="seals")


def seals_found(t: Texts, expected: Sequence[str], found: Sequence[str] | None) -> Any:
    """The seals that were found, and how they differ from those that should be there."""
    if found is None:
        return NOTHING
    faults = seal_faults("unit", expected, found)
    extra = {one.detail for one in faults if one.code is DoubtCode.SEAL_UNEXPECTED}
    missing = [one.detail for one in faults if one.code is DoubtCode.SEAL_MISSING]
    same = [html.Code(number) for number in found if number not in extra]
    return html.Span(
        [
            *same,
            *[
                parts.tag(t("seal.unexpected", seal=number), "bad")
                for number in found
                if number in extra
            ],
            *[parts.tag(t("seal.missing", seal=number), "bad") for number in missing],
        ],
        className="seals",
    )


def signers(people: Sequence[dict[str, Any]]) -> Any:
    """Who signed a paper, one a line."""
    lines = [
        html.Div(", ".join(filter(None, (who["name"], who.get("role"), who.get("organisation")))))
        for who in people
    ]
    return lines or NOTHING


def doubts(t: Texts, body: dict[str, Any], unit_id: str | None = None) -> Any:
    """What is doubtful about an event: each kind once, with how often; of one unit alone where
    one is named."""
    counted = Counter(
        doubt["code"]
        for doubt in body.get("doubts", ())
        if unit_id is None or doubt.get("unit") in (None, unit_id)
    )
    tags = [
        parts.tag(t(f"doubt.{code}") + (f" ×{times}" if times > 1 else ""), "warn")
        for code, times in counted.items()
    ]
    return html.Div(tags, className="tags") if tags else None


def papers(body: dict[str, Any]) -> Any:
    """The documents that go with an event."""
    return [
        html.Div(f"{paper['kind'].replace('_', ' ')} {paper['number']}")
        for paper in body.get("documents", ())
    ] or None


def given_and_taken(t: Texts, body: dict[str, Any]) -> Any:
    """Who gave and who took, where two persons did."""
    pairs = (("custody.gave", "released_by"), ("custody.took", "received_by"))
    return [
        html.Div([html.Small(t(key)), " ", body[name]["name"]])
        for key, name in pairs
        if name in body
    ] or NOTHING


def severity_tag(t: Texts, severity: int) -> html.Span:
    """How grave it is."""
    tone: Tone = "bad" if severity == 1 else "warn" if severity <= GRAVE else ""
    return parts.tag(t(f"severity.{severity}"), tone)


def event_time(t: Texts, at: datetime, region: str | None, body: dict[str, Any]) -> Any:
    """When it happened; marked where the source did not say, and the plan was taken."""
    assumed = [html.Small(t("custody.assumed"))] if body.get("time_assumed") else []
    return html.Div([parts.when(at, zone_of(region), t), *assumed], className="place")
