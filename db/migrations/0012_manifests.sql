-- Manifests: what is carried, for whom, under which seals, and what was received. The columns
-- are the fields of the records in domain/manifests.py. Nothing is deleted: what a later
-- revision replaces moves to record_history, and a part (line, unit, document) whose revision
-- is not its manifest's was left out by the later one and is no longer current.

create table manifest_import (
    import_id bigint generated always as identity primary key,
    source text not null,          -- kpu-pull, kpu-push, file-drop, cli, demo
    name text not null,            -- of the file, or the cursor of the page
    sha256 text,
    imported_by text not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    -- {"manifest": {"NEW": 1, "CHANGED": 0, "SAME": 3, "REFUSED": 1}, ...}
    counts jsonb not null default '{}'
);
create index manifest_import_started on manifest_import (started_at desc);

-- What a person should look at: changed and refused rows. New and same ones are counted only.
create table manifest_import_row (
    import_id bigint not null references manifest_import,
    row_no bigint not null,        -- of the file, from 1; of a JSON document, the record's number
    place text not null,           -- lines.csv:17, Sheet "unit":9, manifests[3].lines[0]
    kind text not null,
    record_key text,
    state text not null check (state in ('CHANGED', 'REFUSED')),
    field text,
    reason text,
    payload jsonb                  -- refused: the row as it came; changed: {field: [before, after]}
);
create index manifest_import_row_import on manifest_import_row (import_id, row_no);

-- What becomes of a row of an import. `owner_revision` is that of the manifest or receipt which
-- the row is a part of, or its own; null where there is none.
create function import_state(
    revision integer, content bytea, stored_revision integer, stored_content bytea,
    owner_revision integer
) returns text language sql immutable as $$
    select case
        when owner_revision is null then 'ORPHAN'
        when revision < owner_revision or revision < stored_revision then 'OLDER'
        when revision > owner_revision then 'AHEAD'
        when stored_revision is null then 'NEW'
        when content <> stored_content and revision = stored_revision then 'OTHER'
        when content <> stored_content then 'CHANGED'
        when revision > stored_revision then 'MOVED' -- the same again, under a new number
        else 'SAME'
    end
$$;

create function import_field(state text, owner text) returns text language sql immutable as $$
    select case when state = 'ORPHAN' then owner when state <> 'CHANGED' then 'revision' end
$$;

create function import_reason(
    state text, revision integer, stored_revision integer, first_place text, owner text,
    owner_id text
) returns text language sql immutable as $$
    select case state
        when 'ORPHAN' then format('no %s %s is known', owner, owner_id)
        when 'OLDER' then format(
            'revision %s is older than the stored %s', revision, stored_revision
        )
        when 'AHEAD' then format(
            '%s %s is stored at revision %s: its revision %s must come first',
            owner, owner_id, stored_revision, revision
        )
        when 'OTHER' then format(
            'revision %s is stored already with other content: raise the revision', revision
        )
        when 'TWICE' then format(
            'revision %s came already at %s with other content', revision, first_place
        )
    end
$$;

-- {field: [before, after]} of a stored record and the row that replaces it.
create function record_changes(before jsonb, after jsonb) returns jsonb
language sql immutable as $$
    select coalesce(jsonb_object_agg(name, jsonb_build_array(before -> name, value)), '{}')
    from jsonb_each(after) as field(name, value)
    where before ? name and before -> name is distinct from value
        and name <> all ('{content_hash,import_id,changed_xid,recorded_at}')
$$;

create function staged_payload(staged jsonb) returns jsonb language sql immutable as $$
    select jsonb_strip_nulls(staged - '{seq,row_no,place,round,content_hash,ballots}'::text[])
$$;

create table record_history (
    kind text not null,
    record_key text not null,
    revision integer not null,
    document jsonb not null,
    import_id bigint not null references manifest_import,
    replaced_at timestamptz not null default now(),
    primary key (kind, record_key, revision)
);
create index record_history_import on record_history (import_id);

create table station (
    station_id text primary key,
    revision integer not null,
    region_code text not null,     -- of the village, Kemendagri
    number smallint not null,
    name text,
    facility_id text,
    lat_deg double precision,
    lon_deg double precision,
    is_3t boolean not null,
    content_hash bytea not null,
    import_id bigint not null references manifest_import
);
create index station_region on station (region_code text_pattern_ops);
create index station_remote on station (region_code text_pattern_ops) where is_3t;

-- The fixed voters' list (DPT), and the ballots that are due for it.
create table electorate (
    station_id text not null references station,
    election text not null,
    voters integer not null,
    ballots_due integer not null,
    primary key (station_id, election)
);

-- A station as a whole, with its voters: {"GOVERNOR": 287, ...}.
create function station_document(station station) returns jsonb language sql stable as $$
    select to_jsonb(station) || jsonb_build_object('voters', coalesce(
        (select jsonb_object_agg(e.election, e.voters) from electorate e
         where e.station_id = station.station_id), '{}'
    ))
$$;

create table manifest (
    manifest_id text primary key,
    revision integer not null,
    shipment_id text not null,
    surat_jalan_no text,
    direction text not null,
    leg text not null,
    mode text,
    from_place text not null,      -- a facility or a station
    to_place text not null,
    from_region text not null,
    to_region text not null,
    carrier text,
    vehicle text,
    escort text,
    tracking_no text,
    planned_departure timestamptz not null,
    planned_arrival timestamptz not null,
    status text not null,
    content_hash bytea not null,
    import_id bigint not null references manifest_import,
    changed_xid xid8 not null default pg_current_xact_id()
);
create index manifest_shipment on manifest (shipment_id);
create index manifest_to_region on manifest (to_region text_pattern_ops);
create index manifest_from_region on manifest (from_region text_pattern_ops);
create index manifest_tracking on manifest (tracking_no) where tracking_no is not null;
create index manifest_planned_arrival on manifest (planned_arrival);

create table manifest_line (
    manifest_id text not null references manifest,
    line_no integer not null,
    revision integer not null,
    item text not null,
    election text,
    station_id text,
    qty integer not null,
    content_hash bytea not null,
    primary key (manifest_id, line_no)
);
create index manifest_line_station on manifest_line (station_id) where station_id is not null;

create table manifest_unit (
    manifest_id text not null references manifest,
    unit_id text not null,
    revision integer not null,
    kind text not null,
    station_id text,
    election text,
    parent_id text,
    seals text[] not null,
    content_hash bytea not null,
    primary key (manifest_id, unit_id)
);
create index manifest_unit_unit on manifest_unit (unit_id);
create index manifest_unit_station on manifest_unit (station_id) where station_id is not null;
create index manifest_unit_seals on manifest_unit using gin (seals);

create table manifest_document (
    manifest_id text not null references manifest,
    kind text not null,
    number text not null,
    revision integer not null,
    issued_at timestamptz,
    signers jsonb not null,        -- [{"name", "role", "organisation", "signed_at"}], two at most
    sha256 text,
    media_type text,
    content_hash bytea not null,
    primary key (manifest_id, kind, number)
);

create table receipt (
    receipt_id text primary key,
    revision integer not null,
    manifest_id text not null references manifest,
    station_id text,
    received_at timestamptz not null,
    received_by text,
    recorded_at timestamptz not null default now(),
    content_hash bytea not null,
    import_id bigint not null references manifest_import
);
create index receipt_manifest on receipt (manifest_id);
create index receipt_station on receipt (station_id) where station_id is not null;

create table receipt_line (
    receipt_id text not null references receipt,
    item text not null,
    election text not null,        -- '-' where the item belongs to none
    revision integer not null,
    received integer not null,
    used integer,
    damaged_light integer not null,
    damaged_heavy integer not null,
    short integer not null,
    content_hash bytea not null,
    primary key (receipt_id, item, election)
);

create table receipt_unit (
    receipt_id text not null references receipt,
    unit_id text not null,
    revision integer not null,
    seals text[] not null,
    seals_intact boolean,
    content_hash bytea not null,
    primary key (receipt_id, unit_id)
);
create index receipt_unit_unit on receipt_unit (unit_id);

create view current_line as
    select p.* from manifest_line p join manifest m using (manifest_id) where p.revision = m.revision;
create view current_unit as
    select p.* from manifest_unit p join manifest m using (manifest_id) where p.revision = m.revision;
create view current_document as
    select p.* from manifest_document p join manifest m using (manifest_id)
    where p.revision = m.revision;
create view current_receipt_line as
    select p.* from receipt_line p join receipt r using (receipt_id) where p.revision = r.revision;
create view current_receipt_unit as
    select p.* from receipt_unit p join receipt r using (receipt_id) where p.revision = r.revision;

-- --- roll-ups, one row for each region that has any, kept by imports --------------------

-- What follows from the tables above: may be thrown away and made again. election '-' where
-- the item belongs to none; parent_code '' above the provinces; region_code '' is the nation.
create table tally (
    region_code text not null,
    parent_code text,
    level smallint not null,       -- 0 nation, 1 province, 2 regency, 3 district, 4 village
    direction text not null,
    leg text not null,
    item text not null,
    election text not null,
    due bigint not null,           -- the same on every leg
    sent bigint not null,
    received bigint not null,
    used bigint not null,
    damaged_light bigint not null,
    damaged_heavy bigint not null,
    short bigint not null,
    primary key (region_code, direction, leg, item, election)
);
create index tally_parent on tally (parent_code);

-- How far the boxes of a region's stations have come.
create table region_progress (
    region_code text primary key,
    parent_code text,
    level smallint not null,
    stations integer not null,
    voters bigint not null,
    boxes integer not null,
    packed integer not null,
    sealed integer not null,
    at_regency integer not null,   -- boxes that have reached, or passed, the level
    at_district integer not null,
    at_village integer not null,
    at_station integer not null,
    returned integer not null,
    open_discrepancies integer not null,
    updated_at timestamptz not null default now()
);
create index region_progress_parent on region_progress (parent_code);

-- Boxes that are on their way, by the milestone whose deadline they are expected before:
-- {"STATION": {"STATION": [low, expected, high]}}. Provinces and regencies; made again now and
-- then, since what is expected changes with the clock.
create table region_forecast (
    region_code text primary key,
    coming jsonb not null,
    reckoned_at timestamptz not null
);
