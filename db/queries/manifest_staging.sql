-- Temporary tables that rows are copied into, one for each kind that comes: the columns of the
-- table that they are for, and the place where each row stood. `round`: see set_rounds.

-- name: create_station
create temp table stage_station on commit drop as
select 0::bigint as seq, 0::bigint as row_no, ''::text as place, 1 as round, t.*,
    '{}'::jsonb as voters, '{}'::jsonb as ballots
from station t with no data;

-- name: create_manifest
create temp table stage_manifest on commit drop as
select 0::bigint as seq, 0::bigint as row_no, ''::text as place, 1 as round, t.*
from manifest t with no data;

-- name: create_line
create temp table stage_line on commit drop as
select 0::bigint as seq, 0::bigint as row_no, ''::text as place, 1 as round, t.*
from manifest_line t with no data;

-- name: create_unit
create temp table stage_unit on commit drop as
select 0::bigint as seq, 0::bigint as row_no, ''::text as place, 1 as round, t.*
from manifest_unit t with no data;

-- name: create_document
create temp table stage_document on commit drop as
select 0::bigint as seq, 0::bigint as row_no, ''::text as place, 1 as round, t.*
from manifest_document t with no data;

-- name: create_receipt
create temp table stage_receipt on commit drop as
select 0::bigint as seq, 0::bigint as row_no, ''::text as place, 1 as round, t.*
from receipt t with no data;

-- name: create_receipt_line
create temp table stage_receipt_line on commit drop as
select 0::bigint as seq, 0::bigint as row_no, ''::text as place, 1 as round, t.*
from receipt_line t with no data;

-- name: create_receipt_unit
create temp table stage_receipt_unit on commit drop as
select 0::bigint as seq, 0::bigint as row_no, ''::text as place, 1 as round, t.*
from receipt_unit t with no data;

-- name: copy_station
copy stage_station (
    seq, row_no, place, round, revision, content_hash, station_id, region_code, number, name,
    facility_id, lat_deg, lon_deg, is_3t, voters, ballots
) from stdin;

-- name: copy_manifest
copy stage_manifest (
    seq, row_no, place, round, revision, content_hash, manifest_id, shipment_id,
    surat_jalan_no, direction, leg, mode, from_place, to_place, from_region, to_region,
    carrier, vehicle, escort, tracking_no, planned_departure, planned_arrival, status
) from stdin;

-- name: copy_line
copy stage_line (
    seq, row_no, place, round, revision, content_hash, manifest_id, line_no, item, election,
    station_id, qty
) from stdin;

-- name: copy_unit
copy stage_unit (
    seq, row_no, place, round, revision, content_hash, manifest_id, unit_id, kind, station_id,
    election, parent_id, seals
) from stdin;

-- name: copy_document
copy stage_document (
    seq, row_no, place, round, revision, content_hash, manifest_id, kind, number, issued_at,
    signers, sha256, media_type
) from stdin;

-- name: copy_receipt
copy stage_receipt (
    seq, row_no, place, round, revision, content_hash, receipt_id, manifest_id, station_id,
    received_at, received_by
) from stdin;

-- name: copy_receipt_line
copy stage_receipt_line (
    seq, row_no, place, round, revision, content_hash, receipt_id, item, election, received,
    used, damaged_light, damaged_heavy, short
) from stdin;

-- name: copy_receipt_unit
copy stage_receipt_unit (
    seq, row_no, place, round, revision, content_hash, receipt_id, unit_id, seals, seals_intact
) from stdin;

-- name: analyze_station
analyze stage_station;

-- name: analyze_manifest
analyze stage_manifest;

-- name: analyze_line
analyze stage_line;

-- name: analyze_unit
analyze stage_unit;

-- name: analyze_document
analyze stage_document;

-- name: analyze_receipt
analyze stage_receipt;

-- name: analyze_receipt_line
analyze stage_receipt_line;

-- name: analyze_receipt_unit
analyze stage_receipt_unit;

-- name: create_revision
create temp table stage_revision (family text, id text, revision integer, round integer)
on commit drop;

-- name: revisions_station
insert into stage_revision (family, id, revision)
select distinct 'station', station_id, revision from stage_station;

-- name: revisions_manifest
insert into stage_revision (family, id, revision)
select distinct 'manifest', manifest_id, revision from stage_manifest;

-- name: revisions_line
insert into stage_revision (family, id, revision)
select distinct 'manifest', manifest_id, revision from stage_line;

-- name: revisions_unit
insert into stage_revision (family, id, revision)
select distinct 'manifest', manifest_id, revision from stage_unit;

-- name: revisions_document
insert into stage_revision (family, id, revision)
select distinct 'manifest', manifest_id, revision from stage_document;

-- name: revisions_receipt
insert into stage_revision (family, id, revision)
select distinct 'receipt', receipt_id, revision from stage_receipt;

-- name: revisions_receipt_line
insert into stage_revision (family, id, revision)
select distinct 'receipt', receipt_id, revision from stage_receipt_line;

-- name: revisions_receipt_unit
insert into stage_revision (family, id, revision)
select distinct 'receipt', receipt_id, revision from stage_receipt_unit;

-- name: set_rounds
-- Where several revisions of one record come in one import, they are stored one after the
-- other, each with its parts: the oldest in round 1. Of very many the newest alone are.
with known as (
    select distinct family, id, revision from stage_revision
), ranked as (
    select *, row_number() over (partition by family, id order by revision desc) as age,
        count(*) over (partition by family, id) as revisions
    from known
)
insert into stage_revision (family, id, revision, round)
select family, id, revision,
    case when age <= %(most)s then least(revisions, %(most)s) - age + 1 else 0 end
from ranked where revisions > 1;

-- name: rounds
-- In their order. Round 0: what is left out of too many, to be refused as older.
select round from (
    select 1 as round union select round from stage_revision where round is not null
) known order by round = 0, round;

-- name: round_station
update stage_station s set round = r.round from stage_revision r
where r.family = 'station' and r.id = s.station_id and r.revision = s.revision
    and r.round is not null and r.round <> 1;

-- name: round_manifest
update stage_manifest s set round = r.round from stage_revision r
where r.family = 'manifest' and r.id = s.manifest_id and r.revision = s.revision
    and r.round is not null and r.round <> 1;

-- name: round_line
update stage_line s set round = r.round from stage_revision r
where r.family = 'manifest' and r.id = s.manifest_id and r.revision = s.revision
    and r.round is not null and r.round <> 1;

-- name: round_unit
update stage_unit s set round = r.round from stage_revision r
where r.family = 'manifest' and r.id = s.manifest_id and r.revision = s.revision
    and r.round is not null and r.round <> 1;

-- name: round_document
update stage_document s set round = r.round from stage_revision r
where r.family = 'manifest' and r.id = s.manifest_id and r.revision = s.revision
    and r.round is not null and r.round <> 1;

-- name: round_receipt
update stage_receipt s set round = r.round from stage_revision r
where r.family = 'receipt' and r.id = s.receipt_id and r.revision = s.revision
    and r.round is not null and r.round <> 1;

-- name: round_receipt_line
update stage_receipt_line s set round = r.round from stage_revision r
where r.family = 'receipt' and r.id = s.receipt_id and r.revision = s.revision
    and r.round is not null and r.round <> 1;

-- name: round_receipt_unit
update stage_receipt_unit s set round = r.round from stage_revision r
where r.family = 'receipt' and r.id = s.receipt_id and r.revision = s.revision
    and r.round is not null and r.round <> 1;

-- name: drop_station
drop table stage_station;

-- name: drop_manifest
drop table stage_manifest;

-- name: drop_line
drop table stage_line;

-- name: drop_unit
drop table stage_unit;

-- name: drop_document
drop table stage_document;

-- name: drop_receipt
drop table stage_receipt;

-- name: drop_receipt_line
drop table stage_receipt_line;

-- name: drop_receipt_unit
drop table stage_receipt_unit;

-- name: drop_revision
drop table stage_revision;
