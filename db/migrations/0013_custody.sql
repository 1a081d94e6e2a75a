-- Custody, what does not agree, and the systems of others.

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
-- What did not follow from an import: reconciliation looks for it.
create index custody_event_told on custody_event (changed_xid) where actor <> 'import';

-- The end of each chain. Its row is what a writer locks, so that no chain forks.
create table custody_head (
    chain text primary key,
    seq bigint not null,           -- 0: made, and nothing appended yet
    hash text not null,
    checkpoint_seq bigint not null default 0,  -- the newest that a checkpoint has
    changed_xid xid8 not null default pg_current_xact_id()
);

create index custody_head_moved on custody_head (chain) where seq > checkpoint_seq;

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger custody_event_append_only before update or delete on custody_event
    for each row execute function refuse_change();
create trigger custody_event_no_truncate before truncate on custody_event
    for each statement execute function refuse_change();

-- The heads that moved since the last one, hashed as a Merkle tree and signed, each over the one
-- before: whoever cuts the end of a chain, or drops a whole one, contradicts a checkpoint.
create table custody_checkpoint (
    checkpoint_id bigint generated always as identity primary key,
    at timestamptz not null,
    chains integer not null,       -- that had a head in this checkpoint or in one before
    heads_hash text not null,      -- the root of the tree
    prev_hash text not null,
    hash text not null,
    public_key text not null,      -- Ed25519, Base64; signature: of the 32 bytes of `hash`
    signature text not null,
    heads jsonb not null           -- {chain: [seq, hash]} of those that moved since the last
);

create index custody_checkpoint_heads on custody_checkpoint using gin (heads);
create trigger custody_checkpoint_append_only before update or delete on custody_checkpoint
    for each row execute function refuse_change();

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
    -- a person accepts the difference: it is listed, and no work, until its numbers change
    settled_at timestamptz,
    settled_by text,
    settled_note text,
    changed_xid xid8 not null default pg_current_xact_id()
);
create unique index discrepancy_open on discrepancy (discrepancy_key) where gone_at is null;
create index discrepancy_alert on discrepancy (alert_key);
create index discrepancy_manifest on discrepancy (manifest_id);
create index discrepancy_region on discrepancy (region_code text_pattern_ops) where gone_at is null;
create index discrepancy_changed on discrepancy (changed_xid);
create index discrepancy_key on discrepancy (discrepancy_key, discrepancy_id);

-- What people did with one: ASSIGN, COMMENT, SETTLE, REOPEN.
create table discrepancy_step (
    discrepancy_step_id bigint generated always as identity primary key,
    discrepancy_id bigint not null references discrepancy,
    at timestamptz not null,
    actor text not null,
    step text not null,
    note text,
    owner text                     -- whom it was assigned to
);
create index discrepancy_step_discrepancy on discrepancy_step (discrepancy_id);

-- Which manifests are to be reconciled again, and from when on.
create table reconcile_due (
    manifest_id text primary key references manifest,
    due_at timestamptz not null default now()
);
create index reconcile_due_at on reconcile_due (due_at);

-- Reconciliation follows what trackers saw, also where late data disproves it.
alter table event add column changed_xid xid8 not null default pg_current_xact_id();
create index event_presence_changed on event (changed_xid)
    where kind in ('fence_entered', 'fence_left', 'shipment_departed', 'shipment_arrived',
        'silence', 'silence_held', 'silence_ended', 'never_heard');

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
    webhook text not null,
    message_id text not null,      -- unique for its sender only
    received_at timestamptz not null default now(),
    primary key (webhook, message_id)
);
create index webhook_message_received on webhook_message (received_at);
