-- name: states
select unit_id, manifest_id, stage, place, region_code, seals, since, event_uuid
from unit_state where unit_id = any(%(units)s);

-- name: planned
-- What the manifests say of units.
select u.manifest_id, u.unit_id, u.kind, u.seals
from current_unit u
where u.manifest_id = any(%(chains)s) and u.unit_id = any(%(units)s);

-- name: corrected_units
select event_uuid, units from custody_event where event_uuid = any(%(uuids)s);

-- name: history
-- All that happened to units, whatever the manifest. A look into the index for each: an overlap
-- of arrays compares every unit with every other.
select event_time, recorded_at, chain, seq, body from custody_event
where event_uuid in (
    select e.event_uuid from unnest(%(units)s::text[]) as unit
    join custody_event e on e.units @> array[unit]
);

-- name: put_states
insert into unit_state (unit_id, manifest_id, stage, place, region_code, station_id, election,
    seals, since, event_uuid)
select r.unit_id, r.manifest_id, r.stage, r.place, r.region_code, u.station_id, u.election,
    r.seals, r.since, r.event_uuid
from jsonb_to_recordset(%(rows)s) as r(unit_id text, manifest_id text, stage text, place text,
    region_code text, seals text[], since timestamptz, event_uuid uuid)
left join manifest_unit u on u.manifest_id = r.manifest_id and u.unit_id = r.unit_id
order by r.unit_id
on conflict (unit_id) do update set
    manifest_id = excluded.manifest_id, stage = excluded.stage, place = excluded.place,
    region_code = excluded.region_code,
    station_id = coalesce(excluded.station_id, unit_state.station_id),
    election = coalesce(excluded.election, unit_state.election),
    seals = excluded.seals, since = excluded.since, event_uuid = excluded.event_uuid;

-- name: drop_states
delete from unit_state where unit_id = any(%(units)s);

-- name: drop_all_states
delete from unit_state;

-- name: all_units
-- Units that the ledger names.
select distinct unit from custody_event, unnest(units) as unit order by unit;
