-- name: begin_chains
insert into custody_head (chain, seq, hash)
select chain, 0, repeat('0', 64) from unnest(%(chains)s::text[]) as chain order by chain
on conflict do nothing;

-- name: lock_heads
-- In one order, so that two writers of several chains do not wait for each other.
select chain, seq, hash from custody_head where chain = any(%(chains)s) order by chain for update;

-- name: known
-- Events that are in the ledger already, in whatever chain.
select event_uuid from custody_event where event_uuid = any(%(uuids)s);

-- name: put_events
insert into custody_event (event_uuid, chain, seq, step, event_time, recorded_at, place,
    region_code, shipment_id, units, body, actor, prev_hash, hash)
select * from jsonb_to_recordset(%(rows)s) as r(event_uuid uuid, chain text, seq bigint,
    step text, event_time timestamptz, recorded_at timestamptz, place text, region_code text,
    shipment_id text, units text[], body jsonb, actor text, prev_hash text, hash text);

-- name: put_heads
update custody_head h set seq = r.seq, hash = r.hash, changed_xid = pg_current_xact_id()
from jsonb_to_recordset(%(rows)s) as r(chain text, seq bigint, hash text)
where h.chain = r.chain;

-- name: links_of
select chain, seq, body, prev_hash, hash from custody_event where chain = %(chain)s order by seq;

-- name: of_unit
-- All that happened to a unit, oldest first.
select chain, seq, body, prev_hash, hash from custody_event
where units @> array[%(unit)s]
order by event_time, recorded_at, chain, seq;

-- name: links_of_all
select chain, seq, body, prev_hash, hash from custody_event where chain = any(%(chains)s)
order by chain, seq;

-- name: manifests
-- Manifests in the form of the contract.
select jsonb_build_object('id', manifest_id, 'revision', revision, 'shipment', shipment_id,
    'surat_jalan_no', surat_jalan_no, 'direction', direction, 'leg', leg, 'mode', mode,
    'from', from_place, 'to', to_place, 'from_region', from_region, 'to_region', to_region,
    'carrier', carrier, 'vehicle', vehicle, 'escort', escort, 'tracking_no', tracking_no,
    'planned_departure', planned_departure, 'planned_arrival', planned_arrival, 'status', status)
from manifest where manifest_id = any(%(manifests)s) order by manifest_id;

-- name: units_of
select manifest_id, jsonb_build_object('manifest', manifest_id, 'revision', revision,
    'id', unit_id, 'kind', kind, 'station', station_id, 'election', election,
    'parent', parent_id, 'seals', seals)
from current_unit where manifest_id = any(%(manifests)s) order by manifest_id, unit_id;

-- name: documents_of
select manifest_id, jsonb_build_object('manifest', manifest_id, 'revision', revision,
    'kind', kind, 'number', number, 'issued_at', issued_at, 'signers', signers,
    'sha256', sha256, 'media_type', media_type)
from current_document where manifest_id = any(%(manifests)s) order by manifest_id, kind, number;

-- name: receipts_of
-- Receipts with the units found; how many ballot boxes they count.
select r.manifest_id, r.receipt_id, r.revision, r.station_id, s.region_code, r.received_at,
    r.received_by,
    (select sum(l.received)::integer from current_receipt_line l
        where l.receipt_id = r.receipt_id and l.item = 'BALLOT_BOX'),
    coalesce((select jsonb_agg(jsonb_build_object('unit_id', u.unit_id, 'seals', u.seals,
            'seals_intact', u.seals_intact) order by u.unit_id)
        from current_receipt_unit u where u.receipt_id = r.receipt_id), '[]')
from receipt r left join station s using (station_id)
where r.manifest_id = any(%(manifests)s) order by r.manifest_id, r.received_at, r.receipt_id;

-- name: find
select chain, seq, body, prev_hash, hash from custody_event where event_uuid = %(uuid)s;

-- name: chains_of
-- The manifest to which each unit belonged at a time: the one that is named, else the one with
-- that delivery note, else the last that was to leave by then (within a day), else the first.
select distinct on (u.unit_id) m.manifest_id, u.unit_id
from current_unit u join manifest m using (manifest_id)
where u.unit_id = any(%(units)s)
order by u.unit_id, m.manifest_id is distinct from %(named)s,
    (m.surat_jalan_no = any(%(papers)s)) is not true,
    m.planned_departure > %(at)s::timestamptz + interval '1 day',
    abs(extract(epoch from m.planned_departure - %(at)s)), m.manifest_id;

-- name: manifest_named
select manifest_id from manifest where manifest_id = %(named)s;
