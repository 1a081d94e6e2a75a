"""Discrepancies: kept, told through alerts, and listed; the work on them is in
`db.discrepancy_work`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from db import alerts, events
from db.alerts import DEFAULTS
from db.changes import notify
from db.pool import Connection
from db.sql import queries
from domain.discrepancies import Discrepancy, over, told
from domain.events import MEANINGS, Event
from domain.reconciliation_words import NOTES, DiscrepancyKind
from domain.settings import Alerts

_NEXT = timedelta(microseconds=1)
_KEY_PARTS = 6  # before the last one, which alone may hold a slash


class Recorded(NamedTuple):
    """What a reconciliation changed: how many, and of which regions."""

    opened: int
    changed: int
    gone: int
    regions: frozenset[str]


class Listed(NamedTuple):
    """A discrepancy as it is listed. `alert_id`: the newest alert of its kind and manifest."""

    discrepancy_id: int
    kind: str
    severity: int
    manifest_id: str
    shipment_id: str | None
    station_id: str | None
    unit_id: str | None
    item: str | None
    election: str | None
    region_code: str
    expected: int | None
    found: int | None
    detail: Mapping[str, Any]
    evidence: Sequence[Mapping[str, Any]]
    opened_at: datetime
    found_at: datetime
    gone_at: datetime | None
    owner: str | None
    owner_name: str | None
    settled_at: datetime | None
    settled_by: str | None
    settled_note: str | None
    alert_key: str
    alert_id: int | None
    alert_state: str | None

    @property
    def state(self) -> str:
        """OPEN, SETTLED or GONE."""
        if self.gone_at is not None:
            return "GONE"
        return "OPEN" if self.settled_at is None else "SETTLED"


class Count(NamedTuple):
    """How many of a kind hold; `unowned` of those that are work."""

    kind: str
    severity: int
    open: int
    unowned: int
    settled: int
    manifests: int


class Step(NamedTuple):
    """What a person did with a discrepancy."""

    at: datetime
    actor: str
    actor_name: str
    step: str
    note: str | None
    owner: str | None


class _Open(NamedTuple):
    discrepancy_id: int
    alert_key: str
    region_code: str
    expected: int | None
    found: int | None
    detail: dict[str, Any]
    evidence: list[dict[str, Any]]
    opened_at: datetime
    settled: bool


# --- by reconciliation ---


def record(
    connection: Connection,
    manifest_ids: Collection[str],
    found: Iterable[Discrepancy],
    *,
    now: datetime,
    settings: Alerts = DEFAULTS,
) -> Recorded:
    """Make what is open in these manifests that which was found, inside the caller's
    transaction, and open, refresh and clear the alerts. Again it changes nothing.
    """
    stored = _locked(connection, manifest_ids)
    by_key = {one.key: one for one in found}
    new = [one for key, one in by_key.items() if key not in stored]
    changed = [
        (stored[key], one)
        for key, one in by_key.items()
        if key in stored and _content(stored[key]) != _found(one)
    ]
    gone = [row for key, row in stored.items() if key not in by_key]
    if not (new or changed or gone):
        return Recorded(0, 0, 0, frozenset())
    _write(connection, new, changed, gone, now)
    keys = {one.alert_key for one in (*new, *(one for _, one in changed))}
    tell(connection, keys | {row.alert_key for row in gone}, now=now, settings=settings)
    regions = {one.region_code for one in new} | {row.region_code for row in gone}
    regions |= {code for row, one in changed for code in (row.region_code, one.region_code)}
    return Recorded(len(new), len(changed), len(gone), frozenset(regions))


def _locked(connection: Connection, manifest_ids: Collection[str]) -> dict[str, _Open]:
    parameters = {"manifest_ids": list(manifest_ids)}
    rows = connection.execute(queries("discrepancies")["lock_open"], parameters).fetchall()
    return {key: _Open(*rest) for key, *rest in rows}


def _content(row: _Open) -> tuple[Any, ...]:
    return row.region_code, row.expected, row.found, row.detail, row.evidence, row.opened_at


def _found(one: Discrepancy) -> tuple[Any, ...]:
    evidence = [dict(each) for each in one.evidence]
    return one.region_code, one.expected, one.found, dict(one.numbers), evidence, one.opened_at


def _write(
    connection: Connection,
    new: list[Discrepancy],
    changed: list[tuple[_Open, Discrepancy]],
    gone: list[_Open],
    now: datetime,
) -> None:
    sql = queries("discrepancies")
    if gone:
        ids = [row.discrepancy_id for row in gone]
        connection.execute(sql["end"], {"discrepancy_ids": ids, "now": now})
    if changed:
        rows = [
            _row(one)
            | {
                "discrepancy_id": row.discrepancy_id,
                "same": (row.expected, row.found) == (one.expected, one.found),
            }
            for row, one in changed
        ]
        connection.execute(sql["change"], {"rows": Jsonb(rows)})
    if new:
        connection.execute(sql["put"], {"rows": Jsonb([_row(one) for one in new]), "now": now})


def _row(one: Discrepancy) -> dict[str, Any]:
    return {
        "discrepancy_key": one.key,
        "kind": one.kind,
        "severity": int(one.severity),
        "manifest_id": one.manifest_id,
        "shipment_id": one.shipment_id,
        "station_id": one.station_id,
        "unit_id": one.unit_id,
        "item": one.item,
        "election": one.election,
        "region_code": one.region_code,
        "expected": one.expected,
        "found": one.found,
        "detail": dict(one.numbers),
        "evidence": [dict(each) for each in one.evidence],
        "opened_at": one.opened_at.isoformat(),
        "alert_key": one.alert_key,
    }


# --- alerts ---


def tell(
    connection: Connection,
    alert_keys: Collection[str],
    *,
    now: datetime,
    settings: Alerts = DEFAULTS,
) -> None:
    """Tell what these alerts stand for now, where that is not what was told last."""
    keys = sorted(key for key in alert_keys if key.partition("/")[0] not in NOTES)
    if not keys:
        notify(connection)
        return
    sql, asked = queries("discrepancies"), {"alert_keys": keys}
    holding: dict[str, list[Discrepancy]] = {key: [] for key in keys}
    for row in connection.execute(sql["holding"], asked).fetchall():
        holding[row[-1]].append(_discrepancy(row))
    last = {row[0]: row[1:] for row in connection.execute(sql["last_told"], asked).fetchall()}
    manifests = sorted({key.split("/", 2)[1] for key in keys})
    places: dict[str, str] = dict(
        connection.execute(sql["places"], {"manifest_ids": manifests}).fetchall()
    )
    fresh = [
        event
        for key in keys
        if (event := _news(key, holding[key], last.get(key), places, now)) is not None
    ]
    recorded = events.record(connection, fresh)
    alerts.record(connection, recorded, now=now, settings=settings)
    notify(connection)


def _news(
    key: str,
    holding: list[Discrepancy],
    last: tuple[Any, ...] | None,
    places: Mapping[str, str],
    now: datetime,
) -> Event | None:
    """The event that there are other ones than were told, or none any more."""
    word, manifest_id, _ = key.split("/", 2)
    kind, place = DiscrepancyKind(word), places.get(manifest_id)
    if last is None:
        return told(kind, holding, place, now) if holding else None
    last_kind, shipment_id, numbers, decided_at = last
    # After the last one, whose clock may be ahead: the newest event decides.
    at = max(now, decided_at + _NEXT)
    was_told = MEANINGS[last_kind].opens
    if not holding:
        return over(kind, manifest_id, shipment_id or "", place, at) if was_told else None
    event = told(kind, holding, place, at)
    return None if was_told and dict(event.numbers) == numbers else event


def _discrepancy(row: tuple[Any, ...]) -> Discrepancy:
    key, kind, manifest, shipment, station, unit, item, election, region, *rest = row
    expected, found, detail, opened_at, _ = rest
    ref = key.split("/", _KEY_PARTS)[_KEY_PARTS]
    return Discrepancy(
        kind=DiscrepancyKind(kind),
        manifest_id=manifest,
        shipment_id=shipment,
        region_code=region,
        opened_at=opened_at,
        station_id=station,
        unit_id=unit,
        item=item,
        election=election,
        ref=None if ref == "-" else ref,
        expected=expected,
        found=found,
        numbers=detail,
    )


# --- reading ---


def queue(
    connection: Connection,
    *,
    region: str = "",
    kind: str | None = None,
    state: str = "OPEN",
    owner: str | None = None,
    text: str | None = None,
    limit: int = 50,
    after: Listed | None = None,
) -> list[Listed]:
    """Discrepancies of a region and all below it, the gravest first and then the newest.

    `state`: OPEN, SETTLED, GONE or ALL; `owner`: an account, or `-` for nobody's; `text`: a
    part of the number of a manifest, shipment, station, unit or paper; `after`: the last one
    of the page before.
    """
    parameters = {
        "region": region,
        "kind": kind,
        "state": state,
        "owner": owner,
        "text": f"%{_plain(text)}%" if text else None,
        "limit": limit,
        "after_id": after.discrepancy_id if after else None,
        "after_at": after.opened_at if after else None,
        "after_severity": after.severity if after else None,
    }
    return _listed(connection, "queue", parameters)


def _plain(text: str) -> str:
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, f"\\{sign}")
    return text


def counts(connection: Connection, region: str = "") -> list[Count]:
    """How many of each kind hold in a region and all below it."""
    with connection.cursor(row_factory=class_row(Count)) as cursor:
        return cursor.execute(queries("discrepancies")["counts"], {"region": region}).fetchall()


def of_manifest(connection: Connection, manifest_id: str) -> list[Listed]:
    """All that a manifest has or had; what holds first."""
    return _listed(connection, "some", {"manifest_id": manifest_id, "discrepancy_id": None})


def one(connection: Connection, discrepancy_id: int) -> Listed | None:
    """One of them."""
    parameters = {"manifest_id": None, "discrepancy_id": discrepancy_id}
    return next(iter(_listed(connection, "some", parameters)), None)


def steps(connection: Connection, discrepancy_id: int) -> list[Step]:
    """What people did with one, oldest first."""
    with connection.cursor(row_factory=class_row(Step)) as cursor:
        parameters = {"discrepancy_id": discrepancy_id}
        return cursor.execute(queries("discrepancies")["steps"], parameters).fetchall()


def _listed(connection: Connection, query: str, parameters: dict[str, Any]) -> list[Listed]:
    with connection.cursor(row_factory=class_row(Listed)) as cursor:
        return cursor.execute(queries("discrepancies")[query], parameters).fetchall()
