"""Baselines: one statement a record, and the figures of a page straight from the records."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from db.pool import Connection
from domain.allotment import ballots_due
from domain.manifest_rows import Taken
from domain.manifests import Line, Manifest, Station, Unit
from domain.settings import Materials

STATION = """
insert into station (station_id, revision, region_code, number, name, facility_id, lat_deg,
    lon_deg, is_3t, content_hash, import_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, '', %s)
on conflict (station_id) do update set revision = excluded.revision, name = excluded.name
"""
ELECTORATE = """
insert into electorate (station_id, election, voters, ballots_due)
select %s, key, value::integer, (%s::jsonb ->> key)::integer from jsonb_each_text(%s)
on conflict (station_id, election) do update set voters = excluded.voters
"""
MANIFEST = """
insert into manifest (manifest_id, revision, shipment_id, direction, leg, from_place, to_place,
    from_region, to_region, carrier, planned_departure, planned_arrival, status, content_hash,
    import_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '', %s)
on conflict (manifest_id) do update set revision = excluded.revision, status = excluded.status
"""
LINE = """
insert into manifest_line (manifest_id, line_no, revision, item, election, station_id, qty,
    content_hash)
values (%s, %s, %s, %s, %s, %s, %s, '')
on conflict (manifest_id, line_no) do update set revision = excluded.revision, qty = excluded.qty
"""
UNIT = """
insert into manifest_unit (manifest_id, unit_id, revision, kind, station_id, election, seals,
    content_hash)
values (%s, %s, %s, %s, %s, %s, %s, '')
on conflict (manifest_id, unit_id) do update set seals = excluded.seals
"""
# What progress_children and tally_children read, computed from the records.
PROGRESS = """
with station_of as (
    select left(region_code, %(length)s) as region_code, station_id from station
    where starts_with(region_code, %(code)s)
), voters as (
    select station_id, max(voters) as voters from electorate group by station_id
), box as (
    select distinct s.region_code, u.unit_id, m.status
    from station_of s join manifest_unit u using (station_id)
    join manifest m on m.manifest_id = u.manifest_id and m.revision = u.revision
    where u.kind = 'BOX'
)
select region_code, count(*), sum(voters),
    (select count(*) from box b where b.region_code = s.region_code),
    (select count(*) from box b where b.region_code = s.region_code and status <> 'PLANNED')
from station_of s join voters using (station_id) group by region_code order by region_code
"""
TALLY = """
with station_of as (
    select left(region_code, %(length)s) as region_code, station_id from station
    where starts_with(region_code, %(code)s)
), due as (
    select s.region_code, e.election, sum(e.ballots_due) as due
    from station_of s join electorate e using (station_id) group by 1, 2
), sent as (
    select s.region_code, l.item, coalesce(l.election, '-') as election, sum(l.qty) as sent
    from station_of s join manifest_line l using (station_id)
    join manifest m on m.manifest_id = l.manifest_id and m.revision = l.revision
    group by 1, 2, 3
)
select region_code, item, election, due, sent from sent left join due using (region_code, election)
order by 1, 2, 3
"""


def row_by_row(connection: Connection, rows: Iterable[Taken], import_id: int) -> float:
    """Store each record in a transaction of its own; records a second."""
    materials = Materials()
    number = 0
    began_s = time.perf_counter()
    for number, row in enumerate(rows, 1):  # noqa: B007 - the last one counts
        _insert(connection, row, import_id, materials)
    return number / (time.perf_counter() - began_s)


def _insert(connection: Connection, row: Taken, import_id: int, materials: Materials) -> None:
    match row.record:
        case Station() as s:
            with connection.transaction():
                connection.execute(STATION, (
                    s.id, s.revision, s.region, s.number, s.name, s.facility_id, s.lat_deg,
                    s.lon_deg, s.is_3t, import_id,
                ))  # fmt: skip
                due = {e: ballots_due(voters, materials) for e, voters in s.voters.items()}
                connection.execute(ELECTORATE, (s.id, json.dumps(due), json.dumps(s.voters)))
        case Manifest() as m:
            connection.execute(MANIFEST, (
                m.id, m.revision, m.shipment_id, m.direction, m.leg, m.from_place, m.to_place,
                m.from_region, m.to_region, m.carrier, m.planned_departure, m.planned_arrival,
                m.status, import_id,
            ))  # fmt: skip
        case Line() as n:
            connection.execute(LINE, (
                n.manifest_id, n.line_no, n.revision, n.item, n.election, n.station_id, n.qty,
            ))  # fmt: skip
        case Unit() as u:
            connection.execute(UNIT, (
                u.manifest_id, u.id, u.revision, u.kind, u.station_id, u.election, list(u.seals),
            ))  # fmt: skip
        case _:
            raise ValueError(f"a plan has no {row.kind}")
