-- name: lock
-- Imports wait for each other until the transaction ends.
select pg_advisory_xact_lock(%(lock)s);

-- name: roomy
-- Sorts and hashes of millions of rows in memory, for this transaction.
select set_config('work_mem', '128MB', true);

-- name: begin_import
insert into manifest_import (source, name, sha256, imported_by)
values (%(source)s, %(name)s, %(sha256)s, %(imported_by)s) returning import_id;

-- name: end_import
update manifest_import set finished_at = clock_timestamp(), counts = %(counts)s
where import_id = %(import_id)s;

-- name: copy_refused
copy manifest_import_row (
    import_id, row_no, place, kind, record_key, state, field, reason, payload
) from stdin;

-- name: first_refused
select row_no, place, kind, record_key, field, reason, payload from manifest_import_row
where import_id = %(import_id)s and state = 'REFUSED' order by row_no, place limit %(limit)s;

-- name: create_touched
create temp table touched (kind text, id text, primary key (kind, id)) on commit drop;

-- name: drop_touched
drop table touched;

-- name: put_electorate
insert into electorate (station_id, election, voters, ballots_due)
select s.station_id, v.election, v.voters::integer, (s.ballots ->> v.election)::integer
from stage_station s join verdict using (seq)
cross join jsonb_each_text(s.voters) as v(election, voters)
where state in ('NEW', 'CHANGED')
on conflict (station_id, election) do update set
    voters = excluded.voters, ballots_due = excluded.ballots_due;

-- name: drop_electorate
delete from electorate e using stage_station s, verdict v
where v.seq = s.seq and v.state = 'CHANGED' and e.station_id = s.station_id
    and not s.voters ? e.election;

-- name: analyze
analyze station, electorate, manifest, manifest_line, manifest_unit, manifest_document, receipt,
    receipt_line, receipt_unit;

-- name: touch_more
-- Manifests that a changed receipt belonged to before, and those with a touched station on them.
insert into touched (kind, id)
select 'manifest', document ->> 'manifest_id' from record_history
where import_id = %(import_id)s and kind = 'receipt'
union
select 'manifest', p.manifest_id from touched s join manifest_line p on p.station_id = s.id
where s.kind = 'station'
union
select 'manifest', p.manifest_id from touched s join manifest_unit p on p.station_id = s.id
where s.kind = 'station'
union
select 'manifest', p.manifest_id from touched s join receipt p on p.station_id = s.id
where s.kind = 'station'
on conflict do nothing;

-- name: mark_touched
-- Whoever shows a manifest reads it again.
update manifest set changed_xid = pg_current_xact_id()
from touched
where kind = 'manifest' and id = manifest_id and changed_xid <> pg_current_xact_id();

-- name: reconcile_touched
insert into reconcile_due (manifest_id)
select id from touched where kind = 'manifest' order by id
on conflict (manifest_id) do update set due_at = least(reconcile_due.due_at, excluded.due_at);

-- name: touched_regions
-- Where the figures may have changed: of what is stored now, and of what it replaced.
with of_manifest as (
    select station_id from manifest_line join touched on kind = 'manifest' and id = manifest_id
    union select station_id from manifest_unit u join touched t
        on t.kind = 'manifest' and t.id = u.manifest_id
    union select station_id from receipt join touched on kind = 'manifest' and id = manifest_id
    union select document ->> 'station_id' from record_history where import_id = %(import_id)s
    union select id from touched where kind = 'station'
)
select region_code from station join of_manifest using (station_id)
union select case direction when 'RETURN' then from_region else to_region end
from manifest join touched on kind = 'manifest' and id = manifest_id
union select document ->> 'region_code' from record_history
where import_id = %(import_id)s and kind = 'station'
union select case document ->> 'direction' when 'RETURN' then document ->> 'from_region'
    else document ->> 'to_region' end
from record_history where import_id = %(import_id)s and kind = 'manifest';

-- name: imports
select import_id, source, name, sha256, imported_by, started_at, finished_at, counts
from manifest_import order by import_id desc limit %(limit)s;

-- name: import_rows
select row_no, place, kind, record_key, state, field, reason, payload from manifest_import_row
where import_id = %(import_id)s and (%(state)s::text is null or state = %(state)s)
order by row_no, place limit %(limit)s offset %(offset)s;

-- name: history
select revision, document, import_id, replaced_at from record_history
where kind = %(kind)s and record_key = %(key)s order by revision desc;

-- name: history_station
insert into record_history (kind, record_key, revision, document, import_id)
select 'station', s.station_id, t.revision,
    station_document(t) - '{content_hash,changed_xid}'::text[], %(import_id)s
from stage_station s join verdict v using (seq)
join station t on t.station_id = s.station_id
where v.state = 'CHANGED';

-- name: history_manifest
insert into record_history (kind, record_key, revision, document, import_id)
select 'manifest', s.manifest_id, t.revision,
    to_jsonb(t) - '{content_hash,changed_xid}'::text[], %(import_id)s
from stage_manifest s join verdict v using (seq)
join manifest t on t.manifest_id = s.manifest_id
where v.state = 'CHANGED';

-- name: history_line
insert into record_history (kind, record_key, revision, document, import_id)
select 'line', concat_ws('/', s.manifest_id, s.line_no), t.revision,
    to_jsonb(t) - '{content_hash,changed_xid}'::text[], %(import_id)s
from stage_line s join verdict v using (seq)
join manifest_line t on t.manifest_id = s.manifest_id and t.line_no = s.line_no
where v.state = 'CHANGED';

-- name: history_unit
insert into record_history (kind, record_key, revision, document, import_id)
select 'unit', concat_ws('/', s.manifest_id, s.unit_id), t.revision,
    to_jsonb(t) - '{content_hash,changed_xid}'::text[], %(import_id)s
from stage_unit s join verdict v using (seq)
join manifest_unit t on t.manifest_id = s.manifest_id and t.unit_id = s.unit_id
where v.state = 'CHANGED';

-- name: history_document
insert into record_history (kind, record_key, revision, document, import_id)
select 'document', concat_ws('/', s.manifest_id, s.kind, s.number), t.revision,
    to_jsonb(t) - '{content_hash,changed_xid}'::text[], %(import_id)s
from stage_document s join verdict v using (seq)
join manifest_document t
    on t.manifest_id = s.manifest_id and t.kind = s.kind and t.number = s.number
where v.state = 'CHANGED';

-- name: history_receipt
insert into record_history (kind, record_key, revision, document, import_id)
select 'receipt', s.receipt_id, t.revision,
    to_jsonb(t) - '{content_hash,changed_xid}'::text[], %(import_id)s
from stage_receipt s join verdict v using (seq)
join receipt t on t.receipt_id = s.receipt_id
where v.state = 'CHANGED';

-- name: history_receipt_line
insert into record_history (kind, record_key, revision, document, import_id)
select 'receipt_line', concat_ws('/', s.receipt_id, s.item, s.election), t.revision,
    to_jsonb(t) - '{content_hash,changed_xid}'::text[], %(import_id)s
from stage_receipt_line s join verdict v using (seq)
join receipt_line t on t.receipt_id = s.receipt_id and t.item = s.item and t.election = s.election
where v.state = 'CHANGED';

-- name: history_receipt_unit
insert into record_history (kind, record_key, revision, document, import_id)
select 'receipt_unit', concat_ws('/', s.receipt_id, s.unit_id), t.revision,
    to_jsonb(t) - '{content_hash,changed_xid}'::text[], %(import_id)s
from stage_receipt_unit s join verdict v using (seq)
join receipt_unit t on t.receipt_id = s.receipt_id and t.unit_id = s.unit_id
where v.state = 'CHANGED';

-- name: touch_station
insert into touched (kind, id)
select distinct 'station', s.station_id from stage_station s join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED') on conflict do nothing;

-- name: touch_manifest
insert into touched (kind, id)
select distinct 'manifest', s.manifest_id from stage_manifest s
join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED') on conflict do nothing;

-- name: touch_line
insert into touched (kind, id)
select distinct 'manifest', s.manifest_id from stage_line s
join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED') on conflict do nothing;

-- name: touch_unit
insert into touched (kind, id)
select distinct 'manifest', s.manifest_id from stage_unit s
join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED') on conflict do nothing;

-- name: touch_document
insert into touched (kind, id)
select distinct 'manifest', s.manifest_id from stage_document s
join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED') on conflict do nothing;

-- name: touch_receipt
insert into touched (kind, id)
select distinct 'manifest', s.manifest_id from stage_receipt s
join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED') on conflict do nothing;

-- name: touch_receipt_line
insert into touched (kind, id)
select distinct 'manifest', r.manifest_id
from stage_receipt_line s join receipt r using (receipt_id)
join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED') on conflict do nothing;

-- name: touch_receipt_unit
insert into touched (kind, id)
select distinct 'manifest', r.manifest_id
from stage_receipt_unit s join receipt r using (receipt_id)
join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED') on conflict do nothing;

-- name: put_station
insert into station (
    station_id, revision, region_code, number, name, facility_id, lat_deg, lon_deg, is_3t,
    content_hash, import_id
)
select
    s.station_id, s.revision, s.region_code, s.number, s.name, s.facility_id, s.lat_deg,
    s.lon_deg, s.is_3t, s.content_hash, %(import_id)s
from stage_station s join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED')
on conflict (station_id) do update set
    revision = excluded.revision, region_code = excluded.region_code, number = excluded.number,
    name = excluded.name, facility_id = excluded.facility_id, lat_deg = excluded.lat_deg,
    lon_deg = excluded.lon_deg, is_3t = excluded.is_3t, content_hash = excluded.content_hash,
    import_id = excluded.import_id;

-- name: put_manifest
insert into manifest (
    manifest_id, revision, shipment_id, surat_jalan_no, direction, leg, mode, from_place,
    to_place, from_region, to_region, carrier, vehicle, escort, tracking_no, planned_departure,
    planned_arrival, status, content_hash, import_id
)
select
    s.manifest_id, s.revision, s.shipment_id, s.surat_jalan_no, s.direction, s.leg, s.mode,
    s.from_place, s.to_place, s.from_region, s.to_region, s.carrier, s.vehicle, s.escort,
    s.tracking_no, s.planned_departure, s.planned_arrival, s.status, s.content_hash,
    %(import_id)s
from stage_manifest s join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED')
on conflict (manifest_id) do update set
    revision = excluded.revision, shipment_id = excluded.shipment_id,
    surat_jalan_no = excluded.surat_jalan_no, direction = excluded.direction,
    leg = excluded.leg, mode = excluded.mode, from_place = excluded.from_place,
    to_place = excluded.to_place, from_region = excluded.from_region,
    to_region = excluded.to_region, carrier = excluded.carrier, vehicle = excluded.vehicle,
    escort = excluded.escort, tracking_no = excluded.tracking_no,
    planned_departure = excluded.planned_departure, planned_arrival = excluded.planned_arrival,
    status = excluded.status, content_hash = excluded.content_hash,
    import_id = excluded.import_id;

-- name: put_line
insert into manifest_line (
    manifest_id, line_no, revision, item, election, station_id, qty, content_hash
)
select
    s.manifest_id, s.line_no, s.revision, s.item, s.election, s.station_id, s.qty,
    s.content_hash
from stage_line s join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED')
on conflict (manifest_id, line_no) do update set
    revision = excluded.revision, item = excluded.item, election = excluded.election,
    station_id = excluded.station_id, qty = excluded.qty, content_hash = excluded.content_hash;

-- name: put_unit
insert into manifest_unit (
    manifest_id, unit_id, revision, kind, station_id, election, parent_id, seals, content_hash
)
select
    s.manifest_id, s.unit_id, s.revision, s.kind, s.station_id, s.election, s.parent_id,
    s.seals, s.content_hash
from stage_unit s join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED')
on conflict (manifest_id, unit_id) do update set
    revision = excluded.revision, kind = excluded.kind, station_id = excluded.station_id,
    election = excluded.election, parent_id = excluded.parent_id, seals = excluded.seals,
    content_hash = excluded.content_hash;

-- name: put_document
insert into manifest_document (
    manifest_id, kind, number, revision, issued_at, signers, sha256, media_type, content_hash
)
select
    s.manifest_id, s.kind, s.number, s.revision, s.issued_at, s.signers, s.sha256,
    s.media_type, s.content_hash
from stage_document s join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED')
on conflict (manifest_id, kind, number) do update set
    revision = excluded.revision, issued_at = excluded.issued_at, signers = excluded.signers,
    sha256 = excluded.sha256, media_type = excluded.media_type,
    content_hash = excluded.content_hash;

-- name: put_receipt
insert into receipt (
    receipt_id, revision, manifest_id, station_id, received_at, received_by, content_hash,
    import_id
)
select
    s.receipt_id, s.revision, s.manifest_id, s.station_id, s.received_at, s.received_by,
    s.content_hash, %(import_id)s
from stage_receipt s join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED')
on conflict (receipt_id) do update set
    revision = excluded.revision, manifest_id = excluded.manifest_id,
    station_id = excluded.station_id, received_at = excluded.received_at,
    received_by = excluded.received_by, content_hash = excluded.content_hash,
    import_id = excluded.import_id;

-- name: put_receipt_line
insert into receipt_line (
    receipt_id, item, election, revision, received, used, damaged_light, damaged_heavy, short,
    content_hash
)
select
    s.receipt_id, s.item, s.election, s.revision, s.received, s.used, s.damaged_light,
    s.damaged_heavy, s.short, s.content_hash
from stage_receipt_line s join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED')
on conflict (receipt_id, item, election) do update set
    revision = excluded.revision, received = excluded.received, used = excluded.used,
    damaged_light = excluded.damaged_light, damaged_heavy = excluded.damaged_heavy,
    short = excluded.short, content_hash = excluded.content_hash;

-- name: put_receipt_unit
insert into receipt_unit (
    receipt_id, unit_id, revision, seals, seals_intact, content_hash
)
select
    s.receipt_id, s.unit_id, s.revision, s.seals, s.seals_intact, s.content_hash
from stage_receipt_unit s join verdict v using (seq)
where v.state in ('NEW', 'CHANGED', 'MOVED')
on conflict (receipt_id, unit_id) do update set
    revision = excluded.revision, seals = excluded.seals, seals_intact = excluded.seals_intact,
    content_hash = excluded.content_hash;
