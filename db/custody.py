"""The custody ledger: append, and what follows from it of each unit.

Whoever appends locks the head of the chain first, so that no chain ever forks; `unit_state`
may be thrown away and made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from psycopg.types.json import Jsonb

from db import unit_states
from db.pool import Connection
from db.sql import queries
from db.unit_states import Movement
from domain.custody import CustodyEvent, Head, Link, require_two_persons
from domain.custody_records import Carried, Received, follow
from domain.custody_words import Step
from domain.manifests import Document, Manifest, Unit

MANIFESTS_AT_ONCE = 500
P = TypeVar("P", Unit, Document)
INDEXED = ("event_uuid", "step", "event_time", "place", "region_code", "shipment_id", "actor",
           "recorded_at")  # fmt: skip


def append(
    connection: Connection, chain: str, events: Iterable[CustodyEvent], actor: str, now: datetime
) -> list[Link]:
    """Add events to the chain of a manifest, inside the caller's transaction.

    Returns the rows that are new: an event whose `event_uuid` is in the ledger changes
    nothing. Whatever is doubtful is noted in the event and refused never, but for a handover
    without two persons (TwoPersonError).
    """
    return append_all(connection, {chain: list(events)}, actor, now)


def append_all(
    connection: Connection,
    events: Mapping[str, Sequence[CustodyEvent]],
    actor: str,
    now: datetime,
) -> list[Link]:
    """Add events to several chains, inside the caller's transaction. See `append`."""
    for event in (one for some in events.values() for one in some):
        if event.step is Step.HANDOVER:
            require_two_persons(event.released_by, event.received_by)
    chains = sorted(chain for chain, some in events.items() if some)
    if not chains:
        return []
    heads = lock_heads(connection, chains)
    fresh = _unknown(connection, {chain: events[chain] for chain in chains})
    if not any(fresh.values()):
        return []
    work = Movement(connection, fresh, actor, now)
    links = [work.take(chain, event, heads) for chain, some in fresh.items() for event in some]
    _write(connection, links, heads)
    unit_states.write(connection, work.changed())
    return links


def lock_heads(connection: Connection, chains: Sequence[str]) -> dict[str, Head]:
    """The heads of chains, locked until the transaction ends. A new chain has seq 0."""
    parameters = {"chains": list(chains)}
    connection.execute(queries("custody")["begin_chains"], parameters)
    rows = connection.execute(queries("custody")["lock_heads"], parameters).fetchall()
    return {chain: Head(seq, digest) for chain, seq, digest in rows}


def _unknown(
    connection: Connection, events: Mapping[str, Sequence[CustodyEvent]]
) -> dict[str, list[CustodyEvent]]:
    """Those that the ledger does not have, each once."""
    uuids = [event.event_uuid for some in events.values() for event in some]
    rows = connection.execute(queries("custody")["known"], {"uuids": uuids}).fetchall()
    seen: set[UUID] = {row[0] for row in rows}
    fresh: dict[str, list[CustodyEvent]] = {}
    for chain, some in events.items():
        fresh[chain] = []
        for event in some:
            if event.event_uuid not in seen:
                seen.add(event.event_uuid)
                fresh[chain].append(event)
    return fresh


def _write(connection: Connection, links: Sequence[Link], heads: Mapping[str, Head]) -> None:
    rows = [_row(one) for one in links]
    connection.execute(queries("custody")["put_events"], {"rows": Jsonb(rows)})
    moved = [{"chain": c, **heads[c]._asdict()} for c in sorted({row.chain for row in links})]
    connection.execute(queries("custody")["put_heads"], {"rows": Jsonb(moved)})


def _row(row: Link) -> dict[str, Any]:
    return {
        **row._asdict(),
        **{name: row.body.get(name) for name in INDEXED},
        "units": row.body.get("units", []),
    }


def rebuild_states(connection: Connection) -> int:
    """Make `unit_state` again from the ledger, in the caller's transaction; how many units."""
    return unit_states.rebuild(connection)


# --- what follows from an import -------------------------------------------------------------


def follow_import(
    connection: Connection,
    manifest_ids: Iterable[str],
    now: datetime,
    actor: str = "import",
) -> int:
    """Append what the records of manifests say, in the caller's transaction; how many rows.

    To be called after an import with every manifest that it touched. Again it changes nothing.
    """
    waiting = sorted(set(manifest_ids))
    return sum(
        _follow(connection, waiting[at : at + MANIFESTS_AT_ONCE], now, actor)
        for at in range(0, len(waiting), MANIFESTS_AT_ONCE)
    )


def _follow(connection: Connection, manifest_ids: list[str], now: datetime, actor: str) -> int:
    # Locked before the ledger is read: who follows at the same time finds nothing left to do.
    lock_heads(connection, manifest_ids)
    recorded = _recorded(connection, manifest_ids)
    events = {
        one.manifest.id: follow(one, recorded.get(one.manifest.id, ()), now)
        for one in carried(connection, manifest_ids)
    }
    return len(append_all(connection, events, actor, now))


def _recorded(connection: Connection, chains: list[str]) -> dict[str, list[CustodyEvent]]:
    rows = connection.execute(queries("custody")["links_of_all"], {"chains": chains}).fetchall()
    found: dict[str, list[CustodyEvent]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(Link(*row).event)
    return found


def carried(connection: Connection, manifest_ids: Sequence[str]) -> list[Carried]:
    """Manifests with their current units and papers, and with their receipts."""
    asked = {"manifests": list(manifest_ids)}
    units = _parts(connection, "units_of", asked, Unit)
    documents = _parts(connection, "documents_of", asked, Document)
    receipts: dict[str, list[Received]] = {}
    for manifest_id, *fields, found in connection.execute(
        queries("custody")["receipts_of"], asked
    ).fetchall():
        receipts.setdefault(manifest_id, []).append(_receipt(fields, found))
    rows = connection.execute(queries("custody")["manifests"], asked).fetchall()
    return [
        Carried(
            Manifest.model_validate(row[0]),
            units.get(row[0]["id"], []),
            documents.get(row[0]["id"], []),
            receipts.get(row[0]["id"], []),
        )
        for row in rows
    ]


def _parts(
    connection: Connection, query: str, asked: dict[str, Any], kind: type[P]
) -> dict[str, list[P]]:
    found: dict[str, list[P]] = {}
    for manifest_id, fields in connection.execute(queries("custody")[query], asked).fetchall():
        found.setdefault(manifest_id, []).append(kind.model_validate(fields))
    return found


def _receipt(fields: Sequence[Any], units: Iterable[Mapping[str, Any]]) -> Received:
    receipt_id, revision, station_id, region_code, received_at, received_by, boxes = fields
    seals = {one["unit_id"]: (one["seals"], one["seals_intact"]) for one in units}
    return Received(
        receipt_id, revision, station_id, region_code, received_at, received_by, seals, boxes
    )


# --- reading -----------------------------------------------------------------------------------


def of_manifest(connection: Connection, manifest_id: str) -> list[Link]:
    """The chain of a manifest."""
    rows = connection.execute(queries("custody")["links_of"], {"chain": manifest_id}).fetchall()
    return [Link(*row) for row in rows]


def of_unit(connection: Connection, unit_id: str) -> list[Link]:
    """All that happened to a unit, by all manifests, oldest first."""
    rows = connection.execute(queries("custody")["of_unit"], {"unit": unit_id}).fetchall()
    return [Link(*row) for row in rows]


def find(connection: Connection, event_uuid: UUID) -> CustodyEvent | None:
    """The event of an id, in whatever chain."""
    row = connection.execute(queries("custody")["find"], {"uuid": event_uuid}).fetchone()
    return Link(*row).event if row else None


def find_chain(connection: Connection, event_uuid: UUID) -> str | None:
    """The chain that has the event of an id."""
    row = connection.execute(queries("custody")["find"], {"uuid": event_uuid}).fetchone()
    return str(row[0]) if row else None


def chains_of(
    connection: Connection,
    units: Sequence[str],
    at: datetime,
    *,
    named: str | None = None,
    papers: Sequence[str] = (),
) -> dict[str, list[str]]:
    """The manifests to which units belonged at a time, each with its units.

    `named`: the manifest in question, if it is known; without units it is the answer.
    `papers`: numbers of delivery notes. Units of no manifest are left out.
    """
    if not units:
        row = connection.execute(queries("custody")["manifest_named"], {"named": named}).fetchone()
        return {str(row[0]): []} if row else {}
    asked = {"units": list(units), "at": at, "named": named, "papers": list(papers)}
    chains: dict[str, list[str]] = {}
    for chain, unit in connection.execute(queries("custody")["chains_of"], asked).fetchall():
        chains.setdefault(chain, []).append(unit)
    return chains
