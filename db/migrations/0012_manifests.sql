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

create table record_history (
    kind text not null,
    record_key text not null,
    revision integer not null,
    document jsonb not null,
    import_id bigint not null references manifest_import,
    replaced_at timestamptz not null default now(),
    primary key (kind, record_key, revision)
);

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

-- The fixed voters' list (DPT), and the ballots that are due for it.
create table electorate (
    station_id text not null references station,
    election text not null,
    voters integer not null,
    ballots_due integer not null,
    primary key (station_id, election)
);

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

-- --- custody: an append-only ledger, one hash chain for each manifest -------------------

create table custody_event (
    event_uuid uuid primary key,
    chain text not null,           -- the manifest's id
    seq bigint not null,           -- from 1 without a gap
    step text not null,            -- domain.custody.Step
    event_time timestamptz not null,
    recorded_at timestamptz not null,
    place text,                    -- a facility or a station
    region_code text,
    shipment_id text,
    units text[] not null,
    -- everything that the hash covers, canonical by RFC 8785: the columns are its index
    body jsonb not null,
    actor text not null,           -- the account, connector or import that recorded it
    prev_hash text not null,       -- of seq - 1; of 64 zeros for the first
    hash text not null,
    changed_xid xid8 not null default pg_current_xact_id(),
    unique (chain, seq)
);
create index custody_event_units on custody_event using gin (units);
create index custody_event_recorded on custody_event (recorded_at);
create index custody_event_shipment on custody_event (shipment_id);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger custody_event_append_only before update or delete on custody_event
    for each row execute function refuse_change();
create trigger custody_event_no_truncate before truncate on custody_event
    for each statement execute function refuse_change();

-- The heads of all chains at a time, hashed and signed, each over the one before: whoever cuts
-- the end of a chain, or drops a whole one, contradicts the newest checkpoint.
create table custody_checkpoint (
    checkpoint_id bigint generated always as identity primary key,
    at timestamptz not null,
    chains integer not null,
    heads_hash text not null,
    prev_hash text not null,
    hash text not null,
    signature text not null,
    heads jsonb not null           -- {chain: [seq, hash]} of those that moved since the last
);

-- Where each unit is now, as the ledger says: may be thrown away and made again.
create table unit_state (
    unit_id text primary key,
    manifest_id text not null,
    stage text not null,           -- domain.custody.Stage
    place text,
    region_code text,
    station_id text,
    election text,
    seals text[] not null,
    since timestamptz not null,
    event_uuid uuid not null
);
create index unit_state_station on unit_state (station_id) where station_id is not null;
create index unit_state_region on unit_state (region_code text_pattern_ops);

-- A handover that one person offered and a second has not yet taken.
create table handover_offer (
    offer_id bigint generated always as identity primary key,
    manifest_id text not null references manifest,
    place text not null,
    units text[] not null,
    seals jsonb not null,          -- {unit: [numbers]} as the giver read them
    document jsonb,
    offered_by text not null,
    offered_at timestamptz not null default now(),
    note text,
    closed_at timestamptz,
    closed_by text,
    outcome text check (outcome in ('ACCEPTED', 'REFUSED', 'WITHDRAWN')),
    event_uuid uuid
);
create index handover_offer_open on handover_offer (manifest_id) where closed_at is null;

-- --- reconciliation ---------------------------------------------------------------------

-- What does not agree, with the proof. discrepancy_key is the same however often it is found.
create table discrepancy (
    discrepancy_id bigint generated always as identity primary key,
    discrepancy_key text not null,
    kind text not null,            -- domain.reconciliation.DiscrepancyKind
    severity smallint not null check (severity between 1 and 4),
    manifest_id text,
    shipment_id text,
    station_id text,
    unit_id text,
    item text,
    election text,
    region_code text not null,
    expected bigint,
    found bigint,
    detail jsonb not null,
    -- [{"kind": "receipt", "id": "R-1"}, {"kind": "fix", "device": "T-1", "at": "..."}, ...]
    evidence jsonb not null,
    opened_at timestamptz not null,        -- since when it holds, in event time
    found_at timestamptz not null default now(),
    gone_at timestamptz,                   -- it no longer holds
    alert_key text not null,               -- one alert for each kind and manifest
    owner text,
    changed_xid xid8 not null default pg_current_xact_id()
);
create unique index discrepancy_open on discrepancy (discrepancy_key) where gone_at is null;
create index discrepancy_alert on discrepancy (alert_key);
create index discrepancy_manifest on discrepancy (manifest_id);
create index discrepancy_region on discrepancy (region_code text_pattern_ops) where gone_at is null;
create index discrepancy_changed on discrepancy (changed_xid);

-- Which manifests are to be reconciled again, and from when on.
create table reconcile_due (
    manifest_id text primary key references manifest,
    due_at timestamptz not null default now()
);
create index reconcile_due_at on reconcile_due (due_at);

-- --- outside systems --------------------------------------------------------------------

create table connector_state (
    connector text primary key,
    cursor text,
    etag text,
    last_attempt_at timestamptz,
    last_success_at timestamptz,
    failures integer not null default 0,   -- in a row
    last_error text,
    records bigint not null default 0,
    refused bigint not null default 0,
    next_attempt_at timestamptz
);

-- What the shipping platform said of a tracking number, as it came.
create table platform_status (
    tracking_no text not null,
    at timestamptz not null,
    word text not null,            -- the platform's own
    status text,                   -- ours; null where the word is unknown
    place text,
    raw jsonb not null,
    received_at timestamptz not null default now(),
    primary key (tracking_no, at, word)
);

-- Messages of a webhook that were already taken, so that a second delivery changes nothing.
create table webhook_message (
    message_id text primary key,
    webhook text not null,
    received_at timestamptz not null default now()
);
create index webhook_message_received on webhook_message (received_at);
